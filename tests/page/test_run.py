"""The run of a notebook: its limits, what ends it, and what it leaves in the widgets' state."""

from __future__ import annotations

import asyncio
import re
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from environments import ROOT

from imbxai_widgets.page.limits import Clock, Limits
from imbxai_widgets.page.run import _look_again, run_notebook

nbformat = pytest.importorskip("nbformat")
pytest.importorskip("nbclient")
STATE = "application/vnd.jupyter.widget-state+json"


@pytest.fixture
def notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Write a notebook of these cells."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))  # the tree at hand, installed or not

    def write(*sources: str) -> Path:
        path = tmp_path / "notebook.ipynb"
        cells = [nbformat.v4.new_code_cell(source) for source in sources]
        nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
        return path

    return write


@pytest.mark.parametrize(
    ("limits", "after", "seconds", "told"),
    [
        (Limits(cell=60, notebook=90), 0.0, 60, "a cell was to take 60 s.*--cell-seconds"),
        (Limits(cell=60, notebook=90), 50.0, 40, "a cell was to take 60 s"),
        (Limits(cell=60, notebook=90), 90.0, 1, "take 90 s in all.*--notebook-seconds"),
        (Limits(cell=0.5), 0.0, 1, "a cell was to take 0.5 s"),
    ],
)
def test_a_cell_may_take_what_is_left(
    limits: Limits, after: float, seconds: int, told: str
) -> None:
    now = 0.0
    clock = Clock(limits, now=lambda: now)
    now = after
    assert clock.seconds_of_a_cell() == seconds
    assert re.search(told, clock.exceeded())


@pytest.mark.parametrize("limit", [{"cell": 0}, {"notebook": -1}, {"megabytes": float("nan")}])
def test_a_limit_is_a_number_above_zero(limit: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=f"^{next(iter(limit))}: .* above zero"):
        Limits(**limit)


def test_a_cell_that_does_not_end_is_named(notebook: Any) -> None:
    path = notebook("1 + 1", "# forever\nimport time\nwhile True: time.sleep(0.01)")
    began = time.monotonic()
    with pytest.raises(TimeoutError, match=r"^cell 2 \(# forever\) has not ended: a cell .* 10 s"):
        run_notebook(path, Limits(cell=10))  # in which a kernel starts on a busy machine, too
    assert time.monotonic() - began < 60


def test_a_kernel_that_dies_is_told(notebook: Any) -> None:
    path = notebook("import os; os._exit(1)")
    with pytest.raises(RuntimeError, match=r"kernel died while cell 1 \(import os.* memory"):
        run_notebook(path, Limits())


def test_an_answer_is_found_although_something_was_sent_while_waiting_for_it() -> None:
    """The fault of nbclient, in small: without `_look_again`, the wait never ends."""
    zmq = pytest.importorskip("zmq")
    from jupyter_client.channels import AsyncZMQSocketChannel
    from jupyter_client.session import Session
    from zmq.asyncio import Context

    async def talk(again: bool) -> str:
        context, session = Context(), Session(key=b"")
        kernel = zmq.Context.shadow(context.underlying).socket(zmq.DEALER)
        port = kernel.bind_to_random_port("tcp://127.0.0.1")
        socket = context.socket(zmq.DEALER)
        socket.connect(f"tcp://127.0.0.1:{port}")
        channel = AsyncZMQSocketChannel(socket, session)
        if again:
            _look_again(channel)
        try:
            waiting = asyncio.ensure_future(channel.get_msg(timeout=None))
            channel.send(session.msg("execute_request"))
            await asyncio.sleep(0.3)  # connected, and nothing more to be told of it
            session.send(kernel, "execute_reply", content={"status": "ok"})
            time.sleep(0.3)  # it comes, while nobody looks
            channel.send(session.msg("comm_msg"))  # which takes in the word that it has come
            message = await asyncio.wait_for(waiting, timeout=3)
            return str(message["msg_type"])
        finally:
            for each in (kernel, socket):
                each.close(linger=0)
            context.term()

    assert asyncio.run(talk(again=True)) == "execute_reply"
    with pytest.raises(asyncio.TimeoutError):
        asyncio.run(talk(again=False))


OUTPUTS = """
import ipywidgets
out = ipywidgets.Output()
with out:
    for number in range(20): print(number)
@ipywidgets.interact(x=["a", "b"])
def show(x): print("shown", x)
out
"""


def test_output_widgets_hold_what_they_were_given(notebook: Any) -> None:
    executed = run_notebook(notebook(OUTPUTS), Limits(cell=120))
    states = executed.metadata["widgets"][STATE]["state"].values()
    held = [state["state"]["outputs"] for state in states if state["model_name"] == "OutputModel"]
    texts = ["".join(output["text"] for output in outputs) for outputs in held]
    assert sorted(texts) == ["".join(f"{number}\n" for number in range(20)), "shown a\n"]


FETCHED = """
import sys
sys.path.insert(0, {tests!r})
from imbxai_widgets.explorer import explorer as module
from small_analysis import make_analysis
module.EAGER_BYTES = 0
explorer = module.Explorer(make_analysis((60, 30, 12, 5)))
explorer.selected_class = "c2"
explorer
"""


@pytest.mark.parametrize(("megabytes", "note"), [(100, None), (0.04, "shows [1-3] of 4 classes")])
def test_a_page_holds_what_a_kernel_would_be_asked_for(
    notebook: Any, megabytes: float, note: str | None
) -> None:
    path = notebook(FETCHED.format(tests=str(ROOT / "tests")))
    with pytest.warns(UserWarning, match=note) if note else nullcontext():
        executed = run_notebook(path, Limits(megabytes=megabytes))
    assert len(executed.cells) == 1
    states = executed.metadata["widgets"][STATE]["state"].values()
    [linker] = [model for model in states if "cards" in model["state"]]
    names = [card["name"] for card in linker["state"]["cards"]]
    assert names == ["c2", "c0", "c1", "c3"][: len(names)]
    assert (len(names) == 4) == (note is None)
    held = {(number, key) for _, number, key in (buffer["path"] for buffer in linker["buffers"])}
    assert {number for number, _ in held} == set(range(len(names)))
    pictures = {"prototype_data", "failures_data"}
    assert {(number, key) for number in range(len(names)) for key in pictures} <= held
