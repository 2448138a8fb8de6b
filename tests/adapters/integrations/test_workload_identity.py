"""Assertions from a projected token file and from a managed identity."""

from __future__ import annotations

import base64
import errno
import json
from pathlib import Path
from typing import Final

import pytest
from attrs import define, field

from sansio_auth.errors import AssertionFailed, ConfigurationError, TransportError
from sansio_auth.wire import HttpRequest, HttpResponse
from sansio_auth_adapters import ConfidentialClientApplication, ambient
from sansio_auth_adapters.integrations.workload_identity import (
    ManagedIdentityAssertion,
    TokenFileAssertion,
)
from sansio_auth_adapters.testing.faultserver import FaultServer, answering, response
from sansio_auth_adapters.transports.urllib3 import Urllib3Transport
from tests.adapters.integrations.conftest import SCOPES, TENANT, Issuer

NOW: Final = 1_700_000_000.0


def token(expires_on: object, mark: str = "one") -> str:
    """Return a service account's token, unsigned."""
    claims = json.dumps({"sub": mark, "exp": expires_on}).encode()
    return f"h.{base64.urlsafe_b64encode(claims).decode().rstrip('=')}.s"


@define
class Clock:
    """Time that stands still."""

    now: float = NOW

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """A clock."""
    return Clock()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A token file with a token for an hour."""
    path = tmp_path / "token"
    path.write_text(token(NOW + 3600) + "\n")
    return path


# --- a projected file ----------------------------------------------------------------------------


def test_the_token_of_the_file_is_the_assertion(file: Path, issuer: Issuer) -> None:
    """Without its line end; end to end, through the application (row 155)."""
    file.write_text(token(10**11) + "\n")
    source = TokenFileAssertion(str(file))
    app = ConfidentialClientApplication(
        "client", {"client_assertion": source}, TENANT, http_client=issuer
    )
    assert "access_token" in app.acquire_token_for_client(SCOPES)
    assert issuer.forms[0]["client_assertion"] == token(10**11)


def test_the_environment_names_the_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the workload identity webhook sets it."""
    monkeypatch.setenv("AZURE_FEDERATED_TOKEN_FILE", str(file))
    assert TokenFileAssertion(clock=Clock())() == token(NOW + 3600)
    monkeypatch.delenv("AZURE_FEDERATED_TOKEN_FILE")
    with pytest.raises(ConfigurationError, match="AZURE_FEDERATED_TOKEN_FILE"):
        _ = TokenFileAssertion()


def test_a_replaced_file_is_read_again(file: Path, clock: Clock) -> None:
    """Also through links, as Kubernetes replaces a whole folder (row 155)."""
    data, link = file.parent / "..data", file.parent / "linked"
    (first := file.parent / "v1").mkdir()
    (second := file.parent / "v2").mkdir()
    (first / "token").write_text(token(NOW + 3600, "first"))
    (second / "token").write_text(token(NOW + 3600, "other"))
    data.symlink_to(first)
    link.symlink_to(data / "token")
    source = TokenFileAssertion(str(link), clock=clock)
    assert source() == token(NOW + 3600, "first")
    data.unlink()
    data.symlink_to(second)
    assert source() == token(NOW + 3600, "other")


def test_an_unchanged_file_is_read_once(
    file: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until its token is near its end."""
    reads: list[str] = []
    read = ambient.read_token_file

    def counted(path: str) -> bytes:
        reads.append(path)
        return read(path)

    monkeypatch.setattr(ambient, "read_token_file", counted)
    source = TokenFileAssertion(str(file), clock=clock)
    _ = source(), source()
    assert len(reads) == 1
    clock.now += 3590
    _ = source()
    assert len(reads) == 2


def test_an_expired_token_is_not_handed_out(file: Path, clock: Clock) -> None:
    """The error says which file nobody replaced."""
    source = TokenFileAssertion(str(file), clock=clock)
    _ = source()
    clock.now += 3600
    with pytest.raises(AssertionFailed, match="expired") as caught:
        _ = source()
    assert str(file) in str(caught.value)


def test_an_empty_file_is_looked_at_twice(
    file: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is being replaced at this moment (row 155)."""
    contents = iter([b"", token(NOW + 3600).encode()])
    monkeypatch.setattr(ambient, "read_token_file", lambda _: next(contents))
    assert TokenFileAssertion(str(file), clock=clock)() == token(NOW + 3600)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="row155-empty"),
        pytest.param(b"\n\n", id="row155-lines"),
        pytest.param(b"not a token", id="row155-no-jwt"),
        pytest.param("t\u00f6ken".encode(), id="row155-not-ascii"),
        pytest.param(token(None).encode(), id="row155-no-expiry"),
        pytest.param(token(True).encode(), id="row155-expiry-true"),
        pytest.param(token("soon").encode(), id="row155-expiry-text"),
    ],
)
def test_a_file_without_a_token_is_told(file: Path, clock: Clock, content: bytes) -> None:
    """By its path, not by what is in it."""
    file.write_bytes(content)
    with pytest.raises(AssertionFailed, match="holds no JWT") as caught:
        _ = TokenFileAssertion(str(file), clock=clock)()
    assert str(file) in str(caught.value)


