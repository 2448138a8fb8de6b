"""Section E, row 148: keys that cannot sign PS256, and who decides what is done then."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

import pytest
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding

from sansio_auth import (
    AccessToken,
    AssertionFailed,
    CertificateCredential,
    GetAssertion,
    HttpResponse,
    Policy,
)
from sansio_auth._assertion import SigningKey, UnsignedAssertion, sign
from sansio_auth.testing import World, example_tenant
from sansio_auth_adapters.application import certificates
from tests.faults.aids import GRAPH, Line, app_of, client_of
from tests.faults.keys import certificate, pem_of, private_pem
from tests.faults.rows import row
from tests.faults.test_a_token_endpoint import body, world

_SHA1 = hashlib.sha1(certificate().public_bytes(Encoding.DER), usedforsecurity=False).hexdigest()
_BOTH = {"private_key": private_pem(), "public_certificate": pem_of(certificate())}


def _without_pss(key: SigningKey, unsigned: UnsignedAssertion) -> str:
    """Sign as a module does that knows no PSS."""
    if json.loads(unsigned.header)["alg"] == "PS256":
        raise UnsupportedAlgorithm("PSS is not supported by this provider")
    return sign(key, unsigned)


def _algorithm(assertion: str) -> str:
    header = json.loads(base64.urlsafe_b64decode(assertion.split(".", maxsplit=1)[0] + "=="))
    return str(header["alg"])


@pytest.mark.parametrize(
    ("credential", "signs"),
    [
        row(148, "ps256", _BOTH, None),
        row(148, "rs256-by-thumbprint", {**_BOTH, "thumbprint": _SHA1}, "RS256"),
        row(148, "rs256-without-certificate",
            {"private_key": private_pem(), "thumbprint": _SHA1}, "RS256"),
    ],
)  # fmt: skip
def test_a_provider_without_pss_signs_rs256_where_that_is_asked_for(
    credential: dict[str, Any], signs: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a SHA-1 thumbprint, as MSAL asks for it; never by itself, and the error says how."""
    monkeypatch.setattr(certificates, "sign", _without_pss)
    monkeypatch.setattr(certificates, "_known", {})
    line = Line()
    app = app_of(line, credential)
    if signs is not None:
        app.acquire_token_for_client([GRAPH])
        assert _algorithm(line.forms[0]["client_assertion"]) == signs
        return
    with pytest.raises(AssertionFailed, match="SHA-1 thumbprint asks for RS256") as caught:
        app.acquire_token_for_client([GRAPH])
    assert isinstance(caught.value.__cause__, UnsupportedAlgorithm)
    assert line.asked == []


@pytest.mark.parametrize(
    ("sha1", "works"),
    [row(148, "module-ps256", False, False), row(148, "module-rs256", True, True)],
)
def test_a_module_of_the_callers_decides_by_its_credential(*, sha1: bool, works: bool) -> None:
    """What signs outside is told the algorithm; a token in hand is served while it cannot."""
    credential = CertificateCredential(sha1=sha1, x5t="x", x5t_s256="y")
    client = client_of(credential=credential, policy=Policy(retries=0))
    call = client.acquire_token_for_client([GRAPH])

    def play(at: World) -> Any:
        flow = call.start(now=at.clock.now, seed=bytes(32))
        while (effect := flow.pending) is not None:
            value = at.answer(effect) if not isinstance(effect, GetAssertion) else _signed(effect)
            flow.answer(effect, value, now=at.clock.now)
        return flow

    at = World(example_tenant(), faults=[HttpResponse(200, body=body())])
    flow = play(at)
    assert isinstance(flow.error or flow.result, AccessToken if works else AssertionFailed)
    assert len(at.exchanges) == (1 if works else 0)
    kept = play(world(HttpResponse(200, body=body()), due=True))
    assert kept.result.source == ("identity_provider" if works else "cache")


def _signed(effect: GetAssertion) -> Any:
    from sansio_auth import Failure

    assert effect.claims is not None
    if json.loads(effect.claims.header)["alg"] == "PS256":
        return Failure("callback", error="CKR_MECHANISM_INVALID")
    return "a.b.c"
