"""What is promised to whoever asks for a token, in any world: I-1, I-2 and I-3."""

from __future__ import annotations

import json
from typing import Any, Final

from attrs import define, evolve
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from sansio_auth import (
    AccessToken,
    Call,
    ConfigurationError,
    Failure,
    HttpResponse,
    Outcome,
    Save,
    Tokens,
    parse_authority,
)
from sansio_auth._holds import hold_key
from sansio_auth.effects import AnyEffect
from sansio_auth.partition import EndpointsFound, Fact, HoldPlaced, Knowledge, KnowledgeKey
from sansio_auth_adapters.stores.knowledge import ENTRY, KnowledgeStore
from tests.properties.worlds import (
    ANSWERS,
    ASSERTIONS,
    CALLS,
    CREDENTIALS,
    GUID,
    HOST,
    MEMBERS,
    PAUSES,
    PLANTED,
    START,
    AnyWorld,
    client,
    found_endpoints,
    good_token,
    worlds,
)

_QUICK: Final = settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
_TENANTS: Final = st.sampled_from([GUID, "contoso.com"])
_CREDENTIAL: Final = st.sampled_from(sorted(CREDENTIALS))

# --- I-1: a usable token beats every failure ------------------------------------------------------

#: How a call's token came into the cache: by that call itself, or by another one of the same user.
_GOT_BY: Final = {
    "client credentials": "client credentials",
    "on behalf of": "on behalf of",
    "silent": "on behalf of",
    "federated": "federated",
    "session": "session begun",
}


@define
class _FailsToSave(AnyWorld):
    """A world whose store can be read and not be written to."""

    def answer(self, effect: AnyEffect) -> Any:
        """Answer as ever, but refuse to save."""
        if isinstance(effect, Save):
            return Failure("store")
        return super().answer(effect)


def _with_a_token(kind: str, credential: str, tenant: str, life: int, due: int) -> AnyWorld:
    """Return a world in which that call's token was got at the start."""
    known = [] if tenant == GUID else [found_endpoints()]
    world = AnyWorld([*known, good_token(expires_in=life, refresh_in=due)])
    first = world.play(CALLS[_GOT_BY[kind]](client(credential, tenant)))
    assert isinstance(first.result, AccessToken)
    return world


@_QUICK
@given(
    st.sampled_from(sorted(_GOT_BY)),
    _CREDENTIAL,
    _TENANTS,
    st.integers(600, 100_000),
    st.data(),
)
def test_while_a_token_is_usable_nothing_that_fails_is_seen(
    kind: str, credential: str, tenant: str, life: int, data: st.DataObject
) -> None:
    """I-1: whatever the world answers, whatever the clock does, and if nothing can be saved."""
    due = data.draw(st.integers(0, life))
    world = _with_a_token(kind, credential, tenant, life, due)
    later = _FailsToSave if data.draw(st.booleans()) else AnyWorld
    world = later(
        data.draw(ANSWERS), data.draw(st.lists(ASSERTIONS, max_size=4)),
        data.draw(st.lists(PAUSES, max_size=14)),
        now=START + data.draw(st.integers(0, life)), partitions=world.partitions,
    )  # fmt: skip
    begun = world.now
    flow = world.play(CALLS[kind](client(credential, tenant)))
    times = [begun, *(step.now for step in flow.transcript.steps)]
    assume(all(START - 300 <= now <= START + life - 300 for now in times))
    assert isinstance(flow.result, AccessToken)
    fresh = flow.result.source == "identity_provider"
    assert fresh or flow.result.expires_on == int(START) + life


# --- I-2: what was issued is not lost -------------------------------------------------------------

_ISSUED: Final = [name for name in sorted(CALLS) if name not in {"silent", "session", "code"}]


@_QUICK
@given(st.sampled_from(_ISSUED), _CREDENTIAL, _TENANTS, MEMBERS, st.booleans())
@example("on behalf of", "secret", GUID, {"id_token": "x.y", "expires_in": []}, True)
def test_a_token_that_was_issued_is_returned(
    kind: str, credential: str, tenant: str, members: dict[str, Any], store_fails: bool
) -> None:
    """I-2: whatever else the answer says, readable or not, and if nothing can be stored."""
    issued = {
        **members, "access_token": PLANTED["access token"], "token_type": "Bearer", "error": None,
    }  # fmt: skip
    known = [] if tenant == GUID else [found_endpoints()]
    realm = [HttpResponse(200, (), b'{"account_type":"Managed"}')] * (kind == "password")
    answer = HttpResponse(200, (), json.dumps(issued).encode())
    world = AnyWorld([*realm, *known, answer], store_fails=store_fails)
    outcome = world.play(CALLS[kind](client(credential, tenant))).result
    assert isinstance(outcome, AccessToken)
    assert outcome.token.reveal() == PLANTED["access token"]


# --- I-3: for whom it was issued, and nowhere else ------------------------------------------------

