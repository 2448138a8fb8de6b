"""I-6: any bytes from outside give a value or one of our errors, whichever parser reads them."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.properties.parsers import PARSERS, good_members, names_in_fuzz, said

_ROOT: Final = Path(__file__).parents[2]
_QUICK: Final = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

_atoms: Any = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=12),
    st.text(st.characters(categories=["Cs", "Cc", "Lo"]), max_size=4),
    st.sampled_from([10**400, -(10**400), 1e308, "9" * 400, "1e400", "a.b.c", "https://h.example/"]),
)  # fmt: skip
_values: Any = st.recursive(
    _atoms,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=8,
)


@pytest.mark.parametrize("name", PARSERS)
def test_the_good_inputs_are_good(name: str) -> None:
    """Otherwise what is made of them would be refused for another reason than it should."""
    outcomes = {said(PARSERS[name].parse, data) for data in PARSERS[name].corpus}
    refused_on_purpose = {"private key", "PFX", "sign-in", "managed identity", "endpoint"}
    assert "value" in outcomes or name in refused_on_purpose


@pytest.mark.parametrize("name", PARSERS)
@_QUICK
@given(data=st.binary(max_size=200))
def test_any_bytes_give_a_value_or_our_error(name: str, data: bytes) -> None:
    """Row 223: whatever they are."""
    said(PARSERS[name].parse, data)


@pytest.mark.parametrize("name", PARSERS)
@_QUICK
@given(text=st.text(max_size=100))
def test_any_text_gives_a_value_or_our_error(name: str, text: str) -> None:
    """In UTF-8, and with half characters where there are any."""
    said(PARSERS[name].parse, text.encode("utf-8", "surrogatepass"))


@pytest.mark.parametrize("name", PARSERS)
@_QUICK
@given(value=_values)
def test_any_json_gives_a_value_or_our_error(name: str, value: Any) -> None:
    """Also what only Python calls JSON: NaN, Infinity, numbers of a thousand digits."""
    said(PARSERS[name].parse, json.dumps(value).encode())


@pytest.mark.parametrize("name", [name for name in PARSERS if any(good_members(name))])
@_QUICK
@given(data=st.data())
def test_any_member_may_be_anything(name: str, data: st.DataObject) -> None:
    """Of a good document, however deep it is."""
    before, document = data.draw(st.sampled_from(list(good_members(name))))
    at: Any = json.loads(json.dumps(document))
    whole = at
    while True:
        key = data.draw(st.sampled_from(sorted(at)))
        if not (isinstance(at[key], dict) and at[key] and data.draw(st.booleans())):
            break
        at = at[key]
    at[key] = data.draw(_values)
    said(PARSERS[name].parse, before + json.dumps(whole).encode())


@pytest.mark.parametrize("name", PARSERS)
@_QUICK
@given(data=st.data())
def test_a_good_input_cut_or_changed_gives_a_value_or_our_error(
    name: str, data: st.DataObject
) -> None:
    """At any place, by any bytes."""
    good = data.draw(st.sampled_from(PARSERS[name].corpus))
    start, stop = sorted(data.draw(st.tuples(*[st.integers(0, len(good))] * 2)))
    said(PARSERS[name].parse, good[:start] + data.draw(st.binary(max_size=9)) + good[stop:])


# --- that none is left out ---------------------------------------------------------------------

#: Functions that are named like parsers: which one that is searched leads to them, or why not.
_WITHIN: Final = {
    "parse_value": "parse_object", "parse_unique": "read_challenge", "read_object": "merge_claims",
    "parse_large": "partition file",
    "read_secret": "a caller's argument, tried by tests/core/test_options.py",
    "read_answer": "journeys: an injected client's answer",
    "read_body": "a transport's bytes, tried by the contract of transports",
    "read_key_file": "credential", "read_token_file": "token file",
    "read_options": "a caller's keyword arguments",
    "parse_http_date": "Retry-After", "read": "a file store in use", "read_failure": "none: errors",
    "load_knowledge": "none: a step", "parse_proxies": "a caller's argument",
    "read_scopes": "a caller's argument",
}  # fmt: skip


def _parsers() -> set[str]:
    """Return the public functions that are named like parsers."""
    found = set[str]()
    for package in ("sansio_auth", "adapters/sansio_auth_adapters"):
        for file in (_ROOT / package).rglob("*.py"):
            if "testing" in file.parts:
                continue
            for node in ast.parse(file.read_text("utf-8")).body:
                if isinstance(node, ast.FunctionDef):
                    verb = node.name.partition("_")[0]
                    if verb in {"decode", "deserialize", "load", "parse", "read"}:
                        found.add(node.name)
    return found


def test_every_parser_is_searched() -> None:
    """By its name, or because one that is searched leads to it."""
    assert _parsers() - names_in_fuzz() - _WITHIN.keys() == set()
    assert len(_parsers()) > 15
