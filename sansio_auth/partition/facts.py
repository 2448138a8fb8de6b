"""What happens to the partitions of every application, as values.

What else may happen is in `other_facts`, which is loaded when it does. What each fact does to a
partition is `apply`'s to say.
"""

from __future__ import annotations

from attrs import field, frozen

from sansio_auth.identity import TokenKey
from sansio_auth.partition.rows import AccessRow
from sansio_auth.secret import Confidential

__all__ = ["AccessTokenStored", "ClientSeen"]


@frozen
class AccessTokenStored(Confidential):
    """A token was issued; `also` are further keys to find it by, `limit` bounds the partition."""

    key: TokenKey
    row: AccessRow = field(repr=False)
    also: tuple[TokenKey, ...] = ()
    limit: int = 10_000


@frozen
class ClientSeen:
    """A client got tokens here; `family_id` as the server said."""

    client_id: str
    family_id: str | None = None
