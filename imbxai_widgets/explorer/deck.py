"""Class cards: everything the panels show of one class, as plain numbers, texts and one picture.

A card takes its numbers from `Analysis`; nothing is computed here beyond choosing, ordering
and wording. Cards are what crosses from Python to the front end, so keys are camelCase and
unknown numbers are None.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property, lru_cache
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from imbxai_widgets.analysis import Analysis
from imbxai_widgets.analysis.comparison import Comparison
from imbxai_widgets.analysis.rows import ClassRows
from imbxai_widgets.compute.methods.archetypes import ARCHETYPES
from imbxai_widgets.compute.methods.pairs import PairCounts
from imbxai_widgets.compute.methods.prototypes import medoids
from imbxai_widgets.compute.numeric.types import BoolArray, DoubleArray, IntArray
from imbxai_widgets.explorer._names import shown_name
from imbxai_widgets.explorer.panels._comparison_cards import ComparisonCards
from imbxai_widgets.explorer.panels._forecast_notes import forecast_notes
from imbxai_widgets.explorer.sprites import make_sprite
from imbxai_widgets.explorer.text import archetype_meanings, counted, percent_ticks, unread_notice
from imbxai_widgets.presentation import TRAINING_COLOR, VALIDATION_COLOR, WEAK_SUPPORT

Card: TypeAlias = dict[str, Any]

PROTOTYPES = 3
PAGE = 12  # thumbnails of a group on a card, prototypes included; on a fetched one these alone
MORE = 24  # thumbnails that each "more" brings
ADVERSARY_ROWS = 10
OVERLAP_ROWS = 15  # as many as are seen at once; each costs a click layout and paint
_UNITS = ("training votes", "validation errors")


class CardDeck:
    """Makes the class cards of one analysis, each table being computed once.

    Parameters
    ----------
    analysis : Analysis
        What the cards show.
    comparison : Comparison, optional
        Of this analysis with that of another model; adds a part to each card.

    Examples
    --------
    >>> deck = CardDeck(analysis)  # doctest: +SKIP
    >>> deck.card(0)["header"]["images"]  # doctest: +SKIP
    432
    """

    def __init__(self, analysis: Analysis, comparison: Comparison | None = None) -> None:
        self.analysis = analysis
        self.rows = ClassRows(analysis)
        self._comparison = comparison and ComparisonCards(comparison, self.rows)
        self._ordered_members = lru_cache(maxsize=256)(self._order_members)

    def card(self, index: int, page: int = PAGE) -> Card:
        """Return the card of class `index`, with up to `page` images of each archetype.

        Returns
        -------
        dict
            Keys ``index``, ``name``, ``notice`` (what went wrong in reading its images, or
            ""), ``header``, ``archetypes``, ``overlap``, ``adversaries``, ``colors``,
            ``comparison``, ``sprite`` (tile size, columns and type) and ``sprite_data`` (bytes).

        Raises
        ------
        IndexError
            If there is no class of that number.
        """
        if not 0 <= index < self.analysis.n_classes:
            raise IndexError(
                f"class index must be 0 to {self.analysis.n_classes - 1}, not {index}."
            )
        name = self.analysis.class_names[index]
        groups, images = self._groups(index, page)
        sprite, picture, unread = make_sprite(self.analysis.images, images)
        return {
            "index": index,
            "name": shown_name(name),
            "notice": unread_notice(unread),
            "header": self._header(index),
            "archetypes": groups,
            "overlap": self._overlap(index),
            "adversaries": self._adversaries(index),
            "colors": self._colors(index),
            "comparison": self._comparison and self._comparison.card(index),
            "sprite": sprite,
            "sprite_data": picture,
        }

    def more(self, index: int, archetype: int, offset: int) -> tuple[Card, bytes]:
        """Return the next images of a group, from position `offset` on.

        Returns
        -------
        dict
            Keys ``thumbnails``, ``sprite`` and ``notice``; no thumbnails when the group ends.
        bytes
            The picture of their tiles.
        """
        images = self._ordered_members(index, archetype)[0][offset : offset + MORE]
        sprite, picture, unread = make_sprite(self.analysis.images, images)
        more = {"thumbnails": self._thumbnails(images, 0), "sprite": sprite}
        return {**more, "notice": unread_notice(unread)}, picture

    def picker_classes(self) -> list[Card]:
        """Return what the class picker lists: size, accuracy and archetypes of every class."""
        return [
            {
                "index": index,
                "name": shown_name(name),
                "images": int(row["images"]),
                "accuracy": _number(row[self.accuracy_column]),
                "archetypes": [_number(row[archetype]) or 0.0 for archetype in ARCHETYPES],
            }
            for index, (name, row) in enumerate(
                zip(self.analysis.class_names, self._classes, strict=True)
            )
        ]

    @property
    def accuracy_column(self) -> str:
        """The column of `Analysis.classes` by which classes are judged."""
        return "training_accuracy" if self.analysis.validation is None else "validation_accuracy"

    # -- tables, each computed once ------------------------------------------------------

    @cached_property
    def _classes(self) -> list[dict[str, Any]]:
        return [row for _, row in _rows(self.analysis.classes())]

    @property
    def _pairs(self) -> list[PairCounts]:
        held_out = self.rows.validation_errors
        return [self.rows.votes] if held_out is None else [self.rows.votes, held_out]

    @cached_property
    def _color_shares(self) -> pd.DataFrame | None:
        return None if self.analysis.color_counts is None else self.analysis.colors()

    @cached_property
    def color_averages(self) -> list[float]:
        """Mean share of each color bin over the classes that have images; empty without colors."""
        if self._color_shares is None:
            return []
        return [_number(mean) or 0.0 for mean in self._color_shares.mean()]

    # -- parts of a card -----------------------------------------------------------------

    def _header(self, index: int) -> Card:
        row = self._classes[index]
        held_out = self.analysis.validation is not None
        return {
            "images": int(row["images"]),
            "imbalance": _number(row["imbalance"]),
            "trainingAccuracy": _number(row["training_accuracy"]),
            "trainingErrors": int(row["training_errors"]),
            "validationImages": int(row["validation_images"]) if held_out else None,
            "validationAccuracy": _number(row["validation_accuracy"]),
        }

    def _groups(self, index: int, page: int) -> tuple[list[Card], IntArray]:
        train, held_out = self.rows.training_groups, self.rows.validation_groups
        groups: list[Card] = []
        shown: list[IntArray] = []
        tile = 0
        for number, name in enumerate(ARCHETYPES):
            members, prototypes = self._ordered_members(index, number)
            images = members[:page]
            errors = int(train.errors[index, number])
            groups.append(
                {
                    "name": name,
                    "meaning": self._meanings[number],
                    "images": len(members),
                    "share": _ratio(len(members), int(train.images[index].sum())),
                    "truePositiveRate": _ratio(len(members) - errors, len(members)),
                    "validationImages": None,
                    "validationErrorRate": None,
                    "prototypes": prototypes,
                    "thumbnails": self._thumbnails(images, tile),
                }
            )
            if held_out is not None:
                unseen = int(held_out.images[index, number])
                rate = _ratio(int(held_out.errors[index, number]), unseen)
                groups[-1] |= {"validationImages": unseen, "validationErrorRate": rate}
            shown.append(images)
            tile += len(images)
        return groups, np.concatenate(shown)

    @cached_property
    def _meanings(self) -> list[str]:
        return archetype_meanings(self.analysis.k)

    def _order_members(self, index: int, archetype: int) -> tuple[IntArray, int]:
        """Return a group's images, prototypes first, and how many of them are prototypes."""
        members = self.rows.members(index, archetype)
        prototypes = members[medoids(self.analysis.embeddings[members], PROTOTYPES)]
        rest = members[~np.isin(members, prototypes)]
        return np.concatenate([prototypes, rest]), len(prototypes)

    def _thumbnails(self, images: IntArray, first_tile: int) -> list[Card]:
        names, train = self.analysis.class_names, self.analysis.train
        placeholder = self.analysis.images is None
        return [
            {
                "tile": 0 if placeholder else first_tile + position,
                "image": image,
                "label": shown_name(names[label]),
                "prediction": shown_name(names[prediction]),
                "correct": label == prediction,
            }
            for position, (image, label, prediction) in enumerate(
                zip(
                    images.tolist(),
                    train.labels[images].tolist(),
                    train.predictions[images].tolist(),
                    strict=True,
                )
            )
        ]

    def _overlap(self, index: int) -> Card:
        shared, sharing = self.rows.feature_overlap(index, OVERLAP_ROWS)
        return {
            "features": [
                {"feature": feature, "share": share, "classes": classes}
                for feature, share, classes in self.rows.top_features(index)
            ],
            "rows": [
                {
                    "index": row.index,
                    "name": shown_name(self.analysis.class_names[row.index]),
                    "shared": row.features,
                    "jaccard": row.jaccard,
                    "shareHere": row.share_here,
                    "shareThere": row.share_there,
                }
                for row in shared
            ],
            "sharing": sharing,
            "topK": self.analysis.top_k,
        }

    def _adversaries(self, index: int) -> Card:
        name = self.analysis.class_names[index]
        series = np.zeros((len(self._pairs), self.analysis.n_classes))
        for row, pairs in zip(series, self._pairs, strict=True):
            met, parts = pairs.shares(index)
            row[met] = parts
        others = np.delete(np.arange(self.analysis.n_classes), index)
        # The largest in either series, so that no large bar is left out, by training share.
        largest = others[np.argsort(-series[:, others].max(axis=0), kind="stable")]
        chosen = largest[:ADVERSARY_ROWS]
        chosen = chosen[np.argsort(-series[0, chosen], kind="stable")]
        # A series that rests on nothing has no bars: "0%" would say that it was measured.
        known = series.sum(axis=1) > 0
        colors = (TRAINING_COLOR, VALIDATION_COLOR)
        shares = series[:, chosen]
        return {
            "title": f"Adversaries of {shown_name(name)}",
            "note": " ".join(self._adversary_notes(index, len(others) if known.any() else 0)),
            "text": self._adversary_text(chosen, shares, known) if known.any() else "",
            "classes": [int(other) for other in chosen] if known.any() else [],
            "shares": (shares[known] if known.any() else np.zeros((1, len(chosen)))).tolist(),
            "colors": [color for color, there in zip(colors, known, strict=False) if there],
            "ticks": percent_ticks(float(series.max(initial=0.0))),
        }

    def _adversary_text(self, classes: IntArray, shares: DoubleArray, known: BoolArray) -> str:
        units = [unit for unit, there in zip(_UNITS, known, strict=False) if there]
        rows = []
        for other, row in zip(classes, shares[known].T, strict=True):
            parts = [f"{share:.0%} of {unit}" for unit, share in zip(units, row, strict=True)]
            name = shown_name(self.analysis.class_names[other])
            rows.append(f"{name} {', '.join(parts)}")
        return f"Adversaries: {'; '.join(rows)}."

    def _adversary_notes(self, index: int, others: int) -> Iterable[str]:
        row = self._classes[index]
        errors, votes = int(row["training_errors"]), int(self.rows.votes.totals[index])
        if not row["images"]:
            yield "No training images, hence no votes."
        elif errors and votes:
            yield f"Training: {counted(votes, 'vote')} by neighbors of {counted(errors, 'error')}."
        elif errors:
            yield f"The neighbors of its {counted(errors, 'training error')} are all of this class."
        else:
            yield "No training errors, hence no votes."
        if 0 < errors < WEAK_SUPPORT:
            yield f"Only {counted(errors, 'training error')}: too few to tell a pattern."
        if self.rows.validation_errors is None:
            yield "No validation images were given."
        elif not row["validation_images"]:
            yield "No validation images of this class."
        else:
            held_out = int(self.rows.validation_errors.totals[index])
            yield f"Validation: {counted(held_out, 'error')}."
            if 0 < held_out < WEAK_SUPPORT:
                yield f"Only {counted(held_out, 'validation error')}: too few to tell a pattern."
            if self._forecast_notes[index]:
                yield self._forecast_notes[index]
        if others > ADVERSARY_ROWS:
            yield f"Shown are the {ADVERSARY_ROWS} largest of {others} classes."

    @cached_property
    def _forecast_notes(self) -> list[str]:
        return forecast_notes(self.analysis)

    def _colors(self, index: int) -> Card | None:
        if self._color_shares is None:
            return None
        name = self.analysis.class_names[index]
        shares = [_number(share) for share in self._color_shares.iloc[index]]
        images = int(self._classes[index]["images"])
        known = [share for share in shares if share is not None]
        bins = self.analysis.color_scheme.bins
        text = (f"{color} {share:.0%}" for color, share in zip(bins, known, strict=False))
        part = self.analysis.salient_fraction
        pixels = "" if part is None else f", the {part:.0%} most salient pixels of each"
        basis = f"{counted(images, 'training image')}{pixels}"
        if not images:
            basis = "No training images, hence no colors"
        return {
            "title": f"Salient colors of {shown_name(name)}",
            "note": f"{basis}. ◆ average of all classes, each class counting the same.",
            "text": f"Share of salient pixels: {', '.join(text)}." if known else "",
            "shares": [share or 0.0 for share in shares],
            "ticks": percent_ticks(max([*known, *self.color_averages], default=0.0)),
        }


