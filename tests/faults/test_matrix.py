"""A usable token beats every failure (I-1), as one table: ages, faults, grants and drivers.

What must come out depends on the token's age alone, and on whether the fault leaves a way to a
fresh one. Nothing that is stored is lost, whatever comes out (I-2).
"""

from __future__ import annotations

from functools import partial
from typing import Any, Final, Literal, get_args

import pytest

from sansio_auth import SansioAuthError
from sansio_auth.effects import FailureKind
from sansio_auth.results import NotCached, Refusal
from sansio_auth.wire import HttpRequest
from tests.faults.drivers import DRIVERS, by_hand
from tests.faults.mishaps import FAULTS, OF_TRANSPORTS, Fault
from tests.faults.stage import BESIDE, GRANTS, WANTED, Got, Grant, Stage, UnrulyStore, rows

# --- ages, and what must come out -----------------------------------------------------------------

Outcome = Literal["cached", "fresh", "failure", "nothing"]

#: Seconds since a token was issued that lives 3,600 and is due after 1,800; None: there is none.
_AGES: Final[dict[str, float | None]] = {
    "fresh": 10.0, "due": 1_900.0, "in the margin": 3_400.0, "expired": 4_000.0, "none": None,
}  # fmt: skip
#: By age: what comes out where no token can be got, and where one can be got in spite of the fault.
_EXPECTED: Final[dict[str, tuple[Outcome, Outcome]]] = {
    "fresh": ("cached", "cached"),
    "due": ("cached", "fresh"),
    "in the margin": ("failure", "fresh"),
    "expired": ("failure", "fresh"),
    "none": ("failure", "fresh"),
}


# --- the table ------------------------------------------------------------------------------------


def _set(fault: Fault, grant: Grant, age: float | None) -> Stage:
    """Return the stage with a token of that age, and one beside it that lives much longer."""
    stage = Stage(grant, host=fault.host, tenant=fault.tenant)
    stage.life = {"expires_in": 90_000}
    assert by_hand(stage, grant.first(stage.client, BESIDE[grant.for_user])).secret
    if age is not None:
        stage.life = {"expires_in": 3_600, "refresh_in": 1_800}
        assert by_hand(stage, grant.first(stage.client, WANTED[grant.for_user])).secret == "AT-2"
        stage.clock.advance(age)
    stage.region, stage.credential = fault.region, fault.credential
    stage.unruly = UnrulyStore(stage.memory) if fault.unruly else None
    return stage


def _expected(fault: Fault, kind: str, age: str, driver: str) -> Outcome:
    seen = "none" if driver in fault.blind else age
    if fault.out_of_reach and kind == "silent":
        outcome = _EXPECTED[seen][False]
        return "nothing" if outcome == "failure" else outcome
    return _EXPECTED[seen][fault.way]


_CELLS: Final = [
    pytest.param(name, kind, age, driver, id=f"{name}-{kind}-{age}-{driver}")
    for name, fault in FAULTS.items()
    for kind in GRANTS
    for age in _AGES
    for driver in DRIVERS
    if driver in fault.drivers
]


@pytest.mark.parametrize(("name", "kind", "age", "driver"), _CELLS)
def test_a_usable_token_beats_every_failure(name: str, kind: str, age: str, driver: str) -> None:
    """I-1 and I-2: fresh it is served unasked, due in spite of everything; else it is told."""
    fault, grant = FAULTS[name], GRANTS[kind]
    stage = _set(fault, grant, _AGES[age])
    ask = partial(DRIVERS[driver], stage)
    fault.prelude(stage, ask)
    stage.behave, stage.sent = fault.behave, []
    before, issued = rows(stage), stage.issued
    got, expected = ask(), _expected(fault, kind, age, driver)
    match expected:
        case "cached":
            assert got == Got("AT-2", "cache")
        case "fresh":
            assert got.secret in _issued(stage, issued)
            assert got.source == "identity_provider"
        case "nothing":
            assert got in {Got(), Got(failure=NotCached())}
        case "failure":
            _check_failure(got)
    saves = stage.unruly is None or "save" not in stage.unruly.before
    new = _issued(stage, issued) if expected == "fresh" and saves else set[str]()
    _check_rows(before, rows(stage), new)
    if fault.quiet or (expected == "cached" and age == "fresh"):
        assert stage.posts == 0


def _issued(stage: Stage, before: int) -> set[str]:
    """Return what the endpoint has issued since."""
    return {f"AT-{number}" for number in range(before + 1, stage.issued + 1)}


def _check_failure(got: Got) -> None:
    """It is an error of ours, or a refusal: a value of the core, or msal's dictionary."""
    assert got.secret is None
    match got.failure:
        case Refusal(error=error) | {"error": str(error)}:
            assert error
        case told:
            assert isinstance(told, SansioAuthError)
            assert told.code


def _check_rows(
    before: dict[str, dict[Any, Any]], after: dict[str, dict[Any, Any]], new: set[str]
) -> None:
    """Where nothing was got nothing changes; else it is there too, and what still works stays."""
    if not new:
        assert after == before
        return
    assert new <= {row[0] for row in after["access"].values()}
    beside = {key: row for key, row in before["access"].items() if row[0] == "AT-1"}
    assert beside
    assert beside.items() <= after["access"].items()
    assert before["refresh"].keys() <= after["refresh"].keys()


def test_every_kind_of_failure_of_a_transport_is_tried() -> None:
    """A kind that is new has to be put into the table."""
    tried = {"unknown"}
    for fault in OF_TRANSPORTS.values():
        with pytest.raises(Exception) as caught:
            _ = fault.answer(Stage(GRANTS["silent"]), HttpRequest("GET", "https://h/"))
        tried.add(str(getattr(caught.value, "kind", getattr(caught.value, "code", ""))))
    assert {*get_args(FailureKind)} - {"callback", "store"} <= tried
