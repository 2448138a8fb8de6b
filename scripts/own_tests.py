"""Which test files are a core module's own, by name: the only ones that may vouch for it.

`sansio_auth/_claims.py` has `tests/core/test_claims.py`, `_steps/region.py` has
`steps/test_region.py`, and a package whose modules are one subject, as `partition` is, has a file
for all of them.
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
    name = "package" if name == "_init__.py" else name.removesuffix(".py")
    files = [_TESTS.joinpath(*packages, f"test_{name}.py")]
    if packages:
        files.append(_TESTS / f"test_{packages[-1]}.py")
        if not any((CORE / f"{prefix}{name}.py").exists() for prefix in ("", "_")):
            files.append(_TESTS / f"test_{name}.py")
    return tuple(path for path in files if path.exists())


def within_root(path: Path) -> str:
    """Return a path as it is said in a message or on a command line."""
    return path.relative_to(ROOT).as_posix()
