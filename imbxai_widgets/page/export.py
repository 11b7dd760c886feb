"""Makes the page of a notebook that has been run."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import Any, NamedTuple

_STATE = "application/vnd.jupyter.widget-state+json"
_VIEW = "application/vnd.jupyter.widget-view+json"
_STATIC = Path(__file__).resolve().parent.parent / "static"
_OUTPUT = "@jupyter-widgets/output"
_BUNDLED = frozenset({"@jupyter-widgets/base", "@jupyter-widgets/controls", _OUTPUT})

# nbconvert's page, less every script it would fetch, plus our own script and widget modules. What
# an Output widget holds is a template, which the script puts wherever the widget is shown.
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
{%- block codecell -%}
{%- if cell.metadata.output_widget -%}
<template data-output-widget="{{ cell.metadata.output_widget }}">{{ super() }}</template>
{%- else -%}
{{ super() }}
{%- endif -%}
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


class FrontEnd(NamedTuple):
    """The package's own part of a page."""

    script: str
    style: str


def front_end_files() -> FrontEnd:
    """Read the package's own part of a page.

    Raises
    ------
    FileNotFoundError
        If it has not been built.
    """
    return FrontEnd(_static("page.js"), _static("page.css"))


def export(notebook: Any, title: str, own: FrontEnd) -> str:
    """Make the page of an executed notebook, as HTML.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        With the outputs of its cells and the state of its widgets.
    title : str
        What the browser calls the page.
    own : FrontEnd
        The package's own part.
    """
    from nbconvert import HTMLExporter

    page = {
        "style": own.style,
        "script": _inline(own.script),
        "modules": {name: _inline(script) for name, script in _front_ends(notebook).items()},
    }
    exporter = HTMLExporter(raw_template=_TEMPLATE, theme="light")  # type: ignore[no-untyped-call]
    # nbconvert's own leaves "<!--" in the widgets' state, after which "<script>" hides its end.
    exporter.register_filter("escape_html_script", _inline)  # type: ignore[no-untyped-call]
    resources = {"page": page, "metadata": {"name": title}}
    html, _ = exporter.from_notebook_node(_prepared(notebook), resources)
    return str(html)


def _states(notebook: Any) -> dict[str, Any]:
    """Return the widgets of a notebook by their ids."""
    states: dict[str, Any] = notebook.metadata.get("widgets", {}).get(_STATE, {}).get("state", {})
    return states


def _prepared(notebook: Any) -> Any:
    """Return a notebook as the template draws it.

    What an Output widget holds becomes a cell of its own, in place of the widget's state. What an
    Explorer leaves for notebooks that show no widgets is taken out.
    """
    import nbformat

    changed = nbformat.from_dict(notebook)  # type: ignore[no-untyped-call]
    for model_id, model in _states(changed).items():
        if model["model_module"] == _OUTPUT:
            outputs, model["state"]["outputs"] = model["state"].get("outputs", []), []
            cell = nbformat.v4.new_code_cell(  # type: ignore[no-untyped-call]
                outputs=outputs, metadata={"output_widget": model_id}
            )
            changed.cells.append(cell)
    for cell in changed.cells:
        if "outputs" in cell:
            cell.outputs = [output for output in cell.outputs if not _left_behind(output)]
    return changed


def _left_behind(output: Any) -> bool:
    data = output.get("data", {})
    return "imbxai-left-behind" in data.get("text/html", "") and _VIEW not in data


def _front_ends(notebook: Any) -> dict[str, str]:
    """Return the scripts of the widgets' modules beside our own; warn of missing ones."""
    names = sorted({model["model_module"] for model in _states(notebook).values()} - _BUNDLED)
    scripts = {name: _front_end(name) for name in names}
    if missing := [name for name, script in scripts.items() if script is None]:
        warnings.warn(
            "The page holds a line in place of each widget of "
            f"{', '.join(missing)}: the front end is not installed here as a file that a page "
            "can hold.",
            stacklevel=5,
        )
    return {name: script for name, script in scripts.items() if script is not None}


def _static(name: str) -> str:
    path = _STATIC / name
    if not path.is_file():
        raise FileNotFoundError(
            f"{path} is missing: the front end has not been built; "
            "run `npm ci && npm run build` in js/, or install the package again."
        )
    return path.read_text(encoding="utf-8")


def _front_end(module: str) -> str | None:
    """Read the script of a widget module, as the Python package that brings it installs it."""
    from jupyter_core.paths import jupyter_path

    for folder in jupyter_path("nbextensions", module):
        script = Path(folder) / "index.js"
        if script.is_file():
            return script.read_text(encoding="utf-8")
    return None


def _inline(script: str) -> str:
    """Rewrite, in a script or in JSON, what would end the HTML element around it."""
    return re.sub(r"<(?=/script|!--)", r"\\u003C", script, flags=re.IGNORECASE)
