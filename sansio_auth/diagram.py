"""A transcript as a picture: who asked whom what, in order, with nothing secret in it.

`mermaid` gives a sequence diagram for documents, `text` a column for terminals. Both show names
of form fields, the grant, the scopes, hosts, paths, statuses and what was known of failures; never
a value that could be a credential, a token or a person. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, assert_never
from urllib.parse import urlsplit

from attrs import frozen

from sansio_auth.effects import Failure, GetAssertion, Load, Save, SendHttp, Sleep
from sansio_auth.flow import Step, Transcript
from sansio_auth.partition import (
    SESSION,
    Accounts,
    AppKey,
    AppTokens,
    AssertionKey,
    Found,
    Knowledge,
    KnowledgeKey,
    PartitionKey,
    Query,
    Tokens,
    UserKey,
)
from sansio_auth.wire import HttpRequest, HttpResponse

__all__ = ["Line", "lines", "mermaid", "text"]

#: Form fields whose values say what is asked and nothing about who asks.
_SHOWN: Final = ("grant_type", "scope")
_GRANTS: Final = {
    "client_credentials": "client_credentials",
    "urn:ietf:params:oauth:grant-type:jwt-bearer": "jwt-bearer",
}


@frozen
class Line:
    """One exchange: whom the flow asked, what, and what came back, `at` POSIX seconds."""

    whom: str
    question: str
    answer: str
    at: float


def _request(request: HttpRequest) -> str:
    path = urlsplit(request.url).path or "/"
    if request.form is None:
        return f"{request.method} {path}"
    form = dict(request.form)
    grant = form.get("grant_type", "")
    shown = [f"grant_type={_GRANTS.get(grant, grant)}", f"scope={form.get('scope', '')}"]
    names = [name for name in form if name not in _SHOWN]
    return f"{request.method} {path} {' '.join(shown)} + {', '.join(names)}"


def _response(value: object) -> str:
    if isinstance(value, HttpResponse):
        return f"{value.status}, {len(value.body)} bytes"
    return _failure(value)


def _failure(value: object) -> str:
    if isinstance(value, Failure):
        return f"failed: {value.kind}" + (f" ({value.error})" if value.error else "")
    return "done"


def _key(key: PartitionKey | Query) -> str:
    match key:
        case AppKey():
            return f"tokens of the application in {key.tenant}"
        case AssertionKey():
            return f"tokens of assertion {key.digest.removeprefix(SESSION)[:8]}"
        case UserKey():
            return "tokens of the user"
        case KnowledgeKey():
            return "what is known of the authority"
        case Accounts():
            return "the accounts" if key.username is None else "the accounts of a name"
        case AppTokens():
            return "the application's tenants"
        case _:
            assert_never(key)


def _held(value: object) -> str:
    match value:
        case Tokens():
            count = len(value.access)
            return "nothing" if not count else f"{count} access token{'s' * (count != 1)}"
        case Found():
            return f"{len(value.partitions)} found"
        case Knowledge():
            parts = ["endpoints"] * (value.endpoints is not None)
            parts += [f"{len(value.holds)} held"] * bool(value.holds)
            return ", ".join(parts) or "nothing"
        case _:
            return _failure(value)


def _line(step: Step) -> Line:
    effect = step.effect
    match effect:
        case SendHttp():
            host = urlsplit(effect.request.url).netloc
            return Line(host, _request(effect.request), _response(step.value), step.now)
        case GetAssertion():
            what = "make an assertion" if effect.claims is None else "sign an assertion"
            answer = "an assertion" if isinstance(step.value, str) else _failure(step.value)
            return Line("credential", what, answer, step.now)
        case Sleep():
            return Line("clock", f"sleep {effect.seconds:.3f} s", "done", step.now)
        case Load():
            return Line("store", f"load {_key(effect.key)}", _held(step.value), step.now)
        case Save():
            keys = ", ".join(_key(key) for key, _ in effect.changes)
            answer = _failure(step.value)
            return Line("store", f"save {keys}", answer, step.now)
        case _:
            assert_never(effect)


def lines(transcript: Transcript) -> Iterator[Line]:
    """Yield what happened, exchange by exchange."""
    for step in transcript.steps:
        yield _line(step)


def _plain(words: str) -> str:
    """Mermaid ends a message at a semicolon and takes a hash for an entity."""
    return words.replace(";", ",").replace("#", "")


def mermaid(transcript: Transcript) -> str:
    """Return a Mermaid sequence diagram of a flow."""
    drawn = list(lines(transcript))
    names = {whom: f"p{number}" for number, whom in enumerate(dict.fromkeys(x.whom for x in drawn))}
    parts = ["sequenceDiagram", "    participant flow"]
    parts += [f"    participant {short} as {_plain(whom)}" for whom, short in names.items()]
    for line in drawn:
        parts.append(f"    flow->>{names[line.whom]}: {_plain(line.question)}")
        parts.append(f"    {names[line.whom]}-->>flow: {_plain(line.answer)}")
    return "\n".join(parts) + "\n"


def text(transcript: Transcript) -> str:
    """Return a flow as lines for a terminal, with the milliseconds since it began."""
    start = transcript.start.now
    return "".join(
        f"{1000 * (line.at - start):9.1f} ms  {line.whom}: {line.question} -> {line.answer}\n"
        for line in lines(transcript)
    )
