"""Section I, row 216: the watch over the suite sees every kind of leak, each planted here."""

from __future__ import annotations

import base64
import logging
import warnings
from collections.abc import Callable, Generator
from typing import Any, Final
from urllib.parse import quote

import pytest

from sansio_auth import ClientSecret, ConfidentialClient, Failure, Secret, SendHttp, parse_authority
from sansio_auth.errors import ConfigurationError, SansioAuthError
from sansio_auth.flow import Ended, Flow, Start
from sansio_auth.wire import HttpRequest
from tests.faults.rows import row
from tests.secrecy import CANARIES, Watch, forms_of, frames_of

_CANARY: Final = "canary-3f1c"
_SECRET: Final = "the-application's-secret"
_LOG: Final = logging.getLogger("sansio_auth.planted")


def _exception() -> None:
    try:
        raise ValueError(_CANARY)
    except ValueError:
        _LOG.exception("a constant text")


def _silent_error() -> None:
    """An error that does not show what its pickle would."""
    error = ConfigurationError("a constant text")
    error.__dict__["note"] = _CANARY
    _played(error)


def _played(error: SansioAuthError | None = None, outcome: object = None, url: str = "") -> None:
    """Play a flow that asks for that address and ends like that."""

    def script() -> Generator[Any, Any, Ended[Any]]:
        _ = yield SendHttp(HttpRequest("GET", url or "https://login.example"))
        if error is not None:
            raise error
        return Ended(outcome)

    flow = Flow(script(), Start(1.0, bytes(32)))
    assert flow.pending is not None
    flow.answer(flow.pending, Failure("unknown"), now=1.0)


def _framed() -> None:
    """A function of ours that raises, as a caller comes in, with a secret in a variable."""
    source = f"def entrance(given={_CANARY!r}):\n    raise ValueError('a constant text')"
    module = {"__name__": "sansio_auth_adapters.application.sync"}
    exec(source, module)
    entrance: Any = module["entrance"]
    with pytest.raises(ValueError, match="constant"):
        entrance()


@pytest.mark.parametrize(
    ("plant", "seen"),
    [
        row(216, "message", lambda: _LOG.debug(f"{_CANARY}"), "log record"),
        row(216, "argument", lambda: _LOG.info("%s", _CANARY), "log record"),
        row(216, "argument-not-shown", lambda: _LOG.warning("%.0s", _CANARY), "log record"),
        row(216, "extra", lambda: _LOG.error("x", extra={"it": _CANARY}), "log record"),
        row(216, "exception", _exception, "log record"),
        row(216, "base64", lambda: _LOG.debug("%s", base64.b64encode(b"x" + _CANARY.encode())),
            "log record"),
        row(216, "base64-of-a-form",
            lambda: _LOG.debug(base64.urlsafe_b64encode(f"a=b&c={_SECRET}&d".encode()).decode()),
            "log record"),
        row(216, "percent-encoded", lambda: _LOG.debug(f"c={quote(_SECRET)}"), "log record"),
        row(216, "hexadecimal", lambda: _LOG.debug(_SECRET.encode().hex()), "log record"),
        row(216, "first-half", lambda: _LOG.debug(_SECRET[:14] + "..."), "log record"),
        row(216, "second-half", lambda: _LOG.debug("..." + _SECRET[12:]), "log record"),
        row(216, "token", lambda: _LOG.debug("Bearer eyJhbGciOiJub25lIn0.e30."), "log record"),
        row(216, "error", lambda: ConfigurationError(f"it is {_CANARY}"), "an error"),
        row(216, "errors-code", lambda: _played(ConfigurationError("x", code=_CANARY)), "a pickle"),
        row(216, "errors-variable", _silent_error, "a pickle"),
        row(216, "question", lambda: _played(url=f"https://x.example/{_CANARY}"), "a flow"),
        row(216, "drawing", lambda: _played(url=f"https://x.example/{_CANARY}"), "a drawing"),
        row(216, "outcome", lambda: _played(outcome=_CANARY), "an outcome"),
        row(216, "outcomes-pickle", lambda: _played(outcome=_Hiding(_CANARY)), "a pickle"),
        row(216, "warning", lambda: warnings.warn(_CANARY, stacklevel=1), "a warning"),
        row(216, "variable", _framed, "a frame"),
    ],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore")
def test_the_watch_over_the_suite_fires(
    plant: Callable[[], object], seen: str, _secrecy: Watch  # noqa: PT019 - it is used
) -> None:  # fmt: skip
    """At every way out of which something planted comes."""
    _ = plant()
    told = [line.partition(":")[0] for line in _secrecy.seen]
    _secrecy.seen.clear()
    assert any(it.startswith(seen) for it in told)


class _Hiding:
    """What shows nothing of what its pickle holds."""

    def __init__(self, held: str) -> None:
        self.held = held

    def __repr__(self) -> str:
        return "hidden"


@pytest.mark.parametrize("planted", [row(216, it[:6], it) for it in CANARIES])
def test_a_secret_is_found_in_base64_wherever_it_begins(planted: str) -> None:
    """Behind one, two or three bytes, and before as many."""
    for before in range(4):
        for after in range(4):
            text = base64.b64encode(b"x" * before + planted.encode() + b"y" * after).decode()
            assert any(form in text for form in forms_of(planted))


@pytest.mark.parametrize("word", [row(216, "constant", "token request failed: connect")])
def test_what_holds_no_secret_is_nothing_to_the_watch(
    word: str, _secrecy: Watch  # noqa: PT019 - it is used
) -> None:  # fmt: skip
    """Nor are frames that no caller came in by."""
    _LOG.debug(word)
    _ = ConfigurationError(word)
    inner = {"__name__": "sansio_auth._claims"}
    exec(f"def read(text={_CANARY!r}):\n    raise ValueError", inner)
    read: Any = inner["read"]
    with pytest.raises(ValueError) as caught:
        read()
    assert list(frames_of(caught.value)) == []
    _ = ConfidentialClient(
        client_id="c", authority=parse_authority("https://login.microsoftonline.com/contoso.com"),
        credential=ClientSecret(Secret(_CANARY)),
    )  # fmt: skip
    assert _secrecy.seen == []
