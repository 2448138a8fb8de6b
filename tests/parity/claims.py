"""How an intended difference recognises itself: what a difference is, and the usual patterns.

A `Claim` looks at one finding, with both observations at hand, and says whether that finding is
what the difference is about. A claim is as narrow as it can be: it names the place and what each
side shows there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, TypeAlias

from attrs import frozen

from tests.parity.tree import ABSENT, Finding, Tree, at, differences_between

__all__ = [
    "Claim",
    "Difference",
    "Pair",
    "any_of",
    "ends",
    "in_cache",
    "leaf",
    "only_asked_by",
    "outcome_kind",
    "requests_of",
]


@frozen
class Pair:
    """Both observations of one scenario."""

    msal: Tree
    ours: Tree

    def findings(self) -> Iterator[Finding]:
        """Yield every place where they differ."""
        return differences_between(self.msal, self.ours)


Claim: TypeAlias = Callable[[Finding, Pair], bool]


@frozen(kw_only=True)
class Difference:
    """One thing that sansio-auth does otherwise on purpose.

    `msal`, `ours` and `why` are sentences for the reference page; `claim` is what recognises it.
    """

    id: str
    msal: str
    ours: str
    why: str
    claim: Claim


def step_of(finding: Finding) -> int:
    """Return the number of the step a finding is in, 0 for the construction."""
    step = finding.path[1]
    if not isinstance(step, int):
        message = f"no step in {finding.path}"
        raise TypeError(message)
    return step


def outcome_kind(tree: Tree, step: int) -> str:
    """Return in a word how a step ended: the dict's kind, or the family of the exception."""
    outcome = at(tree, ("steps", step, "outcome"))
    if not isinstance(outcome, dict):
        return str(outcome)
    if "raised" in outcome:
        return f"raises {outcome['raised']}"
    returned = outcome.get("returned")
    if not isinstance(returned, dict):
        return "something else"
    if "error" in returned:
        return "error"
    if "access_token" not in returned:
        return "something else"
    return "cached token" if returned.get("token_source") == "cache" else "fresh token"


def requests_of(tree: Tree, step: int, kind: str = "posts") -> list[Tree]:
    """Return the requests of one step."""
    found = at(tree, ("steps", step, kind))
    return found if isinstance(found, list) else []


_WHOLE_LIST: Final = ("steps", 0, "posts")


def _consequence(finding: Finding, since: int) -> bool:
    """Whether a finding can follow from a step that ended otherwise: there, or in the cache."""
    step, field = step_of(finding), finding.path[2]
    if field == "cache":
        return step >= since
    if field == "posts":
        return step == since and len(finding.path) == len(_WHOLE_LIST)
    return step == since and field == "outcome"


def ends(msal: str, ours: str) -> Claim:
    """Claim that a step ends as `msal` there and as `ours` here, and all that follows from it.

    What is stored differs from that step on. Only whole requests are covered, not their content.
    """

    def claim(finding: Finding, pair: Pair) -> bool:
        return any(
            outcome_kind(pair.msal, step) == msal
            and outcome_kind(pair.ours, step) == ours
            and _consequence(finding, step)
            for step in range(step_of(finding) + 1)
        )

    return claim


def only_asked_by(asker: str, msal: str, ours: str) -> Claim:
    """Claim a step in which one side only, "msal" or "ours", asks, and both end as named."""

    def claim(finding: Finding, pair: Pair) -> bool:
        wanted = (1, 0) if asker == "msal" else (0, 1)
        return any(
            (len(requests_of(pair.msal, step)), len(requests_of(pair.ours, step))) == wanted
            and (outcome_kind(pair.msal, step), outcome_kind(pair.ours, step)) == (msal, ours)
            and _consequence(finding, step)
            for step in range(1, step_of(finding) + 1)
        )

    return claim


def leaf(*names: str, test: Callable[[Tree, Tree], bool]) -> Claim:
    """Claim what has these names at the end of its path (list positions aside), if it fits."""

    def claim(finding: Finding, _: Pair) -> bool:
        words = tuple(part for part in finding.path if isinstance(part, str))
        return words[-len(names) :] == names and test(finding.msal, finding.ours)

    return claim


def in_cache(*names: str, test: Callable[[Tree, Tree], bool] | None = None) -> Claim:
    """Claim a member of that name of an entry in the cache, or a whole section."""

    def claim(finding: Finding, _: Pair) -> bool:
        return (
            finding.path[2] == "cache"
            and finding.path[-1] in names
            and (test is None or test(finding.msal, finding.ours))
        )

    return claim


def any_of(*claims: Claim) -> Claim:
    """Claim what any of these claims: one difference may show in several places."""

    def claim(finding: Finding, pair: Pair) -> bool:
        return any(one(finding, pair) for one in claims)

    return claim


def missing_there(msal: Tree, _: Tree) -> bool:
    """Whether msal has nothing at that place."""
    return msal == ABSENT


def missing_here(_: Tree, ours: Tree) -> bool:
    """Whether sansio-auth has nothing at that place."""
    return ours == ABSENT