def class_card(analysis: Analysis, class_index: int) -> Card:
    """Return the card of one class; `CardDeck` is quicker for several.

    Parameters
    ----------
    analysis : Analysis
    class_index : int
        Number of the class in ``analysis.class_names``.
    """
    return CardDeck(analysis).card(class_index)


def card_bytes(card: Card) -> int:
    """Return about how many bytes a card takes on the wire."""
    size = len(card["sprite_data"])
    return size + len(repr({key: value for key, value in card.items() if key != "sprite_data"}))


def cards_within(deck: CardDeck, classes: int, size: int) -> list[Card]:
    """Return all cards; none if there are more than `classes` or they exceed `size` bytes.

    The first card stands for the size of all, so that nothing is made in vain.
    """
    count = deck.analysis.n_classes
    if count > classes:
        return []
    first = deck.card(0)
    if card_bytes(first) * count > size:
        return []
    return [first, *(deck.card(index) for index in range(1, count))]


def first_cards(deck: CardDeck, indices: Iterable[int], size: int) -> list[Card]:
    """Return the cards of some classes, in order, as long as they take at most `size` bytes."""
    cards: list[Card] = []
    for index in indices:
        card = deck.card(index)
        size -= card_bytes(card)
        if size < 0:
            break
        cards.append(card)
    return cards


def _rows(table: pd.DataFrame) -> Iterable[tuple[Any, dict[Any, Any]]]:
    """Go through a table's rows as (index, values by column)."""
    return zip(table.index, table.to_dict("records"), strict=True)


def _number(value: Any) -> float | None:
    return None if pd.isna(value) else float(value)


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None
