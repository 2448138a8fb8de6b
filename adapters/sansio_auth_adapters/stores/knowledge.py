"""What is known about authorities, in an `http_cache`: any dict-like object that the caller keeps.

One entry of it is ours, a JSON text; whatever else is there is left alone. The text holds
endpoints, a region and holds (times and the words of refusals), never a token, a secret or a
response. What cannot be read is nothing known, and endpoints that the authority may not name are
not believed: somebody else may have written them (invariant I-4).
"""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Iterable, Mapping
from itertools import chain
from typing import Final, Protocol, TypeAlias, cast

from attrs import evolve

from sansio_auth._holds import Hold
from sansio_auth._json import JsonObject, JsonValue, UnreadableJson, parse_object
from sansio_auth._region import is_region
from sansio_auth.authority import Endpoints, parse_authority, pinned
from sansio_auth.errors import AuthorityError, ConfigurationError
from sansio_auth.partition import (
    Fact,
    Found,
    Knowledge,
    KnowledgeKey,
    Partition,
    PartitionKey,
    Query,
    apply_all,
    empty,
)
from sansio_auth_adapters.forks import renew_in_children

__all__ = ["DictLike", "KnowledgeStore", "is_dict_like"]

ENTRY: Final = "sansio_auth"
#: What a store is asked to save.
Changes: TypeAlias = tuple[tuple[PartitionKey, tuple[Fact, ...]], ...]

_MAX_HOLDS: Final = 1024
_MAX_TEXT: Final = 4 << 20


class DictLike(Protocol):
    """What an `http_cache` must be able to do."""

    def get(self, key: str, /) -> object:
        """Return an entry, None where there is none."""
        ...

    def __setitem__(self, key: str, value: str, /) -> None: ...


def is_dict_like(value: object) -> bool:
    """Whether something can be an `http_cache`."""
    return callable(getattr(value, "get", None)) and hasattr(type(value), "__setitem__")


class KnowledgeStore:
    """Keeps knowledge in the caller's object.

    Safe for threads, and for several processes as far as the object is: what others wrote
    meanwhile is read before anything is written.
    """

    def __init__(
        self,
        http_cache: DictLike,
        *,
        trusted_hosts: frozenset[str] = frozenset(),
        oidc: bool = False,
    ) -> None:
        self._cache: Final = http_cache
        self._trusted: Final = trusted_hosts
        self._oidc: Final = oidc
        self._text: object = None
        self._known: dict[str, Knowledge] = {}
        #: What is to be written. Of an object that never works it is no more than can be held.
        self._waiting: deque[Changes] = deque(maxlen=_MAX_HOLDS)
        self.renew()
        renew_in_children(self)

    def renew(self) -> None:
        """Have a lock that nobody holds, and nobody who writes, as a forked child needs it."""
        self._lock = threading.Lock()
        self._writing = False

    def peek(self, key: PartitionKey) -> Partition | None:
        """Return what was known when the object was last looked at."""
        return self._known.get(key.authority) if isinstance(key, KnowledgeKey) else None

    def load(self, key: PartitionKey) -> Partition:
        """Return what is known about an authority now."""
        self._read()
        found = self.peek(key)
        return empty(key) if found is None else found

    def save(self, changes: Changes) -> Partition:
        """Apply the facts to what is known now, and have it written.

        Whoever finds somebody writing leaves the facts to them: the caller's object is used by
        one thread at a time, in order, and no lock is held meanwhile (invariant I-10).
        """
        with self._lock:
            self._known = _after(self._known, [changes])
            self._waiting.append(changes)
            elsewhere, self._writing = self._writing, True
        if not elsewhere:
            self._write()
        found = self.peek(changes[0][0])
        return empty(changes[0][0]) if found is None else found

    def _write(self) -> None:
        try:
            while (text := self._unwritten()) is not None:
                self._cache[ENTRY] = text
                self._text = text
        except BaseException:
            self._writing = False
            raise

    def _unwritten(self) -> str | None:
        """Return what is to be written; None where that is nothing, and then nobody writes."""
        self._read()
        with self._lock:
            if not self._waiting:
                self._writing = False
                return None
            self._known = _after(self._known, self._waiting)
            self._waiting.clear()
            return json.dumps({url: _written(it) for url, it in self._known.items()})

    def look_up(self, query: Query) -> Found:
        """Return nothing: there are no tokens here."""
        del query
        return Found()

    def _read(self) -> None:
        text = self._cache.get(ENTRY)
        if text is self._text or text == self._text:
            return
        self._known = {
            url: knowledge
            for url, value in _parsed(text).items()
            if (knowledge := self._believed(url, value)) is not None
        }
        self._text = text

    def _believed(self, url: str, value: JsonValue) -> Knowledge | None:
        """Return what an entry says, without endpoints that this authority may not name."""
        if not isinstance(value, dict):
            return None
        knowledge = _knowledge(value)
        endpoints = knowledge.endpoints
        if endpoints is None:
            return knowledge
        try:
            authority = parse_authority(url, oidc=self._oidc)
            trusted = self._trusted
            _ = pinned(authority, endpoints.authorization, "http_cache", trusted_hosts=trusted)
            parts = pinned(authority, endpoints.token, "http_cache", trusted_hosts=trusted)
        except (ConfigurationError, AuthorityError):
            return evolve(knowledge, endpoints=None, found_at=0.0)
        if parts.path.strip("/").partition("/")[0] != endpoints.realm:
            return evolve(knowledge, endpoints=None, found_at=0.0)
        return knowledge

    def __repr__(self) -> str:
        return f"KnowledgeStore({len(self._known)} authorities)"


