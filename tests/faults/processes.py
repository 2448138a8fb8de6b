"""Processes of one application that share a disk, for a year in virtual time."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from attrs import define, evolve, field

from sansio_auth import HttpResponse
from sansio_auth.errors import TransportError
from sansio_auth.partition import (
    AccessTokenStored,
    Fact,
    Found,
    Partition,
    PartitionKey,
    Query,
)
from sansio_auth.wire import HttpRequest
from sansio_auth_adapters import AsyncConfidentialClientApplication, SerializableTokenCache
from sansio_auth_adapters.stores.knowledge import KnowledgeStore

if TYPE_CHECKING:
    from tests.faults.year import Year

__all__ = ["HOST", "WEB_API", "Disk", "Process", "current_call", "within"]

HOST: Final = "login.microsoftonline.com"
WEB_API: Final = "6731de76-14a6-49ae-97bc-6eba6914391e"
_SECRET: Final = "the-application's-secret"
#: Seconds that a call has, and that those wait for it who want the same; less what it does before
#: it asks.
_PATIENCE: Final = 30.0 - 1.0
#: The call that the running code makes.
current_call: Final[ContextVar[int]] = ContextVar("call", default=0)


@define(eq=False)
class Disk:
    """One process's way to the tokens that both share; it fails, and others write too."""

    year: Year
    files: SerializableTokenCache
    seen: dict[PartitionKey, Partition] = field(factory=dict[PartitionKey, Partition])

    def peek(self, key: PartitionKey) -> Partition | None:
        return self.seen.get(key)

    async def load(self, key: PartitionKey) -> Partition:
        await self.year.a_moment()
        self.year.perhaps_fail("load")
        self.seen[key] = found = self.files.load(key)
        return found

    async def save(self, changes: tuple[tuple[PartitionKey, tuple[Fact, ...]], ...]) -> Partition:
        await self.year.a_moment()
        bad = self.year.bad_luck()
        if bad and self.year.dice.random() < 0.5:
            self._somebody_else_writes(changes[0][0])
        elif bad:
            raise OSError(28, "no space left on the disk")
        newest = self.files.save(changes)
        self.seen |= {key: self.files.load(key) for key, _ in changes}
        self.year.perhaps_fail("save")  # too late for what was written
        return newest

    def _somebody_else_writes(self, key: PartitionKey) -> None:
        now = int(self.year.wall())
        scope = f"api://elsewhere/{self.year.dice.randrange(9)}"
        row = ("ELSEWHERE", "Bearer", scope, now, now + 3_600, now + 3_600, None)
        _ = self.files.save(((key, (AccessTokenStored(("bearer", "", "", scope), row),)),))

    async def look_up(self, query: Query) -> Found:
        await self.year.a_moment()
        return self.files.look_up(query)


class _Known:
    """What a process knows of authorities, for whoever awaits it."""

    def __init__(self, inner: KnowledgeStore) -> None:
        self._inner = inner
        self.peek = inner.peek

    async def load(self, key: PartitionKey) -> Partition:
        return self._inner.load(key)

    async def save(self, changes: Any) -> Partition:
        return self._inner.save(changes)


@define(eq=False)
class Process:
    """An application with its transport, its disk and what it knows."""

    year: Year
    disk: Disk
    http_cache: dict[str, Any] = field(factory=dict[str, Any])
    app: AsyncConfidentialClientApplication = field(init=False)
    #: By identity and demand: when the requests that are under way went out.
    flying: defaultdict[str, list[float]] = field(factory=lambda: defaultdict(list))
    #: By identity: since when until when, of the wall clock, and which calls had begun before.
    holds: dict[str, tuple[float, float, int]] = field(factory=dict[str, tuple[float, float, int]])

    def __attrs_post_init__(self) -> None:
        app = AsyncConfidentialClientApplication(
            WEB_API, _SECRET, f"https://{HOST}/{self.year.tenants[0].tenant_id}",
            http_client=self, token_cache=self.disk, http_cache=self.http_cache,
        )  # fmt: skip
        known: Any = _Known(app._knowledge)  # type: ignore[arg-type] # it is one
        app._world = evolve(app._world, clock=self.year.wall, knowledge=known)
        self.app = app

    async def send(self, request: HttpRequest) -> HttpResponse:
        """Be the transport."""
        self.year.looks_at(request)
        whose = _whose(request)
        if whose is None:
            return await self.year.answers(request)
        self._may_go_out(whose)
        self.flying[whose].append(now := asyncio.get_running_loop().time())
        try:
            response = await self.year.answers(request)
        finally:
            self.flying[whose].remove(now)
        if response.status == 429 or response.status >= 500:
            self._is_held(whose, response)
        return response

    def _may_go_out(self, whose: str) -> None:
        patient = asyncio.get_running_loop().time() - _PATIENCE
        if any(it > patient for it in self.flying[whose]):  # longer than that nobody waits
            self.year.broken("I-5", "a second request is under way")
        since, until, before = self.holds.get(whose.partition(" claims ")[0], (0.0, 0.0, 0))
        if since <= self.year.wall() < until and current_call.get() > before:
            self.year.broken("I-5", "a request went out before its time")

    def _is_held(self, whose: str, response: HttpResponse) -> None:
        now = self.year.wall()
        seconds = float(response.header("retry-after") or 5)
        held = (now, now + seconds, self.year.calls)
        self.holds[whose.partition(" claims ")[0]] = held

    async def close(self) -> None:
        """Hold nothing."""


async def within(request: HttpRequest, seconds: float) -> None:
    """Let time pass, and no more than the request has."""
    await asyncio.sleep(min(seconds, request.timeout))
    if seconds > request.timeout:
        raise TransportError("no", kind="timeout")


def _whose(request: HttpRequest) -> str | None:
    """Return for whom a token is asked for, and with what demand; None for other requests."""
    if request.form is None:
        return None
    form = dict(request.form)
    parts = [form.get(it, "") for it in ("grant_type", "scope", "assertion", "refresh_token")]
    return f"{urlsplit(request.url).path} {parts} claims {form.get('claims', '')}"
