"""Values made without attrs are what attrs would have made."""

# A type checker cannot know what a decorator that comes from a fixture makes of a class.
# mypy: disable-error-code="call-arg, misc, abstract, exhaustive-match"

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
import weakref
from abc import ABC, abstractmethod
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

import attrs
import pytest

from sansio_auth import _value

T = TypeVar("T")
_LIBRARIES: dict[str, Any] = {"ours": _value, "attrs": attrs}


@pytest.fixture(params=sorted(_LIBRARIES))
def lib(request: pytest.FixtureRequest) -> Any:
    """Ours, and attrs itself: whatever is said here is said of both."""
    return _LIBRARIES[request.param]


def _point(lib: Any, **options: Any) -> Any:
    @lib.frozen(**options)
    class Point:
        x: int
        y: int = 2

    return Point


def test_a_value_is_its_fields(lib: Any) -> None:
    """By place and by name, shown, compared and hashed."""
    point = _point(lib)
    assert repr(point(1)) == "Point(x=1, y=2)"
    assert point(1) == point(y=2, x=1)
    assert point(1) != point(1, 3)
    assert len({point(1), point(1, 2), point(2)}) == 2
    assert point(1) != _point(lib)(1)
    assert point(1) != (1, 2)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [((), "x"), ((1, 2, 3), "positional"), ((1, 2, 3, 4), "positional")],
)
def test_arguments_that_do_not_fit_are_refused(
    lib: Any, arguments: tuple[int, ...], told: str
) -> None:
    """With the class's name, the first time and later."""
    point = _point(lib)
    for _ in range(2):
        with pytest.raises(TypeError, match=rf"Point.__init__\(\) .*{told}"):
            point(*arguments)


def test_a_frozen_value_cannot_be_changed(lib: Any) -> None:
    """Nor can a field be taken away or put to it."""
    value = _point(lib)(1)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        value.x = 2
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        del value.x
    with pytest.raises(AttributeError):
        value.z = 2
    assert not hasattr(value, "__dict__")


def test_a_defined_one_can_be_changed_and_not_hashed(lib: Any) -> None:
    """It is compared as it is now."""

    @lib.define
    class Box:
        held: int

    box = Box(1)
    box.held = 2
    assert box == Box(2)
    with pytest.raises(TypeError, match="unhashable"):
        hash(box)
    with pytest.raises(AttributeError):
        box.other = 1  # type: ignore[attr-defined]


def test_fields_have_their_options(lib: Any) -> None:
    """Made defaults, of the value too; what is hidden, not compared, not a parameter, converted."""

    @lib.frozen
    class Full:
        name: str = lib.field(converter=str.lower)
        items: list[int] = lib.field(factory=list)
        _private: int = 5
        secret: str = lib.field(default="s", repr=False, eq=False)
        length: int = lib.field(
            init=False, default=lib.Factory(lambda self: len(self.name), takes_self=True)
        )
        kind: str = lib.field(init=False, default="kind")
        late: int = lib.field(init=False, repr=False, eq=False)

    value = Full("ABC", private=6)
    assert repr(value) == "Full(name='abc', items=[], _private=6, length=3, kind='kind')"
    assert value == Full("abc", [], 6, "another")
    assert Full("a").items is not Full("a").items
    assert not hasattr(value, "late")
    with pytest.raises(TypeError):
        Full("a", length=1)
    assert lib.evolve(value, name="FOUR").length == 4
    assert attrs.evolve(value, private=1) == Full("abc", private=1)


def test_a_value_is_checked_when_it_is_whole(lib: Any) -> None:
    """Validators in the order of the fields, then what the class adds; `evolve` checks again."""
    seen: list[tuple[str, int]] = []

    def check(value: Any, field: Any, given: int) -> None:
        assert value.b is not None
        seen.append((field.name, given))
        if given < 0:
            raise ValueError(field.name)

    @lib.frozen
    class Checked:
        a: int = lib.field(validator=check)
        b: int = lib.field(validator=check)

        def __attrs_post_init__(self) -> None:
            seen.append(("whole", self.a + self.b))

    value = Checked(1, 2)
    assert seen == [("a", 1), ("b", 2), ("whole", 3)]
    with pytest.raises(ValueError, match="b"):
        lib.evolve(value, b=-1)


