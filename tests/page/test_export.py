"""The page of a notebook that has been run: its parts, without a browser (tests/e2e opens one)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from imbxai_widgets.page import export as module
from imbxai_widgets.page.export import FrontEnd, export, front_end_files

nbformat = pytest.importorskip("nbformat")
pytest.importorskip("nbconvert")

OWN = FrontEnd(script='const end = "</script><!--";', style=".ours { color: red }")
LEFT_BEHIND = '<p class="imbxai-left-behind">Explorer of 4 images</p>'


def widget(module_name: str, **state: Any) -> dict[str, Any]:
    return {"model_module": module_name, "state": state}


def executed(*models: dict[str, Any], outputs: tuple[Any, ...] = ()) -> Any:
    """A notebook as execution leaves it, with these widgets, numbered from 0."""
    cells = [
        nbformat.v4.new_markdown_cell("# Title $x$"),
        nbformat.v4.new_code_cell("1 + 1", outputs=list(outputs)),
    ]
    notebook = nbformat.v4.new_notebook(cells=cells)
    state = {str(number): model for number, model in enumerate(models)}
    notebook.metadata["widgets"] = {
        module._STATE: {"state": state, "version_major": 2, "version_minor": 0}
    }
    return notebook


def display(**data: str) -> Any:
    mime = {name.replace("_", "/"): text for name, text in data.items()}
    return nbformat.v4.new_output("display_data", data=mime)


def test_a_page_refers_to_nothing_outside() -> None:
    html = export(executed(widget("@jupyter-widgets/base")), title="t", own=OWN)
    assert ".ours" in html
    assert "<script src" not in html
    assert "cdn" not in html.lower()
    assert "prefers-color-scheme: dark" in html


def test_a_script_cannot_end_the_element_around_it() -> None:
    html = export(executed(), title="t", own=OWN)
    assert r'const end = "\u003C/script>\u003C!--";' in html


def test_modules_come_from_where_python_packages_install_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "nbextensions" / "some-widget" / "index.js"
    script.parent.mkdir(parents=True)
    script.write_text("define([], () => ({}));")
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    notebook = executed(widget("@jupyter-widgets/base"), widget("some-widget"))
    html = export(notebook, title="t", own=OWN)
    assert '<script data-module="some-widget">define([], () => ({}));</script>' in html
    assert 'data-module="@jupyter-widgets/base"' not in html


def test_a_front_end_that_is_not_installed_is_told_and_left_out() -> None:
    with pytest.warns(UserWarning, match="line in place of each widget of no-such-widget: the"):
        html = export(executed(widget("no-such-widget")), title="t", own=OWN)
    assert "data-module" not in html
    assert '"model_module": "no-such-widget"' in html


def test_what_an_output_widget_holds_is_drawn_once_as_that_of_a_cell() -> None:
    held = [
        {"output_type": "stream", "name": "stdout", "text": "ready <b>"},
        {"output_type": "display_data", "data": {"text/html": "<i>here</i>"}, "metadata": {}},
        {"output_type": "display_data", "data": {"text/html": LEFT_BEHIND}, "metadata": {}},
    ]
    notebook = executed(widget("@jupyter-widgets/output", outputs=held, msg_id=""))
    html = export(notebook, title="t", own=OWN)
    _, _, template = html.partition('<template data-output-widget="0">')
    template, _, rest = template.partition("</template>")
    assert "ready &lt;b&gt;" in template
    assert "<i>here</i>" in template
    assert "imbxai-left-behind" not in html
    assert '"outputs": []' in rest
    assert "ready" not in rest
    assert len(notebook.cells) == 2
    assert notebook.metadata["widgets"][module._STATE]["state"]["0"]["state"]["outputs"] == held


def test_what_is_left_behind_for_notebooks_is_not_on_a_page() -> None:
    outputs = (display(text_html="<i>mine</i>"), display(text_html=LEFT_BEHIND))
    html = export(executed(outputs=outputs), title="t", own=OWN)
    assert "<i>mine</i>" in html
    assert "imbxai-left-behind" not in html


def test_a_front_end_that_is_not_built_says_how(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_STATIC", tmp_path)
    with pytest.raises(FileNotFoundError, match="npm run build"):
        front_end_files()
    (tmp_path / "page.js").write_text("1;")
    (tmp_path / "page.css").write_text("p {}")
    assert front_end_files() == FrontEnd("1;", "p {}")
