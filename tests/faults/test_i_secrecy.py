"""Section I: what is secret shows nowhere but through `reveal()` (I-7)."""

from __future__ import annotations

import copy
import json
import logging
import pickle
import pprint
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, Final

import pytest

from sansio_auth import ClientSecret, ConfidentialClient, Failure, Policy, Secret, parse_authority
from sansio_auth.diagram import mermaid, text
from sansio_auth.errors import ConfigurationError, SansioAuthError
from sansio_auth.testing import World, example_tenant, user_token
from sansio_auth_adapters import ConfidentialClientApplication
from tests.secrecy import Watch

_CANARY: Final = "canary-3f1c"
_TENANT: Final = "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555"
_WEB_API: Final = "6731de76-14a6-49ae-97bc-6eba6914391e"


class _Raising:
    """An injected client that fails with a word of its own."""

    def post(self, url: str, **_: Any) -> None:
        raise ConnectionError(url)

    get = post


def _app(secret: str = _CANARY) -> ConfidentialClientApplication:
    return ConfidentialClientApplication("c", secret, _TENANT, http_client=_Raising())


def _client() -> ConfidentialClient:
    return ConfidentialClient(
        client_id=_WEB_API,
        authority=parse_authority(_TENANT),
        credential=ClientSecret(Secret("the-application's-secret")),
        policy=Policy(retries=0),
    )


def _things() -> Iterator[tuple[str, object]]:
    """Everything that holds a secret: configuration, calls, flows, outcomes, partitions."""
    client = _client()
    world = World(example_tenant())
    assertion = user_token(world.tenant, "alice@contoso.com", _WEB_API, world.clock.now)
    yield "secret", Secret(_CANARY)
    yield "credential", ClientSecret(Secret(_CANARY))
    yield "client", client
    for name, call in {
        "app call": client.acquire_token_for_client(["https://graph.microsoft.com/.default"]),
        "obo call": client.acquire_token_on_behalf_of(
            assertion, ["https://graph.microsoft.com/User.Read"]
        ),
        "refresh call": client.acquire_token_by_refresh_token(_CANARY, ["User.Read"]),
    }.items():
        flow = world.play(call)
        yield name, call
        yield f"{name}'s request", call.request
        yield f"{name}'s flow", flow
        yield f"{name}'s transcript", flow.transcript
        yield f"{name}'s outcome", flow.result
        for step in flow.transcript.steps:
            yield f"{name}'s effect", step.effect
            yield f"{name}'s answer", step.value
    for key, partition in world.partitions.items():
        yield "key", key
        yield "partition", partition
    yield "application", _app()


_SHOWN: Final[dict[str, Callable[[object], str]]] = {
    "repr": repr,
    "str": str,
    "ascii": ascii,
    "f-string": "{}".format,
    "percent": lambda it: "%r %s" % (it, it),  # noqa: UP031 - the old way is tried
    "pprint": pprint.pformat,
    "json": lambda it: json.dumps(it, default=str),
    "in a list": lambda it: repr([it]),
    "in an exception": lambda it: repr(ValueError(it)) + str(ValueError(it)),
}
_PLANTED: Final = (_CANARY, "the-application's-secret", "eyJ")


@pytest.mark.parametrize("way", _SHOWN)
def test_no_way_of_showing_a_thing_shows_its_secret(way: str) -> None:
    """Configuration, calls, flows, transcripts, outcomes, partitions (row 215)."""
    for name, thing in _things():
        shown = _SHOWN[way](thing)
        assert not [planted for planted in _PLANTED if planted in shown], name


def test_what_holds_a_secret_is_not_pickled() -> None:
    """Or its pickle is free of it (row 215)."""
    for name, thing in _things():
        pickled = b""
        with suppress(TypeError):  # which names the type, and what to do
            pickled = pickle.dumps(thing)
        assert not [planted for planted in _PLANTED if planted.encode() in pickled], name


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
def test_a_live_application_refuses_to_be_copied(copied: Callable[[object], object]) -> None:
    """With a word of what to do (row 195)."""
    with pytest.raises(TypeError, match="make another one instead"):
        copied(_app())


def _frames(error: BaseException) -> list[str]:
    """Every frame as error reporters send it, with all of its variables."""
    told = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    return told.split('  File "')


@pytest.mark.parametrize("client", [_Raising(), None], ids=["injected", "urllib3"])
def test_a_traceback_with_locals_shows_no_secret(client: object) -> None:
    """Neither in our frames nor in those of the library that sends (row 215)."""
    app = ConfidentialClientApplication(
        "c", _CANARY, "https://localhost:9/11111111-2222-3333-4444-555555555555",
        http_client=client, instance_discovery=False, timeout=1,
    )  # fmt: skip
    with pytest.raises(SansioAuthError) as caught:
        app.acquire_token_for_client(["https://graph.microsoft.com/.default"])
    frames = _frames(caught.value)
    assert len([frame for frame in frames if "sansio_auth" in frame.partition("\n")[0]]) > 3
    for frame in frames:
        assert _CANARY not in frame or frame.startswith(__file__)


def test_the_cause_of_an_error_is_kept_and_says_nothing_secret() -> None:
    """Its text is not in ours (row 215)."""
    with pytest.raises(SansioAuthError) as caught:
        _app().acquire_token_for_client(["https://graph.microsoft.com/.default"])
    assert isinstance(caught.value.__cause__, ConnectionError)
    assert _TENANT not in str(caught.value)


def test_a_transcript_is_drawn_without_its_secrets() -> None:
    """As a diagram and as text (row 217)."""
    world = World(example_tenant())
    flow = world.play(_client().acquire_token_for_client(["https://graph.microsoft.com/.default"]))
    for drawn in (mermaid(flow.transcript), text(flow.transcript)):
        assert not [planted for planted in _PLANTED if planted in drawn]


def test_a_servers_description_stays_in_its_field() -> None:
    """It may quote a user (row 217): the refusal's repr and every error leave it out."""
    world = World(example_tenant())
    flow = world.play(_client().acquire_token_for_client(["api://nobody-exposes-this/.default"]))
    refusal: Any = flow.result
    assert "AADSTS" in refusal.description
    assert refusal.description not in repr(refusal)
    assert refusal.description not in repr(flow)


def test_headers_tell_nothing_of_a_user() -> None:
    """Telemetry and correlation (row 220); the user's anchor is routing, as msal sends it."""
    world = World(example_tenant())
    assertion = user_token(world.tenant, "alice@contoso.com", _WEB_API, world.clock.now)
    flow = world.play(
        _client().acquire_token_on_behalf_of(assertion, ["https://graph.microsoft.com/User.Read"])
    )
    for step in flow.transcript.steps:
        for name, value in getattr(getattr(step.effect, "request", None), "headers", ()):
            assert "alice" not in value, name
            assert value.isascii(), name
            assert value.isprintable(), name


def test_the_watch_over_the_suite_fires(_secrecy: Watch) -> None:  # noqa: PT019 - it is used
    """A canary in a record, in an error and in a flow is seen (row 216)."""
    logging.getLogger("sansio_auth.planted").debug("%s", _CANARY)
    _ = ConfigurationError(f"it is {_CANARY}", code="planted")
    flow = _client().acquire_token_for_client(["s/.default"], correlation_id=_CANARY)
    running = flow.start(now=1.0, seed=bytes(32))
    while (effect := running.pending) is not None:
        running.answer(effect, Failure("unknown", cause=ValueError(_CANARY)), now=1.0)
    seen = {line.partition(":")[0] for line in _secrecy.seen}
    _secrecy.seen.clear()
    assert {"log record of sansio_auth.planted", "an error"} <= seen
