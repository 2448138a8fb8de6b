"""The pictures of the flows are drawn from what the flows do now."""

from __future__ import annotations

import importlib.util
from pathlib import Path

_SCRIPT = Path(__file__).parents[2] / "scripts" / "draw_flows.py"


def test_the_drawn_flows_are_current() -> None:
    """If this fails, run `make docs` and commit the page."""
    spec = importlib.util.spec_from_file_location("draw_flows", _SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.PAGE.read_text(encoding="utf-8") == module.page()
