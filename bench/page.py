"""What was measured, as Markdown, and the place in `docs/explanation/performance.md` for it."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from bench.lines import FLOOR, MSAL, OURS, Line, Parts, Series, Told, shown

__all__ = ["PAGE", "circumstances", "report", "written_into"]

PAGE: Final = Path(__file__).parents[1] / "docs" / "explanation" / "performance.md"
_BEGIN: Final = "<!-- the benchmark's last table begins -->"
_END: Final = "<!-- the benchmark's last table ends -->"
_HEAD: Final = (
    "| row | msal | best peer | ours | ratio | goal | met |",
    "|---|---|---|---|---|---|---|",
)
_MET: Final = {True: "yes", False: "**no**", None: ""}


def circumstances(versions: dict[str, str]) -> str:
    """Return under what it was measured; nothing in it names a machine."""
    interpreter = f"{platform.python_implementation()} {platform.python_version()}"
    beside = ", ".join(f"{name} {version}" for name, version in versions.items())
    return f"{interpreter} on {platform.system()}, {os.cpu_count()} processors; {beside}."


def _figure(line: Line, name: str | None) -> str:
    if name is None or name not in line.figures:
        return ""
    return shown(line.figures[name], line.unit)


def _ratio(line: Line) -> str:
    """Return ours to what the goal is about, else to msal."""
    against = MSAL if line.goal is None or line.goal.against is None else line.goal.against
    value = line.ratio_to(against)
    if value is None or line.unit == "x":
        return ""
    if line.unit == "/s" or value >= 0.1:
        said = f"{value:.2f}" if value < 10 else f"{value:,.0f}"
    else:
        said = f"1/{1 / value:,.0f}" if value else "0"
    if against == FLOOR:
        return f"{said} x floor ({_figure(line, FLOOR)})"
    return said if against == MSAL else f"{said} of {against}"


def _row(line: Line) -> str:
    peer = line.peer
    peers = f"{peer} {_figure(line, peer)}" if peer else ""
    goal = line.goal.said(line.unit) if line.goal else ""
    cells = (
        line.title, _figure(line, MSAL), peers, _figure(line, OURS), _ratio(line), goal,
        _MET[line.met],
    )  # fmt: skip
    return f"| {' | '.join(cells)} |"


def _series(series: Series) -> Iterator[str]:
    yield f"| {series.title} | {' | '.join(f'{size:,}' for size in series.sizes)} |"
    yield f"|---|{'---|' * len(series.sizes)}"
    for name, figures in series.figures.items():
        yield f"| {name} | {' | '.join(shown(figure, series.unit) for figure in figures)} |"


def _parts(parts: Parts) -> Iterator[str]:
    yield f"| {parts.title} | ours | share |"
    yield "|---|---|---|"
    for name, figure in parts.figures.items():
        yield f"| {name} | {shown(figure, 's')} | {parts.shares[name]:.0%} |"


def report(measured: Iterable[Told]) -> str:
    """Return the tables: what has a goal, what has none, what grows, what is made of what."""
    every: Sequence[Told] = tuple(measured)
    lines = [it for it in every if isinstance(it, Line)]
    tables = []
    for wanted in (True, False):
        chosen = [_row(line) for line in lines if (line.goal is not None) is wanted]
        if chosen:
            tables.append("\n".join((*_HEAD, *chosen)))
    tables += ["\n".join(_series(it)) for it in every if isinstance(it, Series)]
    tables += ["\n".join(_parts(it)) for it in every if isinstance(it, Parts)]
    return "\n\n".join(tables)


def written_into(page: str, table: str) -> str:
    """Return the page with a new table in the place of the old one; all else stays as it is."""
    before, begin, rest = page.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not begin or not end:
        raise ValueError(f"the page has no place for a table: {_BEGIN} ... {_END}")
    return f"{before}{begin}\n{table}\n{end}{after}"
