"""The Explorer holds the model, an analysis never does; with an analysis it is given back."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ipywidgets as widgets
import numpy as np
import pytest
import torch
from torch import nn

from imbxai_widgets import Analysis, Explorer, analyze
from imbxai_widgets.compute.embedding.network import ModelChanged

Pairs = list[tuple[torch.Tensor, int]]


def pairs(size: int, seed: int) -> Pairs:
    generator = torch.Generator().manual_seed(seed)
    images = torch.rand(size, 3, 8, 8, generator=generator)
    return [(image, number % 3) for number, image in enumerate(images)]


def make_model(seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    pool = nn.AdaptiveAvgPool2d(1)
    return nn.Sequential(nn.Conv2d(3, 5, 3), nn.ReLU(), pool, nn.Flatten(), nn.Linear(5, 3))


TRAIN, TEST = pairs(24, 1), pairs(12, 2)


@pytest.fixture(autouse=True)
def _close() -> Iterator[None]:
    yield
    widgets.Widget.close_all()


@pytest.fixture
def model() -> nn.Module:
    return make_model()


@pytest.fixture
def analysis(model: nn.Module) -> Analysis:
    return analyze(model, TRAIN, validation=TEST, k=3, progress=False)


def check_looks(explorer: Explorer, analysis: Analysis) -> None:
    """Check that the network at hand gives the logits of the analysis, of both splits."""
    network = explorer._deck.network
    assert network is not None
    for split in ("training", "validation"):
        look = network.look(split, [5])
        assert look.salient is not None
        assert look.salient.sum() == 7  # a tenth of 64 pixels
        logits = torch.from_numpy(look.logits).softmax(dim=1)[0]
        kept = analysis.split(split).top  # type: ignore[arg-type]
        np.testing.assert_allclose(logits[kept.classes[5]], kept.probabilities[5], rtol=1e-4)


def test_the_model_is_held_until_close_and_by_no_analysis() -> None:
    model = make_model()
    gone = weakref.ref(model)
    explorer = Explorer(model, TRAIN, validation=TEST, k=3, progress=False)
    analysis = explorer.analysis
    check_looks(explorer, analysis)
    del model
    gc.collect()
    assert gone() is not None
    explorer.close()
    gc.collect()
    assert gone() is None
    assert len(analysis.train) == 24


def test_an_analysis_alone_has_no_model(analysis: Analysis) -> None:
    assert Explorer(analysis)._deck.network is None


def test_an_analysis_gets_its_model_back(model: nn.Module, analysis: Analysis) -> None:
    explorer = Explorer(analysis, model=model)
    check_looks(explorer, analysis)
    assert explorer.analysis is analysis
    with pytest.raises(ModelChanged, match="other logits than were kept"):
        Explorer(analysis, model=make_model(seed=1))


def test_a_loaded_one_gets_its_images_back_as_well(
    model: nn.Module, analysis: Analysis, tmp_path: Path
) -> None:
    loaded = Analysis.load(analysis.save(tmp_path / "run.imbxai"))
    explorer = Explorer(loaded, dataset=TRAIN, model=model, validation=TEST)
    check_looks(explorer, analysis)
    assert explorer.analysis.images is not None
    np.testing.assert_array_equal(explorer.analysis.images[3], analysis.images[3])  # type: ignore[index]
    assert loaded.images is None
    with pytest.raises(ValueError, match="the analysis has no images: give dataset="):
        Explorer(loaded, model=model)


def test_images_of_others_are_refused(model: nn.Module, analysis: Analysis, tmp_path: Path) -> None:
    loaded = Analysis.load(analysis.save(tmp_path / "run.imbxai"))
    cases: list[tuple[dict[str, Any], str]] = [
        ({"dataset": TRAIN[:-1]}, "dataset has 23 images, but 24 were analyzed"),
        ({"dataset": TRAIN[1:] + TRAIN[:1]}, "dataset is not what was analyzed: .*has label"),
        ({"dataset": pairs(24, 7)}, "dataset is not what was analyzed: .*looks otherwise"),
        ({"validation": pairs(12, 7)}, "validation is not what was analyzed"),
    ]
    for given, message in cases:
        for each in (loaded, analysis):
            with pytest.raises(ValueError, match=message):
                Explorer(each, model=model, **given)


def test_a_model_that_cannot_run_the_images_is_told(analysis: Analysis) -> None:
    with pytest.raises(ValueError, match=r"the model fails on training image 0 .*: .*; give the"):
        Explorer(analysis, model=nn.Linear(3, 2))


def test_images_that_need_the_transform_say_so(
    model: nn.Module, analysis: Analysis, tmp_path: Path
) -> None:
    loaded = Analysis.load(analysis.save(tmp_path / "run.imbxai"))
    raw: Any = [((255 * image).round().byte().permute(1, 2, 0).numpy(), y) for image, y in TRAIN]

    def to_tensor(image: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(image).permute(2, 0, 1) / 255

    with pytest.raises(ValueError, match=r"must be a tensor, but is ndarray; pass transform"):
        Explorer(loaded, model=model, dataset=raw)
    with pytest.raises(ModelChanged):  # rounded images are others than those analyzed
        Explorer(loaded, model=make_model(2), dataset=raw, transform=to_tensor)


def test_what_does_not_go_with_an_analysis_is_refused(model: nn.Module, analysis: Analysis) -> None:
    cases: list[tuple[tuple[Any, ...], dict[str, Any], str]] = [
        (
            (analysis,),
            {"model": model, "k": 5},
            "how they are read, but got k",
        ),
        ((analysis,), {"model": "net.pt"}, "model must be a torch.nn.Module, not str"),
        ((analysis,), {"validation": TEST}, "but got validation; .*images go with model="),
        ((model, TRAIN), {"model": model}, "one model: the first argument, or model="),
        ((), {"dataset": TRAIN, "modle": model}, "have no option modle"),
        ((), {"model": model}, "needs the training images"),
    ]
    for positional, named, message in cases:
        with pytest.raises(TypeError, match=message):
            Explorer(*positional, **named)
    unseen = analyze(model, TRAIN, k=3, progress=False)
    with pytest.raises(ValueError, match="the analysis has no validation images"):
        Explorer(unseen, model=model, validation=TEST)


def test_a_model_may_be_named() -> None:
    explorer = Explorer(model=make_model(), dataset=TRAIN, k=3, progress=False)
    assert explorer._deck.network is not None
    assert explorer._deck.network.splits == ("training",)
