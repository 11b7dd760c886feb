"""Margins of classes, against counting image by image."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from imbxai_widgets.compute.methods import margins as module
from imbxai_widgets.compute.methods.margins import class_margins
from imbxai_widgets.compute.numeric.head import Head

SIZES = (40, 12, 1, 0, 7)


def case(normalized: bool) -> tuple[np.ndarray, np.ndarray, Head]:
    rng = np.random.default_rng(3)
    labels = rng.permutation(np.repeat(np.arange(5), SIZES))
    embeddings = (rng.random((60, 6)) + np.eye(6)[labels]).astype(np.float32)
    bias = None if normalized else rng.normal(size=5)
    return embeddings, labels, Head(rng.normal(size=(5, 6)), bias, 4, normalized)


def naive(logits: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and spread of every pair, by plain definitions."""
    mean, spread = np.full((5, 5), np.nan), np.full((5, 5), np.nan)
    for i in range(5):
        for j in range(5):
            gaps = logits[:, i] - logits[:, j]
            own = gaps[labels == i]
            if not len(own):
                continue
            rest = [gaps[labels == c] - gaps[labels == c].mean() for c in range(5) if SIZES[c]]
            pooled = np.concatenate(rest).var()
            mean[i, j] = own.mean()
            spread[i, j] = np.sqrt((len(own) * own.var() + 5 * pooled) / (len(own) + 5))
    return mean, spread


@pytest.mark.parametrize("normalized", [False, True])
@pytest.mark.parametrize("bytes_at_once", [None, 900])
def test_margins_are_those_of_the_logits(
    normalized: bool, bytes_at_once: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    embeddings, labels, head = case(normalized)
    if bytes_at_once:  # a few images at a time, so that a class is spread over blocks
        blocks = module.class_blocks
        monkeypatch.setattr(module, "class_blocks", lambda own, _: blocks(own, 2**40 // 5))
        assert len(list(module.class_blocks(labels, 1))) > 5
    found = class_margins(embeddings, labels, head)
    mean, spread = naive(head.logits(embeddings).astype(np.float64), labels)
    np.testing.assert_allclose(found.mean, mean, atol=1e-5)
    np.testing.assert_allclose(found.spread, spread, atol=1e-4)
    expected = norm.cdf(-mean / np.where(spread > 0, spread, 1))
    np.fill_diagonal(expected, np.nan)
    np.testing.assert_allclose(found.overlap, expected, atol=1e-5)
    assert np.isnan(found.overlap[3]).all()  # a class without images
    assert not np.isnan(np.delete(found.overlap[2], 2)).any()  # and one of a single image


def test_classes_that_meet_at_the_boundary_overlap_by_half() -> None:
    rng = np.random.default_rng(0)
    apart = np.array([[0.0, 0.0], [0.0, 0.0], [9.0, 0.0]])
    labels = np.repeat(np.arange(3), 500)
    embeddings = rng.normal(size=(1500, 2)) + apart[labels]
    head = Head([[-1.0, 0.0], [-1.0, 0.01], [1.0, 0.0]], bias=[9.0, 9.0, 0.0])
    overlap = class_margins(embeddings, labels, head).overlap
    assert overlap[0, 1] == pytest.approx(0.5, abs=0.05)
    # 4.5 of the unit of spread away from the boundary.
    assert overlap[0, 2] == pytest.approx(norm.cdf(-4.5), abs=1e-5)


def test_images_all_alike_are_on_one_side_or_on_the_boundary() -> None:
    head = Head([[1.0, 0.0], [0.0, 1.0]])
    ahead = class_margins(np.array([[2.0, 1.0]] * 3), [0, 0, 0], head).overlap
    behind = class_margins(np.array([[1.0, 2.0]] * 3), [0, 0, 0], head).overlap
    level = class_margins(np.array([[1.0, 1.0]] * 3), [0, 0, 0], head).overlap
    assert (ahead[0, 1], behind[0, 1], level[0, 1]) == (0, 1, 0.5)


def test_what_does_not_fit_is_refused() -> None:
    head = Head(np.eye(3))
    with pytest.raises(ValueError, match="takes 3 features, but embeddings have 2"):
        class_margins(np.zeros((4, 2)), [0, 1, 2, 0], head)
    with pytest.raises(ValueError, match="labels"):
        class_margins(np.zeros((4, 3)), [0, 1, 3, 0], head)
    with pytest.raises(ValueError, match="exceed the range of float32"):
        class_margins(np.full((1, 3), 1e30), [0], Head(1e30 * np.eye(3)))
