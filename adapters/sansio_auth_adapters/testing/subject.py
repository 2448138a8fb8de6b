"""What the contract is run over: a way to make a transport, and what it leaves to a client."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from attrs import field, frozen

from sansio_auth_adapters.ports import Transport
from sansio_auth_adapters.transports._exchange import Waits

__all__ = ["Subject", "Wishes"]


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
    too, and the tests of those obligations are not run. `leaves` names further tests, or single
    cases of them, of what the client decides in its own way.
    """

    name: str
    make: Callable[[Wishes], Transport]
    reads_itself: bool
    leaves: frozenset[str] = frozenset()

    def owes(self, test: str, case: str) -> bool:
        """Whether a test, or the case of that name, is an obligation of this transport."""
        return not any(left in {test, f"{test}: {case}"} for left in self.leaves)
