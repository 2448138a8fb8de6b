"""What a library is asked to do, in its own documented way, against the tenant of a benchmark.

A method returns what is then called again and again; None says that the library has no such thing,
and a row goes on without it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import ClassVar, TypeAlias

from bench.answers import REALM
from bench.keys import Certificate
from bench.loopback import Served
from bench.tenant import Tenant

__all__ = ["AsyncCall", "Call", "Library"]

Call: TypeAlias = Callable[[], object]
AsyncCall: TypeAlias = Callable[[], Awaitable[object]]


class Library:
    """One library; every call it gives is the shortest that its documentation offers."""

    name: ClassVar[str]
    #: How the calls that are awaited are named in a table.
    async_name: ClassVar[str]
    #: Whether callers who ask at once can share what the library remembers.
    shares: ClassVar[bool] = True

    def app_token(self, tenant: Tenant, realm: str = REALM) -> Call:
        """Return a call for an application's token, which is answered from memory if it can be."""
        raise NotImplementedError

    def async_app_token(self, tenant: Tenant) -> AsyncCall | None:
        """`app_token`, awaited."""
        del tenant
        return None

    def request(self, tenant: Tenant, certificate: Certificate | None = None) -> Call:
        """Return a call that sends a token request every time.

        With a certificate each request carries a signature of its own. The tokens of `tenant` are
        too short-lived to be served again.
        """
        raise NotImplementedError

    def on_behalf_of(self, tenant: Tenant) -> Call | None:
        """Return a call for the token of one user, who is always the same."""
        del tenant
        return None

    def over_tls(self, served: Served) -> Call:
        """Return a call that sends a token request over the library's own transport."""
        raise NotImplementedError
