"""Section F, rows 167-173: whose token is whose, and how much is kept."""

from __future__ import annotations

import gc
import json
from collections.abc import Mapping
from typing import Any, Final, NoReturn

import pytest
from attrs import evolve

from sansio_auth import (
    AccessToken,
    Call,
    HttpResponse,
    Outcome,
    Policy,
    Tokens,
)
from sansio_auth.identity import TokenKey, token_key
from sansio_auth.partition import (
    AccessRow,
    AccessTokenStored,
    AppKey,
    AssertionKey,
    AssertionUsed,
    HomeAccountFound,
    Knowledge,
    KnowledgeKey,
    RefreshTokenStored,
    UserKey,
)
from sansio_auth.testing import World
from sansio_auth_adapters import MemoryStore
from tests.faults.test_a_token_endpoint import (
    GRAPH,
    HOST,
    MINE,
    TENANT,
    WEB_API,
    access_rows,
    client,
    ok,
    world,
)

_NOW: Final = 1_700_000_000
_OTHER_TENANT: Final = "99999999-2222-3333-4444-555555555555"

# --- for whom a token is -----------------------------------------------------------------------


def _asked(
    scopes: list[str], assertion: str | None, *, of: Mapping[str, Any], **options: Any
) -> Call[Outcome]:
    by = client(**{name: it for name, it in of.items() if name != "client_id"})
    if "client_id" in of:
        by = evolve(by, client_id=of["client_id"])
    if assertion is None:
        return by.acquire_token_for_client(scopes, **options)
    return by.acquire_token_on_behalf_of(assertion, scopes, **options)


def _source(call: Call[Outcome], at: World) -> str:
    kind = call.identity().scheme
    fresh = f"AT-{len(at.exchanges)}"
    at.faults = [ok(token_type=kind, access_token=fresh)]
    outcome = at.play(call).result
    assert isinstance(outcome, AccessToken)
    assert (outcome.token.reveal() == fresh) is (outcome.source == "identity_provider")
    return outcome.source


_SAME: Final[dict[str, Any]] = {"scopes": ["User.Read"], "assertion": "a.b.c", "of": {}}
_WITH_MFA: Final = "a.eyMFA.c"


@pytest.mark.parametrize("first", ["miss", "hit"])
@pytest.mark.parametrize(
    ("changed", "source"),
    [
        pytest.param({}, "cache", id="row167-nothing"),
        pytest.param({"assertion": "a.b.d"}, "identity_provider", id="row167-user"),
        pytest.param({"assertion": "A.b.c"}, "identity_provider", id="row167-case"),
        pytest.param({"assertion": "a.b.c."}, "identity_provider", id="row167-a-letter-more"),
        pytest.param({"assertion": None}, "identity_provider", id="row167-the-application"),
        pytest.param({"scopes": ["Mail.Read"]}, "identity_provider", id="row167-scopes"),
        pytest.param({"of": {"client_id": "x"}}, "identity_provider", id="row167-client"),
        pytest.param(
            {"of": {"authority": f"https://{HOST}/{_OTHER_TENANT}"}}, "identity_provider",
            id="row167-tenant",
        ),
        pytest.param(
            {"of": {"authority": f"https://login.microsoftonline.us/{TENANT}"}},
            "identity_provider", id="row167-cloud",
        ),
        pytest.param({"assertion": _WITH_MFA}, "identity_provider", id="row168-with-mfa"),
        pytest.param({"data": {"fmi_path": "a"}}, "identity_provider", id="row171-fmi-path"),
        pytest.param({"data": {"other": "a"}}, "identity_provider", id="row171-extra-field"),
        pytest.param(
            {"forwarded_client_claims": '{"a":1}'}, "identity_provider",
            id="row171-forwarded-claims",
        ),
        pytest.param({"data": {"token_type": "pop"}}, "identity_provider", id="row171-scheme"),
        pytest.param({"data": {"key_id": "k"}}, "identity_provider", id="row171-key-id"),
        pytest.param({"of": {"capabilities": ("cp1",)}}, "cache", id="row171-capabilities"),
        pytest.param({"of": {"region": "westus2"}}, "cache", id="row171-region"),
        pytest.param(
            {"of": {"policy": Policy(retries=0)}}, "cache", id="row171-policy"
        ),
    ],
)  # fmt: skip
def test_a_users_token_is_for_that_user_alone(changed: Any, source: str, first: str) -> None:
    """I-3: whatever differs in the identity is a miss, in either order; the rest is none."""
    same, other = _asked(**_SAME), _asked(**{**_SAME, **changed})
    one, two = (same, other) if first == "miss" else (other, same)
    at = world()
    assert _source(one, at) == "identity_provider"
    assert _source(two, at) == source
    assert _source(one, at) == "cache"


