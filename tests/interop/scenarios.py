"""The conversations that every counterparty has to accept or refuse, whoever wrote it.

Each class is about one matter and is made a test class by each module that has a `counterparty`
fixture. The server's log, not the library's answer, says which requests were made and why one was
refused. Where both libraries behave alike both run, so that a failure of only one tells which
side is wrong.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import pytest
import requests

from tests.interop.applications import Opener, claims_of
from tests.interop.counterparty import (
    CERTIFICATE_APP,
    CHAIN_APP,
    SECRET,
    SECRET_APP,
    USER,
    Counterparty,
)
from tests.interop.pki import Pki

__all__ = [
    "Connections",
    "OnBehalfOf",
    "OnBehalfOfCache",
    "Refusals",
    "Secrets",
]

ORDERS: Final = ["api://orders/.default"]
SHIPPING: Final = ["api://shipping/.default"]
UNAUTHORIZED: Final = 401
BAD_REQUEST: Final = 400


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and what led to it, back to the first."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


class Secrets:
    """An application with a secret."""

    def test_a_secret_gets_a_token_for_the_resource_asked_for(
        self, either_app: Opener, counterparty: Counterparty, mark: int
    ) -> None:
        """The secret has every character a form must escape, and the server reads it unchanged."""
        answer = either_app(SECRET_APP, SECRET).acquire_token_for_client(ORDERS)
        assert claims_of(answer)["aud"] == "api://orders"
        assert answer["token_type"] == "Bearer"
        assert answer["token_source"] == "identity_provider"
        assert counterparty.only_since(mark).scope == " ".join(ORDERS)

    def test_the_same_scopes_again_are_answered_without_any_request(
        self, either_app: Opener, counterparty: Counterparty
    ) -> None:
        """Not even discovery is repeated: the server's whole log stays as it was."""
        app = either_app(SECRET_APP, SECRET)
        first = app.acquire_token_for_client(ORDERS)
        before = len(counterparty.exchanges())
        second = app.acquire_token_for_client(ORDERS)
        assert second["token_source"] == "cache"
        assert second["access_token"] == first["access_token"]
        assert len(counterparty.exchanges()) == before

    def test_other_scopes_are_asked_for_and_kept_apart(
        self, either_app: Opener, counterparty: Counterparty, mark: int
    ) -> None:
        """A token for one resource never serves another."""
        app = either_app(SECRET_APP, SECRET)
        answers = [app.acquire_token_for_client(scopes) for scopes in (ORDERS, SHIPPING)]
        assert [claims_of(answer)["aud"] for answer in answers] == [
            "api://orders",
            "api://shipping",
        ]
        assert len(counterparty.since(mark)) == len(answers)

    def test_a_claims_challenge_goes_past_the_cache_to_the_server(
        self, either_app: Opener, counterparty: Counterparty, mark: int
    ) -> None:
        """The claims arrive in the second request, although the first token is still good."""
        app = either_app(SECRET_APP, SECRET)
        challenge = '{"access_token":{"nbf":{"essential":true,"value":"1"}}}'
        first = app.acquire_token_for_client(ORDERS)
        second = app.acquire_token_for_client(ORDERS, claims_challenge=challenge)
        assert claims_of(second)["jti"] != claims_of(first)["jti"]
        assert [one.claims is None for one in counterparty.since(mark)] == [True, False]

    def test_eight_threads_make_one_request(
        self, our_app: Opener, counterparty: Counterparty, mark: int
    ) -> None:
        """Whoever comes while the first is asking gets its answer."""
        app = our_app(SECRET_APP, SECRET)
        with ThreadPoolExecutor(8) as threads:
            answers = list(threads.map(lambda _: app.acquire_token_for_client(ORDERS), range(8)))
        assert len({str(answer["access_token"]) for answer in answers}) == 1
        assert counterparty.only_since(mark).error is None


