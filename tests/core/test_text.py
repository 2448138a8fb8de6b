"""The text of a cache file of msal's: what `json` writes and reads, of all there may be."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sansio_auth import Tokens, apply, apply_all
from sansio_auth._json import MAX_DEPTH, UnreadableJson, parse_object
from sansio_auth.identity import token_key
from sansio_auth.msal_format import dump, load, parse, text
from sansio_auth.partition import (
    AccessTokenStored,
    AccountSeen,
    AppKey,
    AssertionKey,
    ClientSeen,
    IdTokenStored,
    Knowledge,
    KnowledgeKey,
    RefreshTokenStored,
    UserKey,
)

_APP = AppKey("h", "t", "c")
_USER = UserKey("h", "u.t")
_texts = st.text(max_size=6) | st.sampled_from(
    ["a\nb", '"', "\\", "%s", "é", "\ud800", "{", "\x00"]
)
_json: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | _texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_texts, inner, max_size=3),
    max_leaves=6,
)
_names = st.sampled_from(["AccessToken", "RefreshToken", "Account", "AppMetadata", "Other", "%"])
_caches = st.dictionaries(_names, st.dictionaries(_texts, _json, max_size=3) | _json, max_size=4)

_numbers = st.integers(0, 10**12)
_rows = st.tuples(_texts, _texts, _texts, _numbers, _numbers, _numbers, st.none() | _numbers)
_accounts = st.lists(st.tuples(_texts, _texts, _texts, st.none() | _texts), max_size=2)


@st.composite
def _partitions(draw: st.DrawFn) -> Any:
    """Tokens of applications and users with whatever is in a text, and what is in no file."""
    found: dict[Any, Any] = {
        AssertionKey("h", "t", "c", "d"): apply(Tokens(), ClientSeen("behalf")),
        KnowledgeKey("a"): Knowledge(),
    }
    for key in (_APP, _USER, AppKey(draw(_texts), draw(_texts), draw(_texts))):
        owner = ("c", draw(_texts)) if isinstance(key, UserKey) else ()
        facts: list[Any] = [
            AccessTokenStored(
                token_key(draw(_texts).split(), "Bearer", draw(_texts), draw(_texts), owner), row
            )
            for row in draw(st.lists(_rows, max_size=3))
        ]
        facts.append(ClientSeen("c", draw(st.none() | _texts)))
        if isinstance(key, UserKey):
            facts.append(RefreshTokenStored(("c", draw(_texts), "s"), (draw(_texts), 1)))
            facts.append(RefreshTokenStored(("d", "", draw(_texts)), (draw(_texts), 2)))
            facts += [IdTokenStored(("c", draw(_texts)), draw(_texts))]
            facts += [AccountSeen(draw(_texts), row) for row in draw(_accounts)]
        found[key] = apply_all(Tokens(), tuple(facts))
    return found


@settings(max_examples=200, deadline=None)
@given(_partitions(), _caches, st.dictionaries(st.just(("h", "c")), st.none() | _texts))
def test_the_text_is_what_json_makes_of_the_object(
    partitions: Any, foreign: Any, families: Any
) -> None:
    """Letter by letter, with four spaces, as msal writes it."""
    written = json.dumps(dump(partitions, foreign, families), indent=4)
    assert text(partitions, foreign, families) == written
    assert text(partitions, foreign) == json.dumps(dump(partitions, foreign), indent=4)


@pytest.mark.parametrize("code", [*range(0x180), 0x2028, 0xD800, 0x1F600])
def test_a_letter_is_written_as_json_writes_it(code: int) -> None:
    """Those that stand for themselves, those that are escaped, and what is not ASCII.

    In a short text and in one as long as a token, in an entry of ours and in somebody else's.
    """
    for length in (0, 1_000):
        token = f"eyJ.{'x' * length}{chr(code)}-_"
        row = (token, "Bearer", token, 1, 2, 2, None)
        partitions: Any = {_APP: apply(Tokens(), AccessTokenStored(token_key(["s"]), row))}
        foreign: Any = {"Other": {"k": {token: token}}}
        assert text(partitions, foreign) == json.dumps(dump(partitions, foreign), indent=4)


def test_nothing_is_an_empty_object() -> None:
    """And so is a section without entries."""
    assert text({}) == text({}, {}) == "{}"
    assert text({}, {"AccessToken": {}}) == json.dumps({"AccessToken": {}}, indent=4)


@pytest.mark.parametrize("section", ["AccessToken", "Account", "IdToken", "RefreshToken"])
@pytest.mark.parametrize("home", [None, "u.t"])
def test_what_was_read_is_written_as_it_was(section: str, home: str | None) -> None:
    """With its own key and members, whatever kind of entry it is."""
    entry = {
        "environment": "h", "client_id": "c", "realm": "t", "target": "s", "secret": "AT",
        "cached_at": 1, "expires_on": "2", "mystery": [{}], "home_account_id": home,
    }  # fmt: skip
    written = json.dumps({section: {"the key": entry}}, indent=4)
    loaded = load(parse(written))
    if home is not None or section == "AccessToken":
        assert list(loaded.partitions) == [_APP if home is None else _USER]
        assert not loaded.foreign
    assert text(loaded.partitions, loaded.foreign) == written


def test_what_was_heard_last_of_a_family_goes_for_all() -> None:
    """Of clients that are on record, in every section that is one."""
    tokens = apply(Tokens(), ClientSeen("c", "1"))
    families = {("h", "c"): None, ("h", "other"): "2"}
    written = json.loads(text({_APP: tokens}, {}, families))
    assert written == {"AppMetadata": {"appmetadata-h-c": {"client_id": "c", "environment": "h"}}}
    assert json.loads(text({}, {"AppMetadata": "none"}, families)) == {"AppMetadata": "none"}
    assert dump({}, {"AppMetadata": "none"}, families) == {"AppMetadata": "none"}


# --- and back ----------------------------------------------------------------------------------


@settings(max_examples=150, deadline=None)
@given(_caches, st.sampled_from([None, 4]), st.booleans())
def test_what_json_writes_is_read(cache: Any, indent: Any, in_bytes: bool) -> None:
    """Indented or not, as text or as UTF-8, with or without a byte order mark."""
    written = json.dumps(cache, indent=indent)
    assert parse(written.encode() if in_bytes else written) == cache
    assert parse(b"\xef\xbb\xbf" + written.encode()) == cache
    assert parse("\ufeff" + written) == cache


@pytest.mark.parametrize("state", ["", b"", " \n\t", b" ", "null", b" null\n", b"\xef\xbb\xbf"])
def test_nothing_is_read_as_nothing(state: Any) -> None:
    """An empty cache."""
    assert parse(state) == {}


@settings(max_examples=200, deadline=None)
@given(_caches, st.integers(0, 200), _texts)
def test_a_broken_text_has_the_complaint_that_a_slow_reader_has(
    cache: Any, at: int, put: str
) -> None:
    """Something is put into it or cut off: it is read alike, or refused with the same word."""
    whole = json.dumps(cache)
    for broken in (whole[:at] + put + whole[at:], whole[:at]):
        if not broken.strip():
            continue
        told: list[Any] = []
        for read in (parse, lambda it: parse_object(it.encode("utf-8", "surrogatepass"))):
            try:
                told.append(read(broken))
            except UnreadableJson as error:
                told.append(error.code)
        assert told[0] == told[1] or told[1] == "bad_encoding"


@pytest.mark.parametrize("opened", ['{"a":', "["])
@pytest.mark.parametrize("depth", [1, 10, MAX_DEPTH - 4, MAX_DEPTH - 2, MAX_DEPTH, 500, 100_000])
def test_a_text_that_nests_too_deep_is_refused(opened: str, depth: int) -> None:
    """Wherever it does; the stack is not to be spent on it, now or when it is written."""
    closed = "}" if opened == '{"a":' else "]"
    written = f'{{"S":{{"e":{opened * depth}1{closed * depth}}}}}'
    if depth <= MAX_DEPTH - 2:
        assert parse(written) == parse_object(written.encode())
    else:
        with pytest.raises(UnreadableJson, match="too_deep"):
            parse(written)


def test_a_number_of_thousands_of_digits_is_no_reason_to_lose_the_rest() -> None:
    """It is read as one that is nearly as large."""
    assert parse('{"S": {"e": {"n": ' + "9" * 5_000 + "}}}")["S"]["e"]["n"] > 10**600  # type: ignore[call-overload,index,operator]


def test_of_a_member_that_is_there_twice_the_last_one_counts() -> None:
    """As `json` has it, and msal with it."""
    assert parse('{"AccessToken": {"k": 1, "k": 2}}') == {"AccessToken": {"k": 2}}
