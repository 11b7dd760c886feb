"""Traits and validation of the panels, and how they find their front end."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import traitlets
from registered import WIDGETS, sample_card

from imbxai_widgets.explorer import panel as _base
from imbxai_widgets.explorer.panel import Panel, read_static
from imbxai_widgets.explorer.panels.adversaries import AdversaryChart
from imbxai_widgets.explorer.panels.archetypes import ArchetypeContent, ArchetypeStrip
from imbxai_widgets.explorer.panels.class_picker import ClassPicker
from imbxai_widgets.explorer.panels.comparison import ComparisonPanel
from imbxai_widgets.explorer.panels.detail import DetailPanel
from imbxai_widgets.explorer.panels.edits import EditsPanel
from imbxai_widgets.explorer.panels.header import ClassHeader
from imbxai_widgets.explorer.panels.overlap import OverlapTable
from imbxai_widgets.explorer.panels.overview import OverviewPanel
from imbxai_widgets.explorer.panels.review import ReviewPanel
from imbxai_widgets.explorer.panels.what_if import WhatIfPanel

PANELS = list(WIDGETS.values())
CARDS = {kind: sample_card(content) for content, kind in WIDGETS.items() if content.keys()}
JS = Path(__file__).parents[2] / "js" / "src" / "panels"


def entry(**changes: object) -> dict[str, object]:
    """One class as the picker lists it."""
    row = {"index": 0, "name": "cat", "images": 4, "accuracy": None, "change": None}
    return {**row, "archetypes": [1, 0, 0, 0], **changes}


@pytest.fixture
def static(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stand-in for the folder of the bundled front end, empty."""
    monkeypatch.setattr(_base, "STATIC", tmp_path)
    return tmp_path


def test_each_panel_is_a_file_on_either_side() -> None:
    names = {content.name for content in WIDGETS}
    assert len(names) == len(WIDGETS)
    assert {path.stem for path in JS.glob("*.ts")} == names
    for content, kind in WIDGETS.items():
        assert content.__module__ == f"imbxai_widgets.explorer.panels.{content.name}"
        assert kind._bundle == content.name


def test_no_two_panels_take_one_key_of_a_card() -> None:
    keys = [key for content in WIDGETS for key in content.keys()]  # noqa: SIM118
    assert len(set(keys)) == len(keys)
    assert not {"index", "name", "notice"} & set(keys)


@pytest.mark.parametrize("panel", PANELS)
def test_front_end_comes_from_the_bundle(panel: type[Panel], static: Path) -> None:
    (static / f"{panel._bundle}.js").write_text("export default {} // ✓", encoding="utf-8")
    (static / f"{panel._bundle}.css").write_text(".a {}", encoding="utf-8")
    state = panel().get_state()
    assert state["_esm"] == "export default {} // ✓"
    assert state["_css"] == ".a {}"


@pytest.mark.parametrize("panel", PANELS)
def test_missing_bundle_says_how_to_build_it(panel: type[Panel], static: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"npm ci && npm run build") as caught:
        panel()
    assert str(static / panel._bundle) in str(caught.value)


