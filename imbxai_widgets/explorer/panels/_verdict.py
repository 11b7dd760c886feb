"""The answer of the header: how many images of a class are wrong, and what they are taken for."""

from __future__ import annotations

from imbxai_widgets.compute.methods.archetypes import OUTLIER, RARE
from imbxai_widgets.explorer.panels._facts import ClassFacts
from imbxai_widgets.explorer.sentence import Piece, Sentence, joined, listed
from imbxai_widgets.explorer.text import counted

_MOST_NAMES = 3  # of classes that draw equally many errors


def score(facts: ClassFacts) -> Sentence:
    """Say how many images are right, such as "3 of 18 right"."""
    if not facts.images:
        return joined("no images")
    right, of_all = facts.count(facts.right, right=True), facts.count(facts.images)
    noun = " training images right" if facts.split == "training" else " right"
    return joined(right if facts.right else "0", " of ", of_all, noun)


def size_in_words(facts: ClassFacts) -> str:
    """Say how many training images there are, beside those of other classes."""
    images, sizes = facts.training_images, facts.deck.rows.sizes
    if not images:
        return "no training images"
    words = counted(images, "training image")
    if len(sizes) == 1:
        return words
    if sizes.min() == sizes.max():
        return f"{words}, like every class"
    for extreme, largest in (("largest", sizes.max()), ("smallest", sizes.min())):
        if images == largest:
            alone = (sizes == images).sum() == 1
            return (
                f"{words}, {f'the {extreme} class' if alone else f'one of the {extreme} classes'}"
            )
    return f"{words}; the largest class has {sizes.max():,}"


def verdict(facts: ClassFacts) -> Sentence:
    """Return the answer, each part with the images that it counts."""
    analysis = facts.deck.analysis
    if analysis.n_classes == 1:
        return joined("There is only one class, so that no image can be taken for another.")
    if not facts.images:
        kinds = "training" if analysis.validation is None else "training or validation"
        return joined(f"This class has no {kinds} images.")
    return joined(*_errors(facts), " ", *_alone(facts), _unseen(facts))


def _unseen(facts: ClassFacts) -> str:
    if facts.deck.analysis.validation is None:
        return " No validation images were given: nothing is known of images that are new to it."
    return "" if facts.split == "validation" else " No validation image is of this class."


def _errors(facts: ClassFacts) -> Sentence:
    noun = f"{facts.split} image"
    images, wrong = facts.images, facts.wrong
    if not wrong:
        if images == 1:
            return joined(facts.count(f"Its only {noun}"), " is right.")
        return joined(facts.count(f"All {images:,}"), f" {noun}s are right.")
    if images == 1:
        subject = joined(facts.count(f"Its only {noun}"), " is wrong")
    elif wrong == images:
        subject = joined(facts.count(f"All {images:,}", right=False), f" {noun}s are wrong")
    else:
        are = "is" if wrong == 1 else "are"
        part = facts.count(f"{wrong:,} of {images:,}", right=False)
        subject = joined(part, f" {noun}s {are} wrong")
    return joined(*subject, "; ", *_taken_for(facts), ".")


def _taken_for(facts: ClassFacts) -> Sentence:
    """Say what the errors are taken for; of one or two each, of more what most are taken for."""
    wrong, top = facts.wrong, facts.taken_most()
    first, most = top[0]

    def them(text: str | int, other: int) -> Piece:
        return facts.count(text, predicted=other)

    if wrong == 1:
        return joined("it is taken for ", facts.name(first))
    if most == wrong:
        all_of_them = "both" if wrong == 2 else f"all {wrong:,}"
        return joined(them(all_of_them, first), " are taken for ", facts.name(first))
    if wrong == 2:
        (one, _), (other, _) = top
        named = joined(them("one", one), " is taken for ", facts.name(one), ", ")
        return joined(*named, them("one", other), " for ", facts.name(other))
    if most == 1:
        return joined("each is taken for a different class")
    if len(top) > _MOST_NAMES:
        return joined(f"no class draws more than {most:,} of them")
    parts = [
        joined(them(most, other), "" if at else " of them are taken", " for ", facts.name(other))
        for at, (other, _) in enumerate(top)
    ]
    return listed(parts)


def _alone(facts: ClassFacts) -> Sentence:
    """Say how many training images have one neighbor of their class, or none."""
    images, rare, outliers = facts.training_images, *facts.archetypes[RARE:]
    if not images:
        return joined("It has no training images.")
    if images == 1:
        return joined(facts.count("Its only training image", "training"), " stands by itself.")
    all_images = facts.count(images, "training")
    if not facts.alone:
        return joined(
            "None of its ", all_images, " training images stands alone or among other classes."
        )
    if rare and outliers:
        return joined(
            "All " if facts.alone == images else f"{facts.alone:,} of its ",
            all_images,
            " training images stand alone (",
            facts.archetype(RARE),
            ") or among other classes (",
            facts.archetype(OUTLIER),
            ").",
        )
    number, where = (RARE, "nearly alone") if rare else (OUTLIER, "among other classes")
    part = f"All {images:,}" if facts.alone == images else f"{facts.alone:,} of its {images:,}"
    stand = "stands" if facts.alone == 1 else "stand"
    return joined(facts.archetype(number, part), f" training images {stand} {where}.")
