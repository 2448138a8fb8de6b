"""Intended differences in what an answer means, and in what is kept of it."""

from __future__ import annotations

from typing import Final

from tests.parity.claims import (
    Difference,
    any_of,
    ends,
    in_cache,
    leaf,
    missing_here,
    only_asked_by,
)
from tests.parity.tree import Tree

__all__ = ["DIFFERENCES"]


def _later(msal: Tree, ours: Tree) -> bool:
    return isinstance(msal, str) and isinstance(ours, str) and int(msal) < int(ours)


def _earlier(msal: Tree, ours: Tree) -> bool:
    if isinstance(msal, int) and isinstance(ours, int):
        return ours < msal
    return isinstance(msal, str) and isinstance(ours, str) and int(ours) < int(msal)


_token_in_spite = any_of(
    ends("raises TypeError", "fresh token"),
    ends("raises ValueError", "fresh token"),
    ends("raises IndexError", "fresh token"),
    ends("raises TypeError", "cached token"),
)

DIFFERENCES: Final = (
    Difference(
        id="life-unreadable",
        msal="raises where `expires_in` is null or no number",
        ours="takes null for ten minutes; otherwise returns the token and does not store it",
        why="a token that was issued is not lost",
        claim=_token_in_spite,
    ),
    Difference(
        id="life-over",
        msal="stores a token whose life is over on arrival",
        ours="returns it and does not store it",
        why="it would never be served",
        claim=any_of(
            in_cache("AccessToken", "AppMetadata", test=missing_here),
            leaf(
                "headers",
                "x-client-current-telemetry",
                test=lambda m, o: (m, o) == ("4|730,3|", "4|730,2|"),
            ),
        ),
    ),
    Difference(
        id="life-cut",
        msal="stores any life that a server names",
        ours="stores 28 hours at most",
        why="Entra issues no longer ones",
        claim=any_of(
            in_cache("expires_on", "extended_expires_on", test=_earlier),
            leaf("returned", "expires_in", test=_earlier),
        ),
    ),
    Difference(
        id="extended-life",
        msal="stores an extended life that is shorter than the life",
        ours="stores the life",
        why="an extension cannot end before what it extends",
        claim=in_cache("extended_expires_on", test=_later),
    ),
    Difference(
        id="refresh-in-text",
        msal="raises where `refresh_in` is a text",
        ours="reads the number in it",
        why="a token that was issued is not lost, and `expires_in` may be a text too",
        claim=_token_in_spite,
    ),
    Difference(
        id="token-type-checked",
        msal="returns and stores a token of another type than was asked for",
        ours="raises `ValueError`",
        why="RFC 6749 section 7.1: a client must not use a type that it does not understand",
        claim=any_of(
            ends("fresh token", "raises ValueError"), ends("cached token", "raises ValueError")
        ),
    ),
    Difference(
        id="schemes-apart",
        msal="keeps bearer tokens and proof-of-possession tokens under one key",
        ours="keeps them apart",
        why="neither can stand in for the other",
        claim=only_asked_by("ours", "cached token", "fresh token"),
    ),
    Difference(
        id="error-beside-token",
        msal="returns both where a success has an `error` beside its token",
        ours="returns the error's members only",
        why="one answer has one meaning",
        claim=any_of(
            leaf("returned", "access_token", test=missing_here),
            leaf("returned", "token_source", test=missing_here),
        ),
    ),
    Difference(
        id="token-required",
        msal="returns a success without a token as it is",
        ours="raises `ValueError`",
        why="a caller looks for `access_token` or `error`, and there is neither",
        claim=ends("something else", "raises ValueError"),
    ),
    Difference(
        id="object-required",
        msal="raises `AttributeError` or `TypeError` where the answer is JSON but no object",
        ours="raises `ValueError`, as for any answer that cannot be read",
        why="one kind of mistake has one kind of error",
        claim=any_of(
            ends("raises AttributeError", "raises ValueError"),
            ends("raises TypeError", "raises ValueError"),
        ),
    ),
    Difference(
        id="status-checked",
        msal="takes the body of any status below 500 for an answer",
        ours="takes 200 for a success and 4xx for an error, and raises `ValueError` for the rest",
        why="a redirect or a partial answer is none",
        claim=ends("fresh token", "raises ValueError"),
    ),
    Difference(
        id="error-made-up",
        msal="raises, or returns the body as it is, where a 4xx has no OAuth error in it",
        ours="returns an error dict, `temporarily_unavailable` for 429 and `unknown_error`"
        " otherwise, and counts it in the telemetry",
        why="the status has a meaning even where a proxy or a firewall wrote the body",
        claim=any_of(
            ends("raises ValueError", "error"),
            ends("something else", "error"),
            leaf(
                "headers",
                "x-client-last-telemetry",
                test=lambda m, o: m == "4|0|||" and "temporarily_unavailable" in str(o),
            ),
        ),
    ),
    Difference(
        id="optional-unreadable",
        msal="raises where `client_info` or the id token cannot be read",
        ours="returns the token, without the claims or without filing it under a user",
        why="a token that was issued is not lost",
        claim=_token_in_spite,
    ),
    Difference(
        id="half-client-info",
        msal="takes the id token's subject for the home account where `client_info` has half of it",
        ours="files such a token under the assertion only",
        why="half a name may be somebody else's",
        claim=in_cache(
            "AccessToken", "Account", "IdToken", "RefreshToken", "AppMetadata", test=missing_here
        ),
    ),
    Difference(
        id="failure-covered",
        msal="raises where the renewal of a token that is still good meets an outage, an answer"
        " that cannot be read, or a transport other than requests without connection",
        ours="returns the token that it has",
        why="no failure of a renewal is worse than the token in hand",
        claim=any_of(
            ends("raises ValueError", "cached token"),
            ends("raises OSError", "cached token"),
            ends("raises the service failed", "cached token"),
        ),
    ),
    Difference(
        id="proxy-answer",
        msal="reads a 407 as it reads any 4xx",
        ours="raises `OSError`",
        why="a proxy wrote it",
        claim=ends("raises ValueError", "raises OSError"),
    ),
    Difference(
        id="transport-failure",
        msal="lets any exception of an http_client through",
        ours="raises an `OSError` with that exception as its cause",
        why="a caller can handle the failure of any client in one way",
        claim=ends("raises LookupError", "raises OSError"),
    ),
    Difference(
        id="callback-failure",
        msal="lets the exception of an assertion's callback through, and sends an empty assertion",
        ours="raises `AssertionFailed`, with the exception as its cause, and sends nothing",
        why="it is told apart from a failure of the network, and a request without proof cannot"
        " succeed",
        claim=any_of(
            ends("raises CallbackBroke", "raises AssertionFailed"),
            ends("fresh token", "raises AssertionFailed"),
        ),
    ),
)
