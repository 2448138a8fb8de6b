"""Answers that come late."""

from __future__ import annotations

import threading
from typing import Any, Final

import pytest

from sansio_auth.wire import HttpRequest, HttpResponse
from sansio_auth_adapters import ConfidentialClientApplication
from tests.faults.rows import row

_TENANT: Final = "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555"


class _Late:
    """A transport that is closed while its answer is on the way."""

    def __init__(self) -> None:
        self.asked, self.release = threading.Event(), threading.Event()

    def send(self, request: HttpRequest) -> HttpResponse:
        self.asked.set()
        assert self.release.wait(20)
        body = b'{"access_token": "AT", "token_type": "Bearer", "expires_in": 3600}'
        return HttpResponse(200, (), body)

    def close(self) -> None:
        """Hold nothing."""


@pytest.mark.parametrize("callers", [row(201, "closed-meanwhile", 1)])
def test_an_answer_that_comes_after_closing_is_not_lost(callers: int) -> None:
    """A token that was issued is given to whoever waits, and kept (I-2 outranks the close)."""
    line = _Late()
    app = ConfidentialClientApplication("client", "secret", _TENANT, http_client=line)
    got: list[Any] = []

    def ask() -> None:
        got.append(app.acquire_token_for_client(["s/.default"]))

    threads = [threading.Thread(target=ask) for _ in range(callers)]
    for thread in threads:
        thread.start()
    assert line.asked.wait(20)
    app.close()
    line.release.set()
    for thread in threads:
        thread.join(20)
    assert {it.get("access_token") for it in got} == {"AT"}
    assert len(got) >= 1
    assert app.acquire_token_for_client(["s/.default"])["token_source"] == "cache"
