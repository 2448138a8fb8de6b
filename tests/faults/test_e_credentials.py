"""Section E: secrets and certificates, looked at when the application is made."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

import pytest
from attrs import evolve
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import Encoding

from sansio_auth import (
    AccessToken,
    AssertionFailed,
    CertificateCredential,
    ConfigurationError,
    GetAssertion,
    Policy,
)
from sansio_auth._assertion import load_certificates, load_key
from sansio_auth.testing import World, example_tenant
from tests.faults.aids import GRAPH, Line, app_of, client_of
from tests.faults.keys import (
    certificate,
    huge_pem,
    odd_pem,
    pem_of,
    private_pem,
    pss_pem,
)
from tests.faults.rows import row

_SHA1 = hashlib.sha1(certificate().public_bytes(Encoding.DER), usedforsecurity=False).hexdigest()
_SHA256 = hashlib.sha256(certificate().public_bytes(Encoding.DER)).hexdigest()


def _refused(credential: Any) -> ConfigurationError:
    line = Line()
    with pytest.raises(ConfigurationError, match="client_credential") as caught:
        app_of(line, credential)
    assert line.asked == []
    assert "canary" not in str(caught.value)
    return caught.value


def _header(credential: Any) -> dict[str, Any]:
    """Return the header of the assertion that a credential leads to."""
    line = Line()
    app_of(line, credential).acquire_token_for_client([GRAPH])
    part = line.forms[0]["client_assertion"].split(".")[0]
    header: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=="))
    return header


@pytest.mark.parametrize(
    "credential",
    [
        row(135, "none", None),
        row(135, "empty", ""),
        row(135, "empty-dict", {}),
        row(135, "dict-of-nothing", {"client_assertion": ""}),
        row(136, "bytes", b"canary"),
        row(136, "number", 5),
        row(136, "line-feed", "canary\n"),
        row(136, "line-break", "canary\r\n"),
        row(136, "byte-order-mark", "\ufeffcanary"),
        row(136, "surrogate", "canary\udcff"),
    ],
)
def test_what_is_no_secret_makes_no_application(credential: Any) -> None:
    """An unset variable, a file read whole: found at once."""
    told = str(_refused(credential))
    if isinstance(credential, str) and credential.endswith("\n"):
        assert "line break" in told
        assert "file" in told


@pytest.mark.parametrize(
    "secret", [row(136, "non-ascii", "gehe\u00edm\u20ac"), row(136, "+", "a+b&c=d")]
)
def test_a_secret_may_hold_any_character(secret: str) -> None:
    """It is sent as UTF-8."""
    line = Line()
    app_of(line, secret).acquire_token_for_client([GRAPH])
    assert line.forms[0]["client_secret"] == secret


_PEM = {"private_key": private_pem(), "thumbprint": _SHA1}


@pytest.mark.parametrize(
    "credential",
    [
        row(137, "assertion-and-key", {**_PEM, "client_assertion": "a.b.c"}),
        row(137, "callback-and-key", {**_PEM, "client_assertion": lambda: "a.b.c"}),
        row(137, "key-and-pfx", {**_PEM, "private_key_pfx_path": "x.pfx"}),
        row(137, "pfx-and-assertion",
            {"client_assertion": "a.b.c", "private_key_pfx_path": "x.pfx"}),
        row(137, "pfx-and-thumbprint", {"private_key_pfx_path": "x.pfx", "thumbprint": _SHA1}),
    ],
)  # fmt: skip
def test_one_credential_at_a_time(credential: Any) -> None:
    """Nobody guesses which one is meant."""
    assert _refused(credential).code == "ambiguous"


@pytest.mark.parametrize(
    "credential",
    [row(137, "secret-and-key", {**_PEM, "client_secret": "canary"}),
     row(137, "secret-alone", {"client_secret": "canary"})],
)  # fmt: skip
def test_a_secret_stands_alone(credential: Any) -> None:
    """A dict never holds one."""
    assert _refused(credential).code in {"ambiguous", "unknown_key"}


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        row(138, "thumprint", "thumprint", "thumbprint"),
        row(138, "capitals", "Thumbprint", "thumbprint"),
        row(138, "private-key", "private-key", "private_key"),
        row(138, "public", "public_certificat", "public_certificate"),
        row(138, "far-off", "canary", "thumbprint"),
    ],
)
def test_an_unknown_key_is_told_the_nearest(wrong: str, right: str) -> None:
    """Or all that there are."""
    error = _refused({**_PEM, wrong: "canary"})
    assert error.code == "unknown_key"
    assert right in str(error)


@pytest.mark.parametrize(
    "pem",
    [
        *(row(142, kind, odd_pem(kind)) for kind in ("p-256", "p-384", "ed25519", "x25519", "dsa")),
        row(142, "rsa-pss", pss_pem()),
    ],
)
def test_entra_wants_rsa(pem: str) -> None:
    """Another key is refused by its kind."""
    assert _refused({"private_key": pem, "thumbprint": _SHA1}).code == "unsupported_key_type"


@pytest.mark.parametrize("bits", [row(143, "1024", 1024), row(143, "2047", 2047)])
def test_a_short_key_is_refused(bits: int) -> None:
    """From 2048 bits on they are good."""
    error = _refused({"private_key": private_pem("short", bits), "thumbprint": _SHA1})
    assert error.code == "unsupported_key_size"
    assert f"{bits} bits" in str(error)


def test_row143_a_huge_key_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A signature with it would take seconds; its primes are not tried here, as that would too."""
    load = serialization.load_pem_private_key

    def quick(data: bytes, password: bytes | None) -> Any:
        return load(data, password, unsafe_skip_rsa_key_validation=True)

    monkeypatch.setattr(serialization, "load_pem_private_key", quick)
    error = _refused({"private_key": huge_pem(), "thumbprint": _SHA1})
    assert error.code == "unsupported_key_size"
    assert "8676 bits" in str(error)


