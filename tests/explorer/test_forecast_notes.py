"""What the Explorer says of a forecast: no more than the table of it."""

from __future__ import annotations

import numpy as np
import small_analysis
from small_analysis import planted

from imbxai_widgets.explorer.cards import CardDeck
from imbxai_widgets.explorer.panels._forecast_notes import BASELINES, forecast_notes
from imbxai_widgets.explorer.sentence import plain


def test_each_baseline_is_named_once_and_where_its_interval_puts_it() -> None:
    for shift in (1, 3):
        analysis = planted((np.arange(6) + shift) % 6)
        quality = analysis.forecast_quality(replicates=200, draws=20)
        notes = forecast_notes(analysis)
        assert len(notes) == 6
        for name, note in zip(analysis.class_names, notes, strict=True):
            kl = quality.loc[(name, "votes"), "kl"]
            assert note.startswith("Forecast by the votes: ")
            assert note.endswith(f"(KL {kl:.2f} nats).")
            parts = note.removeprefix("Forecast by the votes: ").split("; ")
            for kind, words in BASELINES.items():
                (said,) = [part for part in parts if words in part]
                row = quality.loc[(name, kind)]
                if row["excess_low"] > 0:
                    assert said.startswith("closer to the validation errors than")
                elif row["excess_high"] < 0:
                    assert said.startswith("farther from")
                else:
                    assert said.startswith("not told apart from")
        assert ("closer" in notes[0]) == (shift == 1)
        assert ("farther from the errors than chance" in notes[0]) == (shift == 3)


def test_the_card_of_a_class_carries_its_note() -> None:
    analysis = planted((np.arange(6) + 1) % 6)
    deck, notes = CardDeck(analysis), forecast_notes(analysis)
    for index in (0, 5):
        assert notes[index] == plain(deck.card(index)["header"]["sure"][-1])


def test_nothing_is_said_on_too_little() -> None:
    analysis = small_analysis.make_analysis((60, 30, 12, 0), images=False)
    errors = analysis.validation_errors()["support", "errors"]
    assert [bool(note) for note in forecast_notes(analysis)] == (errors >= 5).tolist()
    assert not any(forecast_notes(small_analysis.make_analysis(images=False, validation=False)))
    perfect = small_analysis.make_analysis((60, 30), images=False, errors=0.0)
    assert forecast_notes(perfect) == ["", ""]
    many = small_analysis.make_analysis((12,) * 51, images=False)
    assert not any(forecast_notes(many))
