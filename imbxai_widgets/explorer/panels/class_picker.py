"""The class picker: every class with its size, archetypes and accuracy, one of them selected."""

from __future__ import annotations

from typing import Any

import traitlets

from imbxai_widgets.explorer.panel import Panel

_KEYS = frozenset({"index", "name", "images", "accuracy", "archetypes"})


class ClassPicker(Panel):
    """List of all classes, to sort, search and pick from.

    Parameters
    ----------
    classes : list of dict
        One entry for each class: ``index`` (int), ``name`` (str), ``images`` (int),
        ``accuracy`` (0 to 1, or None if unknown) and ``archetypes``, the shares of safe, border,
        rare and outlier images (four numbers from 0 to 1).
    accuracy_label : {"validation", "training"}
        Which images the accuracies are of.
    selected : int
        Index of the selected class. One picked in the page comes to Python by the linker alone.

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
    ...             "archetypes": [0.7, 0.2, 0.1, 0.0],
    ...         }
    ...     ]
    ... )  # doctest: +SKIP
    >>> picker.selected  # doctest: +SKIP
    0
    """

    _bundle = "class_picker"

    classes = traitlets.List(traitlets.Dict()).tag(sync=True)
    accuracy_label = traitlets.Enum(["validation", "training"], "training").tag(sync=True)
    selected = traitlets.Int(0).tag(sync=True)

    @traitlets.validate("classes")
    def _check_classes(self, proposal: Any) -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = proposal["value"]
        for position, entry in enumerate(entries):
            missing = sorted(_KEYS - entry.keys())
            if missing:
                raise traitlets.TraitError(
                    f"classes[{position}] lacks {', '.join(missing)}; "
                    f"each entry needs {', '.join(sorted(_KEYS))}."
                )
            if len(entry["archetypes"]) != 4:
                raise traitlets.TraitError(
                    f"classes[{position}]['archetypes'] must hold 4 shares "
                    f"(safe, border, rare, outlier), not {len(entry['archetypes'])}."
                )
        return entries
