"""Models of torchvision, timm and transformers, found and left as they were."""

from __future__ import annotations

from math import ceil
from types import ModuleType

import numpy as np
import pytest
import torch
from embedding_cases import quiet, state_of
from model_cases import ACCEPTED, CLASSES, PAGE, WITHOUT_HEAD, ModelCase, with_tables
from torch import nn

from imbxai_widgets import analyze
from imbxai_widgets.compute.embedding.layers import EmbeddingReader, LayerError
from imbxai_widgets.compute.embedding.model_state import lent_out


@pytest.fixture
def library(request: pytest.FixtureRequest, torchvision: ModuleType) -> ModuleType:
    """Return the library of the case; timm needs torchvision to be imported first."""
    name = request.node.callspec.params["case"].library
    return torchvision if name == "torchvision" else pytest.importorskip(name)


def images(case: ModelCase) -> list[tuple[torch.Tensor, int]]:
    generator = torch.Generator().manual_seed(0)
    batch = torch.rand(2, 3, case.size, case.size, generator=generator)
    return list(zip(batch, (1, 4), strict=True))


@pytest.mark.parametrize("case", ACCEPTED, ids=str)
def test_the_head_is_found(case: ModelCase, library: ModuleType) -> None:
    model, data = case.model(library), images(case)
    before = state_of(model)
    batch = torch.stack([image for image, _ in data]).requires_grad_()
    with lent_out(model, torch.device("cpu")), EmbeddingReader(model) as reader:
        logits, embedding = reader.run(batch)
        head = model.get_submodule(case.layer.removeprefix("<"))
        again = head(embedding) if isinstance(head, nn.Linear) else None
    assert reader.source == case.layer
    assert embedding.shape == (2, case.width)
    assert bool((embedding < 0).any()) == case.signed
    assert logits.shape == (2, CLASSES)
    if again is not None:
        torch.testing.assert_close(again, logits)
    (gradient,) = torch.autograd.grad(logits.amax(dim=1).sum(), batch)
    assert gradient.isfinite().all()
    assert gradient.flatten(1).any(dim=1).all()

    found = quiet(model, data, salient_fraction=0.1)
    np.testing.assert_allclose(found.embeddings, embedding, rtol=1e-4, atol=1e-5)
    assert found.predictions.tolist() == logits.argmax(dim=1).tolist()
    assert found.color_counts is not None
    # Of the untrained networks, some let gradients reach few pixels; the others are not salient.
    reached = gradient.flatten(2).any(dim=1).sum(dim=1).tolist()
    salient = [min(ceil(0.1 * case.size**2), pixels) for pixels in reached]
    assert found.color_counts.sum(axis=1).tolist() == salient
    assert state_of(model) == before


@pytest.mark.parametrize("case", WITHOUT_HEAD, ids=str)
def test_models_without_one_head_take_a_layer(case: ModelCase, library: ModuleType) -> None:
    model, data = case.model(library), images(case)
    before = state_of(model)
    with pytest.raises(
        LayerError, match=rf"(?s)several heads averaged.*Pass layer.*{case.layer[1:]}"
    ):
        quiet(model, data)
    found = quiet(model, data, layer=case.layer, salient_fraction=0.1)
    assert found.embeddings.shape == (2, case.width)
    assert bool((found.embeddings < 0).any()) == case.signed
    assert state_of(model) == before


def test_a_transformer_is_analyzed_and_its_features_are_warned_of(
    torchvision: ModuleType,
) -> None:
    case = next(case for case in ACCEPTED if case.name == "VisionTransformer")
    model = case.model(torchvision)
    data = [(image, index % 3) for index, image in enumerate(torch.rand(12, 3, 32, 32))]
    with pytest.warns(UserWarning, match=r"% of the magnitude of the features is negative"):
        analysis = analyze(
            model, data, class_names=list("abcdefg"), salient_fraction=None, progress=False, k=2
        )
    distances = torch.cdist(*[torch.from_numpy(analysis.embeddings).double()] * 2)
    nearest = distances.fill_diagonal_(torch.inf).argmin(dim=1)
    assert analysis.neighbors[:, 0].tolist() == nearest.tolist()
    assert list(analysis.adversaries().index) == list("abcdefg")


def test_the_page_lists_what_is_tested() -> None:
    page = PAGE.read_text()
    assert page == with_tables(page), "run python tests/compute/embedding/model_cases.py"
    assert len({str(case) for case in ACCEPTED + WITHOUT_HEAD}) == len(ACCEPTED + WITHOUT_HEAD)
    assert "| vgg11 | torchvision | `<classifier.6` | 4096 | yes | no |" in page
