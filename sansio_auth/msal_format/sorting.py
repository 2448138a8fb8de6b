"""Whose the entries of a cache file are, told without reading them.

A file of thousands is read for the sake of one or two partitions. A few members say whose an entry
is; what else it says is for `load` to read, which makes of one owner's entries the partition that
it makes of the whole file.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from attrs import frozen

from sansio_auth._json import JsonObject, JsonValue
from sansio_auth.msal_format.reading import READERS, owner_of, text_of
from sansio_auth.partition import AppKey, UserKey

__all__ = ["Owner", "Places", "Sorted", "sort"]

Owner: TypeAlias = AppKey | UserKey
#: Section and key of each entry, in the order of the file.
Places: TypeAlias = list[tuple[str, str]]


@frozen
class Sorted:
    """Where the entries of each owner are, and who has an account of a name in lower case."""

    places: dict[Owner, Places]
    named: dict[tuple[str, str], list[UserKey]]


def sort(cache: Mapping[str, JsonValue]) -> Sorted:
    """Return whose the entries of a cache file's object are; what is nobody's is left out."""
    places: dict[Owner, Places] = {}
    named: dict[tuple[str, str], list[UserKey]] = {}
    known: dict[tuple[JsonValue, ...], tuple[Owner | None, Places]] = {}
    for name in READERS:
        section = cache.get(name)
        for key, entry in section.items() if isinstance(section, dict) else ():
            if not isinstance(entry, dict):
                continue
            told = _told(entry)
            try:
                owner, mine = known[told]
            except KeyError:
                owner, mine = known[told] = _place(entry, places)
            except TypeError:  # a list or an object where a text belongs
                owner, mine = _place(entry, places)
            mine.append((name, key))
            if name == "Account" and isinstance(owner, UserKey):
                username = text_of(entry, "username").lower()
                named.setdefault((owner.environment, username), []).append(owner)
    return Sorted(places, named)


def _told(entry: JsonObject) -> tuple[JsonValue, ...]:
    """What `owner_of` goes by: entries that are told alike have one owner."""
    get = entry.get
    home = get("home_account_id")
    behalf = "user_assertion_hash" in entry or "userAssertionHash" in entry
    if home:
        return get("environment"), home, behalf
    return get("environment"), home, behalf, get("client_id"), get("realm")


def _place(entry: JsonObject, places: dict[Owner, Places]) -> tuple[Owner | None, Places]:
    owner = owner_of(entry)
    return owner, [] if owner is None else places.setdefault(owner, [])
