"""What if: remedies to be tried, and what they change of each class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from typing import Any, TypedDict

import numpy as np
import pandas as pd
import traitlets

from imbxai_widgets.analysis import Analysis
from imbxai_widgets.analysis.what_if import WhatIf, tail_of
from imbxai_widgets.compute.remedies.logits import LogitAdjustment
from imbxai_widgets.compute.remedies.remedy import Remedy
from imbxai_widgets.explorer.deck import Deck, number
from imbxai_widgets.explorer.latest import Cancelled, Latest
from imbxai_widgets.explorer.panel import Panel, PanelContent, Tiles
from imbxai_widgets.explorer.panels._chosen import chosen_in_words, found_parameters
from imbxai_widgets.explorer.panels._offers import Offers, offers
from imbxai_widgets.explorer.remedies_asked import AskedRemedy, code_of, remedies_of
from imbxai_widgets.explorer.thumbnails import Tiles as ImageTiles
from imbxai_widgets.explorer.thumbnails import make_tiles, no_images

IN_PAGE_BYTES = 4_000_000  # of logits and predictions, which the page shifts by itself
AT_ONCE_BYTES = 300_000  # of these, which any page holds from the beginning
NO_VALIDATION = (
    "What remedies change is judged on validation images, and none were given: pass validation=."
)


class ValidationImages(TypedDict, total=False):
    """What the page makes its figures of; nothing before it is known."""

    class_names: list[str]
    sizes: list[int]  # training images of each class
    tail: list[int]  # the third of the classes with the fewest
    unit: list[float]  # what `LogitAdjustment(1)` adds to the logits
    labels: bytes  # uint32 of each validation image
    predictions: bytes  # uint32
    logits: bytes  # float32, a row an image; empty if not known, or too many for a page


class Moved(TypedDict):
    """What remedies make of the validation images."""

    after: bytes  # uint32, predictions
    low: bytes  # float64 of each class, the interval of the change of its accuracy
    high: bytes
    summary_low: list[float | None]  # of all, the mean of classes, the worst class, the tail
    summary_high: list[float | None]
    refit: list[float | None]  # accuracies after a plain refit; None where no head is put in
    chosen: str  # what was chosen on what
    found: dict[str, float]  # parameters that were to be found, by the name of the remedy
    caution: str  # why it may not foretell a training, or ""


class WhatIfContent(PanelContent):
    """Remedies, and what they would change of the validation images."""

    name = "what_if"
    place = "tab"
    tab = "What if"
    turn = 9  # the same for all classes
    asked = ("data", "begin", "move", "recipe", "tiles")

    def __init__(self, deck: Deck) -> None:
        super().__init__(deck)
        self._latest = Latest()

    def data(self) -> ValidationImages:
        """Return what the page makes its figures of."""
        analysis = self.deck.analysis
        split = analysis.split("validation")
        sizes = np.bincount(analysis.labels, minlength=analysis.n_classes)
        held_out = np.bincount(split.labels, minlength=analysis.n_classes)
        return {
            "class_names": [self.deck.name(index) for index in range(analysis.n_classes)],
            "sizes": sizes.tolist(),
            "tail": tail_of(sizes, held_out).tolist(),
            "unit": LogitAdjustment(1.0).shifts(sizes.astype(np.float64)).tolist(),
            "labels": _bytes(split.labels, np.uint32),
            "predictions": _bytes(split.predictions, np.uint32),
            "logits": _logits(analysis) if _size(analysis) <= IN_PAGE_BYTES else b"",
        }

    def held(self, limit: int) -> ValidationImages:
        """Return the same for a page without a kernel, if it takes no more than `limit` bytes."""
        analysis = self.deck.analysis
        if analysis.validation is None or _size(analysis) > min(limit, IN_PAGE_BYTES):
            return {}
        return self.data()

    def begin(self) -> Future[Offers]:
        """Return what can be done; it makes ready what the first move would wait for."""
        analysis = self.deck.analysis
        return self._latest.beside(lambda: offers(analysis))

    def move(self, remedies: Sequence[AskedRemedy]) -> Future[Moved]:
        """Return what remedies change; gives up what was asked for before."""
        analysis, given = self.deck.analysis, remedies_of(remedies, self.deck)

        def task(cancelled: Cancelled) -> Moved:
            return _moved(analysis._what_if(given, cancelled=cancelled), given)

        return self._latest.run(task)

    def recipe(self, remedies: Sequence[AskedRemedy]) -> Future[dict[str, str]]:
        """Return the code of the remedies for a training script."""
        analysis, given = self.deck.analysis, remedies_of(remedies, self.deck)
        call = code_of(given, self.deck)

        def task() -> dict[str, str]:
            code = analysis._what_if(given).recipe().code
            head = "from imbxai_widgets import remedies\n\n"
            return {"code": f"{head}{call}\nrecipe = what_if.recipe()\n\n{code}"}

        return self._latest.beside(task)

    def tiles(self, rows: list[int]) -> Mapping[str, Any]:
        """Return validation images, for those whose prediction changes."""
        found: ImageTiles = make_tiles(self.deck, "validation", np.array(rows, dtype=np.int64))
        return {**found, "missing": no_images(self.deck, "validation")}

    def widget(self, selected: int) -> WhatIfPanel:
        """Return a panel that holds what it shows if that is little, else asks for it."""
        missing = NO_VALIDATION if self.deck.analysis.validation is None else ""
        return WhatIfPanel(selected=selected, missing=missing, held=self.held(AT_ONCE_BYTES))


def _size(analysis: Analysis) -> int:
    """Return how many bytes logits, labels and predictions take."""
    return 4 * len(analysis.split("validation")) * (analysis.n_classes + 2)


def _logits(analysis: Analysis) -> bytes:
    """Return the logits of the validation images; empty where they are not known."""
    try:
        logits = analysis.what_if().logits()
    except ValueError:  # no head, and not all probabilities
        return b""
    return _bytes(logits, np.float32)


def _moved(what_if: WhatIf, given: Sequence[Remedy]) -> Moved:
    classes, summary = what_if.classes(), what_if.summary()
    return {
        "after": _bytes(what_if.after, np.uint32),
        "low": _bytes(classes["change_low"], np.float64),
        "high": _bytes(classes["change_high"], np.float64),
        "summary_low": _numbers(summary["change_low"]),
        "summary_high": _numbers(summary["change_high"]),
        "refit": _numbers(summary["refit"]),
        "chosen": chosen_in_words(what_if, given),
        "found": found_parameters(what_if, given),
        "caution": what_if.caution,
    }


def _numbers(column: pd.Series[Any]) -> list[float | None]:
    return [number(value) for value in column]


def _bytes(values: Any, dtype: Any) -> bytes:
    """Return an array as bytes, little-endian."""
    return np.asarray(values).astype(np.dtype(dtype).newbyteorder("<")).tobytes()


class WhatIfPanel(Tiles, Panel):
    """Remedies as a list, and each class before and after.

    Its front end asks for what it shows when it comes into sight; see `WhatIfContent`.

    Parameters
    ----------
    selected : int
        Index of the selected class. A click on a class's name sets it in the page.
    missing : str
        Why there is nothing to show, or "".
    held : dict
        What the page makes its figures of: see `ValidationImages`; empty where it asks for it.
    shifts : dict
        What is added to the logits of classes, by their numbers; shared with other panels.
    tried : dict
        The remedy that any panel asks to be tried; see js/src/parts/remedies.ts.
    """

    _bundle = "what_if"

    selected = traitlets.Int(0).tag(sync=True)
    missing = traitlets.Unicode("").tag(sync=True)
    held: Any = traitlets.Dict().tag(sync=True)
    shifts: Any = traitlets.Dict().tag(sync=True)
    tried: Any = traitlets.Dict().tag(sync=True)
