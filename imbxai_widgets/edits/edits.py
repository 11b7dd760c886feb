"""`Edits`: labels changed, images left out, and labels found right, with undo and a journal."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import cached_property
from operator import index as as_index
from pathlib import Path
from typing import Any, Final, Literal
from uuid import uuid4

import numpy as np
import pandas as pd

from imbxai_widgets.compute.numeric.checks import check_codes
from imbxai_widgets.compute.numeric.types import IntArray
from imbxai_widgets.compute.reading.edited import EditedDataset
from imbxai_widgets.compute.reading.labeled_images import LabeledImages
from imbxai_widgets.compute.reading.nesting import nested
from imbxai_widgets.compute.reading.sample_keys import SampleKeys
from imbxai_widgets.compute.reading.splits import SPLITS, SplitName
from imbxai_widgets.datasets.same_images import label_difference
from imbxai_widgets.edits.history import Edit, Entry, History, check_entry
from imbxai_widgets.edits.identity import (
    Analyzed,
    Images,
    difference,
    files_of,
    identity_of,
    rows_of,
    splits_of,
)
from imbxai_widgets.edits.journal import Journal, JournalError
from imbxai_widgets.files import replacing

_COLUMNS: Final = ["split", "file", "old", "new", "action", "time"]
# One path is one journal: an Explorer that is made anew in its cell goes on with the same edits.
_open: weakref.WeakValueDictionary[str, Edits] = weakref.WeakValueDictionary()


class Edits:
    """What was decided about single images; no file and no dataset is changed by it.

    Each image has one of three edits, or none: ``"relabel"`` gives it another label,
    ``"exclude"`` leaves it out, ``"keep"`` notes that it was looked at and its label is right.
    `view` is the dataset with the edits, `Analysis.with_edits` an analysis after them.

    Parameters
    ----------
    analysis : Analysis
        Of the images.
    path : str or path-like, optional
        A journal: each edit is on the disk before it counts, and edits that are there already are
        taken up again. Without it, edits end with the process, unless `to_csv` saves them.

    Attributes
    ----------
    path : Path or None
        The journal.

    Raises
    ------
    JournalError
        If the file is no journal, belongs to other images (other classes, labels, files or looks;
        the network may be another), or is open in another process.

    Warns
    -----
    UserWarning
        If the last line of the journal was torn, and is dropped.

    Examples
    --------
    >>> edits = Edits(analysis)
    >>> edits.relabel(836, "Faces")  # by their numbers in the dataset, as in the tables
    >>> edits.exclude([1715, 12])
    >>> edits.undo(), len(edits)
    (True, 1)
    >>> edits.table()[["split", "old", "new", "action"]]
              split    old    new   action
    image
    836    training  Signs  Faces  relabel
    >>> edits.view(train_set).targets[836]  # Faces
    4
    """

    def __init__(self, analysis: Analyzed, path: str | os.PathLike[str] | None = None) -> None:
        self.class_names = analysis.class_names
        self.path = None if path is None else Path(path).resolve()
        self._analysis = analysis
        self._splits = splits_of(analysis)
        self._history = History()
        self._observers: list[Callable[[], object]] = []
        self._journal: Journal | None = None
        if self.path is not None:
            self._journal = Journal(self.path, self._identity)
            self._take_up(self._journal)
            _open[str(self.path)] = self

    def __len__(self) -> int:
        return len(self._history.current)

    def __repr__(self) -> str:
        journal = "" if self.path is None else f", {str(self.path)!r}"
        return f"Edits({len(self)} images{journal})"

    # -- what they are -------------------------------------------------------------------

    @property
    def changes(self) -> dict[str, Edit]:
        """The edits in force by the key of the image, such as ``"training:12"`` (a row)."""
        return {key: edit for key, (edit, _) in self._history.current.items()}

    def table(self) -> pd.DataFrame:
        """Return the edits in force, in the order in which they were made.

        Returns
        -------
        DataFrame
            One row for each image; the index, ``image``, is its number in the dataset. Columns:
            ``split``; ``file``, None where the dataset tells none; ``old`` and ``new``, the names
            of its labels, ``new`` being None where it is left out; ``action``; ``time``, UTC.
        """
        order = sorted(self._history.current.items(), key=lambda pair: pair[1][1])
        rows = [self._table_row(key, edit, time) for key, (edit, time) in order]
        table = pd.DataFrame(rows, columns=["image", *_COLUMNS], dtype=object)
        table["time"] = pd.to_datetime(table["time"], utc=True, format="ISO8601")
        index = pd.Index(table.pop("image").to_numpy(dtype=np.int64), name="image")
        return table.set_index(index)

    def to_csv(self, path: str | os.PathLike[str]) -> Path:
        """Save `table` as CSV; a file that is there is replaced by a whole new one.

        Returns
        -------
        Path
            The absolute path of the file.
        """
        target = Path(path).resolve()
        with replacing(target) as file:
            file.write(self.table().to_csv(lineterminator="\n").encode("utf-8"))
        return target

    def view(
        self, dataset: Any, split: SplitName = "training", *, keys: SampleKeys | None = None
    ) -> EditedDataset:
        """Return the dataset with the edits as they are now: other labels, images left out.

        Parameters
        ----------
        dataset : Dataset
            The one that was analyzed, of any kind that `analyze` accepts; it is not changed. Its
            own images and transforms are what the view gives.
        split : {"training", "validation"}
            Which images these are.
        keys : pair, optional
            Where image and label are in a sample, as for `analyze`; known where the analysis has
            its images.

        Returns
        -------
        EditedDataset
            A `torch.utils.data.Subset`; it can be pickled where `dataset` can, and later edits do
            not change it.

        Raises
        ------
        ValueError
            If the dataset has another number of images, or other labels, than were analyzed.
        """
        images = self._split(split)
        if keys is None:
            keys = _keys_of(images)
        expected = len(images.labels) + len(images.skipped)
        if len(dataset) != expected:
            raise ValueError(
                f"dataset has {len(dataset)} images, but {expected} {split} images were analyzed; "
                "give the dataset that was analyzed"
            )
        found = label_difference(
            dataset, images.labels, images.positions, class_names=self.class_names, keys=keys
        )
        if found is not None:
            raise ValueError(
                f"dataset is not that of the {split} images: {found}. Give the dataset that was "
                "analyzed, in its order"
            )
        labels, left_out = self.of_split(split)
        places = images.positions
        kept = np.delete(np.arange(expected), places[left_out])
        new = {int(places[row]): label for row, label in labels.items()}
        return EditedDataset(dataset, kept.tolist(), new, class_names=self.class_names, keys=keys)

    def of_split(self, split: SplitName) -> tuple[dict[int, int], list[int]]:
        """Return the new labels by row, and the rows left out, of the images of a split."""
        labels: dict[int, int] = {}
        left_out = []
        for key, edit in self.changes.items():
            name, _, row = key.partition(":")
            if name == split and edit["action"] == "relabel":
                labels[int(row)] = edit["label"]
            elif name == split and edit["action"] == "exclude":
                left_out.append(int(row))
        return labels, sorted(left_out)

    # -- to make and take back -----------------------------------------------------------

    def relabel(
        self, images: int | Iterable[int], label: str | int, split: SplitName = "training"
    ) -> None:
        """Give images another label; those that have it already are kept (see `keep`).

        Parameters
        ----------
        images : int or sequence of int
            Their numbers in the dataset, as the index of `Analysis.suspects`,
            `Analysis.image_table` and `Explorer.selection` has them.
        label : str or int
            The class, by its name or number.
        split : {"training", "validation"}
            Which images.

        Raises
        ------
        ValueError
            If there is no such image, class or split, or several classes have the name.
        """
        number = self._class_number(label)
        self.do(self._edited(self._keys(images, split), {"action": "relabel", "label": number}))

    def exclude(self, images: int | Iterable[int], split: SplitName = "training") -> None:
        """Leave images out; `images` and `split` as for `relabel`."""
        self.do(self._edited(self._keys(images, split), {"action": "exclude"}))

    def keep(self, images: int | Iterable[int], split: SplitName = "training") -> None:
        """Note that the labels of images were looked at, and are right; as for `relabel`."""
        self.do(self._edited(self._keys(images, split), {"action": "keep"}))

    def clear(self, images: int | Iterable[int], split: SplitName = "training") -> None:
        """Take back what was decided of images; as for `relabel`. It can be undone, too."""
        self.do(dict.fromkeys(self._keys(images, split)))

    def undo(self) -> bool:
        """Take the last step back, all of its images; tell whether there was one."""
        return self._add("undo", None)

    def redo(self) -> bool:
        """Do again what was undone last; tell whether there was anything."""
        return self._add("redo", None)

    def ask(
        self, do: Literal["edit", "undo", "redo"], id: str, images: Any = None, edit: Any = None
    ) -> bool:
        """Do what a page asks for, once for each `id`; tell whether that changed anything.

        Parameters
        ----------
        do : {"edit", "undo", "redo"}
        id : str
            The same for a request that is sent again.
        images : list of str
            Keys, such as "training:12", of an edit.
        edit : dict or None
            ``{"action": ..., "label": number}``; None takes edits back.
        """
        if do != "edit":
            return self._add(do, None, id)
        return self._add(do, self._edited(images, edit), id)

    def do(self, images: Mapping[str, Edit | None]) -> bool:
        """Make edits by the keys of the images, as one step; tell whether that changed anything."""
        return self._add("edit", dict(images)) if images else False

    def close(self) -> None:
        """Close the journal, so that another process can open it; no edit can be made any more."""
        if self._journal is not None:
            self._journal.close()
            _open.pop(str(self.path), None)

    @property
    def can_undo(self) -> bool:
        """Whether there is a step to take back."""
        return bool(self._history.undoable)

    @property
    def can_redo(self) -> bool:
        """Whether there is a step to do again."""
        return bool(self._history.redoable)

    def observe(self, called: Callable[[], object]) -> None:
        """Have a function called after each change, as long as this lives."""
        self._observers.append(called)

    def check_belongs(self, analysis: Analyzed) -> None:
        """Refuse an analysis of other images, or of these with labels already changed.

        Raises
        ------
        ValueError
            The message says in what the images differ.
        """
        if analysis is self._analysis:
            return
        found = difference(self._identity, identity_of(analysis))
        if found is not None:
            raise ValueError(
                f"these edits belong to other images than the analysis: they differ in {found}"
            )

    # -- inside --------------------------------------------------------------------------

    @cached_property
    def _identity(self) -> Mapping[str, Any]:
        return identity_of(self._analysis)

    def _take_up(self, journal: Journal) -> None:
        for number, entry in enumerate(journal.entries, start=2):
            try:
                self._check(entry)
            except ValueError as error:
                journal.close()
                raise JournalError(f"line {number} of {journal.path}: {error}") from None
            self._history.apply(entry)
        journal.entries.clear()

    def _add(
        self,
        do: Literal["edit", "undo", "redo"],
        images: dict[str, Edit | None] | None,
        id: str | None = None,
    ) -> bool:
        time = datetime.now(UTC).isoformat(timespec="milliseconds")
        entry: Entry = {"do": do, "id": uuid4().hex if id is None else id, "time": time}
        if images is not None:
            entry["images"] = images
        self._check(entry)
        if not self._history.changes(entry):
            return False
        if self._journal is not None:
            self._journal.append(entry)
        self._history.apply(entry)
        for called in tuple(self._observers):
            called()
        return True

    def _check(self, entry: Any) -> None:
        sizes = {name: len(images.labels) for name, images in self._splits.items()}
        check_entry(entry, sizes, len(self.class_names))

    def _edited(self, keys: Iterable[str], edit: Edit | None) -> dict[str, Edit | None]:
        """Return the edit of each image; an image that has the label already is kept."""
        keys = list(keys)
        if edit is None or edit.get("action") != "relabel":
            return dict.fromkeys(keys, edit)
        kept: Edit = {"action": "keep"}
        return {key: kept if self._label(key) == edit["label"] else edit for key in keys}

    def _label(self, key: str) -> int | None:
        """Return the number of an image's own label; None if there is no such image."""
        for name, rows in rows_of([key]).items():
            labels = self._splits[name].labels if name in self._splits else ()
            if rows and rows[0] < len(labels):
                return int(labels[rows[0]])
        return None

    def _keys(self, images: int | Iterable[int], split: SplitName) -> list[str]:
        """Return the keys of images by their numbers in the dataset."""
        listed = images if isinstance(images, Iterable) else [images]
        numbers = check_codes(np.asarray(list(listed), dtype=None), "images", shape=(None,))
        rows = self._rows(numbers, split)
        return [f"{split}:{row}" for row in dict.fromkeys(rows.tolist())]

    def _rows(self, numbers: IntArray, split: SplitName) -> IntArray:
        places = self._split(split).positions
        rows = np.searchsorted(places, numbers)
        there = np.minimum(rows, max(len(places) - 1, 0))
        wrong = numbers[(rows != there) | (places[there] != numbers)] if len(places) else numbers
        if wrong.size:
            raise ValueError(
                f"there is no {split} image {int(wrong[0])} in the analysis; images go by their "
                "numbers in the dataset, as the index of Analysis.image_table"
            )
        return rows

    def _split(self, name: SplitName) -> Images:
        if name not in SPLITS:
            raise ValueError(f"split must be 'training' or 'validation', not {name!r}.")
        if name not in self._splits:
            raise ValueError("The analysis has no validation images.")
        return self._splits[name]

    def _class_number(self, label: str | int) -> int:
        if isinstance(label, str):
            times = self.class_names.count(label)
            if times != 1:
                what = "is no class" if times == 0 else "is the name of several classes"
                raise ValueError(f"{label!r} {what}; give the number of the class instead")
            return self.class_names.index(label)
        number = as_index(label)
        if not 0 <= number < len(self.class_names):
            raise ValueError(f"class numbers are 0 to {len(self.class_names) - 1}, not {number}.")
        return number

    def _table_row(self, key: str, edit: Edit, time: str) -> list[Any]:
        name, _, row = key.partition(":")
        images = self._split(name)  # type: ignore[arg-type]  # a key that was checked
        old = self.class_names[images.labels[int(row)]]
        new = self.class_names[edit["label"]] if edit["action"] == "relabel" else old
        return [
            int(images.positions[int(row)]),
            name,
            files_of(images, [int(row)])[0],
            old,
            None if edit["action"] == "exclude" else new,
            edit["action"],
            time,
        ]


