"""The headers of a request, with those that are a transport's business."""

from __future__ import annotations

from typing import Final

from sansio_auth import __version__
from sansio_auth.wire import HttpRequest

__all__ = ["transport_headers"]

_FORM: Final = "application/x-www-form-urlencoded"


def transport_headers(request: HttpRequest) -> dict[str, str]:
    """Return the request's headers with those that are the transport's business."""
    own = {"Accept-Encoding": "identity", "User-Agent": f"sansio-auth/{__version__}"}
    if request.form is not None:
        own["Content-Type"] = _FORM
    given = {name.lower() for name, _ in request.headers}
    return {name: it for name, it in own.items() if name.lower() not in given} | dict(
        request.headers
    )
