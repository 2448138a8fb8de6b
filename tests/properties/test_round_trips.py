"""What becomes of cached data that is not understood: I-9."""

from __future__ import annotations

import json
from typing import Any, Final

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from sansio_auth import AccessToken, Tokens
from sansio_auth.identity import token_key
from sansio_auth.msal_format import dump, load
from sansio_auth.partition import AccessTokenStored, AppKey
from sansio_auth_adapters import SerializableTokenCache
from tests.properties.worlds import GUID, HOST, START, AnyWorld, client, good_token

_QUICK: Final = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
_NOW: Final = int(START)
_ANYTHING: Final = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(max_size=6)
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=6,
)  # fmt: skip
_ENTRY: Final = {
    "credential_type": "AccessToken",
    "secret": "AT",
    "home_account_id": None,
    "environment": HOST,
    "client_id": "client-2",
    "target": "s",
    "realm": GUID,
    "token_type": "Bearer",
    "cached_at": str(_NOW),
    "expires_on": str(_NOW + 3_600),
    "extended_expires_on": str(_NOW + 3_600),
}
#: Entries that are nearly right: some members of another kind, some gone, some of nobody's.
_ENTRIES: Final = st.builds(
    lambda changed, gone, more: {
        name: it for name, it in {**_ENTRY, **changed, **more}.items() if name not in gone
    },
    st.dictionaries(st.sampled_from(sorted(_ENTRY)), _ANYTHING, max_size=2),
    st.sets(st.sampled_from(sorted(_ENTRY)), max_size=2),
    st.dictionaries(st.text(max_size=5), _ANYTHING, max_size=2),
)
_SECTIONS: Final = st.dictionaries(
    st.sampled_from(
        ["AccessToken", "RefreshToken", "IdToken", "Account", "AppMetadata", "ATExt", "Mystery"]
    ),
    st.dictionaries(st.text(max_size=6), _ENTRIES | _ANYTHING, max_size=3) | _ANYTHING,
    max_size=4,
)


@_QUICK
@given(_SECTIONS)
@example({"AccessToken": {"k": {**_ENTRY, "mystery": {"a": [1, 2.5, None]}}, "l": None}, "X": []})
def test_what_is_not_understood_survives(cache: dict[str, Any]) -> None:
    """I-9: read and written again, every section, entry and member is as it was."""
    read = SerializableTokenCache()
    read.deserialize(json.dumps(cache))
    again = json.loads(read.serialize())
    empty = {name for name, section in cache.items() if section == {}}
    assert {name: it for name, it in again.items() if name not in empty} == {
        name: it for name, it in cache.items() if name not in empty
    }


@_QUICK
@given(_SECTIONS)
def test_one_bad_entry_affects_only_itself(cache: dict[str, Any]) -> None:
    """I-9: among whatever else stands there, a good entry is found and a new one is stored."""
    mine = {**_ENTRY, "client_id": "client-1", "target": "api://x/.default", "secret": "mine"}
    section = cache.get("AccessToken")
    good = {**(section if isinstance(section, dict) else {}), "the good one": mine}
    loaded = load({**cache, "AccessToken": good})
    world = AnyWorld([good_token()], partitions={**loaded.partitions})
    outcome = world.play(client().acquire_token_for_client(["api://x/.default"])).result
    assert isinstance(outcome, AccessToken)
    assert (outcome.token.reveal(), outcome.source) == ("mine", "cache")
    assert isinstance(
        world.play(client().acquire_token_for_client(["api://y/.default"])).result, AccessToken
    )
    after = dump(world.partitions, loaded.foreign)
    kept = after["AccessToken"]
    assert isinstance(kept, dict)
    for key, entry in good.items():
        assert kept[key] == entry
    for name, other in cache.items():
        if name not in {"AccessToken", "AppMetadata"} and other != {}:
            assert after[name] == other


@_QUICK
@given(st.lists(_ENTRIES, max_size=3))
def test_an_entry_with_unknown_members_keeps_them_until_it_is_replaced(entries: list[Any]) -> None:
    """I-9: a token stored beside it takes nothing of it; one in its place takes its place."""
    cache = {"AccessToken": {f"key {number}": it for number, it in enumerate(entries)}}
    read = SerializableTokenCache()
    read.deserialize(json.dumps(cache))
    before = json.loads(read.serialize())
    row = ("NEW", "Bearer", "new", _NOW, _NOW + 60, _NOW + 60, None)
    key = AppKey(HOST, GUID, "client-9")
    read.save(((key, (AccessTokenStored(token_key(["new"]), row),)),))
    after = json.loads(read.serialize())
    added = {name for name in after["AccessToken"] if name not in before.get("AccessToken", {})}
    assert len(added) == 1
    assert {k: it for k, it in after["AccessToken"].items() if k not in added} == before.get(
        "AccessToken", {}
    )
    stored = read.load(key)
    assert isinstance(stored, Tokens)
    assert token_key(["new"]) in stored.access
