"""The page that needs no kernel: its parts, without a browser (tests/e2e opens one)."""

from __future__ import annotations

import builtins
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from environments import ROOT

from imbxai_widgets import page

nbformat = pytest.importorskip("nbformat")
pytest.importorskip("nbconvert")


@pytest.fixture
def static(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A front end of our own, so that these tests need no built one."""
    folder = tmp_path / "static"
    folder.mkdir()
    (folder / "page.js").write_text('const end = "</script><!--";')
    (folder / "page.css").write_text(".ours { color: red }")
    monkeypatch.setattr(page, "_STATIC", folder)
    return folder


def executed(*modules: str) -> Any:
    """A notebook as execution leaves it, with one widget of each module."""
    state = {str(i): {"model_module": name, "state": {}} for i, name in enumerate(modules)}
    widgets = {page._STATE: {"state": state, "version_major": 2, "version_minor": 0}}
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# Title $x$")])
    notebook.metadata["widgets"] = widgets
    return notebook


@pytest.mark.usefixtures("static")
def test_a_page_refers_to_nothing_outside() -> None:
    html = page._export(executed("@jupyter-widgets/base"), title="t")
    assert ".ours" in html
    assert "<script src" not in html
    assert "cdn" not in html.lower()
    assert "prefers-color-scheme: dark" in html


@pytest.mark.usefixtures("static")
def test_a_script_cannot_end_the_element_around_it() -> None:
    html = page._export(executed(), title="t")
    assert r'const end = "\u003C/script>\u003C!--";' in html


@pytest.mark.usefixtures("static")
def test_modules_come_from_where_python_packages_install_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "nbextensions" / "some-widget" / "index.js"
    script.parent.mkdir(parents=True)
    script.write_text("define([], () => ({}));")
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    html = page._export(executed("@jupyter-widgets/base", "some-widget"), title="t")
    assert '<script data-module="some-widget">define([], () => ({}));</script>' in html
    assert 'data-module="@jupyter-widgets/base"' not in html


@pytest.mark.usefixtures("static")
def test_a_module_that_is_not_installed_is_named() -> None:
    with pytest.raises(FileNotFoundError, match=r'"no-such-widget".*not installed'):
        page._export(executed("no-such-widget"), title="t")


def test_a_front_end_that_is_not_built_says_how(static: Path) -> None:
    (static / "page.js").unlink()
    with pytest.raises(FileNotFoundError, match="npm run build"):
        page._export(executed(), title="t")


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    real: Callable[..., Any] = builtins.__import__

    def without_nbconvert(name: str, *rest: Any) -> Any:
        if name == "nbconvert":
            raise ModuleNotFoundError("No module named 'nbconvert'", name="nbconvert")
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without_nbconvert)
    with pytest.raises(
        ModuleNotFoundError, match=r"nbconvert, which is not installed.*pip install"
    ):
        page.write_page(tmp_path / "x.ipynb", tmp_path / "x.html")


FETCHED = """
import sys
sys.path.insert(0, {tests!r})
from imbxai_widgets.explorer import explorer as module
from small_analysis import make_analysis
module.EAGER_BYTES, module.HELD_BYTES = 0, {held}
explorer = module.Explorer(make_analysis((60, 30, 12, 5)))
explorer.selected_class = "c2"
explorer
"""


@pytest.mark.parametrize(("held", "note"), [(10**8, None), (12_000, "shows [1-3] of 4 classes")])
def test_a_page_holds_what_a_kernel_would_be_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, held: int, note: str | None
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))  # the tree at hand, installed or not
    source = FETCHED.format(tests=str(ROOT / "tests"), held=held)
    path = tmp_path / "notebook.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)]), path)
    with pytest.warns(UserWarning, match=note) if note else nullcontext():
        notebook = page._execute(path)
    assert len(notebook.cells) == 1
    states = notebook.metadata["widgets"][page._STATE]["state"].values()
    [linker] = [model for model in states if "cards" in model["state"]]
    names = [card["name"] for card in linker["state"]["cards"]]
    assert names == ["c2", "c0", "c1", "c3"][: len(names)]
    assert (len(names) == 4) == (note is None)
    assert [buffer["path"] for buffer in linker["buffers"]] == [
        ["cards", number, "sprite_data"] for number in range(len(names))
    ]


def test_a_missing_notebook_ends_the_command_with_a_message(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert page.main([str(tmp_path / "no.ipynb"), "--output", str(tmp_path / "x.html")]) == 1
    assert "there is no file" in capsys.readouterr().err
