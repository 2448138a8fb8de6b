"""Write `docs/reference/faults.md` from the tests: for every row what happens, and who says so.

With `--check` nothing is written, and the exit code says whether the page is current.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Final

import pytest
from attrs import define, field

__all__ = ["SECTIONS", "main"]

_ROOT: Final = Path(__file__).parents[1]
_PAGE: Final = _ROOT / "docs" / "reference" / "faults.md"
#: The first row of each section.
SECTIONS: Final = {
    1: "A. Answers of the token endpoint",
    71: "B. Retry-After, rate and clock",
    89: "C. Discovery and authority",
    114: "D. What a caller passes",
    135: "E. Credentials",
    157: "F. Cache contents and stores",
    183: "G. Concurrency, lifecycle and platform",
    206: "H. Transport and TLS",
    215: "I. Secrecy",
    221: "J. Determinism",
}
_BEGINNING: Final = """# Faults

What happens when something is wrong, row by row of the catalogue of faults that the tests go by.
This page is generated from them (`make docs`): what holds is a test's own sentence, after it come
the inputs that the test is tried with by name, and the number of cases counts all of them, over
every transport and every way of asking.
"""
_INPUT: Final = re.compile(r"row(\d+)-(.+)")


@define
class _Told:
    """What one test says about one row."""

    cases: int = 0
    inputs: dict[str, None] = field(factory=dict[str, None])


#: By row, and by the test's sentence and its file.
_Table = dict[int, dict[tuple[str, str], _Told]]


def _sentence(name: str) -> str:
    return re.sub(r"^(test_)?(row\d+_)?", "", name).replace("_", " ")


def _inputs(item: pytest.Function) -> dict[int, str]:
    """Return the names of a case's inputs by row; pytest keeps the parameters' ids apart."""
    ids: Iterable[str] = getattr(getattr(item, "callspec", None), "_idlist", ())
    matches = (_INPUT.fullmatch(it) for it in ids)
    return {int(it[1]): it[2].replace("-", " ") for it in matches if it is not None}


class _Collector:
    """A pytest plugin that remembers the tests of each row."""

    def __init__(self) -> None:
        self.table: _Table = {}
        self.cases = 0

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Group the cases by row and test."""
        for item in session.items:
            rows = dict(item.user_properties).get("rows")
            if rows is None or not isinstance(item, pytest.Function):
                continue
            self.cases += 1
            where = item.path.relative_to(_ROOT).as_posix()
            named = _inputs(item)
            for row in map(int, str(rows).split(",")):
                told = self.table.setdefault(row, {}).setdefault(
                    (_sentence(item.originalname), where), _Told()
                )
                told.cases += 1
                if row in named:
                    told.inputs[named[row]] = None


def _line(rows: str, sentence: str, where: str, told: _Told) -> str:
    inputs = f": {', '.join(told.inputs)}" if told.inputs else ""
    text = f"{sentence}{inputs}".replace("|", "\\|")
    return f"| {rows} | {text} | {told.cases} | `{where}` |"


def _spans(rows: list[int]) -> str:
    """Return rows as a reader says them: 57 to 69, or 188 and 190."""
    if len(rows) > 2:  # noqa: PLR2004 - a span has something between its ends
        return f"{rows[0]} to {rows[-1]}"
    return " and ".join(map(str, rows))


def _lines(table: _Table) -> list[str]:
    """Return a line for every row and test; a test that names no inputs has one for its rows."""
    together: dict[tuple[str, str], list[int]] = {}
    for row, said in sorted(table.items()):
        for test, told in said.items():
            if not told.inputs:
                together.setdefault(test, []).append(row)
    lines: list[str] = []
    for row, said in sorted(table.items()):
        for test, told in sorted(said.items()):
            rows = [row] if told.inputs else together[test]
            if rows[0] == row:
                lines.append(_line(_spans(rows), *test, told))
    return lines


def _page(collector: _Collector) -> str:
    lines = [_BEGINNING]
    starts = sorted(SECTIONS)
    for start, end in zip(starts, [*starts[1:], 10_000], strict=True):
        lines += [f"\n## {SECTIONS[start]}\n", "| row | what holds | cases | tried in |"]
        lines.append("|---|---|---|---|")
        lines += _lines({row: it for row, it in collector.table.items() if start <= row < end})
    lines.append(f"\n{len(collector.table)} rows, {collector.cases} cases.")
    return "\n".join(lines) + "\n"


def main() -> int:
    """Collect, and write or compare."""
    collector = _Collector()
    arguments = ["--collect-only", "-qq", "-p", "no:xdist", str(_ROOT / "tests")]
    with redirect_stdout(StringIO()) as told:
        collected = pytest.main(arguments, plugins=[collector]) == 0
    if not collected:
        print(told.getvalue())
        return 2
    page = _page(collector)
    if "--check" in sys.argv[1:]:
        return int(_PAGE.read_text(encoding="utf-8") != page)
    _ = _PAGE.write_text(page, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
