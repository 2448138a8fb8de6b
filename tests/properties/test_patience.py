"""How often anybody is asked, and what is left behind, in any world: I-5, I-10 and I-11."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final
from unittest import mock

from attrs import define, field
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from sansio_auth import (
    HttpResponse,
    Policy,
    Refusal,
    SansioAuthError,
    Save,
    SendHttp,
    apply_all,
    empty,
)
from sansio_auth.wire import HttpRequest
from sansio_auth_adapters import (
    AsyncConfidentialClientApplication,
    ConfidentialClientApplication,
    MemoryStore,
)
from tests.properties.worlds import CALLS, CREDENTIALS, GUID, AnyWorld, client, worlds

_QUICK: Final = settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
_TENANT: Final = f"https://login.microsoftonline.com/{GUID}"

# --- I-5: at most one request, and none before its time -------------------------------------------


class _Line:
    """A transport that counts, by what is asked for, how many requests are under way at once."""

    def __init__(self, life: int) -> None:
        self.body = b'{"access_token":"AT","token_type":"Bearer","expires_in":%d}' % life
        self.lock = threading.Lock()
        self.now: Counter[str] = Counter()
        self.most: Counter[str] = Counter()
        self.total: Counter[str] = Counter()

    def send(self, request: HttpRequest) -> HttpResponse:
        what = dict(request.form or ())["scope"]
        with self.lock:
            self.now[what] += 1
            self.total[what] += 1
            self.most[what] = max(self.most[what], self.now[what])
        threading.Event().wait(0.005)
        with self.lock:
            self.now[what] -= 1
        return HttpResponse(200, (), self.body)

    def close(self) -> None:
        """Hold nothing."""


@settings(_QUICK, max_examples=25)
@given(st.lists(st.integers(0, 3), min_size=2, max_size=12), st.sampled_from([3_600, 60]))
def test_one_request_is_under_way_for_all_who_want_the_same(asked: list[int], life: int) -> None:
    """I-5: by identity, however many threads ask at once, also where nothing is worth keeping."""
    line = _Line(life)
    app = ConfidentialClientApplication("client", "secret", _TENANT, http_client=line)
    ready = threading.Barrier(len(asked))

    def ask(number: int) -> str:
        ready.wait(20)
        return str(app.acquire_token_for_client([f"api://{number}/.default"])["access_token"])

    with ThreadPoolExecutor(len(asked)) as pool:
        assert set(pool.map(ask, asked)) == {"AT"}
    assert set(line.most.values()) == {1}
    assert len(line.total) == len(set(asked))
    if life > 300:
        assert set(line.total.values()) == {1}


_MOMENTS: Final = st.tuples(
    st.sampled_from(["one", "other", "one, challenged"]),
    st.sampled_from([0.0, 0.5, 4.0, 5.0, 29.0, 60.0, 61.0, 4_000.0]),
    st.sampled_from([(429, "60"), (429, None), (503, "5"), (400, "30"), (401, None), (429, "0")]),
)


@_QUICK
@given(st.lists(_MOMENTS, max_size=14), st.sampled_from(["client credentials", "on behalf of"]))
def test_whoever_was_told_to_wait_waits_and_nobody_else_does(
    moments: list[tuple[str, float, tuple[int, str | None]]], kind: str
) -> None:
    """I-5: until its time there is no request of that identity, whatever it demands; then one."""
    quiet = client(policy=Policy(retries=0))
    scopes = {"one": ["api://one/.default"], "other": ["api://other/.default"]}
    world = AnyWorld([])
    until: dict[str, float] = {}
    for who, seconds, (status, named) in moments:
        world.now += seconds
        name, _, challenged = who.partition(", ")
        options: Any = {"claims_challenge": '{"access_token":{}}'} if challenged else {}
        call = (
            quiet.acquire_token_for_client(scopes[name], **options)
            if kind == "client credentials"
            else quiet.acquire_token_on_behalf_of("a.b.c", scopes[name], **options)
        )
        headers = () if named is None else (("Retry-After", named),)
        world.responses = [HttpResponse(status, headers, b'{"error":"e"}')]
        outcome = world.play(call).result
        assert isinstance(outcome, Refusal)
        waits = world.now < until.get(name, 0.0)
        assert outcome.held is waits
        assert outcome.metadata.requests == (0 if waits else 1)
        if not waits:
            patience = int(named) if named is not None else 5 if status == 429 else 0
            until[name] = world.now + patience
        assume(status != 400 or named is not None)


# --- I-10: nothing is held, and whatever is broken off leaves a consistent state ------------------


@_QUICK
@given(
    st.sampled_from(sorted(CALLS)), st.sampled_from(sorted(CREDENTIALS)), worlds(),
    st.integers(0, 40),
)  # fmt: skip
def test_a_flow_that_is_broken_off_anywhere_leaves_what_was_saved(
    kind: str, credential: str, world: AnyWorld, questions: int
) -> None:
    """I-10: no more and no less; and the same call can be begun again and ends."""
    expected = dict(world.partitions)
    asked = CALLS[kind](client(credential, "contoso.com"))
    flow = asked.start(now=world.now, seed=bytes(range(32)))
    for _ in range(questions):
        if (effect := flow.pending) is None:
            break
        flow.answer(effect, world.answer(effect), now=world.now)
        if isinstance(effect, Save) and not world.store_fails:
            for key, facts in effect.changes:
                expected[key] = apply_all(expected.get(key, empty(key)), facts)
    flow.close()
    assert flow.pending is None
    assert world.partitions == expected
    assert world.play(asked).pending is None


@define(eq=False)
class _Watched:
    """A transport, a store and a callback in one, that look whether any lock is held."""

    store: MemoryStore = field(factory=MemoryStore)
    locks: list[Any] = field(factory=list[Any])
    known: dict[str, str] = field(factory=dict[str, str])
    looked: int = 0
    world: AnyWorld = field(factory=lambda: AnyWorld([]))

    def look(self) -> None:
        self.looked += 1
        assert not any(lock.locked() for lock in self.locks)

    def send(self, request: HttpRequest) -> Any:
        self.look()
        answer = self.world.answer(SendHttp(request))
        if isinstance(answer, HttpResponse):
            return answer
        raise OSError(answer.kind)

    def close(self) -> None:
        self.look()

    def assertion(self) -> str:
        self.look()
        return "a.b.c"

    def get(self, key: str) -> Any:
        self.look()
        return self.known.get(key)

    def __setitem__(self, key: str, value: str) -> None:
        self.look()
        self.known[key] = value

    def peek(self, key: Any) -> Any:
        self.look()
        return self.store.peek(key)

    def load(self, key: Any) -> Any:
        self.look()
        return self.store.load(key)

    def save(self, changes: Any) -> Any:
        self.look()
        return self.store.save(changes)

    def look_up(self, query: Any) -> Any:
        self.look()
        return self.store.look_up(query)


@settings(_QUICK, max_examples=60)
@given(worlds(), st.lists(st.sampled_from(["app", "user", "accounts", "forget"]), max_size=6))
def test_no_lock_is_held_while_anybody_else_runs(world: AnyWorld, calls: list[str]) -> None:
    """I-10: a transport, a callback, a store and an `http_cache` find every lock free."""
    watched = _Watched(world=world)
    made: list[Any] = []
    lock = threading.Lock

    def making() -> Any:
        made.append(lock())
        return made[-1]

    with mock.patch.object(threading, "Lock", making):
        app = ConfidentialClientApplication(
            "client", {"client_assertion": watched.assertion}, _TENANT,
            http_client=watched, token_cache=watched, http_cache=watched,
        )  # fmt: skip
    watched.locks = made
    assert made
    for call in calls:
        try:
            match call:
                case "app":
                    app.acquire_token_for_client(["s/.default"])
                case "user":
                    app.acquire_token_on_behalf_of("a.b.c", ["s"])
                case "accounts":
                    app.get_accounts()
                case _:
                    app.remove_tokens_for_client()
        except SansioAuthError:
            continue
    app.close()
    assert watched.looked >= 1
    assert not any(it.locked() for it in made)


# --- I-11: no network without need ----------------------------------------------------------------


@_QUICK
@given(st.sampled_from(sorted(CALLS)), st.sampled_from(sorted(CREDENTIALS)), worlds())
def test_a_refusal_asks_nobody_else(kind: str, credential: str, world: AnyWorld) -> None:
    """I-11: after a token request nothing is looked up: not the tenant, not the authority."""
    flow = world.play(CALLS[kind](client(credential, "contoso.com")))
    sent = [
        step.effect.request.method
        for step in flow.transcript.steps
        if isinstance(step.effect, SendHttp)
    ]
    first = sent.index("POST") if "POST" in sent else len(sent)
    assert "GET" not in sent[first:]


class _Nobody:
    """A client that must not be asked."""

    def post(self, url: str, **_: Any) -> None:
        raise AssertionError(url)

    get = post


@_QUICK
@given(
    st.sampled_from(["client", "6731de76-14a6-49ae-97bc-6eba6914391e"]),
    st.sampled_from(
        [None, _TENANT, "https://login.contoso.example/t", "https://x.ciamlogin.com",
         "https://contoso.b2clogin.com/contoso.onmicrosoft.com/b2c_1_x",
         "https://adfs.contoso.example/adfs", "https://login.microsoftonline.com/contoso.com"]
    ),
    st.fixed_dictionaries(
        {},
        optional={
            "validate_authority": st.booleans(),
            "azure_region": st.sampled_from([None, True, False, "westus2"]),
            "instance_discovery": st.sampled_from([None, True, False]),
            "client_capabilities": st.sampled_from([None, ["cp1"]]),
            "http_cache": st.builds(dict),
            "token_cache": st.builds(MemoryStore),
            "app_name": st.sampled_from([None, "app"]),
        },
    ),
    st.booleans(),
)  # fmt: skip
def test_making_an_application_asks_nobody(
    client_id: str, authority: str | None, options: dict[str, Any], awaited: bool
) -> None:
    """I-11: whatever it is made with; nor does looking at it, at its accounts, or closing it."""
    kind = AsyncConfidentialClientApplication if awaited else ConfidentialClientApplication
    app = kind(
        client_id, {"client_assertion": lambda: "a.b"}, authority, http_client=_Nobody(), **options
    )
    assert repr(app)
    assert app.client_id == client_id
    if isinstance(app, ConfidentialClientApplication):
        assert app.get_accounts() == []
        app.close()
