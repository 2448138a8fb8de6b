"""What `make mutants` and `make own` go by: whose tests are whose, and what the page explains."""

from __future__ import annotations

from scripts.mutants import Score, explained, total
from scripts.own_tests import CORE, ROOT, modules, own_tests, within_root

_PAGE = """# Title

Words.

## `sansio_auth/_x.py`

### `one`

```diff
- a = 1
+ a = 2
```

```diff
- if b:
-     c()
```

Why both.

### `Two.method`

```diff
- d
+ e
```

## `sansio_auth/_y.py`

### `three`

```diff
- f
+ g
```

Why.
"""


def test_every_module_of_the_core_has_tests_of_its_own() -> None:
    """By name; `make own` runs each of them alone."""
    assert len(modules()) > 50
    assert [within_root(it) for it in modules() if not own_tests(it)] == []


def test_a_modules_tests_are_named_after_it() -> None:
    """And a module of a package is not taken for one of the same name outside."""
    for module, tests in (
        ("_claims.py", "test_claims.py"),
        ("_steps/region.py", "steps/test_region.py"),
        ("_region.py", "test_region.py"),
        ("__init__.py", "test_package.py"),
    ):
        assert [within_root(it) for it in own_tests(CORE / module)] == [f"tests/core/{tests}"]


def test_a_package_without_a_folder_of_tests_is_one_subject() -> None:
    """The tests named after it and after its modules are those of all of them."""
    rows, single = (own_tests(CORE / "partition" / name) for name in ("rows.py", "single.py"))
    assert rows == single
    assert {"test_partition.py", "test_single.py"} <= {path.name for path in rows}


def test_an_explanation_is_a_change_with_a_reason() -> None:
    """Of its module and function; several changes may share one, and one without has none."""
    assert [*explained(_PAGE)] == [
        ("sansio_auth/_x.py", "one", ("- a = 1", "+ a = 2")),
        ("sansio_auth/_x.py", "one", ("- if b:", "- c()")),
        ("sansio_auth/_y.py", "three", ("- f", "+ g")),
    ]


def test_every_explanation_of_the_page_is_of_a_function_that_is_there() -> None:
    """By its name, in the module under which it stands."""
    page = (ROOT / "docs" / "explanation" / "mutants.md").read_text(encoding="utf-8")
    found = [*explained(page)]
    assert len(found) == page.count("```diff")
    for module, function, _ in found:
        name = function.rpartition(".")[2]
        assert f"def {name}(" in (ROOT / module).read_text(encoding="utf-8")


def test_a_score_is_what_was_killed_of_a_hundred() -> None:
    """Of all modules together by their mutants, not by their percentages."""
    scores = [Score("a", 9, 10, (("a", "f", ()),)), Score("b", 90, 90, ())]
    assert total(scores) == Score("all", 99, 100, (("a", "f", ()),))
    assert (total(scores).percent, Score("c", 0, 0, ()).percent) == (99.0, 100.0)
    assert scores[0].row() == "| `a` | 9 | 10 | 90.0 % |\n"
