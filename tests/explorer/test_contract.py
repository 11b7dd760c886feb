"""What Python and TypeScript both need to know is the same on both sides."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from contract import contract
from registered import WIDGETS, empty_front_end

from imbxai_widgets.compute.methods.archetypes import ARCHETYPES
from imbxai_widgets.explorer import panel

JS = Path(__file__).parents[2] / "js" / "src"


def test_the_contract_holds_what_is_sent_of_every_panel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(panel, "STATIC", tmp_path)
    empty_front_end(tmp_path)
    written = contract()
    for content in WIDGETS:
        assert f'from "../src/panels/{content.name}"' in written
        for key in content.keys():  # noqa: SIM118
            assert f'  "{key}": ' in written
    assert '"name": "c1"' in written


def test_archetypes_have_one_name_and_a_color_of_the_theme() -> None:
    style = (JS / "parts" / "archetype_style.ts").read_text(encoding="utf-8")
    theme = (JS / "parts" / "theme.css").read_text(encoding="utf-8")
    found = re.findall(r'name: "(\w+)", color: "var\((--[\w-]+)\)"', style)
    assert found == [(name, f"--imbxai-{name}") for name in ARCHETYPES]
    for _, color in found:
        assert re.search(rf"^  {color}: oklch", theme, re.MULTILINE)
