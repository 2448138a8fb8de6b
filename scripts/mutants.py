"""Plant small defects, one at a time, in the code that tokens depend on, and count who notices.

mutmut makes the mutants and runs each under the module's own tests, and only under those. The
score is printed per module; below 90 % the exit code says so. A mutant that survives is either
explained in `docs/explanation/mutants.md`, by the very lines it changes, or makes this fail; so
does an explanation whose mutant is gone.

Each module has a workspace in `.mutants/`. What was found there is taken again as long as the
module, its tests and mutmut are the same. `--survivors` tries only those that survived the last
time: for whoever writes the tests that are to kill them.
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

from scripts.own_tests import CORE, ROOT, own_tests, within_root

MODULES: Final = (
    "identity.py",
    "partition",
    "secret.py",
    "_assertion.py",
    "_claims.py",
    "_der.py",
    "_holds.py",
    "_http_date.py",
    "_json.py",
    "_steps/authentication.py",
    "_token.py",
)
_LEAST: Final = 90
#: A mutant that takes so many times as long as the tests without it has been noticed.
_PATIENCE: Final = 6
_PAGE: Final = ROOT / "docs" / "explanation" / "mutants.md"
_WORKSPACES: Final = ROOT / ".mutants"
_MUTMUT: Final = Path(sys.executable).with_name("mutmut")
_TABLE: Final = re.compile(r"(?<=<!-- score -->\n).*(?=<!-- /score -->)", re.DOTALL)

_SPINNER: Final = re.compile("[\u2800-\u28ff]")

#: Module, function, and the lines that the mutant takes away and puts in, without indentation.
Change: TypeAlias = tuple[str, str, tuple[str, ...]]


class Score(NamedTuple):
    """What became of a module's mutants."""

    module: str
    killed: int
    total: int
    survivors: tuple[Change, ...]

    @property
    def percent(self) -> float:
        """How many of a hundred were killed; all, where there are none."""
        return 100 * self.killed / self.total if self.total else 100.0

    def row(self) -> str:
        """The score as a row of the page's table."""
        return f"| `{self.module}` | {self.killed} | {self.total} | {self.percent:.1f} % |\n"

    def __str__(self) -> str:
        return f"{self.module:<40}{self.killed:>8}{self.total:>8}{self.percent:>8.1f} %"


def total(scores: Sequence[Score]) -> Score:
    """The score of all together."""
    survivors = tuple(it for score in scores for it in score.survivors)
    killed, mutants = sum(it.killed for it in scores), sum(it.total for it in scores)
    return Score("all", killed, mutants, survivors)


class Workspace:
    """The folder in which mutmut works on one module."""

    def __init__(self, module: Path) -> None:
        tests = own_tests(module)
        if not tests:
            message = f"{within_root(module)} has no tests of its own"
            raise SystemExit(message)
        self.name = within_root(module)
        self._module = module
        self._tests = tests
        self._folder = _WORKSPACES / self.name.replace("/", ".")
        self._mark = self._folder / "fingerprint"

    def _fingerprint(self) -> str:
        sources = (self._module, *self._tests, Path(__file__), ROOT / "tests" / "conftest.py")
        parts = [version("mutmut"), *(path.read_text(encoding="utf-8") for path in sources)]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()

    def _set_up(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True)
        for name in ("sansio_auth", "tests", "pyproject.toml"):
            (self._folder / name).symlink_to(ROOT / name)
        tests = "\n  ".join(within_root(path) for path in self._tests)
        settings = (
            "[mutmut]\nsource_paths = sansio_auth\n"
            f"only_mutate = {self.name}\n"
            f"pytest_add_cli_args_test_selection =\n  {tests}\n"
            "pytest_add_cli_args =\n  -pno:xdist\n  -pno:cacheprovider\n"
            "  --hypothesis-profile=ci\n"  # the same examples every time
            "  -m\n  not bulk\n"
            f"timeout_multiplier = {_PATIENCE}\n"
            "use_git_change_detection = false\n"
        )
        _ = (self._folder / "setup.cfg").write_text(settings, encoding="utf-8")

    def _mutmut(self, *arguments: str) -> str:
        ran = subprocess.run(
            [_MUTMUT, *arguments], cwd=self._folder, capture_output=True, text=True, check=False
        )
        if ran.returncode != 0:
            told = [it for it in (ran.stdout + ran.stderr).splitlines() if not _SPINNER.match(it)]
            message = "\n".join([f"{self.name}: mutmut failed", *told[-60:]])
            raise SystemExit(message)
        return ran.stdout

    def _surviving(self) -> list[str]:
        lines = (line.split(":") for line in self._mutmut("results").splitlines())
        return [name.strip() for name, fate in lines if fate.strip() not in {"killed", "timeout"}]

    def run(self, jobs: int, *, only_survivors: bool) -> None:
        """Try the mutants, unless what is known of them still holds."""
        parallel = f"--max-children={jobs}"
        fingerprint = (
            self._fingerprint()
        )  # of what is about to be tried, whatever changes meanwhile
        if self._mark.exists() and self._mark.read_text(encoding="utf-8") == fingerprint:
            return
        if only_survivors and (self._folder / "mutants").exists():
            self._mark.unlink(missing_ok=True)  # the others were not tried: this is no result
            if surviving := self._surviving():
                _ = self._mutmut("run", parallel, *surviving)
            return
        self._set_up()
        _ = self._mutmut("run", parallel)
        _ = self._mark.write_text(fingerprint, encoding="utf-8")

    def score(self, jobs: int) -> Score:
        """Count, and look at what survived."""
        _ = self._mutmut("export-cicd-stats")
        told = (self._folder / "mutants" / "mutmut-cicd-stats.json").read_text(encoding="utf-8")
        counts: dict[str, int] = json.loads(told)
        with ThreadPoolExecutor(jobs) as pool:
            survivors = tuple(pool.map(self._change, self._surviving()))
        return Score(self.name, counts["total"] - len(survivors), counts["total"], survivors)

    def _change(self, mutant: str) -> Change:
        lines = _changed(self._mutmut("show", mutant))
        function = re.sub(r"^.*\.x(_|ǁ)|__mutmut_\d+$", "", mutant).replace("ǁ", ".")
        return self.name, function, lines


