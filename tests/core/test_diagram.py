"""Transcripts as pictures, with nothing secret in them."""

from __future__ import annotations

from sansio_auth import (
    AssertionCredential,
    ClientSecret,
    ConfidentialClient,
    Failure,
    HttpResponse,
    Policy,
    Secret,
    parse_authority,
)
from sansio_auth.diagram import lines, mermaid, text
from sansio_auth.testing import World, example_tenant, user_token

_WEB_API = "6731de76-14a6-49ae-97bc-6eba6914391e"


def _client(tenant: str = "contoso.com", **more: object) -> ConfidentialClient:
    return ConfidentialClient(
        client_id=_WEB_API,
        authority=parse_authority(f"https://login.microsoftonline.com/{tenant}"),
        credential=more.get("credential") or ClientSecret(Secret("the-application's-secret")),  # type: ignore[arg-type]
        policy=Policy(retries=1),
    )


def _told(flow: object) -> list[str]:
    return [f"{line.whom}: {line.question} -> {line.answer}" for line in lines(flow.transcript)]  # type: ignore[attr-defined]


def test_every_kind_of_question_is_told() -> None:
    """Discovery, a failed connection, a pause, the retry, and what is stored."""
    world = World(example_tenant())
    call = _client().acquire_token_for_client(["https://graph.microsoft.com/.default"])
    world.faults = [Failure("connect", sent=False, error="OSError")]
    told = "\n".join(_told(world.play(call)))
    for words in (
        "store: load what is known of the authority -> nothing",
        "GET /contoso.com/v2.0/.well-known/openid-configuration -> failed: connect (OSError)",
        "clock: sleep",
        "store: save what is known of the authority -> done",
        "grant_type=client_credentials scope=https://graph.microsoft.com/.default + client_id",
        "-> 200, ",
    ):
        assert words in told
    assert "the-application's-secret" not in told


def test_users_and_assertions_are_told_without_their_tokens() -> None:
    """By the beginning of a digest."""
    world = World(example_tenant())
    assertion = user_token(world.tenant, "alice@contoso.com", _WEB_API, world.clock.now)
    call = _client().acquire_token_on_behalf_of(assertion, ["User.Read"])
    told = "\n".join(_told(world.play(call)))
    assert "jwt-bearer" in told
    assert "tokens of assertion " in told
    assert "tokens of the user" in told
    assert assertion not in told
    again = "\n".join(_told(world.play(call)))
    assert "-> endpoints" in again
    assert "-> 2 access tokens" in again


def test_accounts_and_applications_are_told_by_what_is_asked() -> None:
    """Never by name."""
    world = World(example_tenant())
    told = _told(world.play(_client().get_accounts("alice@contoso.com")))
    assert told[0] == "store: load the accounts of a name -> 0 found"
    assert _told(world.play(_client().get_accounts()))[0].startswith("store: load the accounts ->")
    told = _told(world.play(_client().remove_tokens_for_client()))
    assert told[0] == "store: load the application's tenants -> 0 found"


def test_holds_and_failed_assertions_are_told() -> None:
    """What was known, and what went wrong."""
    world = World(example_tenant())
    guid = world.tenant.tenant_id
    call = _client(guid).acquire_token_for_client(["https://graph.microsoft.com/.default"])
    world.faults = [HttpResponse(429)]
    world.play(call)
    assert "-> 1 held" in "\n".join(_told(world.play(call)))
    broken = _client(guid, credential=AssertionCredential()).acquire_token_for_client(
        ["s/.default"]
    )
    told = "\n".join(_told(world.play(broken)))
    assert "credential: make an assertion -> failed: callback (LookupError)" in told


def test_a_picture_has_its_participants_and_a_column_its_times() -> None:
    """Mermaid for documents, text for terminals."""
    world = World(example_tenant())
    flow = world.play(_client().acquire_token_for_client(["https://graph.microsoft.com/.default"]))
    picture = mermaid(flow.transcript)
    assert picture.startswith("sequenceDiagram\n    participant flow\n")
    assert "participant p1 as login.microsoftonline.com" in picture
    assert picture.count("->>") - picture.count("-->>") == len(flow.transcript.steps)
    column = text(flow.transcript).splitlines()
    assert len(column) == len(flow.transcript.steps)
    assert column[0].lstrip().startswith("0.0 ms  store:")
    assert "50.0 ms" in "\n".join(column)


def test_what_the_store_found_is_counted() -> None:
    """Partitions of users, for the question who is signed in."""
    world = World(example_tenant())
    told = _told(world.play(_client().get_accounts()))
    assert set(told) == {"store: load the accounts -> 0 found"}


def test_a_store_that_fails_is_told_by_the_type_of_its_error() -> None:
    """And by nothing of its message."""
    call = _client().acquire_token_for_client(["https://graph.microsoft.com/.default"])
    flow = call.start(now=0.0, seed=bytes(32))
    assert flow.pending is not None
    flow.answer(flow.pending, Failure("store", error="KeyError"), now=0.0)
    assert _told(flow) == ["store: load what is known of the authority -> failed: store (KeyError)"]
