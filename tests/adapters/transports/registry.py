"""The transports that the contract suite is run over.

A new one joins with one more entry of `SUBJECTS`: how it is made, and whether it reads from its
connections itself. One that has to be awaited joins behind a transport that runs its loop.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import requests
from attrs import field, frozen

from sansio_auth_adapters.ports import Transport
from sansio_auth_adapters.transports._exchange import Waits
from sansio_auth_adapters.transports.http_client import HttpClientTransport
from sansio_auth_adapters.transports.urllib3 import Urllib3Transport

__all__ = ["SUBJECTS", "Subject", "Wishes"]


@frozen
class Wishes:
    """What a test wants of its transport, in MSAL's words; by default no proxy."""

    verify: bool | str = True
    proxies: Mapping[str, str | None] | None = field(factory=dict[str, str | None])
    timeout: Waits = None


@frozen
class Subject:
    """One transport under the contract.

    `reads_itself` says that the adapter drives the connection. Only such a one can end an exchange
    in the middle of a read, stop inflating at the cap, and know what went out. Where somebody
    else's client does the reading, that client decides over cookies, netrc and interim responses
    too, and the tests of those obligations are not run.
    """

    name: str
    make: Callable[[Wishes], Transport]
    reads_itself: bool


def _urllib3(wishes: Wishes) -> Transport:
    return Urllib3Transport(verify=wishes.verify, proxies=wishes.proxies, timeout=wishes.timeout)


def _session(wishes: Wishes) -> Transport:
    session = requests.Session()
    session.trust_env = wishes.proxies is None
    session.verify = wishes.verify
    session.proxies = {name: url for name, url in (wishes.proxies or {}).items() if url}
    options = {} if wishes.timeout is None else {"timeout": wishes.timeout}
    return HttpClientTransport(session, options)


SUBJECTS: Final = (
    Subject("urllib3", _urllib3, reads_itself=True),
    Subject("requests.Session", _session, reads_itself=False),
)
