"""A token on the requests of a `requests.Session`: `session.get(url, auth=BearerAuth(...))`.

A claims challenge is met once. The token goes to the host that it was asked for and to no other.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final, cast

try:
    from requests import PreparedRequest, Response
    from requests.auth import AuthBase
except ModuleNotFoundError as error:
    message = "requests is not installed: install sansio-auth[requests]"
    raise ModuleNotFoundError(message, name=error.name) from error

from sansio_auth.errors import ConfigurationError
from sansio_auth_adapters.integrations.bearer import TokenSource, claims_of, host_for_token

__all__ = ["BearerAuth"]


class BearerAuth(AuthBase):
    """Attaches `Authorization: Bearer`, and asks once more where a claims challenge comes back.

    `source` is `AppTokens(app, scopes)` or a function of yours. Raises what it raises, and
    `ConfigurationError` for an address that is not https unless `insecure`.
    """

    def __init__(self, source: TokenSource, *, insecure: bool = False) -> None:
        self._source: Final = source
        self._insecure: Final = insecure

    def __call__(self, r: PreparedRequest) -> PreparedRequest:
        """Attach the token to a request that is about to be sent."""
        origin = host_for_token(str(r.url), insecure=self._insecure)
        self._attach(r, None)
        position = getattr(r.body, "tell", lambda: None)()
        answered = partial(self._answered, origin=origin, position=position)
        cast("dict[str, list[object]]", r.hooks).setdefault("response", []).append(answered)
        return r

    def _attach(self, request: PreparedRequest, claims: str | None) -> None:
        token = self._source(claims)
        if not isinstance(token, str):
            close = getattr(token, "close", None)
            if callable(close):
                _ = close()
            raise ConfigurationError(
                "the source of tokens has to be awaited, which requests does not; use an"
                " application that blocks",
                code="async_source",
            )
        request.headers["Authorization"] = f"Bearer {token}"

    def _answered(
        self,
        response: Response,
        *,
        origin: str,
        position: object,
        **options: Any,  # noqa: ANN401 - whatever the session sends with
    ) -> Response:
        claims = claims_of(response.status_code, response.headers.get("WWW-Authenticate"))
        # A redirect may have led elsewhere; what another host asks for is not given.
        here = host_for_token(str(response.url), insecure=True) == origin
        if claims is None or not here or not _rewound(response.request, position):
            return response
        _ = response.content  # the connection can be used again when this one is read
        response.close()
        again = response.request.copy()
        self._attach(again, claims)
        send = cast("Callable[..., Response]", getattr(response, "connection").send)  # noqa: B009 - not in its type
        answer = send(again, **options)
        answer.history.append(response)
        answer.request = again
        return answer

    def __repr__(self) -> str:
        return f"BearerAuth({self._source!r})"


def _rewound(request: PreparedRequest, position: object) -> bool:
    """Whether the body can be sent once more, and stands at its beginning."""
    body: Any = request.body
    if body is None or isinstance(body, str | bytes):
        return True
    if isinstance(position, int) and hasattr(body, "seek"):
        body.seek(position)
        return True
    return False
