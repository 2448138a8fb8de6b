"""Certificate credentials: every form of the dict, and the assertion that comes of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from tests.parity.keys import PASSPHRASE, Keys
from tests.parity.scenario import (
    DISCOVERED,
    USUAL,
    Answer,
    PerRun,
    Run,
    Scenario,
    Step,
    endpoints,
    for_client,
    on_behalf_of,
    refused,
    token,
    user_token,
)
from tests.parity.tree import Tree

__all__ = ["SCENARIOS"]

_ADFS: Final = "https://fs.contoso.com/adfs"
_ADFS_CONFIGURATION: Final = {
    f"{_ADFS}/.well-known/openid-configuration": endpoints(_ADFS, _ADFS, version="")
}
_SIGNED: Final = USUAL | {"assertion-dates"}
_PADDED: Final = _SIGNED | {"thumbprint-unpadded"}
_AT_ADFS: Final = DISCOVERED | {"assertion-dates", "thumbprint-unpadded"}
_PLAIN: Final = (for_client(token()),)


def _by(make: Callable[[Keys], dict[str, object]]) -> PerRun:
    def made(run: Run) -> object:
        return make(run.keys)

    return PerRun(made)


def _certificate(
    name: str,
    make: Callable[[Keys], dict[str, object]],
    differences: frozenset[str],
    steps: tuple[Step, ...] = _PLAIN,
    discovery: dict[str, Answer] | None = None,
    **app: object,
) -> Scenario:
    return Scenario(
        name=name,
        app={"client_credential": _by(make), **app},
        steps=steps,
        discovery=discovery or {},
        differences=differences,
    )


def _thumbprint(keys: Keys) -> dict[str, object]:
    return {"private_key": keys.private_pem, "thumbprint": keys.sha1}


def _pem(keys: Keys) -> dict[str, object]:
    return {"private_key": keys.private_pem, "public_certificate": keys.leaf_pem}


def _pfx(keys: Keys, **more: object) -> dict[str, object]:
    return {"private_key_pfx_path": keys.pfx, "passphrase": PASSPHRASE, **more}


def _with_colons(digits: str) -> str:
    return ":".join(digits[at : at + 2] for at in range(0, len(digits), 2))


_CLAIMS: Final[dict[str, Tree]] = {"client_ip": "192.0.2.1", "nested": {"a": [1, 2]}}

SCENARIOS: Final = (
    _certificate("a key and a SHA-1 thumbprint sign with RS256", _thumbprint, _PADDED),
    _certificate(
        "a thumbprint in upper case is the same thumbprint",
        lambda keys: {**_thumbprint(keys), "thumbprint": keys.sha1.upper()},
        _PADDED,
    ),
    _certificate(
        "a key, a thumbprint and a certificate send the chain",
        lambda keys: {**_thumbprint(keys), "public_certificate": keys.chain_pem},
        _PADDED | {"chain-single-line"},
    ),
    _certificate(
        "a key and a certificate sign with PS256 and a SHA-256 thumbprint",
        _pem,
        _PADDED | {"chain-single-line"},
    ),
    _certificate(
        "a key and a chain without thumbprint send the chain",
        lambda keys: {**_pem(keys), "public_certificate": keys.chain_pem},
        _PADDED | {"chain-complete"},
    ),
    _certificate(
        "a key given as bytes is the same key",
        lambda keys: {**_thumbprint(keys), "private_key": keys.private_pem.encode()},
        _PADDED,
    ),
    _certificate(
        "certificates beside the key in one PEM text are skipped",
        lambda keys: {**_thumbprint(keys), "private_key": keys.chain_pem + keys.private_pem},
        _PADDED,
    ),
    _certificate(
        "an encrypted key is read with its passphrase",
        lambda keys: {
            "private_key": keys.encrypted_pem,
            "thumbprint": keys.sha1,
            "passphrase": PASSPHRASE,
        },
        _PADDED,
    ),
    _certificate(
        "an encrypted key without passphrase is refused",
        lambda keys: {"private_key": keys.encrypted_pem, "thumbprint": keys.sha1},
        frozenset({"key-checked"}),
    ),
    _certificate(
        "a passphrase for a plain key",
        lambda keys: {**_thumbprint(keys), "passphrase": PASSPHRASE},
        frozenset({"arguments-first", "key-checked"}),
    ),
    _certificate(
        "a key that is not RSA",
        lambda keys: {"private_key": keys.elliptic_pem, "thumbprint": keys.sha1},
        frozenset({"key-checked"}),
    ),
    _certificate(
        "a key that is not the certificate's",
        lambda keys: {"private_key": keys.other_pem, "public_certificate": keys.leaf_pem},
        frozenset({"key-checked"}),
    ),
    _certificate(
        "a thumbprint that is not the certificate's",
        lambda keys: {**_pem(keys), "thumbprint": "00" * 20},
        frozenset({"key-checked"}),
    ),
    _certificate(
        "a thumbprint with colons",
        lambda keys: {**_thumbprint(keys), "thumbprint": _with_colons(keys.sha1)},
        frozenset({"thumbprint-written"}),
    ),
    _certificate(
        "a key of the dict that nobody knows",
        lambda keys: {**_thumbprint(keys), "thumprint": keys.sha1},
        frozenset({"credential-clear"}),
    ),
    _certificate(
        "a SHA-256 thumbprint is sent as what it is",
        lambda keys: {"private_key": keys.private_pem, "thumbprint": keys.sha256},
        _SIGNED | {"sha256-thumbprint"},
    ),
    _certificate("a PFX signs with PS256", _pfx, _PADDED),
    _certificate(
        "a PFX with public_certificate=True sends its certificate",
        lambda keys: _pfx(keys, public_certificate=True),
        _PADDED | {"chain-single-line"},
    ),
    _certificate(
        "a PFX with a chain and public_certificate=True sends the chain",
        lambda keys: {
            **_pfx(keys, public_certificate=True),
            "private_key_pfx_path": keys.pfx_with_chain,
        },
        _PADDED | {"chain-complete"},
    ),
    _certificate(
        "a PFX with a certificate in PEM sends that one",
        lambda keys: _pfx(keys, public_certificate=keys.chain_pem),
        _PADDED | {"chain-single-line"},
    ),
    _certificate(
        "a passphrase may be bytes",
        lambda keys: {**_pfx(keys), "passphrase": PASSPHRASE.encode()},
        _PADDED,
    ),
    _certificate(
        "ADFS gets RS256 and a SHA-1 thumbprint from a certificate",
        _pem,
        _AT_ADFS | {"chain-single-line"},
        discovery=_ADFS_CONFIGURATION,
        authority=_ADFS,
    ),
    _certificate(
        "ADFS gets RS256 and a SHA-1 thumbprint from a PFX",
        _pfx,
        _AT_ADFS,
        discovery=_ADFS_CONFIGURATION,
        authority=_ADFS,
    ),
    _certificate(
        "client claims go into the assertion",
        _thumbprint,
        _PADDED,
        client_claims=_CLAIMS,
    ),
    _certificate(
        "client claims replace what the assertion would say",
        _thumbprint,
        _PADDED,
        client_claims={"aud": "https://elsewhere.test", "sub": "someone", "jti": "fixed"},
    ),
    _certificate(
        "two requests a minute apart",
        _thumbprint,
        _PADDED | {"assertion-fresh"},
        steps=(
            for_client(token("AT-1")),
            for_client(token("AT-2"), scopes=("https://vault.azure.net/.default",), after=60),
        ),
    ),
    _certificate(
        "a refused certificate",
        _thumbprint,
        _PADDED | {"no-alias-request"},
        steps=(for_client(refused("invalid_client", 401)),),
    ),
    _certificate(
        "on behalf of a user with a certificate",
        _pem,
        _PADDED | {"chain-single-line"},
        steps=(on_behalf_of(user_token()),),
    ),
)
