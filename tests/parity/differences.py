"""Everything that sansio-auth does otherwise than MSAL Python 1.39 on purpose.

A scenario names the entries that it shows; whatever else differs is a failure of the suite, and
so is an entry that a scenario names and does not show. The reference page is written from here.
"""

from __future__ import annotations

from typing import Final

from tests.parity.claims import Difference, Pair
from tests.parity.intended import answers, arguments, keeping, users, wire
from tests.parity.tree import Finding

__all__ = ["BY_ID", "DIFFERENCES", "SECTIONS", "judge"]

#: The entries under the headings of the reference page.
SECTIONS: Final[dict[str, tuple[Difference, ...]]] = {
    "What is sent": wire.DIFFERENCES,
    "What may be passed": arguments.DIFFERENCES,
    "What an answer means": answers.DIFFERENCES,
    "What is kept, and for whom": keeping.DIFFERENCES,
    "Users and regions": users.DIFFERENCES,
}
DIFFERENCES: Final = tuple(entry for entries in SECTIONS.values() for entry in entries)
BY_ID: Final = {entry.id: entry for entry in DIFFERENCES}


def judge(expected: frozenset[str], pair: Pair) -> tuple[list[Finding], frozenset[str]]:
    """Return the findings that no expected difference claims, and the entries that did not show."""
    unexplained: list[Finding] = []
    shown: set[str] = set()
    for finding in pair.findings():
        claimed = {name for name in expected if BY_ID[name].claim(finding, pair)}
        shown |= claimed
        if not claimed:
            unexplained.append(finding)
    return unexplained, expected - shown
