"""MSAL's cache objects, ours beside msal's own."""

from __future__ import annotations

import copy
import json
from typing import Any

import msal  # type: ignore[import-untyped]  # it ships no types
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sansio_auth import ConfigurationError
from sansio_auth.partition import AssertionKey
from sansio_auth.testing import example_tenant, user_token
from sansio_auth_adapters import ConfidentialClientApplication, SerializableTokenCache, TokenCache
from sansio_auth_adapters.tenant_server import TenantServer
from tests.core.test_msal_format import _ALL, _HOST, _NOW, _TENANT, _event, _events

_QUERY = {"client_id": "client", "environment": _HOST, "realm": _TENANT}
_LATER = _NOW + 100


def _both(*events: Any) -> tuple[Any, Any]:
    """Return both libraries' caches after the same events."""
    theirs, ours = msal.SerializableTokenCache(), SerializableTokenCache()
    for event in events:
        theirs.add(copy.deepcopy(event), now=_NOW)
        ours.add(copy.deepcopy(event), now=_NOW)
    return theirs, ours


@pytest.mark.parametrize("event", _ALL, ids=lambda event: str(event["scope"])[:20])
def test_an_event_files_what_msal_files(event: Any) -> None:
    """Section by section, entry by entry."""
    theirs, ours = _both(event)
    assert json.loads(ours.serialize()) == json.loads(theirs.serialize())


@settings(max_examples=60, deadline=None)
@given(st.lists(_events, max_size=6))
def test_any_events_file_what_msal_files(events: Any) -> None:
    """Whatever their order; an answer for a user who is not named has a test of its own."""
    for event in events:
        if "client_info" not in event["response"]:
            event["grant_type"] = "client_credentials"
    theirs, ours = _both(*events)
    assert json.loads(ours.serialize()) == json.loads(theirs.serialize())


def test_each_reads_what_the_other_wrote() -> None:
    """Msal -> ours -> msal, without losing an entry."""
    theirs, ours = _both(*_ALL)
    text = theirs.serialize()
    again = SerializableTokenCache()
    again.deserialize(text)
    assert json.loads(again.serialize()) == json.loads(text)
    back = msal.SerializableTokenCache()
    back.deserialize(ours.serialize())
    assert json.loads(back.serialize()) == json.loads(text)


@pytest.mark.parametrize(
    ("kind", "target", "query"),
    [
        ("AccessToken", ["s"], {**_QUERY, "home_account_id": None}),
        ("AccessToken", ["S"], {**_QUERY, "home_account_id": None}),
        ("AccessToken", ["a"], {**_QUERY, "home_account_id": None}),
        ("AccessToken", ["nobody"], _QUERY),
        ("AccessToken", None, _QUERY),
        ("AccessToken", [], {**_QUERY, "environment": _HOST.upper()}),
        ("AccessToken", ["with"], {**_QUERY, "key_id": "k"}),
        ("AccessToken", None, None),
        ("RefreshToken", None, {"home_account_id": f"alice.{_TENANT}"}),
        ("RefreshToken", ["t"], {"client_id": "client"}),
        ("IdToken", None, {"realm": "adfs"}),
        ("Account", None, {"environment": _HOST}),
        ("AppMetadata", None, {"client_id": "client"}),
        ("AppMetadata", None, {"family_id": "1"}),
    ],
)
def test_a_search_finds_what_msal_finds(kind: str, target: Any, query: Any) -> None:
    """In whatever order."""
    theirs, ours = _both(*_ALL)
    found = [[*cache.search(kind, target, query, now=_LATER)] for cache in (theirs, ours)]
    key = json.dumps
    assert sorted(map(key, found[0])) == sorted(map(key, found[1]))


def test_the_exact_scopes_are_found_first() -> None:
    """By key, as msal does."""
    _, ours = _both(_event(scope="a b c"), _event(scope="a"))
    query = {**_QUERY, "home_account_id": None}
    first = next(ours.search("AccessToken", ["a"], query, now=_LATER))
    assert first["target"] == "a"


def test_a_search_clears_expired_tokens_away() -> None:
    """Once it has looked at all of them; that is a change."""
    for cache in _both(_event(), _event(scope="t", response={"expires_in": 90_000})):
        cache.serialize()
        assert len([*cache.search("AccessToken", now=_NOW + 50_000)]) == 1
        assert cache.has_state_changed
        assert len(json.loads(cache.serialize())["AccessToken"]) == 1


