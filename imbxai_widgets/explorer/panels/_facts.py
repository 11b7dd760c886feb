"""The counts of one class that its sentences are made of, and what its errors are taken for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from imbxai_widgets.compute.methods.archetypes import OUTLIER, RARE, best_archetypes
from imbxai_widgets.compute.methods.pairs import PairCounts
from imbxai_widgets.explorer.deck import Deck
from imbxai_widgets.explorer.sentence import ImageFilter, Piece


@dataclass(frozen=True)
class ClassFacts:
    """Counts of one class.

    Attributes
    ----------
    deck, index
        Where they are from: class `index`.
    split
        The images by which the class is judged: validation images if it has any.
    images, wrong
        How many these are, and how many of them are misclassified.
    mistakes
        What the wrong ones are taken for: (class, images), most first, then by class number.
    training_images, training_wrong
        The same counts of its training images.
    archetypes, archetypes_wrong
        Its training images, and misclassified ones, by archetype; four counts each.
    """

    deck: Deck
    index: int
    split: Literal["training", "validation"]
    images: int
    wrong: int
    mistakes: list[tuple[int, int]]
    training_images: int
    training_wrong: int
    archetypes: list[int]
    archetypes_wrong: list[int]

    @classmethod
    def of(cls, deck: Deck, index: int) -> ClassFacts:
        """Take the counts of class `index` from the deck."""
        rows, row = deck.rows, deck.classes[index]
        groups = rows.training_groups
        held_out = rows.validation_errors
        seen = held_out is None or not row["validation_images"]
        pairs = rows.training_errors if held_out is None or seen else held_out
        mistakes = _most_first(pairs, index)
        return cls(
            deck=deck,
            index=index,
            split="training" if seen else "validation",
            images=int(row["images"] if seen else row["validation_images"]),
            wrong=sum(count for _, count in mistakes),
            mistakes=mistakes,
            training_images=int(row["images"]),
            training_wrong=int(row["training_errors"]),
            archetypes=groups.images[index].tolist(),
            archetypes_wrong=groups.errors[index].tolist(),
        )

    @property
    def right(self) -> int:
        """Images of `split` that are predicted right."""
        return self.images - self.wrong

    @property
    def alone(self) -> int:
        """Training images of which one neighbor, or none, is of the class."""
        return self.archetypes[RARE] + self.archetypes[OUTLIER]

    def taken_most(self) -> list[tuple[int, int]]:
        """Return the classes that most errors are taken for, of equally many all."""
        return [pair for pair in self.mistakes if pair[1] == self.mistakes[0][1]]

    def name(self, other: int) -> Piece:
        """Return the name of another class, which selects it."""
        return {"text": self.deck.name(other), "select": other}

    def count(self, text: str | int, split: str = "", **conditions: Any) -> Piece:
        """Return a number, or words, that filter the images of this class."""
        chosen: ImageFilter = {"index": self.index, "split": split or self.split}  # type: ignore[typeddict-item]
        chosen |= conditions  # type: ignore[typeddict-item]
        words = f"{text:,}" if isinstance(text, int) else text
        return {"text": words, "filter": chosen}

    def archetype(self, number: int, text: str | int = "") -> Piece:
        """Return the count of an archetype, which filters its images."""
        return self.count(text or self.archetypes[number], "training", archetype=number)


def archetype_limit(images: int, k: int) -> int:
    """Return the best archetype that an image can have in a class of so many images.

    See `best_archetypes`; ``Analysis.classes()["best_archetype"]`` is the same.

    Examples
    --------
    >>> [archetype_limit(images, 5) for images in (1, 2, 3, 5)]
    [3, 2, 1, 0]
    """
    return int(best_archetypes([images], k)[0])


def _most_first(pairs: PairCounts, index: int) -> list[tuple[int, int]]:
    others, counts = pairs.row(index)
    found = zip(others.tolist(), counts.tolist(), strict=True)
    return sorted(found, key=lambda pair: (-pair[1], pair[0]))
