"""A clock that moves when it is told to."""

from __future__ import annotations

from attrs import define

__all__ = ["VirtualClock"]


@define
class VirtualClock:
    """POSIX seconds that a test sets: call it for the time, `sleep` and be done at once."""

    now: float = 1_700_000_000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now

    def advance(self, seconds: float) -> float:
        """Let time pass and return what it is then; negative seconds set the clock back."""
        self.now += seconds
        return self.now

    def sleep(self, seconds: float) -> None:
        """Return at once, that much later."""
        self.now += seconds
