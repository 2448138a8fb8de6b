"""What is asked for, and what in a cache answers it."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from attrs import evolve

from sansio_auth import (
    ConfigurationError,
    Policy,
    Tokens,
    apply,
)
from sansio_auth.authority import Endpoints
from sansio_auth.calls import ClientCredentials
from sansio_auth.identity import token_key
from sansio_auth.partition import AccessTokenStored, AppKey, Knowledge
from tests.core.registered import GUID, HOST, SCOPE, client_of


def _stored(key: Any, *, at: int = 1_000, life: int = 3_600, due: int | None = None) -> Any:
    row = ("T", "Bearer", "s", at, at + life, at + life, due)
    return apply(Tokens(), AccessTokenStored(key, row))


def test_a_fresh_row_is_ready_and_a_due_one_is_usable() -> None:
    """The fast path: no flow, no result object."""
    call = client_of().acquire_token_for_client(SCOPE)
    partition = _stored(call.request.key, due=1_500)
    assert call.ready(partition, 1_100)
    assert call.ready(partition, 1_501) is None
    assert call.usable(partition, 1_501)
    assert call.usable(partition, 4_301) is None
    assert call.ready(None, 1_100) is None
    assert call.ready(Knowledge(), 1_100) is None


@pytest.mark.parametrize(
    "options", [{"claims_challenge": "{}"}, {"force_refresh": True}, {"min_remaining": 3_600}]
)
def test_a_caller_may_want_more_than_the_cache_has(options: dict[str, Any]) -> None:
    """A challenge, force, or more life than is left."""
    call = client_of().acquire_token_for_client(SCOPE, **options)
    assert call.ready(_stored(call.request.key), 1_100) is None


def test_a_token_that_was_rejected_is_not_served_again_and_another_is() -> None:
    """By its digest; a challenge beside it does not go past the cache then."""
    digest = hashlib.sha256(b"T").hexdigest()
    for hashed, served in ((digest, False), (hashlib.sha256(b"other").hexdigest(), True)):
        call = client_of().acquire_token_for_client(
            SCOPE, claims_challenge="{}", token_to_refresh_hash=hashed.upper()
        )
        assert (call.usable(_stored(call.request.key), 1_100) is not None) is served
        assert call.demand.token_to_refresh == hashed


@pytest.mark.parametrize(
    ("now", "due", "options", "why"),
    [
        (1_100, None, {"force_refresh": True}, 1),
        (4_400, None, {}, 3),
        (1_600, 1_500, {}, 4),
        (1_100, None, {}, 4),
    ],
)
def test_why_a_request_is_made_is_told(
    now: float, due: int | None, options: dict[str, Any], why: int
) -> None:
    """As MSAL's telemetry has it."""
    call = client_of().acquire_token_for_client(SCOPE, **options)
    assert call.request.cache_refresh(_stored(call.request.key, due=due), now) == why


def test_nothing_in_the_cache_is_a_reason_too() -> None:
    """Nothing there, or nothing to look into."""
    call = client_of().acquire_token_for_client(SCOPE)
    assert call.request.cache_refresh(Tokens(), 0) == 2
    assert call.request.cache_refresh(None, 0) == 2


def test_an_expired_token_beside_a_wider_due_one_is_a_due_one() -> None:
    """Something can still be served."""
    call = client_of().acquire_token_for_client(["a"])
    partition = _stored(call.request.key, at=900, life=400)
    row = ("T", "Bearer", "s", 1_000, 4_600, 4_600, 1_050)
    partition = apply(partition, AccessTokenStored(token_key(["a", "b"]), row))
    assert call.request.cache_refresh(partition, 1_100) == 4


@pytest.mark.parametrize("tenant", [GUID, "contoso.com"])
def test_where_a_token_is_kept_depends_on_the_realm(tenant: str) -> None:
    """Computed, or learnt by discovery; before that, nowhere."""
    known = Knowledge(endpoints=Endpoints(token="t", authorization="a", realm=GUID))
    client = client_of(tenant)
    app = client.acquire_token_for_client(SCOPE)
    assert app.partition_key(known) == AppKey(HOST, GUID, "c")
    if tenant == GUID:
        assert app.partition_key() == app.partition_key(known)
    else:
        assert app.partition_key() is None
        assert app.identity().tenant == tenant


def test_what_a_call_asks_beyond_the_identity_is_its_demand() -> None:
    """Digests, so that it can be a key without showing anything."""
    call = client_of().acquire_token_for_client(
        SCOPE, claims_challenge='{"a":1}', params={"p": "1"}, min_remaining=5
    )
    demand = call.demand
    assert len(demand.claims) == len(demand.params) == 64
    assert demand.min_remaining == 5
    assert demand.credential
    assert client_of().acquire_token_for_client(SCOPE).demand.claims == ""


def test_extra_fields_and_forwarded_claims_are_part_of_the_identity() -> None:
    """And what only shapes the request is not."""
    client = client_of()
    plain = client.acquire_token_for_client(SCOPE).identity()
    assert client.acquire_token_for_client(SCOPE, data={"fmi_path": "a"}).identity() != plain
    assert (
        client.acquire_token_for_client(SCOPE, forwarded_client_claims='{"a":1}').identity()
        != plain
    )
    assert client.acquire_token_for_client(SCOPE, data={"key_id": "k"}).identity() != plain
    assert client.acquire_token_for_client(SCOPE, data={"req_cnf": "k"}).identity() == plain
    assert client.acquire_token_for_client(SCOPE, params={"p": "1"}).identity() == plain


@pytest.mark.parametrize(("token_type", "scheme"), [(None, "bearer"), ("PoP", "pop")])
def test_a_token_is_of_a_scheme(token_type: str | None, scheme: str) -> None:
    """The caller's word for it, in lower case."""
    data = {} if token_type is None else {"token_type": token_type}
    assert client_of().acquire_token_for_client(SCOPE, data=data).request.scheme == scheme


def test_one_resource_at_a_time() -> None:
    """RFC 6749 knows one audience; Entra says so with AADSTS28000."""
    with pytest.raises(ConfigurationError) as caught:
        client_of().acquire_token_for_client(["a/.default", "b/.default"])
    assert caught.value.code == "several_resources"


def test_an_application_has_no_token_in_everybodys_tenant() -> None:
    """Unless the policy lets it try, as the facade does for MSAL's sake."""
    with pytest.raises(ConfigurationError) as caught:
        client_of("common").acquire_token_for_client(SCOPE)
    assert caught.value.code == "shared_tenant"
    lenient = client_of("common", policy=Policy(shared_tenants=True))
    assert lenient.acquire_token_for_client(SCOPE).identity().tenant == "common"


@pytest.mark.parametrize(
    "data",
    [{"client_id": "x"}, {"scope": "x"}, {"client_secret": "x"}, {"a b": "x"}, {"": "x"},
     {"a": 1}, {"é": "x"}],
)  # fmt: skip
def test_extra_fields_cannot_replace_the_librarys(data: Any) -> None:
    """Nor be what a form cannot hold."""
    with pytest.raises(ConfigurationError, match="data"):
        client_of().acquire_token_for_client(SCOPE, data=data)


def test_a_call_is_a_value() -> None:
    """Equal arguments make equal requests."""
    one, other = (client_of().acquire_token_for_client(SCOPE).request for _ in range(2))
    assert one == other
    assert isinstance(one, ClientCredentials)
    assert evolve(one, force_refresh=True) != other
    assert one.anchor == ""
