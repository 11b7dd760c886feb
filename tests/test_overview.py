"""Which bars of the overview are marked as resting on few errors."""

from __future__ import annotations

import numpy as np
from small_analysis import make_analysis, with_predictions

from imbxai_widgets.cards import CardDeck
from imbxai_widgets.overview import overview


def test_only_fewer_than_five_errors_make_a_bar_faint() -> None:
    analysis = make_analysis((12, 11, 10, 9), validation=False)
    predictions = analysis.labels.copy()
    for label, errors in enumerate((3, 4, 5, 6)):
        wrong = np.flatnonzero(analysis.labels == label)[:errors]
        predictions[wrong] = (label + 1) % 4
    data = overview(CardDeck(with_predictions(analysis, predictions)))
    assert data.order == [0, 1, 2, 3]
    assert [opacity < 1 for opacity in data.charts[0]["opacities"]] == [True, True, False, False]