def test_import_needs_no_bundle() -> None:
    code = (
        "from pathlib import Path; read = Path.read_text\n"
        "def no_static(path, *a, **k):\n"
        "    assert 'static' not in path.parts, path\n"
        "    return read(path, *a, **k)\n"
        "Path.read_text = no_static\n"
        "import imbxai_widgets.explorer\n"
    )
    root = Path(_base.__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_read_static_reads_utf8(static: Path) -> None:
    (static / "x.css").write_bytes("“✕”".encode())
    assert read_static("x.css") == "“✕”"


@pytest.mark.parametrize("panel", PANELS)
def test_unknown_argument_names_the_valid_ones(panel: type[Panel]) -> None:
    with pytest.raises(TypeError, match=rf"{panel.__name__}\(\) got unknown .*'slected'") as caught:
        panel(slected=1)
    own = [name for name in panel.class_own_traits(sync=True) if not name.startswith("_")]
    assert own
    for name in [*own, "layout"]:
        assert name in str(caught.value)


@pytest.mark.parametrize("panel", PANELS)
def test_private_traits_are_not_arguments(panel: type[Panel]) -> None:
    with pytest.raises(TypeError, match="_esm"):
        panel(_esm="export default {}")


@pytest.mark.parametrize("panel", PANELS)
def test_two_of_a_kind_are_independent(panel: type[Panel]) -> None:
    first, second = panel(), panel()
    others = {
        ClassPicker: ("classes", [entry()]),
        OverviewPanel: ("overview", {"order": [0]}),
        DetailPanel: ("opened", {"kind": "image"}),
        EditsPanel: ("edits", {"training:1": {"action": "keep"}}),
        ReviewPanel: ("marked", ["training:1"]),
        WhatIfPanel: ("shifts", {"1": 0.5}),
    }
    name, value = others[panel] if panel in others else ("card", CARDS[panel])
    setattr(first, name, value)
    assert getattr(first, name) == value
    assert not getattr(second, name)


@pytest.mark.parametrize("panel", CARDS)
def test_card_may_be_empty_or_whole(panel: type[Panel]) -> None:
    assert panel().card == {}
    shown = panel(card=CARDS[panel])
    assert shown.card == CARDS[panel]
    shown.card = {}
    assert shown.card == {}


@pytest.mark.parametrize(
    ("panel", "key"), [(panel, key) for panel, card in CARDS.items() for key in card]
)
def test_card_without_a_part_is_refused(panel: type[Panel], key: str) -> None:
    lacking = {name: part for name, part in CARDS[panel].items() if name != key}
    with pytest.raises(traitlets.TraitError, match=rf"card of {panel.__name__} lacks {key};"):
        panel(card=lacking)


@pytest.mark.parametrize("panel", CARDS)
def test_card_must_be_a_dict(panel: type[Panel]) -> None:
    for wrong in (None, [], "cat"):
        with pytest.raises(traitlets.TraitError, match="card"):
            panel(card=wrong)


def test_sprite_travels_as_bytes() -> None:
    strip = ArchetypeStrip(card=sample_card(ArchetypeContent))
    assert isinstance(strip.get_state()["card"]["prototype_data"], bytes)


@pytest.mark.parametrize("key", ["index", "name", "images", "accuracy", "archetypes"])
def test_picker_refuses_a_class_without(key: str) -> None:
    lacking = entry()
    del lacking[key]
    with pytest.raises(traitlets.TraitError, match=rf"classes\[1\] lacks {key};"):
        ClassPicker(classes=[entry(), lacking])


def test_picker_wants_four_shares() -> None:
    with pytest.raises(traitlets.TraitError, match=r"4 shares .*, not 3"):
        ClassPicker(classes=[entry(archetypes=[1, 0, 0])])


def test_picker_accuracies_are_of_training_or_validation() -> None:
    assert ClassPicker().accuracy_label == "training"
    assert ClassPicker(accuracy_label="validation").accuracy_label == "validation"
    with pytest.raises(traitlets.TraitError, match="accuracy_label"):
        ClassPicker(accuracy_label="test")


@pytest.mark.parametrize(
    "make", [AdversaryChart, ClassHeader, ClassPicker, OverlapTable, OverviewPanel, ComparisonPanel]
)
def test_selected_is_a_synced_class_number(make: Callable[..., Panel]) -> None:
    panel = make(selected=3)
    assert panel.get_state()["selected"] == 3
    with pytest.raises(traitlets.TraitError, match="selected"):
        panel.selected = "cat"


def test_marked_images_are_synced_keys() -> None:
    strip = ArchetypeStrip(marked=["training:5", "validation:2"])
    assert strip.get_state()["marked"] == ["training:5", "validation:2"]
    with pytest.raises(traitlets.TraitError, match="marked"):
        strip.marked = [5]


@pytest.mark.parametrize("make", [AdversaryChart, ArchetypeStrip, ClassHeader, ComparisonPanel])
def test_a_panel_may_ask_for_images(make: Callable[..., Panel]) -> None:
    panel = make()
    assert panel.get_state()["filter"] == {}