@pytest.mark.parametrize("size", [pytest.param(10_000_000, id="row155-10-megabytes")])
def test_a_huge_file_is_refused(file: Path, clock: Clock, size: int) -> None:
    """It is not read to its end."""
    file.write_bytes(b"a" * size)
    with pytest.raises(ConfigurationError, match="larger"):
        _ = TokenFileAssertion(str(file), clock=clock)()


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        pytest.param(errno.ENOENT, FileNotFoundError, id="row155-missing"),
        pytest.param(errno.EACCES, PermissionError, id="row155-permission"),
    ],
)
def test_a_file_that_cannot_be_read_is_told_with_its_errno(
    file: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch, number: int, kind: type[OSError]
) -> None:
    """As the operating system says it."""

    def refuse(path: str) -> bytes:
        raise OSError(number, "refused", path)

    monkeypatch.setattr(ambient, "read_token_file", refuse)
    with pytest.raises(kind) as caught:
        _ = TokenFileAssertion(str(file), clock=clock)()
    assert (caught.value.errno, caught.value.filename) == (number, str(file))


@pytest.mark.parametrize("path", ["a\0b", "a\ud800"])
def test_a_path_that_cannot_be_is_told(path: str, clock: Clock) -> None:
    """The system is not even asked, so there is no `errno`."""
    with pytest.raises(ConfigurationError, match="characters that no path has"):
        _ = TokenFileAssertion(path, clock=clock)()
    with pytest.raises(ConfigurationError, match="characters that no path has"):
        _ = ambient.read_token_file(path)


@pytest.mark.parametrize("exp", ["9" * 700, "1e400", "-1", "NaN", "true", "null", '"1"'])
def test_a_token_with_an_end_of_nobodys_time_is_no_token(
    exp: str, file: Path, clock: Clock
) -> None:
    """It would be kept for ever, or could not be compared with a clock."""
    part = base64.urlsafe_b64encode(f'{{"exp":{exp}}}'.encode()).decode().rstrip("=")
    file.write_text(f"e30.{part}.sig")
    with pytest.raises(AssertionFailed, match="no JWT with an expiry"):
        _ = TokenFileAssertion(str(file), clock=clock)()


# --- a managed identity --------------------------------------------------------------------------


def service(**changes: object) -> HttpResponse:
    """Return the token service's answer."""
    members = {"access_token": "MI", "expires_on": str(int(NOW) + 3600), "token_type": "Bearer"}
    return HttpResponse(200, (), json.dumps({**members, **changes}).encode())


@define
class Host:
    """The token service of a host, as a transport."""

    answers: list[HttpResponse] = field(factory=list[HttpResponse])
    asked: list[HttpRequest] = field(factory=list[HttpRequest])

    def send(self, request: HttpRequest) -> HttpResponse:
        self.asked.append(request)
        return self.answers.pop(0)

    def close(self) -> None:
        """Hold nothing."""


