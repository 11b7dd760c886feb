"""The page that needs no kernel: its parts, without a browser (tests/e2e opens one)."""

from __future__ import annotations

import builtins
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

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


def test_a_missing_notebook_ends_the_command_with_a_message(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert page.main([str(tmp_path / "no.ipynb"), "--output", str(tmp_path / "x.html")]) == 1
    assert "there is no file" in capsys.readouterr().err