class Refusals:
    """What the server says no to comes back as MSAL's dictionary, and leaves no token behind."""

    def test_a_wrong_secret_is_refused_with_401(
        self, either_app: Opener, counterparty: Counterparty, mark: int
    ) -> None:
        """The dictionary has the server's words; the log says the server answered 401."""
        answer = either_app(SECRET_APP, f"not {SECRET}").acquire_token_for_client(ORDERS)
        assert answer["error"] == "invalid_client"
        assert answer["error_description"]
        assert "access_token" not in answer
        assert counterparty.only_since(mark).status == UNAUTHORIZED

    def test_the_right_secret_works_after_a_wrong_one(
        self, either_app: Opener, counterparty: Counterparty
    ) -> None:
        """A refusal holds back neither another application nor the next attempt."""
        wrong = either_app(SECRET_APP, f"not {SECRET}").acquire_token_for_client(ORDERS)
        right = either_app(SECRET_APP, SECRET).acquire_token_for_client(ORDERS)
        assert (wrong["error"], right["token_type"]) == ("invalid_client", "Bearer")
        assert counterparty.token_requests()[-1].error is None

    def test_an_unregistered_key_is_refused_even_under_a_registered_thumbprint(
        self, either_app: Opener, counterparty: Counterparty, pki: Pki, mark: int
    ) -> None:
        """The thumbprint leads the server to a certificate whose key did not sign this."""
        credential = {"private_key": pki.stranger.private_pem, "thumbprint": pki.old.sha1}
        answer = either_app(CERTIFICATE_APP, credential).acquire_token_for_client(ORDERS)
        assert answer["error"] == "invalid_client"
        assert counterparty.only_since(mark).status == UNAUTHORIZED

    def test_a_registered_key_is_refused_under_the_other_certificates_thumbprint(
        self, either_app: Opener, counterparty: Counterparty, pki: Pki, mark: int
    ) -> None:
        """Naming the certificate is part of the proof, not a hint."""
        credential = {"private_key": pki.old.private_pem, "thumbprint": pki.new.sha1}
        answer = either_app(CERTIFICATE_APP, credential).acquire_token_for_client(ORDERS)
        assert answer["error"] == "invalid_client"
        assert "AADSTS50013" in str(counterparty.only_since(mark).reason)

    def test_an_unregistered_certificate_is_refused(
        self, either_app: Opener, counterparty: Counterparty, pki: Pki, mark: int
    ) -> None:
        """Key and thumbprint belong together, but nobody has registered them."""
        credential = {"private_key": pki.stranger.private_pem, "thumbprint": pki.stranger.sha1}
        answer = either_app(CERTIFICATE_APP, credential).acquire_token_for_client(ORDERS)
        assert answer["error"] == "invalid_client"
        assert counterparty.only_since(mark).status == UNAUTHORIZED

    def test_a_leaf_without_its_chain_is_refused_where_the_chain_is_wanted(
        self, either_app: Opener, counterparty: Counterparty, pki: Pki, mark: int
    ) -> None:
        """So that the acceptance of the whole chain means something."""
        credential = {"private_key": pki.chained.private_pem, "thumbprint": pki.chained.sha1}
        answer = either_app(CHAIN_APP, credential).acquire_token_for_client(ORDERS)
        assert answer["error"] == "invalid_client"
        assert "x5c" in str(counterparty.only_since(mark).reason)

    def test_an_unknown_resource_is_refused_with_400(
        self, either_app: Opener, counterparty: Counterparty, mark: int
    ) -> None:
        """A scope of nobody's is the caller's mistake, not the client's identity."""
        app = either_app(SECRET_APP, SECRET)
        answer = app.acquire_token_for_client(["api://nothing/.default"])
        assert answer["error"] == "invalid_scope"
        assert counterparty.only_since(mark).status == BAD_REQUEST


class OnBehalfOf:
    """A web API that calls another one for the user who called it."""

    def test_a_users_token_is_exchanged_for_another_of_the_same_user(
        self, either_app: Opener, counterparty: Counterparty, mark: int
    ) -> None:
        """The user stays, the audience changes."""
        app = either_app(SECRET_APP, SECRET)
        assertion = counterparty.user_token(f"api://{SECRET_APP}")
        token = claims_of(app.acquire_token_on_behalf_of(assertion, ["api://orders/read"]))
        assert (token["sub"], token["aud"]) == (USER, "api://orders")
        assert "api://orders/read" in str(counterparty.only_since(mark).scope).split()

    def test_two_assertions_are_two_requests(
        self, either_app: Opener, counterparty: Counterparty, mark: int
    ) -> None:
        """What one assertion brought is never given for another, though the user is the same."""
        app = either_app(SECRET_APP, SECRET)
        assertions = [counterparty.user_token(f"api://{SECRET_APP}") for _ in range(2)]
        answers = [app.acquire_token_on_behalf_of(one, ["api://orders/read"]) for one in assertions]
        assert claims_of(answers[0])["jti"] != claims_of(answers[1])["jti"]
        assert len(counterparty.since(mark)) == len(assertions)

    def test_an_expired_assertion_is_refused(
        self, either_app: Opener, counterparty: Counterparty, mark: int
    ) -> None:
        """The server reads the time of the user's token."""
        assertion = counterparty.user_token(f"api://{SECRET_APP}", expires_in=-3600)
        app = either_app(SECRET_APP, SECRET)
        answer = app.acquire_token_on_behalf_of(assertion, ["api://orders/read"])
        assert answer["error"] == "invalid_grant"
        assert counterparty.only_since(mark).status == BAD_REQUEST

    def test_an_assertion_for_another_api_is_refused(
        self, either_app: Opener, counterparty: Counterparty, mark: int
    ) -> None:
        """Only the API that a user's token was meant for may exchange it."""
        assertion = counterparty.user_token(f"api://{CERTIFICATE_APP}")
        app = either_app(SECRET_APP, SECRET)
        answer = app.acquire_token_on_behalf_of(assertion, ["api://orders/read"])
        assert answer["error"] == "invalid_grant"
        assert counterparty.only_since(mark).status == BAD_REQUEST

    def test_an_applications_own_token_is_no_users_assertion(
        self, either_app: Opener, counterparty: Counterparty
    ) -> None:
        """It is meant for the right API, but names no user on whose behalf to act."""
        app = either_app(SECRET_APP, SECRET)
        own = app.acquire_token_for_client([f"api://{SECRET_APP}/.default"])
        answer = app.acquire_token_on_behalf_of(str(own["access_token"]), ["api://orders/read"])
        assert claims_of(own)["aud"] == f"api://{SECRET_APP}"
        assert answer["error"] == "invalid_grant"
        assert re.search("'sub'|no user", str(counterparty.token_requests()[-1].reason))