@pytest.mark.parametrize(
    ("changed", "source"),
    [
        pytest.param({}, "cache", id="row169-nothing"),
        pytest.param(
            {"of": {"authority": f"https://{HOST}/{_OTHER_TENANT}"}}, "identity_provider",
            id="row169-other-tenant",
        ),
        pytest.param(
            {"of": {"authority": f"https://{HOST}/contoso.onmicrosoft.com"}}, "cache",
            id="row169-same-tenant-by-name",
        ),
        pytest.param({"of": {"client_id": "x"}}, "identity_provider", id="row169-other-client"),
        pytest.param({"assertion": "a.b.c"}, "identity_provider", id="row169-a-user"),
        pytest.param({"of": {"capabilities": ("cp1",)}}, "cache", id="row171-app-capabilities"),
        pytest.param({"of": {"region": "westus2"}}, "cache", id="row171-app-region"),
        pytest.param({"data": {"fmi_path": "a"}}, "identity_provider", id="row171-app-fmi-path"),
        pytest.param(
            {"forwarded_client_claims": '{"a":1}'}, "identity_provider",
            id="row171-app-forwarded-claims",
        ),
        pytest.param({"data": {"token_type": "pop"}}, "identity_provider", id="row171-app-scheme"),
    ],
)  # fmt: skip
def test_an_applications_token_is_for_its_tenant_alone(changed: Any, source: str) -> None:
    """The same for tokens of applications."""
    same: dict[str, Any] = {"scopes": [GRAPH], "assertion": None, "of": {}}
    at = world()
    assert _source(_asked(**same), at) == "identity_provider"
    call = _asked(**{**same, **changed})
    if call.partition_key(Knowledge()) is None:  # its tenant is to be discovered first
        authority = changed["of"]["authority"]
        base = f"https://{HOST}/{TENANT}"
        found = {
            "issuer": f"{base}/v2.0",
            "token_endpoint": f"{base}/oauth2/v2.0/token",
            "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
        }
        at.faults = [HttpResponse(200, body=json.dumps(found).encode())]
        _ = at.play(client(authority=authority).discover())
    assert _source(call, at) == source
    assert _source(_asked(**same), at) == "cache"


# --- how much ----------------------------------------------------------------------------------


class _NoIteration(dict[TokenKey, AccessRow]):
    """A million entries may not be gone through."""

    def __iter__(self) -> NoReturn:
        raise AssertionError

    def items(self) -> NoReturn:
        raise AssertionError

    def values(self) -> NoReturn:
        raise AssertionError


def _row(secret: str, now: int, life: int = 3_600, target: str = "s") -> AccessRow:
    return (secret, "Bearer", target, now, now + life, now + life, None)


