"""The shell around `sansio_auth`: MSAL's application, transports and stores.

`from sansio_auth_adapters import ConfidentialClientApplication` in place of msal's. Names are
loaded on first use, so nothing optional is imported before it is needed.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from sansio_auth_adapters.application.aio import AsyncConfidentialClientApplication
    from sansio_auth_adapters.application.auto_refresher import AutoRefresher
    from sansio_auth_adapters.application.dicts import AccountDict, TokenDict
    from sansio_auth_adapters.application.names import (
        AZURE_CHINA,
        AZURE_GOV_DE,
        AZURE_GOV_FR,
        AZURE_GOV_SG,
        AZURE_PUBLIC,
        AZURE_US_GOVERNMENT,
        AuthorityBuilder,
        Prompt,
        parse_www_authenticate,
    )
    from sansio_auth_adapters.application.sync import ConfidentialClientApplication
    from sansio_auth_adapters.drive import AsyncWorld, World, arun, run
    from sansio_auth_adapters.ports import AsyncStore, AsyncTransport, Store, Transport
    from sansio_auth_adapters.stores.file import FileStore
    from sansio_auth_adapters.stores.memory import MemoryStore
    from sansio_auth_adapters.stores.token_cache import SerializableTokenCache, TokenCache

_HOME: Final = {
    "AccountDict": "application.dicts",
    "TokenDict": "application.dicts",
    "AsyncConfidentialClientApplication": "application.aio",
    "ConfidentialClientApplication": "application.sync",
    "AutoRefresher": "application.auto_refresher",
    "AZURE_CHINA": "application.names",
    "AZURE_GOV_DE": "application.names",
    "AZURE_GOV_FR": "application.names",
    "AZURE_GOV_SG": "application.names",
    "AZURE_PUBLIC": "application.names",
    "AZURE_US_GOVERNMENT": "application.names",
    "AuthorityBuilder": "application.names",
    "Prompt": "application.names",
    "parse_www_authenticate": "application.names",
    "AsyncWorld": "drive",
    "World": "drive",
    "arun": "drive",
    "run": "drive",
    "AsyncStore": "ports",
    "AsyncTransport": "ports",
    "Store": "ports",
    "Transport": "ports",
    "FileStore": "stores.file",
    "MemoryStore": "stores.memory",
    "SerializableTokenCache": "stores.token_cache",
    "TokenCache": "stores.token_cache",
}

__all__ = [
    "AZURE_CHINA",
    "AZURE_GOV_DE",
    "AZURE_GOV_FR",
    "AZURE_GOV_SG",
    "AZURE_PUBLIC",
    "AZURE_US_GOVERNMENT",
    "AccountDict",
    "AsyncConfidentialClientApplication",
    "AsyncStore",
    "AsyncTransport",
    "AsyncWorld",
    "AuthorityBuilder",
    "AutoRefresher",
    "ConfidentialClientApplication",
    "FileStore",
    "MemoryStore",
    "Prompt",
    "SerializableTokenCache",
    "Store",
    "TokenCache",
    "TokenDict",
    "Transport",
    "World",
    "arun",
    "parse_www_authenticate",
    "run",
]


def __getattr__(name: str) -> object:
    home = _HOME.get(name)
    if home is None:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    value: object = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
