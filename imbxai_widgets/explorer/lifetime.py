"""How long an Explorer lives: as long as a variable, a cell's output or `Out` holds it.

ipywidgets keeps every widget for good, in a table and by the callback of its comm. An Explorer is
held weakly by both, so that it ends as any object does when nothing refers to it, and then closes
its widgets. What a page shows is kept here: see `keep`.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Hashable, Iterator, Mapping
from typing import Any, NamedTuple, TypeAlias
from weakref import WeakMethod, proxy

import ipywidgets as widgets
import traitlets
from IPython import get_ipython
from ipywidgets.widgets.widget import _instances

from imbxai_widgets.explorer.display import kind_of, message


class Mortal(widgets.VBox):  # type: ignore[misc]  # ipywidgets has no types
    """A box that ipywidgets does not keep alive; it closes when nothing refers to it.

    Attributes
    ----------
    left_page : bool
        Whether a page has shown it, and none does any more.
    """

    _view_count = traitlets.Int(0).tag(sync=True)  # a number: the front end counts views
    left_page = False

    @traitlets.observe("comm")
    def _comm_changed(self, change: Any) -> None:  # in place of that of ipywidgets
        if change["new"] is None:
            return
        self._model_id = self.model_id
        self.comm.on_msg(weakly(self._handle_msg))
        _instances[self.model_id] = proxy(self)

    def __del__(self, ending: Callable[[], bool] = sys.is_finalizing) -> None:
        if not ending():  # by then, what closing takes may be gone
            self.close()

    def _close_widgets(self) -> None:
        """Close it and all that it is made of."""
        raise NotImplementedError(f"{type(self).__name__} must close its widgets")

    @traitlets.observe("_view_count")
    def _on_view_count(self, change: Any) -> None:
        self.left_page = change["new"] == 0


def weakly(method: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that calls a bound method as long as its object lives."""
    held = WeakMethod(method)

    def call(*arguments: Any, **named: Any) -> Any:
        found = held()
        return found(*arguments, **named) if found else None

    return call


def widgets_within(root: widgets.Widget) -> list[widgets.Widget]:
    """Return a widget and all that its state refers to, the widget first."""
    found = {root.model_id: root}
    todo = [root]
    while todo:
        widget = todo.pop()
        # Traits that may hold widgets have a serializer; without it are plain data, such as the
        # names of thousands of classes, which would take longer to search than to make.
        holding = [key for key in widget.keys if widget.trait_metadata(key, "to_json")]
        for part in _widgets_in([getattr(widget, key) for key in holding]):
            if part.model_id not in found:
                found[part.model_id] = part
                todo.append(part)
    return list(found.values())


def _widgets_in(value: Any) -> Iterator[widgets.Widget]:
    if isinstance(value, widgets.Widget):
        yield value
    elif isinstance(value, Mapping):
        yield from _widgets_in(list(value.values()))
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _widgets_in(part)


# -- who keeps what is displayed ---------------------------------------------------------------


class Place(NamedTuple):
    """Where something is displayed: what tells it, and whether that is one cell for sure."""

    name: Hashable
    certain: bool


class _Display(NamedTuple):
    """What a place displayed last, while the kernel worked on one message."""

    message: str
    shown: list[Mortal]


_Kept: TypeAlias = dict[Hashable, _Display]
_kept: _Kept = {}


def keep(shown: Mortal) -> list[Mortal]:
    """Keep what is displayed alive until its cell displays something else, or is deleted.

    Which cell it is tells the message of the front end (JupyterLab, Notebook, VS Code and Colab
    tell it). Where it does not, and where a callback displays, such as that of `interact`, what
    was displayed before by the same code or widget is kept until the page shows it no more.

    Returns
    -------
    list of Mortal
        Displayed before, and now held by nothing but IPython's history of outputs.
    """
    request = message()
    if not request.get("header"):
        return []
    place, current = _place(request), str(request["header"]["msg_id"])
    for cell in request.get("metadata", {}).get("deletedCells", ()):
        _kept.pop(cell, None)
    before = _kept.get(place.name, _Display(current, []))
    if before.message == current:
        replaced, still = [], before.shown
    else:
        replaced = [old for old in before.shown if place.certain or old.left_page]
        still = [old for old in before.shown if not (place.certain or old.left_page)]
    _kept[place.name] = _Display(current, [*(old for old in still if old is not shown), shown])
    del before, still
    return [old for old in _held_by_history_alone(replaced) if old is not shown]


def _place(request: Mapping[str, Any]) -> Place:
    metadata, content = request.get("metadata", {}), request.get("content", {})
    if kind_of(request) != "execute_request":
        return Place(content.get("comm_id"), certain=False)
    cell = metadata.get("cellId") or metadata.get("colab", {}).get("cell_id")
    return Place(cell, certain=True) if cell else Place(content.get("code"), certain=False)


def _held_by_history_alone(things: list[Mortal]) -> list[Mortal]:
    """Return those that nothing refers to but `Out`, `_` and their like, and this list."""
    places, known = range(len(things)), _in_history(things)
    control = [object()]
    unreferenced = sys.getrefcount(control[0])
    return [
        things[place]
        for place in places
        if sys.getrefcount(things[place]) - unreferenced == known[place]
    ]


def _in_history(things: list[Mortal]) -> list[int]:
    """Count how often IPython keeps each as an earlier cell's result."""
    shell: Any = get_ipython()
    names = (value for name, value in shell.user_ns.items() if re.fullmatch(r"_\d*|__|___", name))
    history = [
        *shell.user_ns["_oh"].values(),
        *names,
        *shell.user_ns_hidden.values(),
        *vars(shell.displayhook).values(),
        getattr(shell.last_execution_result, "result", None),
    ]
    return [sum(value is thing for value in history) for thing in things]
