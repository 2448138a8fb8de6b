"""MSAL's credential shapes, read once: the public half for the core, the signer for the shell.

Everything that can be wrong with a key, a certificate or a dictionary is found here, in the
constructor, and never on the way to a token. No message shows a value of the dictionary.
"""

from __future__ import annotations

import difflib
import hmac
import inspect
import re
import warnings
from collections.abc import Callable, Mapping
from typing import Final, TypeAlias, cast

from attrs import field, frozen

from sansio_auth._assertion import (
    Certificate,
    SigningKey,
    base64url,
    load_certificates,
    load_key,
    load_pfx,
    sign,
)
from sansio_auth.credentials import (
    AssertionCredential,
    CertificateCredential,
    ClientSecret,
    Credential,
)
from sansio_auth.effects import GetAssertion
from sansio_auth.errors import ConfigurationError
from sansio_auth.secret import Secret
from sansio_auth_adapters import ambient

__all__ = ["Callback", "Signer", "WorkingCredential", "read_credential"]

Signer: TypeAlias = Callable[[GetAssertion], str]

_KNOWN: Final = (
    "client_assertion", "passphrase", "private_key", "private_key_pfx_path",
    "public_certificate", "thumbprint",
)  # fmt: skip
_SOURCES: Final = ("client_assertion", "private_key_pfx_path", "private_key")
_SHA1_HEX: Final = 40
_SHA256_HEX: Final = 64
_HARMLESS: Final = re.compile(r"[\s:\u200e\u200f\ufeff]")


def _no_signer(effect: GetAssertion) -> str:
    raise LookupError(f"{effect.context.client_id} has no assertion to give")


@frozen
class Callback:
    """The caller's own function that makes assertions; which colour it is, is found out here."""

    _function: Callable[..., object] = field(repr=False)
    with_context: bool

    @property
    def awaited(self) -> bool:
        """Whether it is a coroutine function, or an object that is called like one."""
        own = getattr(self._function, "__call__", None)  # noqa: B004 - the method itself is looked at
        return inspect.iscoroutinefunction(self._function) or inspect.iscoroutinefunction(own)

    def ask(self, effect: GetAssertion) -> object:
        """Return whatever the function gives, which may have to be awaited."""
        if not self.with_context:
            return self._function()
        context = {
            "client_id": effect.context.client_id,
            "token_endpoint": effect.context.token_endpoint,
        }
        if effect.context.fmi_path:
            context["fmi_path"] = effect.context.fmi_path
        return self._function(context)

    def __call__(self, effect: GetAssertion) -> str:
        """Return the assertion; raises `TypeError` for what is none, with the remedy."""
        answer = self.ask(effect)
        if inspect.iscoroutine(answer):
            answer.close()
            message = (
                "client_assertion gave a coroutine; ConfidentialClientApplication calls it without"
                " awaiting: pass an ordinary function, or use AsyncConfidentialClientApplication"
            )
            raise TypeError(message)
        return self.text_of(answer)

    @staticmethod
    def text_of(answer: object) -> str:
        """Return the function's answer as a text; raises `TypeError` for anything else."""
        if isinstance(answer, bytes):
            answer = answer.decode("ascii")
        if not isinstance(answer, str):
            message = f"client_assertion gave {type(answer).__name__} instead of a text"
            raise TypeError(message)
        return answer


@frozen
class WorkingCredential:
    """A credential ready for use; `public` is what the core sees, `signer` answers its effect."""

    public: Credential
    signer: Signer | Callback = field(default=_no_signer, repr=False)


def _impossible(message: str, code: str) -> ConfigurationError:
    return ConfigurationError(f"client_credential: {message}", code=code)


def read_credential(value: object, *, adfs: bool) -> WorkingCredential:
    """Return MSAL's `client_credential` as a working credential, or raise `ConfigurationError`.

    `adfs` asks for RS256 and the SHA-1 thumbprint, the only ones ADFS knows.
    """
    if isinstance(value, str):
        return WorkingCredential(ClientSecret(Secret(value)))
    if isinstance(value, Mapping):
        return _read_mapping(cast("Mapping[object, object]", value), adfs=adfs)
    if value is None:
        raise _impossible(
            "a confidential client needs one: a secret, a certificate or an assertion", "none"
        )
    raise _impossible(f"a str or a dict is needed, not {type(value).__name__}", "type")


def _text(entry: object, name: str) -> bytes:
    if isinstance(entry, bytes):
        return entry
    if isinstance(entry, str):
        return entry.encode()
    raise _impossible(f"{name} must be a str or bytes, not {type(entry).__name__}", "type")


def _read_mapping(value: Mapping[object, object], *, adfs: bool) -> WorkingCredential:
    for name in value:
        if name not in _KNOWN:
            near = difflib.get_close_matches(str(name), _KNOWN, n=1)
            hint = f"; did you mean {near[0]}?" if near else f"; known are {', '.join(_KNOWN)}"
            raise _impossible(f"a key of the dict is unknown{hint}", "unknown_key")
    # Observed: a key with a falsy value counts as absent, as an unset variable gives it.
    given = {str(name): entry for name, entry in value.items() if entry}
    sources = [name for name in _SOURCES if name in given]
    if len(sources) != 1:
        if sources:
            raise _impossible(f"{' and '.join(sources)} exclude each other", "ambiguous")
        raise _impossible(
            "a dict needs one of client_assertion, private_key or private_key_pfx_path", "empty"
        )
    if sources == ["client_assertion"]:
        return _assertion(given["client_assertion"])
    passphrase = given.get("passphrase")
    secret = None if passphrase is None else Secret(_text(passphrase, "passphrase").decode())
    if sources == ["private_key_pfx_path"]:
        return _from_pfx(given, secret, adfs=adfs)
    return _from_pem(given, secret, adfs=adfs)


