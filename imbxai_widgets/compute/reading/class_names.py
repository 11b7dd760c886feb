"""Class names that can be told apart, whatever a dataset calls its classes."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from itertools import combinations
from typing import Any

from torch.utils.data import Dataset

from imbxai_widgets.compute.reading.naming import (
    Naming,
    namings,
    outermost_aliases,
    renamed,
    renumbered,
    stray_folders,
    told_clash,
)
from imbxai_widgets.compute.reading.told_names import told_names

# How to mend the labels of a folder of images.
LIKE_DATASET = (
    "for instance, of torchvision's, by "
    "validation.target_transform = lambda label: dataset.class_to_idx[validation.classes[label]]"
)

# What XML 1.0 does not hold (controls, halves of surrogate pairs), what Unicode sets aside as no
# characters, and the byte order mark, which PDF takes for one and which hides in a name.
_PLANES = range(0x10000, 0x110000, 0x10000)
_UNWRITABLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufeff\ufdd0-\ufdef\ufffe\uffff"
    + "".join(chr(plane + last) for plane in _PLANES for last in (0xFFFE, 0xFFFF))
    + "]"
)


def distinct_names(names: Sequence[str]) -> tuple[str, ...]:
    r"""Make every name one that can be read and that means one class.

    ImageNet has two classes called "crane", the bird and the machine; files may leave a name
    empty. Since results are looked up by name, such names get the number of their class. All
    other names stay as they are, but for characters that not every text can hold, which become
    escapes such as ``\udcff``: what is left of file names in another encoding, control characters
    besides tab and line break, byte order marks, and code points that are no characters. A page,
    an SVG or a PDF with them would be broken.

    Parameters
    ----------
    names
        Names in the order of the labels. They count as equal where they look equal, that is up
        to white space and Unicode's composed forms.

    Returns
    -------
    tuple of str
        As many names, all different, none without anything to see.

    Examples
    --------
    >>> distinct_names(["crane", "dog", "crane", " "])
    ('crane (#0)', 'dog', 'crane (#2)', '(unnamed #3)')
    """
    found = [
        _UNWRITABLE.sub(_escape, name) if _shows(name) else f"(unnamed #{i})"
        for i, name in enumerate(names)
    ]
    while True:
        times = Counter(map(_look, found))
        if len(times) == len(found):
            return tuple(found)
        # Again, for the dataset that calls one more class "crane (#0)".
        found = [
            f"{name} (#{i})" if times[_look(name)] > 1 else name for i, name in enumerate(found)
        ]


def _escape(found: re.Match[str]) -> str:
    code = ord(found.group())
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _look(name: str) -> str:
    return " ".join(unicodedata.normalize("NFC", name).split())


def _shows(name: str) -> bool:
    """Whether a name has any character besides spaces, controls and invisible marks."""
    return not all(unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp", "Zs") for c in name)


def class_names_of(
    dataset: Dataset[Any], n_classes: int, class_names: Sequence[str] | None = None
) -> tuple[str, ...]:
    """Name the classes: as told, else as the dataset says, else by their numbers.

    The dataset is asked for `classes` (names in the order of the labels), then for
    `class_to_idx` (name to label), then for the names of a Hugging Face dataset's column of
    labels; a `Subset` or `ConcatDataset` without any is asked through its members. A class with
    several names, as in ImageNet, goes by the first. Names that are empty or occur twice get the
    number of their class; see `distinct_names`.

    Parameters
    ----------
    dataset
        The dataset whose labels are to be named.
    n_classes
        Number of the model's logits.
    class_names
        Names in the order of the labels; they win over the dataset's own.

    Returns
    -------
    tuple of str
        `n_classes` different names.

    Raises
    ------
    ValueError
        If there are more or fewer names than logits, or the sources in the dataset contradict
        each other.

    Examples
    --------
    >>> class_names_of([], 3)
    ('0', '1', '2')
    >>> class_names_of([], 2, ["cat", "dog"])
    ('cat', 'dog')
    """
    if class_names is not None:
        names, source = told_names(class_names), "class_names"
    else:
        found = names_in(dataset)
        if found is None:
            return tuple(str(label) for label in range(n_classes))
        names, source = found, f"the dataset ({type(dataset).__name__})"
    if len(names) != n_classes:
        mend = "" if source == "class_names" else "; pass class_names to name them yourself"
        stray = stray_folders(dataset)
        if stray:
            mend = f"; {stray}"
        raise ValueError(
            f"{source} gives {len(names)} class names, but the model has {n_classes} logits{mend}"
        )
    return distinct_names(names)


def check_same_labels(dataset: Any, validation: Any) -> None:
    """Refuse validation images whose labels stand for other classes than the training images'.

    That happens when each folder of images numbers its own subfolders and one of them is missing;
    all results would then be wrong, and look right. Datasets that name no classes pass.

    Parameters
    ----------
    dataset, validation
        The training and the validation images.

    Raises
    ------
    ValueError
        If both name a class of one label, and differently, or number one name differently.

    Examples
    --------
    >>> check_same_labels([], [])
    """
    for here in namings(dataset):
        for there in namings(validation):
            for label, name, other in renamed(there, here):
                raise ValueError(
                    f"validation gives label {label} the name {name!r}, but dataset the name "
                    f"{other!r}: one label must mean one class. Change the labels of validation "
                    f"to those of dataset, {LIKE_DATASET}; or, if only the names differ, pass "
                    "class_names"
                )
            clash = renumbered(there, here)
            if clash is not None:
                raise ValueError(
                    f"{told_clash('validation', 'dataset', clash)}. Change the labels of "
                    f"validation to those of dataset, {LIKE_DATASET}"
                )


def class_numbers_of(dataset: Any, class_names: Sequence[str] | None = None) -> dict[str, int]:
    """Return the number of each class name, for labels that are names.

    Parameters
    ----------
    dataset, class_names
        As for `class_names_of`.

    Returns
    -------
    dict
        Without the names that several classes share; empty if the classes have no names.

    Examples
    --------
    >>> class_numbers_of([], ["cat", "dog"])
    {'cat': 0, 'dog': 1}
    """
    if class_names is not None:
        pairs: tuple[tuple[str, int], ...] = tuple(
            (name, label) for label, name in enumerate(told_names(class_names))
        )
        aliases = {}
    else:
        # A label that is a name has been through target_transform already.
        pairs = _merged(namings(dataset, followed=False))
        aliases = outermost_aliases(dataset)
    times = Counter(name for name, _ in pairs)
    return {name: label for name, label in pairs if times[name] == 1} | aliases


def names_in(dataset: Any) -> tuple[str, ...] | None:
    """Return the class names that a dataset tells, in the order of the labels, or None.

    Where the dataset has a `target_transform`, the labels are those behind it.

    Raises
    ------
    ValueError
        If its sources contradict each other, or do not name each label once.

    Examples
    --------
    >>> names_in([]) is None
    True
    """
    told = namings(dataset)
    if not told:
        return None
    names: dict[int, str] = {}
    for name, label in _merged(told):
        other = names.setdefault(label, name)
        if other != name:
            raise ValueError(
                f"target_transform of the dataset ({told[0].source}) gives the label {label} to "
                f"the classes {other!r} and {name!r}, which thus have no name in common; pass "
                "class_names in the order of the model's logits"
            )
    if sorted(names) != list(range(len(names))):
        raise ValueError(
            f"the dataset must name the labels 0 to {len(names) - 1}, but names "
            f"{sorted(names)}; pass class_names"
        )
    return tuple(names[label] for label in range(len(names)))


def _merged(told: Sequence[Naming]) -> tuple[tuple[str, int], ...]:
    """Put together what concatenated datasets tell."""
    for one, other in combinations(told, 2):
        if renamed(one, other) or renumbered(one, other):
            raise ValueError(
                "the concatenated datasets name their classes differently; number the classes of "
                "all alike, or, if only the names differ, pass class_names"
            )
    pairs: dict[tuple[int, str], None] = {}
    labels: set[int] = set()
    for naming in told:
        pairs |= {(label, name): None for name, label in naming.pairs if label not in labels}
        labels |= {label for _, label in naming.pairs}
    return tuple((name, label) for label, name in pairs)