class OnBehalfOfCache:
    """The facade answers from its cache by assertion, and proves itself anew for each request."""

    def test_the_same_assertion_again_is_answered_from_the_cache(
        self, our_app: Opener, counterparty: Counterparty, mark: int
    ) -> None:
        """The server hears of the first call only."""
        app = our_app(SECRET_APP, SECRET)
        assertion = counterparty.user_token(f"api://{SECRET_APP}")
        first, again = (
            app.acquire_token_on_behalf_of(assertion, ["api://orders/read"]) for _ in range(2)
        )
        assert (first["token_source"], again["token_source"]) == ("identity_provider", "cache")
        assert again["access_token"] == first["access_token"]
        assert counterparty.only_since(mark).error is None

    def test_a_certificate_serves_two_users_tokens_in_a_row(
        self, our_app: Opener, counterparty: Counterparty, pki: Pki, mark: int
    ) -> None:
        """Two exchanges, two client assertions, both accepted."""
        credential = {"private_key": pki.old.private_pem, "thumbprint": pki.old.sha1}
        app = our_app(CERTIFICATE_APP, credential)
        for _ in range(2):
            assertion = counterparty.user_token(f"api://{CERTIFICATE_APP}")
            answer = app.acquire_token_on_behalf_of(assertion, ["api://orders/read"])
            assert claims_of(answer)["sub"] == USER
        assert [one.error for one in counterparty.since(mark)] == [None, None]

    def test_an_app_token_is_never_taken_for_a_users(
        self, our_app: Opener, counterparty: Counterparty, mark: int
    ) -> None:
        """Same application, same resource: one cache, two tokens, two requests."""
        app = our_app(SECRET_APP, SECRET)
        assertion = counterparty.user_token(f"api://{SECRET_APP}")
        calls: list[Callable[[], Mapping[str, object]]] = [
            lambda: app.acquire_token_for_client(ORDERS),
            lambda: app.acquire_token_on_behalf_of(assertion, ORDERS),
        ]
        subjects = [claims_of(call())["sub"] for call in (*calls, *calls)]
        assert subjects == [SECRET_APP, USER, SECRET_APP, USER]
        assert len(counterparty.since(mark)) == len(calls)


class Connections:
    """Who may speak to the server, and through what."""

    def test_an_injected_requests_session_carries_everything(
        self, either_app: Opener, counterparty: Counterparty, pki: Pki, mark: int
    ) -> None:
        """The session's trust counts, and the facade adds no transport of its own."""
        with requests.Session() as session:
            session.verify = str(pki.authority_file)
            app = either_app(SECRET_APP, SECRET, http_client=session)
            assertion = counterparty.user_token(f"api://{SECRET_APP}")
            assert claims_of(app.acquire_token_for_client(ORDERS))["sub"] == SECRET_APP
            answer = app.acquire_token_on_behalf_of(assertion, ["api://orders/read"])
        assert claims_of(answer)["sub"] == USER
        assert [one.error for one in counterparty.since(mark)] == [None, None]

    def test_a_server_that_nobody_vouches_for_is_told_nothing(
        self, either_app: Opener, counterparty: Counterparty
    ) -> None:
        """Without the session's authority the connection fails before any request is sent."""
        before = len(counterparty.exchanges())
        with pytest.raises(OSError, match="SSLError") as failure:
            either_app(SECRET_APP, SECRET, verify=True).acquire_token_for_client(ORDERS)
        assert any(isinstance(one, ssl.SSLCertVerificationError) for one in _chain(failure.value))
        assert len(counterparty.exchanges()) == before
