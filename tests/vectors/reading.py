"""The language of the vectors: how a value in JSON becomes what a caller passes.

A plain value stands for itself. An object is a text from somewhere (`file` in `material/`, `text`,
`join` of several, `rsa` of so many bits), changed by `edits` in their order and handed over `as`
str, bytes, bytearray, path or pathlike; or a file that is made for the test (`make`).
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from attrs import frozen

from tests.vectors.make import integer, pem, pkcs1, pkcs8, tlv

__all__ = ["GROUPS", "HERE", "LEAF", "MATERIAL", "Vector", "files_in", "value_of", "vectors"]

HERE: Final = Path(__file__).parent
MATERIAL: Final = HERE / "material"
#: The files of vectors, in the order of their numbers.
GROUPS: Final = (
    "private_keys", "rsa_numbers", "encrypted_keys", "passphrases", "certificates", "thumbprints",
    "pfx", "shapes",
)  # fmt: skip
LEAF: Final = (MATERIAL / "certificate-leaf.der").read_bytes()
_KNOWN: Final = {
    "@sha1": hashlib.sha1(LEAF, usedforsecurity=False).hexdigest(),
    "@sha256": hashlib.sha256(LEAF).hexdigest(),
}


@frozen
class Vector:
    """One test of a group: `given` includes what stands beside it in the group."""

    id: int
    about: str
    comment: str
    given: Mapping[str, Any]
    result: str
    said: Mapping[str, Any]
    flags: frozenset[str]

    @property
    def name(self) -> str:
        """What the test is called: its number, the rows of faults that it is about, and what."""
        words = re.sub(r"[^A-Za-z0-9]+", "-", self.comment).strip("-")
        rows = "-".join(sorted(flag for flag in self.flags if flag.startswith("row")))
        return "-".join(part for part in (str(self.id), rows, words) if part)


def vectors(file: str) -> Iterator[Vector]:
    """Yield the vectors of one file."""
    for group in json.loads((HERE / f"{file}.json").read_text(encoding="ascii"))["groups"]:
        for test in group["tests"]:
            yield Vector(
                id=test["id"],
                about=group["about"],
                comment=test["comment"],
                given={**group.get("beside", {}), **test["given"]},
                result=test["result"],
                said=test,
                flags=frozenset(test.get("flags", ())),
            )


def files_in(value: Any) -> set[str]:
    """Return the files of `material/` that a value names."""
    if isinstance(value, dict):
        own = {value["file"]} if "file" in value else set()
        return own.union(*map(files_in, value.values()))
    return set().union(*map(files_in, value)) if isinstance(value, list) else set()


# --- edits -------------------------------------------------------------------------------------


def _cut_line(text: str, word: str) -> str:
    return "".join(line for line in text.splitlines(keepends=True) if word not in line)


def _every(text: str, size: int, between: str) -> str:
    return between.join(text[at : at + size] for at in range(0, len(text), size))


def _decode(text: str) -> str:
    return base64.b64decode("".join(text.splitlines()[1:-1])).decode("latin-1")


_EDITS: Final[Mapping[str, Callable[..., str]]] = {
    "after": lambda text, more: text + more,
    "base64": lambda text: base64.b64encode(text.encode("latin-1")).decode(),
    "base64url": lambda text: base64.urlsafe_b64encode(text.encode("latin-1")).decode(),
    "before": lambda text, more: more + text,
    "cut": lambda text, at, to: text[:at] + text[to:],
    "cut-line": _cut_line,
    "decode": _decode,
    "encode": lambda text, encoding: text.encode(encoding).decode("latin-1"),
    "every": _every,
    "keep": lambda text, size: text[:size],
    "replace": lambda text, old, new: text.replace(old, new),
    "times": lambda text, count: text * count,
    "unhex": lambda text: bytes.fromhex(text).decode("latin-1"),
    "upper": str.upper,
}
#: After these a text is bytes, each written as the character of that number.
_RAW: Final = frozenset({"decode", "encode", "unhex"})


def _rsa(bits: int, form: str) -> str:
    """Return a key of that many bits, of numbers that nobody has to look for primes among."""
    half = bits // 2
    der = pkcs1((1 << bits) - 1, 65537, (1 << bits) - 3, *[(1 << half) + 1] * 5)
    if form == "pkcs1":
        return pem("RSA PRIVATE KEY", der).decode()
    if form == "pkcs8":
        return pem("PRIVATE KEY", pkcs8(der)).decode()
    hidden = bytes(len(der) + 16)
    if form == "encrypted":
        salted = tlv(0x30, tlv(0x04, b"saltsalt"), integer(2048))
        algorithm = tlv(0x30, bytes.fromhex("060a2a864886f70d010c0103"), salted)
        return pem("ENCRYPTED PRIVATE KEY", tlv(0x30, algorithm, tlv(0x04, hidden))).decode()
    headers = f"Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,{'0' * 32}\n\n"
    first, rest = pem("RSA PRIVATE KEY", hidden).decode().split("\n", 1)
    return f"{first}\n{headers}{rest}"


def _text(value: Any) -> tuple[str, bool]:
    """Return a value as a text, and whether its characters are bytes."""
    if isinstance(value, str):
        return _KNOWN.get(value, value), False
    raw = False
    if "file" in value:
        content = (MATERIAL / value["file"]).read_bytes()
        raw = not content.isascii()
        text = content.decode("latin-1")
    elif "join" in value:
        text = "".join(_text(piece)[0] for piece in value["join"])
    elif "rsa" in value:
        text = _rsa(value["rsa"], value.get("form", "pkcs1"))
    else:
        text = _KNOWN.get(value["text"], value["text"])
    for name, *arguments in value.get("edits", ()):
        text = _EDITS[name](text, *arguments)
        raw = raw or name in _RAW
    return text, raw


def _made(how: Mapping[str, Any], folder: Path) -> str:
    """Make a file, or something that is none, and return its path."""
    path = folder / "made.pfx"
    if how.get("directory"):
        path.mkdir()
    elif how.get("below"):
        path.write_bytes(b"")
        return str(path / "below.pfx")
    elif how.get("loop"):
        path.symlink_to(path)
    elif "size" in how:
        with path.open("wb") as file:
            file.truncate(how["size"])
    elif not how.get("nothing"):
        content = how.get("content", "").encode() + bytes.fromhex(how.get("hex", ""))
        path.write_bytes(content * how.get("times", 1))
        path.chmod(how.get("mode", 0o600))
    return str(path)


def value_of(value: Any, folder: Path) -> Any:
    """Return what a caller passes; `folder` is where files are made."""
    if isinstance(value, str):
        return _text(value)[0]
    if not isinstance(value, dict):
        return value
    if "make" in value:
        return _made(value["make"], folder)
    kind = value.get("as", "str")
    if kind in {"path", "pathlike"}:
        path = MATERIAL / value["file"]
        return path if kind == "pathlike" else str(path)
    text, raw = _text(value)
    if kind == "str":
        return text
    content = text.encode("latin-1" if raw else value.get("encoding", "utf-8"))
    return bytearray(content) if kind == "bytearray" else content
