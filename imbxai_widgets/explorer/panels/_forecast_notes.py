"""What the Explorer says of each class: which simpler forecasts its adversaries beat."""

from __future__ import annotations

import pandas as pd

from imbxai_widgets.analysis import Analysis
from imbxai_widgets.compute.methods.forecast_quality import MIN_ERRORS

# Beyond, the comparison would hold up the first card, and classes have few validation errors.
MOST_CLASSES = 50
BASELINES = {
    "random": "chance",
    "uniform": "all classes alike",
    "priors": "class sizes",
    "popularity": "the votes of all classes",
    "fisher": "Fisher's ratio",
}


def forecast_notes(analysis: Analysis) -> list[str]:
    """Say of each class what its adversary votes forecast better, or worse, than what.

    A baseline is beaten where the 95% interval of the difference of the divergences from the
    validation errors excludes zero.

    Parameters
    ----------
    analysis : Analysis

    Returns
    -------
    list of str
        One for each class: empty for a class without votes or with fewer than 5 validation
        errors, and for all of them without validation images or beyond 50 classes.

    Examples
    --------
    >>> notes = forecast_notes(analysis)
    >>> notes[0]  # 3 validation errors are too few
    ''
    >>> notes[9].partition(";")[0]
    'Forecast by the votes: closer to the validation errors than chance'
    """
    size = analysis.n_classes
    if analysis.validation is None or not 2 <= size <= MOST_CLASSES:
        return [""] * size
    quality = analysis.forecast_quality(replicates=200, draws=20)
    votes = analysis.adversaries()["support", "votes"].to_numpy()
    rows = len(quality) // size
    # By place: two classes may have one name.
    tables = [quality.iloc[rows * index : rows * (index + 1)] for index in range(size)]
    return [
        _note(table.droplevel("class")) if votes[index] else ""
        for index, table in enumerate(tables)
    ]


def _note(quality: pd.DataFrame) -> str:
    if quality["errors"].iloc[0] < MIN_ERRORS:
        return ""
    kl = quality["kl"]["votes"]
    baselines = quality.loc[list(BASELINES)]
    closer, farther = baselines["excess_low"] > 0, baselines["excess_high"] < 0
    parts = [
        f"{words} {_listed(baselines.index[which])}"
        for words, which in (
            ("closer to the validation errors than", closer),
            ("farther from them than" if closer.any() else "farther from the errors than", farther),
            ("not told apart from", ~(closer | farther)),
        )
        if which.any()
    ]
    return f"Forecast by the votes: {'; '.join(parts)} (KL {kl:.2f} nats)."


def _listed(kinds: pd.Index[str]) -> str:
    *most, last = [BASELINES[kind] for kind in kinds]
    return f"{', '.join(most)} and {last}" if most else last
