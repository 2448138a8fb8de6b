"""MSAL's credential shapes, read once: the public half for the core, the signer for the shell.

Everything that can be wrong with a key, a certificate or a dictionary is found here, in the
constructor, and never on the way to a token. No message shows a value of the dictionary.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Mapping
from typing import Final, TypeAlias, cast

from sansio_auth.credentials import AssertionCredential, ClientSecret, Credential
from sansio_auth.effects import GetAssertion
from sansio_auth.errors import ConfigurationError
from sansio_auth.secret import Secret

__all__ = ["Callback", "Signer", "WorkingCredential", "impossible", "read_credential", "text_of"]

Signer: TypeAlias = Callable[[GetAssertion], str]

_KNOWN: Final = (
    "client_assertion", "passphrase", "private_key", "private_key_pfx_path",
    "public_certificate", "thumbprint",
)  # fmt: skip
_SOURCES: Final = ("client_assertion", "private_key_pfx_path", "private_key")


def _no_signer(effect: GetAssertion) -> str:
    raise LookupError(f"{effect.context.client_id} has no assertion to give")


class Callback:
    """The caller's own function that makes assertions; which colour it is, is found out here."""

    __slots__ = ("_function", "_with_context")

    def __init__(self, function: Callable[..., object], *, with_context: bool) -> None:
        self._function = function
        self._with_context = with_context

    @property
    def awaited(self) -> bool:
        """Whether it is a coroutine function, or an object that is called like one."""
        own = getattr(self._function, "__call__", None)  # noqa: B004 - the method itself is looked at
        return inspect.iscoroutinefunction(self._function) or inspect.iscoroutinefunction(own)

    def ask(self, effect: GetAssertion) -> object:
        """Return whatever the function gives, which may have to be awaited."""
        if not self._with_context:
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
        if inspect.isawaitable(answer):
            if inspect.iscoroutine(answer):
                answer.close()
            message = (
                "client_assertion gave something to be awaited, which ConfidentialClientApplication"
                " cannot do: pass an ordinary function, or use AsyncConfidentialClientApplication"
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


class WorkingCredential:
    """A credential ready for use; `public` is what the core sees, `signer` answers its effect."""

    __slots__ = ("public", "signer")

    def __init__(self, public: Credential, signer: Signer | Callback = _no_signer) -> None:
        self.public = public
        self.signer = signer


def impossible(message: str, code: str) -> ConfigurationError:
    """Return the error for a credential that cannot work."""
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
        raise impossible(
            "a confidential client needs one: a secret, a certificate or an assertion", "none"
        )
    raise impossible(f"a str or a dict is needed, not {type(value).__name__}", "type")


def text_of(entry: object, name: str) -> bytes:
    """Return an entry that is a text, or raise `ConfigurationError`."""
    if isinstance(entry, bytes):
        return entry
    if isinstance(entry, str):
        try:
            return entry.encode()
        except UnicodeEncodeError:
            message = f"{name} holds characters that are none; it was decoded wrongly"
            raise impossible(message, "characters") from None
    raise impossible(f"{name} must be a str or bytes, not {type(entry).__name__}", "type")


def _read_mapping(value: Mapping[object, object], *, adfs: bool) -> WorkingCredential:
    for name in value:
        if name not in _KNOWN:
            from difflib import get_close_matches

            near = get_close_matches(str(name), _KNOWN, n=1)
            hint = f"; did you mean {near[0]}?" if near else f"; known are {', '.join(_KNOWN)}"
            raise impossible(f"a key of the dict is unknown{hint}", "unknown_key")
    # Observed: a key with a falsy value counts as absent, as an unset variable gives it.
    given = {str(name): entry for name, entry in value.items() if entry}
    sources = [name for name in _SOURCES if name in given]
    if len(sources) != 1:
        if sources:
            raise impossible(f"{' and '.join(sources)} exclude each other", "ambiguous")
        raise impossible(
            "a dict needs one of client_assertion, private_key or private_key_pfx_path", "empty"
        )
    if sources == ["client_assertion"]:
        return _assertion(given["client_assertion"])
    from sansio_auth_adapters.application import certificates

    if sources == ["private_key_pfx_path"]:
        return certificates.from_pfx(given, adfs=adfs)
    return certificates.from_pem(given, adfs=adfs)


# --- assertions ------------------------------------------------------------------------------


def _assertion(value: object) -> WorkingCredential:
    if isinstance(value, str | bytes):
        warnings.warn(
            "client_assertion: a ready-made assertion expires; pass a callable that makes one",
            DeprecationWarning,
            stacklevel=7,
        )
        text = Secret(_ascii(value) if isinstance(value, bytes) else value)
        return WorkingCredential(AssertionCredential(), lambda _: text.reveal())
    if not callable(value):
        raise impossible(
            f"client_assertion must be a str, bytes or a callable, not {type(value).__name__}",
            "type",
        )
    return WorkingCredential(AssertionCredential(), Callback(value, with_context=_wants(value)))


def _ascii(assertion: bytes) -> str:
    try:
        return assertion.decode("ascii")
    except UnicodeDecodeError:  # the error would show it
        raise impossible("client_assertion is not ASCII, as a JWT is", "characters") from None


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
