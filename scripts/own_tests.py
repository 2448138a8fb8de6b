"""Which test files are a core module's own, by name: the only ones that may vouch for it.

`sansio_auth/_claims.py` is covered by `tests/core/test_claims.py`, `_steps/region.py` by
`steps/test_region.py`, and a package whose modules are one subject, as `partition` is, by one file.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

__all__ = ["CORE", "ROOT", "own_tests", "within_root"]

ROOT: Final = Path(__file__).parents[1]
CORE: Final = ROOT / "sansio_auth"
_TESTS: Final = ROOT / "tests" / "core"


def own_tests(module: Path) -> Path | None:
    """Return the test file of a module of the core, None where there is none."""
    *packages, name = (
        part.removeprefix("_").removesuffix(".py") for part in module.relative_to(CORE).parts
    )
    name = "package" if name == "_init__" else name
    own = _TESTS.joinpath(*packages, f"test_{name}.py")
    of_the_package = _TESTS / f"test_{'_'.join(packages) or name}.py"
    return next((path for path in (own, of_the_package) if path.exists()), None)


def within_root(path: Path) -> str:
    """Return a path as it is said in a message or on a command line."""
    return path.relative_to(ROOT).as_posix()
