"""A program that plays three grants of the core, for processes that have little else."""

from __future__ import annotations

from typing import Final

__all__ = ["PLAYS"]

PLAYS: Final = """
from sansio_auth import AccessToken, ClientSecret, ConfidentialClient, Secret, parse_authority
from sansio_auth.testing import World, example_tenant, user_token
client = ConfidentialClient(
    client_id="6731de76-14a6-49ae-97bc-6eba6914391e",
    authority=parse_authority(example_tenant().authority),
    credential=ClientSecret(Secret("the-application's-secret")),
)
world = World(example_tenant())
user = user_token(world.tenant, "alice@contoso.com", client.client_id, world.clock.now)
for call, outcome in (
    (client.acquire_token_for_client(["https://graph.microsoft.com/.default"]), "AccessToken"),
    (client.acquire_token_on_behalf_of(user, ["User.Read"]), "AccessToken"),
    (client.acquire_token_by_refresh_token("from elsewhere", ["User.Read"]), "Refusal"),
):
    assert type(world.play(call).result).__name__ == outcome
"""
