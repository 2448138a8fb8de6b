"""Write `docs/reference/faults.md` from the tests: for every row what happens, and who says so.

With `--check` nothing is written, and the exit code says whether the page is current.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Final

import pytest

_ROOT: Final = Path(__file__).parents[1]
_PAGE: Final = _ROOT / "docs" / "reference" / "faults.md"
_SECTIONS: Final = {
    1: "Answers of the token endpoint",
    82: "Retry-After, rate and clock",
    89: "Discovery and authority",
    114: "What a caller passes",
    135: "Credentials",
    157: "Cache contents and stores",
    183: "Concurrency and lifecycle",
    206: "Transport and TLS",
    215: "Secrecy",
    221: "Determinism",
}
_BEGINNING: Final = """# Faults

What happens when something is wrong, row by row of the catalogue of faults that the tests go by.
This page is generated from them (`make docs`): each sentence is a test's own, and the number of
cases is how many inputs it is tried with.
"""


class _Collector:
    """A pytest plugin that remembers the tests of each row."""

    def __init__(self) -> None:
        self.tests: dict[int, dict[tuple[str, str], int]] = defaultdict(dict)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Group the cases by row and test."""
        for item in session.items:
            rows = dict(item.user_properties).get("rows")
            function = getattr(item, "function", None)
            if rows is None or function is None:
                continue
            sentence = function.__name__.removeprefix("test_").replace("_", " ")
            where = item.path.relative_to(_ROOT).as_posix()
            for row in map(int, str(rows).split(",")):
                told = self.tests[row]
                told[sentence, where] = told.get((sentence, where), 0) + 1


def _page(tests: dict[int, dict[tuple[str, str], int]]) -> str:
    lines = [_BEGINNING]
    starts = sorted(_SECTIONS)
    for start, end in zip(starts, [*starts[1:], 10_000], strict=True):
        rows = [row for row in sorted(tests) if start <= row < end]
        if not rows:
            continue
        lines += [f"\n## {_SECTIONS[start]}\n", "| row | what holds | cases | tried in |"]
        lines.append("|---|---|---|---|")
        for row in rows:
            for (sentence, where), cases in sorted(tests[row].items()):
                lines.append(f"| {row} | {sentence} | {cases} | `{where}` |")
    cases = sum(sum(told.values()) for told in tests.values())
    lines.append(f"\n{len(tests)} rows, {cases} cases.")
    return "\n".join(lines) + "\n"


def main() -> int:
    """Collect, and write or compare."""
    collector = _Collector()
    arguments = ["--collect-only", "-qq", "-p", "no:xdist", str(_ROOT / "tests")]
    with redirect_stdout(StringIO()):
        if pytest.main(arguments, plugins=[collector]) != 0:
            return 2
    page = _page(collector.tests)
    if "--check" in sys.argv[1:]:
        return int(_PAGE.read_text(encoding="utf-8") != page)
    _ = _PAGE.write_text(page, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
