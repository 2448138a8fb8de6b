"""The async application plays every scenario of the parity suite as the sync one does."""

from __future__ import annotations

import inspect

import pytest

from sansio_auth_adapters import AsyncConfidentialClientApplication, ConfidentialClientApplication
from tests.parity.awaited import AWAITED
from tests.parity.keys import Keys, keys_in
from tests.parity.libraries import OURS, Library
from tests.parity.observe import play
from tests.parity.scenario import Scenario
from tests.parity.scenarios import SCENARIOS
from tests.parity.tree import differences_between

#: What each colour has for itself: how it is closed, and how its endpoints are come by.
_OWN = {"discover", "close"}


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    """Keys and certificates, made once."""
    return keys_in(tmp_path_factory.mktemp("keys"))


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
@pytest.mark.parametrize("library", AWAITED, ids=lambda library: library.name)
def test_both_colours_show_the_same(library: Library, scenario: Scenario, keys: Keys) -> None:
    """Requests, results, errors, warnings and cache; nothing differs."""
    blocking, awaited = play(OURS, scenario, keys), play(library, scenario, keys)
    assert [*differences_between(blocking, awaited)] == []


def test_both_colours_have_the_same_methods_and_parameters() -> None:
    """Whoever knows one knows the other; what may send something is awaited."""
    for name in dir(ConfidentialClientApplication):
        if name.startswith("_") or name in _OWN:
            continue
        one = inspect.getattr_static(ConfidentialClientApplication, name)
        other = inspect.getattr_static(AsyncConfidentialClientApplication, name)
        if not inspect.isfunction(one):
            assert type(one) is type(other), name
            continue
        assert inspect.signature(one) == inspect.signature(other), name
        assert inspect.iscoroutinefunction(other) != (one is other), name
    extra = {*dir(AsyncConfidentialClientApplication)} - {*dir(ConfidentialClientApplication)}
    assert {name for name in extra if not name.startswith("_")} == {"discover"}
