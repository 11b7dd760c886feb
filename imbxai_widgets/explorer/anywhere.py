"""The panels of an Explorer as one anywidget, for hosts that show no other widgets, as marimo.

The widgets stay as they are: this one carries their states and front ends, and its own front end
(js/src/anywhere) lays them out and links them. What they tell Python, and Python them, travels with
the messages of this one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import ipywidgets as widgets
import traitlets

from imbxai_widgets.explorer.lifetime import widgets_within
from imbxai_widgets.explorer.panel import Panel

# What a host that takes an Explorer itself for an anywidget runs, as marimo's mo.ui.anywidget does.
NOT_AN_ANYWIDGET = """export default { render({ el }) { el.textContent =
"An Explorer is many widgets: show explorer.as_anywidget() in its place." } }"""


class Anywhere(Panel):
    """A widget and all that it is made of, as one anywidget.

    Parameters
    ----------
    root : str
        The id of the widget that is shown.
    models : dict of str to dict
        By id: ``view``, the name of what draws the widget, and its ``state``.
    """

    _bundle = "anywhere"

    root = traitlets.Unicode().tag(sync=True)
    models: Any = traitlets.Dict().tag(sync=True)

    @classmethod
    def of(cls, root: widgets.Widget) -> Anywhere:
        """Take the panels of a widget over: from now on they are shown here, and nowhere else."""
        parts = widgets_within(root)
        models = {
            part.model_id: {"view": part._view_name, "state": part.get_state()} for part in parts
        }
        made = cls(root=root.model_id, models=models)
        made._shown = root  # which lives as long as this does
        panels = [part for part in parts if isinstance(part, Panel)]
        made._relays = {panel.model_id: _Relay(made, panel) for panel in panels}
        made.on_msg(made._on_message)
        return made

    def _on_message(self, _widget: Any, message: Mapping[str, Any], buffers: Any) -> None:
        self._relays[message["to"]].receive(message["data"], buffers)


class _Relay:
    """In place of a panel's comm: what a panel sends and hears travels with the root's messages."""

    def __init__(self, root: Anywhere, panel: Panel) -> None:
        self.comm_id = panel.model_id
        self._root = root
        self._panel = panel
        self._hear: Callable[[dict[str, Any]], None] = lambda _: None
        before, panel.comm = panel.comm, self
        before.close()

    def on_msg(self, callback: Callable[[dict[str, Any]], None]) -> None:
        self._hear = callback

    def send(self, data: Any = None, metadata: Any = None, buffers: Any = None) -> None:  # noqa: ARG002
        self._keep(data)
        self._root.send({"to": self.comm_id, "data": data}, buffers)

    def receive(self, data: Any, buffers: Any) -> None:
        self._hear({"content": {"data": data}, "buffers": buffers})
        self._keep(data)

    def close(self) -> None:
        """Hear no more; the page keeps what it shows."""
        self._hear = lambda _: None

    def _keep(self, data: Mapping[str, Any]) -> None:
        """Keep what the root was made of up to date, for pages that are opened anew."""
        changed = data.get("state", {})
        self._root.models[self.comm_id]["state"].update(self._panel.get_state(changed.keys()))
