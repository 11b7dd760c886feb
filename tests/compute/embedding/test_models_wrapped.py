"""Models inside wrappers, in other precisions and memory formats; all come back as they were."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from embedding_cases import CLASSES, Images, WithForeground, mixed_state, network, quiet, state_of
from torch import Tensor, nn

from imbxai_widgets.compute.embedding.layers import EmbeddingReader
from imbxai_widgets.compute.embedding.model_state import unwrapped


class Written(nn.Sequential):
    """Its forward is of the test's own: the compiler skips those of torch itself."""

    def forward(self, x: Tensor) -> Tensor:
        for layer in self:
            x = layer(x)
        return x


class Compilations:
    """A compiler that compiles nothing, and counts how often it was asked to."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, graph: torch.fx.GraphModule, _: list[Tensor]) -> Callable[..., Any]:
        self.count += 1
        return graph.forward

    def wrap(self, model: nn.Module) -> nn.Module:
        wrapped: nn.Module = torch.compile(model, backend=self)
        return wrapped

    def in_place(self, model: nn.Sequential) -> nn.Module:
        written = Written(*model)
        written.compile(backend=self)
        return written

    def inside(self, model: nn.Sequential) -> nn.Module:
        for index in (1, 7):  # a layer of the body, and the head
            model[index] = self.wrap(model[index])
        return model


@pytest.fixture(autouse=True)
def _nothing_compiled() -> None:
    torch.compiler.reset()


WRAPPERS: dict[str, Callable[[nn.Sequential], nn.Module]] = {
    "DataParallel": nn.DataParallel,
    "compile": lambda model: Compilations().wrap(model),
    "compile in place": lambda model: Compilations().in_place(model),
    "compiled layers": lambda model: Compilations().inside(model),
    "both": lambda model: nn.DataParallel(Compilations().wrap(model)),
    "bfloat16": nn.Module.bfloat16,
    "float16": nn.Module.half,
    "float64": nn.Module.double,
    "channels_last": lambda model: model.to(memory_format=torch.channels_last),
}
TOLERANCE = {"bfloat16": 0.02, "float16": 2e-3}


@pytest.mark.filterwarnings("ignore:.* images have no salient pixels")  # empty foregrounds
@pytest.mark.parametrize("name", WRAPPERS)
def test_a_wrapped_model_gives_what_it_gives_alone(name: str) -> None:
    data = WithForeground(9)
    alone = quiet(network(), data, batch_size=4, salient_fraction=0.25)
    model = WRAPPERS[name](network().eval())
    found = quiet(model, data, batch_size=4, salient_fraction=0.25)
    assert found.embeddings.dtype == np.float32
    assert found.confidences.dtype == np.float32
    tolerance = TOLERANCE.get(name, 1e-5)
    np.testing.assert_allclose(found.embeddings, alone.embeddings, atol=tolerance)
    np.testing.assert_allclose(found.confidences, alone.confidences, atol=tolerance)
    np.testing.assert_array_equal(found.predictions, alone.predictions)
    assert found.color_counts is not None
    assert alone.color_counts is not None
    np.testing.assert_array_equal(found.color_counts.sum(1), alone.color_counts.sum(1))
    if name not in TOLERANCE:
        np.testing.assert_array_equal(found.color_counts, alone.color_counts)


class Failing(nn.Module):
    def __init__(self, error: type[BaseException]) -> None:
        super().__init__()
        self.error, self.calls = error, 0

    def forward(self, x: Tensor) -> Tensor:
        self.calls += 1
        if self.calls > 2:
            raise self.error("in mid-forward")
        return x


@pytest.mark.parametrize("fraction", [None, 0.1])
@pytest.mark.parametrize("error", [None, OSError, KeyboardInterrupt])
@pytest.mark.parametrize("name", WRAPPERS)
def test_a_wrapped_model_is_as_it_was(
    name: str, error: type[BaseException] | None, fraction: float | None
) -> None:
    inner = mixed_state()
    if error is not None:
        inner[4] = Failing(error)
    model = WRAPPERS[name](inner)
    before = state_of(model)
    call = getattr(model, "_compiled_call_impl", None)
    if error is None:
        quiet(model, Images(9), batch_size=3, salient_fraction=fraction)
    else:
        with pytest.raises(error, match="in mid-forward"):
            quiet(model, Images(9), batch_size=3, salient_fraction=fraction)
    assert state_of(model) == before
    assert getattr(model, "_compiled_call_impl", None) is call


@pytest.mark.parametrize("how", ["wrap", "in_place"])
def test_what_was_compiled_stays_so(how: str) -> None:
    compilations = Compilations()
    model = getattr(compilations, how)(network().eval())
    batch = Images(4).images
    expected = model(batch)
    count = compilations.count
    assert count > 0
    quiet(model, Images(4), salient_fraction=0.1)
    assert compilations.count == count
    assert torch.equal(model(batch), expected)
    assert compilations.count == count


@pytest.mark.parametrize("prefix", ["", "module._orig_mod."])
def test_layers_are_named_as_in_the_model_or_in_its_wrapper(prefix: str) -> None:
    inner = network()
    model = nn.DataParallel(Compilations().wrap(inner))
    assert unwrapped(model) is inner
    with EmbeddingReader(model, f"<{prefix}7") as reader:
        assert reader.source == "<7"
    with EmbeddingReader(model, f"{prefix}2") as reader:
        assert reader.source == "2"
    with EmbeddingReader(model, inner[2]) as reader:
        assert reader.source == "2"


def test_under_autocast() -> None:
    with torch.autocast("cpu", torch.bfloat16):
        found = quiet(network(), Images(5), batch_size=2)
    alone = quiet(network(), Images(5), batch_size=2)
    assert found.embeddings.dtype == np.float32
    np.testing.assert_allclose(found.embeddings, alone.embeddings, atol=0.02)


def test_logits_that_a_half_precision_model_returns_in_full() -> None:
    class Full(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = network().bfloat16()

        def forward(self, x: Tensor) -> Tensor:
            return self.inner(x).float() / 3

    assert quiet(Full(), Images(5)).embeddings.shape == (5, 32)


def test_whole_numbers_are_not_cast() -> None:
    class Scaled(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(12, CLASSES).half()

        def forward(self, x: Tensor) -> Tensor:
            assert x.dtype == torch.uint8
            return self.fc(x.flatten(1).half() / 255)

    data = [(torch.full((3, 2, 2), 255, dtype=torch.uint8), 0)]
    np.testing.assert_array_equal(quiet(Scaled(), data).embeddings, 1)
