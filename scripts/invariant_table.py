"""Write `docs/reference/invariants.md` from the tests: which of them hold each invariant.

A property is a test that Hypothesis plays over arbitrary worlds and whose docstring begins with
the id. With `--check` nothing is written, and the exit code says whether the page is current.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from attrs import frozen

__all__ = ["Held", "holders", "main", "statements"]

_ROOT: Final = Path(__file__).parents[1]
_PAGE: Final = _ROOT / "docs" / "reference" / "invariants.md"
_ARCHITECTURE: Final = _ROOT / "docs" / "explanation" / "architecture.md"
_ROW: Final = re.compile(r"^\| (I-\d+) \| (.+) \|$", re.MULTILINE)
_LEADING: Final = re.compile(r"I-\d+(?:(?:, | and )I-\d+)*")
_ID: Final = re.compile(r"\bI-\d+\b")
_BEGINNING: Final = """# The invariants, and what holds them

This page is generated from the tests (`make docs`). A property is played by Hypothesis over
arbitrary worlds; its sentence is the test's own. Each invariant has examples beside, which name
it too; [the architecture](../explanation/architecture.md) says what each is for.
"""


@frozen
class Held:
    """One test that is about an invariant."""

    sentence: str
    where: str
    is_property: bool


def statements() -> dict[str, str]:
    """Return every invariant with its sentence, as the architecture has them."""
    return dict(_ROW.findall(_ARCHITECTURE.read_text(encoding="utf-8")))


def _is_property(function: ast.FunctionDef) -> bool:
    called = (it.func if isinstance(it, ast.Call) else it for it in function.decorator_list)
    return any(isinstance(it, ast.Name) and it.id == "given" for it in called)


def _tests(file: Path) -> Iterator[ast.FunctionDef]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            yield node


def holders() -> dict[str, list[Held]]:
    """Return the tests about each invariant: properties by how they begin, others by a mention."""
    found: dict[str, list[Held]] = {}
    for file in sorted((_ROOT / "tests").rglob("test_*.py")):
        for test in _tests(file):
            said = ast.get_docstring(test) or ""
            leading = _LEADING.match(said)
            is_property = _is_property(test) and leading is not None
            ids = _ID.findall(leading[0] if is_property and leading else said)
            sentence = test.name.removeprefix("test_").replace("_", " ")
            held = Held(sentence, file.relative_to(_ROOT).as_posix(), is_property)
            for name in dict.fromkeys(ids):
                found.setdefault(name, []).append(held)
    return found


def page() -> str:
    """Return the page."""
    lines, told = [_BEGINNING], holders()
    for name, statement in statements().items():
        mine = told.get(name, [])
        lines += [f"\n## {name}\n", f"{statement}.\n", "| property | held in |", "|---|---|"]
        lines += [f"| {it.sentence} | `{it.where}` |" for it in mine if it.is_property]
        others = sorted({it.where for it in mine if not it.is_property})
        if others:
            count = sum(not it.is_property for it in mine)
            lines.append(f"\nAnd {count} examples: {', '.join(f'`{it}`' for it in others)}.")
    return "\n".join(lines) + "\n"


def main() -> int:
    """Write or compare."""
    if "--check" in sys.argv[1:]:
        return int(_PAGE.read_text(encoding="utf-8") != page())
    _ = _PAGE.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
