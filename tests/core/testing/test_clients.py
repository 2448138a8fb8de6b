"""Who is asking: secrets and assertions, as Entra ID checks them."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

from sansio_auth._assertion import UnsignedAssertion, base64url, sign, unsigned_assertion
from sansio_auth.credentials import CertificateCredential
from sansio_auth.registration import ASSERTION_TYPE
from sansio_auth.testing import Application, Tenant
from tests.core.testing.asking import DAEMON, NOW, app_token, codes, signer, tenant


def _assertion(
    at: Tenant, *, jti: str = "1", sha1: bool = False, by: int = 1, now: float = NOW, **claims: Any
) -> str:
    """Return a signed assertion of the daemon; claims of None are left out."""
    import hashlib
    import json

    der = signer().der
    credential = CertificateCredential(
        sha1=sha1,
        x5t=base64url(hashlib.sha1(der).digest()),
        x5t_s256=base64url(hashlib.sha256(der).digest()),
    )
    made = unsigned_assertion(
        credential, client_id=DAEMON, audience=at.token_endpoint, now=now, life=600, skew=300,
        jti=jti, client_claims=claims,
    )  # fmt: skip
    payload = {name: it for name, it in json.loads(made.payload).items() if it is not None}
    return sign(signer(by).key, UnsignedAssertion(made.header, json.dumps(payload)))


def _ask(at: Tenant, assertion: str, now: float = NOW, kind: str = ASSERTION_TYPE) -> Any:
    return app_token(
        at, now, client_id=DAEMON, client_secret="-", client_assertion=assertion,
        client_assertion_type=kind,
    )  # fmt: skip


def test_the_right_secret_is_taken() -> None:
    """Of however many that are registered."""
    after, status, members = app_token(tenant())
    assert (status, members["token_type"]) == (200, "Bearer")
    assert after != tenant()


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ({"client_id": "nobody"}, (400, "unauthorized_client", 700016)),
        ({"client_id": "-"}, (400, "unauthorized_client", 700016)),
        ({"client_secret": "-"}, (401, "invalid_client", 7000218)),
        ({"client_secret": "wrong"}, (401, "invalid_client", 7000215)),
        ({"client_secret": "last-year's-secret"}, (401, "invalid_client", 7000222)),
    ],
)
def test_a_wrong_client_or_secret_is_refused(
    form: dict[str, Any], expected: tuple[int, str, int]
) -> None:
    """Unknown, missing, wrong, expired: each with its own code."""
    assert codes(app_token(tenant(), **form)) == expected


@pytest.mark.parametrize("sha1", [False, True])
def test_an_assertion_of_a_registered_certificate_is_taken(*, sha1: bool) -> None:
    """By `x5t#S256` with PS256 and by `x5t` with RS256."""
    at = tenant()
    _, status, members = _ask(at, _assertion(at, sha1=sha1))
    assert (status, "access_token" in members) == (200, True)


def test_each_assertion_serves_once() -> None:
    """Its `jti` is remembered, as long as the assertion could live."""
    at = tenant()
    token = _assertion(at)
    after, status, _ = _ask(at, token)
    assert status == 200
    assert codes(_ask(after, token)) == (401, "invalid_client", 50027)
    later, status, _ = _ask(after, _assertion(at, jti="2", now=NOW + 90_000), NOW + 90_000)
    assert status == 200
    assert sorted(later.used) == ["2"]


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"iss": "another"}, 700021),
        ({"sub": "another"}, 50048),
        ({"aud": "https://elsewhere.example"}, 50027),
        ({"jti": ""}, 50027),
        ({"jti": None}, 50027),
        ({"exp": None}, 50027),
        ({"exp": "soon"}, 50027),
        ({"exp": int(NOW) - 301}, 700024),
        ({"nbf": int(NOW) + 301}, 700024),
        ({"exp": int(NOW) + 90_000}, 700024),
    ],
)
def test_an_assertion_must_say_the_right_things(claims: dict[str, Any], code: int) -> None:
    """Issuer, subject, audience, one use, and times within five minutes of the clock."""
    at = tenant()
    assert codes(_ask(at, _assertion(at, **claims))) == (401, "invalid_client", code)


def test_the_issuer_is_an_audience_too() -> None:
    """RFC 7523 section 3 leaves it to the server; Entra takes both."""
    at = tenant()
    assert _ask(at, _assertion(at, aud=at.issuer))[1] == 200


def test_an_assertion_signed_with_another_key_is_refused() -> None:
    """Whatever certificate its header names."""
    at = tenant()
    assert codes(_ask(at, _assertion(at, by=2))) == (401, "invalid_client", 700027)


def test_an_assertion_of_an_unregistered_certificate_is_refused() -> None:
    """The thumbprint is found nowhere."""
    at = evolve(tenant(), applications={DAEMON: Application(DAEMON)})
    assert codes(_ask(at, _assertion(at))) == (401, "invalid_client", 700027)


@pytest.mark.parametrize("token", ["", "a.b", "a.b.c", "eyJhbGciOiJub25lIn0.e30."])
def test_what_is_no_signed_jwt_is_refused(token: str) -> None:
    """Text, two parts, unreadable parts, and no algorithm."""
    assert codes(_ask(tenant(), token)) == (401, "invalid_client", 50027)


def test_another_assertion_type_is_refused() -> None:
    """RFC 7521 section 4.2: the type says what the assertion is."""
    at = tenant()
    assert codes(_ask(at, _assertion(at), kind="saml")) == (400, "invalid_request", 50027)


def test_a_federated_assertion_is_trusted_by_its_subject() -> None:
    """Of an issuer, a subject and an audience that the application names; its times count."""
    federated = Application(
        DAEMON, trusted=frozenset({("https://k8s.example", "pod", "api://AzureADTokenExchange")})
    )
    at = evolve(tenant(), applications={DAEMON: federated})
    named: dict[str, Any] = {
        "iss": "https://k8s.example",
        "sub": "pod",
        "aud": "api://AzureADTokenExchange",
    }
    assert _ask(at, _assertion(at, **named))[1] == 200
    late = _ask(at, _assertion(at, **named), NOW + 2_000)
    assert codes(late) == (401, "invalid_client", 700024)
