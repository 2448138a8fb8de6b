"""What is known about authorities, in an object that the caller keeps."""

from __future__ import annotations

import json
import shelve
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sansio_auth import ConfigurationError
from sansio_auth._holds import Hold
from sansio_auth.authority import Endpoints
from sansio_auth.partition import (
    Accounts,
    EndpointsFound,
    Found,
    HoldPlaced,
    Knowledge,
    KnowledgeKey,
    RegionFound,
)
from sansio_auth.testing import example_tenant
from sansio_auth_adapters import ConfidentialClientApplication
from sansio_auth_adapters.stores.knowledge import ENTRY, KnowledgeStore
from sansio_auth_adapters.tenant_server import TenantServer

_URL = "https://login.contoso.example/contoso.com"
_KEY = KnowledgeKey(_URL)
_ENDPOINTS = Endpoints(
    token="https://login.contoso.example/realm/token",
    authorization="https://login.contoso.example/realm/authorize",
    realm="realm",
    issuer="https://login.contoso.example/realm",
)
_HOLD = Hold(until=60.0, since=1.0, status=429, members={"error": "e"})
_FACTS = (EndpointsFound(_ENDPOINTS, 5.0), RegionFound("westus2"), HoldPlaced("k", _HOLD))


def _saved(cache: Any) -> Any:
    KnowledgeStore(cache).save(((_KEY, _FACTS),))
    return cache


def test_what_was_learnt_is_known_to_the_next_store() -> None:
    """Another process, or this one after a restart."""
    cache = _saved({"msal's own": 1})
    for store in (KnowledgeStore(cache), KnowledgeStore(dict(cache))):
        known: Any = store.load(_KEY)
        assert (known.endpoints, known.found_at) == (_ENDPOINTS, 5.0)
        assert (known.region, known.region_known) == ("westus2", True)
        assert known.holds == {"k": _HOLD}
        assert store.peek(_KEY) == known
    assert cache["msal's own"] == 1
    assert set(cache) == {"msal's own", ENTRY}


def test_a_moment_without_endpoints_is_none() -> None:
    """What is kept and read again is the same."""
    cache = {ENTRY: json.dumps({_URL: {"found_at": 7.0, "endpoints": None, "region": "westus"}})}
    store = KnowledgeStore(cache)
    known: Any = store.load(_KEY)
    assert (known.endpoints, known.found_at, known.region) == (None, 0.0, "westus")
    store.save(((_KEY, ()),))
    assert KnowledgeStore(cache).load(_KEY) == known


def test_it_is_one_text_that_holds_no_token() -> None:
    """JSON, so that anything can keep it."""
    text = _saved({})[ENTRY]
    assert isinstance(text, str)
    assert set(json.loads(text)[_URL]) == {"endpoints", "found_at", "holds", "region"}


def test_it_survives_in_a_shelf(tmp_path: Path) -> None:
    """Or whatever else the caller persists."""
    for turn in range(2):
        with shelve.open(str(tmp_path / "cache")) as shelf:
            known: Any = KnowledgeStore(shelf).load(_KEY)
            assert (known.endpoints is not None) is bool(turn)
            _saved(shelf)


def test_nothing_known_is_nothing_known() -> None:
    """Neither of this authority, nor by an object that has no entry of ours."""
    store = KnowledgeStore({})
    assert store.peek(_KEY) is None
    assert store.load(_KEY) == Knowledge()
    assert store.look_up(Accounts("h")) == Found()


def test_what_others_wrote_meanwhile_is_kept() -> None:
    """It is read before anything is written."""
    cache: dict[str, str] = {}
    one, other = KnowledgeStore(cache), KnowledgeStore(cache)
    one.save(((_KEY, (RegionFound("westus2"),)),))
    known: Any = other.save(((_KEY, (EndpointsFound(_ENDPOINTS, 5.0),)),))
    assert (known.region, known.endpoints) == ("westus2", _ENDPOINTS)


