"""What is checked before a notebook is run, and the command line."""

from __future__ import annotations

import builtins
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from imbxai_widgets.page import Limits, write, write_page
from imbxai_widgets.page.__main__ import main
from imbxai_widgets.page.export import FrontEnd

nbformat = pytest.importorskip("nbformat")
pytest.importorskip("nbconvert")


@pytest.fixture
def notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A notebook that must not be run, and a front end that is built."""

    def run_notebook(path: Path, _limits: Limits) -> Any:
        raise AssertionError(f"{path} was run")

    monkeypatch.setattr(write, "run_notebook", run_notebook)
    monkeypatch.setattr(write, "front_end_files", lambda: FrontEnd("", ""))
    path = tmp_path / "x.ipynb"
    nbformat.write(nbformat.v4.new_notebook(), path)
    return path


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch, notebook: Path) -> None:
    real: Callable[..., Any] = builtins.__import__

    def without_nbconvert(name: str, *rest: Any) -> Any:
        if name == "nbconvert":
            raise ModuleNotFoundError("No module named 'nbconvert'", name="nbconvert")
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without_nbconvert)
    with pytest.raises(
        ModuleNotFoundError, match=r"nbconvert, which is not installed.*pip install"
    ):
        write_page(notebook, notebook.with_name("x.html"))


def test_a_page_is_not_written_over_a_folder(notebook: Path, tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError, match="is a folder; name the file"):
        write_page(notebook, tmp_path)


def test_a_place_that_cannot_be_written_to_is_told_before_the_run(notebook: Path) -> None:
    with pytest.raises(OSError, match=r"x\.ipynb"):  # a file where a folder should be
        write_page(notebook, notebook / "x.html")


def test_a_missing_front_end_is_told_before_the_run(
    monkeypatch: pytest.MonkeyPatch, notebook: Path
) -> None:
    def missing() -> FrontEnd:
        raise FileNotFoundError("not built")

    monkeypatch.setattr(write, "front_end_files", missing)
    with pytest.raises(FileNotFoundError, match="not built"):
        write_page(notebook, notebook.with_name("x.html"))


def test_a_missing_notebook_ends_the_command_with_a_message(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path / "no.ipynb"), "--output", str(tmp_path / "x.html")]) == 1
    assert "there is no file" in capsys.readouterr().err


def test_the_command_passes_its_limits_on_and_states_their_defaults(
    notebook: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    given = []

    def run_notebook(_path: Path, limits: Limits) -> Any:
        given.append(limits)
        raise TimeoutError("cell 3 has not ended")

    monkeypatch.setattr(write, "run_notebook", run_notebook)
    page = notebook.with_name("x.html")
    common = [str(notebook), "--output", str(page)]
    assert main([*common, "--cell-seconds=5", "--notebook-seconds=7", "--megabytes=2"]) == 1
    assert main(common) == 1
    assert given == [Limits(cell=5, notebook=7, megabytes=2), Limits()]
    assert "cell 3 has not ended" in capsys.readouterr().err
    assert main([*common, "--cell-seconds=0"]) == 1
    assert "cell: 0.0 is not a finite number above zero" in capsys.readouterr().err
    assert not page.exists()
    with pytest.raises(SystemExit):
        main(["--help"])
    text = " ".join(capsys.readouterr().out.split())
    assert "one cell may run, in seconds (default: 1800)" in text
    assert "all cells may run, in seconds (default: 7200)" in text
    assert "of all Explorers, in MB (default: 64)" in text
