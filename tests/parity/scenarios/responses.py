"""What the token endpoint may say in a 200: members missing, odd, or more than expected."""

from __future__ import annotations

from typing import Final

from tests.parity.scenario import (
    USUAL,
    Answer,
    Scenario,
    for_client,
    token,
)
from tests.parity.tree import Tree

__all__ = ["SCENARIOS"]

_BARE: Final[dict[str, Tree]] = {"access_token": "AT-app", "token_type": "Bearer"}


def _one(name: str, answer: Answer, differences: frozenset[str] = USUAL) -> Scenario:
    return Scenario(name=name, steps=(for_client(answer),), differences=differences)


def _then_again(name: str, answer: Answer, differences: frozenset[str] = USUAL) -> Scenario:
    """Return two calls, the second to show what the cache made of the answer."""
    return Scenario(
        name=name, steps=(for_client(answer), for_client(answer)), differences=differences
    )


SCENARIOS: Final = (
    _then_again(
        "lives given as text keep their type and are understood",
        token(expires_in="3599", ext_expires_in="7200"),
    ),
    _then_again("a life with a fraction is floored", token(expires_in=3599.9)),
    _then_again("a missing life is ten minutes", Answer(_BARE)),
    _then_again(
        "a missing life is taken from expires_on",
        Answer({**_BARE, "expires_on": "1700004000"}),
    ),
    _then_again("a life of zero", token(expires_in=0), USUAL | {"life-over"}),
    _then_again("a negative life", token(expires_in=-5), USUAL | {"life-over"}),
    _then_again(
        "a life of null", token(expires_in=None, ext_expires_in=3599), USUAL | {"life-unreadable"}
    ),
    _then_again(
        "a life that is no number",
        token(expires_in="soon", ext_expires_in=3599),
        USUAL | {"life-unreadable"},
    ),
    _then_again(
        "a life of more than a day and a bit is cut in the cache",
        token(expires_in=200_000),
        USUAL | {"life-cut"},
    ),
    _then_again("an extended life is stored", token(ext_expires_in=86_400)),
    _then_again(
        "an extended life that is shorter is the life",
        token(ext_expires_in=60),
        USUAL | {"extended-life"},
    ),
    _then_again(
        "a missing extended life is the life",
        Answer({**_BARE, "expires_in": 3599}),
    ),
    _then_again("refresh_in becomes refresh_on", token(expires_in=86_399, refresh_in=43_199)),
    _then_again(
        "refresh_in given as text",
        token(expires_in=86_399, refresh_in="43199"),
        USUAL | {"refresh-in-text"},
    ),
    _then_again("a token type in lower case is kept", token(token_type="bearer")),
    _then_again(
        "a missing token type",
        Answer({"access_token": "AT-app", "expires_in": 3599}),
    ),
    _then_again(
        "a token type that was not asked for",
        token(token_type="mac"),
        USUAL | {"token-type-checked"},
    ),
    _one("unknown members are returned and underscored ones are not", token(extra={"a": 1}, _x=1)),
    _then_again(
        "a scope in the answer is what the cache files", token(scope="api://x/b api://x/a")
    ),
    _one(
        "content that says it is text is read all the same",
        Answer(token().body, headers={"Content-Type": "text/html"}),
    ),
    _one(
        "a success with an error in it is an error",
        Answer({"error": "odd", **_BARE}),
        USUAL | {"error-beside-token", "no-alias-request"},
    ),
    _one("a 200 that is an error", Answer({"error": "odd"}), USUAL | {"no-alias-request"}),
    _one("a 200 without a token", Answer({"token_type": "Bearer"}), USUAL | {"token-required"}),
    _one("a 200 that is no JSON", Answer("<html>hello</html>")),
    _one("a 200 without a body", Answer("")),
    _one("a 200 that is a list", Answer("[]"), USUAL | {"object-required"}),
    _one("a 200 that is null", Answer("null"), USUAL | {"object-required"}),
    _one("a 201 with a token", Answer(token().body, 201), USUAL | {"status-checked"}),
    _one(
        "a redirect is not an answer",
        Answer("", 302, {"Location": "https://elsewhere.test/token"}),
    ),
)
