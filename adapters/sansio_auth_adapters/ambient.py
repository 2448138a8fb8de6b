"""Every ambient input of the shell in one file: clock, entropy, platform, and files of keys.

Whatever else needs the outside world is handed it; whatever reads it is here, so that a test can
replace it in one place.
"""

from __future__ import annotations

import os
import sys
import time
from typing import Final

from sansio_auth.errors import ConfigurationError

__all__ = [
    "entropy",
    "environment",
    "file_stamp",
    "now",
    "pause",
    "platform",
    "read_key_file",
    "read_token_file",
]

_MAX_KEY_FILE: Final = 1 << 20
_MAX_TOKEN_FILE: Final = 1 << 16


def now() -> float:
    """Return the wall clock, POSIX seconds."""
    return time.time()


def pause(seconds: float) -> None:
    """Block this thread for that long."""
    time.sleep(seconds)


def entropy(size: int = 32) -> bytes:
    """Return bytes that nobody can guess."""
    return os.urandom(size)


def platform() -> str:
    """Return what goes into `x-client-os`."""
    return sys.platform


def environment(name: str) -> str:
    """Return a variable of the environment, an empty text where it is not set."""
    return os.environ.get(name, "")


def _no_path() -> ConfigurationError:
    """For a NUL or half of a character: the system was not even asked."""
    return ConfigurationError("a path holds characters that no path has", code="path")


def file_stamp(path: str) -> tuple[int, int, int]:
    """Return what changes when a file is replaced or written; links are followed."""
    from pathlib import Path

    try:
        status = Path(path).stat()
    except ValueError:
        raise _no_path() from None
    return status.st_ino, status.st_mtime_ns, status.st_size


def _read(path: str, most: int) -> bytes:
    """Return a file's content, of a huge one no more than tells that it is huge."""
    from pathlib import Path

    try:
        with Path(path).open("rb") as file:
            return file.read(most + 1)
    except ValueError:
        raise _no_path() from None


def read_token_file(path: str) -> bytes:
    """Return a token file's content; `OSError` passes with its `errno`, a huge file is refused."""
    content = _read(path, _MAX_TOKEN_FILE)
    if len(content) > _MAX_TOKEN_FILE:
        raise ConfigurationError(
            f"{path} is larger than {_MAX_TOKEN_FILE} bytes: not a token", code="token_file"
        )
    return content


def read_key_file(path: str) -> bytes:
    """Return a key file's content; `OSError` passes with its `errno`, a huge file is refused."""
    content = _read(path, _MAX_KEY_FILE)
    if len(content) > _MAX_KEY_FILE:
        raise ConfigurationError(
            f"client_credential: {path} is larger than {_MAX_KEY_FILE} bytes: not a key file",
            code="key_file_too_large",
        )
    return content
