"""The head of a response, read in time, in bounds, and as the final one.

Reads what HTTP/1.x puts before a body (RFC 9112 sections 4 and 5) into what the standard library's
`HTTPResponse` needs to read the body itself. The standard library would take a parser of e-mail to
a head, which costs more than TLS does. Every single read, head or body, gets no more than the time
that is left. Knows nothing of pools, proxies and retries.
"""

from __future__ import annotations

import http.client
import io
import re
import socket
import threading
from typing import Any, BinaryIO, Final, TypeAlias, cast

from sansio_auth.wire import MAX_HEADER_BYTES
from sansio_auth_adapters.transports._exchange import Exchange

__all__ = ["HeadersTooLarge", "Response", "current_exchange", "serving"]

#: What bounds one line and the number of fields in the standard library, too.
_LINE: Final = 65_536
_FIELDS: Final = 100
_STATUS_LINE: Final = re.compile(r"(HTTP/[0-9.]+)[ \t]+([1-9][0-9]{2})(?:[ \t]([^\r\n]*))?\r?\n")
_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_LENGTH: Final = re.compile(r"[0-9]{1,18}")
_CHUNK: Final = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\r\n]*)?\r?\n")
_BLANK: Final = frozenset({b"\r\n", b"\n"})
#: What surrounds a value; Python's own notion of white space is wider.
_SPACE: Final = " \t\r\n"
#: The fields that say where a body ends.
_FRAMING: Final = frozenset({"transfer-encoding", "content-length", "connection"})
_BODILESS: Final = frozenset({http.HTTPStatus.NO_CONTENT, http.HTTPStatus.NOT_MODIFIED})

_Fields: TypeAlias = "list[tuple[str, str]]"


class _Serving(threading.local):
    """The exchange that this thread carries.

    urllib3 opens connections and reads from them deep inside one call, and has no parameter that
    reaches there.
    """

    exchange: Exchange | None = None


serving: Final = _Serving()


def current_exchange() -> Exchange:
    """Return the exchange that this thread carries."""
    if serving.exchange is None:
        raise RuntimeError("a connection was used outside of an exchange")
    return serving.exchange


class HeadersTooLarge(http.client.HTTPException):
    """More header bytes or fields than a response of ours has."""


class _TimedReader(io.RawIOBase):
    """Reads from a socket, each time with the time that is left."""

    def __init__(self, sock: socket.socket, raw: io.RawIOBase) -> None:
        super().__init__()
        self._sock = sock
        self._raw = raw
        self._count = 0
        self.in_headers = True

    def begin_fields(self) -> None:
        """Count from here: no more bytes of fields come than a response may have."""
        self._count = 0
        self.in_headers = True

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:  # noqa: ANN401 - a buffer has no public type
        if self.in_headers and self._count > MAX_HEADER_BYTES:
            raise HeadersTooLarge(f"more than {MAX_HEADER_BYTES} bytes of headers")
        exchange = current_exchange()
        self._sock.settimeout(exchange.wait(exchange.bounds.read))
        count = self._raw.readinto(buffer)
        self._count += count or 0
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


