"""The libraries under test: ours, and those of its peers that are installed here."""

from __future__ import annotations

from importlib import import_module, metadata
from importlib.util import find_spec
from typing import Final, cast

from attrs import frozen

from bench.libraries.msal_shaped import MsalShaped
from bench.libraries.protocol import Library

__all__ = ["Library", "absent", "present", "shaped_like_msal", "versions"]


@frozen
class _Entry:
    """A module of this package, what has to be importable for it, and where that comes from."""

    module: str
    needed: str
    distribution: str

    @property
    def is_here(self) -> bool:
        try:
            return find_spec(self.needed) is not None
        except ModuleNotFoundError:  # its parent is missing
            return False

    def load(self) -> Library:
        return cast("Library", import_module(f"bench.libraries.{self.module}").LIBRARY)


_ENTRIES: Final = {
    "ours": _Entry("ours", "sansio_auth_adapters", "sansio-auth"),
    "msal": _Entry("msal", "msal", "msal"),
    "azure-identity": _Entry("azure", "azure.identity", "azure-identity"),
    "google-auth": _Entry("google", "google.auth", "google-auth"),
    "Authlib": _Entry("authlib", "authlib", "Authlib"),
}
_SHAPED: Final = ("ours", "msal")


def present(*names: str) -> dict[str, Library]:
    """Return the libraries that are installed, or the named ones of them; no other is loaded."""
    entries = {name: _ENTRIES[name] for name in names or _ENTRIES}
    return {name: entry.load() for name, entry in entries.items() if entry.is_here}


def shaped_like_msal(*names: str) -> dict[str, MsalShaped]:
    """Return those with MSAL's classes, or the named ones of them."""
    return cast("dict[str, MsalShaped]", present(*(names or _SHAPED)))


def absent() -> list[str]:
    """Return the distributions that are not installed, and therefore not measured."""
    return [entry.distribution for entry in _ENTRIES.values() if not entry.is_here]


def versions() -> dict[str, str]:
    """Return the version of every distribution that counts for a figure."""
    measured = [entry.distribution for entry in _ENTRIES.values() if entry.is_here]
    return {name: metadata.version(name) for name in (*measured, "cryptography", "urllib3")}
