"""Section D: scopes and claims, and that a mistake in them is found before any request."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

from sansio_auth import ConfigurationError
from tests.faults.aids import GRAPH, Answer, Line, app_of
from tests.faults.rows import row

_READ = ["User.Read"]
_ASSERTION = "eyJ.user.assertion"
_METHODS: dict[str, Callable[[Any, Any], Any]] = {
    "client": lambda app, scopes: app.acquire_token_for_client(scopes),
    "on-behalf-of": lambda app, scopes: app.acquire_token_on_behalf_of(_ASSERTION, scopes),
    "refresh": lambda app, scopes: app.acquire_token_by_refresh_token("RT", scopes),
    "sign-in": lambda app, scopes: app.initiate_auth_code_flow(scopes, response_mode="form_post"),
}


def _refused(scopes: Any, method: str = "client") -> str:
    line = Line()
    with pytest.raises(ConfigurationError, match="scopes") as caught:
        _METHODS[method](app_of(line), scopes)
    assert line.asked == []
    return str(caught.value)


@pytest.mark.parametrize("method", _METHODS)
@pytest.mark.parametrize(
    "scopes", [row(114, "text", GRAPH), row(114, "empty", ""), row(114, "bytes", b"User.Read")]
)
def test_one_text_is_no_list_of_scopes(scopes: Any, method: str) -> None:
    """It is never read letter by letter, and the error says how to write it."""
    assert "[scope]" in _refused(scopes, method)


@pytest.mark.parametrize("method", _METHODS)
@pytest.mark.parametrize(
    "collect",
    [row(115, kind.__name__, kind) for kind in (list, tuple, set, frozenset, iter)]
    + [row(115, "generator", lambda scopes: (scope for scope in scopes)),
       row(115, "keys", lambda scopes: dict.fromkeys(scopes).keys())],
)  # fmt: skip
def test_any_other_collection_of_scopes_is_good(collect: Any, method: str) -> None:
    """Whatever can be gone through."""
    line = Line()
    scopes = [GRAPH] if method == "client" else ["Mail.Read", "User.Read"]
    result = _METHODS[method](app_of(line), collect(scopes))
    sent = line.forms[0]["scope"] if line.forms else " ".join(result["scope"])
    assert set(scopes) <= set(sent.split())


@pytest.mark.parametrize(
    "scopes", [row(116, "empty", []), row(116, "none", None), row(116, "tuple", ()),
               row(116, "generator", iter([]))],
)  # fmt: skip
def test_an_application_asks_for_something(scopes: Any) -> None:
    """No scopes is a mistake."""
    assert _refused(scopes)


@pytest.mark.parametrize("method", _METHODS)
@pytest.mark.parametrize(
    "scope",
    [
        row(118, "space", "a b"),
        row(118, "tab", "a\tb"),
        row(118, "line-break", "a\r\nb"),
        row(118, "line-feed", "a\n"),
        row(118, "nul", "a\x00"),
        row(118, "quote", 'a"b'),
        row(118, "backslash", "a\\b"),
        row(118, "non-ascii", "\u00e4"),
        row(118, "delete", "a\x7f"),
        row(118, "empty", ""),
    ],
)
def test_a_scope_is_a_token_of_its_rfc(scope: str, method: str) -> None:
    """RFC 6749 section 3.3; the error says which one is none."""
    told = _refused(["good", scope], method)
    assert "scopes[1]" in told
    assert repr(scope) in told


def test_row118_a_long_scope_is_not_shown() -> None:
    """Its place and length are."""
    told = _refused(["good", "lengthy" * 1_700])
    assert "scopes[1]" in told
    assert "11900" in told
    assert "lengthy" not in told


@pytest.mark.parametrize("method", _METHODS)
@pytest.mark.parametrize(
    "scope", [row(119, "1", 1), row(119, "none", None), row(119, "bytes", b"x"),
              row(119, "list", ["x"])],
)  # fmt: skip
def test_a_scope_is_a_text(scope: Any, method: str) -> None:
    """Nothing is turned into one."""
    assert "scopes[0]" in _refused([scope], method)


@pytest.mark.parametrize(
    "again", [row(120, "order", ["B.Read", "a.read"]), row(120, "case", ["A.READ", "b.read"]),
              row(120, "twice", ["a.read", "B.Read", "a.read"])],
)  # fmt: skip
def test_order_and_case_of_scopes_tell_no_tokens_apart(again: list[str]) -> None:
    """They are sent sorted, as the caller wrote them."""
    token = '{"access_token":"AT","token_type":"Bearer","expires_in":3600}'
    line = Line(Answer(200, token))
    app = app_of(line)
    first = app.acquire_token_for_client(["a.read", "B.Read"])
    assert first["access_token"] == "AT"
    assert line.forms[0]["scope"] == "B.Read a.read"
    assert app.acquire_token_for_client(again)["token_source"] == "cache"
    assert len(line.asked) == 1


@pytest.mark.parametrize(
    "scopes", [row(121, "two", ["A/.default", "B/.default"]), row(121, "three", [
        "A/.default", "B/.default", "C/.default"])],
)  # fmt: skip
def test_an_application_asks_for_one_resource(scopes: list[str]) -> None:
    """The error says what to do for several."""
    assert "one call for each" in _refused(scopes)


_RESERVED = ["openid", "profile", "offline_access"]


@pytest.mark.parametrize(
    "scopes", [row(122, "all", _RESERVED), *(row(122, word, [word]) for word in _RESERVED)]
)
def test_openids_own_scopes_are_an_applications_business(scopes: list[str]) -> None:
    """As with MSAL they are passed on for the application, and refused for a user."""
    line = Line()
    _ = app_of(line).acquire_token_for_client([*scopes, GRAPH])
    assert set(line.forms[0]["scope"].split()) == {*scopes, GRAPH}
    for method in ("on-behalf-of", "sign-in", "refresh"):
        told = _refused([*scopes, "User.Read"], method)
        assert all(scope in told for scope in scopes)


# --- claims --------------------------------------------------------------------------------------

_CHALLENGE = {"access_token": {"nbf": {"essential": True, "value": "1"}}}


def _sent(challenge: Any, method: str = "client", **more: Any) -> str | None:
    line = Line()
    app = app_of(line, **more)
    if method == "client":
        app.acquire_token_for_client([GRAPH], claims_challenge=challenge)
    else:
        app.acquire_token_on_behalf_of(_ASSERTION, _READ, claims_challenge=challenge)
    return line.forms[0].get("claims")


@pytest.mark.parametrize("method", [row(123, "client", "client"), row(123, "obo", "obo")])
def test_a_challenge_may_be_a_dict(method: str) -> None:
    """It is sent as JSON."""
    assert json.loads(_sent(_CHALLENGE, method) or "") == _CHALLENGE


@pytest.mark.parametrize(
    "encode",
    [row(124, "base64", base64.b64encode), row(124, "base64url", base64.urlsafe_b64encode),
     row(124, "unpadded", lambda raw: base64.b64encode(raw).rstrip(b"="))],
)  # fmt: skip
def test_base64_of_a_challenge_is_told_apart(encode: Any) -> None:
    """It is what stands in the header; the content is not shown."""
    encoded = encode(b'{"id_token":{"canary":{"value":"??>>~~"}}}').decode()
    line = Line()
    with pytest.raises(ConfigurationError, match="base64") as caught:
        app_of(line).acquire_token_for_client([GRAPH], claims_challenge=encoded)
    assert caught.value.code == "looks_base64"
    assert encoded[:12] not in str(caught.value)
    assert line.asked == []


@pytest.mark.parametrize(
    "helper",
    [row(124, "helper", "parse_www_authenticate")],
)
def test_the_error_points_to_the_reader_of_headers(helper: str) -> None:
    """So that nobody decodes by hand."""
    encoded = base64.b64encode(json.dumps(_CHALLENGE).encode()).decode()
    with pytest.raises(ConfigurationError, match=helper):
        app_of(Line()).acquire_token_for_client([GRAPH], claims_challenge=encoded)


@pytest.mark.parametrize("capabilities", [None, ["CP1"]])
@pytest.mark.parametrize(
    "challenge",
    [
        row(125, "access-token", '{"access_token":null}'),
        row(125, "id-token", '{"id_token":null}'),
        row(125, "claim", '{"access_token":{"acrs":null}}'),
    ],
)
def test_null_in_a_challenge_is_nothing(challenge: str, capabilities: Any) -> None:
    """And capabilities are merged into it."""
    sent = json.loads(_sent(challenge, client_capabilities=capabilities) or "")
    values = sent.get("access_token") or {}
    assert values.get("xms_cc") == (None if capabilities is None else {"values": ["CP1"]})


@pytest.mark.parametrize("challenge", [row(125, "none", None), row(125, "empty", "")])
def test_no_challenge_asks_for_nothing(challenge: Any) -> None:
    """An empty text is none, as with MSAL (protocol C: what is falsy is no challenge)."""
    assert _sent(challenge) is None


@pytest.mark.parametrize("method", ["client", "obo"])
@pytest.mark.parametrize(
    "challenge",
    [
        row(125, "no-json", "canary"),
        row(125, "truncated", '{"access_token":{"canary"'),
        row(125, "list", '["canary"]'),
        row(125, "number", "5"),
        row(125, "null", "null"),
        row(125, "text", '"canary"'),
        row(125, "spaces", "   "),
        row(125, "not-a-text", 5),
        row(125, "a-list", ["canary"]),
        row(125, "bytes", b'{"access_token":{}}'),
        row(125, "access-token-text", '{"access_token":"canary"}'),
        row(125, "id-token-list", '{"id_token":["canary"]}'),
        row(125, "repeated", '{"access_token":{},"access_token":{"canary":null}}'),
        row(125, "repeated-id-token", '{"id_token":{},"id_token":{"canary":null}}'),
        row(125, "repeated-userinfo", '{"userinfo":{},"userinfo":{"canary":null}}'),
        row(125, "repeated-inside", '{"access_token":{"canary":{},"canary":null}}'),
        row(125, "megabyte", '{"access_token":{"canary":"%s"}}' % ("x" * 1_048_576)),
        row(125, "deep", '{"access_token":' * 2_000 + "null" + "}" * 2_000),
        row(125, "very-deep", "[" * 100_000),
        row(125, "not-json-inside", {"access_token": {"canary": object()}}),
        row(125, "nan", {"access_token": {"canary": float("nan")}}),
    ],
)
def test_a_challenge_that_is_none_is_not_sent(challenge: Any, method: str) -> None:
    """And not shown."""
    with pytest.raises(ConfigurationError) as caught:
        _sent(challenge, method)
    assert "canary" not in str(caught.value)
    assert caught.value.__cause__ is None
