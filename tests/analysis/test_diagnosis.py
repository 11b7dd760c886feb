"""Causes that are put into drawn points, and what is said where something cannot be tested."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import Dataset

from imbxai_widgets import Analysis, analyze
from imbxai_widgets.analysis.diagnosis import COLUMNS

CLASSES, EACH, DIMENSIONS = 6, 80, 16


def points(rng: np.random.Generator, each: int) -> tuple[np.ndarray, np.ndarray]:
    """Return points around one center a class, far enough apart to be told."""
    labels = np.repeat(np.arange(CLASSES), each)
    centers = 5 * np.eye(CLASSES, DIMENSIONS)
    noise = rng.normal(size=(len(labels), DIMENSIONS))
    return (centers[labels] + noise).astype(np.float32), labels


def analysis_of(
    train: tuple[np.ndarray, np.ndarray], held: tuple[np.ndarray, np.ndarray], **options: object
) -> Analysis:
    """Return that of a network whose logits are products with the centers, and a class's offset."""
    weight = 5 * np.eye(CLASSES, DIMENSIONS)
    offset = np.zeros(CLASSES)
    offset[0] = float(options.pop("offset", 0.0))  # type: ignore[arg-type]
    logits = [part[0] @ weight.T + offset for part in (train, held)]
    return Analysis.from_arrays(*train, logits[0], validation=(*held, logits[1]), **options)


@pytest.fixture
def drawn() -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    rng = np.random.default_rng(0)
    return points(rng, EACH), points(rng, EACH)


def test_classes_without_a_fault_have_no_cause(drawn) -> None:
    diagnosis = analysis_of(*drawn).diagnose()
    assert [found.state for found in diagnosis.classes] == ["not failing"] * CLASSES
    assert all(not found.causes for found in diagnosis.classes)
    table = diagnosis.table()
    assert tuple(table.columns) == COLUMNS
    assert len(table) == CLASSES
    assert table["rank"].isna().all()


def test_a_small_class_with_a_shifted_decision(drawn) -> None:
    train, held = drawn
    kept = np.concatenate([np.arange(EACH - 60), np.arange(EACH, CLASSES * EACH)])
    analysis = analysis_of((train[0][kept], train[1][kept]), held, offset=-20)
    found = analysis.diagnose().of("0")
    assert found.state == "failing"
    assert found.causes[0].cause == "decision shift"
    assert found.causes[0].together_with == ("few images",)
    gain = found.causes[0]
    assert gain.low <= gain.value <= gain.high
    assert gain.value == pytest.approx(found.others - found.recall, abs=0.1)


def test_copies_of_validation_images_are_a_leak_of_a_class_that_does_not_fail(drawn) -> None:
    train, held = drawn
    rows = np.arange(EACH, EACH + 20)
    more = np.concatenate([train[0], held[0][rows]]), np.concatenate([train[1], held[1][rows]])
    found = analysis_of(more, held).diagnose().of("1")
    assert (found.state, [cause.cause for cause in found.causes]) == ("not failing", ["leak"])
    assert found.causes[0].value == 20 / EACH
    assert found.causes[0].images["validation"].tolist() == rows.tolist()


def test_what_cannot_be_tested_says_why(drawn) -> None:
    train, held = drawn
    predictions = [part[0][:, :CLASSES].argmax(axis=1) for part in (train, held)]
    analysis = Analysis.from_arrays(*train, predictions[0], validation=(*held, predictions[1]))
    tests = {test.cause: test for test in analysis.diagnose().of("0").tests}
    untold = [cause for cause, test in tests.items() if test.holds is None]
    assert untold == ["duplicates", "overlap", "shortcut", "over-confidence"]
    for cause in untold:
        assert tests[cause].statement.startswith("not tested: ")
        assert np.isnan(tests[cause].value)
    assert "give dataset" in tests["duplicates"].statement
    assert "logits of the network are not known" in tests["decision shift"].statement


def test_few_validation_images_are_too_few(drawn) -> None:
    train, held = drawn
    rows = np.concatenate([np.arange(39), np.arange(2 * EACH, CLASSES * EACH)])
    diagnosis = analysis_of(train, (held[0][rows], held[1][rows])).diagnose()
    assert diagnosis.of("0").state == "too few to tell"
    assert diagnosis.of("1").state == "no validation images"
    assert diagnosis.of("2").state == "not failing"


def test_it_is_the_same_for_the_same_seed(drawn) -> None:
    analysis = analysis_of(*drawn, offset=-20)
    first, second = (analysis.diagnose(seed=3).table() for _ in range(2))
    assert first.equals(second)


