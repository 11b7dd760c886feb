"""Which folder may import which: nothing upward, nothing in a circle, and no widgets below."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from importlib import import_module
from pathlib import Path

import pytest

import imbxai_widgets

ROOT = Path(imbxai_widgets.__file__).parent
PACKAGE = ROOT.name
COMPUTE = {
    f"compute.{room}"
    for room in ("colors", "diagnosis", "methods", "neighbors", "numeric", "reading", "remedies")
}

# From the ground up: each room, and the rooms that it may import.
ROOMS: dict[str, set[str]] = {
    "version": set(),
    "files": set(),
    "names": set(),
    "compute.numeric": set(),
    "compute.colors": {"compute.numeric"},
    "compute.neighbors": {"compute.numeric"},
    "compute.methods": {"compute.numeric"},
    "compute.remedies": {"compute.numeric", "compute.methods"},
    "compute.diagnosis": {
        "compute.numeric",
        "compute.methods",
        "compute.neighbors",
        "compute.remedies",
    },
    "compute.reading": {"compute.numeric"},
    "compute.embedding": {
        "compute.numeric",
        "compute.colors",
        "compute.reading",
        "files",
        "version",
    },
    "presentation": {"compute.methods"},
    "edits": {"compute.numeric", "compute.reading", "datasets", "files"},
    "analysis": {*COMPUTE, "compute.embedding", "datasets", "edits", "files"},
    "pipeline": {*COMPUTE, "compute.embedding", "analysis"},
    "figures": {"compute.methods", "compute.numeric", "analysis", "names", "presentation"},
    # Its panels read the deck of the explorer, which finds them in their registry.
    "explorer": {
        *COMPUTE,
        "compute.embedding",
        "analysis",
        "edits",
        "names",
        "pipeline",
        "presentation",
    },
    "datasets": {"compute.numeric", "compute.reading"},
    "training": {
        "compute.numeric",
        "compute.methods",
        "compute.embedding",
        "datasets",
        "files",
    },
    "remedies": {"compute.remedies"},
    "demo": {"compute.numeric", "training"},
    "page": {"files"},
    "__init__": {"version", "analysis", "compute.embedding", "edits", "explorer", "pipeline"},
}
WIDGETS = {"ipywidgets", "anywidget", "bqplot", "traitlets", "IPython"}
MODULES = {
    ".".join(path.relative_to(ROOT.parent).with_suffix("").parts): path
    for path in sorted(ROOT.rglob("*.py"))
}


def room_of(module: str) -> str:
    """Return the room of a module, such as ``compute.colors`` or ``pipeline``."""
    _, *parts = module.split(".")
    return ".".join(parts[: 2 if parts[0] == "compute" else 1])


def imported(path: Path) -> Iterator[tuple[str, str]]:
    """Yield the modules that a file imports, wherever it does, with the name taken of each."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            for alias in node.names:
                yield node.module or "", alias.name
        elif isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, ""


def home(module: str, name: str) -> str | None:
    """Return the module of the package that an import leads to; None for other packages."""
    for found in (f"{module}.{name}", module, f"{module}.__init__"):
        if found in MODULES:
            return found
    return None


IMPORTS = {
    module: {found for each in imported(path) if (found := home(*each)) is not None}
    for module, path in MODULES.items()
}


@pytest.mark.parametrize("module", [m for m in MODULES if m != f"{PACKAGE}.compute.__init__"])
def test_every_room_imports_only_those_below(module: str) -> None:
    room = room_of(module)
    found = {room_of(other) for other in IMPORTS[module]} - {room}
    assert found <= ROOMS[room]


def test_rooms_stand_above_one_another() -> None:
    order = list(TopologicalSorter(ROOMS).static_order())  # raises on a circle
    assert order.index("compute.numeric") < order.index("analysis") < order.index("explorer")


def test_no_circle_is_hidden_inside_functions() -> None:
    for module in TopologicalSorter(IMPORTS).static_order():
        assert module in MODULES


def test_private_modules_serve_their_own_folder_alone() -> None:
    for module, others in IMPORTS.items():
        for other in others:
            if other.rpartition(".")[2].startswith("_") and not other.endswith("__init__"):
                assert MODULES[module].parent == MODULES[other].parent, f"{module}: {other}"


@pytest.mark.parametrize("module", [m for m in MODULES if m.endswith("__init__")])
def test_a_folder_lists_what_is_public_and_nothing_else(module: str) -> None:
    public = import_module(module.removesuffix(".__init__"))
    taken = {name for found, name in imported(MODULES[module]) if found.startswith(PACKAGE)}
    listed = set(getattr(public, "__all__", ()))
    if module.endswith("panels.__init__"):  # which takes the panels in and hands on their list
        taken = {"PANELS"}
    assert listed == taken
    for name in listed:
        assert getattr(public, name) is not None


def test_computation_knows_no_widgets_and_no_tables() -> None:
    for module, path in MODULES.items():
        tops = {found.partition(".")[0] for found, _ in imported(path)}
        room = room_of(module)
        if room != "explorer":
            assert not tops & WIDGETS, module
        if room.startswith("compute") and not module.endswith("embedding.fingerprint"):
            assert "pandas" not in tops, module  # fingerprints know datasets that hold tables


@pytest.mark.parametrize(
    ("path", "names"),
    {
        "imbxai_widgets": "Explorer analyze Analysis compare Edits RayImages",
        "imbxai_widgets.compute.neighbors": "nearest_neighbors",
        "imbxai_widgets.compute.methods": "assign_archetypes adversary_votes error_matrix "
        "top_features overlap_matrix medoid medoids",
        "imbxai_widgets.compute.colors": "assign_bins",
        "imbxai_widgets.remedies": "LogitAdjustment TauNormalization ClassifierRetraining "
        "NearestClassMean DropSuspects ApplyEdits Reweight Resample Threshold Temperature "
        "LogitOffset",
        "imbxai_widgets.datasets": "class_counts imbalance_ratio labels_of long_tailed",
        "imbxai_widgets.demo": "CLASSES load_demo load_images",
    }.items(),
)
def test_what_others_rely_on_is_where_it_was(path: str, names: str) -> None:
    module = import_module(path)
    for name in names.split():
        assert callable(getattr(module, name)) or name.isupper()
