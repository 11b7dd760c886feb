"""Edits as steps that can be undone and done again; of the images' keys and numbers alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal, NotRequired, TypeAlias, TypedDict

from imbxai_widgets.edits.identity import rows_of

ACTIONS: Final = ("relabel", "exclude", "keep")


class Edit(TypedDict):
    """What is to become of an image."""

    action: Literal["relabel", "exclude", "keep"]
    label: NotRequired[int]  # number of the new class, of "relabel"


class Entry(TypedDict):
    """One line of a journal: a step of edits, or that the last step was undone or done again."""

    do: Literal["edit", "undo", "redo"]
    id: str  # given by who asked; the same entry twice counts once
    time: str  # ISO 8601, UTC
    images: NotRequired[dict[str, Edit | None]]  # by key; None takes an edit back


Dated: TypeAlias = tuple[Edit, str]  # an edit, and its time
_Step: TypeAlias = dict[str, tuple[Dated | None, Dated | None]]  # by key: before, after


class History:
    """The edits that are in force, and the steps that led there.

    Attributes
    ----------
    current : dict of str to tuple
        By key, such as "training:12": the edit and its time.
    undoable, redoable : list of dict
        Steps, the last one last: by key, what was in force before and after.

    Examples
    --------
    >>> history = History()
    >>> images = {"training:3": {"action": "keep"}}
    >>> history.apply({"do": "edit", "id": "a", "time": "", "images": images})
    True
    >>> history.apply({"do": "undo", "id": "b", "time": ""}), history.current
    (True, {})
    """

    def __init__(self) -> None:
        self.current: dict[str, Dated] = {}
        self.undoable: list[_Step] = []
        self.redoable: list[_Step] = []
        self._seen: set[str] = set()

    def changes(self, entry: Entry) -> bool:
        """Tell whether an entry changes anything: it was not seen before, and says what is new."""
        if entry["id"] in self._seen:
            return False
        if entry["do"] == "edit":
            return bool(self._step(entry))
        return bool(self.undoable if entry["do"] == "undo" else self.redoable)

    def apply(self, entry: Entry) -> bool:
        """Take in an entry; tell whether it changed anything."""
        if not self.changes(entry):
            return False
        self._seen.add(entry["id"])
        if entry["do"] == "edit":
            step = self._step(entry)
            self.undoable.append(step)
            self.redoable.clear()
            self._set({key: after for key, (_, after) in step.items()})
        elif entry["do"] == "undo":
            step = self.undoable.pop()
            self.redoable.append(step)
            self._set({key: before for key, (before, _) in step.items()})
        else:
            step = self.redoable.pop()
            self.undoable.append(step)
            self._set({key: after for key, (_, after) in step.items()})
        return True

    def _step(self, entry: Entry) -> _Step:
        step: _Step = {}
        for key, edit in entry["images"].items():
            before = self.current.get(key)
            if edit != (None if before is None else before[0]):
                step[key] = before, None if edit is None else (edit, entry["time"])
        return step

    def _set(self, edits: Mapping[str, Dated | None]) -> None:
        for key, edit in edits.items():
            if edit is None:
                del self.current[key]
            else:
                self.current[key] = edit


def check_entry(entry: Any, sizes: Mapping[Any, int], n_classes: int) -> None:
    """Refuse what is no entry, or is of images or classes that there are not.

    Parameters
    ----------
    entry
        What a line of a journal holds, or a request.
    sizes
        Images of each split.
    n_classes
        Number of classes.

    Raises
    ------
    ValueError
        The message says what is wrong with it.

    Examples
    --------
    >>> check_entry({"do": "undo", "id": "a", "time": "2026-01-01T00:00:00+00:00"}, {}, 2)
    """
    if not isinstance(entry, dict) or entry.get("do") not in ("edit", "undo", "redo"):
        raise ValueError("it is none of the entries edit, undo and redo")
    if not all(isinstance(entry.get(name), str) for name in ("id", "time")):
        raise ValueError("its id and time must be texts")
    if set(entry) != {"do", "id", "time"} | ({"images"} if entry["do"] == "edit" else set()):
        raise ValueError(f"it has other fields than belong there: {', '.join(sorted(entry))}")
    if entry["do"] != "edit":
        return
    if not isinstance(entry["images"], dict) or not entry["images"]:
        raise ValueError("it names no images")
    for name, rows in rows_of(list(entry["images"])).items():
        if rows and max(rows) >= sizes.get(name, 0):
            raise ValueError(f"there is no {name} image in row {max(rows)}")
    for key, edit in entry["images"].items():
        if edit is not None:
            _check_edit(key, edit, n_classes)


def _check_edit(key: str, edit: Any, n_classes: int) -> None:
    if not isinstance(edit, dict) or edit.get("action") not in ACTIONS:
        raise ValueError(f"the action of {key} must be one of {', '.join(ACTIONS)}")
    if set(edit) != {"action"} | ({"label"} if edit["action"] == "relabel" else set()):
        raise ValueError(f"a label belongs to the action relabel alone, and to each such ({key})")
    label = edit.get("label", 0)
    if type(label) is not int or not 0 <= label < n_classes:
        raise ValueError(f"the label of {key} must be a number of a class, not {label!r}")