@pytest.mark.parametrize("end", ["1e400", "-1e400", "9" * 700, '"soon"', "null", "[]"])
def test_an_end_of_nobodys_time_is_not_over(end: str) -> None:
    """It cannot be compared with a clock, so the entry is left alone."""
    _, ours = _both(_event())
    text = ours.serialize()
    (old,) = (it["expires_on"] for it in json.loads(text)["AccessToken"].values())
    ours.deserialize(text.replace(f'"expires_on": "{old}"', f'"expires_on": {end}'))
    assert len([*ours.search("AccessToken", now=_NOW + 10**9)]) == 1


def test_what_is_found_can_be_changed_without_harm() -> None:
    """It is a copy."""
    _, ours = _both(_event())
    next(ours.search("AccessToken", now=_LATER))["secret"] = "changed"
    assert next(ours.search("AccessToken", now=_LATER))["secret"] != "changed"


def test_find_is_deprecated() -> None:
    """As in msal."""
    _, ours = _both(_event())
    with pytest.warns(DeprecationWarning, match="search"):
        assert len(ours.find("AccessToken", now=_LATER)) == 1


@pytest.mark.parametrize(
    ("kind", "method"),
    [("AccessToken", "remove_at"), ("RefreshToken", "remove_rt"), ("IdToken", "remove_idt"),
     ("Account", "remove_account")],
)  # fmt: skip
def test_an_entry_is_removed_alone(kind: str, method: str) -> None:
    """As msal does it; an entry of another type is refused."""
    theirs, ours = _both(_event("alice"), _event("bob"))
    for cache in (theirs, ours):
        entry = next(
            iter(cache.search(kind, query={"home_account_id": f"alice.{_TENANT}"}, now=_LATER))
        )
        getattr(cache, method)(entry)
    assert json.loads(ours.serialize()) == json.loads(theirs.serialize())
    with pytest.raises(ConfigurationError):
        getattr(ours, method)({"credential_type": "Other"})


def test_a_refresh_token_is_replaced_in_place() -> None:
    """And its time with it."""
    _, ours = _both(_event("alice"))
    (entry,) = ours.search("RefreshToken")
    ours.update_rt(entry, "new")
    (again,) = ours.search("RefreshToken")
    assert again["secret"] == "new"
    assert int(again["last_modification_time"]) > _NOW


def test_members_that_nobody_understands_can_be_added() -> None:
    """I-9: they stay."""
    for cache in _both(_event("alice")):
        (entry,) = cache.search("AccessToken", now=_LATER)
        cache.modify("AccessToken", entry, {"mystery": [1]})
        assert '"mystery"' in cache.serialize()


def test_an_entry_may_be_put_that_was_not_there() -> None:
    """As msal's `modify` allows."""
    _, ours = _both()
    ours.modify("AppMetadata", {"environment": "h", "client_id": "C"}, {"family_id": "1"})
    assert json.loads(ours.serialize()) == {
        "AppMetadata": {"appmetadata-h-C": {"environment": "h", "client_id": "C", "family_id": "1"}}
    }
    assert ours._get_app_metadata("h", "C")["family_id"] == "1"
    assert ours._get_app_metadata("h", "nobody", {}) == {}


def test_a_change_is_noticed_until_it_is_written() -> None:
    """Reading and writing leave nothing to be written."""
    cache = SerializableTokenCache()
    assert not cache.has_state_changed
    cache.add(_event(), now=_NOW)
    assert cache.has_state_changed
    text = cache.serialize()
    assert not cache.has_state_changed
    cache.deserialize(text)
    assert not cache.has_state_changed


def test_what_is_no_part_of_the_file_is_no_change_of_it() -> None:
    """A user's assertion has its tokens in memory alone."""
    cache = SerializableTokenCache()
    cache.save(((AssertionKey("h", "t", "c", "d"), ()),))
    assert not cache.has_state_changed


@pytest.mark.parametrize("state", ["", None, b""])
def test_nothing_is_an_empty_cache(state: Any) -> None:
    """Of which msal's text is `{}`."""
    _, ours = _both(*_ALL)
    ours.deserialize(state)
    assert ours.serialize() == "{}"


@pytest.mark.parametrize("state", ["nonsense", "[]", "{", 1, {"a": 1}, "\ud800", b"\xff"])
def test_what_is_no_cache_is_refused_and_changes_nothing(state: Any) -> None:
    """Nothing already stored is lost by it."""
    _, ours = _both(_event())
    before = ours.serialize()
    with pytest.raises(ConfigurationError, match="state") as caught:
        ours.deserialize(state)
    assert caught.value.code == "cache_state"
    assert ours.serialize() == before


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"response": None},
        {"response": {"access_token": 1}},
        {"token_endpoint": "nonsense", "response": {"expires_in": []}},
        {"response": {"access_token": "AT", "expires_in": float("inf"), "expires_on": 1e400}},
    ],
)
def test_an_event_that_says_little_is_taken_as_it_is(event: Any) -> None:
    """Missing members are no reason to fail."""
    TokenCache().add(event, now=_NOW)


