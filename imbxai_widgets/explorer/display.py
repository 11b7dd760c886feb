"""What displaying an Explorer takes beside its widgets: Colab's manager, a line left behind.

A notebook that is opened again without its kernel shows no widgets. The line says what was there;
where panels are, the front end of the linker hides it (js/src/linker/linker.ts).
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping
from html import escape
from typing import Any
from uuid import uuid4

from IPython import get_ipython
from IPython.display import publish_display_data

# Lines of this process are hidden on pages that hold a panel of this process.
SESSION = uuid4().hex

# Beside the line, JupyterLab's "Loading widget..." or "Error displaying widget" is of no use; such
# an output holds text alone, and panels that come yet are elements. No :has() stands in a :has().
_STYLE = (
    ".jp-OutputArea:has(> .jp-OutputArea-child > .jp-OutputArea-output > .imbxai-left-behind)"
    " > .jp-OutputArea-child:has(> .jp-OutputArea-output.lm-Panel)"
    ":not(:has(> .jp-OutputArea-output > *)) { display: none; }"
)


def message() -> Mapping[str, Any]:
    """Return the front end's message that the kernel is at work on; empty where there is none."""
    shell: Any = get_ipython()
    if not hasattr(shell, "get_parent"):  # no IPython, or one in a terminal
        return {}
    found: Mapping[str, Any] = shell.get_parent() or {}
    return found


def kind_of(request: Mapping[str, Any]) -> str:
    """Return the type of a message, such as ``execute_request``; "" of none."""
    return str(request.get("header", {}).get("msg_type", ""))


def left_behind(words: str) -> str:
    """Return the line as HTML."""
    return (
        f"<style>{_STYLE}</style>"
        f'<p class="imbxai-left-behind mathjax_ignore" data-session="{SESSION}">{escape(words)}</p>'
    )


def leave_line(words: str) -> None:
    """Have the running cell end with a line that shows wherever no panels are.

    It is an output of its own: of one that holds widgets as well, JupyterLab would show those or
    nothing. It comes at the end of the cell, so that it is no part of what an Output widget or
    ``display(..., display_id=)`` shows.
    """
    request = message()
    if kind_of(request) != "execute_request" or request["content"].get("silent"):
        return
    html = left_behind(words)
    shell: Any = get_ipython()
    events = shell.events

    def publish(*_: object) -> None:
        events.unregister("post_run_cell", publish)
        publish_display_data({"text/html": html})  # type: ignore[no-untyped-call]

    events.register("post_run_cell", publish)


def enable_colab_widgets() -> None:
    """Switch on the manager of Colab that shows widgets of other packages; elsewhere do nothing."""
    if "google.colab" in sys.modules:
        importlib.import_module("google.colab.output").enable_custom_widget_manager()
