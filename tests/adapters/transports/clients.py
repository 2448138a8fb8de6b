"""Doubles of an injected client, and of what it answers; they know no network."""

from __future__ import annotations

from typing import Any

from attrs import define, field

__all__ = ["Answer", "Bare", "Recording"]


@define
class Answer:
    """What a client's method returns; any shape of headers."""

    status_code: object = 200
    text: object = "{}"
    headers: object = None
    history: object = ()


@define
class Bare:
    """No more than MSAL needs."""

    status_code: int = 200
    text: str = "{}"


@define
class Recording:
    """A client that writes down how it is called."""

    answer: object = field(factory=Answer)
    calls: list[tuple[str, str, dict[str, Any]]] = field(factory=list[Any])
    closed: int = 0

    def post(self, url: str, **keywords: Any) -> object:
        return self._answered("post", url, keywords)

    def get(self, url: str, **keywords: Any) -> object:
        return self._answered("get", url, keywords)

    def close(self) -> None:
        self.closed += 1

    def _answered(self, method: str, url: str, keywords: dict[str, Any]) -> object:
        self.calls.append((method, url, keywords))
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer
