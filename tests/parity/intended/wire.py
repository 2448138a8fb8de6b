"""Intended differences in what is sent: discovery, headers, forms and client assertions."""

from __future__ import annotations

from typing import Final

from tests.parity.claims import (
    Difference,
    Pair,
    any_of,
    leaf,
    outcome_kind,
    requests_of,
    step_of,
)
from tests.parity.tree import ABSENT, Finding, Tree, at

__all__ = ["DIFFERENCES"]


def _no_discovery_at_all(finding: Finding, pair: Pair) -> bool:
    """One request of msal's constructor, and none of ours in any step."""
    return (
        finding.path[:3] == ("steps", 0, "gets")
        and outcome_kind(pair.msal, 0) == "built"
        and len(requests_of(pair.msal, 0, "gets")) == 1
        and not any(requests_of(pair.ours, step, "gets") for step in range(len(_steps(pair.ours))))
    )


def _steps(tree: Tree) -> list[Tree]:
    found = at(tree, ("steps",))
    return found if isinstance(found, list) else []


def _same_discovery_later(finding: Finding, pair: Pair) -> bool:
    """Msal's constructor and one of our calls ask the same; a failure moves with the question."""
    theirs = requests_of(pair.msal, 0, "gets")
    step = step_of(finding)
    if finding.path[2:] == ("gets",):
        asked = [requests_of(pair.ours, number, "gets") for number in range(len(_steps(pair.ours)))]
        later = [requests for requests in asked if requests]
        moved = not asked[0] and all(requests == theirs for requests in later) and bool(later)
        return moved and (step == 0 or not requests_of(pair.msal, step, "gets"))
    failed = outcome_kind(pair.msal, 0)
    return (
        step == 0
        and finding.path[2:] == ("outcome",)
        and failed.startswith("raises")
        and outcome_kind(pair.ours, 1).startswith("raises")
    )


def _one_slash(finding: Finding, pair: Pair) -> bool:
    if finding.path[2:] != ("gets",):
        return False
    (theirs,), (ours,) = requests_of(pair.msal, 0, "gets"), requests_of(pair.ours, 1, "gets")
    return str(at(theirs, ("url",))).replace("//v2.0", "/v2.0") == at(ours, ("url",))


def _alias_request(finding: Finding, pair: Pair) -> bool:
    step = step_of(finding)
    asked = requests_of(pair.msal, step, "gets")
    return (
        finding.path[2:] == ("gets",)
        and step > 0
        and not requests_of(pair.ours, step, "gets")
        and len(asked) == 1
        and at(asked[0], ("query", "api-version")) == "1.1"
    )


def _is_number(value: Tree) -> bool:
    return isinstance(value, int | float)


def _as_text(msal: Tree, ours: Tree) -> bool:
    if isinstance(msal, dict):
        return msal == {"bytes": ours}
    return isinstance(msal, int) and ours == str(msal)


def _handed_as_text(finding: Finding, pair: Pair) -> bool:
    del pair
    where, names = finding.path[2:], finding.path[-2:]
    if where[:1] != ("posts",):
        return False
    if names == ("client_assertion", "handed over as"):
        return (finding.msal, finding.ours) == ("bytes", "str")
    return names[0] == "form" and _as_text(finding.msal, finding.ours)


def _newer_dates(msal: Tree, ours: Tree) -> bool:
    return isinstance(msal, float) and isinstance(ours, int) and msal < ours


DIFFERENCES: Final = (
    Difference(
        id="client-name",
        msal="names itself `MSAL.Python` and its version in `x-client-sku` and `x-client-ver`",
        ours="names itself `sansio-auth` and its own version",
        why="a service's logs should tell which library is talking",
        claim=any_of(
            leaf(
                "headers",
                "x-client-sku",
                test=lambda m, o: (m, o) == ("MSAL.Python", "sansio-auth"),
            ),
            leaf("headers", "x-client-ver", test=lambda m, o: bool(o) and o not in (m, ABSENT)),
        ),
    ),
    Difference(
        id="form-texts",
        msal="hands numbers and bytes to the http_client among the form's values",
        ours="hands over every value as text",
        why="form encoding makes the same bytes of both, and text needs no special case",
        claim=_handed_as_text,
    ),
    Difference(
        id="endpoints-computed",
        msal="asks for the OpenID configuration in the constructor",
        ours="asks for nothing where the cloud is known and the tenant is a GUID",
        why="every such tenant has the same endpoints, and a constructor touches no network",
        claim=_no_discovery_at_all,
    ),
    Difference(
        id="discovery-when-needed",
        msal="discovers the authority in the constructor, which raises when that fails",
        ours="puts the same requests at the first call that needs them, which raises in its place",
        why="a constructor touches no network, and an outage of discovery does not stop a program"
        " from starting",
        claim=_same_discovery_later,
    ),
    Difference(
        id="single-slash",
        msal="asks for `.../common//v2.0/...` at the default authority, in the constructor",
        ours="asks for `.../common/v2.0/...`, at the first call",
        why="the URL is written in its normal form",
        claim=_one_slash,
    ),
    Difference(
        id="no-alias-request",
        msal="asks for the cloud's aliases after an app token was refused",
        ours="asks for nothing",
        why="an app's tokens are never looked up under another host, so the answer has no use",
        claim=_alias_request,
    ),
    Difference(
        id="assertion-dates",
        msal="writes `iat` and `exp` of a client assertion with fractions, and no `nbf`",
        ours="writes whole seconds, and an `nbf` five minutes back",
        why="RFC 7519 section 2 allows both, some servers want integers, and clocks differ",
        claim=any_of(
            leaf("claims", "iat", test=lambda m, o: type(o) is int and _is_number(m) and m == o),
            leaf("claims", "exp", test=lambda m, o: type(o) is int and _is_number(m) and m == o),
            leaf("claims", "nbf", test=lambda m, o: m == ABSENT and o == -300),
        ),
    ),
    Difference(
        id="assertion-fresh",
        msal="sends one client assertion again for nine minutes",
        ours="makes a fresh one for every request",
        why="a server that checks for replay refuses a `jti` that it has seen",
        claim=any_of(
            leaf("claims", "jti", test=lambda m, o: str(m).startswith("<jti") and m != o),
            leaf("claims", "iat", test=_newer_dates),
            leaf("claims", "exp", test=_newer_dates),
        ),
    ),
    Difference(
        id="thumbprint-unpadded",
        msal="writes `x5t` and `x5t#S256` with base64 padding",
        ours="writes them without",
        why="RFC 7515 section 2 defines base64url without padding",
        claim=any_of(
            leaf("header", "x5t", test=lambda m, o: m == f"{o}="),
            leaf("header", "x5t#S256", test=lambda m, o: m == f"{o}="),
        ),
    ),
    Difference(
        id="sha256-thumbprint",
        msal="sends a thumbprint of 64 digits as `x5t`, signed with RS256",
        ours="sends it as `x5t#S256`, signed with PS256",
        why="64 digits are a SHA-256 thumbprint, and that is where one belongs",
        claim=any_of(
            leaf("header", "alg", test=lambda m, o: (m, o) == ("RS256", "PS256")),
            leaf("header", "x5t", test=lambda _, o: o == ABSENT),
            leaf("header", "x5t#S256", test=lambda m, _: m == ABSENT),
        ),
    ),
    Difference(
        id="chain-single-line",
        msal="keeps the line breaks of the PEM text in `x5c`",
        ours="writes each certificate on one line",
        why="RFC 7515 section 4.1.6 wants plain base64",
        claim=leaf("header", "x5c", test=lambda m, o: "".join(str(m).split()) == o and m != o),
    ),
    Difference(
        id="chain-complete",
        msal="sends the first certificate only, without a thumbprint or from a PFX",
        ours="sends the whole chain that it was given",
        why="trust by subject name and issuer needs the issuers",
        claim=leaf(
            "header",
            "x5c",
            test=lambda m, o: isinstance(m, list) and isinstance(o, list) and len(m) < len(o),
        ),
    ),
    Difference(
        id="telemetry-safe",
        msal="reports a server's error code in a header as it came",
        ours="writes an underscore for what has a meaning in that header",
        why="the header keeps its structure",
        claim=leaf(
            "headers", "x-client-last-telemetry", test=lambda m, o: len(str(m)) == len(str(o))
        ),
    ),
)
