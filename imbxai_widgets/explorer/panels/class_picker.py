"""The class picker: every class with its size, archetypes and accuracy, one of them selected."""

from __future__ import annotations

from typing import Any, TypedDict

import numpy as np
import traitlets

from imbxai_widgets.compute.methods.archetypes import ARCHETYPES
from imbxai_widgets.explorer.deck import number
from imbxai_widgets.explorer.panel import Panel, PanelContent
from imbxai_widgets.explorer.summary import summary


class PickerClass(TypedDict):
    """One class as the picker lists it; shares and accuracy 0 to 1, None if unknown."""

    index: int
    name: str
    images: int
    accuracy: float | None
    change: float | None  # by the second model less by the first, -1 to 1; None without one
    archetypes: list[float]  # shares of safe, border, rare and outlier images


class ClassPickerContent(PanelContent):
    """Size, accuracy and archetypes of every class."""

    name = "class_picker"
    place = "side"

    def classes(self) -> list[PickerClass]:
        """List all classes in the order of their numbers."""
        before, *rest = self.deck.accuracies
        after = rest[0] if rest else np.full(len(before), np.nan)
        return [
            {
                "index": index,
                "name": self.deck.name(index),
                "images": int(row["images"]),
                "accuracy": number(before[index]),
                "change": number(after[index] - before[index]),
                "archetypes": [number(row[archetype]) or 0.0 for archetype in ARCHETYPES],
            }
            for index, row in enumerate(self.deck.classes)
        ]

    def widget(self, selected: int) -> ClassPicker:
        """Return a picker of all classes."""
        return ClassPicker(
            classes=self.classes(),
            accuracy_label=self.deck.judged,
            summary=summary(self.deck),
            selected=selected,
        )


class ClassPicker(Panel):
    """List of all classes, to sort, search and pick from, below how well all are predicted.

    Parameters
    ----------
    classes : list of dict
        One entry for each class: ``index`` (int), ``name`` (str), ``images`` (int),
        ``accuracy`` (0 to 1, or None if unknown), ``change`` (accuracy by a second model less that
        by the first, or None) and ``archetypes``, the shares of safe, border, rare and outlier
        images (four numbers from 0 to 1).
    accuracy_label : {"validation", "training"}
        Which images the accuracies are of.
    summary : dict
        Accuracies over all classes; see `explorer.summary.Summary`.
    selected : int
        Index of the selected class. One picked in the page comes to Python by the linker alone.
    likely : list of int
        Classes that may be picked next, the likeliest first; told in the page alone.

    Raises
    ------
    TypeError
        If a keyword is not one of these (or ``layout``, ``tabbable``, ``tooltip``).
    traitlets.TraitError
        If an entry of `classes` lacks a key, or a value has the wrong type.

    Examples
    --------
    >>> picker = ClassPicker(
    ...     classes=[
    ...         {
    ...             "index": 0,
    ...             "name": "cat",
    ...             "images": 40,
    ...             "accuracy": 0.9,
    ...             "change": None,
    ...             "archetypes": [0.7, 0.2, 0.1, 0.0],
    ...         }
    ...     ]
    ... )
    >>> picker.selected
    0
    """

    _bundle = "class_picker"

    classes = traitlets.List(traitlets.Dict()).tag(sync=True)
    accuracy_label = traitlets.Enum(["validation", "training"], "training").tag(sync=True)
    summary: Any = traitlets.Dict(
        default_value={"images": [], "classes": [], "worst": [], "lowest": []}
    ).tag(sync=True)
    selected = traitlets.Int(0).tag(sync=True)
    likely = traitlets.List(traitlets.Int()).tag(sync=True)

    @traitlets.validate("classes")
    def _check_classes(self, proposal: Any) -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = proposal["value"]
        keys = PickerClass.__required_keys__
        for position, entry in enumerate(entries):
            missing = sorted(keys - entry.keys())
            if missing:
                raise traitlets.TraitError(
                    f"classes[{position}] lacks {', '.join(missing)}; "
                    f"each entry needs {', '.join(sorted(keys))}."
                )
            if len(entry["archetypes"]) != len(ARCHETYPES):
                raise traitlets.TraitError(
                    f"classes[{position}]['archetypes'] must hold {len(ARCHETYPES)} shares "
                    f"({', '.join(ARCHETYPES)}), not {len(entry['archetypes'])}."
                )
        return entries
