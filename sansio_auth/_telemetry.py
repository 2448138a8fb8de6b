"""MSAL's two telemetry headers, schema 4, from counters that are plain data.

Observed: Entra reads from `x-client-current-telemetry` why a request is made and from
`x-client-last-telemetry` how the previous ones went. The counters are one immutable value; a
flow is handed one, and returns what to fold in. No user data is in them.
"""

from __future__ import annotations

import re
from typing import Final, Literal, NamedTuple, TypeAlias, assert_never

__all__ = ["CacheRefresh", "Failed", "Succeeded", "Tally", "Telemetry"]

#: 0 not looked up, 1 bypassed by force or claims, 2 nothing cached, 3 expired, 4 due for refresh.
CacheRefresh: TypeAlias = Literal[0, 1, 2, 3, 4]

_UNSAFE: Final = r"[^A-Za-z0-9_.-]"
_MAX_ERROR: Final = 64
_MAX_BUFFER: Final = 350


class Failed(NamedTuple):
    """One answer of the identity provider that was an error."""

    api_id: str
    correlation_id: str
    error: str


class Succeeded(NamedTuple):
    """One answer of the identity provider that was a success."""


Tally: TypeAlias = tuple[Failed | Succeeded, ...]


class Telemetry(NamedTuple):
    """What the next request is to report: cache hits and failures since the last success."""

    hits: int = 0
    failures: tuple[Failed, ...] = ()

    def hit(self, count: int = 1) -> Telemetry:
        """Return the counters after that many answers from the cache."""
        return Telemetry(self.hits + count, self.failures) if count else self

    def fold(self, tally: Tally) -> Telemetry:
        """Return the counters after what one flow has to tell; a success clears them."""
        after = self
        for entry in tally:
            match entry:
                case Succeeded():
                    after = Telemetry()
                case Failed():
                    after = after._failed(entry)
                case _:
                    assert_never(entry)
        return after

    def _failed(self, entry: Failed) -> Telemetry:
        clean = entry._replace(error=re.sub(_UNSAFE, "_", entry.error)[:_MAX_ERROR])
        if self._length() + _length(clean) >= _MAX_BUFFER:
            return self
        return self._replace(failures=(*self.failures, clean))

    def _length(self) -> int:
        return sum(_length(entry) for entry in self.failures)

    def last(self) -> str:
        """Return `x-client-last-telemetry`."""
        if not self.failures:
            return f"4|{self.hits}|||"
        calls = ",".join(f"{entry.api_id},{entry.correlation_id}" for entry in self.failures)
        errors = ",".join(entry.error for entry in self.failures)
        return f"4|{self.hits}|{calls}|{errors}|"

    @staticmethod
    def current(api_id: str, refresh: CacheRefresh) -> str:
        """Return `x-client-current-telemetry`."""
        return f"4|{api_id},{refresh}|"


def _length(entry: Failed) -> int:
    return len(f",{entry.api_id},{entry.correlation_id},{entry.error}")
