"""The transports that the contract suite is run over.

A new one joins with one more entry of `SUBJECTS`: how it is made, and whether it reads from its
connections itself. One that has to be awaited joins behind a transport that runs its loop.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from typing import Final

import httpx
import requests

from sansio_auth_adapters.ports import AsyncTransport, Transport
from sansio_auth_adapters.testing.loops import Looped
from sansio_auth_adapters.testing.subject import Subject, Wishes
from sansio_auth_adapters.transports._tls import checked_verify, tls_context
from sansio_auth_adapters.transports.aiohttp import AiohttpTransport
from sansio_auth_adapters.transports.http_client import HttpClientTransport
from sansio_auth_adapters.transports.httpx import AsyncHttpxTransport, HttpxTransport
from sansio_auth_adapters.transports.threads import ThreadsTransport
from sansio_auth_adapters.transports.urllib3 import Urllib3Transport

__all__ = ["SUBJECTS"]


def _urllib3(wishes: Wishes) -> Transport:
    return Urllib3Transport(verify=wishes.verify, proxies=wishes.proxies, timeout=wishes.timeout)


def _session(wishes: Wishes) -> Transport:
    session = requests.Session()
    session.trust_env = wishes.proxies is None
    session.verify = wishes.verify
    session.proxies = {name: url for name, url in (wishes.proxies or {}).items() if url}
    options = {} if wishes.timeout is None else {"timeout": wishes.timeout}
    return HttpClientTransport(session, options)


def _httpx(wishes: Wishes) -> Transport:
    return HttpxTransport(verify=wishes.verify, proxies=wishes.proxies, timeout=wishes.timeout)


def _httpx_client(wishes: Wishes) -> Transport:
    context = tls_context(checked_verify(wishes.verify))
    client = httpx.Client(
        verify=context, trust_env=wishes.proxies is None, mounts=_mounts(wishes, context)
    )
    return HttpxTransport(client, timeout=wishes.timeout)


def _mounts(wishes: Wishes, context: ssl.SSLContext) -> dict[str, httpx.HTTPTransport]:
    return {
        f"{scheme}://": httpx.HTTPTransport(verify=context, proxy=url)
        for scheme, url in (wishes.proxies or {}).items()
        if url
    }


def _own(kind: Callable[..., AsyncTransport]) -> Callable[[Wishes], AsyncTransport]:
    def make(wishes: Wishes) -> AsyncTransport:
        return kind(verify=wishes.verify, proxies=wishes.proxies, timeout=wishes.timeout)

    return make


def _threads(wishes: Wishes) -> AsyncTransport:
    return ThreadsTransport(_urllib3(wishes))


def _in(loop: str, make: Callable[[Wishes], AsyncTransport]) -> Callable[[Wishes], Transport]:
    def looped(wishes: Wishes) -> Transport:
        return Looped.made(loop, lambda: make(wishes))

    return looped


#: What h11, behind httpx and httpx2, reads in its own way: it refuses the same, in other words.
_H11: Final = frozenset(
    {
        "test_bytes_beyond_the_length_are_no_answer_to_anything",
        "test_interim_responses_without_end_are_refused",
        "test_headers_beyond_bounds_are_refused",
        f"test_what_is_left_of_a_refused_body_is_no_answer: {10**30}",
    }
)
_AIOHTTP: Final = frozenset(
    {
        "test_an_exchange_ends_at_its_deadline: drips its status line",
        "test_what_breaks_off_is_incomplete: status below 100",
        "test_what_breaks_off_is_sent_once_and_said_to_be: status below 100",
        "test_no_error_tells_a_secret: status below 100",
        "test_interim_responses_without_end_are_refused",
        "test_headers_beyond_bounds_are_refused",
        f"test_what_is_left_of_a_refused_body_is_no_answer: {10**30}",
    }
)
#: A client that the caller made warns of what it does not verify, or does not, and closes for good.
_INJECTED: Final = frozenset(
    {
        "test_verification_can_be_switched_off_and_is_warned_of",
        "test_after_closing_a_request_opens_a_new_connection",
        "test_a_proxy_that_is_not_there_is_of_its_kind",
        "test_a_redirect_to_anywhere_is_left_alone: javascript:alert(1)",
    }
)

SUBJECTS: Final = (
    Subject("urllib3", _urllib3, reads_itself=True),
    Subject("requests.Session", _session, reads_itself=False),
    Subject("httpx.Client", _httpx_client, reads_itself=False, leaves=_H11 | _INJECTED),
    Subject("httpx2", _httpx, reads_itself=False, leaves=_H11),
    Subject(
        "httpx2-asyncio", _in("asyncio", _own(AsyncHttpxTransport)), reads_itself=True, leaves=_H11
    ),
    Subject("httpx2-trio", _in("trio", _own(AsyncHttpxTransport)), reads_itself=True, leaves=_H11),
    Subject("aiohttp", _in("asyncio", _own(AiohttpTransport)), reads_itself=True, leaves=_AIOHTTP),
    Subject("urllib3-asyncio", _in("asyncio", _threads), reads_itself=True),
    Subject("urllib3-trio", _in("trio", _threads), reads_itself=True),
)
