"""Classes that go by one another's names, told from ordinary bad models."""

from __future__ import annotations

import doctest
import warnings
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from imbxai_widgets import Analysis, analyze
from imbxai_widgets.compute.methods import permutation
from imbxai_widgets.compute.methods.permutation import likely_permutation


def classified(
    n_classes: int, size: int, accuracy: float, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Labels, and the predictions of a model whose errors are spread over all classes."""
    random = np.random.default_rng(seed)
    labels = np.repeat(np.arange(n_classes), size)
    wrong = np.arange(len(labels)) % size >= round(accuracy * size)
    errors = (labels + random.integers(1, n_classes, len(labels))) % n_classes
    return labels, np.where(wrong, errors, labels)


@settings(max_examples=25)
@given(st.permutations(range(10)), st.sampled_from([0.6, 0.8, 0.97]), st.integers(0, 100))
def test_any_permutation_of_a_working_model_is_found(
    order: list[int], accuracy: float, seed: int
) -> None:
    labels, predictions = classified(10, 100, accuracy, seed)
    assert likely_permutation(labels, predictions, 10) is None
    moved = np.flatnonzero(np.array(order) != np.arange(10))
    found = likely_permutation(labels, np.array(order)[predictions], 10)
    if len(moved) >= 5 or (len(moved) >= 2 and accuracy > 0.96):
        assert found is not None
        assert found.classes.tolist() == moved.tolist()
        assert found.predicted.tolist() == [order[label] for label in moved]
        assert found.fit == pytest.approx(accuracy)
        assert found.accuracy == np.mean(labels == np.array(order)[predictions])
    else:
        assert found is None


def test_a_class_that_lacks_in_the_labels_shifts_the_later_ones() -> None:
    labels, predictions = classified(10, 100, 0.97)
    there = labels != 4
    shifted = labels[there] - (labels[there] > 4)  # as a folder without class 4 numbers them
    found = likely_permutation(shifted, predictions[there], 10)
    assert found is not None
    assert found.classes.tolist() == [4, 5, 6, 7, 8]
    assert found.predicted.tolist() == [5, 6, 7, 8, 9]
    assert found.accuracy < 0.5
    assert found.fit == pytest.approx(0.97)


@pytest.mark.parametrize(
    ("accuracy", "size", "found"),
    [(0.02, 100, True), (0.05, 100, True), (0.1, 100, False), (0.3, 100, False), (0, 11, False)],
)
def test_two_classes(accuracy: float, size: int, found: bool) -> None:
    """With two classes every bad model fits better the other way round."""
    labels, predictions = classified(2, size, accuracy)
    assert (likely_permutation(labels, predictions, 2) is not None) == found


@pytest.mark.parametrize("n_classes", [2, 3, 10, 100])
def test_predictors_of_one_or_few_classes_are_ordinary(n_classes: int) -> None:
    labels = np.repeat(np.arange(n_classes), 20)
    for few in range(1, n_classes):
        for shift in range(min(n_classes, 5)):
            predictions = (labels % few + shift) % n_classes
            if few == 1 or 2 * few < n_classes:
                assert likely_permutation(labels, predictions, n_classes) is None


def test_a_long_tail_predicted_as_the_head_is_ordinary() -> None:
    labels = np.repeat(np.arange(10), [500, 400, 300, 200, 100, 40, 30, 20, 10, 5])
    twins = np.array([0, 1, 2, 3, 4, 0, 1, 2, 3, 4])  # each rare class goes to a frequent one
    assert likely_permutation(labels, twins[labels], 10) is None
    # Or to one that is itself recognized in less than half of its images.
    predictions = twins[labels]
    predictions[(np.arange(len(labels)) % 5 < 3) & (labels < 5)] = 9
    assert likely_permutation(labels, predictions, 10) is None


def test_a_swap_among_many_classes_must_be_nearly_complete() -> None:
    labels, predictions = classified(10, 100, 0.97)
    swapped = np.array([1, 0, *range(2, 10)])[predictions]
    found = likely_permutation(labels, swapped, 10)
    assert found is not None
    assert found.classes.tolist() == [0, 1]
    labels, predictions = classified(10, 100, 0.8)
    for order in ([1, 0, *range(2, 10)], [1, 2, 0, *range(3, 10)], [1, 2, 3, 0, *range(4, 10)]):
        assert likely_permutation(labels, np.array(order)[predictions], 10) is None
    half = np.array([1, 2, 3, 4, 0, *range(5, 10)])[predictions]
    assert likely_permutation(labels, half, 10) is not None


def test_random_guesses_are_ordinary() -> None:
    random = np.random.default_rng(0)
    for n_classes, size in ((2, 12), (3, 12), (10, 5), (10, 50), (100, 5)):
        labels = np.repeat(np.arange(n_classes), size)
        guesses = random.integers(0, n_classes, (100, len(labels)))
        alarms = sum(likely_permutation(labels, guess, n_classes) is not None for guess in guesses)
        assert alarms <= 1, (n_classes, alarms)


@pytest.mark.parametrize("n_classes", [2, 3, 5, 10])
def test_untrained_networks_are_ordinary(n_classes: int) -> None:
    """Classes of one color each, which such a network may well take for one class each."""
    torch.manual_seed(0)
    labels = np.repeat(np.arange(n_classes), 20)
    images = torch.rand(n_classes, 3)[labels][..., None, None] + 0.1 * torch.randn(1, 3, 8, 8)
    by_chance = 0
    for _ in range(60):
        layers = [nn.Conv2d(3, 16, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()]
        with torch.no_grad():
            shares = nn.Sequential(*layers, nn.Linear(16, n_classes))(images).softmax(dim=1)
        found = shares.max(dim=1)
        predictions, confidences = found.indices.numpy(), found.values.numpy()
        assert likely_permutation(labels, predictions, n_classes, confidences) is None
        by_chance += likely_permutation(labels, predictions, n_classes) is not None
    assert by_chance < 6


def test_the_warning_names_classes_and_figures() -> None:
    labels, predictions = classified(4, 100, 0.97)
    points, names = np.random.default_rng(0).random((400, 3)), ["ant", "bee", "cat", "dog"]
    order = np.array([1, 2, 3, 0])
    message = (
        r"accuracy on the training images is [12]%, but a permutation of the classes fits 97%: "
        r"most images of 'ant' as 'bee', 'bee' as 'cat', 'cat' as 'dog' and 1 more are predicted so"
    )
    with pytest.warns(UserWarning, match=message):
        Analysis.from_arrays(points, labels, order[predictions], class_names=names)
    with pytest.warns(UserWarning, match="accuracy on the validation images is [12]%"):
        Analysis.from_arrays(
            points, labels, predictions, validation=(points, labels, order[predictions])
        )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Analysis.from_arrays(points, labels, predictions, class_names=names)


@pytest.mark.filterwarnings("ignore:for .* equally near:UserWarning")
def test_an_analysis_of_permuted_labels_warns() -> None:
    model = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 3))
    with torch.no_grad():
        model[2].weight.copy_(20 * torch.eye(3))
        model[2].bias.zero_()

    def data(order: list[int]) -> Any:
        return [
            (torch.eye(3)[i % 3][:, None, None].expand(3, 4, 4), order[i % 3]) for i in range(36)
        ]

    options: dict[str, Any] = {"salient_fraction": None, "progress": False}
    analyze(model, data([0, 1, 2]), **options)
    with pytest.warns(UserWarning, match=r"a permutation of the classes fits 100%: .*'1' as '0'"):
        analyze(model, data([1, 2, 0]), **options)


def test_the_examples_run() -> None:
    results = doctest.testmod(permutation)
    assert results.attempted
    assert not results.failed
