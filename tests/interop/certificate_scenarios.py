"""The scenarios of `scenarios` that are about proving who one is without a secret."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.interop.applications import Opener, claims_of
from tests.interop.counterparty import CERTIFICATE_APP, CHAIN_APP, Counterparty
from tests.interop.pki import PASSPHRASE, Pki, sign_assertion
from tests.interop.scenarios import ORDERS, SHIPPING, UNAUTHORIZED

__all__ = ["Assertions", "Certificates", "FreshAssertions"]


class Certificates:
    """An application with a certificate, in each form that MSAL takes one."""

    def test_a_thumbprint_gives_rs256_and_x5t(
        self, either_app: Opener, counterparty: Counterparty, pki: Pki, mark: int
    ) -> None:
        """SHA-1 is all such a caller gave, so the header can say nothing else."""
        credential = {"private_key": pki.old.private_pem, "thumbprint": pki.old.sha1}
        answer = either_app(CERTIFICATE_APP, credential).acquire_token_for_client(ORDERS)
        assert claims_of(answer)["aud"] == "api://orders"
        header = counterparty.only_since(mark).assertion
        assert header["alg"] == "RS256"
        assert str(header["x5t"]).rstrip("=") == pki.old.x5t

    def test_a_public_certificate_gives_ps256_and_x5t_s256(
        self, either_app: Opener, counterparty: Counterparty, pki: Pki, mark: int
    ) -> None:
        """With the certificate in hand the stronger pair is used."""
        answer = either_app(
            CERTIFICATE_APP,
            {
                "private_key": pki.old.private_pem,
                "public_certificate": pki.old.certificate_pem,
            },
        ).acquire_token_for_client(ORDERS)
        assert claims_of(answer)["aud"] == "api://orders"
        header = counterparty.only_since(mark).assertion
        assert header["alg"] == "PS256"
        assert str(header["x5t#S256"]).rstrip("=") == pki.old.x5t_s256

    def test_the_certificate_after_rotation_is_accepted_beside_the_old_one(
        self, either_app: Opener, counterparty: Counterparty, pki: Pki, mark: int
    ) -> None:
        """The server has both, and picks by thumbprint."""
        for pair in (pki.old, pki.new):
            credential = {"private_key": pair.private_pem, "thumbprint": pair.sha1}
            claims_of(either_app(CERTIFICATE_APP, credential).acquire_token_for_client(ORDERS))
        named = [str(one.assertion["x5t"]).rstrip("=") for one in counterparty.since(mark)]
        assert named == [pki.old.x5t, pki.new.x5t]

    def test_a_chain_is_sent_whole_and_in_order(
        self, our_app: Opener, counterparty: Counterparty, pki: Pki, mark: int
    ) -> None:
        """For this client the server wants the issuer's certificate, and checks who signed whom."""
        credential = {
            "private_key": pki.chained.private_pem,
            "public_certificate": pki.chained.certificate_pem + pki.intermediate.certificate_pem,
        }
        answer = our_app(CHAIN_APP, credential).acquire_token_for_client(ORDERS)
        assert claims_of(answer)["aud"] == "api://orders"
        assert counterparty.only_since(mark).error is None

    def test_a_chain_beside_a_thumbprint_is_sent_too(
        self, either_app: Opener, counterparty: Counterparty, pki: Pki, mark: int
    ) -> None:
        """The older form of the same: the thumbprint is the leaf's."""
        credential = {
            "private_key": pki.chained.private_pem,
            "thumbprint": pki.chained.sha1,
            "public_certificate": pki.chained.certificate_pem + pki.intermediate.certificate_pem,
        }
        answer = either_app(CHAIN_APP, credential).acquire_token_for_client(ORDERS)
        assert claims_of(answer)["aud"] == "api://orders"
        assert counterparty.only_since(mark).assertion["alg"] == "RS256"

    def test_an_encrypted_key_is_opened_with_its_passphrase(
        self, either_app: Opener, pki: Pki
    ) -> None:
        """The key is PKCS#8, encrypted."""
        credential = {
            "private_key": pki.new.encrypted_pem,
            "passphrase": PASSPHRASE,
            "thumbprint": pki.new.sha1,
        }
        answer = either_app(CERTIFICATE_APP, credential).acquire_token_for_client(ORDERS)
        assert claims_of(answer)["aud"] == "api://orders"

    def test_a_pfx_file_is_key_and_certificate_in_one(
        self, either_app: Opener, counterparty: Counterparty, pki: Pki, tmp_path: Path, mark: int
    ) -> None:
        """The thumbprint is computed from the certificate inside."""
        credential = {
            "private_key_pfx_path": pki.new.write_pfx(
                tmp_path / "client.pfx", passphrase=PASSPHRASE
            ),
            "passphrase": PASSPHRASE,
        }
        answer = either_app(CERTIFICATE_APP, credential).acquire_token_for_client(ORDERS)
        assert claims_of(answer)["aud"] == "api://orders"
        header = counterparty.only_since(mark).assertion
        assert str(header["x5t#S256"]).rstrip("=") == pki.new.x5t_s256


