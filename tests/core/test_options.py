"""What every request may be told."""

from __future__ import annotations

from typing import Any

import pytest

from sansio_auth import ConfigurationError, parse_authority
from sansio_auth._options import asked, read_secret
from sansio_auth.calls import ClientCredentials
from sansio_auth.registration import Registration
from sansio_auth.secret import Secret

_REGISTRATION = Registration(
    client_id="c", authority=parse_authority("https://login.microsoftonline.com/contoso.com")
)


def _asked(**options: Any) -> Any:
    return asked(_REGISTRATION, ["s"], options)  # type: ignore[arg-type]


def test_nothing_told_is_nothing_asked() -> None:
    """The calls have a default for every option."""
    assert _asked() == {"registration": _REGISTRATION, "scopes": ("s",)}


def test_what_is_not_told_has_a_default() -> None:
    """The same one as a call that is told nothing."""
    found = _asked(correlation_id="id")
    assert found.pop("registration") is _REGISTRATION
    assert found.pop("scopes") == ("s",)
    assert found.pop("correlation_id") == "id"
    assert set(map(repr, found.values())) == {"None", "()", "False", "''", "0"}
    call = ClientCredentials(registration=_REGISTRATION, scopes=("s",))
    assert found == {name: getattr(call, name) for name in found}


def test_options_are_read() -> None:
    """Fields in order of their names."""
    found = _asked(
        data={"b": "2", "a": "1"}, params={"p": "1"}, claims_challenge={"x": 1},
        forwarded_client_claims="{}", force_refresh=1, min_remaining=7, correlation_id="id",
        token_to_refresh_hash="AB" * 32,
    )  # fmt: skip
    assert found["data"] == (("a", "1"), ("b", "2"))
    assert found["claims_challenge"] == '{"x": 1}'
    assert (found["force_refresh"], found["min_remaining"]) == (True, 7)
    assert (found["correlation_id"], found["token_to_refresh"]) == ("id", "ab" * 32)


@pytest.mark.parametrize(
    ("option", "value", "code"),
    [
        ("token_to_refresh_hash", "short", "token_to_refresh_hash"),
        ("token_to_refresh_hash", "z" * 64, "token_to_refresh_hash"),
        ("token_to_refresh_hash", 1, "token_to_refresh_hash"),
        ("min_remaining", -1, "min_remaining"),
        ("min_remaining", 1.5, "min_remaining"),
        ("min_remaining", True, "min_remaining"),
        ("correlation_id", "a\nb", "header_unsafe"),
        ("correlation_id", "", "header_unsafe"),
        ("data", {"a": 1}, "data_type"),
        ("data", {1: "a"}, "data_type"),
        ("data", {"a": "\ud800"}, "data_type"),
        ("data", [("a", "b")], "data_type"),
        ("params", {"a": None}, "params_type"),
        ("claims_challenge", "x", "claims"),
        ("forwarded_client_claims", 1, "claims"),
    ],
)
def test_an_option_that_cannot_be_is_refused(option: str, value: Any, code: str) -> None:
    """By name."""
    with pytest.raises(ConfigurationError) as caught:
        _asked(**{option: value})
    assert caught.value.code == code


@pytest.mark.parametrize("value", ["x", b"x", Secret("x")])
def test_a_secret_comes_as_text_bytes_or_secret(value: Any) -> None:
    """And is kept as one."""
    assert read_secret(value, "name", "code") == Secret("x")


@pytest.mark.parametrize("value", [None, 1, b"\xff", ["x"], "canary\ud800"])
def test_a_secret_of_another_kind_is_refused(value: Any) -> None:
    """With the argument's name, and not the value, also behind the error."""
    with pytest.raises(ConfigurationError, match="name: ") as caught:
        read_secret(value, "name", "code")
    assert caught.value.code == "code"
    assert caught.value.__cause__ is None
    assert "canary" not in str(caught.value)
