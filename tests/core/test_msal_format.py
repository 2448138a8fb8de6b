"""MSAL's cache file: what msal 1.39 wrote is read, what is written msal reads, nothing is lost."""

from __future__ import annotations

import base64
import copy
import json
from typing import Any

import msal  # type: ignore[import-untyped]  # it ships no types
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sansio_auth import Tokens, apply
from sansio_auth.identity import extended_key, token_key
from sansio_auth.msal_format import dump, load
from sansio_auth.partition import (
    AccessTokenStored,
    AppKey,
    AssertionKey,
    ClientSeen,
    Knowledge,
    KnowledgeKey,
    RefreshTokenStored,
    UserKey,
)

_HOST = "login.microsoftonline.com"
_TENANT = "11111111-2222-3333-4444-555555555555"
_NOW = 1_700_000_000


def _info(user: str) -> str:
    return base64.urlsafe_b64encode(json.dumps({"uid": user, "utid": _TENANT}).encode()).decode()


def _event(user: str = "", scope: str = "s", **more: Any) -> dict[str, Any]:
    """Return what MSAL's applications hand to `TokenCache.add`."""
    response: dict[str, Any] = {"access_token": f"AT {user} {scope}".replace(" ", "-"),
                                "token_type": "Bearer", "expires_in": 3_600}  # fmt: skip
    if user:
        claims = base64.urlsafe_b64encode(
            json.dumps({"oid": user, "sub": user, "preferred_username": f"{user}@x"}).encode()
        ).decode()
        response |= {
            "refresh_token": f"RT-{user}",
            "client_info": _info(user),
            "id_token": f"e30.{claims.rstrip('=')}.sig",
        }
    response |= more.pop("response", {})
    return {
        "client_id": "client",
        "scope": scope.split(),
        "token_endpoint": f"https://{_HOST}/{more.pop('realm', _TENANT)}/oauth2/v2.0/token",
        "response": response,
        "params": {},
        "data": more.pop("data", {}),
        "grant_type": more.pop("grant_type", "client_credentials"),
        **more,
    }


def _msal(*events: dict[str, Any]) -> Any:
    """Return what msal makes of these events, as its file has it."""
    cache = msal.SerializableTokenCache()
    for event in events:
        cache.add(copy.deepcopy(event), now=_NOW)
    return json.loads(cache.serialize())


_ALL = (
    _event(),
    _event(scope="b a"),
    _event(data={"fmi_path": "p/q"}),
    _event(response={"refresh_in": 1_800}),
    _event("alice"),
    _event("alice", "t", grant_type="authorization_code"),
    _event("bob", realm="other-realm"),
    _event("carol", realm="adfs"),
    _event("dora", response={"foci": "1"}),
    _event(data={"key_id": "k"}, scope="with its key"),
)


@pytest.mark.parametrize("event", _ALL, ids=lambda event: str(event["scope"])[:20])
def test_what_msal_wrote_comes_back_word_for_word(event: dict[str, Any]) -> None:
    """One event at a time: application, user, extended, family, ADFS, key-bound."""
    written = _msal(event)
    loaded = load(written)
    assert dump(loaded.partitions, loaded.foreign) == written


def test_a_whole_file_of_msals_comes_back_word_for_word() -> None:
    """All of them together, in MSAL's order of sections."""
    written = _msal(*_ALL)
    loaded = load(written)
    again = dump(loaded.partitions, loaded.foreign)
    assert again == written
    assert list(again) == list(_msal(_ALL[4]))  # a user's answer has every kind of entry


def test_tokens_are_found_where_msal_filed_them() -> None:
    """By application and by user."""
    loaded = load(_msal(*_ALL))
    app: Any = loaded.partitions[AppKey(_HOST, _TENANT, "client")]
    assert app.access[token_key(["s"])][0] == "AT--s"
    extended = extended_key({"fmi_path": "p/q"})
    assert token_key(["s"], extended=extended) in app.access
    alice: Any = loaded.partitions[UserKey(_HOST, f"alice.{_TENANT}")]
    assert token_key(["s"], owner=("client", _TENANT)) in alice.access
    assert alice.accounts[_TENANT][:2] == ("alice", "alice@x")
    assert {row[0] for row in alice.refresh.values()} == {"RT-alice"}
    dora: Any = loaded.partitions[UserKey(_HOST, f"dora.{_TENANT}")]
    assert [key[1] for key in dora.refresh] == ["1"]


