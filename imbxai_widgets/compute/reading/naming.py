"""Which label each of a dataset's own class names has, and where two sources contradict each other.

A name that goes with a wrong label makes every result wrong and leaves it looking right. So all
that is told of names is compared: by the datasets, through their `target_transform`, by the
argument `class_names`, and by the model.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from torch.utils.data import ConcatDataset, Subset

from imbxai_widgets.compute.reading.generators import generators_kept
from imbxai_widgets.compute.reading.hugging_face import class_columns, features_of
from imbxai_widgets.compute.reading.labels import label_number
from imbxai_widgets.compute.reading.nesting import nested, parts
from imbxai_widgets.compute.reading.sample_keys import label_key
from imbxai_widgets.compute.reading.told_names import listed_names, numbered_names

# Folders that operating systems, archives and Python leave behind, besides hidden ones.
_STRAY = ("__MACOSX", "__pycache__", "lost+found", "@eaDir", "$RECYCLE.BIN")


class Naming(NamedTuple):
    """What one source tells of the classes.

    Attributes
    ----------
    source
        Who tells it, in the words of an error.
    pairs
        Each name with its label; a label may have several names, where classes were merged.
    """

    source: str
    pairs: tuple[tuple[str, int], ...]


def namings(dataset: Any, *, followed: bool = True, strict: bool = True) -> list[Naming]:
    """Collect what a dataset tells of its classes.

    It is asked for `classes` (names in the order of the labels, or a dict), then for
    `class_to_idx`, then for a Hugging Face column of labels; a `Subset` or `ConcatDataset` without
    any is asked through its members.

    Parameters
    ----------
    dataset
        Any dataset.
    followed
        Whether labels are those that images get, behind the dataset's `target_transform`; else
        those that the dataset's classes are numbered with.
    strict
        Whether to refuse what cannot be told; else it is left out.

    Returns
    -------
    list of Naming
        One for each dataset, of those concatenated, that tells any.

    Raises
    ------
    ValueError
        If the sources in one dataset contradict each other, or `target_transform` cannot be
        followed.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> folder = SimpleNamespace(classes=["ant", "bee"], target_transform=lambda label: 1 - label)
    >>> namings(folder)[0].pairs
    (('ant', 1), ('bee', 0))
    """
    try:
        own = _own_naming(dataset, followed)
    except ValueError:
        if strict:
            raise
        return []
    inner = [
        naming
        for part in parts(dataset)
        for naming in namings(part, followed=followed, strict=strict and own is None)
    ]
    if own is None:
        return inner
    if strict and type(dataset) in (Subset, ConcatDataset):  # which hand labels on as they are
        for naming in inner:
            clash = renumbered(own, naming)
            if clash is not None:
                name, here, there = clash
                raise ValueError(
                    f"{own.source} gives {name!r} the label {here}, but the {naming.source} inside "
                    f"it {there}; pass class_names in the order of the labels"
                )
    return [own]


def renumbered(one: Naming, other: Naming) -> tuple[str, int, int] | None:
    """Find a name that both know and number differently.

    Names are the same up to case, white space, hyphens and underscores; those that stand for
    several labels of one source are passed over.

    Returns
    -------
    tuple or None
        The name as `one` has it, and its labels in `one` and in `other`.

    Examples
    --------
    >>> one, other = Naming("a", (("ant", 0), ("bee", 1))), Naming("b", (("Bee", 0),))
    >>> renumbered(one, other)
    ('bee', 1, 0)
    """
    spelling = _spelling_for(one, other)
    here, there = _labels_by(spelling, one), _labels_by(spelling, other)
    for name, label in one.pairs:
        known = there.get(spelling(name), {label})
        if len(here[spelling(name)]) == len(known) == 1 and label not in known:
            return name, label, min(known)
    return None


def renamed(one: Naming, other: Naming) -> list[tuple[int, str, str]]:
    """List the labels that both name, without a name in common, with a name of either.

    Examples
    --------
    >>> renamed(Naming("a", (("ant", 0), ("bee", 1))), Naming("b", (("ant", 0), ("cat", 1))))
    [(1, 'bee', 'cat')]
    """
    spelling = _spelling_for(one, other)
    here, there = _names_by_label(one), _names_by_label(other)
    return [
        (label, here[label][0], there[label][0])
        for label in sorted(here.keys() & there.keys())
        if not set(map(spelling, here[label])) & set(map(spelling, there[label]))
    ]


def told_clash(here: str, there: str, clash: tuple[str, int, int]) -> str:
    """Put into words what `renumbered` found between two sources.

    Examples
    --------
    >>> told_clash("class_names", "dataset", ("bee", 1, 0))
    "class_names gives 'bee' the label 1, but dataset the label 0: one class must have one label"
    """
    name, label, other = clash
    return (
        f"{here} gives {name!r} the label {label}, but {there} the label {other}: one class must "
        "have one label"
    )


def stray_folders(dataset: Any) -> str | None:
    """Name the classes of a dataset that are folders which programs make, and say how to mend it.

    A folder of images that was opened in Jupyter may have a subfolder `.ipynb_checkpoints`, which
    comes first in the alphabet and moves the numbers of all classes.

    Returns
    -------
    str or None
        None if there are none.

    Examples
    --------
    >>> stray_folders([]) is None
    True
    """
    for naming in namings(dataset, followed=False, strict=False):
        found = [f"{name!r} (class {label})" for name, label in naming.pairs if _is_stray(name)]
        if found:
            return (
                f"the dataset ({naming.source}) takes {', '.join(found)} for a class, which looks "
                "like a folder that a program made, and moves the numbers of all later classes. "
                "Delete the folder and make the dataset anew, unless the model was trained with it"
            )
    return None


def _is_stray(name: str) -> bool:
    return name in _STRAY or (name.startswith(".") and len(name) > 1)


def _own_naming(dataset: Any, followed: bool) -> Naming | None:
    kind = type(dataset).__name__
    classes = getattr(dataset, "classes", None)
    listed = _numbered(listed_names(classes))
    if isinstance(classes, Mapping):
        listed = _first_names(numbered_names(classes, f"{kind}.classes"))
    indexed = aliases_in(dataset)
    if listed is not None and indexed is not None and _contradict(listed, indexed):
        raise ValueError(
            f"{kind}.classes and .class_to_idx contradict each other; "
            "pass class_names in the order of the labels"
        )
    if listed is None and indexed is not None:
        listed = _first_names(indexed)
    if listed is None:
        listed = _numbered(_names_in_columns(dataset))
    if listed is None:
        return None
    return Naming(kind, _behind_transform(listed, dataset) if followed else listed)


def aliases_in(dataset: Any) -> tuple[tuple[str, int], ...] | None:
    """Return every name of every class in a dataset's own `class_to_idx`, or None.

    Examples
    --------
    >>> aliases_in([]) is None
    True
    """
    indexed = getattr(dataset, "class_to_idx", None)
    if not isinstance(indexed, Mapping):
        return None
    return numbered_names(indexed, f"{type(dataset).__name__}.class_to_idx")


def outermost_aliases(dataset: Any) -> dict[str, int]:
    """Return the names in the outermost `class_to_idx` that there is, with their labels.

    Examples
    --------
    >>> outermost_aliases([])
    {}
    """
    found = (aliases_in(member) for member in nested(dataset))
    return dict(next((pairs for pairs in found if pairs is not None), ()))


def _numbered(names: Iterable[str] | None) -> tuple[tuple[str, int], ...] | None:
    return None if names is None else tuple((name, label) for label, name in enumerate(names))


def _first_names(pairs: Iterable[tuple[str, int]]) -> tuple[tuple[str, int], ...]:
    """Keep the first of the names of each label, in the order of the labels."""
    names: dict[int, str] = {}
    for name, label in pairs:
        names.setdefault(label, name)
    return tuple((names[label], label) for label in sorted(names))


def _names_in_columns(dataset: Any) -> tuple[str, ...] | None:
    named = class_columns(features_of(dataset))
    try:
        return named.get(label_key(features_of(dataset), dataset)) if named else None
    except ValueError:  # not certain which column holds the labels
        return None


def _contradict(listed: Sequence[tuple[str, int]], indexed: Sequence[tuple[str, int]]) -> bool:
    """Tell whether a class has another label in the second source, and its label another class.

    ImageNet has two classes called "crane", of which a dict holds one.
    """
    labels, taken, known = dict(indexed), {label for _, label in indexed}, set(listed)
    return any(
        (name, labels.get(name, label)) not in known and label in taken for name, label in listed
    )


def _behind_transform(
    pairs: tuple[tuple[str, int], ...], dataset: Any
) -> tuple[tuple[str, int], ...]:
    transform = getattr(dataset, "target_transform", None)
    if not callable(transform):
        return pairs
    # It is given what the dataset has for a label: a number, or a name.
    for given in ([label for _, label in pairs], [name for name, _ in pairs]):
        labels = _transformed(transform, given, dict(pairs))
        if labels is not None:
            return tuple((name, label) for (name, _), label in zip(pairs, labels, strict=True))
    raise ValueError(
        f"target_transform of the dataset ({type(dataset).__name__}) does not make one class "
        f"number, always the same, of each of its {len(pairs)} classes, so that it is not known "
        "what its names stand for; pass class_names in the order of the model's logits"
    )


def _transformed(
    transform: Callable[[Any], Any], given: list[Any], numbers: Mapping[str, int]
) -> list[int] | None:
    """Return the labels that a transform makes of what it is given; None if that is not certain."""
    try:
        with generators_kept():
            once, again = (
                [label_number(transform(value), numbers) for value in given] for _ in range(2)
            )
    except Exception:  # whatever a user's function raises for what it does not expect
        return None
    return once if once == again else None


def _spelling_for(*sources: Naming) -> Callable[[str], str]:
    """Choose how names are compared: loosely, where that leaves the names of each source apart."""
    for source in sources:
        names = {name for name, _ in source.pairs}
        if len(set(map(_loosely, names))) < len(names):
            return str
    return _loosely


def _loosely(name: str) -> str:
    plain = unicodedata.normalize("NFKC", name).casefold()
    return " ".join(plain.replace("_", " ").replace("-", " ").split())


def _labels_by(spelling: Callable[[str], str], source: Naming) -> dict[str, set[int]]:
    found: dict[str, set[int]] = {}
    for name, label in source.pairs:
        found.setdefault(spelling(name), set()).add(label)
    return found


def _names_by_label(source: Naming) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for name, label in source.pairs:
        found.setdefault(label, []).append(name)
    return found
