"""Playing a scenario with one library, and writing down everything a caller or a server can see.

An observation has one entry per step, the construction first: requests as they were handed to the
http_client, the returned dict or the family of the exception, categories of warnings, what
callbacks were told, and the token cache's JSON. What is random by nature is replaced by the place
where it first stood (`<id of step 2>`), so that the same id in two places stays the same; client
assertions are taken apart and their signature is checked.
"""

from __future__ import annotations

import base64
import copy
import functools
import json
import re
import warnings
from collections.abc import Callable
from typing import Final
from unittest import mock

import jwt
from attrs import define, field

from tests.parity.keys import Keys
from tests.parity.libraries import Library
from tests.parity.scenario import CLIENT, SECRET, TENANT, PerRun, Run, Scenario, Step
from tests.parity.tree import Tree
from tests.parity.world import Clock, ScriptedClient, as_dict, as_tree

__all__ = ["play"]

_UUID4: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
#: Asked in this order, so that `OSError` is said of what is no `ValueError`.
_FAMILIES: Final = (ValueError, OSError, TypeError, KeyError, AttributeError, AssertionError)


@define
class _Names:
    """Names for random values: the place where each first stood."""

    known: dict[str, str] = field(factory=dict[str, str])

    def name(self, value: Tree, place: str) -> Tree:
        """Return the value's name; what is no lower-case UUID 4 is returned as it is."""
        if not isinstance(value, str) or not _UUID4.fullmatch(value):
            return value
        return self.known.setdefault(value, f"<{place}>")

    def within(self, text: Tree) -> Tree:
        """Replace every value inside a text; one that was never sent gets a name of its own."""
        if not isinstance(text, str):
            return text
        for value in _UUID4.findall(text):
            self.known.setdefault(value, f"<unsent id {len(self.known)}>")
        return _UUID4.sub(lambda match: self.known[match[0]], text)


def _text_of(value: Tree) -> str | None:
    if isinstance(value, dict) and isinstance(inner := value.get("bytes"), str):
        return inner
    return value if isinstance(value, str) else None


def _json_part(part: str) -> dict[str, Tree]:
    decoded: Tree = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return as_dict(decoded)


def _assertion(value: Tree, keys: Keys, names: _Names, place: str, now: float) -> Tree:
    """Take a signed assertion apart; anything that is not one stays as it is."""
    text = _text_of(value)
    if text is None or text.count(".") != 2:
        return value
    try:
        header, claims = (_json_part(part) for part in text.split(".")[:2])
    except ValueError:
        return value
    algorithm = str(header.get("alg"))
    try:
        jwt.decode(
            text, keys.public_key, [algorithm], options={"verify_aud": False, "verify_exp": False,
            "verify_nbf": False, "verify_iat": False, "verify_sub": False, "verify_jti": False}
        )  # fmt: skip
        signature = "valid"
    except jwt.InvalidTokenError as error:
        signature = type(error).__name__
    claims["jti"] = names.name(claims.get("jti"), f"jti of {place}")
    for claim in ("iat", "nbf", "exp"):
        moment = claims.get(claim)
        if isinstance(moment, int):
            claims[claim] = moment - int(now)
        elif isinstance(moment, float):
            claims[claim] = round(moment - now, 6)
    return {
        "handed over as": "bytes" if isinstance(value, dict) else "str",
        "header": header,
        "claims": claims,
        "signature": signature,
    }


def _post(post: Tree, keys: Keys, names: _Names, place: str, now: float) -> Tree:
    seen = as_dict(post)
    headers = as_dict(seen["headers"])
    if "client-request-id" in headers:
        headers["client-request-id"] = names.name(headers["client-request-id"], f"id of {place}")
    headers = {name: names.within(value) for name, value in headers.items()}
    form = as_dict(seen["form"])
    if "client_assertion" in form:
        form["client_assertion"] = _assertion(form["client_assertion"], keys, names, place, now)
    return {**seen, "headers": headers, "form": form}


def _raised(error: Exception, library: Library) -> str:
    if isinstance(error, library.failures):
        return "the service failed"
    for family in _FAMILIES:
        if isinstance(error, family):
            return family.__name__
    return type(error).__name__


def _made(value: object, run: Run) -> object:
    return value.make(run) if isinstance(value, PerRun) else copy.deepcopy(value)


@define
class _Stage:
    """One library playing one scenario."""

    made_by: Library
    scenario: Scenario
    run: Run
    clock: Clock
    client: ScriptedClient
    cache: object
    names: _Names = field(factory=_Names)
    app: object = None

    def construct(self) -> Tree:
        """Build the application, as a caller would."""
        usual: dict[str, object] = {
            "client_id": CLIENT,
            "client_credential": SECRET,
            "authority": TENANT,
        }
        named = list(usual)[len(self.scenario.positional) :]
        given = {name: usual[name] for name in named}
        given |= {name: _made(value, self.run) for name, value in self.scenario.app.items()}
        self.app = self.made_by.application(
            *self.scenario.positional, **given, http_client=self.client, token_cache=self.cache
        )
        return "built"

    def call(self, step: Step) -> Tree:
        """Make one call; the answer is what it returned and which arguments it changed."""
        given = [_made(value, self.run) for value in step.arguments]
        named = {name: _made(value, self.run) for name, value in step.keywords.items()}
        before = as_tree(given), as_tree(named)
        method: Callable[..., object] = getattr(self.app, step.method)
        try:
            result = as_tree(method(*given, **named))
        finally:
            after = as_tree(given), as_tree(named)
        seen: dict[str, Tree] = {"returned": result}
        if before != after:
            seen["changed arguments"] = [*after]
        return seen

    def observe(self, act: Callable[[], Tree], place: str) -> Tree:
        """Do something and write down what can be seen of it."""
        self.run.notes.clear()
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            try:
                outcome: Tree = act()
            except Exception as error:  # noqa: BLE001 - whatever it raises is to be compared
                outcome = {"raised": _raised(error, self.made_by)}
        posts: list[Tree] = [
            _post(post, self.run.keys, self.names, place, self.clock.now)
            for post in self.client.posts
        ]
        return {
            "outcome": outcome,
            "gets": [*self.client.gets],
            "posts": posts,
            "warnings": [*sorted({warning.category.__name__ for warning in warned})],
            "told": [*self.run.notes],
            "cache": self.made_by.cache_json(self.cache),
        }

    def play(self) -> list[Tree]:
        """Play all steps; without an application each ends as the construction did."""
        self.client.expect(())
        first = self.observe(self.construct, "construction")
        seen = [first]
        for number, step in enumerate(self.scenario.steps, 1):
            if self.app is None:
                seen.append({**as_dict(first), "gets": [], "warnings": []})
                continue
            self.clock.now += step.after
            self.client.expect(step.replies)
            seen.append(self.observe(functools.partial(self.call, step), f"step {number}"))
        return seen


def play(library: Library, scenario: Scenario, keys: Keys) -> Tree:
    """Return what one library shows when it plays a scenario."""
    clock = Clock()
    stage = _Stage(
        made_by=library,
        scenario=scenario,
        run=Run(keys, []),
        clock=clock,
        client=ScriptedClient(discovery=scenario.discovery),
        cache=library.cache(),
    )
    with mock.patch("time.time", clock):
        return {"steps": [*stage.play()]}
