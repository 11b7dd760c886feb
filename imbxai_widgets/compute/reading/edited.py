"""A dataset with some labels changed and some images left out; its own samples stay as they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from torch import Tensor
from torch.utils.data import Subset

from imbxai_widgets.compute.reading.class_names import class_numbers_of
from imbxai_widgets.compute.reading.labels import label_number
from imbxai_widgets.compute.reading.nesting import locate
from imbxai_widgets.compute.reading.sample_keys import SampleKeys, image_and_label, label_key

# What is asked of the dataset inside. Anything else might tell of its images as they were.
_OF_CLASSES = ("classes", "class_to_idx", "target_transform")
_OF_IMAGES = ("targets", "labels", "samples", "imgs")


class EditedDataset(Subset[Any]):
    """A dataset with other labels for some images, and without some.

    It has ``classes``, ``class_to_idx``, ``targets``, ``labels``, ``samples`` and ``imgs`` where
    the dataset inside has them, the last four with the labels and images that are left. It can be
    pickled where the dataset inside can.

    Parameters
    ----------
    dataset
        Map-style: it gives (image, label) pairs, or dicts.
    indices
        Which of its images there are, in their order.
    new_labels
        Numbers of classes, by the number of the image in `dataset`. A sample gets its label in the
        form that it had: a number of the same type, a name, a one-hot vector.
    class_names
        Names in the order of the numbers, for labels that are names, where `dataset` has none.
    keys
        Where image and label are in a sample, if that is not certain; see `image_and_label`.

    Raises
    ------
    ValueError
        On access, if it is not certain where the label is, or it cannot be put in its form.

    Examples
    --------
    >>> edited = EditedDataset([("image a", 1), ("image b", 0), ("image c", 0)], [0, 2], {2: 1})
    >>> list(edited)
    [('image a', 1), ('image c', 1)]
    """

    def __init__(
        self,
        dataset: Any,
        indices: Sequence[int],
        new_labels: Mapping[int, int],
        *,
        class_names: Sequence[str] | None = None,
        keys: SampleKeys | None = None,
    ) -> None:
        super().__init__(dataset, indices)
        self.new_labels = dict(new_labels)
        self._keys = keys
        numbers = class_numbers_of(dataset) or class_numbers_of(dataset, class_names)
        self._names = {number: name for name, number in reversed(numbers.items())}

    def __getitem__(self, index: Any) -> Any:
        """Return a sample, with its new label if it has one."""
        place = int(self.indices[index])
        sample = self.dataset[place]
        if place not in self.new_labels:
            return sample
        inner = locate(self.dataset, place)[0]
        _, label = image_and_label(sample, inner, self._keys)
        try:
            new = self._in_form(label, self.new_labels[place])
        except (ValueError, OverflowError, RuntimeError) as error:
            raise ValueError(f"the new label of image {place}: {error}") from None
        return _with_label(sample, self._label_key(sample, inner), new)

    def __getitems__(self, indices: list[int]) -> list[Any]:
        """Return several samples; a `Subset` would take them from the dataset as they are."""
        return [self[index] for index in indices]

    def __getattr__(self, name: str) -> Any:
        if name not in (*_OF_CLASSES, *_OF_IMAGES) or "dataset" not in self.__dict__:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        found = getattr(self.dataset, name)
        return found if name in _OF_CLASSES else self._edited(found, name)

    def _edited(self, stored: Any, name: str) -> Any:
        """Return what the dataset tells of each image, with the new labels, of those left."""
        if len(stored) != len(self.dataset):  # type: ignore[arg-type]
            raise AttributeError(f"{name} of the dataset is not of as many images")
        paired = name in ("samples", "imgs")
        found = [stored[int(place)] for place in self.indices]
        for row, place in enumerate(self.indices):
            if place in self.new_labels:
                label = self._stored(stored, self.new_labels[int(place)], paired)
                found[row] = _with_label(found[row], 1, label) if paired else label
        if isinstance(stored, Tensor):
            return stored.new_tensor([np.asarray(label).tolist() for label in found])
        if isinstance(stored, np.ndarray):
            return np.array(found, dtype=stored.dtype).reshape(-1, *stored.shape[1:])
        return found

    def _stored(self, stored: Any, number: int, paired: bool) -> Any:
        """Return a label as the dataset stores it, before its `target_transform`."""
        transform = getattr(self.dataset, "target_transform", None)
        labels = [entry[1] for entry in stored] if paired else stored
        if transform is None:
            return self._in_form(labels[0], number)
        plain = labels.tolist() if hasattr(labels, "tolist") else labels
        for label in {repr(each): each for each in plain}.values():
            if transform(label) == number:
                return label
        raise ValueError(f"no label of the dataset becomes class {number} by its target_transform")

    def _label_key(self, sample: Any, inner: Any) -> Any:
        if self._keys is not None:
            return self._keys[1]
        return label_key(sample, inner) if isinstance(sample, Mapping) else 1

    def _in_form(self, label: Any, number: int) -> Any:
        """Return the number of a class in the form of another label."""
        if isinstance(label, str):
            if number not in self._names:
                raise ValueError(f"labels are names, and class {number} has none of its own")
            return self._names[number]
        new = _like(label, number)
        if label_number(new) != number:
            raise ValueError(f"class {number} cannot be written as {label!r} is")
        return new


def _like(label: Any, number: int) -> Any:
    if isinstance(label, Tensor):
        return label.new_tensor(_like(label.tolist(), number))
    if isinstance(label, np.ndarray):
        return np.array(_like(label.tolist(), number), dtype=label.dtype)
    if isinstance(label, list | tuple):
        one_hot = len(label) > 1
        if one_hot and number >= len(label):
            raise ValueError(f"a one-hot vector of {len(label)} has no class {number}")
        kind = type(label[0])
        return type(label)([kind(i == number) for i in range(len(label))] if one_hot else [number])
    return type(label)(number)


def _with_label(sample: Any, key: Any, label: Any) -> Any:
    """Return a sample, of the same kind, with another label."""
    if isinstance(sample, Mapping):
        return {**sample, key: label}
    key = range(len(sample))[key]
    entries = [label if place == key else entry for place, entry in enumerate(sample)]
    if hasattr(sample, "_make"):  # a namedtuple
        return sample._make(entries)
    return type(sample)(entries)
