"""Intended differences for signed-in users, for what is forgotten, and for regions."""

from __future__ import annotations

from typing import Final

from tests.parity.claims import Difference, Pair, leaf
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


DIFFERENCES: Final = (
    Difference(
        id="aliases-static",
        msal="asks the cloud for its host names when accounts or tokens are looked for",
        ours="has the host names of the known clouds as data",
        why="looking into a cache needs no network",
        claim=_aliases_asked,
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
