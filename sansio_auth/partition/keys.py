"""Where things are kept, as values: the keys of partitions, and the questions to an index."""

from __future__ import annotations

from typing import Final, TypeAlias

from attrs import frozen

__all__ = [
    "SESSION",
    "Accounts",
    "AppKey",
    "AppTokens",
    "AssertionKey",
    "KnowledgeKey",
    "PartitionKey",
    "Query",
    "UserKey",
]


#: No digest of an assertion begins like this.
SESSION: Final = "session-"


@frozen(cache_hash=True, weakref_slot=False)
class AppKey:
    """Tokens of an application itself, in one tenant."""

    environment: str
    tenant: str
    client_id: str


@frozen(cache_hash=True, weakref_slot=False)
class AssertionKey:
    """Tokens got with one user assertion; `digest` is its hex SHA-256.

    That of a long-running session, which outlives its assertion, begins with `SESSION`.
    """

    environment: str
    tenant: str
    client_id: str
    digest: str

    @property
    def is_session(self) -> bool:
        """Whether a refresh token that is kept here is to be used."""
        return self.digest.startswith(SESSION)


@frozen(cache_hash=True, weakref_slot=False)
class UserKey:
    """Everything of one user in one cloud, of all clients and realms."""

    environment: str
    home_account_id: str


@frozen(cache_hash=True, weakref_slot=False)
class KnowledgeKey:
    """What is known about one authority, by its URL. Never written to a token store."""

    authority: str


PartitionKey: TypeAlias = AppKey | AssertionKey | UserKey | KnowledgeKey


@frozen
class Accounts:
    """Who has signed in to one cloud: all partitions of users, or of one user by name.

    `username` is compared without regard to case.
    """

    environment: str
    username: str | None = None


@frozen
class AppTokens:
    """Where an application has tokens of its own in one cloud: its partitions in all tenants."""

    environment: str
    client_id: str


Query: TypeAlias = Accounts | AppTokens
