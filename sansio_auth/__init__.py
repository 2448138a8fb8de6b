"""A protocol core for Microsoft Entra tokens that does no I/O.

Everything here is a value or a pure function. Make a `ConfidentialClient`, ask it for a `Call`,
start a `Flow`, and answer its effects with whatever transport, clock and store you have; or use
`sansio_auth_adapters`, which does that with urllib3. Names are loaded on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from sansio_auth._telemetry import Telemetry
    from sansio_auth._www_authenticate import parse_www_authenticate
    from sansio_auth.authority import Authority, parse_authority
    from sansio_auth.client import Call, ConfidentialClient
    from sansio_auth.credentials import (
        AssertionCredential,
        CertificateCredential,
        ClientSecret,
        Secret,
    )
    from sansio_auth.effects import (
        AnyEffect,
        Effect,
        Failure,
        GetAssertion,
        Load,
        Save,
        SendHttp,
        Sleep,
    )
    from sansio_auth.errors import (
        AssertionFailed,
        AuthorityError,
        ConfigurationError,
        FlowError,
        ResponseError,
        SansioAuthError,
        ServiceError,
        TransportError,
    )
    from sansio_auth.flow import Flow, Script, Transcript, replay
    from sansio_auth.identity import Demand, Identity, Subject
    from sansio_auth.partition import (
        Fact,
        Knowledge,
        Partition,
        PartitionKey,
        Tokens,
        apply,
        apply_all,
        empty,
    )
    from sansio_auth.policy import Policy
    from sansio_auth.results import AccessToken, Metadata, NotCached, Outcome, Refusal
    from sansio_auth.wire import HttpRequest, HttpResponse

#: The version of both packages; the build reads it here.
__version__ = "0.1.0"

_HOME: Final = {
    "Telemetry": "_telemetry",
    "parse_www_authenticate": "_www_authenticate",
    "Authority": "authority",
    "parse_authority": "authority",
    "Call": "client",
    "ConfidentialClient": "client",
    "AssertionCredential": "credentials",
    "CertificateCredential": "credentials",
    "ClientSecret": "credentials",
    "Secret": "credentials",
    "AnyEffect": "effects",
    "Effect": "effects",
    "Failure": "effects",
    "GetAssertion": "effects",
    "Load": "effects",
    "Save": "effects",
    "SendHttp": "effects",
    "Sleep": "effects",
    "AssertionFailed": "errors",
    "AuthorityError": "errors",
    "ConfigurationError": "errors",
    "FlowError": "errors",
    "ResponseError": "errors",
    "SansioAuthError": "errors",
    "ServiceError": "errors",
    "TransportError": "errors",
    "Flow": "flow",
    "Script": "flow",
    "Transcript": "flow",
    "replay": "flow",
    "Demand": "identity",
    "Identity": "identity",
    "Subject": "identity",
    "Fact": "partition",
    "Knowledge": "partition",
    "Partition": "partition",
    "PartitionKey": "partition",
    "Tokens": "partition",
    "apply": "partition",
    "apply_all": "partition",
    "empty": "partition",
    "Policy": "policy",
    "AccessToken": "results",
    "Metadata": "results",
    "NotCached": "results",
    "Outcome": "results",
    "Refusal": "results",
    "HttpRequest": "wire",
    "HttpResponse": "wire",
}

__all__ = [
    "AccessToken", "AnyEffect", "AssertionCredential", "AssertionFailed", "Authority",
    "AuthorityError", "Call", "CertificateCredential", "ClientSecret", "ConfidentialClient",
    "ConfigurationError", "Demand", "Effect", "Fact", "Failure", "Flow", "FlowError",
    "GetAssertion", "HttpRequest", "HttpResponse", "Identity", "Knowledge", "Load", "Metadata",
    "NotCached", "Outcome", "Partition", "PartitionKey", "Policy", "Refusal", "ResponseError",
    "SansioAuthError", "Save", "Script", "Secret", "SendHttp", "ServiceError", "Sleep", "Subject",
    "Telemetry", "Tokens", "Transcript", "TransportError", "apply", "apply_all", "empty",
    "parse_authority", "parse_www_authenticate", "replay",
]  # fmt: skip


def __getattr__(name: str) -> object:
    home = _HOME.get(name)
    if home is None:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    value: object = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
