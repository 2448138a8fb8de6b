"""What `import sansio_auth` offers, and what it does not load."""

from __future__ import annotations

import subprocess
import sys

import pytest

import sansio_auth


def test_every_name_that_is_offered_is_there() -> None:
    """And documented where it is made."""
    for name in sansio_auth.__all__:
        value = getattr(sansio_auth, name)
        assert value is not None
        assert name in dir(sansio_auth)


def test_no_other_name_is_there() -> None:
    """With Python's own message."""
    with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
        _ = sansio_auth.nonsense


@pytest.mark.parametrize(
    "use", ["", "sansio_auth.ConfidentialClient", "sansio_auth.parse_authority"]
)
def test_nothing_is_loaded_before_it_is_needed(use: str) -> None:
    """Neither cryptography nor sockets, whatever of the core is used."""
    program = (
        "import sys, sansio_auth\n"
        f"{use}\n"
        "heavy = {'jwt', 'cryptography', 'ssl', 'socket', 'urllib3', 'logging', 'asyncio',"
        " 'sansio_auth.user_calls', 'sansio_auth_adapters'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    ran = subprocess.run(
        [sys.executable, "-I", "-c", program], capture_output=True, text=True, check=True
    )
    assert ran.stdout.strip() == "[]"
