"""Temperatures and biases that were planted are found again."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from imbxai_widgets.compute.methods import scaling
from imbxai_widgets.compute.methods.scaling import (
    Scaling,
    cross_fitted_top,
    fit_rows,
    fit_scaling,
    scaled_top,
)


def planted(
    size: int, temperature: float, bias: list[float], seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Logits, and labels drawn by what the scaled logits say."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(scale=3, size=(size, len(bias))).astype(np.float32)
    scaled = torch.from_numpy(logits / temperature + np.array(bias))
    shares = scaled.softmax(dim=1).numpy()
    return logits, (shares.cumsum(axis=1) < rng.random((size, 1))).sum(axis=1)


def test_a_planted_temperature_is_found() -> None:
    logits, labels = planted(8000, 2.5, [0.0, 0.0, 0.0])
    found = fit_scaling(logits, labels, "temperature")
    assert found.temperature == pytest.approx(2.5, rel=0.05)
    assert (found.bias == 0).all()


def test_planted_biases_are_found() -> None:
    bias = [1.0, 0.0, -1.0]
    logits, labels = planted(8000, 2.0, bias)
    found = fit_scaling(logits, labels, "bias")
    assert found.temperature == pytest.approx(2.0, rel=0.06)
    np.testing.assert_allclose(found.bias, bias, atol=0.12)


def test_a_class_without_images_does_not_run_away() -> None:
    logits, labels = planted(300, 1.0, [0.0, 0.0, -30.0])
    assert (labels < 2).all()
    found = fit_scaling(logits, labels, "bias")
    assert np.isfinite(found.bias).all()
    assert -12 < found.bias[2] < -2


def test_each_image_is_scaled_by_the_others() -> None:
    """An image with a wild logit changes what others are scaled by, not what it is itself."""
    logits, labels = planted(200, 2.0, [0.0, 0.0])
    groups = np.arange(200)

    def told(values: np.ndarray) -> np.ndarray:
        rng = np.random.default_rng(0)
        top = cross_fitted_top(lambda rows: values[rows], labels, "temperature", groups, rng)
        return top.of_labels

    before, changed = told(logits), labels.copy()
    labels[7] = 1 - labels[7]
    after = told(logits)
    labels[:] = changed
    assert after[7] == pytest.approx(1 - before[7], abs=1e-6)
    assert (after != before).sum() > 150


def test_groups_are_scaled_by_others_alone() -> None:
    """Twins of one label each; told by its twin, an image would seem surer than it can be."""
    rng = np.random.default_rng(0)
    noise = np.repeat(rng.normal(size=(100, 2)).astype(np.float32), 2, axis=0)
    labels = np.repeat(rng.integers(0, 2, 100), 2)
    found = cross_fitted_top(
        lambda rows: noise[rows], labels, "temperature", np.repeat(np.arange(100), 2), rng
    )
    same = found.of_labels.reshape(-1, 2)
    np.testing.assert_array_equal(same[:, 0], same[:, 1])


def test_blocks_and_parts_change_little(monkeypatch: pytest.MonkeyPatch) -> None:
    logits, labels = planted(600, 2.0, [0.0, 0.5, -0.5])
    rows = np.arange(600)
    whole = scaled_top(lambda r: logits[r], labels, rows, Scaling(2.0, np.zeros(3)))
    shares = torch.from_numpy(logits / 2).softmax(dim=1).numpy()
    np.testing.assert_allclose(whole.of_labels, shares[rows, labels], rtol=1e-5)
    full = fit_rows(lambda r: logits[r], labels, rows, "temperature")
    monkeypatch.setattr(scaling, "_BLOCK_BYTES", 100)
    again = scaled_top(lambda r: logits[r], labels, rows, Scaling(2.0, np.zeros(3)))
    np.testing.assert_array_equal(again.probabilities, whole.probabilities)
    monkeypatch.setattr(scaling, "_MOST", 900)
    part = fit_rows(lambda r: logits[r], labels, rows, "temperature")
    assert part.temperature == fit_scaling(logits[::2], labels[::2], "temperature").temperature
    assert part.temperature != full.temperature


def test_what_cannot_be_fitted_is_refused() -> None:
    with pytest.raises(ValueError, match='kind must be "temperature" or "bias", not \'platt\''):
        fit_scaling(np.zeros((2, 2), np.float32), np.zeros(2, np.int64), "platt")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="without validation images"):
        fit_scaling(np.zeros((0, 2), np.float32), np.zeros(0, np.int64), "bias")
