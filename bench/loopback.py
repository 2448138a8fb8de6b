"""A token endpoint behind TLS on loopback, in a process of its own.

It is small, so that the client is what is measured: one protocol class, HTTP/1.1 kept alive,
answers made beforehand. The certificate authority is thrown away with its folder.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from attrs import frozen

from bench.answers import app_response, discovery_document
from bench.processes import ROOT
from bench.tenant import SHORT_LIFE

__all__ = ["Served", "served"]

_HEAD: Final = (
    b"HTTP/1.1 200 OK\r\nCache-Control: no-store, no-cache\r\nPragma: no-cache\r\n"
    b"Content-Type: application/json; charset=utf-8\r\nExpires: -1\r\n"
    b"Strict-Transport-Security: max-age=31536000; includeSubDomains\r\n"
    b"X-Content-Type-Options: nosniff\r\nx-ms-request-id: 5d6a8f5e-0000-4000-8000-000000000000\r\n"
    b"Set-Cookie: fpc=AAAA; path=/; secure; HttpOnly; SameSite=None\r\nContent-Length: "
)


@frozen
class Served:
    """Where the server is (`https://localhost:port`), and the file to trust it by."""

    base: str
    authority_file: str


def _response(text: str) -> bytes:
    body = text.encode()
    return _HEAD + str(len(body)).encode() + b"\r\n\r\n" + body


class _Endpoint(asyncio.Protocol):
    """Answers requests as they come, one after the other."""

    token: Final = _response(json.dumps(app_response(7, SHORT_LIFE)))
    base = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep where answers go."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._read = b""

    def data_received(self, data: bytes) -> None:
        """Answer what is complete."""
        self._read += data
        while (end := self._read.find(b"\r\n\r\n")) >= 0:
            head = self._read[:end].lower()
            _, named, rest = head.partition(b"content-length:")
            length = int(rest.split(b"\r\n", 1)[0]) if named else 0
            if len(self._read) < end + 4 + length:
                return
            self._read = self._read[end + 4 + length :]
            path = head.split(b" ", 2)[1].decode()
            self._transport.write(
                self.token
                if path.endswith("/token")
                else _response(discovery_document(path.split("/")[1], self.base))
            )


async def _serve(folder: Path) -> None:
    from sansio_auth_adapters.testing.certificates import Authority

    context = Authority(folder).server("localhost", "127.0.0.1")
    loop = asyncio.get_running_loop()
    server = await loop.create_server(_Endpoint, "127.0.0.1", 0, ssl=context)
    _Endpoint.base = f"https://localhost:{server.sockets[0].getsockname()[1]}"
    print(_Endpoint.base, flush=True)
    await server.serve_forever()


@contextmanager
def served() -> Iterator[Served]:
    """Have the server run meanwhile."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "bench.loopback", folder]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            try:
                base = process.stdout.readline().strip()
                if not base:
                    raise RuntimeError("the server on loopback did not start")
                yield Served(base, str(Path(folder) / "authority.pem"))
            finally:
                process.terminate()


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1])))
