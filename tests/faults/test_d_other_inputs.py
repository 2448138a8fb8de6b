"""Section D: ids, assertions, further fields and keyword arguments."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from typing import Any

import pytest

from sansio_auth import (
    AccessToken,
    ConfidentialClient,
    ConfigurationError,
    Failure,
    TransportError,
    parse_authority,
)
from sansio_auth.testing import World, example_tenant, user_token
from tests.faults.aids import GRAPH, TENANT, WEB_API, Answer, Line, app_of, client_of
from tests.faults.rows import row

_READ = ["User.Read"]
_LONG = "x" * 10_240
_TOKEN = '{"access_token":"AT","token_type":"Bearer","expires_in":3600}'


@pytest.mark.parametrize(
    "client_id",
    [
        row(127, "empty", ""),
        row(127, "spaces", "   "),
        row(127, "none", None),
        row(127, "line-break", f"{WEB_API}\r\n"),
        row(127, "injected", f"{WEB_API}\r\nx: y"),
        row(127, "nul", "a\x00b"),
        row(127, "bytes", WEB_API.encode()),
        row(127, "number", 5),
    ],
)
def test_a_client_id_is_a_text_that_can_be_sent(client_id: Any) -> None:
    """The application cannot be made without one."""
    line = Line()
    with pytest.raises(ConfigurationError, match="client_id"):
        app_of(line, client_id=client_id)
    assert line.asked == []


@pytest.mark.parametrize(
    "client_id",
    [row(127, "no-guid", "my client"), row(127, "upper-case", WEB_API.upper()),
     row(127, "url", "https://app.example/")],
)  # fmt: skip
def test_a_client_id_is_opaque(client_id: str) -> None:
    """It is sent as it was given."""
    line = Line()
    app_of(line, client_id=client_id).acquire_token_for_client([GRAPH])
    assert line.forms[0]["client_id"] == client_id


@pytest.mark.parametrize(
    "assertion",
    [
        row(128, "none", None),
        row(128, "empty", ""),
        row(128, "empty-bytes", b""),
        row(128, "bearer", "Bearer canary"),
        row(128, "bearer-lower-case", "bearer canary"),
        row(128, "bearer-bytes", b"Bearer canary"),
        row(128, "not-ascii", "canary\u00e4"),
        row(128, "bytes-not-ascii", b"canary\xff"),
        row(128, "line-break", "canary\r\n"),
        row(128, "number", 5),
    ],
)
def test_on_behalf_of_nobody_is_refused(assertion: Any) -> None:
    """Before anything is sent; what was given is not shown."""
    line = Line()
    with pytest.raises(ConfigurationError, match="user_assertion") as caught:
        app_of(line).acquire_token_on_behalf_of(assertion, _READ)
    assert line.asked == []
    assert "canary" not in str(caught.value)
    if "earer" in str(assertion):
        assert "pass the token alone" in str(caught.value)


def _expired() -> str:
    return user_token(example_tenant(), "alice@contoso.com", WEB_API, 1_000_000_000.0)


@pytest.mark.parametrize(
    "assertion",
    [
        row(128, "no-jwt", "opaque"),
        row(128, "expired", _expired()),
        row(128, "another-audience", _expired().replace("e", "f")),
        row(128, "bytes", b"opaque"),
        row(128, "two-parts", "a.b"),
    ],
)
def test_a_user_assertion_is_not_looked_into(assertion: Any) -> None:
    """The identity provider decides; the exact text is sent, and is what tells users apart."""
    text = assertion.decode() if isinstance(assertion, bytes) else assertion
    line = Line()
    assert "error" in app_of(line).acquire_token_on_behalf_of(assertion, _READ)
    assert line.forms[0]["assertion"] == text
    call = client_of().acquire_token_on_behalf_of(assertion, _READ)
    assert call.identity(None).subject.value == hashlib.sha256(text.encode()).hexdigest()


def test_row129_data_and_params_and_the_rest_go_where_msals_go() -> None:
    """Into the body, into the query, to the client; for that one call."""
    line = Line(Answer(200, _TOKEN), Answer(200, _TOKEN))
    app = app_of(line)
    app.acquire_token_for_client([GRAPH], data={"extra": "1"}, params={"q": "2"}, cert="c")
    app.acquire_token_for_client(["api://orders/.default"])
    (_, _, first), (_, _, second) = line.asked
    assert (line.forms[0]["extra"], first["params"], first["cert"]) == ("1", {"q": "2"}, "c")
    assert "extra" not in line.forms[1]
    assert not second["params"]
    assert "cert" not in second


@pytest.mark.parametrize(
    "call",
    [
        row(129, "begin-session",
            lambda app: app.initiate_long_running_on_behalf_of("x.y.z", _READ, nonsense=1)),
        row(129, "in-session",
            lambda app: app.acquire_token_in_long_running_session("key", _READ, nonsense=1)),
        row(129, "end-session", lambda app: app.stop_long_running_session("key", nonsense=1)),
        row(129, "headers", lambda app: app.acquire_token_for_client([GRAPH], headers={})),
        row(129, "constructor", lambda app: type(app)("c", "s", TENANT, nonsense=1)),
    ],
)  # fmt: skip
def test_an_unknown_name_beyond_msals_methods_is_refused(call: Callable[[Any], object]) -> None:
    """With a `TypeError`, as Python's own."""
    line = Line()
    with pytest.raises(TypeError):
        call(app_of(line))
    assert line.asked == []