class Response(http.client.HTTPResponse):
    """A response that is read in time, and is the final one."""

    def __init__(
        self,
        sock: socket.socket,
        debuglevel: int = 0,
        method: str | None = None,
        url: str | None = None,
    ) -> None:
        super().__init__(sock, debuglevel, method, url)
        self._reader = _TimedReader(sock, self.fp.detach())
        self.fp = io.BufferedReader(self._reader)

    def begin(self) -> None:
        """Read status and fields; interim responses (RFC 9110 section 15.2) are passed over.

        The standard library passes over 100 only. What follows another one would stay in the
        connection and be taken for the answer to the next request.
        """
        version, status, reason = _read_status(self.fp)
        fields = _read_fields(self.fp)
        while status != http.HTTPStatus.SWITCHING_PROTOCOLS and status < http.HTTPStatus.OK:
            version, status, reason = _read_status(self.fp)
            fields = _read_fields(self.fp)
        self._reader.in_headers = False
        self.version = 11 if version != "HTTP/1.0" else 10
        self.code = self.status = status
        self.reason = reason
        self.headers = self.msg = _message(fields)
        self._frame(_told(fields))

    def _frame(self, told: dict[str, str]) -> None:
        """Say where the body ends (RFC 9112 section 6.3), in the standard library's words.

        Where that is in doubt it ends with the connection, which then serves no other request.
        Lengths that disagree are refused here: urllib3 would do so with the socket still open.
        """
        bodiless = self.status in _BODILESS or self.status < http.HTTPStatus.OK
        coding = told.get("transfer-encoding")
        self.chunked = coding == "chunked" and not bodiless
        self.chunk_left = None
        self.length = 0 if bodiless else None
        lengths = {it.strip(_SPACE) for it in told.get("content-length", "").split(",")}
        length = lengths.pop()
        if lengths:
            raise http.client.IncompleteRead(b"")
        if not bodiless and coding is None and _LENGTH.fullmatch(length):
            self.length = int(length)
        connection = told.get("connection", "")
        kept = "close" not in connection if self.version == 11 else "keep-alive" in connection  # noqa: PLR2004 - HTTP/1.1
        self.will_close = not kept or bodiless or (self.length is None and not self.chunked)

    def _read_next_chunk_size(self) -> int:
        """In place of the standard library's, to which `-5`, `+5` and `0_5` are sizes.

        Raises `ValueError`, which becomes an `IncompleteRead` there.
        """
        found = _CHUNK.fullmatch(_read_line(self.fp))
        if found is None:
            raise ValueError("no size of a chunk")
        return int(found[1], 16)

    def _read_and_discard_trailer(self) -> None:
        """In place of the standard library's, which reads fields without end."""
        self._reader.begin_fields()
        while line := _read_line(self.fp):
            if line in _BLANK:
                break


def _told(fields: _Fields) -> dict[str, str]:
    """Return what the fields say of where the body ends; one that is repeated is one list."""
    told: dict[str, str] = {}
    for field, value in fields:
        name = field.lower()
        if name in _FRAMING:
            told[name] = f"{told[name]},{value.lower()}" if name in told else value.lower()
    return told


def _message(fields: _Fields) -> http.client.HTTPMessage:
    message = http.client.HTTPMessage()
    for name, value in fields:
        message.set_raw(name, value)
    return message


def _read_line(stream: BinaryIO) -> bytes:
    line = stream.readline(_LINE + 1)
    if len(line) > _LINE:
        raise http.client.LineTooLong("header line")
    return line


def _read_status(stream: BinaryIO) -> tuple[str, int, str]:
    """Return version, status and reason of a status line (RFC 9112 section 4)."""
    line = str(_read_line(stream), "iso-8859-1")
    if not line:
        raise http.client.RemoteDisconnected("the server closed the connection unanswered")
    found = _STATUS_LINE.fullmatch(line)
    if found is None:
        raise http.client.BadStatusLine("no status line of HTTP")
    version, status, reason = cast("tuple[str, str, str | None]", found.groups())
    if not version.startswith("HTTP/1."):
        raise http.client.UnknownProtocol(version)
    return version, int(status), (reason or "").strip()


def _read_fields(stream: BinaryIO) -> _Fields:
    """Return the fields of a head, folded lines put together; what is no field is passed over."""
    fields: _Fields = []
    while (line := _read_line(stream)) not in _BLANK:
        if not line:
            raise http.client.IncompleteRead(b"")
        text = str(line, "iso-8859-1")
        name, colon, value = text.partition(":")
        if line[:1] in b" \t":
            if fields:
                before = fields.pop()
                fields.append((before[0], f"{before[1]} {text.strip(_SPACE)}".lstrip(_SPACE)))
        elif colon and _NAME.fullmatch(name):
            fields.append((name, value.strip(_SPACE)))
        if len(fields) > _FIELDS:
            raise HeadersTooLarge(f"more than {_FIELDS} fields")
    return fields
