"""Intended differences in what a caller may pass, and in who finds out that it cannot be."""

from __future__ import annotations

from typing import Final

from tests.parity.claims import (
    Difference,
    Pair,
    any_of,
    ends,
    leaf,
    missing_here,
    outcome_kind,
    requests_of,
)
from tests.parity.tree import Finding

__all__ = ["DIFFERENCES"]


def _before_the_network(finding: Finding, pair: Pair) -> bool:
    """Both constructors raise; msal's has asked the network first."""
    return (
        finding.path == ("steps", 0, "gets")
        and outcome_kind(pair.ours, 0).startswith("raises")
        and not requests_of(pair.ours, 0, "gets")
    )


def _refused_here(finding: Finding, pair: Pair) -> bool:
    return any(
        ends(msal, "raises ValueError")(finding, pair)
        for msal in ("built", "fresh token", "raises TypeError", "raises AttributeError")
    ) or (_before_the_network(finding, pair) and outcome_kind(pair.msal, 0) == "built")


def _asked_in_vain(finding: Finding, pair: Pair) -> bool:
    """Only msal's constructor raises, and it has asked the network before."""
    return (
        finding.path == ("steps", 0, "gets")
        and outcome_kind(pair.msal, 0).startswith("raises")
        and outcome_kind(pair.ours, 0) == "built"
    )


_no_warning: Final = leaf("warnings", test=lambda m, o: m == ["DeprecationWarning"] and o == [])
_refused_call: Final = ends("fresh token", "raises ValueError")


DIFFERENCES: Final = (
    Difference(
        id="arguments-first",
        msal="discovers the authority before it looks at the credential",
        ours="checks every argument before anything else",
        why="a mistake in the configuration shows without a network",
        claim=_before_the_network,
    ),
    Difference(
        id="scopes-type",
        msal="raises `AssertionError` for an app's scopes that are no list",
        ours="raises `ValueError` for one text, and takes any other collection of texts",
        why="an argument is checked under `python -O` too, and the kind of collection is no matter",
        claim=any_of(
            ends("raises AssertionError", "raises ValueError"),
            ends("raises AssertionError", "fresh token"),
        ),
    ),
    Difference(
        id="scopes-needed",
        msal="asks for an app token without any scope",
        ours="raises `ValueError`",
        why="a token is for a resource, and that is what the cache looks for",
        claim=_refused_call,
    ),
    Difference(
        id="one-resource",
        msal="asks for several `/.default` scopes at once",
        ours="raises `ValueError`",
        why="Entra refuses that request: a token is for one resource",
        claim=_refused_call,
    ),
    Difference(
        id="assertion-needed",
        msal="asks on behalf of nobody where the user assertion is empty or None",
        ours="raises `ValueError`",
        why="the request cannot succeed",
        claim=_refused_call,
    ),
    Difference(
        id="assertion-without-bearer",
        msal="sends a user assertion that begins with `Bearer `",
        ours="raises `ValueError`",
        why="the header's value was passed in place of the token",
        claim=_refused_call,
    ),
    Difference(
        id="claims-checked",
        msal="sends a claims challenge that is no JSON object, where nothing is merged into it",
        ours="raises `ValueError`",
        why="the request cannot succeed, and the mistake is found where it was made",
        claim=_refused_call,
    ),
    Difference(
        id="claims-null",
        msal="raises `AttributeError` where capabilities meet a challenge whose `access_token` is"
        " null",
        ours="takes null for an empty object",
        why="null says that there is nothing in it",
        claim=ends("raises AttributeError", "fresh token"),
    ),
    Difference(
        id="capabilities-list",
        msal="sends one text as the capabilities",
        ours="raises `ValueError`",
        why="Entra wants a list",
        claim=_refused_here,
    ),
    Difference(
        id="fields-protected",
        msal="lets `data=` replace the fields that the library sets",
        ours="raises `ValueError`",
        why="the cache files a token for the client that the application was made for",
        claim=_refused_call,
    ),
    Difference(
        id="arguments-unchanged",
        msal="adds its own fields to the dict that was passed as `data=`",
        ours="leaves that dict as it is",
        why="a caller may use it again",
        claim=leaf("outcome", "changed arguments", test=missing_here),
    ),
    Difference(
        id="header-safe",
        msal="hands an app name or version over as it is",
        ours="raises `ValueError` for line breaks and for what is beyond ASCII",
        why="it goes into a header",
        claim=_refused_here,
    ),
    Difference(
        id="credential-needed",
        msal="builds a confidential client without a credential, or with an empty one",
        ours="raises `ValueError`",
        why="an environment variable that is not set should be found at once",
        claim=_refused_here,
    ),
    Difference(
        id="credential-clear",
        msal="takes a secret of bytes or with a line break at its end, ignores unknown keys of a"
        " credential's dict, and picks one of several credentials in it",
        ours="raises `ValueError` and says which",
        why="each of them is a mistake that otherwise shows as a refused request",
        claim=any_of(_refused_here, _no_warning),
    ),
    Difference(
        id="key-checked",
        msal="reads a plain PEM key at the first request, and leaves it to the server whether key,"
        " thumbprint and certificate belong together",
        ours="raises `ValueError` in the constructor for a key that is encrypted, no RSA key or not"
        " the certificate's, and for a passphrase without need",
        why="a mistake in the configuration shows at once, and always as the same kind of error",
        claim=any_of(
            _refused_here,
            ends("raises TypeError", "raises ValueError"),
            ends("raises InvalidKeyError", "raises ValueError"),
        ),
    ),
    Difference(
        id="thumbprint-written",
        msal="refuses a thumbprint with colons or spaces",
        ours="reads it",
        why="certificate tools print it like that",
        claim=any_of(
            ends("raises ValueError", "built"),
            ends("raises ValueError", "fresh token"),
            _asked_in_vain,
        ),
    ),
    Difference(
        id="empty-assertion",
        msal="warns of a ready-made assertion where it is an empty text",
        ours="does not",
        why="an empty text counts as absent, here as there",
        claim=_no_warning,
    ),
    Difference(
        id="correlation-id",
        msal="raises `TypeError` for `correlation_id=`",
        ours="sends it as `client-request-id`",
        why="a service that has an id for a request wants to find it in Entra's logs too",
        claim=ends("raises TypeError", "fresh token"),
    ),
    Difference(
        id="force-refresh-for-users",
        msal="hands `force_refresh=` of an on-behalf-of call to the transport",
        ours="asks past the cache",
        why="on-behalf-of has a cache here, so there is something to go past",
        claim=leaf("more", "force_refresh", test=missing_here),
    ),
)
