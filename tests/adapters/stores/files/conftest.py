"""A directory for tokens, and a store in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from sansio_auth_adapters import FileStore
from tests.adapters.stores.files.aids import APP, token


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A directory that is not there yet."""
    return tmp_path / "tokens"


@pytest.fixture
def store(place: Path) -> FileStore:
    """A store that holds one token, AT."""
    opened = FileStore(place)
    opened.save(((APP, (token(),)),))
    return opened
