"""What the Explorer says of a forecast: no more than the table of it."""

from __future__ import annotations

import numpy as np
import small_analysis
from small_analysis import planted

from imbxai_widgets.compute.numeric.multiple import holm
from imbxai_widgets.explorer.cards import CardDeck
from imbxai_widgets.explorer.panels._forecast_notes import BASELINES, forecast_notes


def test_each_baseline_is_named_once_and_where_its_p_value_puts_it() -> None:
    for shift in (1, 3):
        analysis = planted((np.arange(6) + shift) % 6, per_class=100)
        quality = analysis.forecast_quality()
        notes = forecast_notes(analysis)
        errors = quality.xs("votes", level="forecast", drop_level=True)["errors"].to_numpy()
        assert (errors >= 20).all()
        p_values = quality["excess_p"].unstack("forecast", sort=False)[list(BASELINES)].to_numpy()
        sure = holm(p_values) < 0.05
        assert sure.any(axis=1).all()
        for index, (name, note) in enumerate(zip(analysis.class_names, notes, strict=True)):
            kl, floor = quality.loc[(name, "spread" if analysis.head else "softmax and errors")][
                ["kl", "floor"]
            ]
            assert note.startswith("The forecast is ")
            assert note.endswith(
                f"(KL {kl:.2f} nats; one that is right would have about {floor:.2f})."
            )
            parts = note.removeprefix("The forecast is ").split("; ")
            for place, (kind, words) in enumerate(BASELINES.items()):
                (said,) = [part for part in parts if words in part]
                if not sure[index, place]:
                    assert said.startswith("not told apart from")
                elif quality.loc[(name, kind), "excess"] > 0:
                    assert said.startswith("closer to the validation errors than")
                else:
                    assert said.startswith("farther from")
        assert ("closer" in notes[0]) == (shift == 1)
        assert ("farther from the errors than chance" in notes[0]) == (shift == 3)


def test_the_card_of_a_class_carries_its_note() -> None:
    analysis = planted((np.arange(6) + 1) % 6, per_class=100)
    deck, notes = CardDeck(analysis), forecast_notes(analysis)
    for index in (0, 5):
        assert notes[index] in deck.card(index)["adversaries"]["note"]


def test_nothing_is_said_on_too_little() -> None:
    analysis = small_analysis.make_analysis((120, 60, 12, 0), images=False)
    errors = analysis.validation_errors()["support", "errors"]
    assert 0 < (errors >= 20).sum() < (errors >= 5).sum()
    assert [bool(note) for note in forecast_notes(analysis)] == (errors >= 20).tolist()
    assert not any(forecast_notes(small_analysis.make_analysis(images=False, validation=False)))
    perfect = small_analysis.make_analysis((120, 60), images=False, errors=0.0)
    assert forecast_notes(perfect) == ["", ""]
    many = small_analysis.make_analysis((12,) * 51, images=False)
    assert not any(forecast_notes(many))
