"""`python -m bench [--quick | --full | --once] [--json] [--write] [row ...]`.

Every row runs in a process of its own, one after the other, and nothing leaves this machine.
"""

from __future__ import annotations

import argparse
import json
import sys
import warnings
from typing import Final

from attrs import asdict

from bench.effort import FULL, ONCE, QUICK, Effort
from bench.guard import stay_on_loopback
from bench.lines import Goal, Line, Series
from bench.page import PAGE, circumstances, report, written_into
from bench.processes import output_of
from bench.rows import NAMES, subject

__all__ = ["main"]

_EFFORTS: Final = {"quick": QUICK, "full": FULL, "once": ONCE}


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    effort = parser.add_mutually_exclusive_group()
    for name, said in (
        ("quick", "a few minutes; as it is without options"),
        ("full", "more rounds, for figures that are kept"),
        ("once", "every row once and small, to see that it runs"),
    ):
        effort.add_argument(
            f"--{name}", dest="effort", action="store_const", const=name, help=said
        )
    parser.add_argument("--json", action="store_true", help="print figures for a program")
    parser.add_argument(
        "--write", action="store_true", help=f"put the tables into {PAGE.name} as well"
    )
    parser.add_argument("--alone", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("rows", nargs="*", metavar="row", help=", ".join(NAMES))
    parser.set_defaults(effort="quick")
    options = parser.parse_args(arguments)
    if unknown := set(options.rows) - set(NAMES):
        parser.error(f"no such row: {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
    if options.write and options.rows:
        parser.error("--write needs all rows")
    return options


def measured(name: str, effort: Effort) -> list[Line | Series]:
    """Return the lines of a row, measured in this process."""
    stay_on_loopback()
    warnings.simplefilter("ignore")
    return list(subject(name)(effort))


def _told(lines: list[Line | Series]) -> str:
    return json.dumps([{"kind": type(it).__name__, **asdict(it)} for it in lines])


def _read(text: str) -> list[Line | Series]:
    found: list[Line | Series] = []
    for members in json.loads(text):
        kind = members.pop("kind")
        if kind == "Series":
            found.append(
                Series(
                    members["title"], members["unit"], tuple(members["sizes"]),
                    {name: tuple(it) for name, it in members["figures"].items()},
                )
            )  # fmt: skip
        else:
            goal = members.pop("goal")
            found.append(Line(goal=None if goal is None else Goal(**goal), **members))
    return found


def main(arguments: list[str]) -> int:
    """Measure, print, and write the page if that is asked for."""
    from bench.libraries import absent, versions

    options = _options(arguments)
    if options.alone:
        print(_told(measured(options.rows[0], _EFFORTS[options.effort])))
        return 0
    found: list[Line | Series] = []
    for name in options.rows or NAMES:
        print(f"measuring {name}", file=sys.stderr, flush=True)
        found += _read(output_of("-m", "bench", "--alone", f"--{options.effort}", name))
    if options.json:
        print(json.dumps({"versions": versions(), "rows": json.loads(_told(found))}, indent=1))
    else:
        told = f"Measured with {circumstances(versions())}"
        if missing := absent():
            told += f" Not installed, and so not measured: {', '.join(missing)}."
        table = f"{told}\n\n{report(found)}"
        print(table)
        if options.write:
            page = written_into(PAGE.read_text(encoding="utf-8"), f"\n{table}\n")
            PAGE.write_text(page, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
