"""Which test files are a core module's own, by name: the only ones that may vouch for it.

`sansio_auth/_claims.py` has `tests/core/test_claims.py`, `_steps/region.py` has
`steps/test_region.py`. A package whose tests have no folder is one subject, as `partition` is: the
tests named after it and after its modules are the tests of all of them.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
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
    if not folder.exists():  # one subject: the tests of the package and of all its modules
        names = [
            packages[-1],
            *(path.name.removeprefix("_") for path in module.parent.glob("*.py")),
        ]
        return _existing(_TESTS, [it for it in names if not _is_module(CORE, it)])
    return _existing(folder, ["package" if name == "_init__.py" else name])


def _is_module(folder: Path, name: str) -> bool:
    return (folder / name).is_file() or (folder / f"_{name}").is_file()


def _existing(folder: Path, names: Iterable[str]) -> tuple[Path, ...]:
    paths = [folder / f"test_{name.removesuffix('.py')}.py" for name in sorted(names)]
    return tuple(path for path in paths if path.exists())


def within_root(path: Path) -> str:
    """Return a path as it is said in a message or on a command line."""
    return path.relative_to(ROOT).as_posix()
