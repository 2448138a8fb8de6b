"""The whole call over TLS on loopback, kept alive, each library on its own transport."""

from __future__ import annotations

from collections.abc import Iterator

import urllib3

from bench.answers import CLIENT, REALM, SCOPE, SECRET
from bench.effort import Effort
from bench.libraries import present
from bench.lines import FLOOR, Goal, Line, compared
from bench.loopback import Served, served
from bench.timing import Batch, interleaved, repeated
from sansio_auth.wire import form_encode

__all__ = ["rows"]


def _floor(server: Served) -> Batch:
    """Return a bare POST of a form like ours on a pool like ours."""
    pool = urllib3.connection_from_url(server.base, ca_certs=server.authority_file, retries=False)
    body = form_encode((
        ("client_id", CLIENT), ("grant_type", "client_credentials"), ("client_info", "1"),
        ("client_secret", SECRET), ("scope", SCOPE),
    )).encode()  # fmt: skip
    headers = {
        "Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json",
    }  # fmt: skip
    path = f"/{REALM}/oauth2/v2.0/token"
    return repeated(lambda: pool.urlopen("POST", path, body=body, headers=headers).data)


def rows(effort: Effort) -> Iterator[Line]:
    """Yield the time of a whole call beside that of urllib3 alone."""
    with served() as server:
        batches = {name: repeated(it.over_tls(server)) for name, it in present().items()}
        batches[FLOOR] = _floor(server)
        title = "whole call over TLS on loopback, kept alive"
        yield compared(title, interleaved(batches, effort), Goal(1.4, FLOOR))
