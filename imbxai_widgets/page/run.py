"""Runs a notebook to its end, within limits of time."""

from __future__ import annotations

import time
import warnings
from pathlib import Path
from queue import Empty
from typing import Any

from imbxai_widgets.page.limits import Clock, Limits

# Run behind the notebook's own cells; what it prints is told to whoever writes the page.
_HOLD = """import sys
if "imbxai_widgets.explorer" in sys.modules:
    notes = sys.modules["imbxai_widgets.explorer.explorer"].hold_all_cards({limit})
    print(*notes, sep="; ", end="")"""

# Between two looks for an answer of the kernel; see `_look_again`.
_GLANCE = 0.5  # seconds

# Outputs that the kernel has sent before it answered may take this long to arrive.
_LAST_OUTPUTS = 60  # seconds


def run_notebook(path: Path, limits: Limits) -> Any:
    """Run all cells of a notebook in its own folder.

    Parameters
    ----------
    path : Path
        The notebook; the file is left as it is.
    limits : Limits
        How long the cells may run, and how much is held of each Explorer.

    Returns
    -------
    nbformat.NotebookNode
        The notebook with its outputs and the state of its widgets.

    Raises
    ------
    TimeoutError
        If a cell, or all of them, took longer than allowed; the message names the cell.
    RuntimeError
        If the kernel died.
    nbclient.exceptions.CellExecutionError
        If a cell raised.
    """
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellTimeoutError, DeadKernelError

    clock = Clock(limits)
    notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    hold = _HOLD.format(limit=round(limits.megabytes * 1e6))
    notebook.cells.append(nbformat.v4.new_code_cell(hold))  # type: ignore[no-untyped-call]
    at = 0  # the cell that runs

    def started(cell: Any, cell_index: int) -> None:  # noqa: ARG001
        nonlocal at
        at = cell_index

    def ready(**_: Any) -> None:
        assert client.kc is not None
        _look_again(client.kc.shell_channel)

    client = NotebookClient(
        notebook,
        kernel_name="python3",
        resources={"metadata": {"path": str(path.resolve().parent)}},
        extra_arguments=["--log-level=ERROR"],  # the kernel warns of unencrypted loopback
        startup_timeout=clock.seconds_of_a_cell(),
        timeout_func=lambda _: clock.seconds_of_a_cell(),
        iopub_timeout=_LAST_OUTPUTS,
        raise_on_iopub_timeout=True,  # or outputs would be missing without a word
        on_notebook_start=ready,
        on_cell_execute=started,
    )
    try:
        executed = client.execute()
    except CellTimeoutError:
        raise TimeoutError(f"{_named(notebook, at)} has not ended: {clock.exceeded()}.") from None
    except DeadKernelError:
        raise RuntimeError(
            f"The kernel died while {_named(notebook, at)} ran; its memory may not have sufficed."
        ) from None
    for output in executed.cells.pop().outputs:
        if note := output.get("text"):
            warnings.warn(note, stacklevel=4)
    return executed


def _named(notebook: Any, index: int) -> str:
    """Name a cell by its number, from one, and its first line."""
    if index == len(notebook.cells) - 1:
        return "collecting what the Explorers show of each class"
    first = next(iter(notebook.cells[index].source.strip().splitlines()), "")
    return f"cell {index + 1} ({first})"


def _look_again(channel: Any) -> None:
    """Have a channel of an asynchronous client look for messages again and again.

    Its descriptor tells once that something has come. Whatever is sent over the same channel takes
    that word in, so that who waits for a message is not woken: nbclient sends the state of Output
    widgets while it waits for the answer to a cell, and waits forever (nbclient's issue 312).
    """
    wait = channel.get_msg

    async def get_msg(timeout: float | None = None) -> Any:
        end = float("inf") if timeout is None else time.monotonic() + timeout
        while True:
            left = end - time.monotonic()
            try:
                return await wait(timeout=max(0, min(_GLANCE, left)))
            except Empty:
                if left <= _GLANCE:
                    raise

    channel.get_msg = get_msg