def edits_for(analysis: Analyzed, given: Edits | str | os.PathLike[str] | None) -> Edits:
    """Return the edits of an analysis: those given, those of a journal, or new ones.

    A journal that is open in this process is shared: the same `Edits` are returned.

    Parameters
    ----------
    analysis
        Whose images they are of.
    given
        The edits, the path of a journal, or None.

    Raises
    ------
    ValueError
        If the edits belong to other images; a `JournalError` as `Edits` raises it.
    TypeError
        If it is neither.

    Examples
    --------
    >>> edits = edits_for(analysis, "edits.jsonl")
    >>> edits_for(analysis, "edits.jsonl") is edits
    True
    """
    if given is None:
        return Edits(analysis)
    if isinstance(given, str | os.PathLike):
        held = _open.get(str(Path(given).resolve()))
        if held is None:
            return Edits(analysis, given)
        given = held
    if not isinstance(given, Edits):
        raise TypeError(f"edits must be a path or an Edits, not {type(given).__name__}.")
    given.check_belongs(analysis)
    return given


def _keys_of(images: Images) -> SampleKeys | None:
    """Return where image and label are in the samples of the images' dataset, if it was told."""
    if images.images is None:
        return None
    readers = nested(images.images.dataset)
    return next((each.keys for each in readers if isinstance(each, LabeledImages)), None)
