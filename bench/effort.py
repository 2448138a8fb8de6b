"""How much is measured: few rounds for a look, many for the page, one call to see that it runs."""

from __future__ import annotations

from typing import Final, Literal

from attrs import frozen

__all__ = ["FULL", "ONCE", "QUICK", "Effort"]

#: The sizes at which growth is looked at.
_SIZES: Final = (1, 1_000, 10_000, 100_000)
#: `Policy.max_entries`.
_ONE_PARTITION: Final = 10_000


@frozen
class Effort:
    """Rounds and durations of one run; durations are seconds.

    `rounds` of batches that last `batch` at least; threads run for `spell`; `processes` are started
    per program; no cache holds more than `most` tokens. `counted` says whose instructions are
    counted, which takes long.
    """

    rounds: int
    batch: float
    spell: float
    processes: int
    most: int = 100_000
    counted: Literal["all", "shaped like msal", "none"] = "all"

    def up_to(self, wanted: int) -> int:
        """Return a size that is wanted, or the largest that is allowed."""
        return min(wanted, self.most)

    @property
    def sizes(self) -> tuple[int, ...]:
        """The sizes at which growth is looked at, smallest first."""
        return tuple(dict.fromkeys(map(self.up_to, _SIZES)))

    @property
    def partition_sizes(self) -> tuple[int, ...]:
        """Those of them that one partition may reach."""
        return tuple(size for size in self.sizes if size <= _ONE_PARTITION)


QUICK: Final = Effort(rounds=7, batch=0.008, spell=0.4, processes=9, counted="shaped like msal")
FULL: Final = Effort(rounds=21, batch=0.02, spell=1.5, processes=25)
ONCE: Final = Effort(rounds=1, batch=0.0, spell=0.0, processes=1, most=12, counted="none")