def test_holds_are_bounded_in_all() -> None:
    """1,024; the first to end go."""
    cache: dict[str, str] = {}
    store = KnowledgeStore(cache)
    for number in range(0, 1_100, 50):
        facts = tuple(
            HoldPlaced(f"k{at}", Hold(until=1_000.0 + at, since=1.0, status=429), limit=10_000)
            for at in range(number, number + 50)
        )
        store.save(((KnowledgeKey(f"https://h{number}.example/t"), facts),))
    kept = json.loads(cache[ENTRY])
    assert sum(len(it["holds"]) for it in kept.values()) == 1_024
    assert "k0" not in kept["https://h0.example/t"]["holds"]


@pytest.mark.parametrize(
    "endpoints",
    [
        {"token": "https://evil.example/realm/token"},
        {"token": "http://login.contoso.example/realm/token"},
        {"authorization": "https://evil.example/realm/authorize"},
        {"realm": "another"},
        {"realm": 1},
        {"token": None},
    ],
)
def test_endpoints_that_the_authority_may_not_name_are_not_believed(endpoints: Any) -> None:
    """I-4: whoever can write the object cannot lead a credential away."""
    cache = _saved({})
    written = json.loads(cache[ENTRY])
    written[_URL]["endpoints"].update(endpoints)
    cache[ENTRY] = json.dumps(written)
    known: Any = KnowledgeStore(cache).load(_KEY)
    assert known.endpoints is None
    assert known.region == "westus2"


def test_a_host_that_the_caller_trusts_is_believed() -> None:
    """As discovery believes it."""
    cache = _saved({})
    cache[ENTRY] = cache[ENTRY].replace(
        '"token": "https://login.contoso', '"token": "https://listed'
    )
    assert KnowledgeStore(cache).load(_KEY).endpoints is None  # type: ignore[union-attr]
    trusting = KnowledgeStore(cache, trusted_hosts=frozenset({"listed.example"}))
    assert trusting.load(_KEY).endpoints is not None  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "change",
    [
        {"found_at": "x"},
        {"found_at": 1e300},
        {"found_at": True},
        {"endpoints": []},
        {"region": "West US"},
        {"region": 1},
        {"holds": []},
        {"holds": {"k": 1}},
        {"holds": {"k": {"until": "x"}}},
        {"holds": {"k": {"until": 1, "since": 1, "status": True, "members": {}}}},
        {"holds": {"k": {"until": 1, "since": 1, "status": 429, "members": []}}},
    ],
)
def test_what_cannot_be_read_affects_only_itself(change: Any) -> None:
    """I-9."""
    cache = _saved({})
    written = json.loads(cache[ENTRY])
    written[_URL].update(change)
    cache[ENTRY] = json.dumps(written)
    known: Any = KnowledgeStore(cache).load(_KEY)
    assert [bool(known.endpoints), known.region_known, bool(known.holds)].count(False) == 1


@pytest.mark.parametrize("text", ["", "nonsense", "[]", "null", 1, b"{}", None, "x" * 5_000_000])
def test_a_text_that_is_none_of_ours_is_nothing_known(text: Any) -> None:
    """And is replaced by the next thing learnt."""
    cache = {ENTRY: text}
    assert KnowledgeStore(cache).load(_KEY) == Knowledge()
    assert KnowledgeStore(_saved(cache)).load(_KEY) != Knowledge()


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


@given(
    st.dictionaries(
        st.just(_URL) | st.text(max_size=5),
        st.dictionaries(st.sampled_from(["endpoints", "found_at", "holds", "region"]), _json)
        | _json,
    )
)
def test_any_entry_gives_knowledge(written: Any) -> None:
    """I-6."""
    store = KnowledgeStore({ENTRY: json.dumps(written)})
    assert isinstance(store.load(_KEY), Knowledge)


def test_two_applications_share_what_one_of_them_learnt() -> None:
    """One discovery request for both, over real sockets; no secret in the object."""
    cache: dict[str, str] = {}
    with TenantServer(example_tenant()) as server:
        for _ in range(2):
            app = ConfidentialClientApplication(
                "6731de76-14a6-49ae-97bc-6eba6914391e", "the-application's-secret",
                server.authority, instance_discovery=False, verify=server.ca_path,
                http_cache=cache,
            )  # fmt: skip
            app.acquire_token_for_client(["https://graph.microsoft.com/.default"])
        methods = [exchange.request.method for exchange in server.exchanges]
        assert methods == ["GET", "POST", "POST"]
        assert "the-application's-secret" not in cache[ENTRY]
        assert "eyJ" not in cache[ENTRY]


