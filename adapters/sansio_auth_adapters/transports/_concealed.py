"""A form and a body whose repr names no value.

They are what they hold in every other way. Error reporters that send the variables of every frame,
also of the libraries that a request goes through, send no secret with these.
"""

from __future__ import annotations

from sansio_auth.wire import HttpRequest

__all__ = ["ConcealedBody", "ConcealedForm", "concealed_body"]


class ConcealedForm(dict[str, str]):
    """A form as the dict that injected clients take."""

    def __repr__(self) -> str:
        return f"<form of {', '.join(self)}>"


class ConcealedBody(bytes):
    """An encoded form."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<body of {len(self)} bytes>"


def concealed_body(request: HttpRequest) -> ConcealedBody | None:
    """Return a request's encoded form, or None where it has no body."""
    body = request.body
    return None if body is None else ConcealedBody(body)
