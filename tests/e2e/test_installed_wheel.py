"""The built wheel, installed in a clean environment, draws the Explorer."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import nbformat
from environments import Environment
from explorer_view import ExplorerView
from playwright.sync_api import Browser
from watch import Watch

CELLS = (
    "import imbxai_widgets\nprint(imbxai_widgets.__file__)",
    "from imbxai_widgets import Explorer\n"
    "from imbxai_widgets.demo import load_demo\n"
    "model, train, validation = load_demo()\n"
    "Explorer(model, train, validation=validation, progress=False)",
)


def test_an_installed_wheel_draws_linked_widgets(
    browser: Browser, distributions: tuple[Path, Path], tmp_path: Path
) -> None:
    environment = Environment.create(tmp_path / "venv")
    environment.install("--no-deps", str(distributions[1]), cwd=tmp_path)
    environment.borrow_dependencies()
    notebook = nbformat.v4.new_notebook(  # type: ignore[no-untyped-call]
        cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS]  # type: ignore[no-untyped-call]
    )
    nbformat.write(notebook, tmp_path / "wheel.ipynb")
    written = environment.run(
        *("-m", "imbxai_widgets.page", "wheel.ipynb", "--output", "wheel.html"),
        cwd=tmp_path,
        # Where the borrowed bqplot and anywidget keep their front ends.
        JUPYTER_PATH=os.path.join(sys.prefix, "share", "jupyter"),
        PYTHONPATH="",
    )
    assert written.returncode == 0, written.stderr

    with browser.new_context(offline=True) as context:
        page = context.new_page()
        watch = Watch(page, allowed_host=None)
        page.goto((tmp_path / "wheel.html").as_uri())
        imported = page.get_by_text("imbxai_widgets/__init__.py").inner_text()
        assert Path(imported).is_relative_to(environment.site_packages)
        explorer = ExplorerView(page.locator(".imbxai-explorer"))
        explorer.pick("People")
        before = explorer.panels("People")
        explorer.pick("Plants")
        explorer.wait_for_all_changed(before)
        watch.check()
