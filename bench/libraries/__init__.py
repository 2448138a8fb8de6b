"""The libraries under test: ours, and those of its peers that are installed here."""

from __future__ import annotations

from importlib import import_module, metadata
from importlib.util import find_spec
from typing import Final

from bench.libraries.library import Library

__all__ = ["Library", "absent", "present", "versions"]

#: What has to be importable for a module of this package, and the distribution it comes from.
_NEEDED: Final = {
    "ours": ("sansio_auth_adapters", "sansio-auth"),
    "msal": ("msal", "msal"),
    "azure": ("azure.identity", "azure-identity"),
    "google": ("google.auth", "google-auth"),
    "authlib": ("authlib", "Authlib"),
}


def _is_here(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # its parent is missing
        return False


def present() -> dict[str, Library]:
    """Return a library by name for each that is installed, ours first."""
    found: list[Library] = [
        import_module(f"bench.libraries.{name}").LIBRARY
        for name, (module, _) in _NEEDED.items()
        if _is_here(module)
    ]
    return {library.name: library for library in found}


def absent() -> list[str]:
    """Return the distributions that are not installed, and therefore not measured."""
    return [name for module, name in _NEEDED.values() if not _is_here(module)]


def versions() -> dict[str, str]:
    """Return the version of every distribution that counts for a figure."""
    measured = [name for module, name in _NEEDED.values() if _is_here(module)]
    return {name: metadata.version(name) for name in (*measured, "cryptography", "urllib3")}
