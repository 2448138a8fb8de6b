"""Every exception this library raises, in one tree.

The tree answers one question: whose turn is it to act? You passed something impossible
(`ConfigurationError`), you broke the conversation (`FlowError`), they broke the protocol
(`AuthorityError`, `ResponseError`), your credential callback failed (`AssertionFailed`), the
service failed (`ServiceError`) or the world did (`TransportError`). A refusal by the identity
provider is not here: it is a value, `sansio_auth.results.Refusal`.

This module knows nothing of HTTP, of tokens or of the cache, and no message it builds may carry
a secret or a response body.
"""

from __future__ import annotations

from typing import Self

__all__ = [
    "AssertionFailed",
    "AuthorityError",
    "ConfigurationError",
    "FlowError",
    "ResponseError",
    "SansioAuthError",
    "ServiceError",
    "TransportError",
]


class SansioAuthError(Exception):
    """The root of the tree.

    Attributes:
        code: a stable snake_case word for programs, such as `response_not_json`.
        correlation_id: the id sent as `client-request-id`, where a request was being made.
        retryable: whether the same call may succeed later without any change.
        retry_at: POSIX seconds before which asking again is pointless, or None.
        stage: the step that failed (`discovery`, `assertion`, `token` ...), or None.
    """

    code: str
    correlation_id: str | None
    retryable: bool
    retry_at: float | None
    stage: str | None

    def __init__(
        self,
        message: str = "",
        *,
        code: str = "",
        correlation_id: str | None = None,
        retryable: bool = False,
        retry_at: float | None = None,
        stage: str | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.correlation_id = correlation_id
        self.retryable = retryable
        self.retry_at = retry_at
        self.stage = stage

    def again(self) -> Self:
        """Return an equal error with the same `__cause__` and no traceback of its own.

        One failure may have many waiters; each raises its own copy, so that their tracebacks
        do not grow into each other.
        """
        twin = type(self).__new__(type(self), *self.args)
        twin.args = self.args
        twin.__dict__.update(self.__dict__)
        twin.__cause__ = self.__cause__
        twin.__suppress_context__ = True
        return twin


class ConfigurationError(SansioAuthError, ValueError):
    """You passed something impossible; raised before any effect."""


class FlowError(SansioAuthError, RuntimeError):
    """You broke the conversation with a flow: a bug in the code that drives it."""


class AuthorityError(SansioAuthError, ValueError):
    """Discovery says that this authority is not one, or it points somewhere it must not.

    Attributes:
        status: the HTTP status of the answer where that was the trouble, else None.
    """

    status: int | None = None


class ResponseError(SansioAuthError, ValueError):
    """They broke the protocol: an answer that OAuth 2.0 does not allow."""


class AssertionFailed(SansioAuthError):  # noqa: N818 - the architecture's word
    """A credential callback failed or returned something that is no assertion."""


class ServiceError(SansioAuthError):
    """The service failed (5xx). Raised by the MSAL-shaped application only.

    Attributes:
        status: the HTTP status.
    """

    status: int

    def __init__(  # noqa: PLR0913 - the members every error of the tree carries
        self,
        message: str = "",
        *,
        status: int = 500,
        code: str = "server_error",
        correlation_id: str | None = None,
        retryable: bool = True,
        retry_at: float | None = None,
        stage: str | None = None,
    ) -> None:
        super().__init__(
            message,
            code=code,
            correlation_id=correlation_id,
            retryable=retryable,
            retry_at=retry_at,
            stage=stage,
        )
        self.status = status


class TransportError(SansioAuthError, OSError):
    """The world failed; `__cause__` is the transport's own exception where there is one.

    Attributes:
        kind: what failed: `connect`, `tls`, `client_certificate`, `timeout`, `deadline`,
            `incomplete`, `proxy`, `closed`, `body_too_large` or `unknown`.
        sent: whether any byte of the request may have reached the server.
    """

    kind: str
    sent: bool

    def __init__(  # noqa: PLR0913 - the members every error of the tree carries
        self,
        message: str = "",
        *,
        kind: str = "unknown",
        sent: bool = True,
        code: str = "",
        correlation_id: str | None = None,
        retryable: bool = True,
        retry_at: float | None = None,
        stage: str | None = None,
    ) -> None:
        super().__init__(
            message,
            code=code or kind,
            correlation_id=correlation_id,
            retryable=retryable,
            retry_at=retry_at,
            stage=stage,
        )
        self.kind = kind
        self.sent = sent
