"""For any sequence of calls both libraries end with the same cache (Hypothesis, stateful)."""

from __future__ import annotations

import json
from typing import Any, Final
from unittest import mock

import msal  # type: ignore[import-untyped]  # it ships no types
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

import sansio_auth_adapters
from sansio_auth.errors import ServiceError
from tests.parity.scenario import CLIENT, SECRET, TENANT, refused, token, user_token

_USERS: Final = st.sampled_from(["user-1", "user-2"])
_SCOPES: Final = st.sampled_from([["User.Read"], ["Mail.Read"], ["User.Read", "Mail.Read"]])
_RESOURCES: Final = st.sampled_from([["api://a/.default"], ["api://b/.default"]])
_CLAIMS: Final = st.sampled_from([None, '{"access_token":{"acrs":{"value":"c1"}}}'])

_FAILED: Final = "the service failed"


class _Answer:
    """A response as requests has it."""

    def __init__(self, status: int, text: str) -> None:
        self.status_code, self.text = status, text
        self.headers: dict[str, str] = {}

    def raise_for_status(self) -> None:
        """Raise as requests does."""
        if self.status_code >= 400:
            raise OSError(self.status_code)


class _Server:
    """Answers a library's posts with what was drawn; discovery is always the same."""

    def __init__(self) -> None:
        self.answer: Any = None
        self.posts = 0

    def post(self, *_: Any, **__: Any) -> _Answer:
        """The token endpoint."""
        self.posts += 1
        return _Answer(self.answer.status, self.answer.text)

    def get(self, url: str, **_: Any) -> _Answer:
        """The authority's metadata, the cloud's, or a user realm."""
        if "discovery/instance" in url:
            return _Answer(200, json.dumps({"tenant_discovery_endpoint": "", "metadata": []}))
        if "userrealm" in url.lower():
            return _Answer(200, '{"account_type": "Managed"}')
        return _Answer(200, json.dumps({
            "issuer": f"{TENANT}/v2.0", "token_endpoint": f"{TENANT}/oauth2/v2.0/token",
            "authorization_endpoint": f"{TENANT}/oauth2/v2.0/authorize",
        }))  # fmt: skip


@st.composite
def _answers(draw: st.DrawFn, user: str | None, *, family: bool = False) -> Any:
    """A token for the application or the user, or a refusal, or a failure.

    An identity provider says of every token alike whether the application is of a family.
    """
    kind = draw(st.sampled_from(["token", "token", "token", "refused", "failure"]))
    number = draw(st.integers(0, 10**6))
    if kind == "refused":
        return refused("invalid_grant", 400, suberror=draw(st.sampled_from(["", "bad_token"])))
    if kind == "failure":
        return refused("temporarily_unavailable", 503)
    more: dict[str, Any] = {"expires_in": draw(st.sampled_from([3600, 7200]))}
    if draw(st.booleans()):
        more["refresh_in"] = 1800
    if user is None:
        return token(f"AT-{number}", **more)
    if family:
        more["foci"] = "1"
    return user_token(
        f"AT-{number}",
        user,
        scope=draw(st.sampled_from(["User.Read", "User.Read Mail.Read"])),
        **more,
    )


