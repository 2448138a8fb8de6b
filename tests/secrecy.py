"""A watch over the whole suite: nothing that a test plants may show where it is not revealed (I-7).

It reads every log record, the text of every error of ours, and the repr of every flow that has
ended, with its transcript and its outcome. What it looks for are the secrets that the tests use
and the beginning of every JSON Web Token.
"""

from __future__ import annotations

import logging
from typing import Any, Final

import pytest

from sansio_auth.errors import SansioAuthError
from sansio_auth.flow import Flow

__all__ = ["CANARIES", "Watch"]

CANARIES: Final = (
    "canary",
    "the-application's-secret",
    "the-application%27s-secret",
    "not-a-real-secret",
    "eyJ",
)
#: Libraries that run beside ours in some tests and log as they like.
_OTHERS: Final = ("msal", "azure", "authlib", "werkzeug", "faulthandler", "asyncio", "hypothesis")


class Watch(logging.Handler):
    """Remembers where a canary was seen."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.seen: list[str] = []

    def look(self, where: str, text: str) -> None:
        """Note every canary in a text."""
        self.seen += [f"{where}: {canary}" for canary in CANARIES if canary in text]

    def emit(self, record: logging.LogRecord) -> None:
        """Look at a record as it would be written."""
        if not record.name.startswith(_OTHERS):
            self.look(f"log record of {record.name}", record.getMessage())

    def over(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Stand guard until the monkeypatch is undone."""
        answer, made = Flow.answer, SansioAuthError.__init__

        def answered(flow: Flow[Any], *args: Any, **named: Any) -> None:
            answer(flow, *args, **named)
            if flow.pending is None:
                self.look("a flow", f"{flow!r}{flow.transcript!r}{flow.error!r}")
                if flow.error is None:
                    self.look("an outcome", repr(flow.result))

        def begun(error: SansioAuthError, *args: Any, **named: Any) -> None:
            made(error, *args, **named)
            self.look("an error", f"{error!s}{error!r}{error.args!r}")

        monkeypatch.setattr(Flow, "answer", answered)
        monkeypatch.setattr(SansioAuthError, "__init__", begun)
