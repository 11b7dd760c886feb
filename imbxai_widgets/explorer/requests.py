"""The one way in which the front end asks the kernel: `ask(kind, arguments)`, and an answer.

A question is the message ``{"type": "ask", "id", "kind", "arguments"}``, its answer
``{"type": "answer", "id", "content", "binary"}`` with the bytes of the content as buffers, in the
order in which `binary` names their keys; or ``{"type": "answer", "id", "error"}``, a text.

What takes long is answered by a `Future`: the answer is sent once it is there, and meanwhile the
kernel goes on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from functools import partial
from typing import Any, TypeAlias

from imbxai_widgets.compute.remedies.refit import CancelledError
from imbxai_widgets.explorer.panel import Panel

Found: TypeAlias = Mapping[str, Any]
Answer: TypeAlias = Callable[..., Found | Future[Found]]


class Requests:
    """Answers what the front end of one widget asks.

    Parameters
    ----------
    widget : Panel
        Whose front end asks.
    answer : callable
        Takes the kind and the arguments by name; returns a dict, whose bytes travel as they are, or
        a future of one.
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
            found = self._answer(message["kind"], **message["arguments"])
        except Exception as error:
            self._refuse(head, error)
            raise
        if isinstance(found, Future):
            found.add_done_callback(_on_this_loop(partial(self._settle, head)))
        else:
            self._send(head, found)

    def _settle(self, head: dict[str, Any], future: Future[Found]) -> None:
        try:
            found = future.result()
        except CancelledError as error:
            self._refuse(head, error)  # which nobody waits for any more
        except Exception as error:
            self._refuse(head, error)
            raise
        else:
            self._send(head, found)

    def _send(self, head: dict[str, Any], found: Found) -> None:
        content = dict(found)
        binary = [key for key, value in content.items() if isinstance(value, bytes)]
        buffers = [content.pop(key) for key in binary]
        self._widget.send({**head, "content": content, "binary": binary}, buffers=buffers)

    def _refuse(self, head: dict[str, Any], error: Exception) -> None:
        self._widget.send({**head, "error": in_short(error)})


def _on_this_loop(settle: Callable[[Future[Found]], None]) -> Callable[[Future[Found]], None]:
    """Have a thread's result sent where all else is, if there is such a loop."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return settle
    return lambda future: _call_soon(loop, settle, future)


def _call_soon(
    loop: asyncio.AbstractEventLoop, settle: Callable[[Future[Found]], None], future: Future[Found]
) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(settle, future)


def in_short(error: Exception) -> str:
    """Name an error in one line.

    >>> in_short(OSError("disk is gone")), in_short(ZeroDivisionError())
    ('OSError: disk is gone', 'ZeroDivisionError')
    """
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
