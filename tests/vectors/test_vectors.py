"""Every vector goes in at the door that callers use: the application's `client_credential`.

What is accepted must sign, and another library must find the signature good. What is refused must
say so with the expected words, in our error or the system's, and without a word of the key, of the
passphrase or of anything else that was given.
"""

from __future__ import annotations

import base64
import errno
import hashlib
import json
import os
import sys
import traceback
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)
from joserfc import jws
from joserfc.jwk import RSAKey

from sansio_auth import ConfigurationError
from sansio_auth._assertion import verify
from tests.faults.aids import GRAPH, TENANT, WEB_API, Answer, Line, app_of, metadata
from tests.vectors.reading import (
    GROUPS,
    HERE,
    LEAF,
    MATERIAL,
    Vector,
    files_in,
    value_of,
    vectors,
)

_ADFS: Final = "https://adfs.contoso.com/adfs"
_TOKEN: Final = '{"access_token": "AT", "token_type": "Bearer", "expires_in": 3600}'
_ALL: Final = [vector for file in GROUPS for vector in vectors(file)]
_RESULTS: Final = ("valid", "acceptable", "invalid")


def _of(*results: str) -> list[Any]:
    return [
        pytest.param(vector, id=vector.name, marks=list(_marks(vector)))
        for vector in _ALL
        if vector.result in results
    ]


def _marks(vector: Vector) -> Iterator[pytest.MarkDecorator]:
    if "posix" in vector.flags:
        yield pytest.mark.skipif(os.name != "posix", reason="paths of POSIX")
    if "unprivileged" in vector.flags:
        root = os.name == "posix" and os.geteuid() == 0
        yield pytest.mark.skipif(root, reason="root may read everything")


def _credential(vector: Vector, folder: Path) -> Any:
    values = {name: value_of(value, folder) for name, value in vector.given.items()}
    return values.get("", values)


def _authority(vector: Vector) -> str:
    return _ADFS if vector.said.get("adfs") else TENANT


def _line(vector: Vector) -> Line:
    if not vector.said.get("adfs"):
        return Line(Answer(text=_TOKEN))
    found = metadata(_ADFS, issuer=_ADFS).decode()
    return Line(Answer(text=found), Answer(text=_TOKEN))


def _public(file: str) -> RSAKey:
    """Return the public half of a key of the material, read by other hands."""
    passphrase = None
    key = load_pem_private_key((MATERIAL / file).read_bytes(), passphrase)
    spki = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return RSAKey.import_key(spki.decode())


def _registry(algorithm: str) -> jws.JWSRegistry:
    registry = jws.JWSRegistry(algorithms=[algorithm])
    registry.max_header_length = 100_000  # ten certificates are in some
    return registry


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _check_assertion(token: str, vector: Vector) -> None:
    said = vector.said
    public = _public(said.get("key", "rsa2048-pkcs8.pem"))
    found = jws.deserialize_compact(token.encode(), public, registry=_registry(said["alg"]))
    header = dict(found.headers())
    chain = header.get("x5c", [])
    assert len(chain) == said["x5c"]
    names = {"alg", "typ", said["thumbprint"], *(("x5c",) if said["x5c"] else ())}
    assert set(header) == names
    assert (header["alg"], header["typ"]) == (said["alg"], "JWT")
    leaf = base64.b64decode(chain[0], validate=True) if chain else LEAF
    digests = {
        "x5t": hashlib.sha1(leaf, usedforsecurity=False).digest(),
        "x5t#S256": hashlib.sha256(leaf).digest(),
    }
    assert header[said["thumbprint"]] == _base64url(digests[said["thumbprint"]])
    claims = json.loads(found.payload)
    assert set(claims) == {"aud", "iss", "sub", "exp", "nbf", "iat", "jti"}
    assert claims["iss"] == claims["sub"] == WEB_API
    assert claims["aud"] == f"{_authority(vector)}/oauth2/v2.0/token"
    assert {type(claims[name]) for name in ("exp", "nbf", "iat")} == {int}
    assert claims["exp"] - claims["iat"] == 600
    assert claims["iat"] - claims["nbf"] == 300
    assert str(UUID(claims["jti"])) == claims["jti"]


def _sign(vector: Vector, folder: Path) -> None:
    line = _line(vector)
    app = app_of(line, _credential(vector, folder), _authority(vector))
    assert line.asked == []
    app.acquire_token_for_client([GRAPH])
    _check_assertion(line.forms[0]["client_assertion"], vector)


@pytest.mark.parametrize("vector", _of("valid"))
def test_what_is_good_signs(vector: Vector, tmp_path: Path) -> None:
    """And the signature is good to others."""
    _sign(vector, tmp_path)


def _pieces(value: Any) -> Iterator[str]:
    """Yield what an error must not repeat of a value."""
    if isinstance(value, bytes | bytearray):
        value = value.decode("latin-1")
    if isinstance(value, str):
        lines = (line for line in value[:100_000].splitlines() if "--" not in line)
        yield from (line[:24] for line in lines if len(line) > 24)
        if value.isprintable() and 8 < len(value) < 100 and "--" not in value:
            yield value