@pytest.mark.parametrize(
    ("scope", "hit"),
    [pytest.param("s777", True, id="row172-hit"), pytest.param("none", False, id="row172-miss")],
)
def test_a_look_up_goes_through_no_entries(scope: str, *, hit: bool) -> None:
    """One access by key, however many there are; and a row is nothing to the collector."""
    rows = {token_key([f"s{n}"]): _row(f"AT-{n}", _NOW) for n in range(1_000)}
    partition = Tokens(access=_NoIteration(rows))
    found = client().acquire_token_for_client([scope]).ready(partition, _NOW)
    assert (found is not None) is hit
    gc.collect()
    assert not any(gc.is_tracked(row) for row in rows.values())


@pytest.mark.parametrize("limit", [pytest.param(10, id="row172-bounded-by-policy")])
def test_a_partition_holds_no_more_than_the_policy_says(limit: int) -> None:
    """Those that end first go first."""
    at = world(*[ok(expires_in=600 + n, access_token=f"AT-{n}") for n in range(3 * limit)])
    by = client(policy=Policy(max_entries=limit))
    for number in range(3 * limit):
        _ = at.play(by.acquire_token_for_client([f"api://{number}/.default"]))
    assert {row[0] for row in access_rows(at)} == {f"AT-{n}" for n in range(2 * limit, 3 * limit)}


@pytest.mark.parametrize("hours", [pytest.param(30 * 24, id="row173-a-month")])
def test_expired_entries_of_a_partition_are_dropped_on_the_way(hours: int) -> None:
    """A new scope every hour: only what still lives is kept."""
    store = MemoryStore()
    for hour in range(hours):
        now = _NOW + hour * 3_600
        fact = AccessTokenStored(token_key([f"s{hour}"]), _row("AT", now))
        stored = store.save(((MINE, (fact,)),))
        assert isinstance(stored, Tokens)
        assert len(stored.access) <= 2


@pytest.mark.parametrize("identities", [pytest.param(200, id="row173-holds")])
def test_holds_are_bounded_by_policy(identities: int) -> None:
    """However many identities are refused."""
    at = world(*[HttpResponse(429)] * identities)
    by = client(policy=Policy(max_holds=20))
    at.latency = 0.001
    for number in range(identities):
        _ = at.play(by.acquire_token_for_client([f"api://{number}/.default"]))
    known = at.partitions[KnowledgeKey(f"https://{HOST}/{TENANT}")]
    assert isinstance(known, Knowledge)
    assert len(known.holds) == 20


@pytest.mark.parametrize("hours", [pytest.param(30 * 24, id="row173-assertions")])
def test_assertions_that_are_over_take_no_room(hours: int) -> None:
    """A user brings a new one every hour, and the old ones' tokens have long expired."""
    store = MemoryStore()
    user = UserKey(HOST, "u.t")
    for hour in range(hours):
        now = _NOW + hour * 3_600
        key = AssertionKey(HOST, TENANT, WEB_API, f"digest {hour}")
        facts = (
            AccessTokenStored(token_key(["s"]), _row("AT", now)),
            RefreshTokenStored((WEB_API, "", "s"), ("RT", now)),
            HomeAccountFound(user.home_account_id),
        )
        store.save(((key, facts), (user, (AssertionUsed(key),))))
        partition = store.load(user)
        assert isinstance(partition, Tokens)
        assert key in store.snapshot()
        assert len(store.snapshot()) <= 3
        assert len(partition.assertions) <= 2


@pytest.mark.parametrize("tenants", [pytest.param(10_000, id="row173-ten-thousand-tenants")])
def test_many_tenants_keep_what_still_lives(tenants: int) -> None:
    """Each is asked for in one resource after another for a month: one token each is left."""
    store = MemoryStore()
    for day in range(0, 30, 3):
        now = _NOW + day * 24 * 3_600
        fact = AccessTokenStored(token_key([f"s{day}"]), _row("AT", now))
        for number in range(tenants):
            store.save(((AppKey(HOST, f"tenant-{number}", WEB_API), (fact,)),))
    kept = store.snapshot().values()
    assert len(kept) == tenants
    assert all(isinstance(it, Tokens) and len(it.access) == 1 for it in kept)
