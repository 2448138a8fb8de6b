"""What a row comes to: figures of every library, what was wanted, and whether it is so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

from attrs import field, frozen

from bench.timing import Samples, ratio

__all__ = [
    "FLOOR",
    "MSAL",
    "OURS",
    "Goal",
    "Line",
    "Parts",
    "Series",
    "Told",
    "Unit",
    "compared",
    "shown",
]

#: seconds, bytes, calls per second, requests, instructions, or a bare number
Unit: TypeAlias = Literal["s", "B", "/s", "requests", "instructions", "x"]

OURS: Final = "ours"
MSAL: Final = "msal"
#: The bare operation without any library.
FLOOR: Final = "floor"

_SECONDS: Final = ((1e-6, 1e9, "ns"), (1e-3, 1e6, "µs"), (1.0, 1e3, "ms"))


def _three(value: float) -> str:
    """Return a number with three digits that count."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.2f}" if value < 10 else f"{value:.1f}"


def shown(value: float, unit: Unit) -> str:
    """Return a figure as a reader wants it."""
    if value == 0:
        return "0"
    match unit:
        case "s":
            for below, factor, name in _SECONDS:
                if value < 0.9995 * below:  # what would be shown as a thousand is one of the next
                    return f"{_three(value * factor)} {name}"
            return f"{_three(value)} s"
        case "B":
            return f"{value:,.0f} B"
        case "/s":
            return f"{value:,.0f}/s"
        case "requests" | "instructions":
            return f"{value:,.0f}"
        case "x":
            return f"{_three(value)} x"


@frozen
class Goal:
    """What ours should be: at most `limit` times a library's figure, or `limit` itself.

    `against` names the library, or the floor; None is a limit in the line's own unit.
    """

    limit: float
    against: str | None = None
    at_least: bool = False

    def said(self, unit: Unit) -> str:
        """Return the goal in words."""
        sign = "≥" if self.at_least else "≤"
        if self.against is None:
            return f"{sign} {shown(self.limit, unit)}"
        if self.limit < 0.4:
            return f"{sign} 1/{1 / self.limit:g} of {self.against}"
        return f"{sign} {self.limit:g} x {self.against}"

    def met(self, value: float) -> bool:
        """Whether a figure, or a ratio where the goal is against something, is good enough."""
        return value >= self.limit if self.at_least else value <= self.limit


@frozen
class Line:
    """One line of the table; `figures`, `spreads` and `ratios` (ours to that one) by library."""

    title: str
    unit: Unit
    figures: Mapping[str, float]
    goal: Goal | None = None
    ratios: Mapping[str, float] = field(factory=dict)
    spreads: Mapping[str, float] = field(factory=dict)

    def ratio_to(self, name: str) -> float | None:
        """Return ours to another: the median over the rounds where there were rounds."""
        if name not in self.figures or OURS not in self.figures:
            return None
        if name in self.ratios:
            return self.ratios[name]
        other = self.figures[name]
        return self.figures[OURS] / other if other else None

    @property
    def peer(self) -> str | None:
        """The best library beside msal and ours, None where there is none."""
        peers = [name for name in self.figures if name not in {OURS, MSAL, FLOOR}]
        best = max if self.unit == "/s" or (self.goal and self.goal.at_least) else min
        return best(peers, key=lambda name: self.figures[name], default=None)

    @property
    def met(self) -> bool | None:
        """Whether the goal is met; None without a goal, or without what it is measured against."""
        if self.goal is None or OURS not in self.figures:
            return None
        if self.goal.against is None:
            return self.goal.met(self.figures[OURS])
        value = self.ratio_to(self.goal.against)
        return None if value is None else self.goal.met(value)


@frozen
class Series:
    """How a figure grows: for each library one figure per size."""

    title: str
    unit: Unit
    sizes: tuple[int, ...]
    figures: Mapping[str, tuple[float, ...]]


@frozen
class Parts:
    """What a call of ours is made of: seconds by part, and each part's share of the first."""

    title: str
    figures: Mapping[str, float]
    shares: Mapping[str, float]


#: Whatever a row may yield.
Told: TypeAlias = Line | Series | Parts


def compared(title: str, samples: Mapping[str, Samples], goal: Goal | None = None) -> Line:
    """Return the line of candidates that were timed together."""
    ours = samples[OURS]
    return Line(
        title,
        "s",
        {name: it.median for name, it in samples.items()},
        goal,
        {name: ratio(ours, it) for name, it in samples.items() if name != OURS},
        {name: it.spread for name, it in samples.items()},
    )