def test_parameters_may_be_for_names_only(lib: Any) -> None:
    """In any order of defaults."""

    @lib.frozen(kw_only=True)
    class Named:
        a: int = 1
        b: int

    assert repr(Named(b=2)) == "Named(a=1, b=2)"
    with pytest.raises(TypeError):
        Named(1, 2)


def test_fields_are_inherited(lib: Any) -> None:
    """In their order; one that is declared again is among the last; no slot is there twice."""

    @lib.frozen
    class Base(ABC):
        a: int
        b: int = 2
        KIND: ClassVar[str] = "base"

        @abstractmethod
        def told(self) -> str:
            """Return something."""

        def __attrs_post_init__(self) -> None:
            assert self.a

    @lib.frozen
    class Sub(Base, Generic[T]):
        a: int = 7
        c: int = 3

        def told(self) -> str:
            return f"{self.KIND} {self.a}"

        def __attrs_post_init__(self) -> None:
            super().__attrs_post_init__()
            assert self.c

    class Plain(Sub[int]):
        __slots__ = ()

    assert repr(Sub()) == "Sub(b=2, a=7, c=3)"
    assert Sub().told() == "base 7"
    assert repr(Plain(1)) == "Plain(b=1, a=7, c=3)"
    assert Plain() != Sub()
    assert lib.evolve(Plain(), c=4) == Plain(c=4)
    with pytest.raises(TypeError, match="abstract"):
        Base(1)


def test_what_a_class_says_itself_is_kept(lib: Any) -> None:
    """Its own repr and comparison; and without comparison each value is itself only."""

    @lib.frozen
    class Own:
        a: int

        def __repr__(self) -> str:
            return "own"

        def __eq__(self, other: object) -> bool:
            return isinstance(other, Own)

        def __hash__(self) -> int:
            return 1

    @lib.frozen(eq=False, repr=False)
    class Bare:
        a: int

    assert (repr(Own(1)), Own(1) == Own(2), hash(Own(1))) == ("own", True, 1)
    bare = Bare(1)
    assert bare != Bare(1)
    assert len({bare, Bare(1)}) == 2
    assert "object at" in repr(bare)


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_a_value_can_be_copied_and_pickled(lib: Any, protocol: int) -> None:
    """With a hash that was computed: another process would compute another one."""
    point = _point(lib, cache_hash=True)
    point.__qualname__ = "point"
    globals()["point"] = point
    value = point(1)
    assert hash(value) == hash(value) == hash(point(1))
    for twin in (copy.copy(value), copy.deepcopy(value)):
        assert (twin, hash(twin)) == (value, hash(value))
    assert pickle.loads(pickle.dumps(value, protocol)) == value


def test_values_can_be_matched_and_referred_to_weakly(lib: Any) -> None:
    """By place, and only where there is a slot for it."""
    value: Any = _point(lib)(1)
    match value:
        case object(x=x):
            assert x == 1
    assert type(value).__match_args__ == ("x", "y")
    assert weakref.ref(value)() is value
    with pytest.raises(TypeError, match="weak"):
        weakref.ref(_point(lib, weakref_slot=False)(1))


def test_a_class_without_fields_is_one_value(lib: Any) -> None:
    """Equal to itself."""

    @lib.frozen
    class Nothing:
        pass

    assert Nothing() == Nothing()
    assert hash(Nothing()) == hash(Nothing())
    assert repr(Nothing()) == "Nothing()"


def test_threads_may_make_the_first_value_at_once() -> None:
    """Each writes the same."""
    point = _point(_value)
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(point, range(64)))
    assert made == [point(x) for x in range(64)]


def test_attrs_takes_them_for_its_own() -> None:
    """Whoever has such a value and knows attrs can go on from there."""
    point = _point(_value)
    assert attrs.has(point)
    assert attrs.asdict(point(1)) == {"x": 1, "y": 2}
    assert [field.name for field in attrs.fields(point)] == ["x", "y"]


# --- the library's own classes ----------------------------------------------------------------

_INVENTORY = Path(__file__).with_name("value_classes.py")


def _classes(made_by: str) -> list[str]:
    ran = subprocess.run(
        [sys.executable, str(_INVENTORY), made_by], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.splitlines()


def test_every_class_of_the_library_is_what_attrs_makes_of_it() -> None:
    """The same parameters, fields, slots and methods."""
    ours, theirs = _classes("ours"), _classes("attrs")
    assert len(ours) > 80
    assert ours == theirs