def _changed(diff: str) -> tuple[str, ...]:
    """The lines of a diff that tell a change, without indentation."""
    lines = [line for line in diff.splitlines() if not line.startswith(("--- ", "+++ "))]
    return tuple(f"{line[0]} {line[1:].strip()}" for line in lines if line[:1] in {"-", "+"})


def explained(page: str) -> Iterator[Change]:
    """The changes that the page gives a reason for: diffs under a module's and a function's name.

    Several diffs may share the paragraph that follows them; without one they are not explained.
    """
    module = function = ""
    waiting: list[Change] = []
    for block in re.split(r"\n{2,}", page):
        if block.startswith("## "):
            module, waiting = block[3:].strip("` "), []
        elif block.startswith("### "):
            function, waiting = block[4:].strip("` "), []
        elif block.startswith("```diff\n"):
            waiting.append((module, function, _changed(block)))
        elif block.strip():
            yield from waiting
            waiting = []


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="see the module's docstring")
    _ = parser.add_argument("modules", nargs="*", default=MODULES, help="such as _claims.py")
    _ = parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    _ = parser.add_argument("--survivors", action="store_true", help="try only those again")
    _ = parser.add_argument("--write", action="store_true", help="put the table into the page")
    return parser.parse_args()


def _files(names: Sequence[str]) -> list[Path]:
    """The modules of these names, a package being all of its own, that mutmut can do any harm to.

    It leaves constants and decorated functions alone, and an `__init__` has done all it does before
    a mutant is chosen.
    """
    found = [
        path for name in names for path in sorted((CORE / name).glob("[!_]*.py")) or [CORE / name]
    ]
    return [
        path
        for path in found
        if any(
            isinstance(node, ast.FunctionDef) and not node.decorator_list
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        )
    ]


def _tell(verdict: str, changes: Iterable[Change]) -> None:
    for module, function, lines in changes:
        print(f"\n{verdict}: {module}, {function}", *lines, sep="\n  ")


def main() -> int:
    """Run, print, compare with the page."""
    arguments = _arguments()
    page = _PAGE.read_text(encoding="utf-8")
    reasons = set(explained(page))
    scores: list[Score] = []
    print(f"{'module':<40}{'killed':>8}{'mutants':>8}{'score':>10}")
    for path in _files(arguments.modules):
        workspace = Workspace(path)
        workspace.run(arguments.jobs, only_survivors=arguments.survivors)
        scores.append(workspace.score(arguments.jobs))
        print(scores[-1], flush=True)
    whole = total(scores)
    print(whole)
    unexplained = [it for it in whole.survivors if it not in reasons]
    gone = [it for it in reasons - {*whole.survivors} if it[0] in {it.module for it in scores}]
    _tell("survives, and nobody says why", unexplained)
    _tell("is explained, and does not survive", sorted(gone))
    poor = [it.module for it in (*scores, whole) if it.percent < _LEAST]
    if poor:
        print(f"\nless than {_LEAST} % killed:", *poor)
    if arguments.write:
        table = "| module | killed | mutants | score |\n|---|---|---|---|\n"
        table += "".join(score.row() for score in (*scores, whole))
        _ = _PAGE.write_text(_TABLE.sub(lambda _: table, page), encoding="utf-8")
    return int(bool(unexplained or gone or poor))


if __name__ == "__main__":
    sys.exit(main())
