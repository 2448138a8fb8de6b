"""The headers of a request, with those that are a transport's business."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from sansio_auth import __version__
from sansio_auth.wire import HttpRequest, Pairs

__all__ = ["transport_headers"]

_OWN: Final = (
    ("Accept-Encoding", "identity"),
    ("User-Agent", f"sansio-auth/{__version__}"),
)
_OWN_OF_FORMS: Final = (*_OWN, ("Content-Type", "application/x-www-form-urlencoded"))


@lru_cache(maxsize=64)
def _missing(given: tuple[str, ...], own: Pairs) -> Pairs:
    """Return what a transport adds where those headers are given: the same few, again and again."""
    names = {name.lower() for name in given}
    return tuple((name, value) for name, value in own if name.lower() not in names)


def transport_headers(request: HttpRequest) -> dict[str, str]:
    """Return the request's headers with those that are the transport's business."""
    own = _OWN if request.form is None else _OWN_OF_FORMS
    headers = dict(request.headers)
    headers.update(_missing(tuple(headers), own))
    return headers