def test_row143_a_small_exponent_is_the_key_owners_business() -> None:
    """RSA with 3 is RSA."""
    credential = {"private_key": private_pem("three", 2048, 3), "thumbprint": _SHA1}
    assert _header(credential)["alg"] == "RS256"


_NOW = 1_700_000_000


@pytest.mark.parametrize(
    ("begins", "ends", "warned"),
    [
        row(145, "expired", _NOW - 1_000, _NOW - 1, True),
        row(145, "expires-now", _NOW - 1_000, _NOW, True),
        row(145, "not-yet-valid", _NOW + 1_000, _NOW + 2_000, False),
        row(145, "three-days", _NOW - 1_000, _NOW + 3 * 86_400, False),
    ],
)
def test_an_expired_certificate_is_entras_decision(begins: int, ends: int, warned: bool) -> None:
    """The outcome tells of it, and its end is there for an alarm."""
    made = certificate("leaf", "root", begins, ends)
    (read,) = load_certificates(pem_of(made).encode())
    credential = CertificateCredential(
        sha1=False, x5t=read.x5t, x5t_s256=read.x5t_s256, expires_at=read.expires_at
    )
    assert credential.expires_at == ends
    tenant = example_tenant(certificates=(read.der,))
    world = World(tenant, assertions=load_key(private_pem().encode()))
    daemon = next(app for app in tenant.applications.values() if app.certificates)
    client = evolve(client_of(credential=credential), client_id=daemon.client_id)
    outcome = world.play(client.acquire_token_for_client([GRAPH])).result
    assert isinstance(outcome, AccessToken)
    assert ("certificate_expired" in outcome.metadata.warnings) is warned


@pytest.mark.parametrize(
    ("ends", "code"),
    [
        row(145, "strict-expired", _NOW - 1, "certificate_expired"),
        row(145, "strict-good", _NOW + 9, ""),
    ],
)
def test_a_strict_client_decides_itself(ends: int, code: str) -> None:
    """Before anything is signed or sent."""
    credential = CertificateCredential(sha1=False, x5t_s256="y", expires_at=ends)
    signed: list[object] = []

    def make(effect: GetAssertion) -> str:
        signed.append(effect)
        return "a.b.c"

    world = World(example_tenant(), assertions=make)
    world.clock.now = _NOW
    client = client_of(credential=credential, policy=Policy(strict_certificate=True))
    flow = world.play(client.acquire_token_for_client([GRAPH]))
    if code:
        assert isinstance(flow.error, AssertionFailed)
        assert flow.error.code == code
    assert bool(signed) is bool(world.exchanges) is not bool(code)