_WORDS: Final = st.sampled_from(["a", "A", "a-b", "b", "a.b", "a/b", "-", "b-c", "é", "e\u0301"])
_SCOPES: Final = st.lists(
    st.sampled_from(["a", "A", "b", "a/b", "a-b", "b-a", "a.b"]), min_size=1, max_size=3
)
_IDENTITIES: Final = st.fixed_dictionaries(
    {
        "client": st.sampled_from(["a", "a-b", "b", "A"]),
        "tenant": st.sampled_from([GUID, GUID.replace("1", "9")]),
        "host": st.sampled_from([HOST, "login.microsoftonline.us"]),
        "who": st.sampled_from(["app", "behalf", "federated", "object"]),
        "user": _WORDS,
        "scopes": _SCOPES,
        "fmi": st.sampled_from(["", "a", "a/b"]),
        "claims": st.sampled_from([None, '{"a":1}', '{"a":{"b":1}}']),
        "field": st.sampled_from(["", "a", "b"]),
        "scheme": st.sampled_from(["Bearer", "pop"]),
        "key": st.sampled_from(["", "a", "A"]),
    }
)


def _call(of: dict[str, Any]) -> Call[Outcome]:
    asking: Any = evolve(client(tenant=of["tenant"]), client_id=of["client"])
    if of["host"] != HOST:
        elsewhere = parse_authority(f"https://{of['host']}/{of['tenant']}")
        asking = evolve(asking, authority=elsewhere)
    fields = {"fmi_path": of["fmi"], "more": of["field"], "key_id": of["key"]}
    fields["token_type"] = "" if of["scheme"] == "Bearer" else of["scheme"]
    options: Any = {
        "data": {name: it for name, it in fields.items() if it},
        "forwarded_client_claims": of["claims"],
    }
    match of["who"]:
        case "app":
            call = asking.acquire_token_for_client(of["scopes"], **options)
        case "behalf":
            call = asking.acquire_token_on_behalf_of(_ascii(of["user"]), of["scopes"], **options)
        case "federated":
            call = asking.acquire_token_by_user_federated_identity_credential(
                of["scopes"], "x.y", username=of["user"], **options
            )
        case _:
            call = asking.acquire_token_by_user_federated_identity_credential(
                of["scopes"], "x.y", user_object_id=of["user"], **options
            )
    made: Call[Outcome] = call
    return made


def _ascii(text: str) -> str:
    return "".join(it if it.isascii() else f"u{ord(it)}" for it in text)


def _same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether a token of the one is for the other too: nothing differs, and its scopes suffice."""
    one, other = (
        {**of, "user": "" if of["who"] == "app" else of["user"].lower()}
        if of["who"] in {"app", "federated", "object"}  # names of users have no case in Entra
        else of
        for of in (one, other)
    )
    names = set(one) - {"scopes"}
    wanted, granted = ({it.lower() for it in of["scopes"]} for of in (other, one))
    return all(one[name] == other[name] for name in names) and wanted <= granted


@settings(_QUICK, max_examples=300)
@given(_IDENTITIES, st.data())
def test_a_token_serves_its_own_identity_and_no_other(
    one: dict[str, Any], data: st.DataObject
) -> None:
    """I-3: what differs in any part of an identity, and be it a letter, is somebody else."""
    other = dict(one)
    for name in data.draw(st.sets(st.sampled_from(sorted(one)), max_size=2)):
        other[name] = data.draw(_IDENTITIES)[name]
    try:
        first, second = _call(one), _call(other)
    except ConfigurationError:
        assume(False)
    world = AnyWorld([good_token(token_type=one["scheme"], scope=" ".join(one["scopes"]))])
    assert isinstance(world.play(first).result, AccessToken)
    key = second.partition_key()
    assert key is not None
    found = second.ready(world.partitions.get(key, Tokens()), world.now)
    assert (found is not None) is _same(one, other)
    if not _same(one, other) and not _same(other, one):
        assert (first.partition_key(), first.request.key) != (key, second.request.key)
        assert hold_key(first.identity()) != hold_key(second.identity())


@_QUICK
@given(st.sampled_from(sorted(CALLS)), _CREDENTIAL, _TENANTS, worlds())
def test_an_answer_lives_in_the_token_cache_and_nowhere_else(
    kind: str, credential: str, tenant: str, world: AnyWorld
) -> None:
    """I-3: what is known about authorities, in memory or as the text in `http_cache`, has none."""
    for _ in range(2):
        world.play(CALLS[kind](client(credential, tenant)))
    kept: dict[str, Any] = {}
    store = KnowledgeStore(kept)
    for key, partition in world.partitions.items():
        if not isinstance(key, KnowledgeKey):
            continue
        assert isinstance(partition, Knowledge)
        held = [HoldPlaced(name, hold) for name, hold in partition.holds.items()]
        store.save(((key, (*held, *_found(partition))),))
        shown = f"{partition!r}{[dict(it.hold.members) for it in held]}{kept[ENTRY]}"
        for name in ("access token", "refresh token", "stored refresh token"):
            assert PLANTED[name] not in shown


def _found(partition: Knowledge) -> list[Fact]:
    if partition.endpoints is None:
        return []
    return [EndpointsFound(partition.endpoints, partition.found_at)]
