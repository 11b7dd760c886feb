"""How close forecasts come to the validation errors, and how sure that is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from imbxai_widgets.compute.methods.adversaries import row_shares
from imbxai_widgets.compute.methods.divergence import js_divergence, kl_divergence
from imbxai_widgets.compute.numeric.blocks import CACHED_BYTES, row_blocks
from imbxai_widgets.compute.numeric.types import DoubleArray, IntArray

# On fewer errors than this no number is relied on; resampling them would repeat them rather than
# show what else may occur.
MIN_ERRORS: Final = 5
RANDOM: Final = "random"
SPLIT_HALF: Final = "split half"
LIMITS: Final = np.array([[0.0, np.inf], [0.0, np.log(2)], [-np.inf, np.inf]])


def measure(
    confusion: IntArray,
    forecasts: Mapping[str, DoubleArray],
    *,
    reference: str,
    smoothing: float,
    replicates: int,
    draws: int,
    seed: int,
) -> dict[str, DoubleArray]:
    """Compare the errors of each class with each forecast, random draws and each other.

    Parameters
    ----------
    confusion
        (C, C) int64: validation images of class i predicted j, right ones on the diagonal.
    forecasts
        By name, (C, C) shares with a zero diagonal, above zero elsewhere.
    reference
        The one that the others are held against.
    smoothing
        Added to the counts of a half of the errors that serves as forecast.
    replicates
        How often the validation images of each class are drawn anew, with replacement; may be 0.
    draws
        How many random forecasts and random halves are averaged.
    seed
        Of resamples, draws and halves.

    Returns
    -------
    dict
        By name, `RANDOM` and `SPLIT_HALF` included: (R, 3, C) float64, R = 1 + `replicates`, the
        images as given first. The three are KL and Jensen-Shannon divergence and the KL beyond
        that of `reference`, in nats; NaN where a class has no errors in the resample. `SPLIT_HALF`
        has R = 1.
    """
    rng = np.random.default_rng(seed)
    found = _resampled(confusion, forecasts, replicates, draws, rng)
    found[SPLIT_HALF] = _split_half(confusion, smoothing, draws, rng)
    base = found[reference][:, :1]
    return {
        name: np.concatenate([values, values[:, :1] - base[: len(values)]], axis=1)
        for name, values in found.items()
    }


def interval(values: DoubleArray, level: float) -> DoubleArray:
    """Return bootstrap intervals of what `measure` returns.

    A few errors look more uneven than the distribution that they come from. Their divergence is
    therefore too large, and that of a resample is too large by about twice as much. So each end is
    a quantile of the resamples less their mean, added to the estimate. In the KL beyond the
    reference, the surplus cancels, since it is the same for every forecast of a class; there, the
    ends are close to plain percentiles.

    Parameters
    ----------
    values
        (R, 3, ...) float64, the estimate first, then its resamples, NaN where there is none.
    level
        Part of the resamples between the ends, 0 to 1.

    Returns
    -------
    numpy.ndarray
        (2, 3, ...) float64, the ends, within `LIMITS`; NaN without resamples.
    """
    ends = np.full((2, *values.shape[1:]), np.nan)
    known = ~np.isnan(values[1:]).all(axis=0)
    if known.any():
        tail = (1 - level) / 2
        resamples = values[1:, known]
        spread = np.nanquantile(resamples, [tail, 1 - tail], axis=0) - np.nanmean(resamples, axis=0)
        ends[:, known] = values[0, known] + spread
    limits = LIMITS.T.reshape(2, 3, *[1] * (values.ndim - 2))
    return np.clip(ends, limits[0], limits[1])


def _resampled(
    confusion: IntArray,
    forecasts: Mapping[str, DoubleArray],
    replicates: int,
    draws: int,
    rng: np.random.Generator,
) -> dict[str, DoubleArray]:
    size = len(confusion)
    found = {name: np.full((1 + replicates, 2, size), np.nan) for name in (*forecasts, RANDOM)}
    for index, row in enumerate(confusion):
        errors = np.delete(row, index)
        if not errors.any():
            continue
        seen = np.flatnonzero(errors)
        cells = np.append(errors[seen], row[index])
        resamples = rng.multinomial(row.sum(), cells / row.sum(), replicates)
        counts = np.concatenate([errors[np.newaxis, seen], resamples[:, :-1]])
        occurs = counts.any(axis=1)
        # Classes that no image is taken for can be counted as one: both divergences stay the
        # same, and a thousand classes become a few dozen columns.
        truth = np.pad(row_shares(counts[occurs]), ((0, 0), (0, 1)))
        guesses = np.concatenate(
            [
                [np.delete(shares[index], index) for shares in forecasts.values()],
                rng.dirichlet(np.ones(size - 1), draws),
            ]
        )[:, seen]
        rest = np.maximum(1 - guesses.sum(axis=1, keepdims=True), 0)
        guesses = np.append(guesses, rest, axis=1)
        for number, divergence in enumerate((kl_divergence, js_divergence)):
            each = np.concatenate(
                [
                    divergence(truth[block, np.newaxis], guesses)
                    for block in row_blocks(len(truth), guesses.nbytes, limit=CACHED_BYTES)
                ]
            )
            for name, values in zip(forecasts, each.T, strict=False):
                found[name][occurs, number, index] = values
            found[RANDOM][occurs, number, index] = each[:, len(forecasts) :].mean(axis=1)
    return found


def _split_half(
    confusion: IntArray, smoothing: float, splits: int, rng: np.random.Generator
) -> DoubleArray:
    """Compare the errors in one half of each class's images with those in the other half."""
    found = np.full((1, 2, len(confusion)), np.nan)
    for index, row in enumerate(confusion):
        whole = np.append(np.delete(row, index), row[index])
        halves = rng.multivariate_hypergeometric(whole, row.sum() // 2, splits)
        halves = halves[halves[:, :-1].any(axis=1)]
        if not len(halves):
            continue
        truth = row_shares(halves[:, :-1])
        rest = row_shares((whole - halves)[:, :-1] + smoothing)
        found[0, :, index] = (
            kl_divergence(truth, rest).mean(),
            js_divergence(truth, rest).mean(),
        )
    return found
