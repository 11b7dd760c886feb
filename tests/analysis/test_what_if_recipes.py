"""Remedies as PyTorch objects, as code that runs, and as a network."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import numpy as np
import pytest
import torch
from remedy_cases import NAMES, SIZES, make_head, make_what_if_analysis
from torch import nn

from imbxai_widgets import Analysis, Edits
from imbxai_widgets.compute.remedies.refit import refit
from imbxai_widgets.remedies import (
    ApplyEdits,
    ClassifierRetraining,
    DropSuspects,
    LogitAdjustment,
    LogitOffset,
    NearestClassMean,
    Resample,
    Reweight,
    TauNormalization,
    Temperature,
    Threshold,
)
from imbxai_widgets.training.networks import NormalizedLinear

REMEDIES: list[tuple[Any, ...]] = [
    (),
    (LogitAdjustment(1),),
    (ClassifierRetraining(),),
    (NearestClassMean(), LogitAdjustment(0.3), Temperature(2.0)),
    (Threshold({"few": 0.2}),),
    (LogitOffset({"few": 0.7}),),
]


class Net(nn.Module):
    """Embeddings are the inputs; the logits are those of a `Head`, behind a temperature."""

    def __init__(self, *, normalized: bool = False, hidden: bool = False) -> None:
        super().__init__()
        head = make_head(normalized=normalized)
        self.body = nn.Identity()
        self.fc: nn.Module = NormalizedLinear(4, 3, 8.0) if normalized else nn.Linear(4, 3)
        self.fc.weight.data = torch.tensor(head.weight)
        if not normalized:
            self.fc.bias.data = torch.tensor(head.bias)
        if hidden:
            self.fc = nn.Sequential(self.fc, nn.Tanh())

    def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        return {"features": x, "logits": self.fc(self.body(x))}


@pytest.fixture(scope="module")
def analysis() -> Analysis:
    return make_what_if_analysis()


def run(code: str, **names: Any) -> dict[str, Any]:
    exec(compile(code, "recipe", "exec"), names)
    return names


@pytest.mark.parametrize("given", REMEDIES)
@pytest.mark.parametrize("normalized", [False, True])
def test_the_module_gives_the_logits_told(given: tuple[Any, ...], normalized: bool) -> None:
    analysis = make_what_if_analysis(make_head(normalized=normalized))
    model = Net(normalized=normalized).train()
    states = {name: value.clone() for name, value in model.state_dict().items()}
    refits = normalized and any(isinstance(each, ClassifierRetraining) for each in given)
    with pytest.warns(UserWarning, match="without margins") if refits else nullcontext():
        what_if = analysis.what_if(*given)
    new = what_if.module(model)
    embeddings = torch.tensor(analysis.validation.embeddings)
    logits = new(embeddings)
    assert logits.detach().numpy() == pytest.approx(what_if.logits(), abs=1e-4)
    assert np.array_equal(logits.argmax(dim=1).numpy(), what_if.after)
    assert new is not model
    assert model.training
    assert not any(module._forward_pre_hooks for module in model.modules())
    for name, value in model.state_dict().items():
        assert torch.equal(value, states[name])
    with torch.no_grad():
        for parameter in new.parameters():
            parameter += 1
    assert torch.equal(model.fc.weight, states["fc.weight"])


def test_a_head_that_is_not_linear(analysis: Analysis) -> None:
    model, split = Net(hidden=True), analysis.validation
    outputs = [
        model(torch.tensor(part.embeddings))["logits"].detach().numpy()
        for part in (analysis.train, split)
    ]
    bent = Analysis.from_arrays(
        analysis.embeddings,
        analysis.labels,
        outputs[0],
        validation=(split.embeddings, split.labels, outputs[1]),
    )
    images = torch.tensor(split.embeddings)
    shifted = bent.what_if(LogitAdjustment(1))
    told = shifted.logits()
    given = shifted.module(model)(images).detach().numpy()
    assert given - given.max(axis=1, keepdims=True) == pytest.approx(
        told - told.max(axis=1, keepdims=True), abs=1e-4
    )
    replaced = bent.what_if(ClassifierRetraining())
    with pytest.raises(ValueError, match="no head by which to find the layer"):
        replaced.module(model)
    with pytest.raises(ValueError, match="no layer 'classifier'"):
        replaced.module(model, layer="classifier")
    found = replaced.module(model, layer="fc")(images).detach().numpy()
    assert found == pytest.approx(replaced.logits(), abs=1e-4)


def test_another_model_is_refused(analysis: Analysis) -> None:
    model = Net()
    model.fc.weight.data += 0.01
    with pytest.raises(ValueError, match="no layer of the model has the weights"):
        analysis.what_if(LogitAdjustment(1)).module(model)


def test_tokens_and_maps_are_averaged(analysis: Analysis) -> None:
    what_if = analysis.what_if(ClassifierRetraining())
    rows = torch.tensor(analysis.validation.embeddings)
    conv = nn.Conv2d(4, 3, 1)
    conv.weight.data = torch.tensor(analysis.head.weight)[:, :, None, None]
    conv.bias.data = torch.tensor(analysis.head.bias)
    maps = rows[:, :, None, None] + torch.tensor([-1.0, 1.0])
    model = nn.Sequential(conv, nn.AdaptiveAvgPool2d(1), nn.Flatten())
    assert what_if.module(model)(maps).detach().numpy() == pytest.approx(what_if.logits(), abs=1e-4)


def test_loss_and_bias_of_adjustment(analysis: Analysis) -> None:
    recipe = analysis.what_if(LogitAdjustment(0.5)).recipe()
    logits = torch.tensor(analysis.train.logits())
    labels = torch.tensor(analysis.labels)
    shares = np.array(SIZES) / sum(SIZES)
    shifted = logits + 0.5 * torch.tensor(np.log(shares), dtype=torch.float32)
    expected = nn.functional.cross_entropy(shifted, labels)
    assert recipe.loss(logits, labels) == pytest.approx(float(expected), abs=1e-6)
    assert recipe.sampler is None
    assert recipe.bias - recipe.bias[0] == pytest.approx(
        torch.tensor(-0.5 * np.log(shares / shares[0])), abs=1e-5
    )
    found = run(recipe.code, model=lambda x: x)
    assert found["loss"](logits, labels) == pytest.approx(float(expected), abs=1e-6)
    after = analysis.what_if(LogitAdjustment(0.5))
    images = torch.tensor(analysis.validation.logits())
    assert np.array_equal(found["predict"](images).numpy(), after.after)


def test_weights_of_the_loss(analysis: Analysis) -> None:
    recipe = analysis.what_if(Reweight()).recipe()
    expected = 1 / np.array(SIZES)
    assert recipe.class_weights.numpy() == pytest.approx(expected / expected.mean(), rel=1e-6)
    found = run(recipe.code)
    logits, labels = torch.tensor(analysis.train.logits()), torch.tensor(analysis.labels)
    assert torch.equal(found["loss"](logits, labels), recipe.loss(logits, labels))


@pytest.mark.parametrize("sampling", ["plan", "balanced"])
def test_samplers_draw_as_planned(analysis: Analysis, sampling: str) -> None:
    plan = analysis.resampling_plan(balance=1)
    remedy = Resample(plan) if sampling == "plan" else ClassifierRetraining()
    recipe = analysis.what_if(remedy).recipe()
    assert recipe.sample_weights == pytest.approx(plan.to_numpy())
    model, train_set = Net(), list(range(90))
    found = run(recipe.code, recipe=recipe, model=model, head=model.fc, train_set=train_set)
    torch.manual_seed(0)
    drawn = torch.cat([batch for _ in range(40) for batch in found["loader"]]).numpy()
    shares = np.bincount(analysis.labels[drawn]) / len(drawn)
    assert shares == pytest.approx([1 / 3] * 3, abs=0.03)
    assert all(parameter.requires_grad for parameter in model.fc.parameters())


def test_images_left_out(analysis: Analysis) -> None:
    recipe = analysis.what_if(DropSuspects(7), TauNormalization(0.5)).recipe()
    assert recipe.left_out.tolist() == sorted(analysis.suspects().index[:7])
    model = Net()
    found = run(recipe.code, train_set=list(range(90)), model=model, head=model.fc)
    assert len(found["train_set"]) == 83
    assert not set(recipe.left_out.tolist()) & set(found["train_set"])
    lengths = make_head().weight
    lengths = np.linalg.norm(lengths, axis=1)
    after = np.linalg.norm(model.fc.weight.detach().numpy(), axis=1)
    assert after == pytest.approx(
        np.sqrt(lengths) * np.sqrt(np.exp(np.log(lengths).mean())), rel=1e-5
    )
    drawn = analysis.what_if(DropSuspects(7), Resample([1.0, 1.0, 1.0])).recipe()
    assert (drawn.sample_weights[drawn.left_out] == 0).all()


def test_thresholds_and_temperatures(analysis: Analysis) -> None:
    what_if = analysis.what_if(Temperature(2.0), Threshold({NAMES[2]: 0.1}))
    recipe = what_if.recipe()
    assert recipe.temperature == 2
    found = run(recipe.code, model=lambda x: x)
    images = torch.tensor(analysis.validation.logits())
    assert np.array_equal(found["predict"](images).numpy(), what_if.after)
    assert analysis.what_if().recipe().code == "import torch\n"


def test_class_means_are_in_the_module(analysis: Analysis) -> None:
    what_if = analysis.what_if(NearestClassMean(), LogitAdjustment(0.5))
    found = run(what_if.recipe().code, what_if=what_if, model=Net())
    images = torch.tensor(analysis.validation.embeddings)
    assert np.array_equal(found["predict"](images).numpy(), what_if.after)


def test_edits_relabel_and_leave_out() -> None:
    analysis = make_what_if_analysis()
    edits = Edits(analysis)
    edits.relabel([1, 2], "few")
    edits.exclude([0, 4])
    edits.relabel(0, "some", split="validation")  # has no effect
    remedy = ApplyEdits(edits)
    what_if = analysis.what_if(remedy)
    edits.exclude(30)  # later, and so not taken
    labels, weights = analysis.labels.copy(), np.ones(90)
    labels[[1, 2]], weights[[0, 4]] = 2, 0
    head = refit(analysis.embeddings, labels, weights, analysis.head)
    expected = head.logits(analysis.validation.embeddings)
    assert what_if.logits() == pytest.approx(expected, abs=1e-3)
    assert repr(remedy) == "ApplyEdits(2 relabeled, 2 left out)"
    edits.undo()
    recipe = analysis.what_if(remedy, DropSuspects(3), Reweight(), ClassifierRetraining()).recipe()
    suspects = analysis.suspects().index[:3].tolist()
    assert recipe.labels == {1: 2, 2: 2}
    assert recipe.left_out.tolist() == sorted({0, 4, *suspects})
    dataset = [(torch.full((1,), row), int(label)) for row, label in enumerate(analysis.labels)]
    model = Net()
    names = {"edits": edits, "train_set": dataset, "recipe": recipe, "model": model}
    found = run(recipe.code, **names, head=model.fc)
    kept = {int(image): int(label) for image, label in found["train_set"]}
    assert sorted(kept) == [row for row in range(90) if row not in recipe.left_out]
    assert all(kept[row] == labels[row] for row in kept)
    torch.manual_seed(0)
    drawn = torch.cat([batch[1] for _ in range(40) for batch in found["loader"]])
    shares = np.bincount(drawn) / len(drawn)
    assert shares == pytest.approx([1 / 3] * 3, abs=0.03)


def test_edits_of_other_images_are_refused(analysis: Analysis) -> None:
    other = make_what_if_analysis(validation=(20, 20, 20))
    with pytest.raises(ValueError, match="belong to other images"):
        analysis.what_if(ApplyEdits(Edits(other)))
