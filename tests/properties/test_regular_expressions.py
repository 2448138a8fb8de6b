"""No regular expression of ours can be made to look at a text again and again.

Every one that is there is found in the sources, with the methods it is used by, and is given texts
of 200,000 characters that are made after it: what begins like a match, goes on with what may be
repeated, and does not end. One that goes back over its text for every character of it would take
many minutes, and the suite's timeout ends the test.
"""

from __future__ import annotations

import ast
import contextlib
import importlib
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any, Final

import pytest
from attrs import frozen

_ROOT: Final = Path(__file__).parents[2]
_PACKAGES: Final = ("sansio_auth", "adapters/sansio_auth_adapters")
_METHODS: Final = frozenset({"finditer", "fullmatch", "match", "search", "split", "sub"})
_LENGTH: Final = 200_000
#: Characters that end whatever may be repeated, where they are not part of it.
_ENDS: Final = ("", "\x00", "\n", '"')


@frozen
class _Use:
    """A regular expression, and a method that it is used by."""

    where: str
    name: str
    method: str
    pattern: re.Pattern[Any]


def _modules() -> Iterator[tuple[str, ast.Module]]:
    for package in _PACKAGES:
        root = _ROOT / package
        for file in sorted(root.rglob("*.py")):
            names = file.relative_to(root.parent).with_suffix("").parts
            source = file.read_text("utf-8")
            if "testing" not in names and "re." in source:
                yield ".".join(names).removesuffix(".__init__"), ast.parse(source)


def _used(module: str, tree: ast.Module) -> Iterator[_Use]:
    """Yield what a module does with its regular expressions: `X.method(..)`, `re.method(X, ..)`."""
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        method, owner = node.func.attr, node.func.value
        if method not in _METHODS or not isinstance(owner, ast.Name):
            continue
        name = owner.id
        if name == "re":
            first = node.args[0]
            assert isinstance(first, ast.Name), f"{module}: a regular expression without a name"
            name = first.id
        value = getattr(importlib.import_module(module), name, None)
        if value is None:
            continue  # a variable: the loop below has what it stands for
        if isinstance(value, str) and owner.id != "re":
            continue  # a method of texts
        yield _Use(module, name, method, re.compile(value))


def _in_tuples(module: str) -> Iterator[_Use]:
    """Yield the patterns of a tuple, which are gone through with `fullmatch`."""
    for name, value in vars(importlib.import_module(module)).items():
        if isinstance(value, tuple):
            for number, pattern in enumerate(value):
                if isinstance(pattern, re.Pattern):
                    yield _Use(module, f"{name}[{number}]", "fullmatch", pattern)


_USES: Final = list(
    {
        (use.where, use.name, use.method): use
        for module, tree in _modules()
        for use in (*_used(module, tree), *_in_tuples(module))
    }.values()
)


def _character(kind: Any, value: Any) -> str:
    """Return a character of a class."""
    if kind is sre.LITERAL:
        return chr(value)
    if kind is sre.RANGE:
        return chr(value[0])
    if kind is sre.CATEGORY:
        return {
            sre.CATEGORY_SPACE: " ", sre.CATEGORY_DIGIT: "1", sre.CATEGORY_WORD: "w"
        }[value]  # fmt: skip
    raise AssertionError(kind)


def _one_of(members: Any) -> str:
    if members[0][0] is sre.NEGATE:
        banned = {_character(kind, value) for kind, value in members[1:]}
        return next(it for it in "axA1.-" if it not in banned)
    return _character(*members[0])


def _example(tree: Any, repeat: int = 0) -> str:
    """Return a text that a tree matches, each repetition as often as must be, or `repeat` more."""
    text, groups = "", dict[int, str]()
    for kind, value in tree:
        if kind is sre.SUBPATTERN:
            inner = _example(value[3], repeat)
            groups[value[0]] = inner
            text += inner
        elif kind in {sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT}:
            least, most, inner = value
            text += _example(inner, repeat) * min(most, least + repeat)
        elif kind is sre.BRANCH:
            text += _example(value[1][0], repeat)
        elif kind is sre.IN:
            text += _one_of(value)
        elif kind is sre.LITERAL:
            text += chr(value)
        elif kind is sre.ANY:
            text += "a"
        elif kind is sre.NOT_LITERAL:
            text += "a" if value != ord("a") else "b"
        elif kind is sre.GROUPREF:
            text += groups.get(value, "")
        elif kind is sre.ATOMIC_GROUP:
            text += _example(value, repeat)
        else:
            assert kind in {sre.AT, sre.ASSERT, sre.ASSERT_NOT}, kind
    return text


