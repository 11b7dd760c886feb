"""A fused copy serves only where it gives what the network gives, and the network is as it was."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from embedding_cases import Images
from torch import Tensor, nn

from imbxai_widgets.compute.embedding import fused
from imbxai_widgets.compute.embedding.fused import quick_reader
from imbxai_widgets.compute.embedding.layers import EmbeddingReader
from imbxai_widgets.compute.embedding.one_pass import embed
from imbxai_widgets.demo import load_demo

CPU = torch.device("cpu")


class Network(nn.Module):
    """Counts the runs of its own forward, which a fused copy does not go through."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU())
        self.head = nn.Linear(8, 4)
        self.runs: list[int] = []

    def forward(self, images: Tensor) -> Tensor:
        if isinstance(images, torch.fx.Proxy):
            self.traced()
        else:
            self.runs.append(len(images))
        return self.head(self.body(images).mean(dim=(2, 3)))

    def traced(self) -> None:
        pass


class FaithlessWhenTraced(Network):
    """What it does depends on something that a trace does not see."""

    def forward(self, images: Tensor) -> Tensor:
        logits = super().forward(images)
        return logits * 2 if isinstance(images, torch.fx.Proxy) else logits


class FailingWhenTraced(Network):
    def traced(self) -> None:
        raise RuntimeError("no symbols")


def small(kind: type[Network] = Network) -> Network:
    torch.manual_seed(0)
    return kind().eval()


def test_after_the_first_images_the_copy_serves() -> None:
    model = small()
    images = torch.rand(20, 3, 10, 10)
    with EmbeddingReader(model) as reader:
        logits, embedding = reader.run(images)
    model.runs.clear()
    with quick_reader(model, device=CPU) as quick:
        for _ in range(3):
            found = quick.run(images)
            torch.testing.assert_close(found[0], logits)
            torch.testing.assert_close(found[1], embedding)
    assert model.runs == [4]


@pytest.mark.parametrize("kind", [FaithlessWhenTraced, FailingWhenTraced])
def test_a_copy_that_differs_or_cannot_be_made_does_not_serve(kind: type[Network]) -> None:
    model = small(kind)
    images = torch.rand(20, 3, 10, 10)
    with quick_reader(model, device=CPU) as quick:
        for _ in range(3):
            logits, _ = quick.run(images)
            assert torch.equal(logits, model(images))
    assert model.runs.count(20) >= 6


class HalfHeld(Network):
    """Holds back the gradient of one of two branches, in a way that a trace does not see."""

    def __init__(self) -> None:
        super().__init__()
        self.other = nn.Conv2d(3, 8, 3)

    def forward(self, images: Tensor) -> Tensor:
        with torch.no_grad():
            held = self.other(images)
        return self.head((self.body(images) + held).mean(dim=(2, 3)))


def test_a_copy_whose_gradients_differ_does_not_serve() -> None:
    model = small(HalfHeld).requires_grad_(False)
    images = torch.rand(6, 3, 10, 10, requires_grad=True)
    (expected,) = torch.autograd.grad(model(images).max(dim=1).values.sum(), images)
    with quick_reader(model, device=CPU) as quick:
        for _ in range(2):
            logits, _ = quick.run(images)
            (found,) = torch.autograd.grad(logits.max(dim=1).values.sum(), images)
            torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("layer", ["<head", "body", "body.0", "<body.2", "head"])
def test_any_layer_can_be_read_whether_it_is_fused_or_not(layer: str) -> None:
    model = small()
    images = Images(30)
    whole = embed(model, images, layer=layer, batch_size=30, progress=False)
    parts = embed(model, images, layer=layer, batch_size=8, progress=False)
    np.testing.assert_allclose(parts.embeddings, whole.embeddings, rtol=1e-4, atol=1e-6)


def test_neighbors_and_predictions_of_the_demo_stay_the_same() -> None:
    model, _, validation = load_demo()
    with EmbeddingReader(model) as reader, torch.no_grad():
        images = torch.stack([image for image, _ in validation])
        logits, embedding = reader.run(images)
    found = embed(model, validation, progress=False)
    np.testing.assert_array_equal(found.predictions, logits.argmax(dim=1))
    np.testing.assert_allclose(found.embeddings, embedding, rtol=1e-4, atol=1e-5)


def test_no_copy_is_made_of_a_large_network(monkeypatch: pytest.MonkeyPatch) -> None:
    model = small()
    tensors = [*model.parameters(), *model.buffers()]
    size = sum(tensor.element_size() * tensor.numel() for tensor in tensors)
    for largest, runs in ((size, [4]), (size - 1, [20, 20])):
        monkeypatch.setattr(fused, "_LARGEST", largest)
        model.runs.clear()
        with quick_reader(model, device=CPU) as quick:
            for _ in range(2):
                quick.run(torch.rand(20, 3, 10, 10))
        assert model.runs == runs


def test_other_precisions_and_hooked_networks_are_read_as_they_are() -> None:
    images = torch.rand(6, 3, 10, 10)
    hooked = small()
    hooked.body.register_forward_hook(lambda *arguments: arguments[-1] * 2)
    for model in (hooked, small().double()):
        with quick_reader(model, device=CPU) as quick, torch.no_grad():
            quick.run(images)
            logits, _ = quick.run(images)
            kind = next(model.parameters()).dtype
            assert torch.equal(logits, model(images.to(kind)))


class Interrupted(nn.Module):
    """Ends with an interrupt at its sixth run, in whichever copy: both run the first images."""

    batches = 0

    def forward(self, images: Tensor) -> Tensor:
        Interrupted.batches += 1
        if Interrupted.batches == 6:
            raise KeyboardInterrupt
        return images


def test_a_cached_run_goes_on_to_the_same_bits(tmp_path: Path) -> None:
    model = small()
    model.body.insert(0, Interrupted())
    Interrupted.batches = 0
    run = partial(embed, model, Images(38), batch_size=8, salient_fraction=0.2, progress=False)
    with pytest.raises(KeyboardInterrupt):
        run(cache=tmp_path)
    assert len(list(tmp_path.glob("*/batches/*"))) == 3
    resumed, whole = run(cache=tmp_path), run()
    np.testing.assert_array_equal(resumed.embeddings, whole.embeddings)
    np.testing.assert_array_equal(resumed.top.probabilities, whole.top.probabilities)
    assert resumed.color_counts is not None
    np.testing.assert_array_equal(resumed.color_counts, whole.color_counts)
