"""Which test files are a core module's own, by name: the only ones that may vouch for it.

`sansio_auth/_claims.py` has `tests/core/test_claims.py`, `_steps/region.py` has
`steps/test_region.py`. What is named after a package is about all of its modules; and where the
tests of a package have no folder, as those of `partition`, it is one subject, and every test named
after one of its modules is about all of them too.
"""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Final

__all__ = ["CORE", "ROOT", "modules", "own_tests", "within_root"]

ROOT: Final = Path(__file__).parents[1]
CORE: Final = ROOT / "sansio_auth"
_TESTS: Final = ROOT / "tests" / "core"


def modules() -> list[Path]:
    """Return the modules of the core that do anything: not a package's list of names."""
    return [path for path in sorted(CORE.rglob("*.py")) if not _only_names(path)]


def _only_names(path: Path) -> bool:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    words = (ast.Import, ast.ImportFrom, ast.Assign, ast.Expr)
    return path.name == "__init__.py" and all(isinstance(it, words) for it in tree.body)


def own_tests(module: Path) -> tuple[Path, ...]:
    """Return the test files of a module of the core; none where it has none of its own."""
    *packages, name = (part.removeprefix("_") for part in module.relative_to(CORE).parts)
    folder = _TESTS.joinpath(*packages)
    found = [folder / f"test_{'package.py' if name == '_init__.py' else name}"]
    if packages:
        found.append(_TESTS / f"test_{packages[-1]}.py")
    if not folder.exists():
        names = {path.name.removeprefix("_") for path in module.parent.glob("*.py")}
        outside = {path.name.removeprefix("_") for path in CORE.glob("*.py")}
        found += [_TESTS / f"test_{it}" for it in names - outside]
    return tuple(sorted({path for path in found if path.exists()}))


def within_root(path: Path) -> str:
    """Return a path as it is said in a message or on a command line."""
    return path.relative_to(ROOT).as_posix()
