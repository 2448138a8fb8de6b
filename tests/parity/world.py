"""The scripted world both libraries talk to: an `http_client`, and a clock that stands still.

The client has MSAL's duck type and nothing more, and it writes down every request as it was
handed over. Discovery is answered by rule, token requests from the step's script.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from attrs import define, field, frozen

from tests.parity.scenario import DIRECTORY, Answer, Breakdown, Reply, endpoints
from tests.parity.tree import Tree

__all__ = ["START", "Clock", "Response", "ScriptedClient", "as_tree"]

#: A moment that is no whole second, so that rounding shows.
START: Final = 1_700_000_000.25

_SHARED: Final = frozenset({"common", "organizations", "consumers"})
_ALIASES: Final[list[Tree]] = [
    "login.microsoftonline.com",
    "login.windows.net",
    "login.microsoft.com",
    "sts.windows.net",
]
_INSTANCES: Final = Answer(
    {
        "tenant_discovery_endpoint": "https://login.microsoftonline.com/common/.well-known/"
        "openid-configuration",
        "api-version": "1.1",
        "metadata": [
            {
                "preferred_network": "login.microsoftonline.com",
                "preferred_cache": "login.windows.net",
                "aliases": _ALIASES,
            }
        ],
    }
)


@define
class Clock:
    """Wall-clock time in POSIX seconds; it moves only when it is told to."""

    now: float = START

    def __call__(self) -> float:
        """Return the time, as `time.time` does."""
        return self.now


@frozen
class Response:
    """What MSAL asks of a response, and no more."""

    status_code: int
    text: str
    headers: Mapping[str, str]


def as_tree(value: object) -> Tree:
    """Return anything that is handed to an http_client as a tree; bytes stay recognisable."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, bytes):
        return {"bytes": value.decode()}
    if isinstance(value, Mapping):
        return {str(name): as_tree(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [as_tree(inner) for inner in value]
    return f"({type(value).__name__})"


def _usual_discovery(url: str) -> Answer:
    """Answer as Entra does; a tenant named by its domain has the directory's GUID."""
    parts = urlsplit(url)
    segments = [segment for segment in parts.path.split("/") if segment]
    if segments == ["common", "discovery", "instance"]:
        return _INSTANCES
    if segments[-2:] == [".well-known", "openid-configuration"]:
        tenant = segments[0]
        realm = DIRECTORY if "." in tenant else tenant
        return endpoints(f"https://{parts.netloc.lower()}/{realm}")
    return Answer("nothing here", 404)


def _played(reply: Reply) -> Response:
    if isinstance(reply, Breakdown):
        message = "the scripted transport broke down"
        raise reply.error(message)
    return Response(reply.status, reply.text, reply.headers)


@define
class ScriptedClient:
    """The injected `http_client`."""

    discovery: Mapping[str, Reply]
    replies: list[Reply] = field(factory=list[Reply])
    gets: list[Tree] = field(factory=list[Tree])
    posts: list[Tree] = field(factory=list[Tree])

    def expect(self, replies: tuple[Reply, ...]) -> None:
        """Set the script of the next step and forget the requests of the last."""
        self.replies = list(replies)
        self.gets, self.posts = [], []

    def get(
        self, url: str, params: object = None, headers: object = None, **rest: object
    ) -> Response:
        """Note a discovery request and answer it."""
        parts = urlsplit(url)
        pairs = dict(pair.split("=", 1) for pair in parts.query.split("&") if pair)
        asked = as_tree(params) if params else {}
        self.gets.append(
            {
                "url": parts._replace(query="").geturl(),
                "query": {**as_dict(as_tree(pairs)), **as_dict(asked)},
                "headers": as_tree(headers) if headers else {},
                "more": as_tree(rest),
            }
        )
        bare = parts._replace(query="").geturl()
        return _played(self.discovery.get(bare) or _usual_discovery(bare))

    def post(
        self,
        url: str,
        params: object = None,
        data: object = None,
        headers: object = None,
        **rest: object,
    ) -> Response:
        """Note a token request and give the script's next answer, or the last one again."""
        self.posts.append(
            {
                "url": url,
                "query": as_tree(params) if params else {},
                "form": as_tree(data),
                "headers": as_tree(headers),
                "more": as_tree(rest),
            }
        )
        if not self.replies:
            return Response(400, '{"error": "not_in_the_script"}', {})
        return _played(self.replies.pop(0) if len(self.replies) > 1 else self.replies[0])

    def close(self) -> None:
        """Do nothing: there is nothing to close."""


def as_dict(tree: Tree) -> dict[str, Tree]:
    """Return a tree that is a mapping."""
    if not isinstance(tree, dict):
        message = f"a mapping was expected, not {tree!r}"
        raise TypeError(message)
    return tree
