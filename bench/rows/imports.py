"""From the first import to the first token, in fresh processes that take turns."""

from __future__ import annotations

import statistics
from collections.abc import Iterator

from bench.effort import Effort
from bench.libraries import present
from bench.lines import FLOOR, MSAL, OURS, Goal, Line
from bench.processes import output_of

__all__ = ["rows"]

#: The program of `bench.first_token` for each library.
_PROGRAMS = {
    "ours": "ours()", "msal": "msal()", "azure-identity": "azure()", "google-auth": "google()",
    "Authlib": "authlib()",
}  # fmt: skip
_ALONE = {OURS: "alone('sansio_auth')", MSAL: "alone('msal')"}


def _started(program: str) -> float:
    return float(output_of("-c", f"from bench.first_token import *; {program}"))


def _timed(title: str, programs: dict[str, str], goal: Goal, effort: Effort) -> Line:
    names = list(programs)
    took: dict[str, list[float]] = {name: [] for name in names}
    warm_up = 1 if effort.processes > 1 else 0  # the first of several writes .pyc files
    for turn in range(warm_up + effort.processes):
        first = turn % len(names)
        for name in names[first:] + names[:first]:
            took[name].append(_started(programs[name]))
    took = {name: seconds[warm_up:] for name, seconds in took.items()}
    ratios = {
        name: statistics.median(a / b for a, b in zip(took[OURS], took[name], strict=True))
        for name in names
        if name != OURS
    }
    medians = {name: statistics.median(seconds) for name, seconds in took.items()}
    return Line(title, "s", medians, goal, ratios)


def rows(effort: Effort) -> Iterator[Line]:
    """Yield the time to a first token, and that of an import alone."""
    programs = {name: _PROGRAMS[name] for name in present()}
    programs[FLOOR] = "urllib3()"
    title = "import, construct, first token, HTTP library included"
    yield _timed(title, programs, Goal(0.9, MSAL), effort)
    alone = {name: program for name, program in _ALONE.items() if name in present()}
    yield _timed("import alone", alone, Goal(0.45, MSAL), effort)
