"""What is said of each cause: its number, a sentence, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from imbxai_widgets.analysis import _causes as rules
from imbxai_widgets.analysis._evidence import FEWEST_TO_COMPARE, ClassEvidence
from imbxai_widgets.analysis.diagnosis import Finding
from imbxai_widgets.compute.diagnosis.subgroups import recall_difference
from imbxai_widgets.compute.methods.intervals import wilson_interval
from imbxai_widgets.compute.remedies.data import DropSuspects
from imbxai_widgets.compute.remedies.heads import ClassifierRetraining
from imbxai_widgets.compute.remedies.logits import LogitAdjustment, Temperature

NAN: Final = float("nan")
TITLES: Final = {
    rules.LEAK: "Validation images are in the training images",
    rules.DUPLICATES: "Training images repeat each other",
    rules.LABELS: "Labels seem wrong",
    rules.OVERLAP: "The class overlaps with another, or labels of the two are not consistent",
    rules.SHORTCUT: "The network goes by one region of the images",
    rules.SUBGROUP: "A sub-group fails",
    rules.SHIFT: "Validation images differ from training images",
    rules.FEW: "Too few training images",
    rules.DECISION: "The class is small and its decision shifted",
    rules.OVERCONFIDENCE: "The network is too sure of itself",
}
NOT_TOLD: Final = "not tested"


@dataclass(frozen=True)
class Words:
    """What findings need beside the evidence.

    Attributes
    ----------
    names : tuple of str
        Of the classes.
    looks_why, network_why, logits_why : str
        Why pixels, network or logits are not known; empty where they are.
    suspects : int
        How many labels are doubted in all.
    """

    names: tuple[str, ...]
    looks_why: str
    network_why: str
    logits_why: str
    suspects: int


def findings(one: ClassEvidence, words: Words) -> tuple[Finding, ...]:
    """Return what each test says of a class, in the order of `rules.CAUSES`."""
    strengths = rules.strengths(one)
    return tuple(_judged(_MADE[cause](one, words), strengths[cause]) for cause in rules.CAUSES)


def _judged(finding: Finding, strength: float) -> Finding:
    if np.isnan(strength):
        return replace(finding, holds=None, strength=NAN, value=NAN, low=NAN, high=NAN)
    return replace(finding, holds=strength >= rules.HOLDS, strength=strength)


def _finding(cause: str, number: str, support: int, statement: str, advice: str) -> Finding:
    """Return one without a value; whether it holds is said by `_judged`."""
    return Finding(
        cause, TITLES[cause], None, NAN, NAN, NAN, NAN, number, support, statement, advice
    )


def _share(part: int, whole: int) -> tuple[float, float, float]:
    return part / whole, *wilson_interval(part, whole)


def _with(finding: Finding, numbers: tuple[float, float, float]) -> Finding:
    value, low, high = numbers
    return replace(finding, value=value, low=low, high=high)


def _leak(one: ClassEvidence, words: Words) -> Finding:
    del words
    count = len(one.leaked)
    if not one.tells_apart:
        statement = f"{NOT_TOLD}: the features of all training images are the same."
        return _finding(rules.LEAK, "share of validation images", one.images, statement, "")
    statement = (
        f"{count} of {one.images} validation images have a copy among the training images, by "
        "their features."
    )
    advice = "Take the copies out of one of the sets, and measure again: accuracy is told too high."
    found = _finding(rules.LEAK, "share of validation images", one.images, statement, advice)
    found = replace(found, images={"validation": one.leaked})
    return _with(found, _share(count, one.images))


def _duplicates(one: ClassEvidence, words: Words) -> Finding:
    number = "different images, as a share of the training images"
    if one.repeated is None or one.train_images < FEWEST_TO_COMPARE:
        few = f"{one.train_images} training images are too few to tell"
        statement = f"{NOT_TOLD}: {words.looks_why or few}."
        return _finding(rules.DUPLICATES, number, one.train_images, statement, "")
    different = one.repeated.different
    statement = (
        f"The {one.train_images} training images are {different} different ones; the others are "
        "the same or nearly so."
    )
    advice = "Clean out the copies, and collect images that differ: copies teach nothing new."
    found = _finding(rules.DUPLICATES, number, one.train_images, statement, advice)
    found = replace(found, images={"training": one.repeated.rows})
    return _with(found, _share(different, one.train_images))


def _labels(one: ClassEvidence, words: Words) -> Finding:
    count = len(one.doubted_in) + len(one.doubted_out)
    if not one.train_images:
        statement = f"{NOT_TOLD}: the class has no training images."
        return _finding(rules.LABELS, "share of doubted labels", 0, statement, "")
    statement = (
        f"{len(one.doubted_out)} of the {one.train_images} training images look like another "
        f"class, and {len(one.doubted_in)} training images of other classes look like this one, by "
        f"two judges that had not seen their labels; of {one.images} validation images it is "
        f"{one.doubted_validation} of both kinds."
    )
    advice = f"Review the labels of these {count} training images."
    number = "share of doubted labels in training less that in validation"
    support = one.train_images + len(one.doubted_in)
    found = _finding(rules.LABELS, number, support, statement, advice)
    rows = np.concatenate([one.doubted_out, one.doubted_in])
    remedies = (DropSuspects(words.suspects),) if words.suspects else ()
    found = replace(found, images={"training": rows}, remedies=remedies)
    return _with(found, one.doubted)


def _overlap(one: ClassEvidence, words: Words) -> Finding:
    number = "chance to tell an image of the one class from one of the other"
    pair = one.pair_validation
    if one.adversary is None or pair is None or one.pair_training is None:
        why = "no validation image is taken for another class"
        if one.adversary is not None:
            why = "one of the two classes has fewer than two images"
        return _finding(rules.OVERLAP, number, one.images, f"{NOT_TOLD}: {why}.", "")
    other = words.names[one.adversary]
    statement = (
        f"A rule that was fitted to other images tells a validation image from one of {other!r} "
        f"with a chance of {pair.auc:.2f} ({pair.low:.2f} to {pair.high:.2f}), and a training "
        f"image with {one.pair_training.auc:.2f}; between a class and its chief adversary it is "
        f"{one.medians['pair_validation']:.2f} elsewhere."
    )
    advice = (
        f"Look at both classes side by side: agree on what sets {other!r} apart and label by "
        "that, give the network what shows it (larger images, other views), or merge the two."
    )
    found = _finding(rules.OVERLAP, number, one.images, statement, advice)
    taken = one.rows_validation[one.errors_to_adversary]
    found = replace(found, adversary=other, images={"validation": taken})
    return _with(found, (pair.auc, pair.low, pair.high))


def _shortcut(one: ClassEvidence, words: Words) -> Finding:
    number = "recall with the region of a training image, less that with one of validation"
    if one.local is None:
        number = "chance to tell validation from training images by one region"
        return _finding(rules.SHORTCUT, number, one.images, _not_compared(one, words), "")
    local, effect = one.local, one.region
    statement = (
        f"By their {local.region} alone, validation images of the class are told from training "
        f"images with a chance of {local.inside:.2f}, and by all the rest with {local.outside:.2f}."
    )
    advice = "Vary that region by augmentation (cut it out, paint it over), and look at it."
    if effect is None:
        number = "chance to tell validation from training images by one region"
        statement += f" What the network makes of it was {NOT_TOLD}: {words.network_why}."
    else:
        statement += (
            f" With the {effect.region} of a training image in it, {effect.gain:+.0%} "
            f"({effect.low:+.0%} to {effect.high:+.0%}) of the validation images are found right."
        )
    found = _finding(rules.SHORTCUT, number, one.images, statement, advice)
    found = replace(found, images={"training": one.rows_training})
    if effect is None:
        return _with(found, (local.inside, local.low, local.high))
    return _with(found, (effect.gain, effect.low, effect.high))


def _subgroup(one: ClassEvidence, words: Words) -> Finding:
    number = "recall of the rest less that of the sub-group"
    advice = "Collect images like these, or weigh those that there are."
    beyond = one.beyond
    tested = one.subgroup
    if tested is not None and tested.p < rules.RARE and tested.low > 0:
        statement = (
            f"Of a group of images that look alike, {tested.recall:.0%} are right, of the others "
            f"{tested.rest:.0%}: found on half of the validation images, measured on the other "
            f"half ({tested.tested} of the group)."
        )
        found = _finding(rules.SUBGROUP, number, tested.tested, statement, advice)
        found = replace(found, images={"validation": one.rows_validation[tested.members]})
        return _with(found, (tested.difference, tested.low, tested.high))
    if one.domain is None and tested is None:
        return _finding(rules.SUBGROUP, number, one.images, _not_compared(one, words), "")
    if not beyond.any() or beyond.all():
        statement = "No group of validation images that fails more than the rest was found."
        return _finding(rules.SUBGROUP, number, one.images, statement, advice)
    own, rest = one.right[beyond], one.right[~beyond]
    statement = (
        f"{len(own)} of {one.images} validation images lie beyond the training images of the "
        f"class; {own.mean():.0%} of them are right, and {rest.mean():.0%} of the others."
    )
    found = _finding(rules.SUBGROUP, number, len(own), statement, advice)
    found = replace(found, images={"validation": one.rows_validation[beyond]})
    return _with(found, recall_difference(own, rest))


def _shift(one: ClassEvidence, words: Words) -> Finding:
    number = "share of validation images beyond the training images"
    if one.domain is None:
        return _finding(rules.SHIFT, number, one.images, _not_compared(one, words), "")
    count = int(one.beyond.sum())
    statement = (
        f"{count} of {one.images} validation images lie beyond the training images of the class, "
        f"by {one.domain_by} (5% would by chance); the two are told apart with a chance of "
        f"{one.domain.auc:.2f}, those of other classes with {one.medians['domain']:.2f}."
    )
    advice = (
        "Look at how the sets were made and split, and train on images like those it must judge."
    )
    found = _finding(rules.SHIFT, number, one.images, statement, advice)
    found = replace(found, images={"validation": one.rows_validation[one.domain.beyond_rows]})
    return _with(found, _share(count, one.images))


def _few(one: ClassEvidence, words: Words) -> Finding:
    del words
    left = 1 - one.recovered
    statement = (
        f"The class has {one.train_images} training images, {one.relative_size:.2f} of what "
        f"others have. An offset or a balanced head leaves {left:.0%} of what its recall is short "
        "of the others'."
    )
    advice = "Collect more images of the class, first such as fail now."
    found = _finding(rules.FEW, "share of the deficit that is left", one.images, statement, advice)
    return replace(_with(found, _left(one)), together_with=(rules.DECISION,), remedies=_HEADS)


def _decision(one: ClassEvidence, words: Words) -> Finding:
    number = "recall that an offset brings back"
    head = (
        f"The class has {one.train_images} training images, {one.relative_size:.2f} of what "
        "others have."
    )
    advice = "Adjust the logits, or train with LDAM, or fine-tune the head on balanced classes."
    if one.offset is None:
        statement = f"{head} What an offset brings was {NOT_TOLD}: {words.logits_why}."
        found = _finding(rules.DECISION, number, one.images, statement, advice)
        return replace(found, together_with=(rules.FEW,), remedies=_HEADS[1:])
    offset = one.offset
    statement = (
        f"{head} An offset of {offset.offset:+.1f}, chosen on half of the validation images, "
        f"changes its recall on the other half by {offset.gain:+.0%} ({offset.low:+.0%} to "
        f"{offset.high:+.0%})."
    )
    found = _finding(rules.DECISION, number, one.images, statement, advice)
    found = _with(found, (offset.gain, offset.low, offset.high))
    return replace(found, together_with=(rules.FEW,), remedies=_HEADS)


def _overconfidence(one: ClassEvidence, words: Words) -> Finding:
    number = "confidence less accuracy"
    gap, low, high = one.overconfidence
    if np.isnan(low):
        statement = f"{NOT_TOLD}: {words.logits_why or 'too few validation images'}."
        return _finding(rules.OVERCONFIDENCE, number, one.images, statement, "")
    statement = (
        f"The network's confidence in validation images of the class exceeds their accuracy by "
        f"{gap:.2f} ({low:.2f} to {high:.2f})."
    )
    advice = "Divide the logits by a temperature; it changes no prediction."
    found = _finding(rules.OVERCONFIDENCE, number, one.images, statement, advice)
    return replace(_with(found, one.overconfidence), remedies=(Temperature("best"),))


def _not_compared(one: ClassEvidence, words: Words) -> str:
    if one.train_images < FEWEST_TO_COMPARE or one.images < FEWEST_TO_COMPARE:
        return (
            f"{NOT_TOLD}: the class has {one.train_images} training images, and "
            f"{FEWEST_TO_COMPARE} that differ are needed to compare them with those for validation."
        )
    if words.looks_why:
        return f"{NOT_TOLD}: {words.looks_why}."
    return f"{NOT_TOLD}: fewer than {FEWEST_TO_COMPARE} training images differ from each other."


def _left(one: ClassEvidence) -> tuple[float, float, float]:
    """Return what is left of the deficit, with the interval of the offset's gain."""
    left = 1 - one.recovered
    if one.offset is None:
        return left, NAN, NAN
    half = np.array([one.offset.low, one.offset.high]) - one.offset.gain
    ends = np.clip(left - half[::-1] / max(one.deficit, 1e-9), 0, 1)
    return left, float(ends[0]), float(ends[1])


_HEADS: Final = (LogitAdjustment(1.0), ClassifierRetraining())
_MADE: Final[dict[str, Callable[[ClassEvidence, Words], Finding]]] = {
    rules.LEAK: _leak,
    rules.DUPLICATES: _duplicates,
    rules.LABELS: _labels,
    rules.OVERLAP: _overlap,
    rules.SHORTCUT: _shortcut,
    rules.SUBGROUP: _subgroup,
    rules.SHIFT: _shift,
    rules.FEW: _few,
    rules.DECISION: _decision,
    rules.OVERCONFIDENCE: _overconfidence,
}