def _parsed(text: object) -> JsonObject:
    if not isinstance(text, str) or len(text) > _MAX_TEXT:
        return {}
    try:
        return parse_object(text.encode("utf-8", "replace"))
    except UnreadableJson:
        return {}


def _after(known: Mapping[str, Knowledge], waiting: Iterable[Changes]) -> dict[str, Knowledge]:
    """Return what is known after some changes."""
    after = dict(known)
    for key, facts in chain.from_iterable(waiting):
        if isinstance(key, KnowledgeKey):
            before = after.get(key.authority, Knowledge())
            after[key.authority] = cast("Knowledge", apply_all(before, facts))
    return _bounded(after)


def _bounded(known: Mapping[str, Knowledge]) -> dict[str, Knowledge]:
    """Let the holds that end first go where there are too many in all."""
    ends = sorted(hold.until for it in known.values() for hold in it.holds.values())
    if len(ends) <= _MAX_HOLDS:
        return dict(known)
    earliest = ends[-_MAX_HOLDS]
    return {
        url: evolve(it, holds={k: h for k, h in it.holds.items() if h.until >= earliest})
        for url, it in known.items()
    }


# --- one authority's knowledge as JSON ---------------------------------------------------------


def _written(knowledge: Knowledge) -> JsonObject:
    endpoints = knowledge.endpoints
    found: JsonObject = {
        "holds": {
            key: {
                "until": hold.until,
                "since": hold.since,
                "status": hold.status,
                "members": dict(hold.members),
            }
            for key, hold in knowledge.holds.items()
        },
    }
    if endpoints is not None:
        found["found_at"] = knowledge.found_at
        found["endpoints"] = {
            "token": endpoints.token,
            "authorization": endpoints.authorization,
            "realm": endpoints.realm,
            "issuer": endpoints.issuer,
            "device_authorization": endpoints.device_authorization,
        }
    if knowledge.region_known:
        found["region"] = knowledge.region
    return found


def _knowledge(value: JsonObject) -> Knowledge:
    at = _number(value.get("found_at"))
    endpoints = None if at is None else _endpoints(value.get("endpoints"))
    region = value.get("region")
    believed = region if isinstance(region, str) and is_region(region) else None
    holds = value.get("holds")
    return Knowledge(
        endpoints=endpoints,
        found_at=0.0 if at is None or endpoints is None else at,
        region=believed,
        region_known="region" in value and (region is None or believed is not None),
        holds={
            key: hold
            for key, it in (holds.items() if isinstance(holds, dict) else ())
            if (hold := _hold(it)) is not None
        },
    )


def _number(value: JsonValue) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) < 1e15 else None  # noqa: PLR2004 - no time of anybody's


def _endpoints(value: JsonValue) -> Endpoints | None:
    if not isinstance(value, dict):
        return None
    token, authorization, realm = (value.get(it) for it in ("token", "authorization", "realm"))
    if not (isinstance(token, str) and isinstance(authorization, str) and isinstance(realm, str)):
        return None
    issuer, device = value.get("issuer"), value.get("device_authorization")
    return Endpoints(
        token=token,
        authorization=authorization,
        realm=realm,
        issuer=issuer if isinstance(issuer, str) else None,
        device_authorization=device if isinstance(device, str) else None,
    )


def _hold(value: JsonValue) -> Hold | None:
    if not isinstance(value, dict):
        return None
    until, since = _number(value.get("until")), _number(value.get("since"))
    status, members = value.get("status"), value.get("members")
    if until is None or since is None or isinstance(status, bool) or not isinstance(status, int):
        return None
    if not isinstance(members, dict):
        return None
    return Hold(until=until, since=since, status=status, members=members)
