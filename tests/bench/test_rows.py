"""Every row of the benchmark does its work once, on a small scale."""

from __future__ import annotations

import re
from math import isfinite

import pytest
from attrs import evolve

from bench import libraries
from bench.effort import ONCE, QUICK
from bench.guard import MISLEADING
from bench.lines import MSAL, OURS, Line, Parts, Series, Told
from bench.page import PAGE, report
from bench.rows import NAMES, subject
from bench.rows import instructions as counted

_NO_COUNTS = "instructions"  # are for Valgrind, which is not asked here
_PEERS = ("azure-identity", "google-auth", "Authlib")


@pytest.fixture(autouse=True)
def _led_by_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in MISLEADING:
        monkeypatch.delenv(name, raising=False)


def _without_numbers(text: str) -> str:
    return re.sub(r"\d[\d,]*", "N", text)


def _check(it: Told) -> None:
    match it:
        case Line():
            assert OURS in it.figures
            assert all(isfinite(figure) and figure >= 0 for figure in it.figures.values())
        case Series():
            assert {len(figures) for figures in it.figures.values()} == {len(it.sizes)}
        case Parts():
            assert it.figures.keys() == it.shares.keys()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", NAMES)
def test_a_row_does_its_work_once_and_is_on_the_page(name: str) -> None:
    """What it yields can be told; one that was renamed is missing until the page is made anew."""
    page = _without_numbers(PAGE.read_text(encoding="utf-8"))
    told = tuple(subject(name)(ONCE))
    assert bool(told) is (name != _NO_COUNTS)
    for it in told:
        _check(it)
        assert it.title in report([it])
    assert [it.title for it in told if _without_numbers(it.title) not in page] == []


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("here", [(OURS, MSAL), (OURS,)], ids=["msal alone", "no other at all"])
@pytest.mark.parametrize("name", ["hits", "users", "misses", "formats"])
def test_a_row_goes_on_without_libraries_that_are_not_installed(
    name: str, here: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is measured against one of them has no verdict."""
    for it, entry in libraries._ENTRIES.items():
        if it not in here:
            gone = evolve(entry, needed="no_such_library.at_all")
            monkeypatch.setitem(libraries._ENTRIES, it, gone)
    assert libraries.absent() == [it for it in ("msal", *_PEERS) if it not in here]
    lines = [it for it in subject(name)(ONCE) if isinstance(it, Line)]
    assert lines
    for line in lines:
        assert line.peer is None
        assert not set(_PEERS) & set(line.figures)
        against = None if line.goal is None else line.goal.against
        assert (line.met is None) is (line.goal is None or not {against} <= {None, *line.figures})


def test_instructions_are_those_of_one_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """What two processes have in common cancels out."""
    costs = {OURS: (7, 70), MSAL: (100, 1_000)}

    def process(name: str, hits: int, misses: int) -> int:
        return 5_000_000 + hits * costs[name][0] + misses * costs[name][1]

    monkeypatch.setattr(counted, "_counted", process)
    monkeypatch.setattr("shutil.which", lambda name: name)
    hit, miss = counted.rows(QUICK)
    assert hit.figures == {OURS: 7, MSAL: 100}
    assert miss.figures == {OURS: 70, MSAL: 1_000}
