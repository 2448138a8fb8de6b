"""What a client's exceptions mean, by the names of their classes: no client is imported for it."""

from __future__ import annotations

from collections.abc import Mapping

from sansio_auth.errors import ConfigurationError, TransportError
from sansio_auth.wire import HttpRequest, host_of
from sansio_auth_adapters.transports._exchange import Exchange

__all__ = ["Kinds", "asks_for_certificate", "names_of", "read_failure"]

#: For the name of an exception class: what failed, and whether anything may have been sent.
Kinds = Mapping[str, tuple[str, bool]]


def names_of(error: BaseException | None) -> list[str]:
    """Return the names of all classes of an exception and of what led to it."""
    names: list[str] = []
    while error is not None:
        names += [base.__name__ for base in type(error).__mro__]
        error = error.__cause__ or error.__context__
    return names


def asks_for_certificate(error: BaseException | None) -> bool:
    """Whether a server broke off because it was shown no client certificate.

    That is an alert of TLS 1.3 (RFC 8446 section 6.2), which OpenSSL names in its text; libraries
    hand it on in exceptions of their own, of which some keep the text only.
    """
    while error is not None:
        if "ALERT_CERTIFICATE_REQUIRED" in str(error):
            return True
        error = error.__cause__ or error.__context__
    return False


def _meaning(error: Exception, kinds: Kinds, exchange: Exchange) -> tuple[str, bool]:
    if isinstance(error, RuntimeError) and "closed" in str(error):
        return "closed", False
    if isinstance(error, ConfigurationError):  # what the environment says of proxies
        return "proxy", False
    names = (base.__name__ for base in type(error).__mro__)
    kind, sent = next((kinds[name] for name in names if name in kinds), ("unknown", True))
    led = names_of(error)
    if "SSLError" in led and "TimeoutError" not in led:  # a wait of TLS is an SSLError too
        kind = "tls"
    if asks_for_certificate(error):
        kind = "client_certificate"
    if (kind in {"timeout", "connect"} or isinstance(error, TimeoutError)) and exchange.over:
        kind = "deadline"
    return kind, sent and exchange.sent


def read_failure(
    error: Exception, kinds: Kinds, request: HttpRequest, exchange: Exchange
) -> TransportError:
    """Return what an exception means; its own text may hold anything and is not told.

    Nothing was sent before `exchange.sent` says so.
    """
    if isinstance(error, TransportError):
        return error
    kind, sent = _meaning(error, kinds, exchange)
    return TransportError(
        f"{request.method} to {host_of(request.url)}: {kind} ({type(error).__name__})",
        kind=kind,
        sent=sent,
    )
