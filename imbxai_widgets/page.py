"""One HTML page of a notebook whose widgets stay linked without a kernel and without a network.

::

    python -m imbxai_widgets.page notebooks/01_quickstart.ipynb --output quickstart.html

executes the notebook and writes a single file that holds the outputs, the state of the widgets
and the front ends that draw them, so that a click in one panel still changes all others. What
each Explorer shows of its classes is put into that state, up to 64 MB; a click on "more" images
ends with what the page holds. Mathematics in the prose is not typeset, since MathJax would come
from a network.
"""

from __future__ import annotations

import argparse
import re
import sys
import warnings
from pathlib import Path
from typing import Any

from imbxai_widgets.files import replacing

_STATE = "application/vnd.jupyter.widget-state+json"
_STATIC = Path(__file__).parent / "static"
# Run behind the notebook's own cells; what it prints is told to whoever writes the page.
_HOLD = """import sys
if "imbxai_widgets.explorer" in sys.modules:
    print(*sys.modules["imbxai_widgets.explorer.explorer"].hold_all_cards(), sep="; ", end="")"""
_BUNDLED = frozenset({"@jupyter-widgets/base", "@jupyter-widgets/controls"})

# nbconvert's page, less every script it would fetch, plus our own script and widget modules.
_TEMPLATE = """
{%- extends 'index.html.j2' -%}
{%- block html_head_js -%}{%- endblock -%}
{%- block jupyter_widgets -%}{%- endblock -%}
{%- block html_head_js_mathjax -%}{%- endblock -%}
{%- block html_head_js_mermaidjs -%}{%- endblock -%}
{%- block html_head_css -%}
<style>
@media (prefers-color-scheme: dark) {
{{ resources.include_css("static/theme-dark.css") | replace("<style type=\\"text/css\\">", "")
   | replace("</style>", "") }}
}
</style>
<style>{{ resources.page.style }}</style>
{%- endblock -%}
{%- block body_footer -%}
</main>
<script>{{ resources.page.script }}</script>
{% for name, script in resources.page.modules.items() -%}
<script data-module="{{ name }}">{{ script }}</script>
{% endfor -%}
</body>
{%- endblock -%}
"""


def write_page(notebook: Path, output: Path) -> Path:
    """Execute a notebook and write it as one HTML page that needs nothing else.

    Parameters
    ----------
    notebook : Path
        A notebook to execute, in its own folder; the file itself is left as it is.
    output : Path
        Where the page goes. Its folder is made if missing; a page already there is replaced
        at the end, in one step.

    Returns
    -------
    Path
        The absolute path of the page.

    Raises
    ------
    ModuleNotFoundError
        If nbconvert or ipykernel is missing.
    FileNotFoundError
        If there is no such notebook, the package's own front end has not been built, or the
        notebook shows widgets whose front end is not installed.
    nbclient.exceptions.CellExecutionError
        If a cell raises.

    Examples
    --------
    >>> import nbformat
    >>> cells = [nbformat.v4.new_code_cell("sum([4, 3])")]
    >>> nbformat.write(nbformat.v4.new_notebook(cells=cells), "sum.ipynb")
    >>> write_page(Path("sum.ipynb"), Path("sum.html")).name
    'sum.html'
    """
    html = _export(_execute(notebook), title=notebook.stem)
    with replacing(output) as file:
        file.write(html.encode("utf-8"))
    return output.resolve()


def _execute(path: Path) -> Any:
    """Run all cells of a notebook; give it with its outputs and the state of its widgets."""
    try:
        import ipykernel  # noqa: F401  (the kernel that runs the cells)
        import nbconvert  # noqa: F401  (asked for here, before the cells take their time)
        import nbformat
        from nbclient import NotebookClient
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"Writing a page of a notebook needs {error.name}, which is not installed: "
            'run `pip install "nbconvert>=7.16" ipykernel`.'
        ) from error
    if not path.is_file():
        raise FileNotFoundError(f"notebook: there is no file {path}.")
    notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    client = NotebookClient(
        notebook,
        kernel_name="python3",
        resources={"metadata": {"path": str(path.resolve().parent)}},
        extra_arguments=["--log-level=ERROR"],  # the kernel warns of unencrypted loopback
    )
    notebook.cells.append(nbformat.v4.new_code_cell(_HOLD))  # type: ignore[no-untyped-call]
    executed = client.execute()
    for output in executed.cells.pop().outputs:
        if note := output.get("text"):
            warnings.warn(note, stacklevel=3)
    return executed


def _export(notebook: Any, title: str) -> str:
    """Make the page of an executed notebook."""
    from nbconvert import HTMLExporter

    page = {
        "style": _static("page.css"),
        "script": _inline(_static("page.js")),
        "modules": {name: _inline(_front_end(name)) for name in _modules(notebook)},
    }
    exporter = HTMLExporter(raw_template=_TEMPLATE, theme="light")  # type: ignore[no-untyped-call]
    # nbconvert's own leaves "<!--" in the widgets' state, after which "<script>" hides its end.
    exporter.register_filter("escape_html_script", _inline)  # type: ignore[no-untyped-call]
    resources = {"page": page, "metadata": {"name": title}}
    html, _ = exporter.from_notebook_node(notebook, resources)
    return str(html)


def _modules(notebook: Any) -> list[str]:
    """List the widget modules that a notebook's state names, but for those in our own script."""
    state = notebook.metadata.get("widgets", {}).get(_STATE, {}).get("state", {})
    return sorted({model["model_module"] for model in state.values()} - _BUNDLED)


def _static(name: str) -> str:
    path = _STATIC / name
    if not path.is_file():
        raise FileNotFoundError(
            f"{path} is missing: the front end has not been built; "
            "run `npm ci && npm run build` in js/, or install the package again."
        )
    return path.read_text(encoding="utf-8")


def _front_end(module: str) -> str:
    """Read the script of a widget module, as the Python package that brings it installs it."""
    from jupyter_core.paths import jupyter_path

    folders = jupyter_path("nbextensions", module)
    for folder in folders:
        script = Path(folder) / "index.js"
        if script.is_file():
            return script.read_text(encoding="utf-8")
    raise FileNotFoundError(
        f'The notebook shows widgets of the module "{module}", whose front end is not '
        f"installed: there is no index.js in any of {', '.join(folders)}."
    )


def _inline(script: str) -> str:
    """Rewrite, in a script or in JSON, what would end the HTML element around it."""
    return re.sub(r"<(?=/script|!--)", r"\\u003C", script, flags=re.IGNORECASE)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; see the module's text."""
    parser = argparse.ArgumentParser(prog="python -m imbxai_widgets.page")
    parser.add_argument("notebook", type=Path, help="the notebook to execute")
    parser.add_argument("--output", type=Path, required=True, help="the HTML file to write")
    given = parser.parse_args(arguments)
    try:
        page = write_page(given.notebook, given.output)
    except (FileNotFoundError, ModuleNotFoundError) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{page} ({page.stat().st_size / 1e6:.1f} MB)")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
