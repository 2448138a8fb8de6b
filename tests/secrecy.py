"""A watch over the whole suite: nothing that a test plants may show where it is not revealed (I-7).

It reads every log record with its arguments and what it carries, every warning, the text of every
error of ours and of its pickle, the repr of every flow that has ended with its transcript, drawn
too, and its outcome, and the variables of every frame of ours that an error came through to a test
that expected it. What it looks for are the secrets that the tests use and the beginning of every
JSON Web Token: as they are, cut in two, percent-encoded, in hexadecimal or in base64.
"""

from __future__ import annotations

import base64
import logging
import pickle
import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, Final
from urllib.parse import quote

import pytest
from _pytest.raises import RaisesExc

from sansio_auth.diagram import mermaid, text
from sansio_auth.errors import SansioAuthError
from sansio_auth.flow import Flow

__all__ = ["CANARIES", "Watch", "forms_of", "frames_of"]

#: Secrets of the suite, whole; every other one begins with the first.
CANARIES: Final = ("canary", "the-application's-secret", "not-a-real-secret")
#: Libraries that run beside ours in some tests and log as they like.
_OTHERS: Final = ("msal", "azure", "authlib", "werkzeug", "faulthandler", "asyncio", "hypothesis")
#: Where a caller comes in; what is called behind these by a test itself is no caller's business.
_ENTRANCES: Final = (
    "sansio_auth.secret", "sansio_auth_adapters.application.sync",
    "sansio_auth_adapters.application.aio",
)  # fmt: skip
#: As many flows of a test are drawn; the others are like them.
_DRAWN: Final = 8
_STANDARD: Final = frozenset(vars(logging.makeLogRecord({})))


def _inside_base64(planted: str) -> Iterator[str]:
    """What stands in base64 of any text that holds this one, wherever it begins in it."""
    for before in range(3):
        raw = bytes(before) + planted.encode()
        encoded = base64.b64encode(raw).decode()
        first, last = -(-before * 8 // 6), len(raw) * 8 // 6
        yield encoded[first:last]


def forms_of(planted: str) -> tuple[str, ...]:
    """Return a secret as it is and in the disguises in which it is looked for."""
    half = len(planted) // 2
    halves = (planted[:half], planted[half:]) if half > 7 else ()
    found = (planted, quote(planted, safe=""), planted.encode().hex(), *_inside_base64(planted))
    return tuple(dict.fromkeys((*found, *halves)))


_FORMS: Final = {form: it for it in CANARIES for form in forms_of(it)} | {
    "eyJ": "a token", "ZXlK": "a token in base64",
}  # fmt: skip
_SOUGHT: Final = re.compile("|".join(map(re.escape, sorted(_FORMS, key=len, reverse=True))))


def frames_of(error: BaseException | None) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the module and the variables of every frame of ours, once a caller has come in."""
    seen: set[int] = set()
    inside = False
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        at = error.__traceback__
        while at is not None:
            module = str(at.tb_frame.f_globals.get("__name__", ""))
            inside |= module in _ENTRANCES
            if inside and module.partition(".")[0] in {"sansio_auth", "sansio_auth_adapters"}:
                yield f"{module}.{at.tb_frame.f_code.co_name}", at.tb_frame.f_locals
            at = at.tb_next
        error = error.__cause__ or error.__context__


class Watch(logging.Handler):
    """Remembers where a canary was seen."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.seen: list[str] = []
        self._flows = 0

    def look(self, where: str, shown: object) -> None:
        """Note a canary in a text, or in what a text would be made of."""
        told = shown if isinstance(shown, str) else repr(shown)
        if (found := _SOUGHT.search(told)) is not None:
            self.seen.append(f"{where}: {_FORMS[found[0]]}")

    def emit(self, record: logging.LogRecord) -> None:
        """Look at a record as it would be written, and at all that it carries."""
        if record.name.startswith(_OTHERS):
            return
        where = f"log record of {record.name}"
        extras = {name: it for name, it in vars(record).items() if name not in _STANDARD}
        self.look(where, record.getMessage())
        self.look(where, (record.args, record.stack_info, extras))
        error = record.exc_info[1] if record.exc_info else None
        while error is not None:
            self.look(where, f"{error!r}{error!s}")
            error = error.__cause__

    def error(self, error: BaseException | None) -> None:
        """Look at an error as it is shown and as it is sent to another process."""
        self.look("an error", f"{error!s}{error!r}{getattr(error, 'args', ())!r}")
        if isinstance(error, SansioAuthError):
            self.pickled("a pickle", error)

    def pickled(self, where: str, value: object) -> None:
        """Look at a pickle, if there may be one."""
        with suppress(TypeError, AttributeError, pickle.PicklingError):
            self.look(where, pickle.dumps(value).decode("latin-1"))

    def traceback(self, error: BaseException | None) -> None:
        """Look at the variables that an error leads to."""
        for where, variables in frames_of(error):
            for name, value in variables.items():
                self.look(f"a frame: {where}, {name}", value)

    def flow(self, flow: Flow[Any]) -> None:
        """Look at a flow that has ended: its questions, its drawings, its outcome."""
        self.look("a flow", f"{flow!r}{flow.transcript!r}{flow.error!r}")
        self._flows += 1
        if self._flows <= _DRAWN:
            self.look("a drawing", mermaid(flow.transcript) + text(flow.transcript))
        if flow.error is not None:
            self.error(flow.error)
            return
        self.look("an outcome", flow.result)
        self.pickled("a pickle", flow.result)

    def over(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Stand guard until the monkeypatch is undone."""
        answer, made, warn = Flow.answer, SansioAuthError.__init__, warnings.warn
        left: Callable[..., Any] = RaisesExc.__exit__

        def answered(flow: Flow[Any], *args: Any, **named: Any) -> None:
            answer(flow, *args, **named)
            if flow.pending is None:
                self.flow(flow)

        def begun(error: SansioAuthError, *args: Any, **named: Any) -> None:
            made(error, *args, **named)
            self.error(error)

        def warned(message: Any, category: Any = None, stacklevel: int = 1, **more: Any) -> None:
            self.look("a warning", str(message))
            warn(message, category, stacklevel + 1, **more)

        def expected(block: Any, kind: Any, error: BaseException | None, at: Any) -> Any:
            self.traceback(error)
            return left(block, kind, error, at)

        monkeypatch.setattr(Flow, "answer", answered)
        monkeypatch.setattr(SansioAuthError, "__init__", begun)
        monkeypatch.setattr(warnings, "warn", warned)
        monkeypatch.setattr(RaisesExc, "__exit__", expected)
