"""Ways onto the network, each in a module of its own that is imported only where it is used."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from sansio_auth.errors import ConfigurationError
from sansio_auth_adapters.ports import Transport

__all__ = ["Adjustable", "with_options"]


@runtime_checkable
class Adjustable(Protocol):
    """A transport that can be told something for one call."""

    def with_options(self, options: Mapping[str, object]) -> Transport:
        """Return a transport like this one, with these of its options replaced."""
        ...


def with_options(transport: Transport, options: Mapping[str, object]) -> Transport:
    """Return the transport for one call with MSAL's extra keyword arguments, if it takes any."""
    if isinstance(transport, Adjustable):
        return transport.with_options(options)
    raise ConfigurationError(
        f"{', '.join(options)}: unknown argument; this transport takes no options for one call",
        code="unknown_argument",
    )