class Marked(Dataset[tuple[torch.Tensor, int]]):
    """Noisy images of three classes, each with a bright block; that of class 1 is a corner."""

    def __init__(self, marked: bool, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.targets = np.repeat([0, 1, 2], 60).tolist()
        self.images = torch.from_numpy(rng.uniform(0, 0.3, (180, 3, 8, 8)).astype(np.float32))
        self.images[:60, :, 4:6, 2:4] = 1
        self.images[120:, :, 4:6, 4:6] = 1
        if marked:
            self.images[60:120, :, :2, :2] = 1

    def __len__(self) -> int:
        return len(self.targets)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        return self.images[index], self.targets[index]


def network_of_blocks() -> nn.Sequential:
    """Return a network that goes by the brightness of the blocks; class 0 is its default."""
    weight = torch.zeros(3, 3, 8, 8)
    weight[0, :, 4:6, 2:4] = weight[1, :, :2, :2] = weight[2, :, 4:6, 4:6] = 1
    head = nn.Linear(192, 3)
    with torch.no_grad():
        head.weight.copy_(weight.flatten(1))
        head.bias.copy_(torch.tensor([4.0, 0.0, 0.0]))
    return nn.Sequential(nn.Flatten(), nn.Dropout(0.5), head)


@pytest.fixture(scope="module")
def marked() -> tuple[nn.Sequential, Analysis]:
    model = network_of_blocks()
    return model, analyze(
        model, Marked(True, 0), validation=Marked(False, 1), progress=False, device="cpu"
    )


def test_a_network_that_goes_by_a_corner(marked) -> None:
    model, analysis = marked
    found = analysis.diagnose(model).of("1")
    assert (found.state, found.recall) == ("failing", 0)
    cause = found.causes[0]
    assert cause.cause == "shortcut"
    assert cause.value == 1  # with the corner of a training image all are right
    assert cause.low > 0.8
    assert "row 1, column 1" in cause.statement
    without = analysis.diagnose().of("1").causes[0]
    assert without.cause == "shortcut"
    assert "give model" in without.statement


def test_the_network_and_chance_stay_as_they_were(marked) -> None:
    model, analysis = marked
    model.train()
    weights = {name: value.clone() for name, value in model.state_dict().items()}
    drawn = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    analysis.diagnose(model)
    assert all(part.training for part in model.modules())
    assert all(torch.equal(value, weights[name]) for name, value in model.state_dict().items())
    assert all(value.grad is None and value.requires_grad for value in model.parameters())
    assert torch.equal(torch.get_rng_state(), drawn[0])
    assert (np.random.get_state()[1] == drawn[1]).all()  # noqa: NPY002


def test_another_network_is_not_run(marked) -> None:
    _, analysis = marked
    other = network_of_blocks()
    with torch.no_grad():
        other[2].bias.zero_()
    shortcut = {test.cause: test for test in analysis.diagnose(other).of("1").tests}["shortcut"]
    assert "not tested" in shortcut.statement
    assert "give model" not in shortcut.statement


def test_a_class_without_training_images_has_too_few(drawn) -> None:
    train, held = drawn
    kept = np.flatnonzero(train[1] != 3)
    shifted = held[0].copy()
    shifted[held[1] == 3, 3] = -9  # which the network was never taught to know
    analysis = analysis_of((train[0][kept], train[1][kept]), (shifted, held[1]))
    found = analysis.diagnose().of("3")
    assert (found.state, found.causes[0].cause) == ("failing", "few images")
    labels = {test.cause: test for test in found.tests}["wrong labels"]
    assert (labels.holds, labels.statement) == (
        None,
        "not tested: the class has no training images.",
    )


def test_equal_features_of_images_that_differ_are_no_leak(drawn) -> None:
    train, held = drawn
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 256, (2, len(train[1]), 8, 8, 3), dtype=np.uint8)
    collapsed = train[0].copy()
    collapsed[:EACH] = held[0][:EACH]  # features of class 0 alone are the same in both sets
    options = {"images": pictures[0], "validation_images": pictures[1]}
    alike = analysis_of((collapsed, train[1]), held, **options).diagnose().of("0")
    assert alike.causes == ()
    options["images"] = pictures[1]
    same = analysis_of((collapsed, train[1]), held, **options).diagnose().of("0")
    assert [cause.cause for cause in same.causes] == ["leak"]
    same_everywhere = np.zeros_like(train[0])
    with pytest.warns(UserWarning, match="equally near"):
        collapsed_network = analysis_of((same_everywhere, train[1]), (same_everywhere, held[1]))
    nothing = collapsed_network.diagnose()
    assert nothing.of("1").tests[0].holds is None


@pytest.mark.parametrize("side", [1, 2, 8])
def test_images_of_any_size_are_compared(drawn, side: int) -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (480, side, side, 3), dtype=np.uint8)
    diagnosis = analysis_of(*drawn, images=pictures, validation_images=pictures[::-1]).diagnose()
    assert all(not found.causes for found in diagnosis.classes)
