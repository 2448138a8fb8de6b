"""A module that is not loaded before something of it is used."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sansio_auth._later import later


@pytest.fixture(name="name")
def _name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A module that takes a moment to load."""
    text = "import time\ntime.sleep(0.05)\nVALUE = [1]\n"
    (tmp_path / "loaded_later.py").write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "loaded_later", raising=False)
    return "loaded_later"


def test_a_module_is_loaded_by_its_first_use(name: str) -> None:
    """And not by being named; what is in it is what is in it now."""
    module = later(name)
    assert name not in sys.modules
    assert module.VALUE == [1]
    sys.modules[name].VALUE = [2]  # type: ignore[attr-defined]
    assert module.VALUE == [2]


def test_what_is_not_in_it_is_not_there(name: str) -> None:
    """With Python's own message."""
    with pytest.raises(AttributeError, match=r"loaded_later.*NOTHING"):
        _ = later(name).NOTHING


def test_threads_may_use_it_at_once(name: str) -> None:
    """None of them sees half of it."""
    module = later(name)
    with ThreadPoolExecutor(8) as pool:
        seen = list(pool.map(lambda _: module.VALUE, range(8)))
    assert seen == [[1]] * 8