def _x5t(digits: str) -> str:
    return base64.urlsafe_b64encode(bytes.fromhex(digits)).rstrip(b"=").decode()


@pytest.mark.parametrize("beside", [{}, {"public_certificate": pem_of(certificate())}])
@pytest.mark.parametrize(
    ("given", "algorithm"),
    [
        row(146, "lower-case", _SHA1, "RS256"),
        row(146, "upper-case", _SHA1.upper(), "RS256"),
        row(146, "colons", ":".join(_SHA1[i : i + 2] for i in range(0, 40, 2)), "RS256"),
        row(146, "spaces", " ".join(_SHA1[i : i + 2] for i in range(0, 40, 2)), "RS256"),
        row(146, "invisible", f"\u200e{_SHA1}", "RS256"),
        row(146, "line-feed", f"{_SHA1}\n", "RS256"),
        row(146, "sha-256", _SHA256, "PS256"),
    ],
)
def test_a_thumbprint_is_read_as_tools_print_it(
    given: str, algorithm: str, beside: dict[str, str]
) -> None:
    """One of 64 digits is a SHA-256 thumbprint, wherever it stands."""
    header = _header({"private_key": private_pem(), "thumbprint": given, **beside})
    assert header["alg"] == algorithm
    name, digits = ("x5t", _SHA1) if algorithm == "RS256" else ("x5t#S256", _SHA256)
    assert header[name] == _x5t(digits)


@pytest.mark.parametrize("beside", [{}, {"public_certificate": pem_of(certificate())}])
@pytest.mark.parametrize(
    "given",
    [
        row(146, "odd", _SHA1[:-1]),
        row(146, "one-byte", "ab"),
        row(146, "too-long", f"{_SHA1}ab"),
        row(146, "not-hex", f"{_SHA1[:-1]}g"),
        row(146, "base64", _x5t(_SHA1)),
        row(146, "bytes", _SHA1.encode()),
        row(146, "full-width-digits", "\uff11" * 40),
    ],
)
def test_what_is_no_thumbprint_is_refused(given: Any, beside: dict[str, str]) -> None:
    """Whatever stands beside it."""
    error = _refused({"private_key": private_pem(), "thumbprint": given, **beside})
    assert error.code == "thumbprint"


@pytest.mark.parametrize(
    "given", [row(146, "another-sha-1", "ab" * 20), row(146, "another-sha-256", "ab" * 32)]
)
def test_the_computed_thumbprint_wins(given: str) -> None:
    """And one that differs is an error."""
    beside = pem_of(certificate())
    error = _refused(
        {"private_key": private_pem(), "thumbprint": given, "public_certificate": beside}
    )
    assert error.code == "thumbprint_mismatch"


_ROOT = certificate("root")


@pytest.mark.parametrize(
    ("chain", "code"),
    [
        row(147, "wrong-order", [_ROOT, certificate()], "key_mismatch"),
        row(147, "without-the-leaf", [_ROOT], "key_mismatch"),
        row(147, "eleven", [certificate(), *[_ROOT] * 10], "chain_too_long"),
    ],
)
def test_the_leaf_comes_first_in_a_chain_of_at_most_ten(chain: Any, code: str) -> None:
    """Otherwise the error says so."""
    error = _refused({"private_key": private_pem(), "public_certificate": pem_of(*chain)})
    assert error.code == code


@pytest.mark.parametrize("others", [row(147, "alone", 0), row(147, "root", 1), row(147, "ten", 9)])
def test_a_chain_is_sent_whole(others: int) -> None:
    """Leaf first, each on one line."""
    chain = [certificate(), *[_ROOT] * others]
    header = _header({"private_key": private_pem(), "public_certificate": pem_of(*chain)})
    ders = [it.public_bytes(Encoding.DER) for it in chain]
    assert header["x5c"] == [base64.b64encode(der).decode() for der in ders]