class BothLibraries(RuleBasedStateMachine):
    """Two applications, two caches, one clock, one world."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1_700_000_000.0
        self.family = False
        self.servers = _Server(), _Server()
        self.caches: Any = (
            msal.SerializableTokenCache(), sansio_auth_adapters.SerializableTokenCache(),
        )  # fmt: skip
        self.clock = mock.patch("time.time", self.time)
        _ = self.clock.start()
        self.apps: Any = tuple(
            library.ConfidentialClientApplication(
                CLIENT, SECRET, TENANT, http_client=server, token_cache=cache
            )
            for library, server, cache in zip(
                (msal, sansio_auth_adapters), self.servers, self.caches, strict=True
            )
        )

    def teardown(self) -> None:
        """Let time go on."""
        self.clock.stop()

    def time(self) -> float:
        """What both libraries are told."""
        return self.now

    def both(self, answer: Any, method: str, *given: Any, **named: Any) -> list[Any]:
        """Let both do the same; what they raise is a result."""
        told: list[Any] = []
        for app, server in zip(self.apps, self.servers, strict=True):
            server.answer = answer
            try:
                told.append(getattr(app, method)(*given, **named))
            except Exception as error:  # noqa: BLE001 - a failing service is one
                told.append(type(error).__name__)
        self.settle(answer)
        return told

    @initialize(family=st.booleans())
    def is_it_of_a_family(self, family: bool) -> None:
        """For good; where users differ in it is a named difference."""
        self.family = family

    @rule(seconds=st.sampled_from([0, 1, 100, 1_900, 3_400, 7_000]))
    def time_passes(self, seconds: int) -> None:
        """For both."""
        self.now += seconds

    @rule(data=st.data(), scopes=_RESOURCES, claims=_CLAIMS)
    def for_client(self, data: st.DataObject, scopes: list[str], claims: str | None) -> None:
        """An application's token."""
        self.both(data.draw(_answers(None)), "acquire_token_for_client", scopes, claims)

    @rule(data=st.data(), user=_USERS, scopes=_SCOPES)
    def by_refresh_token(self, data: st.DataObject, user: str, scopes: list[str]) -> None:
        """A user's token, by a refresh token from elsewhere."""
        self.both(
            data.draw(_answers(user, family=self.family)),
            "acquire_token_by_refresh_token",
            f"RT-{user}",
            scopes,
        )

    @rule(data=st.data(), user=_USERS, scopes=_SCOPES)
    def by_password(self, data: st.DataObject, user: str, scopes: list[str]) -> None:
        """A user's token, by their password."""
        name = f"{user}@contoso.com"
        answer = data.draw(_answers(user, family=self.family))
        self.both(answer, "acquire_token_by_username_password", name, "p", scopes)

    @rule(data=st.data(), user=_USERS, scopes=_SCOPES, force=st.booleans())
    def silent(self, data: st.DataObject, user: str, scopes: list[str], force: bool) -> None:
        """A known user's token."""
        answer = data.draw(_answers(user, family=self.family))
        told: list[Any] = []
        for app, server in zip(self.apps, self.servers, strict=True):
            server.answer = answer
            accounts = app.get_accounts(f"{user}@contoso.com")
            account = accounts[0] if accounts else None
            try:
                found = app.acquire_token_silent(scopes, account, force_refresh=force)
            except (msal.exceptions.MsalServiceError, ServiceError):
                found = {"access_token": _FAILED}
            told.append(None if found is None else found["access_token"])
        self.settle(answer)
        assert told[0] in {told[1], _FAILED}  # a token that still works serves: a named difference

    @rule(user=_USERS)
    def sign_out(self, user: str) -> None:
        """A user leaves."""
        for app in self.apps:
            for account in app.get_accounts(f"{user}@contoso.com"):
                app.remove_account(account)

    @rule()
    def forget(self) -> None:
        """The application's own tokens go."""
        self.both(None, "remove_tokens_for_client")

    def settle(self, answer: Any) -> None:
        """Wait until nobody is held back: whom a failing service holds is a named difference."""
        if answer is not None and answer.status != 200:
            self.now += 61

    @invariant()
    def the_caches_are_the_same(self) -> None:
        """Section by section, entry by entry; when an expired token goes is a named difference."""
        theirs, ours = (self._written(cache) for cache in self.caches)
        assert ours == theirs

    def _written(self, cache: Any) -> dict[str, Any]:
        written: dict[str, Any] = json.loads(cache.serialize())
        written["AccessToken"] = {
            key: entry
            for key, entry in written.get("AccessToken", {}).items()
            if int(entry["expires_on"]) > self.now
        }
        return {section: entries for section, entries in written.items() if entries}


BothLibraries.TestCase.settings = settings(
    max_examples=40, stateful_step_count=15, deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)  # fmt: skip
TestAnySequence = BothLibraries.TestCase
