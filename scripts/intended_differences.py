"""Write the reference page of the differences from MSAL, from the list that the parity suite uses.

Run it from anywhere: `python scripts/intended_differences.py` writes the page, `--check` only says
whether the committed page is current. The page has no text of its own beyond its introduction.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
PAGE: Final = ROOT / "docs" / "reference" / "differences-from-msal.md"

_INTRODUCTION: Final = """\
<!-- Written by scripts/intended_differences.py; edit the entries in tests/parity/intended/. -->

# Differences from MSAL Python

`sansio_auth_adapters.ConfidentialClientApplication` has the constructor, the methods and the
dictionaries of `msal.ConfidentialClientApplication` 1.39. This page lists what it does otherwise on
purpose. It is complete for what the suite plays: {scenarios} scenarios, with both libraries on the
same scripted `http_client`. Requests, results, warnings and the token cache are compared; any
difference that is not on this page fails the suite, and so does an entry on this page that no
scenario shows any more.
"""


def page() -> str:
    """Return the page as it has to be."""
    from tests.parity.differences import SECTIONS
    from tests.parity.scenarios import SCENARIOS

    parts = [_INTRODUCTION.format(scenarios=len(SCENARIOS))]
    for heading, entries in SECTIONS.items():
        rows = [
            f"| `{entry.id}` | {entry.msal} | {entry.ours} | {entry.why} |" for entry in entries
        ]
        table = ["| id | msal 1.39 | sansio-auth | because |", "|---|---|---|---|", *rows]
        parts.append(f"\n## {heading}\n\n" + "\n".join(table) + "\n")
    return "".join(parts)


def main() -> int:
    """Write the page, or check it; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="only tell whether it is current")
    check = bool(parser.parse_args().check)
    sys.path.insert(0, str(ROOT))
    wanted = page()
    if check:
        return 0 if PAGE.is_file() and PAGE.read_text(encoding="utf-8") == wanted else 1
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