_users = st.sampled_from(["", "", "alice", "bob"])
_events = st.builds(
    _event,
    _users,
    st.sampled_from(["s", "b a", "Mixed.Case"]),
    realm=st.sampled_from([_TENANT, "adfs"]),
    data=st.sampled_from([{}, {"fmi_path": "x"}, {"key_id": "k"}]),
    grant_type=st.sampled_from(["client_credentials", "authorization_code", "user_fic"]),
    response=st.sampled_from([{}, {"refresh_in": 10}, {"foci": "1"}, {"expires_in": "60"}]),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(_events, max_size=6))
def test_whatever_msal_files_survives_the_round_trip(events: list[dict[str, Any]]) -> None:
    """Any sequence of events."""
    written = _msal(*events)
    loaded = load(written)
    assert dump(loaded.partitions, loaded.foreign) == written


def test_what_is_written_msal_finds() -> None:
    """With its own query."""
    loaded = load(_msal(*_ALL))
    cache = msal.SerializableTokenCache()
    cache.deserialize(json.dumps(dump(loaded.partitions, loaded.foreign)))
    query = {"client_id": "client", "environment": _HOST, "realm": _TENANT}
    found = list(cache.search("AccessToken", ["a"], {**query, "home_account_id": None}, now=_NOW))
    assert [entry["secret"] for entry in found] == ["AT--b-a"]


def test_only_tokens_of_applications_and_users_are_in_the_file() -> None:
    """Assertions and knowledge are nobody else's business."""
    row = ("AT", "Bearer", "s", _NOW, _NOW + 60, _NOW + 60, None)
    tokens = apply(Tokens(), AccessTokenStored(token_key(["s"]), row))
    partitions: Any = {
        AssertionKey(_HOST, _TENANT, "client", "digest"): tokens,
        KnowledgeKey("https://x/y"): Knowledge(),
    }
    assert dump(partitions, {}) == {}


# --- what we do not understand -----------------------------------------------------------------

_ENTRY = {
    "credential_type": "AccessToken", "secret": "AT", "home_account_id": None,
    "environment": _HOST, "client_id": "client", "target": "s", "realm": _TENANT,
    "token_type": "Bearer", "cached_at": "1700000000", "expires_on": "1700003600",
    "extended_expires_on": "1700003600",
}  # fmt: skip


def _file(**changes: Any) -> dict[str, Any]:
    entry = {name: it for name, it in {**_ENTRY, **changes}.items() if it is not ...}
    return {"AccessToken": {"the key": entry}}


@pytest.mark.parametrize(
    "changes",
    [
        {"mystery": {"a": [1, None]}},
        {"cached_at": 1_700_000_000, "expires_on": 1_700_003_600},
        {"expires_on": "1700003600.5"},
        {"home_account_id": ""},
        {"home_account_id": ...},
        {"token_type": ...},
        {"extended_expires_on": ...},
        {"kid": "k"},
    ],
)
def test_an_entry_in_another_hand_is_read_and_kept_as_it_was(changes: dict[str, Any]) -> None:
    """I-9: other libraries write numbers as numbers and leave things out."""
    written = _file(**changes)
    loaded = load(written)
    (partition,) = loaded.partitions.values()
    assert isinstance(partition, Tokens)
    assert len(partition.access) == 1
    assert dump(loaded.partitions, loaded.foreign) == written


@pytest.mark.parametrize(
    "changes",
    [
        {"secret": ...},
        {"secret": 1},
        {"secret": "AT\ud800"},
        {"secret": "\u00e4t"},
        {"expires_on": float("inf")},
        {"cached_at": 10**600},
        {"expires_on": ...},
        {"expires_on": "soon"},
        {"cached_at": True},
        {"cached_at": None},
        {"expires_on": 10**18},
        {"expires_on": -(10**400)},
        {"environment": ""},
        {"client_id": ...},
        {"realm": ...},
        {"target": None},
        {"home_account_id": 1},
        {"user_assertion_hash": "x"},
        {"userAssertionHash": "x"},
        {"credential_type": "ATExt", "cache_extensions": {"fmi_path": "p/q"}},
    ],
)
def test_an_entry_that_cannot_be_used_affects_only_itself(changes: dict[str, Any]) -> None:
    """I-9: it stays in the file, and another one beside it is read."""
    written = _file(**changes)
    written["AccessToken"]["another key"] = {**_ENTRY, "target": "other"}
    loaded = load(written)
    (partition,) = loaded.partitions.values()
    assert isinstance(partition, Tokens)
    assert [key[-1] for key in partition.access] == ["other"]
    assert dump(loaded.partitions, loaded.foreign) == written


