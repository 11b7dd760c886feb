"""The one way in which the front end asks the kernel: `ask(kind, arguments)`, and an answer.

A question is the message ``{"type": "ask", "id", "kind", "arguments"}``, its answer
``{"type": "answer", "id", "content", "binary"}`` with the bytes of the content as buffers, in the
order in which `binary` names their keys; or ``{"type": "answer", "id", "error"}``, a text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from imbxai_widgets.explorer.panel import Panel

Answer: TypeAlias = Callable[..., Mapping[str, Any]]


class Requests:
    """Answers what the front end of one widget asks.

    Parameters
    ----------
    widget : Panel
        Whose front end asks.
    answer : callable
        Takes the kind and the arguments by name; returns a dict, whose bytes travel as they are.
        What it raises is told to the front end, and goes to the kernel's log.
    """

    def __init__(self, widget: Panel, answer: Answer) -> None:
        self._widget = widget
        self._answer = answer
        widget.on_msg(self._on_message)

    def _on_message(self, _widget: Any, message: Any, _buffers: Any) -> None:
        if message.get("type") != "ask":
            return
        head = {"type": "answer", "id": message["id"]}
        try:
            found = dict(self._answer(message["kind"], **message["arguments"]))
        except Exception as error:
            self._widget.send({**head, "error": in_short(error)})
            raise
        binary = [key for key, value in found.items() if isinstance(value, bytes)]
        buffers = [found.pop(key) for key in binary]
        self._widget.send({**head, "content": found, "binary": binary}, buffers=buffers)


def in_short(error: Exception) -> str:
    """Name an error in one line.

    >>> in_short(OSError("disk is gone")), in_short(ZeroDivisionError())
    ('OSError: disk is gone', 'ZeroDivisionError')
    """
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
