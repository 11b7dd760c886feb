"""An interrupt at any line of the pass leaves the model and the process as they were."""

from __future__ import annotations

import importlib
import random
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import pytest
import torch
from embedding_cases import SIZE, Images, checked, state_of
from torch import Tensor, nn

from imbxai_widgets.compute import embedding
from imbxai_widgets.compute.embedding import compiler, turns
from imbxai_widgets.compute.reading import generators, undo
from imbxai_widgets.compute.reading.undo import undoing

FILES = {
    *(str(path) for path in Path(embedding.__path__[0]).glob("*.py")),
    str(undo.__file__),
    str(generators.__file__),
}
Line = tuple[str, int]


class Small(nn.Module):
    """A network that is run from a fused copy, in the midst of training."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.conv, self.norm = nn.Conv2d(3, 2, 3, stride=4), nn.BatchNorm2d(2)
        self.drop, self.head = nn.Dropout(), nn.Linear(8, 4)
        self.register_buffer("seen", torch.zeros(()))
        self(torch.rand(8, 3, SIZE, SIZE))
        self.norm.eval()
        self.conv.weight.requires_grad_(False)
        self.head.weight.grad = torch.rand(4, 8)

    def forward(self, images: Tensor) -> Tensor:
        self.seen = self.seen + len(images) if isinstance(images, Tensor) else self.seen
        return self.head(self.drop(self.norm(self.conv(images)).flatten(1)))


def state(model: nn.Module) -> dict[str, Any]:
    """What of model and process must be as it was."""
    return {
        **state_of(model),
        "values of buffers": [buffer.tolist() for buffer in model.buffers()],
        "stance": torch._dynamo.eval_frame._stance.stance,
        "gradients": (torch.is_grad_enabled(), torch.is_inference_mode_enabled()),
        "methods": (nn.Module.__call__, nn.Module.__getattr__),
        "handlers": [signal.getsignal(number) for number in signal.valid_signals()],
        "generators": (
            random.getstate(),
            np.random.get_state()[1].tobytes(),  # noqa: NPY002
            torch.get_rng_state().numpy().tobytes(),
        ),
        "turns": (dict(turns._turns), list(compiler._running), list(compiler._stances)),
    }


@contextmanager
def each_line(seen: Callable[[Line], None]) -> Iterator[None]:
    """Tell of each line of the pass just before it runs."""

    def local(frame: FrameType, event: str, _: object) -> Any:
        if event == "line":
            seen((Path(frame.f_code.co_filename).name, frame.f_lineno))
        return local

    def trace(frame: FrameType, *_: object) -> Any:
        return local if frame.f_code.co_filename in FILES else None

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        yield
    finally:
        sys.settrace(before)


def lines_of(run: Callable[[], object], expected: type[BaseException] | None = None) -> list[Line]:
    lines: list[Line] = []
    with each_line(lines.append):
        if expected is None:
            run()
        else:
            with pytest.raises(expected):
                run()
    return lines


def last(lines: Sequence[Line]) -> list[int]:
    """At which steps each line runs for the last time."""
    return sorted({line: step for step, line in enumerate(lines)}.values())


def first(lines: Sequence[Line]) -> list[int]:
    size = len(lines) - 1
    return sorted(size - step for step in last(lines[::-1]))


def interrupted_at(step: int, run: Callable[[], object], interrupt: Callable[[], None]) -> Line:
    """Run, and interrupt before the line of that number; return the line."""
    lines: list[Line] = []

    def seen(line: Line) -> None:
        lines.append(line)
        if len(lines) == step + 1:
            interrupt()

    with pytest.raises(KeyboardInterrupt), each_line(seen):
        run()
    return lines[step]


def by_an_exception() -> None:
    raise KeyboardInterrupt


def by_a_signal() -> None:
    signal.raise_signal(signal.SIGINT)


@pytest.fixture(autouse=True)
def _compiler_is_imported() -> Iterator[None]:
    importlib.import_module("torch._dynamo")  # else the stance is left alone
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, handler)


def run(model: nn.Module, data: Images) -> None:
    checked(model, data, batch_size=2, salient_fraction=0.1)


@pytest.mark.parametrize(("interrupt", "steps_of"), [(by_an_exception, last), (by_a_signal, first)])
def test_an_interrupt_at_every_line(
    interrupt: Callable[[], None], steps_of: Callable[[Sequence[Line]], list[int]]
) -> None:
    model, data = Small(), Images(3)
    once = partial(run, model, data)
    once()
    before = state(model)
    lines = lines_of(once)
    survived = 0
    for step in steps_of(lines):
        assert interrupted_at(step, once, interrupt) == lines[step]
        assert state(model) == before, lines[step]
        survived += 1
    print(f"{survived} interrupts at {len(set(lines))} lines survived")
    assert survived == len(set(lines)) > 500


class Interrupted(Small):
    """Gets an interrupt when it has run four times for a look, and has its hooks."""

    runs = -1  # the first is in __init__

    def reached(self) -> None:
        pass

    def forward(self, images: Tensor) -> Tensor:
        if self.runs == 4 and isinstance(images, Tensor):
            assert len(self.head._forward_hooks) == 1
            self.reached()
            raise KeyboardInterrupt
        self.runs += 1
        return super().forward(images)


def test_a_second_interrupt_while_the_first_is_dealt_with() -> None:
    model, data = Interrupted(), Images(3)

    def once() -> None:
        model.runs = 0
        run(model, data)

    before = state(model)
    lines: list[Line] = []
    starts: list[int] = []
    with pytest.MonkeyPatch.context() as patch, each_line(lines.append):
        patch.setattr(Interrupted, "reached", lambda _: starts.append(len(lines)))
        with pytest.raises(KeyboardInterrupt):
            once()
    assert state(model) == before
    after = lines[starts[0] :]
    for step in sorted({*first(after), *last(after)}):
        assert interrupted_at(starts[0] + step, once, by_a_signal) == after[step]
        assert state(model) == before, after[step]
    print(f"second interrupts at {len(set(after))} lines survived")
    assert len(set(after)) > 50


def test_signals_that_come_in_the_midst_of_every_undo_are_delivered_at_the_end() -> None:
    done: list[int] = []

    def undo(number: int) -> None:
        by_a_signal()
        done.append(number)

    def interrupted() -> None:
        with undoing() as changes:
            for number in range(3):
                changes.add(partial(undo, number))
            by_a_signal()

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert done == [2, 1, 0]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
