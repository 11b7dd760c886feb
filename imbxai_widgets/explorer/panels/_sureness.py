"""What stands behind "How sure is this?": intervals, support, and how far a forecast holds."""

from __future__ import annotations

from typing import Final

import numpy as np

from imbxai_widgets.compute.methods.intervals import wilson_interval
from imbxai_widgets.explorer.panels._facts import ClassFacts
from imbxai_widgets.explorer.panels._reach import reach_paragraph
from imbxai_widgets.explorer.sentence import Sentence, joined
from imbxai_widgets.explorer.text import counted
from imbxai_widgets.presentation import WEAK_SUPPORT

FAR: Final = 0.1  # from confidence to accuracy, of which a reader should know


def interval(facts: ClassFacts) -> tuple[float, float] | None:
    """Return the 95% interval of the share that is right; None for images the model has seen."""
    if facts.split == "training" or not facts.images:
        return None
    return wilson_interval(facts.right, facts.images)


def sureness(facts: ClassFacts, forecast_note: str) -> list[Sentence]:
    """Say what the answer rests on, in paragraphs.

    Parameters
    ----------
    facts : ClassFacts
    forecast_note : str
        What is known of the forecast by votes; see `forecast_notes`.
    """
    paragraphs = [_range(facts), _calibration(facts), _few_errors(facts)]
    if facts.deck.analysis.n_classes > 1:
        reach = reach_paragraph(facts.deck, facts.index)
        paragraphs += [reach, _votes(facts), joined(forecast_note)]
    return [paragraph for paragraph in paragraphs if paragraph]


def _range(facts: ClassFacts) -> Sentence:
    if not facts.images:
        return joined("Nothing is known without images.")
    ends = interval(facts)
    if ends is None:
        return joined(
            "The model has seen these images in training: how many of them are right says little "
            "of new ones. Validation images would tell."
        )
    low, high = (f"{end:.0%}" for end in ends)
    part = f"{facts.right / facts.images:.0%}"
    return joined(
        f"{facts.right:,} of {counted(facts.images, 'validation image')} is {part}. Of all images "
        f"like these, {low} to {high} may be right: that is how far {facts.images:,} images can "
        "tell (Wilson's 95% interval)."
    )


def _calibration(facts: ClassFacts) -> Sentence:
    """Say how far confidences and accuracy of the class are apart, where that matters."""
    found = facts.deck.calibration(facts.index)
    if found is None or np.isnan(found.ece):  # no or few validation images
        return []
    by_chance = found.gap_low <= 0 <= found.gap_high
    off = found.ece_low > 0  # also where too sure here and not sure enough there cancel out
    if not off and abs(found.gap) <= FAR:
        return []
    means = (
        f"Its validation images are predicted with {found.confidence:.0%} confidence on average, "
        f"and {found.accuracy:.0%} of them are right"
    )
    if by_chance and not off:
        return joined(
            f"{means}: read its probabilities with care, though with {found.images:,} images "
            "chance alone may part the two as far."
        )
    if by_chance:
        means += f"; in groups of like confidence, the two are {100 * found.ece:.0f} points apart"
    return joined(
        f"{means}: read its probabilities with care (temperature scaling moves those of all "
        "classes alike: analysis.calibrated())."
    )


def _few_errors(facts: ClassFacts) -> Sentence:
    if not 0 < facts.wrong < WEAK_SUPPORT:
        return []
    errors = counted(facts.wrong, f"wrong {facts.split} image")
    return joined(f"{errors}: too few to tell a pattern in what the class is mistaken for.")


def _votes(facts: ClassFacts) -> Sentence:
    wrong, votes = facts.training_wrong, int(facts.deck.rows.votes.totals[facts.index])
    if not facts.training_images:
        return joined("Without training images, nothing is foretold of its mistakes.")
    if not wrong:
        return joined("All training images are right, so that there are no votes.")
    if not votes:
        return joined(
            f"The neighbors of its {counted(wrong, 'wrong training image')} are all of this class, "
            "so that there are no votes."
        )
    few = " These are too few to tell a pattern." if wrong < WEAK_SUPPORT else ""
    of_them = facts.count(counted(wrong, "wrong training image"), "training", right=False)
    neighbors = counted(votes, "nearest neighbor")
    source = (
        "the votes"
        if facts.deck.forecast is None
        else "what the model would take its training images for (Analysis.forecast)"
    )
    return joined(
        f"What is foretold comes from training images alone: {source}. Its ",
        of_them,
        f" {'has' if wrong == 1 else 'have'} {neighbors} of other classes, each a vote.{few}",
    )
