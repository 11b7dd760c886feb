"""What an Explorer holds, and when it lets go of it: by weak references and by memory."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest
from ipywidgets.widgets.widget import _instances
from kernel import Kernel, kernel
from small_analysis import make_analysis

from imbxai_widgets import Explorer

SETUP = """
import gc, weakref
import ipywidgets
from IPython.display import display
from ipywidgets.widgets.widget import _instances
from imbxai_widgets import Explorer
from imbxai_widgets.explorer import lifetime
from small_analysis import make_analysis

lifetime._kept.clear()
ipywidgets.Widget.close_all()
explorers, analyses = [], []

def make():
    made = Explorer(make_analysis((9, 9), image_shape=(8, 8)))
    explorers.append(weakref.ref(made))
    analyses.append(weakref.ref(made.analysis))
    return made

def alive(refs):
    gc.collect()
    return [number for number, ref in enumerate(refs) if ref() is not None]

def open_ones():
    gc.collect()
    return [number for number, ref in enumerate(explorers) if ref() and ref().comm]
"""


@pytest.fixture(scope="module")
def running() -> Iterator[Kernel]:
    with kernel() as started:
        yield started


@pytest.fixture
def notebook(running: Kernel) -> Kernel:
    """A kernel in which no Explorer is left."""
    running.run("%reset -f")
    running.run(SETUP)
    return running


@pytest.fixture
def no_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_collector")
def test_an_explorer_ends_at_once_when_nothing_refers_to_it() -> None:
    before = set(_instances)
    explorer = Explorer(make_analysis((9, 9), image_shape=(8, 8)))
    made = set(_instances) - before
    assert len(made) > 50
    own, analysis = weakref.ref(explorer), weakref.ref(explorer.analysis)
    panels = [weakref.ref(_instances[key]) for key in made - {explorer.model_id}]
    del explorer
    assert own() is None
    assert analysis() is None
    assert set(_instances) == before
    gc.collect()
    assert [panel() for panel in panels if panel() is not None] == []


@pytest.mark.usefixtures("no_collector")
def test_closing_frees_widgets_and_analysis() -> None:
    before = set(_instances)
    explorer = Explorer(make_analysis((9, 9)))
    analysis = weakref.ref(explorer.analysis)
    explorer.close()
    assert set(_instances) == before
    assert analysis() is None
    assert repr(explorer) == "Explorer(closed)"
    for use in (
        lambda: explorer.analysis,
        explorer.as_anywidget,
        lambda: explorer.comparison,
        lambda: explorer.selection,
        lambda: explorer.hold_cards(),
        lambda: setattr(explorer, "selected_class", "c1"),
    ):
        with pytest.raises(RuntimeError, match=r"closed: make another .* Explorer\(analysis\)"):
            use()
    explorer.close()


def test_the_analysis_of_others_outlives_a_closed_explorer() -> None:
    analysis = make_analysis((9, 9))
    one, other = Explorer(analysis), Explorer(analysis)
    one.close()
    assert other.analysis.classes()["images"].tolist() == [9, 9]
    other.selected_class = "c1"
    assert other._linker.selected == 1


def test_displaying_in_one_cell_keeps_the_last_alone(notebook: Kernel) -> None:
    count = []
    for _ in range(10):
        notebook.run("explorer = make(); display(explorer)", "a")
        count.append(notebook.value("len(_instances)"))
    assert set(count) == {count[0]}
    assert notebook.value("alive(explorers)") == [9]
    assert notebook.value("alive(analyses)") == [9]


def test_what_a_cell_displays_lives_until_that_cell_displays_another(notebook: Kernel) -> None:
    for cell in ("a", "b"):
        notebook.run("display(make())", cell)
    notebook.run("display(make()); display(make())", "c")
    assert notebook.value("open_ones()") == [0, 1, 2, 3]
    notebook.run("display(make())", "a")
    assert notebook.value("open_ones()") == [1, 2, 3, 4]
    notebook.run("1 + 1", "d", deletedCells=["b"])
    notebook.run("display(make())", "c", deletedCells=["b"])
    assert notebook.value("open_ones()") == [4, 5]


def test_displayed_again_by_its_cell_it_lives_on(notebook: Kernel) -> None:
    notebook.run("explorer = make()", "a")
    for _ in range(2):
        notebook.run("explorer", "b")
    notebook.run("%reset_selective -f ^explorer$|^_", "c")
    assert notebook.value("open_ones()") == [0]


def test_out_holds_an_analysis_without_widgets(notebook: Kernel) -> None:
    count = []
    for _ in range(4):
        notebook.run("explorer = make()\nexplorer", "a")
        count.append(notebook.value("len(_instances)"))
    assert set(count) == {count[0]}
    assert notebook.value("open_ones()") == [3]
    assert notebook.value("alive(analyses)") == [0, 1, 2, 3]
    notebook.run("first = explorers[0]()")
    assert notebook.value("repr(first) == f'Explorer({first.analysis!r}, closed)'")
    assert notebook.value("first.analysis.classes()['images'].tolist()") == [9, 9]
    assert notebook.run("first", "b")[0]["data"].keys() == {"text/plain"}


@pytest.mark.parametrize(
    ("holder", "open_ones"),
    [("made", [0, 1]), ("[made]", [0, 1]), ("lambda made=made: 0", [0, 1]), ("made.children", [1])],
)
def test_what_a_variable_holds_stays_open(
    notebook: Kernel, holder: str, open_ones: list[int]
) -> None:
    notebook.run(f"made = make()\nheld = {holder}\nmade", "a")
    notebook.run("made = make()\nmade", "a")
    assert notebook.value("open_ones()") == open_ones


def test_where_no_cell_is_told_what_is_on_a_page_lives(notebook: Kernel) -> None:
    notebook.run("display(make())")
    first = notebook.value("explorers[0]().model_id")
    notebook.run("display(make())")  # the same cell again, or another of the same words
    assert notebook.value("open_ones()") == [0, 1]
    for views in (1, 2, 1, 0):
        notebook.click(first, {"_view_count": views})
    notebook.run("display(make())")
    assert notebook.value("open_ones()") == [1, 2]


def test_colab_tells_the_cell_in_its_own_way(notebook: Kernel) -> None:
    for _ in range(2):
        notebook.run("display(make())", colab={"cell_id": "abc"})
    assert notebook.value("open_ones()") == [1]


def test_what_a_callback_displays_lives_while_it_is_on_a_page(notebook: Kernel) -> None:
    notebook.run(
        "slider = ipywidgets.IntSlider()\nslider.observe(lambda _: display(make()), 'value')"
    )
    slider = notebook.value("slider.model_id")
    for value in (1, 2):
        (shown,) = notebook.click(slider, {"value": value})
        assert "application/vnd.jupyter.widget-view+json" in shown["data"]
    first = notebook.value("explorers[0]().model_id")
    for views in (1, 0):
        notebook.click(first, {"_view_count": views})
    assert notebook.value("open_ones()") == [0, 1]  # its page may be opened again
    notebook.click(slider, {"value": 3})
    assert notebook.value("open_ones()") == [1, 2]


# Arrays of 6,000 images by 2,048 features, 49 MB, shown again and again by one cell. Neighbors are
# found once: the time is theirs.
LARGE = """
import resource
import numpy as np
from dataclasses import replace
from imbxai_widgets import Analysis

labels = np.arange(6000) % 10
embeddings = np.random.default_rng(0).normal(size=(6000, 2048)).astype(np.float32)
first = Analysis.from_arrays(embeddings, labels, np.eye(10, dtype=np.float32)[labels])

def megabytes():
    gc.collect()
    return int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize() / 1e6
"""
AGAIN = """
train = replace(first.train, embeddings=first.embeddings.copy())
explorer = Explorer(replace(first, train=train))
display(explorer)
"""


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="only Linux tells the size so")
def test_a_process_that_runs_a_cell_again_does_not_grow(notebook: Kernel) -> None:
    notebook.run(LARGE)
    sizes = []
    for _ in range(3):
        notebook.run(AGAIN, "large")
        sizes.append(notebook.value("megabytes()"))
    # The first run fills what libraries keep; each analysis that is kept adds 49 MB or more.
    assert sizes[2] - sizes[1] < 40, sizes
