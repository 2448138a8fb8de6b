"""Write `docs/reference/keys.md` from the vectors: what is accepted, what is refused, how told.

With `--check` nothing is written, and the exit code says whether the page is current.
"""

from __future__ import annotations

import sys
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tests.vectors.reading import Vector

ROOT: Final = Path(__file__).resolve().parents[1]
PAGE: Final = ROOT / "docs" / "reference" / "keys.md"

_HEADINGS: Final = {
    "private_keys": "Private keys in PEM",
    "rsa_numbers": "RSA numbers",
    "encrypted_keys": "Encrypted keys",
    "passphrases": "Passphrases",
    "certificates": "Certificates",
    "thumbprints": "Thumbprints",
    "pfx": "PFX files",
    "shapes": "The credential as a whole",
}
_INTRODUCTION: Final = """\
<!-- Written by scripts/key_table.py from tests/vectors/; `make docs` writes it again. -->

# Keys and certificates

What `client_credential` takes and what it refuses, case by case. The page is generated from
{vectors} vectors, each of which the tests pass to `ConfidentialClientApplication`. What is accepted
signs, with RS256 (and `x5t` in the assertion's header) or PS256 (`x5t#S256`); another library finds
every signature good. What is refused raises a `ConfigurationError` from the constructor, before
anything is sent, with a code and a message that never repeats what was given; a file that cannot
be read raises the system's own `OSError`. Where both stand, it depends on how OpenSSL was built
and on the version of `cryptography`.

In short: one RSA key of 2,048 to 8,192 bits, in PKCS#1 or PKCS#8, plain or encrypted, as text or
bytes of PEM, with a thumbprint in hex digits or the certificate's PEM beside it; or a PFX file.
Whether a certificate is still valid, and who signed it, is the identity provider's decision.
"""


def _outcome(vector: Vector) -> str:
    said = vector.said
    accepted = ""
    if "alg" in said:
        chain = f", {said['x5c']} in `x5c`" if said["x5c"] else ""
        accepted = f"{said['alg']}{chain}"
    if "errno" in said:
        return f"`OSError`, `{said['errno']}`"
    refused = f"`{said['code']}`: {said['message']}" if "code" in said else ""
    return " or ".join(part for part in (accepted, refused) if part)


def _escaped(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


def page() -> str:
    """Return the page as it has to be."""
    from tests.vectors.reading import GROUPS, vectors

    parts, count = [], 0
    for file in GROUPS:
        parts.append(f"\n## {_HEADINGS[file]}\n")
        for about, members in groupby(vectors(file), key=lambda vector: vector.about):
            parts.append(f"\n{_escaped(about)}.\n\n| | given | comes to |\n|---|---|---|\n")
            for vector in members:
                count += 1
                adfs = ", for ADFS" * bool(vector.said.get("adfs") and "ADFS" not in vector.comment)
                given = _escaped(vector.comment + adfs)
                parts.append(f"| {vector.id} | {given} | {_escaped(_outcome(vector))} |\n")
    return _INTRODUCTION.format(vectors=count) + "".join(parts)


def main() -> int:
    """Write the page, or compare it; return the exit status."""
    sys.path.insert(0, str(ROOT))
    wanted = page()
    if "--check" in sys.argv[1:]:
        return 0 if PAGE.is_file() and PAGE.read_text("utf-8") == wanted else 1
    PAGE.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
