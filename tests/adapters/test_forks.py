"""What is renewed in a forked child, seen from inside."""

from __future__ import annotations

import gc
import importlib.util
import os

import pytest

from sansio_auth_adapters import forks


class _Thing:
    renewals = 0

    def renew(self) -> None:
        self.renewals += 1


def test_everything_that_is_there_is_renewed() -> None:
    """And nothing is kept for the sake of it."""
    thing, gone = _Thing(), _Thing()
    before = len(forks._everything)
    for it in (thing, gone):
        forks.renew_in_children(it)
    del gone, it
    _ = gc.collect()
    forks._after_fork()
    assert thing.renewals == 1
    assert len(forks._everything) <= before + 1


def test_a_platform_without_fork_can_do_without(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing can be registered for a fork the module loads, and takes things in."""
    monkeypatch.delattr(os, "register_at_fork", raising=False)
    spec = importlib.util.find_spec("sansio_auth_adapters.forks")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.renew_in_children(_Thing())
