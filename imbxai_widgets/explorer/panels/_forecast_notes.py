"""What the Explorer says of each class: which simpler forecasts the one that it shows beats."""

from __future__ import annotations

import numpy as np
import pandas as pd

from imbxai_widgets.analysis import Analysis
from imbxai_widgets.compute.methods.forecast_quality import CLAIM_ERRORS, sure_differences
from imbxai_widgets.explorer.deck import FORECAST_CLASSES

BASELINES = {
    "random": "chance",
    "uniform": "all classes alike",
    "priors": "class sizes",
    "votes": "the votes of neighbors",
    "popularity": "the votes of all classes",
    "fisher": "Fisher's ratio",
}


def forecast_notes(analysis: Analysis) -> list[str]:
    """Say of each class what `Analysis.forecast` foretells better, or worse, than what.

    It does so where the p-value of the difference of the divergences from the validation errors
    is below 0.05, after Holm's correction for all classes and baselines that are compared.

    Parameters
    ----------
    analysis : Analysis

    Returns
    -------
    list of str
        One for each class: empty for a class with fewer than 20 validation errors, and for all of
        them without validation images or beyond 50 classes.

    Examples
    --------
    >>> notes = forecast_notes(analysis)
    >>> notes[0]  # 3 validation errors are too few
    ''
    >>> notes[3].partition(";")[0]
    'The forecast is closer to the validation errors than chance'
    """
    size = analysis.n_classes
    if analysis.validation is None or not 2 <= size <= FORECAST_CLASSES:
        return [""] * size
    quality = analysis.forecast_quality()
    rows = len(quality) // size
    # By place: two classes may have one name.
    kinds = quality.index.get_level_values("forecast")[:rows]
    places = kinds.get_indexer(pd.Index(list(BASELINES)))
    shape = (size, rows)
    excess, p_values = (
        quality[column].to_numpy().reshape(shape)[:, places] for column in ("excess", "excess_p")
    )
    errors = quality["errors"].to_numpy().reshape(shape)[:, 0]
    sure = sure_differences(p_values, errors)
    names = np.array(list(BASELINES.values()))
    return [
        _note(names, sure[index], excess[index], quality.iloc[rows * index : rows * (index + 1)])
        if errors[index] >= CLAIM_ERRORS
        else ""
        for index in range(size)
    ]


def _note(names: np.ndarray, sure: np.ndarray, excess: np.ndarray, quality: pd.DataFrame) -> str:
    closer, farther = sure & (excess > 0), sure & (excess < 0)
    parts = [
        f"{words} {_listed(names[which])}"
        for words, which in (
            ("closer to the validation errors than", closer),
            ("farther from them than" if closer.any() else "farther from the errors than", farther),
            ("not told apart from", ~sure),
        )
        if which.any()
    ]
    kl, floor = quality["kl"] - quality["excess"], quality["floor"]
    return (
        f"The forecast is {'; '.join(parts)} (KL {kl.iloc[0]:.2f} nats; one that is right would "
        f"have about {floor.iloc[0]:.2f})."
    )


def _listed(names: np.ndarray) -> str:
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else str(last)
