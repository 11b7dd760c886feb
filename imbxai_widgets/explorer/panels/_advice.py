"""What stands behind "What to do": what README advises, where it applies to the class."""

from __future__ import annotations

import numpy as np

from imbxai_widgets.compute.methods.archetypes import BORDER, OUTLIER, RARE
from imbxai_widgets.explorer.panels._facts import ClassFacts, archetype_limit
from imbxai_widgets.explorer.sentence import Sentence, joined, listed
from imbxai_widgets.explorer.text import counted
from imbxai_widgets.presentation import WEAK_SUPPORT

_HARD = {BORDER: "border", RARE: "rare"}
FAR_ABOVE = 0.2  # of a color's share above the average: 45% of green beside 10%, not 15%


def advice(facts: ClassFacts) -> list[Sentence]:
    """Return what may be done about a class, in sentences; what does not apply is left out."""
    found = [
        _tell_apart(facts),
        _check_labels(facts),
        _more_images(facts),
        _draw_more_often(facts),
        _vary_color(facts),
    ]
    return [sentence for sentence in found if sentence] or [_nothing(facts)]


def _nothing(facts: ClassFacts) -> Sentence:
    if not facts.training_images:
        return joined("Give it training images: it has none.")
    if facts.wrong:
        errors = counted(facts.wrong, f"wrong {facts.split} image")
        return joined(f"Nothing yet: {errors} cannot be acted on.")
    return joined("Nothing: no image of the class stands out here.")


def _tell_apart(facts: ClassFacts) -> Sentence:
    if not facts.mistakes:
        return []
    top = facts.taken_most()
    other, images = top[0]
    # Bars that rest on few errors are not to be acted on.
    if len(top) > 1 or images < WEAK_SUPPORT:
        return []
    return joined(
        f"Tell {facts.deck.name(facts.index)} and ",
        facts.name(other),
        " apart: collect images of both in the settings where they meet, or merge the two if "
        "people cannot tell them apart either.",
    )


def _check_labels(facts: ClassFacts) -> Sentence:
    outliers = facts.archetypes[OUTLIER]
    # In a class of one image that image is an outlier, whatever it shows.
    if not outliers or archetype_limit(facts.training_images, facts.deck.analysis.k) == OUTLIER:
        return []
    if outliers == 1:
        return joined(
            "Its ",
            facts.archetype(OUTLIER, "one outlier"),
            " is the first place to look for a wrong label.",
        )
    images = facts.archetype(OUTLIER, f"{outliers:,} outliers")
    return joined("Its ", images, " are the first place to look for wrong labels.")


def _more_images(facts: ClassFacts) -> Sentence:
    if not facts.wrong:
        return []
    images = sum(facts.archetypes[number] for number in _HARD)
    if not images:
        return []
    parts = [
        joined(facts.archetype(number, "one" if images == 1 else ""), f" {name}")
        for number, name in _HARD.items()
        if facts.archetypes[number]
    ]
    return joined(
        "More images like its ", *listed(parts), f" {'image' if images == 1 else 'ones'} may help."
    )


def _draw_more_often(facts: ClassFacts) -> Sentence:
    """Advise what networks trained again showed; see docs/actions.md."""
    sizes = facts.deck.rows.sizes
    images = facts.training_images
    if not facts.wrong or not images or 2 * images >= sizes.max():
        return []
    return joined(
        "Train again and draw small classes more often: Analysis.resampling_plan() has the weights "
        "of a sampler. Networks trained with cross-entropy gained by it, those trained with "
        "LDAM-DRW lost."
    )


def _vary_color(facts: ClassFacts) -> Sentence:
    analysis = facts.deck.analysis
    if analysis.color_counts is None or not facts.training_images:
        return []
    shares = facts.deck.colors.iloc[facts.index].to_numpy()
    averages = facts.deck.color_averages
    above = shares - averages
    color = int(np.argmax(above))
    if not above[color] > FAR_ABOVE:
        return []
    lift = facts.deck.color_lift(facts.index)
    if lift is not None and not lift["low"].iloc[color] > 1:
        return []  # its pictures have the color as often
    name = analysis.color_scheme.bins[color]
    return joined(
        f"The network looks at {name} more than in other classes ({shares[color]:.0%} of the "
        f"pixels that count most, {averages[color]:.0%} on average), which may be a shortcut: vary "
        "this color by augmentation, and see whether accuracy holds."
    )
