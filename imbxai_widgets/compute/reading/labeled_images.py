"""A dataset of any accepted kind, read as pairs of an image tensor and the number of a class."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any, NamedTuple

from torch import Tensor
from torch.utils.data import DataLoader, Dataset, IterableDataset, Subset

from imbxai_widgets.compute.reading.class_names import class_numbers_of, names_in
from imbxai_widgets.compute.reading.hugging_face import class_columns, features_of
from imbxai_widgets.compute.reading.labels import label_number
from imbxai_widgets.compute.reading.nesting import locate
from imbxai_widgets.compute.reading.own_copy import own_copy
from imbxai_widgets.compute.reading.paths import path_of
from imbxai_widgets.compute.reading.sample_keys import SampleKeys, image_and_label
from imbxai_widgets.compute.reading.told_names import told_names


class Skipped(NamedTuple):
    """An image that could not be read."""

    position: int  # in the dataset
    path: str | None  # of its file, where the dataset tells
    reason: str


class ReadError(ValueError):
    """An image, or its label, could not be read.

    Attributes
    ----------
    image : Skipped
        Its number, its file where that is known, and why.
    """

    image: Skipped

    @classmethod
    def of(cls, dataset: Dataset[Any], index: int, reason: str) -> ReadError:
        """Say which image it is, why it was not read, and how to do without."""
        image = Skipped(index, path_of(dataset, index), reason)
        file = "" if image.path is None else f" ({image.path})"
        error = cls(
            f"image {index}{file} could not be read: {reason}. Mend it or take it out of the "
            'dataset, or pass on_error="skip" to leave such images out'
        )
        error.image = image
        return error


class LabeledImages(Subset[Any]):
    """All images of a dataset, as the network takes them, with the numbers of their classes.

    Parameters
    ----------
    dataset
        Map-style: it gives (image, label) pairs, or dicts as Hugging Face datasets do.
    transform
        From the dataset's image to the (C, H, W) tensor for the network; None where the dataset
        gives tensors.
    class_names
        Names in the order of the logits, for labels that are names.
    keys
        Where image and label are in a sample, if that is not certain; see `image_and_label`.

    Attributes
    ----------
    keys : pair or None
        As given.
    n_names : int or None
        How many classes are named; None if no one tells.
    clash : str or None
        Why the numbers that the dataset has for labels do not go with the names of the classes
        (see `hold_names_together`).

    Raises
    ------
    ValueError
        If `dataset` is not map-style or has no images; on access, if an image is not a tensor of
        three axes, it is not certain where image and label are, or there is a `clash`.
    ReadError
        On access, if the dataset or the transform fails for an image, or its label is in no
        accepted form (see `label_number`).

    Examples
    --------
    >>> import torch
    >>> sample = {"image": torch.ones(3, 2, 2), "label": "dog"}
    >>> LabeledImages([sample], class_names=["cat", "dog"])[0][1]
    1
    """

    def __init__(
        self,
        dataset: Any,
        *,
        transform: Callable[[Any], Any] | None = None,
        class_names: Sequence[str] | None = None,
        keys: SampleKeys | None = None,
    ) -> None:
        copy = own_copy(dataset)  # for its length may be in a file, which it then keeps open
        _check_map_style(copy)
        if transform is not None and not callable(transform):
            raise ValueError(
                f"transform must be a function of an image, not {type(transform).__name__}"
            )
        if keys is not None and (not isinstance(keys, tuple | list) or len(keys) != 2):
            raise ValueError(f"keys must be two, of the image and of the label, not {keys!r}")
        super().__init__(dataset, range(len(copy)))
        self.transform = transform
        self._class_names = None if class_names is None else told_names(class_names)
        self.keys = keys
        self.clash: str | None = None
        self.n_names = self._number_of_names()

    @property
    def classes(self) -> tuple[str, ...] | None:
        """The names of the classes in the column that `keys` chose, if any."""
        columns = class_columns(features_of(self.dataset))
        return columns.get(self.keys[1]) if self.keys is not None else None

    def __getitem__(self, index: Any) -> tuple[Tensor, int]:
        """Return an image and the number of its class."""
        place = self.indices[index]
        with self._reading(index):
            sample = self.dataset[place]
        try:
            image, label = image_and_label(sample, locate(self, index)[0], self.keys)
        except ValueError as error:
            raise ValueError(f"{error}; this is dataset[{index}]") from None
        if self.transform is not None:
            with self._reading(index):
                image = self.transform(image)
        _check_tensor(image, index)
        if self.clash is not None and not (self._class_names and isinstance(label, str)):
            raise ValueError(self.clash)
        numbers = self._numbers if isinstance(label, str) else None
        try:
            return image, label_number(label, numbers)
        except ValueError as error:
            raise ReadError.of(self, index, f"its label {error}") from None

    def __getitems__(self, indices: list[int]) -> list[Any]:
        """Return several samples; a `Subset` would take them from the dataset as they are."""
        return [self[index] for index in indices]

    @contextmanager
    def _reading(self, index: int) -> Iterator[None]:
        try:
            yield
        except (MemoryError, ReadError):
            raise  # which tells of the machine, or has told already
        except Exception as error:
            reason = f"{type(error).__name__}: {error}".removesuffix(": ")
            raise ReadError.of(self, index, reason) from error

    def _number_of_names(self) -> int | None:
        if self._class_names is not None:
            return len(self._class_names)
        try:
            names = names_in(self)
        except ValueError:  # which is told when names are needed
            return None
        return None if names is None else len(names)

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return class_numbers_of(self, self._class_names)


def _check_map_style(dataset: Any) -> None:
    kind = type(dataset).__name__
    if isinstance(dataset, DataLoader):
        raise ValueError("dataset must be a dataset, not a DataLoader; pass its .dataset")
    if isinstance(dataset, Mapping):
        names = ", ".join(map(repr, dataset))
        raise ValueError(f"dataset must be one dataset, not the {kind} of {names}; pass one")
    mapped = hasattr(dataset, "__len__") and hasattr(dataset, "__getitem__")
    if isinstance(dataset, IterableDataset) or not mapped:
        raise ValueError(
            "dataset must be map-style, with __len__ and __getitem__, since images are shown by "
            f"their number; {kind} is not. Put its samples in a list, for instance "
            "list(itertools.islice(dataset, 10_000)); of a Hugging Face dataset, load one without "
            "streaming=True"
        )
    if len(dataset) == 0:
        raise ValueError(f"dataset ({kind}) has no images")


def _check_tensor(image: object, index: int) -> None:
    if not isinstance(image, Tensor):
        raise ValueError(
            f"image {index} must be a tensor, but is {type(image).__name__}; pass transform, the "
            "transform that the model was evaluated with, ending in a tensor (ToTensor)"
        )
    if image.ndim != 3:
        raise ValueError(f"image {index} must be (C, H, W), but has shape {tuple(image.shape)}")
