"""The rules: which causes hold for a class, and how clearly."""

from __future__ import annotations

from typing import Final

import numpy as np

from imbxai_widgets.analysis._evidence import FEWEST_TO_COMPARE, ClassEvidence
from imbxai_widgets.analysis.diagnosis import State
from imbxai_widgets.compute.diagnosis.subgroups import recall_difference
from imbxai_widgets.compute.methods.intervals import wilson_interval

HOLDS: Final = 0.5
LEAST_DEFICIT: Final = 0.05
RARE: Final = 0.002  # chance of a sub-group's errors, corrected

LEAK: Final = "leak"
DUPLICATES: Final = "duplicates"
LABELS: Final = "wrong labels"
OVERLAP: Final = "overlap"
SHORTCUT: Final = "shortcut"
SUBGROUP: Final = "sub-group"
SHIFT: Final = "shift"
FEW: Final = "few images"
DECISION: Final = "decision shift"
OVERCONFIDENCE: Final = "over-confidence"

# In the order of docs/diagnosis.md. Of equally clear causes the first is named first: what is
# proved by single images goes before what is inferred of the whole class.
CAUSES: Final = (
    LEAK,
    DUPLICATES,
    LABELS,
    OVERLAP,
    SHORTCUT,
    SUBGROUP,
    SHIFT,
    FEW,
    DECISION,
    OVERCONFIDENCE,
)
# Faults of the data, which are told of classes that do not fail as well.
OF_DATA: Final = (LEAK, DUPLICATES, LABELS)


def ramp(value: float, low: float, high: float) -> float:
    """Return 0 up to `low`, 1 from `high` on, and between them what lies between; NaN stays.

    Examples
    --------
    >>> ramp(0.1, 0.0, 0.4), ramp(5, 0, 1), ramp(0.1, 0.2, 0.0)
    (0.25, 1.0, 0.5)
    """
    return float(np.clip((value - low) / (high - low), 0, 1))


def state_of(one: ClassEvidence, fewest: int) -> State:
    """Tell whether a class fails: whether its recall is clearly below that of the other classes."""
    if one.images < fewest:
        return "too few to tell"
    right = int(one.right.sum())
    _, high = wilson_interval(right, one.images)
    fails = one.deficit >= LEAST_DEFICIT and high < one.recall + one.deficit
    return "failing" if fails else "not failing"


def strengths(one: ClassEvidence) -> dict[str, float]:
    """Return how clearly each rule is met, 0 to 1; from 0.5 on it holds, NaN: not tested."""
    mixed = min(
        ramp(one.below("pair_validation"), 0.015, 0.045), 1 - ramp(_returned(one), 0.5, 0.8)
    )
    mixed = 0.0 if np.isnan(mixed) else mixed
    of_training = ramp(one.below("pair_training"), 0.005, 0.025)
    count = len(one.doubted_in) + len(one.doubted_out)
    doubted = min(
        ramp(one.excess("doubted") - one.spreads["doubted"], 0.02, 0.08),
        ramp(one.doubted[1], -0.02, 0.02),
        ramp(count, 2, 5),
    )
    small = ramp(one.relative_size, 0.6, 0.35)
    different = np.nan
    if one.repeated is not None and one.train_images >= FEWEST_TO_COMPARE:
        share = one.repeated.different / one.train_images
        usual = one.medians["different"]
        different = ramp(usual - share, 0.2, 0.5)
    return {
        LEAK: ramp(len(one.leaked) / one.images, 0.0, 0.06) if one.tells_apart else np.nan,
        DUPLICATES: different,
        LABELS: min(doubted, 1 - mixed),
        # A network that has seen few images of a class cannot tell it, and what they do not show
        # fails: that the class is small goes before.
        OVERLAP: np.nan if one.adversary is None else min(mixed, of_training) * (1 - 0.4 * small),
        SHORTCUT: _shortcut(one),
        SUBGROUP: _subgroup(one, mixed) * (1 - 0.5 * small),
        SHIFT: _shift(one),
        FEW: small * (0.55 + 0.45 * _few(one)),
        DECISION: small * (0.55 + 0.45 * (1 - _few(one))),
        OVERCONFIDENCE: _overconfident(one),
    }


def _returned(one: ClassEvidence) -> float:
    """Return what an offset brings back, less what it costs others, as a share of the deficit."""
    if one.offset is None:
        return 0.0
    return (one.offset.gain - one.offset.cost) / max(one.deficit, 1e-9)


def _few(one: ClassEvidence) -> float:
    """How much rather too few images than a shifted decision, 0 to 1."""
    left = (1 - one.recovered) * one.deficit
    return max(ramp(one.train_images, 10, 5), ramp(left, 0.2, 0.45))


def _shortcut(one: ClassEvidence) -> float:
    if one.local is None:
        return np.nan
    away = one.local.inside - one.local.outside
    return min(ramp(one.local.low, 0.55, 0.68), ramp(away, 0.08, 0.2))


def _subgroup(one: ClassEvidence, mixed: float) -> float:
    """Images beyond those of training fail, the others do not; or so does a tested group."""
    strength = np.nan
    if one.domain is not None:
        beyond = one.beyond
        share = float(beyond.mean())
        strength = 0.0
        if 0 < share < 1:
            _, low, _ = recall_difference(one.right[beyond], one.right[~beyond])
            some = min(ramp(one.excess("beyond"), 0.03, 0.1), ramp(share, 0.8, 0.6))
            strength = min(some, ramp(low, 0.0, 0.1))
    if one.subgroup is not None:
        found = ramp(one.subgroup.low, 0.0, 0.3) * float(one.subgroup.p < RARE)
        strength = max(0.0 if np.isnan(strength) else strength, min(found, 1 - mixed))
    return strength


def _shift(one: ClassEvidence) -> float:
    if one.domain is None:
        return np.nan
    everywhere = 1.0
    if one.local is not None:
        everywhere = 1 - ramp(one.local.inside - one.local.outside, 0.08, 0.2)
    return min(ramp(one.excess("beyond"), 0.3, 0.6), everywhere)


def _overconfident(one: ClassEvidence) -> float:
    return ramp(one.overconfidence[1], -0.05, 0.05)


def ranked(found: dict[str, float]) -> list[str]:
    """Return the causes that hold, the clearest first, and of equally clear ones in their order.

    Over-confidence explains no error, and is not among them.
    """
    holding = [c for c in CAUSES if found[c] >= HOLDS and c != OVERCONFIDENCE]
    return sorted(holding, key=lambda cause: -round(found[cause], 1))
