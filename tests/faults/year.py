"""A year of many callers in two processes, in virtual time: a tenant's own, and bad luck besides.

Callers are tasks on an event loop whose clock jumps from timer to timer, so nothing is waited for
and the same seed gives the same year. What is played with is the async application as anybody has
it; its wall clock is set now and then, its disk fails, its requests fail, its tasks are cancelled.
Every promise that is seen broken is written down, with when and what.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable
from typing import Any, Final
from urllib.parse import urlsplit

from attrs import define, evolve, field, frozen

from sansio_auth import HttpResponse
from sansio_auth.errors import SansioAuthError, TransportError
from sansio_auth.partition import (
    Tokens,
)
from sansio_auth.testing import Tenant, example_tenant, explain, handle, user_token
from sansio_auth.wire import HttpRequest
from sansio_auth_adapters import AsyncConfidentialClientApplication, SerializableTokenCache
from sansio_auth_adapters.single_flight import flights_of
from tests.faults.processes import HOST, WEB_API, Disk, Process, current_call, within
from tests.faults.virtual_time import in_virtual_time

__all__ = ["DAY", "Year", "play"]

DAY: Final = 86_400.0
START: Final = 1_700_000_000.0
_GRAPH: Final = "https://graph.microsoft.com"
_ALICE: Final = "alice@contoso.com"
_SCOPES: Final = ("User.Read", "Mail.Read", "Files.Read")
#: Entries of a cache file that mean nothing to us.
_FOREIGN: Final[dict[str, Any]] = {
    "AccessToken": {"odd": {"secret": 5, "mystery": [1]}}, "Mystery": {"deep": {"er": None}},
}  # fmt: skip


# --- the year -----------------------------------------------------------------------------------


@frozen
class _Asked:
    """What a caller wants: of whom, for whom, and with which options."""

    kind: str
    tenant: str
    scopes: tuple[str, ...]
    assertion: str = ""
    account: str = ""
    options: tuple[tuple[str, Any], ...] = ()


@define(eq=False)
class Year:
    """Everything that happens in a year of this seed, and what was found to be broken."""

    seed: int
    days: float = 365.0
    callers: int = 50
    pause: float = 3 * DAY
    dice: random.Random = field(init=False)
    tenants: list[Tenant] = field(init=False)
    processes: list[Process] = field(factory=list[Process])
    files: SerializableTokenCache = field(factory=SerializableTokenCache)
    off: float = 0.0
    calls: int = 0
    told: list[str] = field(factory=list[str])
    counts: Counter[str] = field(factory=Counter[str])
    #: By token: its tenant, when it came and when it ends, both by the wall clock.
    issued: dict[str, tuple[str, float, float]] = field(factory=dict[str, tuple[str, float, float]])
    #: By call: the tokens that came in, and whether something was posted.
    came: defaultdict[int, list[str]] = field(factory=lambda: defaultdict(list))
    posted: set[int] = field(factory=set[int])
    digest: Any = field(factory=hashlib.sha256)

    def __attrs_post_init__(self) -> None:
        self.dice = random.Random(self.seed)
        self.tenants = [self._tenant(number) for number in range(20)]
        self.files.deserialize(json.dumps(_FOREIGN))
        self.processes = [Process(self, Disk(self, self.files)) for _ in range(2)]

    def _tenant(self, number: int) -> Tenant:
        life = self.dice.choice([600, 3_599, 86_399])
        return evolve(
            example_tenant(), tenant_id=f"{number:08x}-2222-4333-8444-555555555555",
            domains=frozenset({f"t{number}.example.com"}), seed=bytes([number]) * 32,
            token_life=life, refresh_in=self.dice.choice([None, life // 2]),
        )  # fmt: skip

    def broken(self, promise: str, what: str) -> None:
        """Write down what must not be."""
        at = f"{self._now() / DAY:.3f}"
        self.told.append(f"{promise} on day {at} in call {current_call.get()}: {what}")

    # --- time -----------------------------------------------------------------------------------

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()

    def wall(self) -> float:
        """Return what the machines' clocks say; the tenants have one that is right."""
        return START + self._now() + self.off

    async def a_moment(self) -> None:
        await asyncio.sleep(self.dice.uniform(0.0, 0.02))

    async def _sets_clocks(self) -> None:
        while True:
            await asyncio.sleep(self.dice.expovariate(1 / (6 * DAY)))
            self.off = self.dice.choice(
                [-30 * DAY, -DAY, -3_600, -301, -200, -1, 1, 200, 3_600, DAY, 30 * DAY]
            )
            self.counts["clock set"] += 1
            await asyncio.sleep(self.dice.expovariate(1 / DAY))
            self.off = 0.0

    # --- bad luck -------------------------------------------------------------------------------

    def bad_luck(self) -> bool:
        return self.dice.random() < 0.05

    def perhaps_fail(self, what: str) -> None:
        if self.bad_luck():
            self.counts[f"{what} failed"] += 1
            raise OSError(5, "the disk is gone")

    async def answers(self, request: HttpRequest) -> HttpResponse:
        """Answer a request after a while, unless something is wrong."""
        asked = self._now()
        await within(request, self.dice.uniform(0.01, 2.0))
        if self.bad_luck():
            self.counts["request failed"] += 1
            return await self._goes_wrong(request, asked)
        return self._goes_well(request, asked)

    async def _goes_wrong(self, request: HttpRequest, asked: float) -> HttpResponse:
        match self.dice.randrange(10):
            case 0:
                raise TransportError("no", kind="connect", sent=False)
            case 1:
                await within(request, 28.0)
                raise TransportError("no", kind="timeout")
            case 2:
                raise RuntimeError("what nobody has heard of")
            case 3:
                return HttpResponse(503)
            case 4:
                return HttpResponse(503, (("Retry-After", "120"),), b"<html>")
            case 5:
                return HttpResponse(429, (("Retry-After", "30"),), b"slow down")
            case 6:
                return HttpResponse(200, (("Content-Type", "text/html"),), b"<html>")
            case 7:
                return HttpResponse(302, (("Location", "https://evil.example/"),))
            case 8:
                whole = self._goes_well(request, asked, came=False)
                return evolve(whole, body=whole.body[: len(whole.body) // 2])
            case _:
                await asyncio.sleep(self.dice.choice([40.0, 700.0, 5_000.0]))  # it was asleep
                return self._goes_well(request, asked)

    def _goes_well(self, request: HttpRequest, asked: float, *, came: bool = True) -> HttpResponse:
        name = urlsplit(request.url).path.split("/")[1]
        number = next(at for at, it in enumerate(self.tenants) if it.named(name))
        tenant, response = handle(self.tenants[number], request, START + self._now())
        self.tenants[number] = tenant
        if came and request.form is not None and response.status == 200:
            secret = json.loads(response.body)["access_token"]
            now = self.wall()
            self.issued[secret] = (tenant.tenant_id, now, int(now) + tenant.token_life)
            self.came[current_call.get()].append(secret)
            self.counts["issued"] += 1
            if self._now() - asked >= tenant.token_life:
                self.counts["late"] += 1
        return response

    def looks_at(self, request: HttpRequest) -> None:
        """See where a request goes, and what it is in its call."""
        place, call = urlsplit(request.url), current_call.get()
        if (place.scheme, place.netloc) != ("https", HOST):
            self.broken("I-4", f"a request goes to {place.netloc}")
        if call == 0:
            self.broken("I-11", "a request that nobody asked for")
        if request.form is None and call in self.posted:
            self.broken("I-11", "something is looked up after a token was asked for")
        if request.form is not None:
            self.posted.add(call)

    # --- callers --------------------------------------------------------------------------------

    def _wanted(self) -> _Asked:
        """Return what somebody might want today."""
        tenant = self.dice.choice(self.tenants)
        name = self.dice.choice([tenant.tenant_id, tenant.tenant_id, min(tenant.domains)])
        options: tuple[tuple[str, Any], ...] = self.dice.choice(
            [(), (), (), (), (), (("min_remaining", 900),),
             (("claims_challenge", '{"access_token":{"acrs":{"value":"c1"}}}'),)]
        )  # fmt: skip
        kind = self.dice.choice(["app", "user", "account"])
        if kind == "app":
            resource = self.dice.choice([_GRAPH, "api://orders"])
            return _Asked(kind, name, (f"{resource}/.default",), options=options)
        some = self.dice.sample(_SCOPES, self.dice.randint(1, 2))
        scopes = tuple(f"{_GRAPH}/{it}" for it in some)
        user = tenant.users[_ALICE]
        if kind == "account":
            account = f"{user.object_id}.{tenant.tenant_id}"
            return _Asked(kind, name, scopes, account=account, options=options)
        then = START + self._now() // DAY * DAY  # one assertion a day
        assertion = user_token(tenant, _ALICE, WEB_API, then, life=90_000)
        return _Asked(kind, name, scopes, assertion, options=options)

    async def _caller(self, number: int) -> None:
        process = self.processes[number % len(self.processes)]
        while self._now() < self.days * DAY:
            await asyncio.sleep(self.dice.expovariate(1 / self.pause))
            wanted = self._wanted()
            for _ in range(self.dice.randint(1, 5)):
                herd = self.dice.choice([1, 1, 1, 2, 8])
                calls = (self._asks(process, wanted) for _ in range(herd))
                _ = await asyncio.gather(*(asyncio.create_task(it) for it in calls))
                await asyncio.sleep(self.dice.choice([0.0, 0.5, 6.0, 400.0, 1_900.0, 20_000.0]))

    async def _asks(self, process: Process, wanted: _Asked) -> None:
        self.calls += 1
        number = self.calls
        _ = current_call.set(number)
        hand = self._in_hand(process, wanted)
        result: Any = None
        try:
            async with asyncio.timeout(self.dice.choice([None] * 30 + [0.5])):
                result = await _asking(process.app, wanted)
        except TimeoutError:
            self.counts["cancelled"] += 1
            return
        except SansioAuthError as error:
            result = error
        except Exception as error:  # noqa: BLE001 - that is what must not be
            self.broken("I-6", f"{type(error).__name__}")
            return
        self._judge(number, wanted, result, hand)

    def _in_hand(self, process: Process, wanted: _Asked) -> Callable[[], bool]:
        """Return whether what is in memory now is usable, now and later."""
        call = _core_call(process.app, wanted)
        known: Any = process.app._knowledge.peek(call.knowledge_key)
        key = call.partition_key(known)
        before = None if key is None else process.disk.peek(key)
        usable = call.usable(before, self.wall()) is not None
        return lambda: usable and call.usable(before, self.wall()) is not None

    # --- what must be ---------------------------------------------------------------------------

    def _judge(self, number: int, wanted: _Asked, result: Any, hand: Callable[[], bool]) -> None:
        secret = result.get("access_token") if isinstance(result, dict) else None
        source = result.get("token_source") if isinstance(result, dict) else type(result).__name__
        self.counts[str(source if secret else "nothing")] += 1
        self.digest.update(f"{number} {wanted.kind} {source} {secret}\n".encode())
        came = self.came.pop(number, [])
        if secret is None:
            if hand():
                self.broken("I-1", f"{source} in spite of a token that can be used")
            if came and getattr(result, "code", "") != "late_response":
                self.broken("I-2", "a token that was issued is lost")
            return
        if came and secret not in came and source != "cache":
            self.broken("I-2", "another token than the one that was issued")
        self._is_his(wanted, secret)
        _, begun, over = self.issued[secret]
        if source == "cache" and not begun - 300 <= self.wall() <= over - 300:
            self.broken("I-12", "a token is served at a time that is not its own")

    def _is_his(self, wanted: _Asked, secret: str) -> None:
        tenant = next(it for it in self.tenants if it.named(wanted.tenant))
        facts = explain(tenant, secret)
        if facts is None:
            self.broken("I-3", "a token of another tenant")
            return
        if facts.username != (None if wanted.kind == "app" else _ALICE):
            self.broken("I-3", "a token of somebody else")
        names = {it.rpartition("/")[2] for it in wanted.scopes} - {".default"}
        if not names <= set(facts.scopes) or not wanted.scopes[0].startswith(facts.audience):
            self.broken("I-3", "a token for something else")

    def _at_the_end(self) -> None:
        for process in self.processes:
            if len(flights_of(process.disk)):
                self.broken("I-10", "a flight is left")
            text = json.dumps(process.http_cache, default=str)
            if any(secret in text for secret in self.issued):
                self.broken("I-3", "a token is where none belongs")
        written = json.loads(self.files.serialize())
        for section, entries in _FOREIGN.items():
            if not entries.items() <= written.get(section, {}).items():
                self.broken("I-9", f"an entry of {section} is gone")
        for partition in self.files.snapshot().values():
            for row in partition.access.values() if isinstance(partition, Tokens) else ():
                if row[0] != "ELSEWHERE" and row[0] not in self.issued:
                    self.broken("I-10", "a row that nobody issued")

    async def run(self) -> None:
        """Let it pass."""
        clocks = asyncio.create_task(self._sets_clocks())
        _ = await asyncio.gather(*(self._caller(number) for number in range(self.callers)))
        _ = clocks.cancel()
        _ = current_call.set(0)
        self._at_the_end()


def _core_call(app: AsyncConfidentialClientApplication, wanted: _Asked) -> Any:
    client, options = app._client_of(wanted.tenant), dict(wanted.options)
    match wanted.kind:
        case "app":
            return client.acquire_token_for_client(wanted.scopes, **options).request
        case "user":
            return client.acquire_token_on_behalf_of(
                wanted.assertion, wanted.scopes, **options
            ).request
        case _:
            return client.acquire_token_silent(wanted.scopes, wanted.account, **options).request


def _asking(app: AsyncConfidentialClientApplication, wanted: _Asked) -> Awaitable[Any]:
    scopes, options = [*wanted.scopes], {"tenant_id": wanted.tenant, **dict(wanted.options)}
    match wanted.kind:
        case "app":
            return app.acquire_token_for_client(scopes, **options)
        case "user":
            return app.acquire_token_on_behalf_of(wanted.assertion, scopes, **options)
        case _:
            return app.acquire_token_silent_with_error(
                scopes, {"home_account_id": wanted.account}, **options
            )


def play(year: Year) -> Year:
    """Let a year pass, and return it."""
    in_virtual_time(year.run())
    return year
