"""What is installed: two packages, typed, and nothing else."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from sansio_auth import __version__

_ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel as it would be published."""
    target = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(target)],
        cwd=_ROOT, check=True, capture_output=True,
    )  # fmt: skip
    (built,) = target.glob("*.whl")
    return built


def test_the_wheel_holds_exactly_two_typed_packages(wheel: Path) -> None:
    """A stray top-level name would collide with somebody's."""
    names = zipfile.ZipFile(wheel).namelist()
    top = {name.split("/")[0] for name in names}
    assert {name for name in top if not name.endswith(".dist-info")} == {
        "sansio_auth",
        "sansio_auth_adapters",
    }
    assert {"sansio_auth/py.typed", "sansio_auth_adapters/py.typed"} <= set(names)
    assert any(name.endswith("LICENSE") for name in names)


def test_the_wheel_has_the_packages_own_version(wheel: Path) -> None:
    """It is written down once."""
    assert wheel.name.startswith(f"sansio_auth-{__version__}-")


def test_the_wheel_works_from_where_it_is(wheel: Path) -> None:
    """Both packages import from the wheel alone, the core without urllib3 (I-11)."""
    program = (
        "import sys\n"
        "class No:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] in {'urllib3', 'jwt', 'cryptography'}:\n"
        "            raise ImportError(name)\n"
        "sys.meta_path.insert(0, No())\n"
        "import sansio_auth, sansio_auth.client\n"
        "print(sansio_auth.__file__)\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program],
        cwd=wheel.parent,
        env={"PYTHONPATH": str(wheel)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ".whl" in ran.stdout
