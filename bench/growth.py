"""How a figure grows with what else is there: all sizes are timed in the same rounds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

from attrs import frozen

from bench.effort import Effort
from bench.lines import Series
from bench.timing import Batch, Samples, interleaved, ratio

__all__ = ["Growth"]


@frozen
class Growth:
    """Samples by candidate and size."""

    sizes: tuple[int, ...]
    samples: Mapping[tuple[str, int], Samples]

    @classmethod
    def of(cls, batches: Mapping[tuple[str, int], Batch], effort: Effort) -> Self:
        """Time the candidates of all sizes."""
        sizes = tuple(dict.fromkeys(size for _, size in batches))
        return cls(sizes, interleaved(batches, effort))

    @property
    def names(self) -> tuple[str, ...]:
        """The candidates."""
        return tuple(dict.fromkeys(name for name, _ in self.samples))

    def at(self, size: int) -> dict[str, Samples]:
        """Return the samples of every candidate at a size."""
        return {name: self.samples[name, size] for name in self.names}

    def last_to_first(self) -> dict[str, float]:
        """Return for every candidate its largest size to its smallest."""
        first, last = self.sizes[0], self.sizes[-1]
        return {
            name: ratio(self.samples[name, last], self.samples[name, first]) for name in self.names
        }

    def series(self, title: str) -> Series:
        """Return the medians by size."""
        medians = {
            name: tuple(self.samples[name, size].median for size in self.sizes)
            for name in self.names
        }
        return Series(title, "s", self.sizes, medians)