def _repeated(tree: Any) -> Iterator[str]:
    """Yield what is in a repetition without end, anywhere in a tree."""
    for kind, value in tree:
        if kind is sre.SUBPATTERN:
            yield from _repeated(value[3])
        elif kind in {sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT}:
            if value[1] > 64:
                yield from {_example(value[2]), _example(value[2], 1)}
            yield from _repeated(value[2])
        elif kind is sre.BRANCH:
            for branch in value[1]:
                yield from _repeated(branch)
        elif kind is sre.ATOMIC_GROUP:
            yield from _repeated(value)


def _attacks(pattern: re.Pattern[Any]) -> Iterator[str]:
    """Yield texts that begin like a match, go on for long, and do not end like one."""
    source = pattern.pattern
    text = source.decode("latin-1") if isinstance(source, bytes) else source
    tree = parser.parse(text, pattern.flags & ~re.UNICODE)
    units = {unit for unit in _repeated(tree) if unit}
    units |= {one + other for one, other in product(sorted(units), repeat=2) if one != other}
    examples = {_example(tree), _example(tree, 1)}
    beginnings = {it[:cut] for it in examples for cut in range(min(len(it), 24) + 1)}
    for unit, beginning in product(sorted(units), sorted(beginnings)):
        body = beginning + unit * (_LENGTH // len(unit))
        for end in _ENDS:
            yield body + end


@pytest.mark.parametrize("use", _USES, ids=lambda it: f"{it.where}-{it.name}-{it.method}")
def test_a_long_text_is_gone_through_once(use: _Use) -> None:
    """Row 223: by every regular expression, whatever they are."""
    method = getattr(use.pattern, use.method)
    is_bytes = isinstance(use.pattern.pattern, bytes)
    for number, attack in enumerate(_attacks(use.pattern)):
        if number % 7 and number > 60:
            continue  # a sample of very many
        data: Any = attack.encode("latin-1") if is_bytes else attack
        if use.method == "sub":
            method("", data)
        elif use.method == "finditer":
            assert sum(1 for _ in method(data)) <= len(data) + 1
        else:
            method(data)


def test_every_regular_expression_is_tried() -> None:
    """None is compiled where this file does not look."""
    compiled = {
        (module, name)
        for module, _ in _modules()
        for name, value in vars(importlib.import_module(module)).items()
        if isinstance(value, re.Pattern)
    }
    assert compiled <= {(use.where, use.name) for use in _USES}
    assert len(_USES) >= 20


def _search(planted: str) -> subprocess.Popen[bytes]:
    """Begin to search for a planted pattern in its own texts, in a process of its own."""
    program = (
        f"import sys; sys.path.insert(0, {str(_ROOT)!r}); import re\n"
        "from tests.properties.test_regular_expressions import _attacks\n"
        f"pattern = re.compile({planted!r})\n"
        "print('begun', flush=True)\n"
        "for attack in _attacks(pattern): pattern.search(attack)\n"
    )
    return subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)


def test_one_that_goes_back_would_not_end() -> None:
    """Planted ones are not through with their texts in seconds; a good one is."""
    planted = [r"(?:a+)+b", r"\s*=", r"x(?:a|a)*y", r"(?:\w+,?)*\Z"]
    with contextlib.ExitStack() as leaving:
        searches = {it: leaving.enter_context(_search(it)) for it in [*planted, "ab"]}
        for search in searches.values():
            _ = leaving.callback(search.kill)
            assert search.stdout is not None
            assert search.stdout.readline() == b"begun\n"
        assert searches.pop("ab").wait(60) == 0
        time.sleep(2)
        assert {it: search.poll() for it, search in searches.items()} == dict.fromkeys(planted)
