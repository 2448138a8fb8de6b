"""`AutoRefresher`: a client assertion that is made anew when it is due, for callers of MSAL."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from sansio_auth.errors import ConfigurationError
from sansio_auth_adapters import ambient

__all__ = ["AutoRefresher"]

_NINE_MINUTES: Final = 540


class AutoRefresher:
    """Calls a factory when what it gave last is `expires_in` seconds old, and keeps it until then.

    It is itself a callable for `{"client_assertion": AutoRefresher(...)}`. Safe for many threads:
    two of them may call the factory at the same moment.
    """

    def __init__(
        self, factory: Callable[[], str | bytes], expires_in: float = _NINE_MINUTES
    ) -> None:
        if not callable(factory):
            raise ConfigurationError("factory: something callable is needed", code="factory")
        self._factory: Final = factory
        self._life: Final = expires_in
        self._kept: tuple[str | bytes, float, float] | None = None

    def __call__(self) -> str | bytes:
        """Return the value, made anew if it is due; a clock that was set back makes it due."""
        now = ambient.now()
        kept = self._kept
        if kept is not None and kept[1] <= now < kept[2]:
            return kept[0]
        value = self._factory()
        self._kept = (value, now, now + self._life)
        return value

    def __repr__(self) -> str:
        return "AutoRefresher(...)"
