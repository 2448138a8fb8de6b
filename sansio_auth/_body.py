"""Which body fields are the library's, and which of the caller's own set a token apart."""

from __future__ import annotations

import re
from typing import Final

from sansio_auth.errors import ConfigurationError
from sansio_auth.wire import Pairs

__all__ = ["NOT_IN_EXTENDED_KEY", "PROTECTED_FIELDS", "check_data"]

#: Fields that the library sets; a caller's `data` may not replace them on the wire.
PROTECTED_FIELDS: Final = frozenset(
    {
        "client_id", "grant_type", "client_secret", "client_assertion", "client_assertion_type",
        "scope", "assertion", "requested_token_use", "client_info", "claims", "client_claims",
    }
)  # fmt: skip

#: Body fields that do not set a token apart by themselves. Observed: MSAL 1.39's extended key.
NOT_IN_EXTENDED_KEY: Final = (PROTECTED_FIELDS - {"client_claims"}) | {
    "username", "password", "refresh_token", "code", "redirect_uri", "code_verifier",
    "device_code", "token_type", "req_cnf", "key_id", "user_federated_identity_credential",
    "user_id",
}  # fmt: skip

_FIELD_NAME: Final = re.compile(r"[\x21-\x7e]{1,128}")


def check_data(__: object, ___: object, value: Pairs) -> None:
    """Refuse extra body fields that cannot be sent or would replace one of the library's."""
    for name, _ in value:
        if name in PROTECTED_FIELDS:
            raise ConfigurationError(
                f"data: {name} is set by the library and cannot be replaced", code="data_protected"
            )
        if not _FIELD_NAME.fullmatch(name):
            raise ConfigurationError("data: a name that no form can hold", code="data_type")
