"""Section F, rows 157-166: what a serialized cache may hold."""

from __future__ import annotations

import json
from typing import Any, Final

import pytest

from sansio_auth import ConfigurationError
from sansio_auth.identity import token_key
from sansio_auth.msal_format import dump, load
from sansio_auth.partition import (
    AccessTokenStored,
    AppKey,
    AssertionKey,
    Knowledge,
    KnowledgeKey,
    Partition,
    PartitionKey,
    Tokens,
    UserKey,
    apply,
)
from sansio_auth.testing import VirtualClock
from sansio_auth_adapters import SerializableTokenCache
from sansio_auth_adapters.stores.knowledge import KnowledgeStore
from tests.faults.test_a_token_endpoint import (
    GRAPH,
    HOST,
    MINE,
    TENANT,
    WEB_API,
    client,
    ok,
    play,
    token_of,
    world,
)

_NOW: Final = int(VirtualClock().now)
_ENTRY: Final[dict[str, Any]] = {
    "credential_type": "AccessToken",
    "secret": "AT",
    "home_account_id": None,
    "environment": HOST,
    "client_id": WEB_API,
    "target": GRAPH,
    "realm": TENANT,
    "token_type": "Bearer",
    "cached_at": str(_NOW - 60),
    "expires_on": str(_NOW + 3_540),
    "extended_expires_on": str(_NOW + 3_540),
}
_ROW: Final = ("NEW", "Bearer", GRAPH, _NOW, _NOW + 3_600, _NOW + 3_600, None)
_KEY: Final = f"-{HOST}-accesstoken-{WEB_API}-{TENANT}-{GRAPH}"


def _entry(**changes: Any) -> dict[str, Any]:
    return {name: it for name, it in {**_ENTRY, **changes}.items() if it is not ...}


def _written(cache: Any) -> str:
    return json.dumps(cache, indent=4)


def _read(text: Any) -> SerializableTokenCache:
    cache = SerializableTokenCache()
    cache.deserialize(text)
    return cache


def _source(cache: Any, **options: Any) -> str:
    """Return where a call gets its token from that finds this cache."""
    at = world()
    at.latency = 0.0
    at.partitions = {**load(cache).partitions}
    flow = play(at, **options)
    assert flow.error is None
    return str(getattr(flow.result, "source", ""))


# --- nothing, and nothing that can be read -----------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="row157-empty"),
        pytest.param(b"", id="row157-no-bytes"),
        pytest.param(None, id="row157-none"),
        pytest.param("{}", id="row157-no-sections"),
        pytest.param(b" {} \n", id="row157-no-sections-as-bytes"),
        pytest.param("null", id="row157-null"),
        pytest.param(" \n\t", id="row157-white-space"),
    ],
)
def test_nothing_is_an_empty_cache(text: Any) -> None:
    """And in its place comes what is stored."""
    cache = _read(_written({"AccessToken": {_KEY: _ENTRY}}))
    cache.deserialize(text)
    assert json.loads(cache.serialize()) == {}


_BAD: Final = [
    pytest.param("no json", id="row158-no-json"),
    pytest.param(_written({"AccessToken": {_KEY: _ENTRY}})[:-9], id="row158-truncated"),
    pytest.param("{}{}", id="row158-two-documents"),
    pytest.param("{} x", id="row158-more-behind-it"),
    pytest.param("\x00" * 64, id="row158-nothing-but-nul"),
    pytest.param("[" * 100_000, id="row158-too-deep"),
    pytest.param("[]", id="row159-list"),
    pytest.param('"text"', id="row159-string"),
    pytest.param("17", id="row159-number"),
]


@pytest.mark.parametrize("text", _BAD)
def test_a_text_that_is_no_cache_is_refused_and_changes_nothing(text: str) -> None:
    """Whoever keeps the text keeps it as it is, and what is in memory stays."""
    before = _written({"AccessToken": {_KEY: _ENTRY}})
    cache = _read(before)
    with pytest.raises(ConfigurationError) as caught:
        cache.deserialize(text)
    assert caught.value.code == "cache_state"
    assert cache.serialize() == before


@pytest.mark.parametrize(
    "text", [*_BAD, pytest.param("", id="row157-empty"), pytest.param("null", id="row157-null")]
)
def test_a_text_that_is_no_knowledge_is_nothing_known(text: str) -> None:
    """In the caller's `http_cache`: we go on, and write our own in its place."""
    key = KnowledgeKey(f"https://{HOST}/contoso.com")
    assert KnowledgeStore({"sansio_auth": text}).load(key) == Knowledge()


# --- parts that cannot be read -----------------------------------------------------------------

_GOOD: Final = {"good": _entry(target="good")}