@pytest.mark.parametrize(
    "cache",
    [
        {},
        {"Mystery": {"deep": {"er": [1, 2.5, None, True]}}},
        {"AccessToken": []},
        {"AccessToken": {"k": "text"}},
        {"AccessToken": {}},
        {"RefreshToken": {"k": {"secret": "x"}}},
        {"IdToken": {"k": {"home_account_id": "u.t", "environment": "h"}}},
        {"Account": {"k": {"environment": "h"}}},
        {"AppMetadata": "text"},
        {"AppMetadata": {"k": 1, "l": {"client_id": "x", "environment": "other"}}},
    ],
)
def test_whatever_else_is_in_a_file_stays_there(cache: dict[str, Any]) -> None:
    """I-9: other sections, other shapes, other clients."""
    loaded = load(cache)
    assert dump(loaded.partitions, loaded.foreign) == cache


def test_a_client_that_is_on_no_record_is_in_no_family() -> None:
    """A record of another client says nothing of it."""
    written = _msal(_ALL[4])
    written["AppMetadata"] = {
        "k": {"client_id": "other", "environment": _HOST, "family_id": "1"},
    }
    loaded = load(written)
    (alice,) = (it for it in loaded.partitions.values() if isinstance(it, Tokens) and it.refresh)
    assert alice.clients == {}
    assert dump(loaded.partitions, loaded.foreign) == written


def test_a_twin_in_other_letters_stays_out_of_the_way() -> None:
    """Keys are lower case; two entries for one key are one token and one stranger."""
    written = _file()
    written["AccessToken"]["twin"] = {**_ENTRY, "target": "S"}
    loaded = load(written)
    assert dump(loaded.partitions, loaded.foreign) == written


@pytest.mark.parametrize("section", ["AccessToken", "RefreshToken", "IdToken", "Account"])
def test_strictly_an_entry_counts_under_the_key_that_its_members_make(section: str) -> None:
    """Moved away it is foreign, and of a user of whom nothing else is known nothing is read."""
    written = _msal(*_ALL)
    assert load(written, strict=True) == load(written)
    entries: Any = written[section]
    moved = {**written, section: {f"{key}-": entry for key, entry in entries.items()}}
    strict = load(moved, strict=True)
    assert strict.foreign[section] == moved[section]
    assert dump(strict.partitions, strict.foreign) == moved
    (key, entry), *_ = moved[section].items()
    assert load({section: {key: entry}}).partitions
    assert load({section: {key: entry}}, strict=True).partitions == {}


def test_strictly_an_entry_in_the_wrong_place_does_not_hide_the_right_one() -> None:
    """Tolerantly the first of two about one thing counts, strictly the one in its place."""
    written = _msal(_ALL[0])
    ((key, right),) = written["AccessToken"].items()
    written["AccessToken"] = {"first": {**right, "secret": "planted"}, key: right}
    secrets = [
        [row[0] for it in loaded.partitions.values() if isinstance(it, Tokens)
         for row in it.access.values()]
        for loaded in (load(written), load(written, strict=True))
    ]  # fmt: skip
    assert secrets == [["planted"], [right["secret"]]]


def test_strictly_a_record_of_a_client_counts_in_its_place() -> None:
    """Another one cannot make the client one of a family."""
    written = _msal(_ALL[4])
    ((key, right),) = written["AppMetadata"].items()
    written["AppMetadata"] = {key: right, "other": {**right, "family_id": "9"}}
    families = [
        {client: family for it in loaded.partitions.values() if isinstance(it, Tokens)
         for client, family in it.clients.items()}
        for loaded in (load(written), load(written, strict=True))
    ]  # fmt: skip
    assert families == [{"client": "9"}, {"client": right.get("family_id")}]


