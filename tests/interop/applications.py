"""How a test opens an application of either library, with the arguments the two have in common.

It knows the constructors and what of MSAL's API the scenarios call; nothing about servers' insides.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Final, Protocol, cast

import jwt
import msal  # type: ignore[import-untyped]  # it ships no types
from attrs import frozen

import sansio_auth_adapters
from tests.interop.counterparty import Counterparty

__all__ = ["LIBRARIES", "Application", "Library", "Opener", "claims_of"]


class Application(Protocol):
    """The methods of a confidential client that scenarios use."""

    def acquire_token_for_client(
        self, scopes: list[str], claims_challenge: str | None = None
    ) -> Mapping[str, object]:
        """Return a token for the application, or a refusal."""
        ...

    def acquire_token_on_behalf_of(
        self, user_assertion: str, scopes: list[str]
    ) -> Mapping[str, object]:
        """Return a token for the user of the assertion, or a refusal."""
        ...


@frozen
class Library:
    """A library by name, and its constructor."""

    name: str
    construct: Callable[..., object]


LIBRARIES: Final = (
    Library("sansio_auth", sansio_auth_adapters.ConfidentialClientApplication),
    Library("msal", cast("Callable[..., object]", msal.ConfidentialClientApplication)),
)


@frozen
class Opener:
    """Opens applications of one library at one counterparty, and closes them after the test."""

    made_by: Library
    counterparty: Counterparty
    closing: ExitStack

    def __call__(
        self, client_id: str, credential: str | Mapping[str, object], **options: object
    ) -> Application:
        """Return an application that trusts the session's authority, unless told otherwise."""
        if "http_client" not in options:
            options = {"verify": str(self.counterparty.pki.authority_file), **options}
        application = self.made_by.construct(
            client_id,
            client_credential=credential,
            authority=self.counterparty.authority,
            instance_discovery=False,
            **options,
        )
        if (close := getattr(application, "close", None)) is not None:
            self.closing.callback(close)
        return cast("Application", application)


def claims_of(answer: Mapping[str, object]) -> Mapping[str, object]:
    """Return the claims of the token in an answer; who signed it is not the matter here."""
    assert "error" not in answer, answer
    claims: Mapping[str, object] = jwt.decode(
        str(answer["access_token"]), options={"verify_signature": False}
    )
    return claims
