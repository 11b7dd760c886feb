from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import numpy as np
import pytest
import torch
from embedding_cases import CLASSES, SIZE, Images, checked, mixed_state, network, quiet, state_of
from torch import Tensor, nn

from imbxai_widgets.compute.embedding.model_state import choose_device, lent_out
from imbxai_widgets.compute.embedding.one_pass import Embedded, embed
from imbxai_widgets.compute.reading.samples import ReadError
from imbxai_widgets.compute.reading.undo import Changes


@pytest.mark.parametrize("fraction", [None, 0.1])
@pytest.mark.parametrize("error", [None, OSError, KeyboardInterrupt])
def test_the_model_is_as_it_was(fraction: float | None, error: type[BaseException] | None) -> None:
    model = mixed_state()
    before = state_of(model)
    if error is None:
        quiet(model, Images(9), batch_size=4, salient_fraction=fraction)
    else:
        told = ReadError if error is OSError else error
        with pytest.raises(told, match="in mid-run"):
            quiet(model, Images(9, 6, error), batch_size=4, salient_fraction=fraction)
    assert state_of(model) == before


def test_the_model_is_as_it_was_when_the_forward_fails() -> None:
    model = mixed_state()
    before = state_of(model)
    with pytest.raises(RuntimeError, match="channels"):
        quiet(model, [(torch.rand(2, SIZE, SIZE), 0)])
    assert state_of(model) == before


def test_the_model_comes_back_from_another_device() -> None:
    """The meta device holds no values, so what comes back cannot be a copy of a copy."""
    model = mixed_state()
    before = state_of(model)
    with lent_out(model, torch.device("meta")):
        assert {p.device.type for p in model.parameters()} == {"meta"}
        assert {b.device.type for b in model.buffers()} == {"meta"}
        assert not any(p.requires_grad for p in model.parameters())
        assert not any(m.training for m in model.modules())
    assert state_of(model) == before


def test_evaluation_mode_is_set_past_an_overridden_train() -> None:
    class Stubborn(nn.Sequential):
        def train(self, mode: bool = True) -> Stubborn:
            raise AssertionError(f"train({mode}) does more than set a flag")

    model = Stubborn(*network())
    assert quiet(model, Images(3)).embeddings.shape == (3, 32)


@pytest.mark.parametrize("whole", [True, False])
def test_scripted_models_are_refused(whole: bool) -> None:
    traced = torch.jit.trace(network().eval(), torch.rand(2, 3, SIZE, SIZE))
    model = traced if whole else nn.Sequential(traced)
    with pytest.raises(ValueError, match=f"{'the' if whole else '.0. of the'} model is scripted"):
        quiet(model, Images(2))
    assert not any(module.training for module in traced.modules())


def test_the_random_state_is_left_alone() -> None:
    torch.manual_seed(3)
    before = torch.get_rng_state()
    model = network()
    torch.set_rng_state(before)
    quiet(model, Images(5), salient_fraction=0.1)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_the_callers_gradient_mode_does_not_matter(mode: Any) -> None:
    expected = quiet(network(), Images(5), salient_fraction=0.1).color_counts
    model = network()
    with mode():
        found = quiet(model, Images(5), salient_fraction=0.1).color_counts
    np.testing.assert_array_equal(found, expected)
    model(torch.rand(1, 3, SIZE, SIZE)).sum().backward()  # it can still be trained


