"""How a confidential client proves itself, without the part that must stay secret from the core.

A client secret travels in the form, so the core holds it, as a `Secret`. A certificate or a
ready-made assertion is different: the core knows only the public half (algorithm, thumbprint,
chain) or nothing, and asks the shell for the signed text with the effect `GetAssertion`. Private
keys and callbacks are never here.
"""

from __future__ import annotations

import json
import re
from typing import Final, Literal, TypeAlias

from attrs import Factory, field, frozen

from sansio_auth.errors import ConfigurationError
from sansio_auth.secret import Secret

__all__ = [
    "AssertionCredential",
    "CertificateCredential",
    "ClientSecret",
    "Credential",
    "Secret",
]


#: Half of a surrogate pair, which no encoding can send.
_HALF_CHARACTER: Final = re.compile("[\ud800-\udfff]")


def _problem(text: str) -> str | None:
    """Return what goes wrong when a secret comes out of a file or an unset variable."""
    if not text:
        return "is an empty text; is an environment variable unset?"
    if text != text.rstrip("\r\n"):
        return "ends with a line break, as it does when read from a file; strip it"
    if text.startswith("\ufeff"):
        return "begins with a byte order mark; strip it"
    if not text.isascii() and _HALF_CHARACTER.search(text):
        return "holds characters that cannot be sent; it was decoded wrongly"
    return None


def _check_secret(_: object, __: object, value: Secret) -> None:
    problem = _problem(value.reveal())  # whose text is in no variable of what raises
    if problem is not None:
        raise ConfigurationError(f"client_credential: the secret {problem}", code="bad_secret")


@frozen
class ClientSecret:
    """A shared secret, sent as `client_secret` in the form (RFC 6749 section 2.3.1)."""

    secret: Secret = field(validator=_check_secret)


def _jose_header(of: CertificateCredential) -> str:
    header: dict[str, object] = {"typ": "JWT", "alg": of.algorithm}
    if of.x5c:
        header["x5c"] = of.x5c
    header |= {"x5t": of.x5t} if of.sha1 else {"x5t#S256": of.x5t_s256}
    return json.dumps(header, separators=(",", ":"))


@frozen
class CertificateCredential:
    """The public half of a certificate credential (RFC 7523 section 2.2).

    `x5t` and `x5t_s256` are unpadded base64url thumbprints (RFC 7515 sections 4.1.7, 4.1.8), of
    which `sha1` says which one is sent: True gives RS256 and `x5t`, False PS256 and `x5t#S256`.
    `x5c` is the chain, leaf first, each as single-line base64 DER (section 4.1.6).
    `expires_at` is the leaf's end of validity, POSIX seconds, where it is known. `header` is the
    JOSE header of its assertions as JSON (RFC 7515 section 4). Observed: Entra finds the key by
    `x5t` or `x5t#S256`, or trusts the chain in `x5c` by the subject's name.
    """

    sha1: bool
    x5t: str | None = None
    x5t_s256: str | None = None
    x5c: tuple[str, ...] = field(default=(), repr=False)
    expires_at: float | None = None

    header: str = field(
        init=False, repr=False, eq=False, default=Factory(_jose_header, takes_self=True)
    )

    @property
    def algorithm(self) -> Literal["RS256", "PS256"]:
        """The JWS algorithm."""
        return "RS256" if self.sha1 else "PS256"


@frozen
class AssertionCredential:
    """An assertion that someone else makes: a ready-made text or a callback of the shell's."""


Credential: TypeAlias = ClientSecret | CertificateCredential | AssertionCredential
