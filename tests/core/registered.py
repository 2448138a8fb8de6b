"""A client of a known cloud, for the tests of calls."""

from __future__ import annotations

from typing import Any, Final

from sansio_auth import ClientSecret, ConfidentialClient, Secret, parse_authority

__all__ = ["GUID", "HOST", "SCOPE", "client_of"]

HOST: Final = "login.microsoftonline.com"
GUID: Final = "11111111-2222-3333-4444-555555555555"
SCOPE: Final = ["https://graph.microsoft.com/.default"]


def client_of(tenant: str = GUID, **more: Any) -> ConfidentialClient:
    """Return the client of a tenant."""
    return ConfidentialClient(
        client_id="c",
        authority=parse_authority(f"https://{HOST}/{tenant}"),
        credential=ClientSecret(Secret("s")),
        **more,
    )
