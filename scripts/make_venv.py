"""Make a virtual environment with pip in it, also where the system's Python lacks `ensurepip`.

Debian ships Python without `ensurepip` unless `python3-venv` is installed. Then the environment
is made without pip, and the system's pip, or virtualenv where that is what there is, fills it.
"""

from __future__ import annotations

import subprocess
import sys
import venv
from importlib.util import find_spec
from pathlib import Path

MINIMUM = (3, 11)


def main() -> int:
    """Make the environment named on the command line."""
    if sys.version_info < MINIMUM:
        print(f"Python {MINIMUM[0]}.{MINIMUM[1]} or newer is needed, this is {sys.version}")
        return 1
    target = Path(sys.argv[1])
    if find_spec("ensurepip") is not None:
        venv.create(target, with_pip=True, clear=True)
        return 0
    if find_spec("virtualenv") is not None:
        return subprocess.call([sys.executable, "-m", "virtualenv", "--quiet", str(target)])
    if find_spec("pip") is None:
        print("This Python has neither ensurepip, virtualenv nor pip: install python3-venv.")
        return 1
    venv.create(target, with_pip=False, clear=True)
    python = str(target / "bin" / "python")
    return subprocess.call(
        [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "pip"]
    )


if __name__ == "__main__":
    sys.exit(main())
