"""Analyses in two threads give what they give one after the other, and harm nobody else."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from threading import Barrier, Event, Thread
from typing import Any

import numpy as np
import pytest
import torch
from embedding_cases import Images, network, quiet, state_of
from torch import Tensor, nn

from imbxai_widgets.compute.embedding import compiler, turns
from imbxai_widgets.compute.embedding.fused import fused_copy
from imbxai_widgets.compute.reading.undo import undoing

ROUNDS = 40


def fusible() -> nn.Sequential:
    model = network()
    model[2] = nn.BatchNorm2d(8)
    return model


def embeddings_in_two_threads(models: tuple[nn.Module, nn.Module], data: Images) -> list[Any]:
    together = Barrier(2)

    def run(model: nn.Module) -> Any:
        together.wait()
        return quiet(model, data, batch_size=8, salient_fraction=0.1)

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(run, models))


@pytest.fixture
def fresh_modules() -> Any:
    """Make and run modules in a thread of their own all the while; give what goes wrong."""
    stop, errors = Event(), list[str]()

    def work() -> None:
        while not stop.wait(0.0005):
            try:
                nn.Linear(2, 2)(torch.ones(1, 2))
            except Exception as error:
                errors.append(str(error))

    thread = Thread(target=work)
    thread.start()
    yield errors
    stop.set()
    thread.join()


@pytest.mark.parametrize("shared", [False, True])
def test_rounds_of_two_threads(shared: bool, fresh_modules: list[str]) -> None:
    importlib.import_module("torch._dynamo")
    data, one = Images(24), fusible()
    models = one, one if shared else deepcopy(one)
    expected = quiet(one, data, batch_size=8, salient_fraction=0.1)
    before = [state_of(model) for model in models]
    for _ in range(ROUNDS):
        for found in embeddings_in_two_threads(models, data):
            np.testing.assert_array_equal(found.embeddings, expected.embeddings)
            np.testing.assert_array_equal(found.color_counts, expected.color_counts)
    assert fresh_modules == []
    assert [state_of(model) for model in models] == before
    assert torch._dynamo.eval_frame._stance.stance == "default"
    assert not turns._turns
    assert not compiler._running


class Waits(nn.Module):
    """Gives others time in the midst of its tracing."""

    def __init__(self, meanwhile: Callable[[], None]) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)
        self.meanwhile = [meanwhile]  # which a copy keeps

    def forward(self, images: Tensor) -> Tensor:
        if isinstance(images, torch.fx.Proxy):
            with ThreadPoolExecutor(1) as pool:
                pool.submit(self.meanwhile[0]).result()
        return self.norm(self.conv(images))


def test_modules_of_another_thread_work_in_the_midst_of_tracing() -> None:
    outputs: list[Tensor] = []

    def meanwhile() -> None:
        layer = nn.Linear(2, 1, bias=False)
        nn.init.constant_(layer.weight, 3)
        outputs.append(layer(torch.ones(1, 2)))

    assert fused_copy(Waits(meanwhile).eval()) is not None
    assert [output.tolist() for output in outputs] == [[[6]]]


def test_one_thread_traces_at_a_time() -> None:
    order: list[str] = []
    second = Thread(target=lambda: fused_copy(Waits(lambda: order.append("second")).eval()))

    def meanwhile() -> None:
        second.start()
        second.join(0.2)
        order.append("first")

    assert fused_copy(Waits(meanwhile).eval()) is not None
    second.join()
    assert order == ["first", "second"]


def test_the_last_of_several_brings_the_stance_back() -> None:
    importlib.import_module("torch._dynamo")
    first, second = compiler.uncompiled(), compiler.uncompiled()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert torch._dynamo.eval_frame._stance.stance == "force_eager"
    second.__exit__(None, None, None)
    assert torch._dynamo.eval_frame._stance.stance == "default"


def test_tracing_waits_for_running_batches_and_they_for_it() -> None:
    importlib.import_module("torch._dynamo")
    order: list[str] = []

    def trace() -> None:
        with compiler.tracing():
            order.append("traced")

    with compiler.uncompiled():
        thread = Thread(target=trace)
        thread.start()
        thread.join(0.1)
        order.append("ran")
    thread.join()
    assert order == ["ran", "traced"]


def test_a_turn_is_had_by_one_thread_whole_and_given_back_twice() -> None:
    things = [object() for _ in range(3)]
    order: list[str] = []

    def other() -> None:
        with undoing() as changes:
            turns.take_turn(changes, things[1:])
            order.append("other")

    with undoing() as changes:
        turns.take_turn(changes, things[:2])
        with undoing() as inner:
            turns.take_turn(inner, things[:1])  # its own already
        thread = Thread(target=other)
        thread.start()
        thread.join(0.1)
        assert len(turns._turns) == 2
        order.append("one")
        changes.undo()
    thread.join()
    assert order == ["one", "other"]
    assert not turns._turns


def changed_by_another_thread(change: Callable[[], object]) -> Images:
    class Changing(Images):
        def __getitem__(self, index: int) -> tuple[Tensor, int]:
            if index == 10:
                thread = Thread(target=change)
                thread.start()
                thread.join()
            return super().__getitem__(index)

    return Changing(16)


def step(model: nn.Sequential) -> None:
    with torch.no_grad():
        model[7].weight.mul_(1.01)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda model: model.train(), "it was put in training mode in another thread"),
        (lambda model: model[4].train(), "its layer '4' was put in training mode in another"),
        (step, r"its parameter '7\.weight' was changed in another thread"),
        (lambda model: model[1].requires_grad_(), r"its parameter '1\.weight' was changed"),
        (lambda model: model.double(), r"its parameter '1\.weight' was changed in another"),
    ],
)
@pytest.mark.parametrize("make", [network, fusible])
def test_changes_by_another_thread_are_told(
    make: Callable[[], nn.Sequential], change: Callable[[nn.Module], object], message: str
) -> None:
    model = make().eval()
    data = changed_by_another_thread(lambda: change(model))
    with pytest.raises(RuntimeError, match=message):
        quiet(model, data, batch_size=8)
    assert not any(module.training for module in model.modules())
    assert all(each.requires_grad and each.dtype == torch.float32 for each in model.parameters())