@pytest.fixture(autouse=True)
def _no_app_service(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away what App Service would say."""
    for name in ("IDENTITY_ENDPOINT", "IDENTITY_HEADER"):
        monkeypatch.delenv(name, raising=False)


def test_imds_is_asked_as_azure_documents_it(clock: Clock) -> None:
    """Without a proxy; the token is kept until shortly before its end."""
    host = Host([service(), service(access_token="MI-2")])
    source = ManagedIdentityAssertion(client_id="user", transport=host, clock=clock)
    assert [source(), source()] == ["MI", "MI"]
    (asked,) = host.asked
    assert asked.target == (
        "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01"
        "&resource=api%3A%2F%2FAzureADTokenExchange&client_id=user"
    )
    assert (asked.headers, asked.direct) == ((("Metadata", "true"),), True)
    clock.now += 3550
    assert source() == "MI-2"


def test_app_service_is_asked_where_it_says_so(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the header that proves where we are."""
    monkeypatch.setenv("IDENTITY_ENDPOINT", "http://127.0.0.1:41741/msi/token")
    monkeypatch.setenv("IDENTITY_HEADER", "proof")
    host = Host([service()])
    assert ManagedIdentityAssertion(transport=host, clock=clock)() == "MI"
    assert host.asked[0].url == "http://127.0.0.1:41741/msi/token"
    assert host.asked[0].query[0] == ("api-version", "2019-08-01")
    assert host.asked[0].headers == (("X-IDENTITY-HEADER", "proof"),)


def test_it_is_asked_over_a_real_socket(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """With urllib3, the default."""
    with FaultServer(answering(response(200, service().body))) as server:
        monkeypatch.setenv("IDENTITY_ENDPOINT", server.url())
        monkeypatch.setenv("IDENTITY_HEADER", "proof")
        assert ManagedIdentityAssertion(clock=clock)() == "MI"
        sent = Urllib3Transport(proxies={})
        assert ManagedIdentityAssertion(transport=sent, clock=clock)() == "MI"
        sent.close()


def test_a_managed_identity_is_the_assertion_of_an_application(issuer: Issuer) -> None:
    """End to end: the platform vouches, no secret is stored."""
    host = Host([service(expires_on=str(10**11))])
    source = ManagedIdentityAssertion(transport=host)
    app = ConfidentialClientApplication(
        "client", {"client_assertion": source}, TENANT, http_client=issuer
    )
    assert "access_token" in app.acquire_token_for_client(SCOPES)
    assert issuer.forms[0]["client_assertion"] == "MI"
    assert "MI" not in repr(source)


def test_one_identity_is_named_at_most() -> None:
    """At construction."""
    with pytest.raises(ConfigurationError, match="one of them"):
        _ = ManagedIdentityAssertion(client_id="one", object_id="two")


@pytest.mark.parametrize("status", [404, 410, 429, 500, 503])
def test_a_service_that_is_starting_may_be_asked_again(clock: Clock, status: int) -> None:
    """Azure's own list of what passes."""
    source = ManagedIdentityAssertion(transport=Host([HttpResponse(status)]), clock=clock)
    with pytest.raises(TransportError, match=str(status)) as caught:
        _ = source()
    assert caught.value.retryable


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (HttpResponse(400, (), b'{"error": "invalid_request"}'), "invalid_request"),
        (HttpResponse(400, (), b"<html>"), "status 400"),
        (HttpResponse(200, (), b"[]"), "status 200"),
        (service(access_token=None), "status 200"),
        (service(expires_on="soon"), "status 200"),
        (service(expires_on=str(int(NOW) - 1)), "expired"),
    ],
)
def test_a_refusal_is_an_assertion_that_failed(
    clock: Clock, answer: HttpResponse, said: str
) -> None:
    """With the service's own word, and nothing else of its answer."""
    with pytest.raises(AssertionFailed, match=said):
        _ = ManagedIdentityAssertion(transport=Host([answer]), clock=clock)()


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b'{"access_token":"MI","expires_on":' + b"9" * 10_000 + b"}",
        b'{"access_token":"MI","expires_on":"' + b"9" * 10_000 + b'"}',
        b'{"access_token":"MI","expires_on":1e400}',
        b'{"access_token":"MI","expires_on":-1}',
        '{"access_token":"MI","expires_on":"\u0661\u0662"}'.encode(),
        b'{"access_token":"MI"}',
        b"\xff",
    ],
)
def test_an_answer_that_is_none_is_a_refusal(body: bytes, clock: Clock) -> None:
    """However it is broken: deep, long, or in the digits of another script."""
    source = ManagedIdentityAssertion(transport=Host([HttpResponse(200, (), body)]), clock=clock)
    with pytest.raises(AssertionFailed, match="managed identity"):
        _ = source()


def test_an_end_may_be_a_number(clock: Clock) -> None:
    """As older services write it."""
    source = ManagedIdentityAssertion(
        transport=Host([service(expires_on=int(NOW) + 3600)]), clock=clock
    )
    assert source() == "MI"
