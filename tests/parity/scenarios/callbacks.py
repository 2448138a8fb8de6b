"""Assertions that somebody else makes: ready-made texts and callbacks."""

from __future__ import annotations

from typing import Final

from tests.parity.scenario import (
    SECRET,
    USUAL,
    PerRun,
    Run,
    Scenario,
    Step,
    for_client,
    on_behalf_of,
    refused,
    token,
    user_token,
)
from tests.parity.world import as_tree

__all__ = ["SCENARIOS"]

_STATIC: Final = "ready.made.assertion"
_PLAIN: Final = (for_client(token()),)


class CallbackBroke(Exception):  # noqa: N818 - a name as users give them
    """What a user's own callback raises."""


def _plain(run: Run) -> object:
    def assertion() -> str:
        run.notes.append("asked")
        return f"assertion.number.{len(run.notes)}"

    return {"client_assertion": assertion}


def _as_bytes(run: Run) -> object:
    def assertion() -> bytes:
        run.notes.append("asked")
        return b"assertion.of.bytes"

    return {"client_assertion": assertion}


def _with_context(run: Run) -> object:
    def assertion(context: object) -> str:
        run.notes.append(as_tree(context))
        return "assertion.with.context"

    return {"client_assertion": assertion}


def _with_defaults(run: Run) -> object:
    def assertion(context: object = "nothing was given") -> str:
        run.notes.append(as_tree(context))
        return "assertion.with.default"

    return {"client_assertion": assertion}


def _keyword_only(run: Run) -> object:
    def assertion(*, context: object = "nothing was given") -> str:
        run.notes.append(as_tree(context))
        return "assertion.by.keyword"

    return {"client_assertion": assertion}


def _broken(_: Run) -> object:
    def assertion() -> str:
        raise CallbackBroke

    return {"client_assertion": assertion}


def _empty(_: Run) -> object:
    return {"client_assertion": str}


def _assertion(
    name: str,
    credential: object,
    steps: tuple[Step, ...] = _PLAIN,
    differences: frozenset[str] = USUAL,
) -> Scenario:
    return Scenario(
        name=name, app={"client_credential": credential}, steps=steps, differences=differences
    )


SCENARIOS: Final = (
    _assertion("a ready-made assertion is sent as it is", {"client_assertion": _STATIC}),
    _assertion("a ready-made assertion of bytes", {"client_assertion": _STATIC.encode()}),
    _assertion(
        "an assertion beside a key in the same dict",
        PerRun(
            lambda run: {
                "client_assertion": _STATIC,
                "private_key": run.keys.private_pem,
                "thumbprint": run.keys.sha1,
            }
        ),
        differences=frozenset({"credential-clear"}),
    ),
    _assertion("a secret of bytes", SECRET.encode(), differences=frozenset({"credential-clear"})),
    _assertion(
        "a secret with a line break at its end",
        f"{SECRET}\n",
        differences=frozenset({"credential-clear"}),
    ),
    _assertion(
        "an empty assertion leaves the word to the key",
        PerRun(
            lambda run: {
                "client_assertion": "",
                "private_key": run.keys.private_pem,
                "thumbprint": run.keys.sha1,
            }
        ),
        differences=USUAL | {"assertion-dates", "thumbprint-unpadded", "empty-assertion"},
    ),
    _assertion("a callback without parameters is asked", PerRun(_plain)),
    _assertion("a callback may return bytes", PerRun(_as_bytes)),
    _assertion("a callback with a parameter is told the context", PerRun(_with_context)),
    _assertion(
        "a callback's context names the managed identity path",
        PerRun(_with_context),
        steps=(for_client(token(), fmi_path="p/q"),),
    ),
    _assertion("a callback whose parameter has a default is told nothing", PerRun(_with_defaults)),
    _assertion("a callback with keyword parameters is told nothing", PerRun(_keyword_only)),
    _assertion(
        "a callback is asked for every request and for no cache hit",
        PerRun(_plain),
        steps=(
            for_client(token("AT-1")),
            for_client(),
            for_client(token("AT-2"), scopes=("https://vault.azure.net/.default",)),
        ),
    ),
    _assertion(
        "a refused assertion is asked for again",
        PerRun(_plain),
        steps=(for_client(refused("invalid_client", 401)), for_client(token())),
        differences=USUAL | {"no-alias-request"},
    ),
    _assertion(
        "on behalf of a user with a callback",
        PerRun(_with_context),
        steps=(on_behalf_of(user_token()),),
    ),
    _assertion(
        "a callback that fails",
        PerRun(_broken),
        differences=frozenset({"endpoints-computed", "callback-failure"}),
    ),
    _assertion(
        "a callback that returns nothing",
        PerRun(_empty),
        differences=frozenset({"endpoints-computed", "callback-failure"}),
    ),
)
