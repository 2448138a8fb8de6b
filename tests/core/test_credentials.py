"""How a client proves itself, as far as the core knows."""

from __future__ import annotations

import json

import pytest

from sansio_auth.credentials import CertificateCredential, ClientSecret
from sansio_auth.errors import ConfigurationError
from sansio_auth.secret import Secret


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "empty"),
        ("s\n", "line break"),
        ("s\r\n", "line break"),
        ("\ufeffs", "byte order mark"),
        ("s\udcff", "decoded wrongly"),
    ],
)
def test_a_secret_that_cannot_be_right_is_refused(text: str, word: str) -> None:
    """What goes wrong when it comes out of a file or an unset variable; it is not repeated."""
    with pytest.raises(ConfigurationError, match=word) as caught:
        ClientSecret(Secret(text))
    assert caught.value.code == "bad_secret"


@pytest.mark.parametrize("text", ["s", " s ", "s~+/=ü", "line\nbreak inside"])
def test_any_other_secret_is_taken_as_it_is(text: str) -> None:
    """White space included: Entra decides."""
    assert ClientSecret(Secret(text)).secret.reveal() == text


def test_a_certificate_signs_by_the_thumbprint_that_is_sent() -> None:
    """SHA-1 with RS256, SHA-256 with PS256."""
    assert CertificateCredential(sha1=True).algorithm == "RS256"
    assert CertificateCredential(sha1=False).algorithm == "PS256"


@pytest.mark.parametrize(
    ("credential", "header"),
    [
        (
            CertificateCredential(sha1=True, x5t="T"),
            {"typ": "JWT", "alg": "RS256", "x5t": "T"},
        ),
        (
            CertificateCredential(sha1=False, x5t_s256="S", x5c=("leaf", "issuer")),
            {"typ": "JWT", "alg": "PS256", "x5c": ["leaf", "issuer"], "x5t#S256": "S"},
        ),
    ],
)
def test_the_header_names_the_certificate(
    credential: CertificateCredential, header: dict[str, object]
) -> None:
    """By one thumbprint, and by its chain where there is one."""
    assert json.loads(credential.header) == header
