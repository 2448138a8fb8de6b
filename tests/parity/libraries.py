"""The two libraries under comparison, and the one way each shows its token cache."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Final, cast

import msal  # type: ignore[import-untyped]
from attrs import frozen
from msal.exceptions import MsalServiceError  # type: ignore[import-untyped]

import sansio_auth_adapters
from sansio_auth import msal_format
from sansio_auth.errors import ServiceError
from sansio_auth_adapters import MemoryStore
from tests.parity.tree import Tree

__all__ = ["MSAL", "OURS", "Library"]


@frozen
class Library:
    """One of the two.

    `cache_json` returns what its cache would be persisted as; `failures` are its own exceptions
    for "the service failed".
    """

    name: str
    application: Callable[..., object]
    cache: Callable[[], object]
    cache_json: Callable[[object], Tree]
    failures: tuple[type[Exception], ...]


def _msal_json(cache: object) -> Tree:
    decoded: Tree = json.loads(cast("msal.SerializableTokenCache", cache).serialize())
    return decoded


def _our_json(cache: object) -> Tree:
    dumped: Tree = cast("Tree", msal_format.dump(cast("MemoryStore", cache).snapshot()))
    return dumped


MSAL: Final = Library(
    name="msal",
    application=msal.ConfidentialClientApplication,
    cache=msal.SerializableTokenCache,
    cache_json=_msal_json,
    failures=(MsalServiceError,),
)
OURS: Final = Library(
    name="sansio-auth",
    application=sansio_auth_adapters.ConfidentialClientApplication,
    cache=MemoryStore,
    cache_json=_our_json,
    failures=(ServiceError,),
)
