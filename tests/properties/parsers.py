"""The list of parsers that `fuzz/` keeps, for tests: what is searched there is held here too."""

from __future__ import annotations

import ast
import importlib.util
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from sansio_auth.errors import SansioAuthError

__all__ = ["FUZZ", "PARSERS", "Parser", "good_members", "said"]

_ROOT: Final = Path(__file__).parents[2]
FUZZ: Final = _ROOT / "fuzz"

Parser = Callable[[bytes], object]


def _load() -> Any:
    spec = importlib.util.spec_from_file_location("fuzz_targets", FUZZ / "targets.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


_MODULE: Final = _load()
PARSERS: Final[Mapping[str, Any]] = _MODULE.TARGETS


def said(parse: Parser, data: bytes) -> str:
    """Return what comes of an input: `value`, or the kind of one of our errors and its code."""
    try:
        _ = parse(data)
    except SansioAuthError as error:
        caught = error
    else:
        return "value"
    assert len(str(caught)) < 2_000
    return f"{type(caught).__name__} {caught.code}"


def names_in_fuzz() -> frozenset[str]:
    """Return every name that the fuzz programs use."""
    return frozenset(
        name
        for file in FUZZ.glob("*.py")
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        for name in (getattr(node, "id", None), getattr(node, "attr", None))
        if name is not None
    )


def good_members(name: str) -> Iterator[tuple[bytes, dict[str, Any]]]:
    """Yield the good documents of a parser, each with what stands before it."""
    import json

    for data in PARSERS[name].corpus:
        start = data.find(b"{")
        if start in {0, 1}:
            document = json.loads(data[start:])
            if isinstance(document, dict) and document:
                yield data[:start], document
