"""How often intervals hold what they should, and claims are wrong, where the truth is known.

    python -m tests.benchmarks.coverage [--tables]

Errors of ten classes are drawn from shares that are known, and two forecasts compared on them.
Writes results/coverage.json; `--tables` prints those of docs/forecast.md instead.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import numpy as np

from imbxai_widgets.compute.methods.divergence import kl_divergence
from imbxai_widgets.compute.methods.entropy import noise_floor, shares_entropy
from imbxai_widgets.compute.methods.forecast_quality import (
    CLAIM_ERRORS,
    Forecast,
    Mistakes,
    sure_differences,
)
from imbxai_widgets.compute.numeric.student import t_quantile
from tests.benchmarks._results import read_results, write_results

CLASSES: Final = 10
NUMBERS: Final = (5, 10, 20, 40)
BASELINES: Final = 6  # that a forecast is held against
ROUNDS: Final = 200
PARTS: Final = ("coverage", "grouped", "kl", "floor", "claims")
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


def kl_coverage(draw: Draw, number: int, rounds: int) -> float:
    """Return how many intervals of the KL itself hold it: of Grassberger's estimate, jackknifed."""
    rng = np.random.default_rng(0)
    held = []
    for _ in range(rounds):
        truth = matrix(draw, rng)
        forecast = Forecast.of(guess(truth, rng))
        expected = (truth * (np.log(np.where(truth > 0, truth, 1)) - forecast.logs)).sum(axis=1)
        for row_truth, logs, true in zip(truth, forecast.logs, expected, strict=True):
            counts = rng.multinomial(number, row_truth)
            seen = np.flatnonzero(counts)
            left = counts - np.eye(len(counts), dtype=np.int64)[seen]  # one error less
            weights = counts[seen] / number
            estimates = _corrected_kl(left, logs)
            spread = weights @ (estimates - weights @ estimates) ** 2
            reach = t_quantile(0.95, number - 1) * np.sqrt((number - 1) * spread)
            held.append(abs(_corrected_kl(counts[np.newaxis], logs)[0] - true) <= reach)
    return round(float(np.mean(held)), 3)


def _corrected_kl(counts: np.ndarray, logs: np.ndarray) -> np.ndarray:
    shares = counts / counts.sum(axis=1, keepdims=True)
    return np.asarray(-shares @ logs - shares_entropy(shares) - noise_floor(counts))


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
    found: dict[str, Any] = {part: {} for part in PARTS}
    for name, draw in TRUTHS.items():
        found["coverage"][name] = {n: coverage(draw, n, ROUNDS) for n in NUMBERS}
        found["grouped"][name] = {
            "groups given": coverage(draw, 40, ROUNDS, alike=2),
            "not given": coverage(draw, 40, ROUNDS, alike=2, grouped=False),
        }
        found["kl"][name] = {n: kl_coverage(draw, n, ROUNDS // 4) for n in NUMBERS}
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


def coverage_table() -> Iterator[str]:
    """Yield how many 95% intervals hold the excess, of single classes and of the mean of ten."""
    found = read_results("coverage")
    yield row(
        "errors of a class are",
        *(f"{n} errors" for n in NUMBERS),
        "20 pairs, `groups=`",
        "20 pairs, without",
    )
    yield row("---", *("--:" for _ in range(len(NUMBERS) + 2)))
    for name in TRUTHS:
        cells = [*found["coverage"][name].values(), *found["grouped"][name].values()]
        yield row(name, *(f"{single:.2f}, {mean:.2f}" for single, mean in cells))


def kl_table() -> Iterator[str]:
    """Yield how many 95% intervals of the KL itself would hold it."""
    found = read_results("coverage")["kl"]
    yield row("errors of a class are", *(f"{n} errors" for n in NUMBERS))
    yield row("---", *("--:" for _ in NUMBERS))
    for name in TRUTHS:
        yield row(name, *(f"{part:.2f}" for part in found[name].values()))


def floor_table() -> Iterator[str]:
    """Yield what the floor is estimated to be on average, and what it is."""
    found = read_results("coverage")["floor"]
    cases = [f"{n} errors, {classes} classes" for classes in (10, 100) for n in (10, 20, 40)]
    yield row("errors of a class are", *cases)
    yield row("---", *("--:" for _ in cases))
    for name in TRUTHS:
        yield row(
            name, *(f"{found[name][case][0]:.2f} of {found[name][case][1]:.2f}" for case in cases)
        )


def claims_table() -> Iterator[str]:
    """Yield how often claims point the wrong way."""
    found = read_results("coverage")["claims"]
    cases = list(found["even"])
    yield row("errors of a class are", *cases)
    yield row("---", *("--:" for _ in cases))
    for name in TRUTHS:
        cells = (found[name][case] for case in cases)
        yield row(
            name,
            *(f"{wrong:.1%} of {claims:.1f} claims; {some:.1%}" for wrong, some, claims in cells),
        )


TABLES = (coverage_table, kl_table, floor_table, claims_table)


def row(*cells: object) -> str:
    """Return a row of a table in Markdown."""
    return f"| {' | '.join(str(cell) for cell in cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tables", action="store_true")
    if parser.parse_args().tables:
        for table in TABLES:
            print("", *table(), sep="\n")
    else:
        print(write_results("coverage", measured()))


if __name__ == "__main__":
    main()
