"""`python -m bench [--quick | --full | --once] [--json] [--write] [row ...]`.

Every row runs in a process of its own, one after the other, and nothing leaves this machine.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import warnings
from collections.abc import Sequence
from time import perf_counter
from typing import Final

from bench.effort import FULL, ONCE, QUICK, Effort
from bench.guard import stay_on_loopback
from bench.libraries import absent, versions
from bench.lines import Told
from bench.page import PAGE, circumstances, report, written_into
from bench.processes import output_of
from bench.rows import NAMES, subject
from bench.transfer import dumped, read

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
        effort.add_argument(f"--{name}", dest="effort", action="store_const", const=name, help=said)
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


def measured(name: str, effort: Effort) -> list[Told]:
    """Return what a row yields, measured in this process."""
    stay_on_loopback()
    warnings.simplefilter("ignore")
    return list(subject(name)(effort))


def _all(names: Sequence[str], effort: str) -> tuple[list[Told], list[str]]:
    """Return what the rows yield, each measured in its own process, and which failed."""
    found: list[Told] = []
    failed: list[str] = []
    for name in names:
        begun = perf_counter()
        try:
            found += read(output_of("-m", "bench", "--alone", f"--{effort}", name))
        except subprocess.CalledProcessError:  # it said why on stderr
            failed.append(name)
        print(f"{name}: {perf_counter() - begun:.0f} s", file=sys.stderr, flush=True)
    return found, failed


def _table(found: list[Told]) -> str:
    told = f"Measured with {circumstances(versions())}"
    if missing := absent():
        told += f" Not installed, and so not measured: {', '.join(missing)}."
    return f"{told}\n\n{report(found)}"


def main(arguments: list[str]) -> int:
    """Measure, print, and write the page if that is asked for; 1 where a row failed."""
    options = _options(arguments)
    if options.alone:
        print(json.dumps(dumped(measured(options.rows[0], _EFFORTS[options.effort]))))
        return 0
    found, failed = _all(options.rows or NAMES, options.effort)
    if options.json:
        print(json.dumps({"versions": versions(), "rows": dumped(found)}, indent=1))
    else:
        print(_table(found))
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
        return 1
    if options.write:
        page = PAGE.read_text(encoding="utf-8")
        PAGE.write_text(written_into(page, f"\n{_table(found)}\n"), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