def _check_refusal(error: Exception, vector: Vector, credential: Any) -> None:
    said = vector.said
    told = f"{error} {error!r} {''.join(traceback.format_exception(error))}"
    if "errno" in said:
        assert isinstance(error, OSError)
        assert error.errno == getattr(errno, said["errno"])
        return
    assert type(error) is ConfigurationError
    assert error.code == said["code"]
    assert said["message"] in str(error)
    assert error.__cause__ is None
    assert error.__suppress_context__ or error.__context__ is None
    assert len(str(error)) < 400
    values = dict(credential) if isinstance(credential, dict) else {"": credential}
    values.pop("private_key_pfx_path", None)  # a path may be told
    assert "canary" not in told
    assert not [it for value in values.values() for it in _pieces(value) if it in told]


@pytest.mark.parametrize("vector", _of("invalid"))
def test_what_is_bad_is_refused_in_the_constructor(vector: Vector, tmp_path: Path) -> None:
    """With the words that help, nothing of what was given, and nobody asked."""
    line, credential = _line(vector), _credential(vector, tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        with pytest.raises((ConfigurationError, OSError)) as caught:
            app_of(line, credential, _authority(vector))
    assert line.asked == []
    _check_refusal(caught.value, vector, credential)


@pytest.mark.parametrize("vector", _of("acceptable"))
def test_what_depends_on_the_build_signs_or_is_refused(vector: Vector, tmp_path: Path) -> None:
    """Old ciphers, odd forms: as OpenSSL and `cryptography` have them; never anything else."""
    for action in ("ignore", "error"):
        with warnings.catch_warnings():
            warnings.simplefilter(action)
            try:
                _sign(vector, tmp_path)
            except ConfigurationError as error:
                _check_refusal(error, vector, _credential(vector, tmp_path))


# --- assertions that others made ----------------------------------------------------------------

_TOKENS: Final = json.loads((HERE / "assertions.json").read_text(encoding="ascii"))["tests"]


@pytest.mark.parametrize("test", _TOKENS, ids=[f"{it['id']}-{it['comment']}" for it in _TOKENS])
def test_an_assertion_is_good_or_it_is_none(test: dict[str, Any]) -> None:
    """One that was signed by an allowed algorithm with the certificate's key, and nothing else."""
    found = verify(test["token"], LEAF, test["algorithms"])
    if found is not None:
        header, claims = found
        assert header["alg"] in test["algorithms"]
        parts = [base64.urlsafe_b64decode(it + "==") for it in test["token"].split(".")[:2]]
        assert [header, claims] == [json.loads(part) for part in parts]
    assert (found is not None) in {
        "valid": {True}, "invalid": {False}, "acceptable": {True, False}
    }[test["result"]]  # fmt: skip


def test_what_is_signed_is_what_was_asked_for() -> None:
    """The caller's own claims go over the top, and no others come in."""
    line = Line(Answer(text=_TOKEN))
    credential = {
        "private_key": (MATERIAL / "rsa2048-pkcs8.pem").read_text(),
        "public_certificate": (MATERIAL / "certificate-leaf.pem").read_text(),
    }
    app = app_of(line, credential, client_claims={"aud": "elsewhere", "x": [1, None, "\u00fc"]})
    app.acquire_token_for_client([GRAPH])
    found = jws.deserialize_compact(
        line.forms[0]["client_assertion"].encode(),
        _public("rsa2048-pkcs8.pem"),
        registry=_registry("PS256"),
    )
    claims = json.loads(found.payload)
    assert (claims["aud"], claims["x"]) == ("elsewhere", [1, None, "\u00fc"])
    assert set(claims) == {"aud", "iss", "sub", "exp", "nbf", "iat", "jti", "x"}


# --- the vectors themselves --------------------------------------------------------------------


def test_the_vectors_are_numbered_and_whole() -> None:
    """Each says what is given, what comes of it, and where it is refused, with which words."""
    assert [vector.id for vector in _ALL] == list(range(1, len(_ALL) + 1))
    assert len(_ALL) >= 400
    for vector in _ALL:
        assert vector.result in _RESULTS, vector.id
        accepted = {"alg", "thumbprint", "x5c"} <= set(vector.said)
        refused = {"code", "message"} <= set(vector.said) or "errno" in vector.said
        assert accepted == (vector.result != "invalid"), vector.id
        assert refused == (vector.result != "valid"), vector.id


def test_no_two_vectors_of_a_group_are_the_same() -> None:
    """A case that is there twice is one that was not written."""
    seen = [(vector.about, vector.comment) for vector in _ALL]
    assert len(seen) == len(set(seen))


def test_every_file_is_of_use_and_there() -> None:
    """Of the material none is left over."""
    named = set().union(*(files_in(dict(vector.given)) for vector in _ALL))
    named |= {vector.said["key"] for vector in _ALL if "key" in vector.said}
    assert named | {"certificate-leaf.der"} == {path.name for path in MATERIAL.iterdir()}


def test_what_can_be_made_again_is_the_same() -> None:
    """The script writes nothing where everything is there."""
    import subprocess

    before = {path.name: path.read_bytes() for path in MATERIAL.iterdir()}
    script = Path(__file__).parent / "make.py"
    ran = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=True)
    assert ran.stdout == ""
    assert {path.name: path.read_bytes() for path in MATERIAL.iterdir()} == before