class FreshAssertions:
    """Servers take an assertion's `jti` once, so each request has to bring another."""

    def test_two_certificate_requests_in_a_row_are_both_accepted(
        self, our_app: Opener, counterparty: Counterparty, pki: Pki, mark: int
    ) -> None:
        """One application, two resources, no time between."""
        credential = {"private_key": pki.old.private_pem, "thumbprint": pki.old.sha1}
        app = our_app(CERTIFICATE_APP, credential)
        answers = [app.acquire_token_for_client(scopes) for scopes in (ORDERS, SHIPPING)]
        assert [claims_of(answer)["aud"] for answer in answers] == [
            "api://orders",
            "api://shipping",
        ]
        assert [one.error for one in counterparty.since(mark)] == [None, None]

    def test_an_assertion_header_is_written_as_the_rfc_says(
        self, our_app: Opener, counterparty: Counterparty, pki: Pki, mark: int
    ) -> None:
        """RFC 7515: thumbprints have no padding, and the certificate texts no line breaks."""
        credential = {
            "private_key": pki.old.private_pem,
            "public_certificate": pki.old.certificate_pem,
        }
        claims_of(our_app(CERTIFICATE_APP, credential).acquire_token_for_client(ORDERS))
        header = counterparty.only_since(mark).assertion
        assert header["x5t#S256"] == pki.old.x5t_s256
        assert "".join(pki.old.certificate_pem.splitlines()[1:-1]) in str(header["x5c"])


class Assertions:
    """An application that brings assertions of its own making."""

    def test_a_callable_without_parameters_is_asked_for_each_request(
        self, either_app: Opener, counterparty: Counterparty, pki: Pki, mark: int
    ) -> None:
        """The server would refuse the second request if it got the first assertion again."""

        def assertion() -> str:
            return sign_assertion(
                pki.old, client_id=CERTIFICATE_APP, audience=counterparty.token_endpoint
            )

        app = either_app(CERTIFICATE_APP, {"client_assertion": assertion})
        for scopes in (ORDERS, SHIPPING):
            claims_of(app.acquire_token_for_client(scopes))
        assert [one.error for one in counterparty.since(mark)] == [None, None]

    def test_a_callable_with_a_parameter_is_told_for_whom_and_where(
        self, either_app: Opener, pki: Pki
    ) -> None:
        """What it is told is enough to make an assertion that the server accepts."""

        def assertion(context: Mapping[str, str]) -> str:
            return sign_assertion(
                pki.old, client_id=context["client_id"], audience=context["token_endpoint"]
            )

        app = either_app(CERTIFICATE_APP, {"client_assertion": assertion})
        assert claims_of(app.acquire_token_for_client(ORDERS))["aud"] == "api://orders"

    def test_a_ready_made_assertion_is_accepted_once_and_then_refused(
        self, either_app: Opener, counterparty: Counterparty, pki: Pki, mark: int
    ) -> None:
        """The refusal comes back as a dictionary, and says who is to blame."""
        ready_made = sign_assertion(
            pki.old, client_id=CERTIFICATE_APP, audience=counterparty.token_endpoint
        )
        with pytest.warns(DeprecationWarning, match="assertion"):
            app = either_app(CERTIFICATE_APP, {"client_assertion": ready_made})
        assert claims_of(app.acquire_token_for_client(ORDERS))["aud"] == "api://orders"
        assert app.acquire_token_for_client(SHIPPING)["error"] == "invalid_client"
        accepted, refused = counterparty.since(mark)
        assert (accepted.error, refused.status) == (None, UNAUTHORIZED)
        assert re.search("used before|used once", str(refused.reason))

    def test_an_assertion_for_another_audience_is_refused(
        self, either_app: Opener, counterparty: Counterparty, pki: Pki, mark: int
    ) -> None:
        """The server reads `aud`, so a token endpoint taken from elsewhere would show here."""

        def assertion() -> str:
            return sign_assertion(
                pki.old, client_id=CERTIFICATE_APP, audience="https://elsewhere.example/token"
            )

        app = either_app(CERTIFICATE_APP, {"client_assertion": assertion})
        assert app.acquire_token_for_client(ORDERS)["error"] == "invalid_client"
        assert "aud" in str(counterparty.only_since(mark).reason)
