"""A test kit: Entra ID as a value, and a world to play flows in. No I/O, like the rest.

`example_tenant()` is a tenant with applications, users and APIs; `handle(tenant, request, now)`
answers requests for it; `World(tenant).play(call)` drives a call against it in virtual time.
`sansio_auth_adapters.tenant_server` serves the same over HTTPS on loopback.
"""

from sansio_auth.testing._tokens import TokenFacts
from sansio_auth.testing.clock import VirtualClock
from sansio_auth.testing.handling import call_api, handle, sign_in
from sansio_auth.testing.play import World
from sansio_auth.testing.tenant import (
    Application,
    RegisteredSecret,
    Resource,
    Tenant,
    User,
    example_tenant,
    explain,
    user_token,
)

__all__ = [
    "Application",
    "RegisteredSecret",
    "Resource",
    "Tenant",
    "TokenFacts",
    "User",
    "VirtualClock",
    "World",
    "call_api",
    "example_tenant",
    "explain",
    "handle",
    "sign_in",
    "user_token",
]
