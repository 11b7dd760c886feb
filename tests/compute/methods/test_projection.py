"""Where images lie on a map: by PCA against the singular value decomposition, by UMAP, as given."""

from __future__ import annotations

import builtins
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from imbxai_widgets.compute.methods import projection
from imbxai_widgets.compute.methods.projection import own_points, pca_points, umap_points


def embeddings(rows: int, width: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (3 + rng.normal(size=(rows, width)) / np.arange(1, width + 1)).astype(np.float32)


def by_decomposition(rows: np.ndarray) -> np.ndarray:
    centered = rows - rows.mean(axis=0, dtype=np.float64)
    axes = np.linalg.svd(centered, full_matrices=False)[2][:2]
    return centered @ (axes * np.sign(axes[[0, 1], np.abs(axes).argmax(axis=1)])[:, None]).T


@pytest.mark.parametrize(("rows", "width"), [(200, 12), (30, 200), (900, 300), (300, 900)])
def test_pca_is_that_of_the_decomposition(rows: int, width: int) -> None:
    given = embeddings(rows, width)
    points = pca_points(given, given[::2])
    np.testing.assert_allclose(points.training, by_decomposition(given), atol=2e-6)
    assert np.array_equal(points.validation, points.training[::2])


def test_directions_that_do_not_stand_still_are_found_as_well(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(projection, "_QUICK", 10)
    given = np.random.default_rng(0).normal(size=(400, 60)).astype(np.float32)  # all much alike
    np.testing.assert_allclose(pca_points(given).training, by_decomposition(given), atol=2e-6)


def test_of_too_many_features_a_part_of_the_images_gives_the_directions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(projection, "_LARGEST_SQUARE", 50)
    given = embeddings(400, 60)
    points, wanted = pca_points(given).training, by_decomposition(given)
    for axis in range(2):
        assert abs(np.corrcoef(points[:, axis], wanted[:, axis])[0, 1]) > 0.9


def test_there_may_be_no_second_direction_or_none() -> None:
    line = np.outer(np.arange(5), [3, 4]).astype(np.float32)
    np.testing.assert_allclose(pca_points(line).training[:, 0], 5 * np.arange(5) - 10, atol=1e-6)
    assert not pca_points(line).training[:, 1].any()
    assert not pca_points(np.ones((5, 3), dtype=np.float32)).training.any()
    assert pca_points(np.float32([[1], [3]])).training.tolist() == [[-1, 0], [1, 0]]


def test_what_float32_does_not_hold_is_refused() -> None:
    huge = np.full((4, 2), 3e38, dtype=np.float32) * np.float32([[1], [-1], [1], [-1]])
    with pytest.raises(ValueError, match="too large for a map"):
        pca_points(huge)


def test_umap_is_the_same_again_and_places_validation_images_by_their_class() -> None:
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1], 30)
    given = (10 * labels[:, None] + rng.normal(size=(60, 6))).astype(np.float32)
    unseen = given[[0, 1, 58, 59]] + np.float32(0.01)
    points = umap_points(given, unseen, progress=False)
    assert points.training.dtype == points.validation.dtype == np.float32
    assert np.array_equal(umap_points(given, progress=False).training, points.training)
    centers = np.stack([points.training[labels == each].mean(axis=0) for each in (0, 1)])
    gaps = np.linalg.norm(points.validation[:, None] - centers, axis=2)
    assert gaps.argmin(axis=1).tolist() == [0, 0, 1, 1]


def test_without_umap_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    original: Callable[..., Any] = builtins.__import__

    def absent(name: str, *rest: Any, **named: Any) -> Any:
        if name == "umap":
            raise ImportError("no umap")
        return original(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(ImportError, match=r'pip install "imbxai_widgets\[umap\]"; "pca" does'):
        umap_points(embeddings(20, 3))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("tsne", 'must be "pca", "umap" or a pair of arrays.*not \'tsne\''),
        (np.zeros((3, 2)), r"not one array of shape \(3, 2\)"),
        (7, "not int"),
        ((np.zeros((3, 2)),), "coordinates of the 2 validation images are missing"),
        ((np.zeros((3, 2)), None), "coordinates of the 2 validation images are missing"),
        ((np.zeros((2, 2)), np.zeros((2, 2))), r"training array must have the shape \(3, 2\)"),
        ((np.zeros((3, 2)), np.zeros((2, 3))), r"validation array must have the shape \(2, 2\)"),
        ((np.zeros(3), np.zeros((2, 2))), r"shape \(3, 2\), not \(3,\)"),
        (([[0, 1], [2], [3, 4]], np.zeros((2, 2))), "training array must be one of numbers"),
        ((np.full((3, 2), "a"), np.zeros((2, 2))), "must hold real numbers, not <U1"),
        ((np.zeros((3, 2)), [[0, np.nan], [1, 1]]), "1 of its 2 rows are not: 0"),
        (([[0, 1e39], [1, 1], [np.inf, 0]], np.zeros((2, 2))), "2 of its 3 rows are not: 0, 2"),
    ],
)
def test_other_coordinates_are_refused(given: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        own_points(given, 3, 2)


def test_coordinates_of_no_validation_images_are_refused() -> None:
    with pytest.raises(ValueError, match=r"no validation images; give \(train, None\)"):
        own_points((np.zeros((3, 2)), np.zeros((2, 2))), 3, None)
    assert own_points([np.eye(2)], 2, None).validation is None