@pytest.mark.parametrize(
    "cache",
    [
        pytest.param({"AccessToken": []}, id="row159-section-a-list"),
        pytest.param({"AccessToken": "text"}, id="row159-section-a-string"),
        pytest.param({"AccessToken": None}, id="row159-section-null"),
        pytest.param({"Account": 7, "AccessToken": _GOOD}, id="row159-section-a-number"),
        pytest.param({"RefreshToken": [_ENTRY], "AccessToken": _GOOD}, id="row159-list-of-entries"),
        pytest.param({"AccessToken": {"k": None, **_GOOD}}, id="row159-entry-null"),
        pytest.param({"AccessToken": {"k": [1], **_GOOD}}, id="row159-entry-a-list"),
        pytest.param({"AccessToken": {"k": "text", **_GOOD}}, id="row159-entry-a-string"),
        pytest.param({"AccessToken": {"k": {}, **_GOOD}}, id="row159-entry-empty"),
        pytest.param({"IdToken": {"k": None}, "AccessToken": _GOOD}, id="row159-id-token-null"),
        pytest.param({"AppMetadata": {"k": []}, "AccessToken": _GOOD}, id="row159-metadata-a-list"),
        pytest.param({"AccessToken": {"k": _entry(target=None), **_GOOD}}, id="row161-target-null"),
        pytest.param({"AccessToken": {"k": _entry(target=5), **_GOOD}}, id="row161-target-number"),
        pytest.param({"AccessToken": {"k": _entry(target=["s"]), **_GOOD}}, id="row161-list"),
        pytest.param({"AccessToken": {"k": _entry(target=...), **_GOOD}}, id="row161-missing"),
        pytest.param({"Mystery": {"a": [1, 2.5, None]}, "AccessToken": _GOOD}, id="row162-section"),
        pytest.param({"Mystery": "text", "AccessToken": _GOOD}, id="row162-section-a-text"),
        pytest.param({"AccessToken": {"k": _entry(mystery={"a": 1}), **_GOOD}}, id="row162-field"),
        pytest.param(
            {"AccessToken": {"k": _entry(credential_type="ATExt", ext_cache_key="x"), **_GOOD}},
            id="row162-atext",
        ),
        pytest.param(
            {"AccessToken": {"k": _entry(token_type="pop", kid="k"), **_GOOD}}, id="row162-pop"
        ),
        pytest.param(
            {"AccessToken": {"k": _entry(token_type="ssh-cert", key_id="k"), **_GOOD}},
            id="row162-ssh-certificate",
        ),
        pytest.param(
            {"AccessToken": {"k": _entry(user_assertion_hash="h"), **_GOOD}}, id="row162-on-behalf"
        ),
        pytest.param({"AccessToken": {"k": _entry(expires_on=1.5), **_GOOD}}, id="row162-a-float"),
        pytest.param({"AccessToken": {"ü\u0131": _entry(secret="é\ud800")}}, id="row162-letters"),
    ],
)  # fmt: skip
def test_what_is_not_understood_is_written_back_letter_by_letter(cache: Any) -> None:
    """I-9: also after a token was stored beside it, and the good entry is served all the same."""
    text = _written(cache)
    read = _read(text)
    assert json.loads(read.serialize()) == json.loads(text)
    for name, section in json.loads(read.serialize()).items():
        assert _written(section) == _written(cache[name])
    row = ("NEW", "Bearer", "new", _NOW, _NOW + 60, _NOW + 60, None)
    read.save(((MINE, (AccessTokenStored(token_key(["new"]), row),)),))
    after = json.loads(read.serialize())
    for name, section in cache.items():
        if isinstance(section, dict):
            kept = {key: it for key, it in after[name].items() if key in section}
            assert kept == section
        else:
            assert after[name] == section
    if "good" in str(cache):
        (partition,) = (it for key, it in load(cache).partitions.items() if key == MINE)
        assert isinstance(partition, Tokens)
        assert token_key(["good"]) in partition.access


@pytest.mark.parametrize(
    ("changes", "source"),
    [
        pytest.param({}, "cache", id="row161-a-good-one"),
        pytest.param({"token_type": ...}, "cache", id="row161-token-type-missing"),
        pytest.param({"token_type": None}, "cache", id="row161-token-type-null"),
        pytest.param({"target": None}, "identity_provider", id="row161-target-null"),
        pytest.param({"target": 5}, "identity_provider", id="row161-target-number"),
        pytest.param({"cached_at": str(_NOW + 301)}, "identity_provider", id="row161-future"),
        pytest.param({"cached_at": str(_NOW + 300)}, "cache", id="row161-within-the-skew"),
        pytest.param({"cached_at": "9" * 12}, "identity_provider", id="row161-far-future"),
        pytest.param({"cached_at": ...}, "identity_provider", id="row161-cached-at-missing"),
        pytest.param({"expires_on": "soon"}, "identity_provider", id="row161-expiry-unreadable"),
        pytest.param({"secret": ""}, "identity_provider", id="row161-secret-empty"),
        pytest.param({"expires_on": str(2**40)}, "cache", id="row83-expiry-beyond-32-bits"),
        pytest.param({"token_type": "pop"}, "identity_provider", id="row25-pop-in-a-file"),
    ],
)
def test_an_entry_serves_where_it_can_be_relied_upon(changes: Any, source: str) -> None:
    """Otherwise it is not there, or stale."""
    assert _source({"AccessToken": {_KEY: _entry(**changes)}}) == source


