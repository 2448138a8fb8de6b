"""The shortcut to an account that is in memory says what the procedure says, whatever is stored."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sansio_auth import FlowError
from sansio_auth.partition import AccountSeen, Dropped, Found, SignedOut, UserKey
from sansio_auth_adapters import (
    AsyncConfidentialClientApplication,
    ConfidentialClientApplication,
    MemoryStore,
    SerializableTokenCache,
    TokenCache,
)
from sansio_auth_adapters.application.dicts import account_dict

_CLIENT = "client"
_HOST = "login.microsoftonline.com"
_AUTHORITY = f"https://{_HOST}/11111111-2222-3333-4444-555555555555"
_NAMES = ["alice", "ALICE", "bob", "Stra\u00dfe", "\u0130", ""]

_hosts = st.sampled_from([_HOST, "login.windows.net", "login.microsoftonline.us"])
_users = st.builds(UserKey, _hosts, st.sampled_from(["a.t", "b.t", "c.t"]))
_facts = st.builds(
    AccountSeen,
    st.sampled_from(["home", "guest"]),
    st.tuples(st.just("oid"), st.sampled_from(_NAMES), st.just("MSSTS"), st.none() | st.just("s")),
) | st.sampled_from([Dropped(), SignedOut(_CLIENT)])
_asked = st.sampled_from([*_NAMES, "nobody", None, 5, b"alice", ["alice"]])


def _through_a_file(cache: Any) -> Any:
    """The same cache, of which nothing has been read yet."""
    read = SerializableTokenCache()
    read.deserialize(cache.serialize())
    return read


def _sync(store: Any) -> Any:
    return ConfidentialClientApplication(_CLIENT, "s", _AUTHORITY, token_cache=store)


def _awaited(store: Any) -> Any:
    return AsyncConfidentialClientApplication(_CLIENT, "s", _AUTHORITY, token_cache=store)


@pytest.mark.parametrize("store", [MemoryStore, TokenCache, SerializableTokenCache, "from a file"])
@settings(deadline=None)
@given(st.lists(st.tuples(_users, _facts), max_size=6), _asked)
def test_who_is_at_hand_is_who_the_procedure_finds(store: Any, stored: Any, name: Any) -> None:
    """In every kind of cache in memory, at whatever hosts of the cloud, with either application."""
    cache = SerializableTokenCache() if store == "from a file" else store()
    for key, fact in stored:
        _ = cache.save(((key, (fact,)),))
    app, awaited = _sync(cache), _awaited(cache)
    if store == "from a file":
        app, awaited = _sync(_through_a_file(cache)), _awaited(_through_a_file(cache))
        cache = _through_a_file(cache)
    found = app.get_accounts(name)
    assert asyncio.run(awaited.get_accounts(name)) == found
    plain = _sync(cache)
    assert found == [account_dict(it) for it in plain._do(plain._client.get_accounts(name))]


def _stored(store: Any) -> Any:
    account = AccountSeen("home", ("oid", "alice", "MSSTS", None))
    _ = store.save(((UserKey(_HOST, "a.t"), (account,)),))
    return store


def test_an_account_at_hand_takes_no_flow() -> None:
    """Or nothing was compared above."""
    app, awaited = _sync(_stored(TokenCache())), _awaited(_stored(TokenCache()))
    app._do = awaited._do = None
    assert [it["username"] for it in app.get_accounts("ALICE")] == ["alice"]
    assert [it["username"] for it in asyncio.run(awaited.get_accounts("ALICE"))] == ["alice"]


def test_a_store_that_fails_has_no_accounts() -> None:
    """A subclass of somebody's, which raises where ours cannot."""

    class Failing(MemoryStore):
        def look_up(self, query: Any) -> Found:
            raise OSError(str(query))

    assert _sync(_stored(Failing())).get_accounts("alice") == []


def test_a_closed_application_tells_of_nobody() -> None:
    """As of anything else that it would begin a flow for."""
    app, awaited = _sync(_stored(MemoryStore())), _awaited(_stored(MemoryStore()))
    app.close()
    asyncio.run(awaited.close())
    for name in ("alice", None):
        with pytest.raises(FlowError, match="closed"):
            app.get_accounts(name)
        with pytest.raises(FlowError, match="closed"):
            asyncio.run(awaited.get_accounts(name))
