"""Names that callers of MSAL import beside its application."""

from __future__ import annotations

from typing import ClassVar, Final

from attrs import field, frozen

from sansio_auth import parse_www_authenticate

__all__ = [
    "AZURE_CHINA",
    "AZURE_GOV_DE",
    "AZURE_GOV_FR",
    "AZURE_GOV_SG",
    "AZURE_PUBLIC",
    "AZURE_US_GOVERNMENT",
    "AuthorityBuilder",
    "Prompt",
    "parse_www_authenticate",
]

AZURE_PUBLIC: Final = "login.microsoftonline.com"
AZURE_US_GOVERNMENT: Final = "login.microsoftonline.us"
AZURE_CHINA: Final = "login.partner.microsoftonline.cn"
AZURE_GOV_FR: Final = "login.sovcloud-identity.fr"
AZURE_GOV_DE: Final = "login.sovcloud-identity.de"
AZURE_GOV_SG: Final = "login.sovcloud-identity.sg"


def _without_slashes(value: str) -> str:
    return value.strip("/")


@frozen
class AuthorityBuilder:
    """An authority from its host and tenant; `str()` of it is the URL."""

    instance: str = field(converter=_without_slashes)
    tenant: str = field(converter=_without_slashes)

    def __str__(self) -> str:
        return f"https://{self.instance}/{self.tenant}"


class Prompt:
    """Values of `prompt` (OpenID Connect Core section 3.1.2.1, and Entra's `create`)."""

    NONE: ClassVar[str] = "none"
    LOGIN: ClassVar[str] = "login"
    CONSENT: ClassVar[str] = "consent"
    SELECT_ACCOUNT: ClassVar[str] = "select_account"
    CREATE: ClassVar[str] = "create"
