"""Both libraries play every scenario; what differs must be intended, and what is intended show."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from tests.parity.claims import Pair
from tests.parity.differences import BY_ID, DIFFERENCES, judge
from tests.parity.keys import Keys, keys_in
from tests.parity.libraries import MSAL, OURS
from tests.parity.observe import play
from tests.parity.scenario import USUAL, Scenario
from tests.parity.scenarios import SCENARIOS
from tests.parity.tree import at, differences_between


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    """Keys and certificates, made once."""
    folder: Path = tmp_path_factory.mktemp("keys")
    return keys_in(folder)


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    """Keep what msal logs of unreadable answers out of the report of a failure."""
    caplog.set_level(logging.CRITICAL)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_both_libraries_show_the_same(scenario: Scenario, keys: Keys) -> None:
    """Requests, results, warnings and cache are equal but for the differences it names."""
    pair = Pair(play(MSAL, scenario, keys), play(OURS, scenario, keys))
    unexplained, unseen = judge(scenario.differences, pair)
    report = "\n".join(str(finding) for finding in unexplained)
    assert not unexplained, f"{scenario.name}\n{report}"
    assert not unseen, f"{scenario.name}: did not show {sorted(unseen)}"
    theirs, ours = (at(side, ("steps", -1, "cache")) for side in (pair.msal, pair.ours))
    assert theirs != ours or json.dumps(theirs) == json.dumps(ours), "members in another order"


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_msal_plays_every_scenario_the_same_way_twice(scenario: Scenario, keys: Keys) -> None:
    """What the suite compares is not random: with msal on both sides nothing differs."""
    one, other = play(MSAL, scenario, keys), play(MSAL, scenario, keys)
    assert [*differences_between(one, other)] == []


def test_scenarios_have_names_of_their_own() -> None:
    """A failure names one scenario."""
    names = [scenario.name for scenario in SCENARIOS]
    assert sorted(set(names)) == sorted(names)


def test_every_intended_difference_is_shown_by_a_scenario() -> None:
    """No entry of the table is without a witness, and no scenario names one that is not there."""
    named = {name for scenario in SCENARIOS for name in scenario.differences}
    assert named == set(BY_ID)
    assert len(BY_ID) == len(DIFFERENCES)


def test_a_difference_that_nobody_intended_is_found(keys: Keys) -> None:
    """Proof that the comparison can fail: one header more, and one entry that shows nothing."""
    plain = next(scenario for scenario in SCENARIOS if scenario.differences == USUAL)
    named = Scenario(name="with a name", steps=plain.steps, app={"app_name": "planted"})
    pair = Pair(play(MSAL, named, keys), play(OURS, plain, keys))
    unexplained, unseen = judge(USUAL | {"life-cut"}, pair)
    assert [finding.path[-1] for finding in unexplained] == ["x-app-name"]
    assert unseen == {"life-cut"}
