"""How often intervals hold what they should, and claims are wrong, where the truth is known.

    python -m tests.benchmarks.coverage

Errors of ten classes are drawn from shares that are known, and two forecasts compared on them.
Writes results/coverage.json.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np

from imbxai_widgets.compute.methods.divergence import kl_divergence
from imbxai_widgets.compute.methods.entropy import noise_floor
from imbxai_widgets.compute.methods.forecast_quality import (
    CLAIM_ERRORS,
    Forecast,
    Mistakes,
    sure_differences,
)
from tests.benchmarks._results import write_results

CLASSES: Final = 10
NUMBERS: Final = (5, 10, 20, 40)
BASELINES: Final = 6  # that a forecast is held against
ROUNDS: Final = 200
Draw = Callable[[np.random.Generator, int], np.ndarray]

# Shares of other classes, from all alike to one that takes most.
TRUTHS: Final[Mapping[str, Draw]] = {
    "even": lambda _, others: np.full(others, 1 / others),
    "uneven": lambda rng, others: rng.dirichlet(np.full(others, 0.5)),
    "steep": lambda rng, others: rng.dirichlet(np.full(others, 0.2)),
    "one takes 80%": lambda rng, others: rng.permutation(
        np.append(0.8, np.full(others - 1, 0.2 / (others - 1)))
    ),
}


def matrix(draw: Draw, rng: np.random.Generator, classes: int = CLASSES) -> np.ndarray:
    """Return shares of each class's other classes, (C, C), 0 on the diagonal."""
    return np.stack([np.insert(draw(rng, classes - 1), row, 0) for row in range(classes)])


def guess(truth: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return a forecast that knows the truth in part, from nothing to half."""
    known = rng.uniform(0, 0.5, (len(truth), 1))
    blind = matrix(lambda r, others: r.dirichlet(np.ones(others)), rng, len(truth))
    shares = np.maximum(known * truth + (1 - known) * blind, 0.002)
    np.fill_diagonal(shares, 0)
    return shares / shares.sum(axis=1, keepdims=True)


def mistakes(
    truth: np.ndarray, numbers: np.ndarray, rng: np.random.Generator, alike: int = 1
) -> Mistakes:
    """Draw so many errors of each class, each of them `alike` times over, as a group."""
    counts = [
        rng.multinomial(number // alike, row) for number, row in zip(numbers, truth, strict=True)
    ]
    own, other = np.nonzero(counts)
    repeats = np.array(counts)[own, other]
    labels, predictions = np.repeat(own, repeats), np.repeat(other, repeats)
    groups = np.arange(len(labels))
    return Mistakes(*(np.repeat(part, alike) for part in (labels, predictions, groups)), len(truth))


def true_excess(truth: np.ndarray, forecast: Forecast, reference: Forecast) -> np.ndarray:
    """Return by how much the KL of one forecast truly is beyond that of the other, (C,)."""
    return np.asarray((truth * (reference.logs - forecast.logs)).sum(axis=1))


def coverage(
    draw: Draw, number: int, rounds: int, seed: int = 0, *, alike: int = 1, grouped: bool = True
) -> tuple[float, float]:
    """Return how many 95% intervals of the excess hold it: of classes, and of their mean."""
    rng = np.random.default_rng(seed)
    found: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        truth = matrix(draw, rng)
        forecasts = [Forecast.of(guess(truth, rng)) for _ in range(2)]
        drawn = mistakes(truth, np.full(CLASSES, number), rng, alike)
        if not grouped:
            single = np.arange(len(drawn.labels))
            drawn = Mistakes(drawn.labels, drawn.predictions, single, CLASSES)
        expected = true_excess(truth, *forecasts)
        compared = zip(drawn.excess(*forecasts), (expected, expected.mean()), found, strict=True)
        for excess, true, held in compared:
            low, high = excess.interval(0.95)
            held.append(float(np.mean((low <= true) & (true <= high))))
    return round(float(np.mean(found[0])), 3), round(float(np.mean(found[1])), 3)


def floors(draw: Draw, number: int, classes: int, rounds: int) -> tuple[float, float]:
    """Return what `noise_floor` estimates on average, and what it should."""
    rng = np.random.default_rng(0)
    estimated, true = [], []
    for _ in range(rounds):
        truth = matrix(draw, rng, classes)
        counts = np.stack([rng.multinomial(number, row) for row in truth])
        estimated.append(noise_floor(counts).mean())
        true.append(kl_divergence(counts / number, truth).mean())
    return round(float(np.mean(estimated)), 3), round(float(np.mean(true)), 3)


def wrong_claims(draw: Draw, number: int, rounds: int, *, corrected: bool) -> tuple[float, ...]:
    """Return of the claims which part points the wrong way, how many families have one that does.

    And how many claims a family has: of ten classes and some baselines, with errors from
    `number` to twice as many.
    """
    rng = np.random.default_rng(0)
    claims, wrong, families = 0, 0, 0
    for _ in range(rounds):
        truth = matrix(draw, rng)
        forecast = Forecast.of(guess(truth, rng))
        numbers = rng.integers(number, 2 * number, CLASSES)
        drawn = mistakes(truth, numbers, rng)
        pairs = [Forecast.of(guess(truth, rng)) for _ in range(BASELINES)]
        excess = [drawn.excess(baseline, forecast)[0] for baseline in pairs]
        p_values = np.stack([one.p_value() for one in excess], axis=1)
        sure = sure_differences(p_values, numbers) if corrected else p_values < 0.05
        true = np.stack([true_excess(truth, baseline, forecast) for baseline in pairs], axis=1)
        turned = sure & (np.stack([one.value for one in excess], axis=1) * true < 0)
        claims, wrong, families = claims + sure.sum(), wrong + turned.sum(), families + turned.any()
    figures = (wrong / max(claims, 1), families / rounds, claims / rounds)
    return tuple(round(float(figure), 4) for figure in figures)


def measured() -> dict[str, Any]:
    """Return all figures."""
    found: dict[str, Any] = {"coverage": {}, "grouped": {}, "floor": {}, "claims": {}}
    for name, draw in TRUTHS.items():
        found["coverage"][name] = {n: coverage(draw, n, ROUNDS) for n in NUMBERS}
        found["grouped"][name] = {
            "groups given": coverage(draw, 40, ROUNDS, alike=2),
            "not given": coverage(draw, 40, ROUNDS, alike=2, grouped=False),
        }
        found["floor"][name] = {
            f"{n} errors, {c} classes": floors(draw, n, c, ROUNDS // 4)
            for c in (10, 100)
            for n in NUMBERS
        }
        found["claims"][name] = {
            "5 to 9 errors, not corrected": wrong_claims(draw, 5, ROUNDS, corrected=False),
            f"{CLAIM_ERRORS} errors or more": wrong_claims(
                draw, CLAIM_ERRORS, ROUNDS, corrected=True
            ),
        }
    return found


def main() -> None:
    print(write_results("coverage", measured()))


if __name__ == "__main__":
    main()
