"""What is displayed beside the widgets, wherever an Explorer is shown, and Colab's manager."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import ModuleType

import pytest
from kernel import Kernel, kernel
from small_analysis import make_analysis

from imbxai_widgets import Explorer

VIEW = "application/vnd.jupyter.widget-view+json"
SETUP = """
import ipywidgets
from IPython.display import display, update_display
from dataclasses import replace
from imbxai_widgets import Explorer
from small_analysis import make_analysis

analysis = replace(make_analysis((9, 9)), class_names=("<b>bold</b>", "plain"))
explorer, other = Explorer(analysis), Explorer(analysis)
explorer.selected_class = "<b>bold</b>"
"""


@pytest.fixture(scope="module")
def notebook() -> Iterator[Kernel]:
    with kernel() as started:
        started.run(SETUP)
        yield started


def model_of(output: dict[str, object]) -> str:
    data = output["data"]
    assert isinstance(data, dict)
    return str(data[VIEW]["model_id"])


@pytest.mark.parametrize("cell", ["print('first')\nexplorer", "print('first'); display(explorer)"])
def test_a_cell_ends_in_a_line_for_pages_without_widgets(notebook: Kernel, cell: str) -> None:
    said, shown, line = notebook.run(cell)
    assert said["text"] == "first\n"
    assert shown["data"].keys() == {VIEW, "text/plain"}
    assert shown["data"]["text/plain"] == notebook.value("repr(explorer)")
    assert model_of(shown) == notebook.value("explorer.model_id")
    assert line["data"].keys() == {"text/html"}
    session = notebook.value("explorer._linker.session")
    assert line["data"]["text/html"].endswith(
        f'<p class="imbxai-left-behind mathjax_ignore" data-session="{session}">'
        "Explorer of 18 training images in 2 classes, opened at the class &lt;b&gt;bold&lt;/b&gt;. "
        "Where no panels are shown, run this cell again to see them, or make a page of the "
        "notebook that shows them without a kernel: "
        "python -m imbxai_widgets.page NOTEBOOK --output PAGE</p>"
    )


def test_a_cell_that_shows_none_has_no_line(notebook: Kernel) -> None:
    notebook.run("explorer")
    assert [output["data"] for output in notebook.run("1 + 1")] == [{"text/plain": "2"}]


def test_an_output_widget_takes_it_as_data(notebook: Kernel) -> None:
    (line,) = notebook.run("out = ipywidgets.Output(); out.append_display_data(explorer)")
    assert "imbxai-left-behind" in line["data"]["text/html"]
    (shown,) = notebook.value("out.outputs")
    assert model_of(shown) == notebook.value("explorer.model_id")


def test_a_display_with_an_id_is_updated(notebook: Kernel) -> None:
    first, _ = notebook.run("display(explorer, display_id='place');")
    second, _ = notebook.run("update_display(other, display_id='place');")
    assert first["transient"] == second["transient"] == {"display_id": "place"}
    assert model_of(first) == notebook.value("explorer.model_id")
    assert model_of(second) == notebook.value("other.model_id")


def test_a_callback_leaves_no_line(notebook: Kernel) -> None:
    notebook.run("slider = ipywidgets.IntSlider()")
    notebook.run("slider.observe(lambda _: display(explorer), 'value')")
    (shown,) = notebook.click(notebook.value("slider.model_id"), {"value": 1})
    assert VIEW in shown["data"]
    assert [output["data"] for output in notebook.run("1 + 1")] == [{"text/plain": "2"}]


def test_outside_a_notebook_it_is_a_word() -> None:
    explorer = Explorer(make_analysis((9, 9)))
    assert explorer._repr_mimebundle_()["text/plain"] == repr(explorer)


def test_in_colab_its_manager_of_widgets_is_switched_on(monkeypatch: pytest.MonkeyPatch) -> None:
    switched = []
    colab, output = ModuleType("google.colab"), ModuleType("google.colab.output")
    monkeypatch.setattr(
        output, "enable_custom_widget_manager", lambda: switched.append("on"), raising=False
    )
    explorer = Explorer(make_analysis((9, 9)))
    explorer._repr_mimebundle_()
    assert switched == []
    for module in (ModuleType("google"), colab, output):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    explorer._repr_mimebundle_()
    assert switched == ["on"]
