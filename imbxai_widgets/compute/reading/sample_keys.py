"""Finds the image and the label in a sample: a pair, or a dict as Hugging Face datasets give."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from imbxai_widgets.compute.reading.hugging_face import class_columns, features_of, image_columns

# Of a dict the key, of a tuple the position: first of the image, then of the label.
SampleKeys: TypeAlias = tuple[Any, Any]

_IMAGES = ("image", "img", "pixel_values")
_LABELS = ("label", "labels", "target", "class", "fine_label", "coarse_label")


def image_and_label(
    sample: object, dataset: Any, keys: SampleKeys | None = None
) -> tuple[Any, Any]:
    """Take the image and the label out of a sample.

    Parameters
    ----------
    sample
        What `dataset` gave: a pair, or a dict.
    dataset
        An innermost dataset (see `locate`), whose columns may tell what they hold.
    keys
        Where image and label are; by default the two of a pair, and of a dict what
        `image_key` and `label_key` find.

    Raises
    ------
    ValueError
        If they are not there or not certain.

    Examples
    --------
    >>> image_and_label({"img": "an image", "label": 3}, [])
    ('an image', 3)
    """
    if keys is not None:
        try:
            return sample[keys[0]], sample[keys[1]]  # type: ignore[index]
        except (KeyError, IndexError, TypeError):
            raise ValueError(
                f"a sample of the dataset {_described(sample)}, without both of keys={keys!r}"
            ) from None
    if isinstance(sample, Mapping):
        return sample[image_key(sample, dataset)], sample[label_key(sample, dataset)]
    if isinstance(sample, tuple | list) and len(sample) == 2:
        return sample[0], sample[1]
    more = "; pass keys, the two positions" if isinstance(sample, tuple | list) else ""
    raise ValueError(
        "a sample of the dataset must be an (image, label) pair or a dict, but "
        f"{_described(sample)}{more}"
    )


def image_in(sample: Any, dataset: Any) -> Any:
    """Take the image alone out of a sample, which may be nothing else.

    Parameters
    ----------
    sample, dataset
        As for `image_and_label`.

    Raises
    ------
    ValueError
        If the sample is a dict, and it is not certain where the image is.

    Examples
    --------
    >>> image_in(("an image", 3), []), image_in("an image", [])
    ('an image', 'an image')
    """
    if isinstance(sample, Mapping):
        return sample[image_key(sample, dataset)]
    return sample[0] if isinstance(sample, tuple | list) else sample


def image_key(keys: Iterable[Any], dataset: Any) -> Any:
    """Find the key of the image: by its name, else as the only column of images.

    Raises
    ------
    ValueError
        If none or several may be it.

    Examples
    --------
    >>> image_key(["img", "label"], [])
    'img'
    """
    return _only("image", list(keys), _IMAGES, image_columns(features_of(dataset)))


def label_key(keys: Iterable[Any], dataset: Any) -> Any:
    """Find the key of the label: by its name, else as the only column of classes.

    Raises
    ------
    ValueError
        If none or several may be it.

    Examples
    --------
    >>> label_key(["img", "fine_label"], [])
    'fine_label'
    """
    return _only("label", list(keys), _LABELS, class_columns(features_of(dataset)))


def _only(what: str, keys: list[Any], known: Iterable[str], typed: Iterable[str]) -> Any:
    found = [key for key in keys if key in known] or [key for key in keys if key in typed]
    if len(found) == 1:
        return found[0]
    which = f"{', '.join(map(repr, found))} may each be" if found else "none is known to be"
    raise ValueError(
        f"a sample of the dataset has the keys {', '.join(map(repr, keys))}, of which {which} the "
        f"{what}; pass keys, that of the image and that of the label, for example "
        'keys=("image", "label")'
    )


def _described(sample: object) -> str:
    if isinstance(sample, Mapping):
        return f"is a dict with the keys {', '.join(map(repr, sample))}"
    if isinstance(sample, tuple | list):
        return f"is {len(sample)} values"
    return f"is {type(sample).__name__}"