@pytest.mark.parametrize(
    ("section", "entry"),
    [
        ("RefreshToken", {"secret": "RT", "client_id": "client", "target": "s"}),
        ("IdToken", {"secret": "e30.e30.x", "client_id": "client", "realm": _TENANT}),
        ("Account", {"realm": _TENANT, "username": "alice"}),
    ],
)
def test_a_second_entry_about_one_thing_stays_in_the_file(section: str, entry: Any) -> None:
    """Under another key; the first one counts."""
    whose = {"environment": _HOST, "home_account_id": "u.t"}
    written: Any = {section: {"first": {**entry, **whose}, "second": {**entry, **whose, "more": 1}}}
    loaded = load(written)
    assert dump(loaded.partitions, loaded.foreign) == written
    assert loaded.foreign == {section: {"second": {**entry, **whose, "more": 1}}}


def test_an_entry_that_is_replaced_loses_what_was_not_understood() -> None:
    """Its members were about the old token."""
    loaded = load(_file(mystery=1))
    key = AppKey(_HOST, _TENANT, "client")
    row = ("new", "Bearer", "s", _NOW, _NOW + 60, _NOW + 60, None)
    changed = apply(loaded.partitions[key], AccessTokenStored(token_key(["s"]), row))
    (entry,) = dump({key: changed}, loaded.foreign)["AccessToken"].values()  # type: ignore[union-attr]
    assert isinstance(entry, dict)
    assert entry["secret"] == "new"
    assert "mystery" not in entry


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
_sections = st.sampled_from(
    ["AccessToken", "RefreshToken", "IdToken", "Account", "AppMetadata", "Other"]
)
_members = st.dictionaries(
    st.sampled_from([*_ENTRY, "family_id", "last_modification_time", "username"]),
    st.sampled_from(["x", "", "1700000000", _HOST]) | _json,
)


@settings(max_examples=150, deadline=None)
@given(
    st.dictionaries(
        _sections, st.dictionaries(st.text(max_size=4), _members | _json, max_size=3) | _json
    )
)
def test_any_file_is_read_and_nothing_of_it_is_lost(cache: dict[str, Any]) -> None:
    """I-6 and I-9."""
    loaded = load(cache)
    assert dump(loaded.partitions, loaded.foreign) == cache


def test_what_was_heard_last_of_a_family_goes_for_all_users() -> None:
    """Where the client is on record; a section that is none has no record."""
    tokens = apply(Tokens(), ClientSeen("client", "1"))
    families = {(_HOST, "client"): "2", (_HOST, "other"): "2"}
    written = dump({UserKey(_HOST, "u.t"): tokens}, {}, families)
    entry = {"client_id": "client", "environment": _HOST, "family_id": "2"}
    assert written == {"AppMetadata": {f"appmetadata-{_HOST}-client": entry}}
    assert dump({}, {"AppMetadata": "none"}, families) == {"AppMetadata": "none"}


def test_a_section_that_is_none_is_kept_and_hides_nothing_else() -> None:
    """Its own entries are not written, for there is no place for them."""
    owner = UserKey(_HOST, "uid.utid")
    tokens = apply(Tokens(), RefreshTokenStored(("client", "", "s"), ("rt", _NOW)))
    written = dump({owner: tokens}, {"RefreshToken": "not a section", "Other": {"a": 1}})
    assert written["RefreshToken"] == "not a section"
    assert written["Other"] == {"a": 1}


@pytest.mark.parametrize("secret", ["", "RT\ud800", "\u00e4", None])
def test_a_refresh_token_that_no_request_can_carry_stays_in_the_file(secret: Any) -> None:
    """I-9: somebody else may know what it is for."""
    entry = {
        "credential_type": "RefreshToken", "secret": secret, "home_account_id": "u.t",
        "environment": "login.microsoftonline.com", "client_id": "c", "target": "a",
    }  # fmt: skip
    loaded = load({"RefreshToken": {"r": entry}})
    assert loaded.partitions == {}
    assert dump(loaded.partitions, loaded.foreign) == {"RefreshToken": {"r": entry}}
