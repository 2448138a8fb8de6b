"""Which partitions a query means, kept up as they change, so that none is searched for.

Knows keys and names, and nothing of tokens. It is changed under its store's lock; who a name
belongs to may be asked without, as a dictionary's look-up is atomic and what it finds a value.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, TypeAlias

from sansio_auth.partition import (
    AccountRow,
    Accounts,
    AppKey,
    Partition,
    PartitionKey,
    Query,
    Tokens,
    UserKey,
)

__all__ = ["Index"]

#: Whom a name belongs to: nearly always one, who is kept without a tuple around.
_Named: TypeAlias = UserKey | tuple[UserKey, ...]
_NOBODY: Final[Mapping[str, _Named]] = {}


class Index:
    """Users by environment and lower-case name; applications' partitions by their client."""

    __slots__ = ("_apps", "_users")

    def __init__(self) -> None:
        self._users: dict[str, dict[str, _Named]] = {}
        self._apps: dict[tuple[str, str], dict[AppKey, None]] = {}

    def named(self, environment: str, username: str) -> tuple[UserKey, ...]:
        """Return the users who have an account of that name, in any case of letters."""
        named = self._users.get(environment, _NOBODY).get(username.lower(), ())
        return (named,) if isinstance(named, UserKey) else named

    def meant(self, query: Query) -> Iterable[PartitionKey]:
        """Return the partitions that may answer a query: all users there, whatever the name."""
        if not isinstance(query, Accounts):
            return tuple(self._apps.get((query.environment, query.client_id), ()))
        users = self._users.get(query.environment, _NOBODY)
        return dict.fromkeys(key for name in users for key in self.named(query.environment, name))

    def changed(self, key: PartitionKey, before: Partition | None, after: Partition | None) -> None:
        """Take in what became of a partition; None is one that is not there."""
        if isinstance(key, UserKey):
            was, now = _accounts(before), _accounts(after)
            if was is not now:
                self._name(key, _names(was), _names(now))
        elif isinstance(key, AppKey) and (before is None) is not (after is None):
            mine = (key.environment, key.client_id)
            if after is not None:
                self._apps.setdefault(mine, {})[key] = None
            else:
                del self._apps[mine][key]
                if not self._apps[mine]:
                    del self._apps[mine]

    def _name(self, key: UserKey, was: dict[str, None], now: dict[str, None]) -> None:
        users = self._users.setdefault(key.environment, {})
        for name in (*was, *now):
            if (name in was) is not (name in now):
                others = tuple(it for it in self.named(key.environment, name) if it != key)
                mine = (*others, key) if name in now else others
                users[name] = mine[0] if len(mine) == 1 else mine
                if not mine:
                    del users[name]
        if not users:
            del self._users[key.environment]


def _accounts(partition: Partition | None) -> Mapping[str, AccountRow] | None:
    return partition.accounts if isinstance(partition, Tokens) else None


def _names(accounts: Mapping[str, AccountRow] | None) -> dict[str, None]:
    """The names of a user, in order; one that is lower case already is not copied."""
    if accounts is None:
        return {}
    names = (account[1] for account in accounts.values())
    return {name if (lower := name.lower()) == name else lower: None for name in names}
