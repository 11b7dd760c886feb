"""Copies of datasets to read from, so that what reading opens is not left in the user's own."""

from __future__ import annotations

import sys
import sysconfig
import weakref
from collections import OrderedDict, defaultdict
from functools import cache, partial
from pathlib import Path
from types import MethodType
from typing import Any, Final, TypeVar, cast

from torch import nn
from torch.utils.data import Dataset

T = TypeVar("T")

_LARGE: Final = 1000  # entries of a list or dict that holds data, and no state of a reader
_MOST: Final = 100_000  # values that are looked at
_DEEPEST: Final = 50


def own_copy(dataset: T) -> T:
    """Copy a dataset so far that reading the copy sets nothing in the dataset.

    Many datasets open an archive at their first read and keep it in an attribute, so that each
    process of a `DataLoader` opens its own. If one was opened before these processes are forked,
    they share its place in the file, and read each other's bytes. What is copied is what holds
    such state: the datasets one inside the other, objects of the user's own classes in them, and
    small lists and dicts. All else is shared: arrays, tensors, long lists, functions, modules,
    objects of libraries, and what is open already. So a copy takes no time or memory worth
    mentioning, and needs no pickle.

    Parameters
    ----------
    dataset
        A dataset of any kind.

    Returns
    -------
    object
        The copy, of the same class; or the very dataset, where its class is not one to be copied
        (as of Hugging Face, which opens nothing while it is read).

    Examples
    --------
    >>> class Archive(Dataset):
    ...     opened = None
    ...     def __getitem__(self, index):
    ...         self.opened = self.opened or ["a file"]
    ...         return index
    >>> archive = Archive()
    >>> own_copy(archive)[3], vars(archive)
    (3, {})
    """
    return _Copier().of(dataset, None, 0)  # type: ignore[no-any-return]


def classes_of_main(dataset: object) -> list[str]:
    """Name the classes of what is copied of a dataset that were defined in the main module.

    Examples
    --------
    >>> classes_of_main([])
    []
    """
    copier = _Copier()
    copier.of(dataset, None, 0)
    kinds = dict.fromkeys(map(type, copier.copied))
    return [kind.__qualname__ for kind in kinds if kind.__module__ == "__main__"]


class _Copier:
    def __init__(self) -> None:
        self.copied: list[Any] = []
        self._made: dict[int, Any] = {}
        self._seen = 0

    def of(self, value: Any, around: type | None, depth: int) -> Any:
        """Copy a value that an object of the class `around` holds."""
        if id(value) in self._made:
            return self._made[id(value)]
        self._seen += 1
        if self._seen > _MOST or depth > _DEEPEST:
            return value
        kind = type(value)
        if kind in (list, tuple, set, dict, OrderedDict, defaultdict):
            return self._container(value, around, depth) if len(value) <= _LARGE else value
        if kind is partial:
            function, *given = (
                self.of(part, around, depth + 1) for part in (value.func, *value.args)
            )
            return partial(function, *given, **self.of(value.keywords, around, depth + 1))
        if kind is MethodType:  # of the dataset, such as self.transform = self.prepare
            return MethodType(value.__func__, self.of(value.__self__, around, depth + 1))
        return self._object(value, depth) if _holds_state(kind, around) else value

    def _container(self, value: Any, around: type | None, depth: int) -> Any:
        if isinstance(value, tuple | set):
            parts = [self.of(part, around, depth + 1) for part in value]
            if isinstance(value, set):
                return set(parts)
            same = all(part is old for part, old in zip(parts, value, strict=True))
            return value if same else tuple(parts)
        made = self._made[id(value)] = value.copy()
        for key, part in list(value.items() if isinstance(value, dict) else enumerate(value)):
            made[key] = self.of(part, around, depth + 1)
        return made

    def _object(self, value: Any, depth: int) -> Any:
        kind = type(value)
        made = self._made[id(value)] = object.__new__(kind)
        self.copied.append(made)
        if hasattr(kind, "__del__"):
            # It may close what both share: it must not run before the original is gone.
            weakref.finalize(value, _let_go, made).atexit = False
        for name, part in list(vars(value).items()):
            made.__dict__[name] = self.of(part, kind, depth + 1)
        return made


def _let_go(_copy: Any) -> None:
    """End the life of a copy, for it was the last to hold it."""


def _holds_state(kind: type, around: type | None) -> bool:
    """Whether objects of a class are copied: datasets, and what belongs to one or to the user."""
    plain = (
        cast(Any, kind).__new__ is object.__new__
        and kind.__dictoffset__ != 0
        and not issubclass(kind, type | nn.Module)
        and not any(base.__dict__.get("__slots__") for base in kind.__mro__)
    )
    if not plain or (hasattr(kind, "__del__") and not kind.__weakrefoffset__):
        return False
    if issubclass(kind, Dataset):
        return True
    root = kind.__module__.partition(".")[0]
    beside = around is not None and around.__module__.partition(".")[0] == root != "torch"
    return beside or not _is_of_a_library(root)


@cache
def _is_of_a_library(root: str) -> bool:
    """Whether a module belongs to Python or to an installed package."""
    if root in sys.stdlib_module_names and root != "__main__":
        return True
    file = getattr(sys.modules.get(root), "__file__", None)
    if file is None:
        return False  # of a notebook, for instance
    installed = {sysconfig.get_path(name) for name in ("purelib", "platlib", "stdlib")}
    return any(Path(file).is_relative_to(folder) for folder in installed)
