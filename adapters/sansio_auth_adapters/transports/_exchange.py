"""What bounds one exchange: its seconds, the bytes of its body, the codings that may be undone.

Knows a monotonic clock and zlib. Refuses to know sockets and HTTP libraries: whoever has bytes
to read hands over a function that reads them. Both transports share these rules, so the same
answer is refused by both for the same reason.
"""

from __future__ import annotations

import math
import time
import zlib
from collections.abc import Callable
from typing import Final, Protocol, TypeAlias, cast

from attrs import define, field, frozen

from sansio_auth.errors import ConfigurationError, TransportError
from sansio_auth.wire import HttpResponse, Pairs

__all__ = [
    "CHUNK",
    "DEFAULT_SECONDS",
    "GRACE",
    "Body",
    "Bounds",
    "Exchange",
    "Waits",
    "answered",
    "bounds_of",
    "read_body",
]

#: A number of seconds, a (connect, read) pair, or None for the default.
Waits: TypeAlias = float | tuple[float | None, float | None] | None

#: Seconds that an exchange may take in total where nobody says anything else.
DEFAULT_SECONDS: Final = 30.0

#: Bytes that are read at a time.
CHUNK: Final = 65_536
_STATUSES: Final = range(100, 1000)
#: Seconds by which a client's own wait may end before the task is cancelled: it can tidy up then.
GRACE: Final = 0.05
#: A socket's timer may fire a moment before the clock says so; this near, the time is over.
_TIMER_SLACK: Final = 0.01


@frozen
class Bounds:
    """Seconds: for each wait while connecting, for each wait while reading, and in total."""

    connect: float = math.inf
    read: float = math.inf
    total: float = DEFAULT_SECONDS


def _seconds(value: object) -> float:
    if value is None:
        return math.inf
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
        raise ConfigurationError(
            "timeout: positive seconds, a (connect, read) pair of them, or None", code="timeout"
        )
    return float(value)


def bounds_of(timeout: object) -> Bounds:
    """Return what a `timeout` argument of requests' shapes means; raises `ConfigurationError`.

    A number bounds each wait and the exchange in total; of a pair, each its own wait and the sum
    the total. None, also inside a pair, sets no bound of its own: the total is 30 seconds.
    """
    if timeout is None:
        return Bounds()
    if not isinstance(timeout, tuple):
        each = _seconds(timeout)
        return Bounds(each, each, each)
    match cast("tuple[object, ...]", timeout):
        case (first, second):
            connect, read = _seconds(first), _seconds(second)
        case _:
            raise ConfigurationError("timeout: a pair is (connect, read)", code="timeout")
    total = connect + read
    return Bounds(connect, read, total if total < math.inf else DEFAULT_SECONDS)


@define(eq=False, repr=False)
class Exchange:
    """One request under way: when it must be over, and whether any byte of it went out.

    `end` is a reading of the monotonic clock, in seconds.
    """

    bounds: Bounds
    end: float
    sent: bool = False

    @classmethod
    def begin(cls, bounds: Bounds, timeout: float) -> Exchange:
        """Return an exchange that begins now and has that many seconds, or its bounds' fewer."""
        return cls(bounds, time.monotonic() + min(bounds.total, timeout))

    @property
    def over(self) -> bool:
        """Whether the time is up."""
        return self.end - time.monotonic() <= _TIMER_SLACK

    def wait(self, at_most: float, share: int = 1) -> float:
        """Return the seconds that the next wait may take; raises `TimeoutError` at the end.

        `share` is the number of attempts that the time left is to be divided among.
        """
        left = self.end - time.monotonic()
        if left <= 0:
            raise TimeoutError("the time for this exchange is over")
        return min(left / share, at_most)


def answered(status: int, headers: Pairs, body: bytes) -> HttpResponse:
    """Return a response; raises `TransportError` for a status that HTTP does not have."""
    if status not in _STATUSES:
        raise TransportError(f"{status} is no status of HTTP", kind="incomplete")
    return HttpResponse(status, headers, body)


