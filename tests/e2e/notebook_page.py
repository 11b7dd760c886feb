"""One notebook, open in JupyterLab: run its cells, ask its kernel, switch its theme."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat
from lab import Lab
from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import Page, TimeoutError
from watch import Watch

# Generous: they only decide when a broken test gives up, on a machine that is busy elsewhere.
OPEN_MS = 120_000
RUN_MS = 300_000
ANSWER_MS = 60_000
REST_MS = 5_000  # whose end costs a page that is loaded anew, no test
# Between two looks at what is waited for; to look at every frame keeps a core busy with drawing.
LOOK_MS = 50

_SESSION = "window.jupyterapp?.shell.currentWidget?.sessionContext"

_READY = f"""() => {{
  const session = {_SESSION};
  const kernel = session?.session?.kernel;
  return session?.isReady && kernel?.connectionStatus === "connected" && kernel.status === "idle";
}}"""

# Null while cells run; then the traceback of the cell that failed, or "".
_OUTCOME = f"""() => {{
  const cells = [...window.jupyterapp.shell.currentWidget.content.model.cells]
    .filter((cell) => cell.type === "code")
    .map((cell) => cell.toJSON());
  for (const output of cells.flatMap((cell) => cell.outputs)) {{
    if (output.output_type === "error") return {{ error: output.traceback.join("\\n") }};
  }}
  const idle = {_SESSION}.session.kernel.status === "idle";
  return idle && cells.every((cell) => cell.execution_count !== null) ? {{ error: "" }} : null;
}}"""

_ASK = f"""(code) => {{
  window.imbxaiAnswer = null;
  let printed = "";
  const future = {_SESSION}.session.kernel.requestExecute({{ code, store_history: false }});
  future.onIOPub = ({{ header, content }}) => {{
    if (header.msg_type === "stream" && content.name === "stdout") printed += content.text;
  }};
  future.done.then(({{ content }}) => {{
    window.imbxaiAnswer = {{ printed, error: (content.traceback ?? []).join("\\n") }};
  }});
}}"""


# Nothing runs or asks: JupyterLab can go on without this notebook.
_AT_REST = f"""() => {{
  const kernel = {_SESSION}?.session?.kernel;
  return kernel?.connectionStatus === "connected" && kernel.status === "idle"
    && !document.querySelector(".jp-Dialog, #jupyterlab-splash");
}}"""

# Whether JupyterLab is loaded and shows no document; where there is none, it shows its launcher.
_EMPTY = "() => Boolean(window.jupyterapp) && !window.jupyterapp.shell.currentWidget?.context"

_OPEN = "(path) => { window.jupyterapp.commands.execute('docmanager:open', { path }) }"

# Started, not awaited: the page is asked for the end.
_DO = """() => {
  window.imbxaiDone = false;
  window.jupyterapp.shell.currentWidget.TASK.then(() => { window.imbxaiDone = true; });
}"""


class NotebookPage:
    """A notebook in one page of the browser."""

    def __init__(self, page: Page, lab: Lab, watch: Watch, *, beside_files: bool = False) -> None:
        self.page = page
        self.watch = watch
        self.lab = lab
        self._beside_files = beside_files

    def open(self, name: str, cells: list[str]) -> None:
        """Write a notebook of these code cells, open it and run it to its end.

        A notebook of the same name keeps its kernel, and so what its cells have computed.
        """
        notebook = new_notebook(
            cells=[new_code_cell(source) for source in cells],
            # Without it, JupyterLab asks in a dialog.
            metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
        )
        nbformat.write(notebook, self.lab.folder / name)
        if self.page.evaluate(_EMPTY):
            self.page.evaluate(_OPEN, name)
            self.wait_until_ready()
        else:
            self._goto(name)
        # Started, not awaited: the wait below has an outer limit, the command would have none.
        self.page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-all-cells') }")
        outcome = self.page.wait_for_function(_OUTCOME, timeout=RUN_MS, polling=LOOK_MS)
        _raise(outcome.json_value())

    def _goto(self, name: str) -> None:
        address = self.lab.page(name, beside_files=self._beside_files)
        self.page.goto(address, timeout=OPEN_MS)
        self.wait_until_ready()

    def reopen_without_kernel(self, name: str) -> None:
        """Save the notebook, end its kernel and load the page anew; run nothing."""
        self.close()
        self._goto(name)

    def close(self) -> None:
        """Save the notebook, end its kernel and leave its page."""
        for task in ("context.save()", "sessionContext.shutdown()"):
            self.page.evaluate(_DO.replace("TASK", task))
            self.page.wait_for_function("() => window.imbxaiDone", timeout=OPEN_MS, polling=LOOK_MS)
        self.page.goto("about:blank")

    def close_widgets(self) -> None:
        """Close all widgets of the kernel: another page of this notebook would restore them."""
        self.run("import ipywidgets\nipywidgets.Widget.close_all()")

    def leave(self) -> bool:
        """Shut the notebook unsaved, its kernel goes on; return whether the page serves another."""
        try:
            self.page.wait_for_function(_AT_REST, timeout=REST_MS, polling=LOOK_MS)
        except TimeoutError:
            return False
        self.page.mouse.move(0, 0)  # or it points at something of the next notebook
        self.page.evaluate("() => { window.jupyterapp.shell.currentWidget.dispose() }")
        return bool(self.page.evaluate(_EMPTY))

    def wait_until_ready(self) -> None:
        """Wait until the notebook is open and its kernel idle."""
        self.page.wait_for_function(_READY, timeout=OPEN_MS, polling=LOOK_MS)

    def run(self, code: str) -> str:
        """Run code in the kernel, beside the cells; return what it printed."""
        self.page.evaluate(_ASK, code)
        given = "() => window.imbxaiAnswer"
        answer = self.page.wait_for_function(given, timeout=ANSWER_MS, polling=LOOK_MS)
        outcome = answer.json_value()
        _raise(outcome)
        return str(outcome["printed"])

    def value(self, expression: str) -> Any:
        """Return the value of an expression in the kernel, as JSON carries it."""
        return json.loads(self.run(f"import json\nprint(json.dumps({expression}))"))

    def wait_for_value(self, expression: str, expected: object) -> None:
        """Ask the kernel until an expression has a value; each question is a round trip."""
        deadline = time.monotonic() + ANSWER_MS / 1000
        while (found := self.value(expression)) != expected:
            assert time.monotonic() < deadline, f"{expression}: {found!r}, expected {expected!r}"

    @contextmanager
    def dark(self, name: str = "JupyterLab Dark") -> Iterator[None]:
        """Switch JupyterLab to a dark theme, and back at the end."""
        self._theme(name, light="false")
        try:
            yield
        finally:
            self._theme("JupyterLab Light", light="true")

    def _theme(self, name: str, light: str) -> None:
        self.page.evaluate(
            "(theme) => { window.jupyterapp.commands.execute('apputils:change-theme', { theme }) }",
            name,
        )
        self.page.wait_for_function(
            "(light) => document.body.dataset.jpThemeLight === light", arg=light, timeout=OPEN_MS
        )
        # JupyterLab's splash goes a second later. One that another theme puts up before is the same
        # element, which is then taken away twice: an error that is none of ours.
        gone = "() => !document.getElementById('jupyterlab-splash')"
        self.page.wait_for_function(gone, timeout=OPEN_MS, polling=LOOK_MS)


def _raise(outcome: dict[str, str]) -> None:
    traceback = re.sub(r"\x1b\[[0-9;]*m", "", outcome["error"])  # IPython's colors
    assert not traceback, traceback


def screenshot(page: Page, name: str, selector: str) -> Path:
    """Keep a picture of the first such element under artifacts/screenshots/, all of it."""
    path = Path(__file__).parents[2] / "artifacts" / "screenshots" / f"{name}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    element, before = page.locator(selector).first, page.viewport_size
    box = element.bounding_box()
    assert box, f"{selector} is not shown"
    assert before
    # JupyterLab scrolls within the page: only a page as high as the element shows all of it.
    page.set_viewport_size({"width": before["width"], "height": int(box["height"]) + 300})
    element.scroll_into_view_if_needed()
    element.screenshot(path=path, timeout=ANSWER_MS)
    page.set_viewport_size(before)
    return path