class _Broken:
    def get(self, key: str, /) -> object:
        raise OSError(key)

    def __setitem__(self, key: str, value: str, /) -> None:
        raise OSError(key)


def test_an_object_that_fails_does_not_cost_the_token() -> None:
    """I-2."""
    with TenantServer(example_tenant()) as server:
        app = ConfidentialClientApplication(
            "6731de76-14a6-49ae-97bc-6eba6914391e", "the-application's-secret",
            server.authority, instance_discovery=False, verify=server.ca_path,
            http_cache=_Broken(),
        )  # fmt: skip
        result = app.acquire_token_for_client(["https://graph.microsoft.com/.default"])
        assert result["token_source"] == "identity_provider"


@pytest.mark.parametrize("value", [1, "text", [], object()])
def test_what_is_nothing_like_a_dict_is_refused(value: Any) -> None:
    """By name."""
    with pytest.raises(ConfigurationError, match="http_cache"):
        ConfidentialClientApplication("c", "s", http_cache=value)


class _Nested(dict[str, Any]):
    """An `http_cache` whose writing asks the store for something in turn."""

    store: Any = None
    also: Any = ()

    def __setitem__(self, key: str, value: Any) -> None:
        super().__setitem__(key, value)
        if self.also:
            facts, self.also = self.also, ()
            self.store.save(((_KEY, facts),))


def test_an_http_cache_may_come_back_in_while_it_is_written() -> None:
    """One that needs a token itself, say; what was learnt on the way is written too."""
    cache = _Nested()
    cache.store, cache.also = KnowledgeStore(cache), (RegionFound("westus2"),)
    _ = cache.store.save(((_KEY, (HoldPlaced("k", _HOLD),)),))
    known: Any = KnowledgeStore(dict(cache)).load(_KEY)
    assert (known.region, known.holds) == ("westus2", {"k": _HOLD})


class _Held(dict[str, Any]):
    """An `http_cache` whose first writing takes until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.entered, self.go = threading.Event(), threading.Event()

    def __setitem__(self, key: str, value: Any) -> None:
        if not self.entered.is_set():
            self.entered.set()
            assert self.go.wait(20)
        super().__setitem__(key, value)


def test_nobody_waits_for_an_http_cache_that_is_slow() -> None:
    """What others learn meanwhile is known at once, and written by whoever writes."""
    cache = _Held()
    store = KnowledgeStore(cache)
    first = threading.Thread(target=store.save, args=(((_KEY, (HoldPlaced("k", _HOLD),)),),))
    first.start()
    assert cache.entered.wait(20)
    known: Any = store.save(((_KEY, (RegionFound("westus2"),)),))
    assert (known.region, known.holds) == ("westus2", {"k": _HOLD})
    cache.go.set()
    first.join(20)
    written: Any = KnowledgeStore(dict(cache)).load(_KEY)
    assert written == known


def test_what_could_not_be_written_is_known_and_written_with_the_next() -> None:
    """Its failure is told to whoever saves."""
    failing = [OSError("full")]

    class Full(dict[str, Any]):
        def __setitem__(self, key: str, value: Any) -> None:
            if failing:
                raise failing.pop()
            super().__setitem__(key, value)

    cache = Full()
    store = KnowledgeStore(cache)
    with pytest.raises(OSError, match="full"):
        store.save(((_KEY, (HoldPlaced("k", _HOLD),)),))
    known: Any = store.load(_KEY)
    assert known.holds == {"k": _HOLD}
    _ = store.save(((_KEY, (RegionFound("westus2"),)),))
    written: Any = KnowledgeStore(dict(cache)).load(_KEY)
    assert (written.region, written.holds) == ("westus2", {"k": _HOLD})


def test_what_an_object_never_takes_is_not_kept_without_end() -> None:
    """One that fails for a month costs no more memory than it may hold, and the newest stay."""
    store = KnowledgeStore(_Broken())
    for number in range(1_100):
        with pytest.raises(OSError, match="sansio_auth"):
            store.save(((_KEY, (HoldPlaced(f"k{number}", _HOLD),)),))
    assert len(store._waiting) == 1_024
    assert store._waiting[-1] == ((_KEY, (HoldPlaced("k1099", _HOLD),)),)
