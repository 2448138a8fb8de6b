"""Intended differences for signed-in users, for what is forgotten, and for regions."""

from __future__ import annotations

from typing import Final

from tests.parity.claims import Difference, Pair, any_of, ends, in_cache, leaf, missing_here
from tests.parity.tree import ABSENT, Finding, Tree, at

__all__ = ["DIFFERENCES"]


def _urls(requests: Tree) -> list[str]:
    listed = requests if isinstance(requests, list) else []
    return [str(at(request, ("url",))) for request in listed]


def _aliases_asked(finding: Finding, _: Pair) -> bool:
    """After the construction, msal alone asks who else the cloud is."""
    return (
        finding.path[1] != 0
        and finding.path[2:] == ("gets",)
        and finding.ours == []
        and all(url.endswith("/common/discovery/instance") for url in _urls(finding.msal))
    )


def _emptied(finding: Finding, _: Pair) -> bool:
    return finding.path[2] == "cache" and (finding.msal, finding.ours) == ({}, ABSENT)


def _machine_asked(finding: Finding, _: Pair) -> bool:
    """Msal's constructor asks the machine too, and the authority."""
    return finding.path[1:] == (0, "gets") and any("169.254" in url for url in _urls(finding.msal))


def _over(finding: Finding, _: Pair) -> bool:
    """An entry, or the section that was left with none, which msal removed while it looked."""
    return finding.path[2:4] == ("cache", "AccessToken") and finding.msal in (ABSENT, {})


def _filed_by_another_family(finding: Finding, pair: Pair) -> bool:
    """What became of the refresh tokens, and of the family, once another one was used."""
    used = [at(tree, ("steps", finding.path[1], "posts", 0, "form", "refresh_token"))
            for tree in (pair.msal, pair.ours)]  # fmt: skip
    return used == ["RT-family", "RT-own"] and finding.path[2:4] in {
        ("cache", "RefreshToken"), ("cache", "AppMetadata"),
    }  # fmt: skip


DIFFERENCES: Final = (
    Difference(
        id="expired-kept",
        msal="removes expired access tokens whenever it looks for any",
        ours="removes them when something is stored beside them",
        why="looking into a cache changes nothing",
        claim=_over,
    ),
    Difference(
        id="nonce-error",
        msal="files the tokens of an id token with another nonce, then raises `RuntimeError`",
        ours="raises `ResponseError`, which is a `ValueError`, and files nothing",
        why="what is not this sign-in's is checked before anything is cached",
        claim=any_of(
            ends("raises RuntimeError", "raises ValueError"),
            in_cache(
                "AccessToken",
                "Account",
                "IdToken",
                "RefreshToken",
                "AppMetadata",
                test=missing_here,
            ),
        ),
    ),
    Difference(
        id="aliases-static",
        msal="asks the cloud for its host names when accounts or tokens are looked for",
        ours="has the host names of the known clouds as data",
        why="looking into a cache needs no network",
        claim=_aliases_asked,
    ),
    Difference(
        id="family-per-user",
        msal="remembers of an application, once for all users, that it is of a family",
        ours="remembers it with each user",
        why="a request sees one user's partition, and an identity provider says the same of all",
        claim=any_of(
            leaf("form", "refresh_token", test=lambda *found: found == ("RT-family", "RT-own")),
            _filed_by_another_family,
        ),
    ),
    Difference(
        id="sections-emptied",
        msal="leaves a section of the cache in place when its last entry goes",
        ours="writes sections that have entries",
        why="partitions are the model; both spellings are read by both",
        claim=_emptied,
    ),
    Difference(
        id="region-unprobed",
        msal="asks the machine for its region in the constructor also where one is named",
        ours="asks the machine only when the caller wants to know, at the first call",
        why="a named region needs no answer, and a constructor touches no network",
        claim=_machine_asked,
    ),
    Difference(
        id="capabilities-always",
        msal="sends no client capabilities when a refresh token from elsewhere is redeemed",
        ours="sends them with every request for a token",
        why="an API may challenge whoever said to be able to handle it, whatever the grant",
        claim=leaf("form", "claims", test=lambda theirs, ours: (theirs, "xms_cc" in str(ours))
                   == (ABSENT, True)),
    ),
)  # fmt: skip