def test_a_users_answer_without_a_user_is_not_filed() -> None:
    """I-3: it would look like the application's own."""
    cache = SerializableTokenCache()
    cache.add(_event(grant_type="authorization_code"), now=_NOW)
    assert cache.serialize() == "{}"


# --- with applications -------------------------------------------------------------------------

_WEB_API = "6731de76-14a6-49ae-97bc-6eba6914391e"
_GRAPH = ["https://graph.microsoft.com/.default"]


def test_a_cache_goes_from_msal_to_us_and_back() -> None:
    """Over real sockets: each library finds what the other one got."""
    import requests

    with TenantServer(example_tenant()) as server:
        session = requests.Session()
        session.verify = server.ca_path
        session.trust_env = False
        settled: dict[str, Any] = {"client_credential": "the-application's-secret",
                   "authority": server.authority, "instance_discovery": False}  # fmt: skip
        theirs = msal.SerializableTokenCache()
        other = msal.ConfidentialClientApplication(
            _WEB_API, **settled, token_cache=theirs, http_client=session
        )
        assert other.acquire_token_for_client(_GRAPH)["token_source"] == "identity_provider"
        alice = user_token(server.tenant, "alice@contoso.com", _WEB_API, 1.0, life=2**33)
        assert "id_token" in other.acquire_token_on_behalf_of(alice, ["User.Read"])
        ours = SerializableTokenCache()
        ours.deserialize(theirs.serialize())
        app: Any = ConfidentialClientApplication(
            _WEB_API,
            **settled,
            token_cache=ours,
            verify=server.ca_path,
        )
        assert app.acquire_token_for_client(_GRAPH)["token_source"] == "cache"
        (account,) = app.get_accounts()
        assert app.acquire_token_silent(["User.Read"], account)["token_source"] == "cache"
        assert (
            app.acquire_token_silent(["Mail.Read"], account)["token_source"] == "identity_provider"
        )
        theirs.deserialize(ours.serialize())
        (account,) = other.get_accounts()
        assert other.acquire_token_silent(["Mail.Read"], account)["token_source"] == "cache"
        session.close()


@pytest.mark.parametrize("kind", [msal.TokenCache, msal.SerializableTokenCache])
def test_a_cache_object_of_msals_serves_our_application(kind: Any) -> None:
    """Two applications on one object share its tokens, and msal sees them."""
    cache = kind()
    with TenantServer(example_tenant()) as server:
        apps: list[Any] = [
            ConfidentialClientApplication(
                _WEB_API, "the-application's-secret", server.authority, token_cache=cache,
                instance_discovery=False, verify=server.ca_path,
            )
            for _ in range(2)
        ]  # fmt: skip
        sources = [app.acquire_token_for_client(_GRAPH)["token_source"] for app in apps]
        assert sources == ["identity_provider", "cache"]
        alice = user_token(server.tenant, "alice@contoso.com", _WEB_API, 1.0, life=2**33)
        sources = [
            app.acquire_token_on_behalf_of(alice, ["User.Read"])["token_source"] for app in apps
        ]
        assert sources == ["identity_provider", "cache"]
        assert apps[0]._flights is apps[1]._flights
        assert apps[0].token_cache is cache
        (account,) = apps[1].get_accounts("ALICE@contoso.com")
        apps[1].remove_account(account)
        assert apps[0].get_accounts() == []
        assert len([*cache.search("AccessToken")]) == 1
        again = apps[0].acquire_token_on_behalf_of(alice, ["User.Read"])
        assert again["token_source"] == "identity_provider"


@pytest.mark.parametrize("value", [1, "text", {}, object()])
def test_what_is_no_cache_object_is_refused(value: Any) -> None:
    """By name."""
    with pytest.raises(ConfigurationError, match="token_cache"):
        ConfidentialClientApplication("c", "s", token_cache=value)


def test_an_old_cache_object_is_asked_by_find() -> None:
    """Before msal 1.26 there was no `search`."""

    class Old:
        def __init__(self) -> None:
            self.inner = msal.TokenCache()

        def find(self, kind: str, query: Any = None) -> Any:
            return [*self.inner.search(kind, query=query)]

        def modify(self, *args: Any) -> None:
            self.inner.modify(*args)

    with TenantServer(example_tenant()) as server:
        app = ConfidentialClientApplication(
            _WEB_API, "the-application's-secret", server.authority, token_cache=Old(),
            instance_discovery=False, verify=server.ca_path,
        )  # fmt: skip
        sources = [app.acquire_token_for_client(_GRAPH)["token_source"] for _ in range(2)]
        assert sources == ["identity_provider", "cache"]