# --- assertions ------------------------------------------------------------------------------


def _assertion(value: object) -> WorkingCredential:
    if isinstance(value, str | bytes):
        warnings.warn(
            "client_assertion: a ready-made assertion expires; pass a callable that makes one",
            DeprecationWarning,
            stacklevel=6,
        )
        text = Secret(value.decode("ascii") if isinstance(value, bytes) else value)
        return WorkingCredential(AssertionCredential(), lambda _: text.reveal())
    if not callable(value):
        raise _impossible(
            f"client_assertion must be a str, bytes or a callable, not {type(value).__name__}",
            "type",
        )
    return WorkingCredential(AssertionCredential(), Callback(value, _wants(value)))


def _wants(callback: Callable[..., object]) -> bool:
    """Observed: the context goes to a callable with a positional parameter without default."""
    try:
        parameters = inspect.signature(callback).parameters.values()
    except (TypeError, ValueError):
        return False
    return any(
        parameter.kind in {parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD}
        and parameter.default is parameter.empty
        for parameter in parameters
    )


# --- certificates ----------------------------------------------------------------------------


def _signing(key: SigningKey) -> Signer:
    def answer(effect: GetAssertion) -> str:
        if effect.claims is None:
            raise LookupError("there is nothing to sign")
        return sign(key, effect.claims)

    return answer


def _credential(
    key: SigningKey, leaf: Certificate, x5c: tuple[Certificate, ...], *, sha1: bool
) -> WorkingCredential:
    if not hmac.compare_digest(key.public_der, leaf.public_der):
        raise _impossible(
            "the private key is not the certificate's; the leaf certificate must come first",
            "key_mismatch",
        )
    public = CertificateCredential(
        sha1=sha1,
        x5t=leaf.x5t,
        x5t_s256=leaf.x5t_s256,
        x5c=tuple(certificate.x5c for certificate in x5c),
        expires_at=leaf.expires_at,
    )
    return WorkingCredential(public, _signing(key))


def _from_pfx(
    given: Mapping[str, object], passphrase: Secret | None, *, adfs: bool
) -> WorkingCredential:
    path = given["private_key_pfx_path"]
    if not isinstance(path, str):
        path = getattr(path, "__fspath__", lambda: None)()
    if not isinstance(path, str):
        raise _impossible("private_key_pfx_path must be a path", "type")
    if "thumbprint" in given:
        raise _impossible("thumbprint is computed from a PFX; leave it out", "ambiguous")
    key, chain = load_pfx(ambient.read_key_file(path), passphrase)
    wanted = given.get("public_certificate")
    if wanted is None:
        x5c: tuple[Certificate, ...] = ()
    elif wanted is True:
        x5c = chain
    else:
        x5c = load_certificates(_text(wanted, "public_certificate"))
    return _credential(key, chain[0], x5c, sha1=adfs)


def _from_pem(
    given: Mapping[str, object], passphrase: Secret | None, *, adfs: bool
) -> WorkingCredential:
    key = load_key(_text(given["private_key"], "private_key"), passphrase)
    certificate = given.get("public_certificate")
    thumbprint = given.get("thumbprint")
    if isinstance(certificate, str | bytes):
        chain = load_certificates(_text(certificate, "public_certificate"))
        sha1 = adfs or (thumbprint is not None and _is_sha1(thumbprint))
        working = _credential(key, chain[0], chain, sha1=sha1)
        if thumbprint is not None:
            _check_thumbprint(thumbprint, chain[0])
        return working
    if thumbprint is None:
        raise _impossible(
            "private_key needs a thumbprint or a public_certificate (PEM text) beside it",
            "no_thumbprint",
        )
    raw = _thumbprint(thumbprint)
    if len(raw) * 2 == _SHA1_HEX:
        public = CertificateCredential(sha1=True, x5t=base64url(raw))
    elif adfs:
        raise _impossible("ADFS knows SHA-1 thumbprints only (40 hex digits)", "thumbprint")
    else:
        public = CertificateCredential(sha1=False, x5t_s256=base64url(raw))
    return WorkingCredential(public, _signing(key))


def _thumbprint(value: object) -> bytes:
    text = _HARMLESS.sub("", value) if isinstance(value, str) else ""
    try:
        raw = bytes.fromhex(text)
    except ValueError:
        raw = b""
    if len(raw) * 2 not in {_SHA1_HEX, _SHA256_HEX}:
        raise _impossible(
            "thumbprint must be the certificate's SHA-1 (40) or SHA-256 (64) in hex digits",
            "thumbprint",
        )
    return raw


def _is_sha1(value: object) -> bool:
    return len(_thumbprint(value)) * 2 == _SHA1_HEX


def _check_thumbprint(value: object, leaf: Certificate) -> None:
    raw = base64url(_thumbprint(value))
    if raw not in {leaf.x5t, leaf.x5t_s256}:
        raise _impossible(
            "thumbprint is not that of the first certificate in public_certificate; the leaf"
            " must come first",
            "thumbprint_mismatch",
        )
