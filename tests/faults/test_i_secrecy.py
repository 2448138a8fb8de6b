"""Section I: what is secret shows nowhere but through `reveal()` (I-7)."""

from __future__ import annotations

import copy
import dataclasses
import json
import pickle
import pprint
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, Final

import pytest

from sansio_auth import (
    ClientSecret,
    ConfidentialClient,
    Failure,
    HttpResponse,
    Policy,
    Secret,
    parse_authority,
)
from sansio_auth._assertion import load_key
from sansio_auth.authorization import AuthCodeFlow
from sansio_auth.diagram import mermaid, text
from sansio_auth.errors import SansioAuthError
from sansio_auth.testing import World, example_tenant, user_token
from sansio_auth_adapters import ConfidentialClientApplication, SerializableTokenCache
from sansio_auth_adapters.transports.urllib3 import Urllib3Transport
from tests.faults.drivers import DRIVERS, by_hand
from tests.faults.keys import PASSPHRASE, private_pem
from tests.faults.stage import GRANTS, Stage

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
    yield "application's attributes", vars(_app())
    yield from _more_things(client)


def _more_things(client: ConfidentialClient) -> Iterator[tuple[str, object]]:
    """Keys, passphrases, proxies' passwords, sign-ins, stores, and words that quote a secret."""
    pem = private_pem(passphrase=PASSPHRASE)
    key = {"private_key": pem, "passphrase": PASSPHRASE, "thumbprint": "ab" * 20}
    app = ConfidentialClientApplication("c", key, _TENANT, http_client=_Raising())
    yield "application with a key", app
    yield "its attributes", vars(app)
    yield "key", load_key(pem.encode(), Secret(PASSPHRASE))
    proxies = {"https": f"http://user:{_CANARY}@proxy.example"}
    yield "transport", Urllib3Transport(proxies=proxies)
    yield "its attributes", vars(Urllib3Transport(proxies=proxies))
    for name, call in {
        "code call": client.acquire_token_by_authorization_code(_CANARY, ["s"], nonce=_CANARY),
        "password call": client.acquire_token_by_username_password("u@x.y", _CANARY, ["s"]),
        "session call": client.acquire_token_in_long_running_session(_CANARY, ["s"]),
        "federated call": client.acquire_token_by_user_federated_identity_credential(
            ["s"], _CANARY, username="u@x.y"
        ),
    }.items():
        yield name, call
        yield f"{name}'s request", call.request
    begun = World(example_tenant()).play(
        client.initiate_auth_code_flow(["s"], {"redirect_uri": "https://app.example"})
    )
    yield (
        "sign-in",
        AuthCodeFlow.from_dict(
            {**begun.result.as_dict(), "code_verifier": _CANARY, "nonce": _CANARY, "state": _CANARY}
        ),
    )
    quoting = {"error": "e", "error_description": _CANARY, "claims": _CANARY, "suberror": "s"}
    answer = HttpResponse(400, (("X-Echo", _CANARY),), json.dumps(quoting).encode())
    yield (
        "refusal",
        World(example_tenant(), faults=[answer])
        .play(client.acquire_token_for_client(["s/.default"]))
        .result,
    )
    yield "answer", answer
    cache = SerializableTokenCache()
    cache.add(
        {"client_id": "c", "scope": ["s"], "token_endpoint": f"{_TENANT}/oauth2/v2.0/token",
         "response": {"access_token": _CANARY, "refresh_token": _CANARY, "expires_in": 3600}}
    )  # fmt: skip
    yield "cache", cache
    yield "failure", Failure("unknown", cause=ValueError(_CANARY))


def _tried(turn: Callable[[Any], object]) -> Callable[[object], str]:
    """Return what a way of turning a thing into data shows; most refuse."""

    def show(thing: object) -> str:
        try:
            return repr(turn(thing))
        except TypeError as error:
            return str(error)

    return show


def _warned(thing: object) -> str:
    with pytest.warns(UserWarning, match="^") as caught:
        warnings.warn(f"{thing}", stacklevel=1)
    return str(caught[0].message)


_SHOWN: Final[dict[str, Callable[[object], str]]] = {
    "vars": _tried(vars),
    "dataclasses": _tried(dataclasses.asdict),
    "copy": _tried(copy.copy),
    "a warning": _warned,
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
_PLANTED: Final = (_CANARY, PASSPHRASE, "the-application's-secret", "eyJ")


@pytest.mark.parametrize("way", _SHOWN)
def test_no_way_of_showing_a_thing_shows_its_secret(way: str) -> None:
    """Configuration, calls, flows, transcripts, outcomes, partitions (row 215)."""
    for name, thing in _things():
        shown = _SHOWN[way](thing)
        assert not [planted for planted in _PLANTED if planted in shown], name


def test_what_holds_a_secret_is_not_pickled() -> None:
    """Or its pickle is free of it (row 215)."""
    for name, thing in _things():
        # Of attributes that somebody took out each has to refuse by itself.
        for part in thing.values() if isinstance(thing, dict) else [thing]:
            pickled = b""
            with suppress(TypeError, AttributeError):  # it refuses, or is a function
                pickled = pickle.dumps(part)
            assert not [planted for planted in _PLANTED if planted.encode() in pickled], name


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


@pytest.mark.parametrize("told", [pytest.param(True, id="told"), pytest.param(False, id="untold")])
@pytest.mark.parametrize("driver", [it for it in DRIVERS if it != "core"])
@pytest.mark.parametrize("kind", sorted(GRANTS))
def test_what_a_client_says_of_itself_can_be_switched_off(
    kind: str, driver: str, *, told: bool
) -> None:
    """In both applications and for every grant (row 220); what is left is how to answer."""
    stage = Stage(GRANTS[kind], options={"send_telemetry": told, "app_name": "shop"})
    assert by_hand(stage, stage.grant.first(stage.client, ["api://other/.default"])).secret
    stage.sent = []
    assert DRIVERS[driver](stage).secret
    (request,) = stage.sent
    names = {name.lower() for name, _ in request.headers}
    said = {it for it in names if it.startswith(("x-client-", "x-app-", "client-request-id"))}
    assert len(said) == (7 if told else 0)
    assert names - said <= {"accept", "x-ms-lib-capability", "x-anchormailbox"}


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