_WRONG_KEYS: Final = pytest.mark.parametrize(
    "key",
    [
        pytest.param("anything", id="row165-another-key"),
        pytest.param("", id="row165-empty-key"),
        pytest.param(_KEY.upper(), id="row165-upper-case"),
        pytest.param(f"{_KEY} other", id="row165-the-key-of-another"),
    ],
)


@_WRONG_KEYS
def test_an_entrys_content_counts_and_not_its_key(key: str) -> None:
    """Other libraries make other keys; the key stays as it was."""
    cache = {"AccessToken": {key: _ENTRY}}
    assert _source(cache) == "cache"
    assert json.loads(_read(_written(cache)).serialize()) == cache


@_WRONG_KEYS
def test_a_strict_cache_ignores_an_entry_under_another_key(key: str) -> None:
    """It stays in the file, beside the one that a request then brings."""
    cache = SerializableTokenCache(strict=True)
    cache.deserialize(_written({"AccessToken": {key: _ENTRY}}))
    assert cache.peek(MINE) is None
    at = world()
    at.partitions = {**cache.snapshot()}
    _ = token_of(play(at))
    _ = cache.save(((MINE, (AccessTokenStored(token_key([GRAPH]), _ROW),)),))
    assert [*json.loads(cache.serialize())["AccessToken"]] == [key, _KEY]
    cache.deserialize(_written({"AccessToken": {_KEY: _ENTRY}}))
    assert cache.peek(MINE) is not None


# --- identities that were made to collide ------------------------------------------------------

_PAIRS: Final = [
    pytest.param(("a-b", "c", "s"), ("a", "b-c", "s"), id="row166-hyphen"),
    pytest.param(("a.b", "c", "s"), ("a", "b.c", "s"), id="row166-dot"),
    pytest.param(("a", "c", "s"), ("A", "c", "s"), id="row166-case"),
    pytest.param(("\u0131", "c", "s"), ("i", "c", "s"), id="row166-dotless-i"),
    pytest.param(("\u0130", "c", "s"), ("i\u0307", "c", "s"), id="row166-dotted-capital-i"),
    pytest.param(("\u00e9", "c", "s"), ("e\u0301", "c", "s"), id="row166-normal-forms"),
    pytest.param(("a", "c-s", "t"), ("a", "c", "s-t"), id="row166-into-the-scope"),
    pytest.param(("a\x00b", "c", "s"), ("a", "b\x00c", "s"), id="row166-nul"),
    pytest.param(("\uff41", "c", "s"), ("a", "c", "s"), id="row166-full-width"),
]


def _keys(client_id: str, tenant: str) -> list[PartitionKey]:
    return [
        AppKey(HOST, tenant, client_id),
        AssertionKey(HOST, tenant, client_id, "digest"),
        UserKey(HOST, f"{client_id}/{tenant}"),
    ]


@pytest.mark.parametrize(("one", "other"), _PAIRS)
def test_two_identities_never_share_a_token(one: Any, other: Any) -> None:
    """In memory each has its own; a file loses one at most, and never swaps them."""
    for first, second in zip(_keys(*one[:2]), _keys(*other[:2]), strict=True):
        assert first != second
    partitions: dict[PartitionKey, Partition] = {}
    for secret, (client_id, tenant, scope) in (("one", one), ("other", other)):
        row = (secret, "Bearer", scope, _NOW, _NOW + 60, _NOW + 60, None)
        fact = AccessTokenStored(token_key([scope]), row)
        partitions[AppKey(HOST, tenant, client_id)] = apply(Tokens(), fact)
    again = load(json.loads(_written(dump(partitions, {})))).partitions
    assert again
    for key, partition in again.items():
        before = partitions[key]
        assert isinstance(partition, Tokens)
        assert isinstance(before, Tokens)
        assert partition.access == before.access


@pytest.mark.parametrize("scope", [pytest.param("api://X/.default", id="row166-scope-case")])
def test_scopes_alone_are_compared_without_case(scope: str) -> None:
    """Architecture section 8: as MSAL's keys are."""
    at = world(ok())
    first = at.play(client().acquire_token_for_client([scope]))
    second = at.play(client().acquire_token_for_client([scope.lower()]))
    assert token_of(first).token == token_of(second, "cache").token
