"""Every function of arrays, given anything: its invariants hold, or it refuses with a reason."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np
import pytest
import torch
from analysis_cases import SPECIAL
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.testing import assert_allclose, assert_array_equal

from imbxai_widgets.compute.colors.schemes import assign_bins, color_scheme
from imbxai_widgets.compute.embedding.saliency import count_colors, salient_pixels
from imbxai_widgets.compute.methods.adversaries import adversary_votes, error_matrix, row_shares
from imbxai_widgets.compute.methods.archetypes import archetype_counts, assign_archetypes
from imbxai_widgets.compute.methods.costs import overlap_costs
from imbxai_widgets.compute.methods.divergence import js_divergence, kl_divergence
from imbxai_widgets.compute.methods.entropy import noise_floor
from imbxai_widgets.compute.methods.fisher import fisher_ratios
from imbxai_widgets.compute.methods.forecast import similarity_shares, smoothed_shares
from imbxai_widgets.compute.methods.margins import Margins, class_margins
from imbxai_widgets.compute.methods.overlap import (
    feature_density,
    negative_share,
    overlap_matrix,
    top_features,
)
from imbxai_widgets.compute.methods.pam import pam
from imbxai_widgets.compute.methods.permutation import likely_permutation
from imbxai_widgets.compute.methods.prototypes import medoid, medoids
from imbxai_widgets.compute.neighbors.search import nearest_neighbors, nearest_references
from imbxai_widgets.compute.numeric.head import Head
from imbxai_widgets.compute.numeric.probabilities import top_probabilities

# Where functions of arrays are; all others take models or datasets.
MODULES = ("methods", "neighbors.search", "colors.schemes", "embedding.saliency")
MODULES += ("numeric.probabilities",)
# Functions of arrays that need a graph of gradients, or take no array.
OTHER_FUNCTIONS = {"input_saliency", "check_fraction", "color_scheme", "tell_of_colorless"}
# Fuzzed as `Analysis.forecast_quality`, `suspects` and `resampling_plan`.
OTHER_FUNCTIONS |= {"measure", "label_odds", "sampling_weights"}
OTHER_FUNCTIONS |= {"backed_off", "spread_errors", "shares_entropy", "sure_differences"}
OTHER_FUNCTIONS |= {"warn_of_permutation"}  # of `likely_permutation`
OTHER_FUNCTIONS |= {"archetype_ranges", "best_archetypes", "wilson_interval"}  # take no arrays
# What `Analysis.calibration`, `reliability`, `calibrated` and `error_probability` are made of, and
# hand arrays of an analysis alone.
OTHER_FUNCTIONS |= {"calibration", "expected_error", "reliability", "check_kind", "fit_rows"}
OTHER_FUNCTIONS |= {
    "cross_fitted_top",
    "fit_scaling",
    "scaled_top",
    "folds",
    "group_codes",
    "resample",
}
OTHER_FUNCTIONS |= {"cross_fitted_errors", "fit_logistic", "signs"}
# Of the pairs of an analysis; their own tests hold them to SciPy and to brute force.
OTHER_FUNCTIONS |= {"confusion_groups", "confusion_tree"}
# Handed arrays of an analysis, a head or a remedy alone, which are checked where they are made;
# their own tests hold them to brute force and to other libraries.
OTHER_FUNCTIONS |= {
    *("balanced_archetypes", "balanced_neighbors", "balanced_shares", "best_balanced_archetypes"),
    *("bias_terms", "logit_contributions", "mean_inputs", "separating_terms", "share_apart"),
    *("weight_terms", "inverse_effective_numbers", "pair_margins", "pair_logits", "wilson_ends"),
    "color_lift",
    *("count_pixels", "shared_out", "device_top", "expected_share", "kept_shares", "space_of"),
    *("check_projection", "own_points", "pca_points", "umap_points"),
    *("forecast_recall", "shortfalls"),
}

# Too small, empty, wide, and of any type: what a caller may get wrong.
shapes = hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=5)
dtypes = st.sampled_from(["<f4", "<f8", "<i8", "u1", "i1", "?", "<U2", "O"])
usual = st.one_of(st.sampled_from(SPECIAL), st.floats(-9, 9, width=32))
floats = st.one_of(st.sampled_from((*SPECIAL, np.nan, np.inf, -np.inf)), st.floats(width=32))
numbers = st.one_of(st.integers(-2, 6), st.sampled_from([0.5, None, "2", True]))


shares = hnp.arrays(np.float64, 3, elements=st.integers(0, 4)).map(
    lambda counts: (counts + (counts.sum() == 0)) / max(counts.sum(), (counts.sum() == 0) * 3)
)


# Of rows as medoids to all rows; they need not be symmetric.
distances = st.integers(1, 6).flatmap(
    lambda n: hnp.arrays(np.float32, (n, n), elements=st.integers(0, 9) | st.floats(0, 2**120))
)


@st.composite
def anything(draw: Any) -> Any:
    """An array that is fit, or nearly so, or not at all."""
    kind = draw(st.sampled_from(["codes", "floats", "any"]))
    shape = draw(shapes)
    if kind == "codes":
        return draw(hnp.arrays(np.int64, shape, elements=st.integers(-1, 4)))
    if kind == "floats":
        return draw(hnp.arrays(np.float32, shape, elements=floats))
    dtype = draw(dtypes)
    return draw(hnp.arrays(dtype, shape, elements=st.none() if dtype == "O" else None))


@st.composite
def arguments(draw: Any, *kinds: str) -> tuple[Any, ...]:
    """Arguments that fit each other; in a third of the cases, one of them is anything.

    Each kind is a letter and its axes: c for codes, f for floats, along n images, m other images,
    k neighbors, d features or c classes; or the name of a size alone.
    """
    sizes = {"n": draw(st.integers(0, 8)), "m": draw(st.integers(0, 8))}
    sizes |= {axis: draw(st.integers(1, 4)) for axis in "kdc"}
    found = []
    for kind in kinds:
        if len(kind) == 1:
            found.append(sizes[kind])
            continue
        shape = tuple(sizes[axis] for axis in kind[1:])
        codes = hnp.arrays(np.int64, shape, elements=st.integers(0, sizes["c"] - 1))
        matrix = hnp.arrays(np.float32, shape, elements=usual)
        found.append(draw(codes if kind[0] == "c" else matrix))
    if draw(st.integers(0, 2)) == 0:
        found[draw(st.integers(0, len(found) - 1))] = draw(st.one_of(anything(), numbers))
    return tuple(found)


def _is_rising(distances: np.ndarray) -> bool:
    return bool((distances[:, :-1] <= distances[:, 1:]).all())


def check_votes(votes: np.ndarray, *_: Any) -> None:
    assert votes.dtype == np.int64
    assert (votes >= 0).all()
    assert (np.diag(votes) == 0).all()


def check_errors(counts: np.ndarray, labels: Any, predictions: Any, _: Any) -> None:
    assert counts.sum() == (np.asarray(labels) != np.asarray(predictions)).sum()
    assert (np.diag(counts) == 0).all()


def check_shares(shares: np.ndarray, counts: Any) -> None:
    assert_allclose(shares.sum(axis=1), (np.asarray(counts) > 0).any(axis=1), atol=1e-6)


def check_archetypes(archetypes: np.ndarray, labels: Any, neighbors: Any) -> None:
    same = (np.asarray(labels)[:, np.newaxis] == np.asarray(neighbors)).mean(axis=1)
    assert_array_equal(archetypes == 3, same == 0)
    assert_array_equal(archetypes == 0, same > 0.7)


def check_archetype_counts(counts: np.ndarray, labels: Any, _: Any, n_classes: int) -> None:
    whole = np.asarray(labels, dtype=np.int64)  # an empty list of floats is a list of no codes
    assert_array_equal(counts.sum(axis=1), np.bincount(whole, minlength=n_classes))


def check_neighbors(found: Any, embeddings: Any, k: int) -> None:
    indices, distances = found[:2]
    assert indices.shape == distances.shape == (len(embeddings), k)
    assert (indices != np.arange(len(indices))[:, np.newaxis]).all()
    assert _is_rising(distances)


def check_references(found: Any, queries: Any, references: Any, k: int) -> None:
    indices, distances = found[:2]
    assert indices.shape == distances.shape == (len(queries), k)
    assert ((indices >= 0) & (indices < len(references))).all()
    assert _is_rising(distances)


def check_medoid(row: int, embeddings: Any) -> None:
    points = np.asarray(embeddings, dtype=np.float64) / max(1.0, abs(np.asarray(embeddings)).max())
    sums = np.sqrt(((points[:, np.newaxis] - points) ** 2).sum(axis=-1)).sum(axis=1)
    assert sums[row] <= sums.min() + 1e-6 * max(1.0, sums.min())


def check_medoids(rows: np.ndarray, embeddings: Any, n: int) -> None:
    different = np.unique(np.asarray(embeddings) + 0, axis=0)  # -0 is 0
    assert len(rows) == min(n, len(different)) == len(set(rows.tolist()))


def check_pam(rows: np.ndarray, distances: Any, n: int) -> None:
    given = np.asarray(distances, dtype=np.float64)
    assert len(rows) == n == len(set(rows.tolist()))
    least = given[rows].min(axis=0).sum()
    for place, row in np.ndindex(n, len(given)):
        swapped = rows.copy()
        swapped[place] = row
        assert given[swapped].min(axis=0).sum() >= least - 1e-5 * given.sum()


def check_features(found: Any, *given: Any) -> None:
    indices, shares = found
    assert indices.shape == shares.shape == given[2:]
    assert_allclose(shares.sum(axis=1), (indices >= 0).any(axis=1), atol=1e-6)


def check_density(density: np.ndarray, _: Any, labels: Any, n_classes: int, *__: Any) -> None:
    empty = np.bincount(np.asarray(labels, dtype=np.int64), minlength=n_classes) == 0
    assert np.isnan(density[empty]).all()
    assert ((density[~empty] >= 0) & (density[~empty] <= 1)).all()


def check_negative(share: float, embeddings: Any) -> None:
    assert 0 <= share <= 1
    assert (share > 0) == bool((np.asarray(embeddings) < 0).any())


def check_overlap(counts: np.ndarray, indices: Any) -> None:
    assert_array_equal(counts, counts.T)
    assert_array_equal(np.diag(counts), [len(set(row) - {-1}) for row in np.asarray(indices)])


def check_bins(bins: np.ndarray, rgb: Any) -> None:
    assert bins.shape == rgb.shape[:-1]
    assert ((bins >= 0) & (bins < len(color_scheme("perceptual").bins))).all()


def check_color_counts(counts: np.ndarray, _: Any, certain: Any, *rest: Any) -> None:
    assert (counts >= 0).all()
    assert_array_equal(counts.sum(axis=1), certain.sum(axis=(1, 2)) + rest[1])


def check_salient(found: Any, saliency: torch.Tensor, fraction: float) -> None:
    certain, tied, values = (part.flatten(1) for part in (*found[:2], saliency))
    share = -(-values.shape[1] * int(fraction * 10) // 10)
    able = (values > 0).sum(dim=1)
    assert (certain.sum(dim=1) + found.room == able.clamp(max=share)).all()
    assert (found.room <= tied.sum(dim=1)).all()
    for row, mask, others in zip(values, certain, tied, strict=True):
        if mask.any() and not mask.all():
            assert row[mask].min() > row[~mask].max()
        assert len(row[others].unique()) <= 1


def check_top(top: Any, logits: torch.Tensor, _: Any) -> None:
    assert_array_equal(top.classes[:, 0], logits.numpy().argmax(axis=1))
    assert (top.probabilities[:, :-1] >= top.probabilities[:, 1:]).all()
    assert (top.probabilities.sum(axis=1) <= 1 + 1e-5).all()


def check_divergence(values: np.ndarray, *_: Any) -> None:
    assert (values >= 0).all()


def check_fisher(ratios: np.ndarray, _: Any, labels: Any, n_classes: int) -> None:
    assert_array_equal(ratios, ratios.T)
    absent = np.bincount(np.asarray(labels, dtype=np.int64), minlength=n_classes) == 0
    assert_array_equal(np.isnan(ratios), absent[:, np.newaxis] | absent)
    assert not (ratios < 0).any()


@wraps(class_margins)
def margins_of(embeddings: Any, labels: Any, weight: Any) -> Margins:
    return class_margins(embeddings, labels, Head(weight))


def check_margins(margins: Margins, _: Any, labels: Any, weight: Any) -> None:
    n_classes = len(weight)
    absent = np.bincount(np.asarray(labels, dtype=np.int64), minlength=n_classes) == 0
    for table in (margins.mean, margins.spread):
        assert_array_equal(np.isnan(table), np.tile(absent[:, np.newaxis], n_classes))
    unknown = absent[:, np.newaxis] | np.eye(n_classes, dtype=bool)
    assert_array_equal(np.isnan(margins.overlap), unknown)
    assert not (margins.spread < 0).any()
    assert ((margins.overlap >= 0) & (margins.overlap <= 1))[~unknown].all()


def check_costs(costs: np.ndarray, *_: Any) -> None:
    assert (np.diag(costs) == 0).all()
    assert (costs + np.eye(len(costs)) >= 1).all()


def check_floor(floor: np.ndarray, counts: Any) -> None:
    assert_array_equal(np.isnan(floor), ~np.asarray(counts).any(axis=1))
    assert not (floor < 0).any()


def check_forecast(shares: np.ndarray, *_: Any) -> None:
    assert_allclose(shares.sum(axis=1), len(shares) > 1, atol=1e-6)
    assert (np.diag(shares) == 0).all()
    assert (shares >= 0).all()


@st.composite
def permuted(draw: Any) -> tuple[Any, ...]:
    """Labels and what a permutation makes of them, or any codes."""
    labels, predictions, n_classes = draw(arguments("cn", "cn", "c"))
    if draw(st.booleans()):
        labels = np.repeat(np.arange(4), draw(st.integers(0, 9)))
        predictions, n_classes = np.array(draw(st.permutations(range(4))))[labels], 4
    return labels, predictions, n_classes


def check_permutation(found: Any, labels: Any, predictions: Any, n_classes: int) -> None:
    if found is not None:
        assert (found.classes != found.predicted).all()
        assert len(set(found.predicted)) == len(found.classes) >= 2
        assert found.accuracy == np.mean(np.asarray(labels) == np.asarray(predictions))
        assert 0.5 < found.fit <= 1
        assert found.fit > found.accuracy
        assert found.predicted.max() < n_classes


@st.composite
def images(draw: Any) -> tuple[Any, ...]:
    rgb = draw(hnp.arrays(np.uint8, st.tuples(*[st.integers(1, 4)] * 3, st.just(3))))
    marks = draw(hnp.arrays(np.uint8, rgb.shape[:3], elements=st.integers(0, 2)))
    tied = marks == 2
    room = tied.sum(axis=(1, 2)) * draw(st.integers(0, 10)) // 10
    return rgb, marks == 1, tied, room, "perceptual"


@st.composite
def saliencies(draw: Any) -> tuple[torch.Tensor, float]:
    shape = draw(st.tuples(*[st.integers(1, 5)] * 3))
    elements = st.sampled_from([0.0, 0.5, 1.0, 2.0]) | st.floats(0, 2.0**100, width=32)
    values = draw(hnp.arrays(np.float32, shape, elements=elements))
    return torch.from_numpy(values), draw(st.integers(1, 10)) / 10


@st.composite
def logits(draw: Any) -> tuple[torch.Tensor, np.ndarray]:
    shape = draw(st.tuples(st.integers(1, 5), st.integers(2, 14)))
    finite = st.sampled_from([0.0, 1.0, -1.0]) | st.floats(-(2.0**100), 2.0**100, width=32)
    values = draw(hnp.arrays(np.float32, shape, elements=finite))
    labels = draw(hnp.arrays(np.int64, shape[0], elements=st.integers(0, shape[1] - 1)))
    return torch.from_numpy(values), labels


# What each function is given, and what must be so of what it returns.
FUNCTIONS: dict[Callable[..., Any], tuple[st.SearchStrategy[tuple[Any, ...]], Any]] = {
    adversary_votes: (arguments("cn", "cn", "cnk", "c"), check_votes),
    error_matrix: (arguments("cn", "cn", "c"), check_errors),
    row_shares: (arguments("cnd"), check_shares),
    assign_archetypes: (arguments("cn", "cnk"), check_archetypes),
    archetype_counts: (arguments("cn", "cn", "c"), check_archetype_counts),
    nearest_neighbors: (arguments("fnd", "k"), check_neighbors),
    nearest_references: (arguments("fnd", "fmd", "k"), check_references),
    medoid: (arguments("fnd"), check_medoid),
    medoids: (arguments("fnd", "k"), check_medoids),
    pam: (st.tuples(distances | anything(), numbers), check_pam),
    top_features: (arguments("fnd", "cn", "c", "k"), check_features),
    feature_density: (arguments("fnd", "cn", "c", "cm", "k"), check_density),
    negative_share: (arguments("fnd"), check_negative),
    overlap_matrix: (arguments("cnk"), check_overlap),
    likely_permutation: (permuted(), check_permutation),
    kl_divergence: (st.tuples(shares, shares | anything()), check_divergence),
    js_divergence: (st.tuples(shares, shares | anything()), check_divergence),
    fisher_ratios: (arguments("fnd", "cn", "c"), check_fisher),
    smoothed_shares: (st.tuples(anything(), st.just(0.5)), check_forecast),
    noise_floor: (arguments("cck") | st.tuples(anything()), check_floor),
    margins_of: (arguments("fnd", "cn", "fcd"), check_margins),
    overlap_costs: (arguments("cck", "cc"), check_costs),
    similarity_shares: (st.tuples(anything()), check_forecast),
    assign_bins: (st.tuples(anything()), check_bins),
    # These are given what the pass over the images gives them, which is checked before.
    count_colors: (images(), check_color_counts),
    salient_pixels: (saliencies(), check_salient),
    top_probabilities: (logits(), check_top),
}


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__name__)
def test_invariants_hold_or_a_reason_is_given(function: Callable[..., Any]) -> None:
    strategy, check = FUNCTIONS[function]

    @given(given_arguments=strategy)
    def run(given_arguments: tuple[Any, ...]) -> None:
        try:
            result = function(*given_arguments)
        except ValueError:
            return  # any other error fails the test
        check(result, *given_arguments)

    run()


def test_no_function_of_arrays_is_left_out() -> None:
    covered = {function.__name__ for function in FUNCTIONS}
    for room in MODULES:
        found = importlib.import_module(f"imbxai_widgets.compute.{room}")
        inside = [module.name for module in pkgutil.iter_modules(getattr(found, "__path__", []))]
        modules = [importlib.import_module(f"{found.__name__}.{name}") for name in inside]
        for module in modules or [found]:
            for name, function in inspect.getmembers(module, inspect.isfunction):
                if function.__module__ == module.__name__ and not name.startswith("_"):
                    assert name in covered | OTHER_FUNCTIONS, f"{module.__name__}.{name}"
