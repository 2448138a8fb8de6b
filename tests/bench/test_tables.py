"""What is told of figures: units, goals, verdicts, tables, and the place of them on the page."""

from __future__ import annotations

import json

import pytest

from bench.lines import (
    FLOOR,
    MSAL,
    OURS,
    Goal,
    Line,
    Parts,
    Series,
    Told,
    Unit,
    compared,
    shown,
)
from bench.page import PAGE, circumstances, report, written_into
from bench.timing import Samples
from bench.transfer import dumped, read

_PEER = "azure-identity"


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (0.0, "s", "0"),
        (3.79e-7, "s", "379 ns"),
        (9.999e-7, "s", "1.00 µs"),
        (1.186e-5, "s", "11.9 µs"),
        (0.00121, "s", "1.21 ms"),
        (16.8, "s", "16.8 s"),
        (1061.4, "B", "1,061 B"),
        (2_430_000, "/s", "2,430,000/s"),
        (50, "requests", "50"),
        (113_800.2, "instructions", "113,800"),
        (1.04, "x", "1.04 x"),
    ],
)
def test_a_figure_is_shown_in_the_unit_that_suits_it(value: float, unit: Unit, said: str) -> None:
    """Three digits that count."""
    assert shown(value, unit) == said


@pytest.mark.parametrize(
    ("goal", "unit", "said"),
    [
        (Goal(1 / 15, MSAL), "s", "≤ 1/15 of msal"),
        (Goal(1.2, FLOOR), "s", "≤ 1.2 x floor"),
        (Goal(0.45, MSAL), "s", "≤ 0.45 x msal"),
        (Goal(10e-6), "s", "≤ 10.0 µs"),
        (Goal(0.9, at_least=True), "x", "≥ 0.90 x"),
        (Goal(0), "requests", "≤ 0"),
    ],
)
def test_a_goal_is_said_in_words(goal: Goal, unit: Unit, said: str) -> None:
    """Against a library, the floor, or nothing."""
    assert goal.said(unit) == said


@pytest.mark.parametrize(
    ("figures", "goal", "met"),
    [
        ({OURS: 1.0, MSAL: 15.0}, Goal(1 / 15, MSAL), True),
        ({OURS: 1.1, MSAL: 15.0}, Goal(1 / 15, MSAL), False),
        ({OURS: 1.0, FLOOR: 1.0}, Goal(1.2, FLOOR), True),
        ({OURS: 9.0, MSAL: 1.0}, Goal(10), True),
        ({OURS: 11.0}, Goal(10), False),
        ({OURS: 0.89}, Goal(0.9, at_least=True), False),
        ({OURS: 30.0, MSAL: 1.0}, Goal(20, MSAL, at_least=True), True),
        ({OURS: 1.0}, Goal(1 / 15, MSAL), None),
        ({MSAL: 1.0}, Goal(10), None),
        ({OURS: 1.0, MSAL: 0.0}, Goal(0.5, MSAL), None),
        ({OURS: 1.0, MSAL: 2.0}, None, None),
    ],
)
def test_a_goal_is_met_or_not_or_there_is_nothing_to_say(
    figures: dict[str, float], goal: Goal | None, met: bool | None
) -> None:
    """Without what it is measured against there is no verdict."""
    assert Line("row", "s", figures, goal).met is met


def test_a_ratio_of_rounds_goes_before_that_of_medians() -> None:
    """Where candidates were timed together, the verdict rests on the rounds."""
    samples = {OURS: Samples((1.0, 1.0, 9.0)), MSAL: Samples((2.0, 20.0, 20.0))}
    line = compared("row", samples, Goal(0.4, MSAL))
    assert line.figures == {OURS: 1.0, MSAL: 20.0}
    assert line.ratio_to(MSAL) == 0.45
    assert line.met is False


@pytest.mark.parametrize(("unit", "best"), [("s", _PEER), ("/s", "google-auth"), ("x", _PEER)])
def test_the_best_peer_is_the_fastest(unit: Unit, best: str) -> None:
    """Less is better, except of calls per second; the floor is nobody's."""
    figures = {OURS: 5.0, MSAL: 9.0, FLOOR: 0.1, _PEER: 2.0, "google-auth": 3.0}
    assert Line("row", unit, figures).peer == best
    assert Line("row", unit, {OURS: 1.0, MSAL: 2.0}).peer is None


_TOLD: tuple[Told, ...] = (
    Line("a hit", "s", {OURS: 1e-6, MSAL: 2e-5, _PEER: 3e-5}, Goal(1 / 15, MSAL), {MSAL: 0.05}),
    Line("a signature", "s", {OURS: 2e-3, MSAL: 3e-2, FLOOR: 1e-3}, Goal(1.2, FLOOR)),
    Line("memory", "B", {OURS: 300.0, MSAL: 1000.0}),
    Series("growth", "s", (1, 1_000), {OURS: (1e-6, 2e-6)}),
    Parts("a call", {"all": 2e-6, "half": 1e-6}, {"all": 1.0, "half": 0.5}),
)


def test_a_report_has_a_table_for_goals_and_one_for_each_of_the_others() -> None:
    """The columns are row, msal, best peer, ours, ratio, goal, met."""
    assert report(_TOLD).splitlines() == [
        "| row | msal | best peer | ours | ratio | goal | met |",
        "|---|---|---|---|---|---|---|",
        "| a hit | 20.0 µs | azure-identity 30.0 µs | 1.00 µs | 1/20 | ≤ 1/15 of msal | yes |",
        "| a signature | 30.0 ms |  | 2.00 ms | 2.00 x floor (1.00 ms) | ≤ 1.2 x floor | **no** |",
        "",
        "| row | msal | best peer | ours | ratio | goal | met |",
        "|---|---|---|---|---|---|---|",
        "| memory | 1,000 B |  | 300 B | 0.30 |  |  |",
        "",
        "| growth | 1 | 1,000 |",
        "|---|---|---|",
        "| ours | 1.00 µs | 2.00 µs |",
        "",
        "| a call | ours | share |",
        "|---|---|---|",
        "| all | 2.00 µs | 100% |",
        "| half | 1.00 µs | 50% |",
    ]


def test_what_a_row_yields_survives_the_way_between_processes() -> None:
    """As JSON and back it is the same."""
    assert read(json.dumps(dumped(_TOLD))) == list(_TOLD)


def test_a_new_table_takes_the_place_of_the_old_one() -> None:
    """Nothing else on the page changes, however often it is written."""
    page = PAGE.read_text(encoding="utf-8")
    once = written_into(page, "\nnew\n")
    assert once == written_into(once, "\nnew\n")
    before, _, rest = once.partition("\nnew\n")
    assert page.startswith(before)
    assert page.endswith(rest)


def test_a_page_without_a_place_for_it_is_refused() -> None:
    """A table is never put just anywhere."""
    with pytest.raises(ValueError, match="no place"):
        written_into("# A page\n", "new")


def test_what_is_told_of_the_circumstances_names_no_machine() -> None:
    """Versions, system and processors are enough."""
    import platform

    told = circumstances({"msal": "1.39.0"})
    assert "msal 1.39.0" in told
    assert platform.node() not in told
