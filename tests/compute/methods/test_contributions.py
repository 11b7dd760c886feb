"""What features add to logits: sums that must come out, and cases worked by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imbxai_widgets.compute.methods import contributions as module
from imbxai_widgets.compute.methods.contributions import (
    bias_terms,
    logit_contributions,
    mean_inputs,
    separating_terms,
    share_apart,
    weight_terms,
)
from imbxai_widgets.compute.methods.margins import class_margins
from imbxai_widgets.compute.numeric.head import Head


@st.composite
def heads(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, Head]:
    """Embeddings and labels, of which a class may have none, and a head of either kind."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    images, width, classes = (draw(st.integers(least, 12)) for least in (1, 1, 2))
    embeddings = rng.normal(size=(images, width)) * draw(st.sampled_from([1e-3, 1.0, 1e3]))
    if draw(st.booleans()):
        embeddings = embeddings.clip(0)  # as behind a ReLU; some rows become zero throughout
    bias = rng.normal(size=classes) if draw(st.booleans()) else None
    scale = draw(st.sampled_from([1.0, 0.5, 30.0]))
    head = Head(rng.normal(size=(classes, width)), bias, scale, draw(st.booleans()))
    return embeddings.astype(np.float32), rng.integers(0, classes, images), head


@given(heads())
def test_contributions_and_bias_add_up_to_the_logits(
    case: tuple[np.ndarray, np.ndarray, Head],
) -> None:
    embeddings, labels, head = case
    logits = head.logits(embeddings).astype(np.float64)
    within = 1e-5 * max(np.ptp(logits), np.abs(logits).max())
    for classes in (labels, 1):
        added = logit_contributions(embeddings, head, classes).sum(axis=1)
        total = added + bias_terms(head)[classes]
        wanted = np.take_along_axis(logits, np.broadcast_to(classes, len(logits))[:, None], axis=1)
        np.testing.assert_allclose(total, wanted[:, 0], rtol=0, atol=within)
    means, bias = mean_inputs(embeddings, labels, head), bias_terms(head)
    for index in np.unique(labels):
        mean_logits = weight_terms(head) @ means[index] + bias
        own = logits[labels == index].mean(axis=0)
        np.testing.assert_allclose(mean_logits, own, rtol=0, atol=within)
    absent = np.setdiff1d(np.arange(head.n_classes), labels)
    assert np.isnan(means[absent]).all()


@given(heads())
def test_what_separates_two_classes_are_their_two_margins(
    case: tuple[np.ndarray, np.ndarray, Head],
) -> None:
    embeddings, labels, head = case
    means, margins = mean_inputs(embeddings, labels, head), class_margins(embeddings, labels, head)
    largest = np.abs(head.logits(embeddings)).max()
    for i in range(head.n_classes):
        for j in range(head.n_classes):
            terms = separating_terms(head, means, i, j)
            both = margins.mean[i, j] + margins.mean[j, i]
            np.testing.assert_allclose(terms.sum(), both, rtol=0, atol=4e-5 * largest)
            np.testing.assert_array_equal(terms, separating_terms(head, means, j, i))


def test_means_do_not_depend_on_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    embeddings, labels = rng.normal(size=(50, 3)), rng.integers(0, 4, 50)
    head = Head(rng.normal(size=(4, 3)), scale=5, normalized=True)
    whole = mean_inputs(embeddings, labels, head)
    blocks = module.class_blocks
    monkeypatch.setattr(module, "class_blocks", lambda own, _: blocks(own, 2**40 // 7))
    np.testing.assert_allclose(mean_inputs(embeddings, labels, head), whole, rtol=1e-12)


def test_a_share_worked_by_hand() -> None:
    """Two classes that both lean on features 0 and 1; of these, 1 tells them apart a little.

    Images of either have the means (5, 4, 0) and (5, 2, 3); the head weighs them by (2, 1, 0) and
    (1, 0, 1). The logits are (14, 5) on images of the one, (12, 8) on those of the other: 9 apart
    there, 4 here, a difference of 5. Feature 0 makes 1 * 0 of it, feature 1 1 * 2, feature 2
    -1 * -3.
    """
    head = Head([[2.0, 1.0, 0.0], [1.0, 0.0, 1.0]], bias=[7.0, -3.0])
    embeddings = [[4.0, 4.0, 0.0], [6.0, 4.0, 0.0], [5.0, 2.0, 3.0]]
    terms = separating_terms(head, mean_inputs(embeddings, [0, 0, 1], head), 0, 1)
    assert terms.tolist() == [0.0, 2.0, 3.0]
    assert share_apart(terms, [0]) == 0.0  # strong in both, and alike
    assert share_apart(terms, [0, 1]) == pytest.approx(0.4)
    assert share_apart(terms, [0, 1, 2]) == 1.0
    assert share_apart(terms, []) == 0.0


def test_shares_below_nothing_above_all_and_of_nothing() -> None:
    terms = np.array([-1.0, 3.0])
    assert share_apart(terms, [0]) == -0.5
    assert share_apart(terms, [1]) == 1.5
    for whole in ([2.0, -2.0], [1.0, -3.0], [0.0, 0.0], [np.nan, np.nan], [1.0, -1 + 1e-7]):
        assert np.isnan(share_apart(np.array(whole), [0]))


def test_what_does_not_fit_is_refused() -> None:
    head = Head(np.eye(3))
    with pytest.raises(ValueError, match="the head takes 3 features, but embeddings have 2"):
        logit_contributions([[1.0, 2.0]], head, 0)
    with pytest.raises(ValueError, match="the head takes 3 features, but embeddings have 2"):
        mean_inputs([[1.0, 2.0]], [0], head)
    with pytest.raises(ValueError, match=r"classes must lie in 0\.\.2, but holds 3"):
        logit_contributions([[1.0, 2.0, 3.0]], head, 3)
    with pytest.raises(ValueError, match=r"classes must have the shape \(1\)"):
        logit_contributions([[1.0, 2.0, 3.0]], head, [0, 1])
