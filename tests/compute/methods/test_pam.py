from __future__ import annotations

from itertools import combinations

import kmedoids
import numpy as np
import pytest

from imbxai_widgets.compute.methods import pam as module
from imbxai_widgets.compute.methods.pam import pam

# What KMedoids of scikit-learn-extra 0.3.0 reaches on the first sets of `points`: its summed
# distance, with NumPy 1.26.4 and scikit-learn 1.5.2 (it does not run with NumPy 2), by
#   KMedoids(n, method="pam", init="build", max_iter=1000).fit(points(number)[0]).inertia_
SCIKIT_LEARN_EXTRA = (
    232.8564,
    419.9834,
    18.0000,
    3.3650,
    3777.6723,
    126.1626,
    321.1570,
    506.3123,
    25.8130,
    3086.8454,
    847.9368,
    61.6704,
)


def points(number: int) -> tuple[np.ndarray, int]:
    """Return rows and how many medoids they shall have: noise, clusters, a grid, duplicates."""
    generator = np.random.default_rng(number)
    size = int(np.exp(generator.uniform(np.log(12), np.log(500))))
    width = int(generator.choice([1, 2, 5, 20, 64]))
    n = int(generator.integers(2, 6))
    kind = number % 4
    if kind == 1:
        centers = 5 * generator.normal(size=(n, width))
        return centers[generator.integers(0, n, size)] + generator.normal(size=(size, width)), n
    rows = generator.normal(size=(size, width))
    if kind == 2:
        rows = np.round(2 * rows)
    return rows[generator.integers(0, size, size)] if kind == 3 else rows, n


def distances_of(rows: np.ndarray) -> np.ndarray:
    """As float32, like those that the search is given."""
    exact = np.stack([np.sqrt(np.square(rows - row).sum(axis=1)) for row in rows])
    return exact.astype(np.float32)


def loss(distances: np.ndarray, rows: np.ndarray) -> float:
    return float(distances[rows].min(axis=0).sum(dtype=np.float64))


def optimum(distances: np.ndarray, n: int) -> float:
    every = np.array(list(combinations(range(len(distances)), n)))
    return float(distances.astype(np.float64)[every].min(axis=1).sum(axis=1).min())


def test_small_sets_beside_all_their_subsets() -> None:
    """A local optimum is not always the best there is; how often it is, is held here."""
    ratios = []
    for seed in range(200):
        generator = np.random.default_rng(seed)
        size, n = int(generator.integers(6, 13)), int(generator.integers(1, 5))
        distances = distances_of(generator.integers(-4, 5, (size, 1 + seed % 3)).astype(float))
        best = optimum(distances, n)
        ratios.append(loss(distances, pam(distances, n)) / best if best else 1.0)
    found = np.array(ratios)
    assert found.min() > 1 - 1e-6
    assert (found < 1 + 1e-6).mean() >= 0.99
    assert found.max() < 1.1


@pytest.mark.parametrize("number", range(16))
@pytest.mark.parametrize("candidates", [7, 128])
def test_no_swap_lowers_the_loss(
    monkeypatch: pytest.MonkeyPatch, number: int, candidates: int
) -> None:
    monkeypatch.setattr(module, "_CANDIDATES", candidates)
    rows, n = points(number)
    distances = distances_of(rows[:90])
    found = pam(distances, n)
    assert found.dtype == np.int64
    assert len(set(found.tolist())) == n
    least = loss(distances, found)
    for place, row in np.ndindex(n, len(distances)):
        swapped = found.copy()
        swapped[place] = row
        assert loss(distances, swapped) >= least * (1 - 1e-6)


def test_losses_of_swaps_are_those_of_each_swap() -> None:
    distances = distances_of(np.random.default_rng(0).normal(size=(30, 3)))
    medoids = np.array([3, 17, 4])
    losses = module._losses_of_swaps(distances[10:16], distances[medoids])
    for row, place in np.ndindex(6, 3):
        swapped = medoids.copy()
        swapped[place] = 10 + row
        assert losses[row, place] == pytest.approx(loss(distances, swapped), rel=1e-5)


def test_build_takes_the_best_row_and_then_what_lowers_the_loss_most() -> None:
    line = np.array([0.0, 1, 2, 3, 4, 20, 21, 22, 40])
    distances = abs(line[:, np.newaxis] - line)
    first = [loss(distances, np.array([row])) for row in range(9)]
    assert first.index(min(first)) == 4
    then = [loss(distances, np.array([4, row])) for row in range(9)]
    assert then.index(min(then)) == 6
    assert module._build(distances, 3).tolist() == [4, 6, 8]


def test_one_medoid_is_exact_and_all_rows_are_all() -> None:
    distances = distances_of(np.random.default_rng(1).normal(size=(40, 3)))
    assert pam(distances, 1).tolist() == [int(distances.sum(axis=0).argmin())]
    assert sorted(pam(distances, 40).tolist()) == list(range(40))


def test_of_equal_rows_each_is_taken_once() -> None:
    assert sorted(pam(np.zeros((5, 5), np.float32), 3).tolist()) == [0, 1, 2]


def test_the_same_seed_gives_the_same_medoids() -> None:
    distances = distances_of(np.random.default_rng(2).normal(size=(300, 2)))
    assert pam(distances, 5, seed=3).tolist() == pam(distances, 5, seed=3).tolist()


def test_within_a_percent_of_kmedoids() -> None:
    """The package by the authors of FasterPAM, on 100 sets of all kinds."""
    pairs = []
    for number in range(100):
        rows, n = points(number)
        distances = distances_of(rows)
        theirs = kmedoids.fasterpam(distances, n, random_state=number, n_cpu=1).medoids
        pairs.append((loss(distances, pam(distances, n)), loss(distances, theirs.astype(int))))
    ours, others = np.array(pairs).T
    assert (ours <= 1.01 * others).all()  # 0 where as many rows differ as there are medoids
    assert np.mean(ours[others > 0] / others[others > 0]) <= 1


@pytest.mark.parametrize("number", range(len(SCIKIT_LEARN_EXTRA)))
def test_within_a_percent_of_scikit_learn_extra(number: int) -> None:
    rows, n = points(number)
    assert loss(distances_of(rows), pam(distances_of(rows), n)) <= 1.01 * SCIKIT_LEARN_EXTRA[number]


@pytest.mark.parametrize(
    ("distances", "n", "message"),
    [
        (np.zeros((2, 3)), 1, r"must be \(N, N\), N at least 1; got \(2, 3\)"),
        (np.zeros((2, 2)), 3, r"N at least 3; got \(2, 2\)"),
        (-np.eye(2), 1, "must not be negative"),
        (np.full((2, 2), 3e38), 1, "too large to be summed"),
        ([[0, np.nan], [1, 0]], 1, "1 of 2 rows hold NaN or infinity"),
        (np.zeros((2, 2)), 0, "n must be a whole number of at least 1"),
    ],
)
def test_what_is_refused(distances: np.ndarray, n: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        pam(distances, n)