@define(eq=False, repr=False)
class _Plain:
    """A body that is not coded, or in a coding that nobody here can undo."""

    complete: bool = True

    def feed(self, data: bytes, room: int) -> bytes:
        """Return the bytes as they are, with no more than one byte beyond the room."""
        return data[:room]


class _Inflater(Protocol):
    """What `zlib.decompressobj` makes; its type has no public name."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int = 0, /) -> bytes: ...


@define(eq=False, repr=False)
class _Inflated:
    """A gzip or deflate body, undone no further than there is room (RFC 9110 section 8.4.1)."""

    gzip: bool
    _inflater: _Inflater | None = field(default=None)

    @property
    def complete(self) -> bool:
        """Whether the stream came to its own end; an empty body is one too."""
        return self._inflater is None or self._inflater.eof

    def _start(self, first: int) -> _Inflater:
        if self.gzip:
            return zlib.decompressobj(16 + zlib.MAX_WBITS)
        # Observed: some servers send deflate without the zlib wrapper, whose first byte says
        # "method 8" in its low half.
        wrapped = first & 0x0F == zlib.DEFLATED
        return zlib.decompressobj(zlib.MAX_WBITS if wrapped else -zlib.MAX_WBITS)

    def feed(self, data: bytes, room: int) -> bytes:
        """Return what the bytes decode to, `room` bytes at most (room is at least 1)."""
        out = bytearray()
        while data and len(out) < room:
            inflater = self._inflater
            if inflater is None or (inflater.eof and self.gzip):
                inflater = self._start(data[0])  # gzip: one member may follow another
            elif inflater.eof:
                break
            self._inflater = inflater
            out += inflater.decompress(data, room - len(out))
            data = inflater.unused_data if inflater.eof else b""
        return bytes(out)


def _decoder(coding: str | None) -> _Plain | _Inflated:
    match (coding or "").strip().lower():
        case "gzip" | "x-gzip":
            return _Inflated(gzip=True)
        case "deflate":
            return _Inflated(gzip=False)
        case _:
            # None was asked for. What cannot be undone stays as it is and is not JSON then,
            # which is how the answer is refused.
            return _Plain()


class Body:
    """A body that comes in pieces, as they are on the wire; bounded in bytes and in time.

    No more than one piece beyond `max_bytes` is ever held, whatever the body would decode to.
    `feed` and `finish` raise `TransportError` when it is too large, late or broken off.
    """

    def __init__(self, exchange: Exchange, *, coding: str | None, max_bytes: int) -> None:
        self._exchange: Final = exchange
        self._max_bytes: Final = max_bytes
        self._decoder: Final = _decoder(coding)
        self._decoded: Final = bytearray()
        self._received = 0

    def feed(self, piece: bytes) -> None:
        """Take the next piece."""
        self._received += len(piece)
        room = self._max_bytes + 1 - len(self._decoded)
        try:
            self._decoded.extend(self._decoder.feed(piece, room))
        except zlib.error as error:
            raise TransportError("the body's coding is broken", kind="incomplete") from error
        if len(self._decoded) > self._max_bytes or self._received > self._max_bytes + CHUNK:
            raise TransportError(
                f"the body is beyond {self._max_bytes} bytes", kind="body_too_large"
            )
        if self._exchange.over:
            raise TransportError("the time for this exchange is over", kind="deadline")

    def finish(self) -> bytes:
        """Return the decoded body."""
        if not self._decoder.complete:
            raise TransportError("the coded body broke off", kind="incomplete")
        return bytes(self._decoded)


def read_body(
    read: Callable[[int], bytes | None], exchange: Exchange, *, coding: str | None, max_bytes: int
) -> bytes:
    """Return a decoded body; `read(n)` gives up to n bytes of it, nothing at the end."""
    body = Body(exchange, coding=coding, max_bytes=max_bytes)
    while piece := read(CHUNK):
        body.feed(piece)
    return body.finish()
