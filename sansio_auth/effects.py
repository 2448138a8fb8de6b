"""The five things a script can ask of the world.

An effect is a question as a frozen value; the shell that answers it is somebody else's business.
Every effect says in its type what may be answered and checks an answer when it arrives, so that
an adapter's mistake shows where it was made. Nothing here does anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Generic, Literal, TypeAlias, TypeVar

from attrs import field, frozen

from sansio_auth.partition import (
    Accounts,
    AppTokens,
    Found,
    Knowledge,
    KnowledgeKey,
    Partition,
    PartitionKey,
    Query,
    Tokens,
)
from sansio_auth.secret import Confidential
from sansio_auth.wire import HttpRequest, HttpResponse

if TYPE_CHECKING:
    from sansio_auth._assertion import UnsignedAssertion
    from sansio_auth.partition import Fact

__all__ = [
    "AnyEffect",
    "AssertionContext",
    "Effect",
    "Failure",
    "FailureKind",
    "GetAssertion",
    "Load",
    "Save",
    "SendHttp",
    "Sleep",
]

A_co = TypeVar("A_co", covariant=True)

FailureKind: TypeAlias = Literal[
    "connect", "tls", "client_certificate", "timeout", "deadline", "incomplete", "proxy", "closed",
    "body_too_large", "redirect_refused", "callback", "store", "unknown",
]  # fmt: skip

_STATUS: Final = range(100, 600)
_QUERIES: Final = (Accounts, AppTokens)


@frozen
class Failure(Confidential):
    """An effect that could not be carried out.

    `sent` tells whether any byte of a request may have reached the server. `error` is the name of
    the exception's type; `cause` is the exception itself, for chaining and nothing else.
    """

    kind: FailureKind
    sent: bool = True
    error: str = ""
    cause: BaseException | None = field(default=None, repr=False, eq=False)


_ASSERTED: Final = (str, Failure)


class Effect(Generic[A_co]):
    """A question whose answer is an `A_co`, or a `Failure` where the effect says so."""

    __slots__ = ()

    def objection(self, value: object) -> str | None:
        """Return why a value cannot be the answer, or None."""
        raise NotImplementedError


@frozen
class SendHttp(Effect[HttpResponse | Failure]):
    """Send one request and read the whole response; never follow a redirect, never retry."""

    request: HttpRequest

    def objection(self, value: object) -> str | None:
        """Return why a value is no response: wrong type, or a status that does not exist."""
        if not isinstance(value, HttpResponse):
            if isinstance(value, Failure):
                return None
            return f"SendHttp is answered by an HttpResponse or a Failure, not {_name(value)}"
        status: object = value.status
        if not isinstance(status, int) or status not in _STATUS:
            return "the transport gave a status that is no HTTP status"
        if not isinstance(value.body, bytes):
            return f"the transport gave a body of {_name(value.body)}, not bytes"
        return None


@frozen
class AssertionContext:
    """What whoever makes an assertion may want to know."""

    client_id: str
    token_endpoint: str
    tenant: str
    correlation_id: str
    fmi_path: str | None = None


@frozen
class GetAssertion(Effect[str | Failure]):
    """Produce a client assertion: sign `claims`, or where they are None, make or fetch one."""

    claims: UnsignedAssertion | None
    context: AssertionContext

    def objection(self, value: object) -> str | None:
        """Return why a value is neither a text nor a failure."""
        if isinstance(value, _ASSERTED):
            return None
        return f"GetAssertion is answered by a str or a Failure, not {_name(value)}"


@frozen
class Sleep(Effect[None]):
    """Wait that many seconds."""

    seconds: float

    def objection(self, value: object) -> str | None:
        """Return why anything but None is no answer."""
        return None if value is None else f"Sleep is answered by None, not {_name(value)}"


@frozen
class Load(Effect[Partition | Found | Failure]):
    """Fetch one partition, or ask the store's index; an unknown key is an empty partition."""

    key: PartitionKey | Query

    def objection(self, value: object) -> str | None:
        """Return why a value is neither a failure nor what the key is answered by."""
        return _objection("Load", self.key, value)


@frozen
class Save(Effect[Partition | Failure]):
    """Apply facts to partitions; the answer is the first key's newest partition."""

    changes: tuple[tuple[PartitionKey, tuple[Fact, ...]], ...]

    def objection(self, value: object) -> str | None:
        """Return why a value is neither a failure nor a partition of the first key's kind."""
        return _objection("Save", self.changes[0][0], value)


AnyEffect: TypeAlias = SendHttp | GetAssertion | Sleep | Load | Save


def _name(value: object) -> str:
    return type(value).__name__


def _objection(effect: str, key: PartitionKey | Query, value: object) -> str | None:
    """Return why a value is not of the kind that a key or a query is answered by."""
    if isinstance(key, KnowledgeKey):
        kind: type = Knowledge
    else:
        kind = Found if isinstance(key, _QUERIES) else Tokens
    if isinstance(value, (kind, Failure)):
        return None
    wanted = f"{kind.__name__} or a Failure"
    return f"{effect} of {_name(key)} is answered by {wanted}, not {_name(value)}"
