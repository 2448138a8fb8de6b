"""Intended differences in when an answer is kept, for whom, and when it is asked for again."""

from __future__ import annotations

from typing import Final

from tests.parity.claims import (
    Difference,
    Pair,
    any_of,
    ends,
    in_cache,
    missing_here,
    only_asked_by,
    step_of,
)
from tests.parity.tree import Finding, at

__all__ = ["DIFFERENCES"]


def _cached_answer_is_the_same_users(finding: Finding, pair: Pair) -> bool:
    """Only msal asks, and what we return is what we got for this assertion before."""
    step = step_of(finding)
    secret = ("outcome", "returned", "access_token")
    earlier = {str(at(pair.ours, ("steps", before, *secret))) for before in range(1, step)}
    return (
        only_asked_by("msal", "fresh token", "cached token")(finding, pair)
        and str(at(pair.ours, ("steps", step, *secret))) in earlier
    )


DIFFERENCES: Final = (
    Difference(
        id="assertion-cached",
        msal="asks again for the same user assertion and scopes",
        ours="answers from the cache while the token is fresh",
        why="a service that is called twice by one user should not ask twice",
        claim=_cached_answer_is_the_same_users,
    ),
    Difference(
        id="nobodys-token",
        msal="files a user's token without a home account under no account, as it files an app's",
        ours="files it under the user's assertion",
        why="whatever tells two tokens apart is part of their key",
        claim=any_of(
            in_cache("AccessToken", "AppMetadata", test=missing_here),
            only_asked_by("ours", "cached token", "fresh token"),
        ),
    ),
    Difference(
        id="holds-per-user",
        msal="keeps an answer with Retry-After by client and scopes, a success too",
        ours="keeps the refusal only, by client, scopes and user",
        why="a hold is about one identity, and a success lives in the token cache",
        claim=any_of(
            only_asked_by("ours", "error", "fresh token"),
            only_asked_by("ours", "fresh token", "fresh token"),
        ),
    ),
    Difference(
        id="retry-after-date",
        msal="holds for five seconds where Retry-After is a date",
        ours="holds until that date, an hour at most",
        why="RFC 9110 section 10.2.3 allows both forms",
        claim=only_asked_by("msal", "fresh token", "error"),
    ),
    Difference(
        id="clock-back",
        msal="serves a stored token until its end",
        ours="asks for another where it was stored later than now, five minutes aside",
        why="a clock that went back never lengthens a token's life",
        claim=only_asked_by("ours", "cached token", "fresh token"),
    ),
    Difference(
        id="issuer-exact",
        msal="takes an issuer on the same host with any path, or on a Microsoft host, for"
        " `oidc_authority`",
        ours="takes the authority's own URL only, but for a slash at its end, and raises"
        " `ValueError` otherwise",
        why="OpenID Connect Discovery section 4.3 wants the exact value",
        claim=any_of(
            ends("fresh token", "raises ValueError"), ends("cached token", "raises ValueError")
        ),
    ),
    Difference(
        id="metadata-incomplete",
        msal="raises `KeyError` where the configuration names no token endpoint",
        ours="raises `ValueError`, as for any configuration that cannot be used",
        why="one kind of mistake has one kind of error",
        claim=ends("raises KeyError", "raises ValueError"),
    ),
    Difference(
        id="endpoint-pinned",
        msal="uses the token endpoint that the configuration names",
        ours="raises `ValueError` unless it is the authority's own, an alias of it or listed in"
        " `trusted_hosts`",
        why="a credential goes only where the caller meant it to go",
        claim=any_of(
            ends("fresh token", "raises ValueError"), ends("cached token", "raises ValueError")
        ),
    ),
)