class Rope(nn.Module):
    """Keeps a tensor, and a buffer, of its first forward."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(3, CLASSES)
        self.table: Tensor | None = None
        self.register_buffer("angles", None)

    def forward(self, images: Tensor) -> Tensor:
        if self.table is None:
            self.table = torch.linspace(0, 1, SIZE, device=images.device)
            self.angles = self.table.cos()
        return self.head((images * self.table * self.angles).mean((2, 3)))


@pytest.mark.parametrize("fraction", [None, 0.1])
@pytest.mark.parametrize("mode", [nullcontext, torch.no_grad, torch.inference_mode])
def test_a_model_that_keeps_tensors_can_be_trained_afterwards(
    fraction: float | None, mode: Any
) -> None:
    model = Rope()
    with mode():
        checked(model, Images(5), batch_size=2, salient_fraction=fraction)
    images = torch.rand(2, 3, SIZE, SIZE, requires_grad=True)
    model(images).sum().backward()
    assert images.grad is not None
    torch.testing.assert_close(
        images.grad[0, :, 0],
        (model.head.weight.sum(0) / SIZE**2)[:, None] * model.table * model.angles,
    )


def built_in_inference_mode() -> nn.Module:
    with torch.inference_mode():
        return mixed_state()


def test_a_model_made_in_inference_mode_is_left_as_it_was() -> None:
    model = built_in_inference_mode()
    modes = [module.training for module in model.modules()]
    wants = [parameter.requires_grad for parameter in model.parameters()]
    seen = float(model[0].seen)
    expected = quiet(mixed_state(), Images(5), batch_size=2)
    found = quiet(model, Images(5), batch_size=2)
    np.testing.assert_allclose(found.embeddings, expected.embeddings, rtol=1e-5)
    with pytest.raises(ValueError, match=r"'1\.weight' of the model was made in torch\.inference_"):
        quiet(model, Images(5), salient_fraction=0.1)
    assert [module.training for module in model.modules()] == modes
    assert [parameter.requires_grad for parameter in model.parameters()] == wants
    assert float(model[0].seen) == seen


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (nn.LazyLinear(CLASSES), r"layer '1' of the model \(LazyLinear\) has no weights yet"),
        (nn.LazyBatchNorm1d(), r"layer '1' of the model \(LazyBatchNorm1d\) has no weights yet"),
        (nn.Linear(300, CLASSES, device="meta"), "layer '1' of the model is on the meta device"),
    ],
)
@pytest.mark.parametrize("fraction", [None, 0.1])
def test_models_without_values_are_refused_and_left_alone(
    layer: nn.Module, message: str, fraction: float | None
) -> None:
    model = nn.Sequential(nn.Flatten(), layer).train()
    with pytest.raises(ValueError, match=message):
        quiet(model, Images(5), salient_fraction=fraction)
    assert all(module.training for module in model.modules())
    assert all(parameter.requires_grad for parameter in model.parameters())


def test_of_undos_that_fail_the_others_are_done() -> None:
    done: list[str] = []
    changes = Changes()
    changes.add(lambda: done.append("first"))
    changes.add(lambda: 1 / 0)
    changes.add(lambda: done.append("last"))
    with pytest.raises(ZeroDivisionError):
        changes.undo()
    changes.undo()
    assert done == ["last", "first"]


def test_no_parameter_gradient_is_computed() -> None:
    model = network()
    wanted: list[bool] = []
    model[1].register_forward_hook(lambda module, *_: wanted.append(module.weight.requires_grad))
    quiet(model, Images(2), salient_fraction=0.1)
    assert wanted == [False]


def test_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert choose_device(network()) == torch.device("cpu")
    assert choose_device(nn.Flatten()) == torch.device("cpu")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "current_device", lambda: 1)
    assert choose_device(network()) == torch.device("cuda", 1)
    assert choose_device(network(), "cpu") == torch.device("cpu")
    assert choose_device(network().to("meta")) == torch.device("meta")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_cuda_agrees_with_the_cpu() -> None:
    model, data = mixed_state(), Images(40)
    before = state_of(model)
    found: list[Embedded] = [
        embed(model, data, device=device, progress=False) for device in ("cpu", "cuda")
    ]
    assert state_of(model) == before
    np.testing.assert_allclose(found[1].embeddings, found[0].embeddings, rtol=1e-2, atol=1e-3)
    np.testing.assert_array_equal(found[1].predictions, found[0].predictions)