@pytest.mark.parametrize("name", ["app_name", "app_version"])
@pytest.mark.parametrize(
    "text",
    [
        row(130, "app-injected", "a\r\nx: y"),
        row(130, "app-line-feed", "a\n"),
        row(130, "app-unicode", "\u00fc"),
        row(130, "app-emoji", "\U0001f600"),
        row(130, "app-nul", "a\x00"),
        row(130, "app-long", _LONG),
        row(130, "app-number", 5),
    ],
)
def test_what_goes_into_a_header_is_short_ascii(name: str, text: Any) -> None:
    """The application cannot be made otherwise."""
    line = Line()
    with pytest.raises(ConfigurationError):
        app_of(line, **{name: text})
    assert line.asked == []


@pytest.mark.parametrize(
    "text",
    [row(130, "line-break", "a\r\nx: y"), row(130, "unicode", "\u00fc"), row(130, "long", _LONG),
     row(130, "empty", ""), row(130, "nul", "\x00"),
     row(130, "number", 5),
     row(130, "bytes", b"a")],
)  # fmt: skip
def test_a_correlation_id_is_short_ascii(text: Any) -> None:
    """It goes into a header too."""
    line = Line()
    with pytest.raises(ConfigurationError, match="correlation_id"):
        app_of(line).acquire_token_for_client([GRAPH], correlation_id=text)
    assert line.asked == []


@pytest.mark.parametrize(
    "text",
    [row(131, "guid", "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee"), row(131, "no-guid", "order 17/b")],
)
def test_a_callers_correlation_id_is_used(text: str) -> None:
    """In the request, in the outcome, in a refusal and in an error."""
    line = Line()
    app = app_of(line)
    app.acquire_token_for_client([GRAPH], correlation_id=text)
    assert line.asked[0][2]["headers"]["client-request-id"] == text
    refused = app.acquire_token_for_client(["api://nothing/.default"], correlation_id=text)
    assert refused.get("correlation_id") == text
    world = World(example_tenant())
    call = client_of().acquire_token_for_client([GRAPH], correlation_id=text)
    world.faults = [Failure("timeout")]
    failed = world.play(call).error
    assert isinstance(failed, TransportError)
    assert failed.correlation_id == text
    outcome = world.play(call).result
    assert isinstance(outcome, AccessToken)
    assert outcome.metadata.correlation_id == text


@pytest.mark.parametrize(
    "options",
    [
        row(132, "fmi-number", {"fmi_path": 5}),
        row(132, "fmi-bytes", {"fmi_path": b"a"}),
        row(132, "fmi-list", {"fmi_path": ["a"]}),
        row(132, "fmi-empty-list", {"fmi_path": []}),
        row(132, "fmi-dict", {"fmi_path": {}}),
        row(132, "fmi-true", {"fmi_path": True}),
        row(132, "fmi-false", {"fmi_path": False}),
        row(132, "forwarded-number", {"forwarded_client_claims": 5}),
        row(132, "forwarded-bytes", {"forwarded_client_claims": b"{}"}),
        row(132, "forwarded-list", {"forwarded_client_claims": []}),
        row(132, "forwarded-dict", {"forwarded_client_claims": {"a": 1}}),
        row(132, "forwarded-no-json", {"forwarded_client_claims": "no JSON"}),
        row(132, "forwarded-json-list", {"forwarded_client_claims": "[]"}),
        row(132, "forwarded-json-number", {"forwarded_client_claims": "5"}),
    ],
)  # fmt: skip
def test_a_path_and_forwarded_claims_are_texts(options: dict[str, Any]) -> None:
    """The latter of a JSON object."""
    line = Line()
    with pytest.raises(ConfigurationError):
        app_of(line).acquire_token_for_client([GRAPH], **options)
    assert line.asked == []


def _netstrings(**fields: str) -> str:
    text = "".join(f"{len(it.encode())}:{it}" for pair in sorted(fields.items()) for it in pair)
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


@pytest.mark.parametrize(
    ("options", "fields"),
    [
        row(132, "path", {"fmi_path": "a/b"}, {"fmi_path": "a/b"}),
        row(132, "path-unicode", {"fmi_path": "\u00fc"}, {"fmi_path": "\u00fc"}),
        row(132, "claims", {"forwarded_client_claims": '{"x":{}}'}, {"client_claims": '{"x":{}}'}),
        row(132, "both", {"fmi_path": "a", "forwarded_client_claims": '{"x":1}'},
            {"fmi_path": "a", "client_claims": '{"x":1}'}),
    ],
)  # fmt: skip
def test_a_path_and_forwarded_claims_set_tokens_apart(
    options: dict[str, Any], fields: dict[str, str]
) -> None:
    """Their part of the key is that of MSAL 1.39."""
    line = Line(Answer(200, _TOKEN), Answer(200, _TOKEN))
    app = app_of(line)
    app.acquire_token_for_client([GRAPH])
    assert app.acquire_token_for_client([GRAPH], **options)["token_source"] == "identity_provider"
    assert app.acquire_token_for_client([GRAPH], **options)["token_source"] == "cache"
    data = {"fmi_path": options["fmi_path"]} if "fmi_path" in options else None
    client = ConfidentialClient(client_id=WEB_API, authority=parse_authority(TENANT))
    call = client.acquire_token_for_client(
        [GRAPH], data=data, forwarded_client_claims=options.get("forwarded_client_claims")
    )
    assert call.identity(None).extended_key == _netstrings(**fields).lower()
