"""Digests of what objects hold, by which results of another model or dataset are told at once."""

from __future__ import annotations

import copyreg
import dis
import enum
import functools
import hashlib
import io
import json
import logging
import os
import stat
import sys
import threading
import weakref
from array import array
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import chain
from types import (
    BuiltinFunctionType,
    CodeType,
    FunctionType,
    GetSetDescriptorType,
    MappingProxyType,
    MemberDescriptorType,
    MethodType,
    ModuleType,
)
from typing import Any, Final

import numpy as np
import pandas as pd
import torch
from PIL import Image
from torch import fx, nn

# Code of these packages, and of all that are installed, is known by the version, all other code
# by what it does.
_VERSIONED: Final = frozenset({"imbxai_widgets"} | (sys.stdlib_module_names - {"__main__"}))
_INSTALLED: Final = ("site-packages", "dist-packages")
_PLAIN: Final = (type(None), bool, int, float, complex, str, bytes)
_PLAIN_IN_JSON: Final = frozenset({type(None), bool, int, float, str})
_BY_NAME: Final = (
    *(torch.dtype, torch.device, np.dtype),
    *(range, MemberDescriptorType, GetSetDescriptorType),
)
# They hold nothing that results depend on.
_EMPTY: Final = (
    *(type(threading.Lock()), type(threading.RLock()), threading.local),
    *(weakref.ReferenceType, logging.Logger),
)
# Of what every class holds, these say nothing of what it does.
_OF_EVERY_CLASS: Final = frozenset(
    {"__annotate__", "__annotations__", "__annotations_cache__", "__dataclass_fields__"}
    | {"__dataclass_params__", "__dict__", "__doc__", "__firstlineno__", "__module__"}
    | {"__orig_bases__", "__parameters__", "__qualname__", "__static_attributes__", "__weakref__"}
    | {"__abstractmethods__", "__slotnames__", "_abc_impl"}
)
# Of what every module holds, this decides what it computes. Hooks go without their numbers.
_MODULE_STATE: Final = ("_parameters", "_buffers", "_modules")
_MODULE_HOOKS: Final = (
    *("_forward_pre_hooks", "_forward_hooks", "_backward_pre_hooks", "_backward_hooks"),
)


class Fingerprints:
    """Digests of objects by what they hold; equal for equal content, also in another process.

    An object counts with its class and its attributes, and so do all objects within; arrays,
    tensors and images with every byte; a string that names a file also with the file's size and
    time of change; functions and methods with their bytecode, their defaults, the values that they
    close over and the globals that they name, also in other modules unless these are installed
    packages, which count with their version; classes with all that they and their bases define.
    What has its state outside of Python counts with what it would be pickled by, though nothing is
    pickled. `nn.Module.training` does not count, nor does `requires_grad`.

    Not seen are what lies behind a file that is known only by a name without its folder, and
    whatever `unread` names. Nothing raises.

    Digests are remembered as long as this object lives: what it is asked about must not change.

    Attributes
    ----------
    unread : set of str
        The types of the objects met that cannot be read, such as a connection to a database.

    Examples
    --------
    >>> layer = nn.Linear(2, 2)
    >>> before = Fingerprints().of(layer)
    >>> with torch.no_grad():
    ...     _ = layer.weight[0, 0].add_(1e-6)
    >>> Fingerprints().of(layer) == before
    False
    >>> import sqlite3
    >>> fingerprints = Fingerprints()
    >>> digest = fingerprints.of(sqlite3.connect(":memory:"))
    >>> fingerprints.unread
    {'sqlite3.Connection'}
    """

    def __init__(self) -> None:
        self._known: dict[int, tuple[str, Any]] = {}  # with the object, so that its id stays its
        self.unread: set[str] = set()

    def of(self, value: Any) -> str:
        """Return the digest of `value`, 64 hexadecimal digits."""
        if type(value) is str:
            return _digest("str", value, _file_state(value))
        if type(value) in _PLAIN:
            return _digest(type(value).__name__, repr(value))
        if id(value) not in self._known:
            self._known[id(value)] = ("within itself", value)  # until it is known
            try:
                found = self._of_object(value)
            except Exception:  # of any code that an object runs when it is looked at
                found = self._of_unreadable(value)
            self._known[id(value)] = (found, value)
        return self._known[id(value)][0]

    def _of_unreadable(self, value: Any) -> str:
        name = f"{type(value).__module__}.{type(value).__qualname__}"
        self.unread.add(name)
        return _digest("unread", name)

    def _of_object(self, value: Any) -> str:
        exact = self._of_exactly().get(type(value))
        if exact is not None:
            return exact(value)
        for kinds, describe in self._describers().items():
            if isinstance(value, kinds):
                return describe(value)
        return self._of_instance(value)

    def _of_exactly(self) -> dict[type, Callable[[Any], str]]:
        """Return how to describe built-in types, whose subclasses may hold more."""
        return {
            list: self._of_sequence,
            tuple: self._of_sequence,
            deque: lambda values: self._all("deque", [values.maxlen, *values]),
            dict: self._of_mapping,
            MappingProxyType: self._of_mapping,
            set: lambda value: _digest("set", *sorted(map(self.of, value))),
            frozenset: lambda value: _digest("set", *sorted(map(self.of, value))),
            property: lambda value: self._all("property", [value.fget, value.fset, value.fdel]),
            staticmethod: lambda value: self._all("static", [value.__func__]),
            classmethod: lambda value: self._all("class method", [value.__func__]),
            partial: lambda value: self._all("partial", [value.func, value.args, value.keywords]),
            functools._lru_cache_wrapper: lambda value: self.of(value.__wrapped__),
            MethodType: lambda value: self._all("method", [value.__self__, value.__func__]),
            BuiltinFunctionType: self._of_builtin,
            CodeType: lambda value: self._all(
                "code", [value.co_code, value.co_names, value.co_consts]
            ),
            FunctionType: self._of_function,
        }

    def _describers(self) -> dict[Any, Callable[[Any], str]]:
        return {
            _EMPTY: lambda value: _digest("empty", type(value).__qualname__),
            _BY_NAME: lambda value: _digest("name", repr(value)),
            enum.Enum: lambda value: self._all("member", [type(value), value.name, value.value]),
            ModuleType: lambda value: _digest("module", value.__name__, _version(value.__name__)),
            np.generic: lambda value: self._of_array(np.asarray(value)),
            np.ma.MaskedArray: lambda value: self._all("masked", [value.data, value.mask]),
            np.ndarray: self._of_array,
            torch.Tensor: self._of_tensor,
            Image.Image: lambda value: self._all(
                "image", [value.mode, value.size, value.getpalette(), value.tobytes()]
            ),
            pd.DataFrame: lambda value: self._all(
                "frame", [value.columns, value.index, *(part for _, part in value.items())]
            ),
            pd.Series: lambda value: self._all("series", [value.name, value.index, value.array]),
            (pd.Index, pd.api.extensions.ExtensionArray): self._of_values,
            (bytearray, array, memoryview): lambda data: _digest("bytes", memoryview(data)),
            io.IOBase: self._of_file,
            os.PathLike: lambda value: self.of(os.fspath(value)),
            type: self._of_class,
            fx.GraphModule: lambda value: self._all(
                "graph", [value.code, *(getattr(value, name) for name in _MODULE_STATE)]
            ),
            nn.Module: self._of_module,
        }

    def _all(self, kind: str, values: Iterable[Any]) -> str:
        return _digest(kind, *map(self.of, values))

    def _of_mapping(self, mapping: Any) -> str:
        return self._all("dict", (part for item in mapping.items() for part in item))

    def _of_array(self, array: Any) -> str:
        if array.dtype.hasobject:
            return self._all("objects", [str(array.dtype), array.shape, array.tolist()])
        plain = np.ascontiguousarray(array).reshape(-1)
        files = "\n".join(map(_file_state, plain.tolist())) if array.dtype.kind == "U" else ""
        data = plain.view(np.uint8).data if plain.nbytes else b""
        return _digest(str(array.dtype), repr(array.shape), files, memoryview(data))

    def _of_tensor(self, tensor: torch.Tensor) -> str:
        values = tensor.detach()
        if values.is_quantized:
            values = values.dequantize()
        flat = values.to_dense().cpu().contiguous().reshape(-1).view(torch.uint8)
        return _digest(str(tensor.dtype), repr(tuple(tensor.shape)), flat.numpy().data)

    def _of_values(self, values: Any) -> str:
        """Describe a column or an index of pandas."""
        found = values.to_numpy()
        kind, names = str(values.dtype), getattr(values, "names", None)
        categories = getattr(values.dtype, "categories", None)
        return self._all("values", [kind, names, categories, found])

    def _of_sequence(self, values: list[Any] | tuple[Any, ...]) -> str:
        kinds = set(map(type, values))
        nested = kinds <= _PLAIN_IN_JSON | {list, tuple}
        if nested and kinds & {list, tuple}:
            rows = (value for value in values if isinstance(value, list | tuple))
            nested = set(map(type, chain.from_iterable(rows))) <= _PLAIN_IN_JSON
        if not nested:
            return self._all("sequence", values)
        text = json.dumps(values)  # far faster, and true to plain values
        return _digest("plain", text, "\n".join(map(_file_state, _strings(values))))

    def _of_file(self, file: Any) -> str:
        if isinstance(getattr(file, "name", None), str):
            return self._all("file", [type(file).__qualname__, file.name])
        return self._of_instance(file)

    def _of_builtin(self, function: Any) -> str:
        owner = function.__self__
        if owner is None or isinstance(owner, ModuleType):
            return _digest("builtin", str(function.__module__), function.__qualname__)
        return self._all("bound", [function.__qualname__, owner])

    def _of_instance(self, value: Any) -> str:
        kind = type(value)
        if isinstance(getattr(value, "_fingerprint", None), str):  # Hugging Face's datasets
            return self._all("fingerprint", [kind, value._fingerprint])
        slots = {name: getattr(value, name, None) for base in kind.__mro__ for name in _slots(base)}
        own = [kind, getattr(value, "__dict__", None), slots]
        return self._all("instance", own + (_reduced(value) if _is_closed(kind) else []))

    def _of_module(self, module: nn.Module) -> str:
        common = vars(nn.Module())
        own = {name: value for name, value in vars(module).items() if name not in common}
        state = [getattr(module, name) for name in _MODULE_STATE]
        hooks = [list(getattr(module, name).values()) for name in _MODULE_HOOKS]
        return self._all("module", [type(module), own, *state, *hooks])

    def _of_class(self, kind: type) -> str:
        name = f"{kind.__module__}.{kind.__qualname__} {_version(kind.__module__)}"
        if _is_versioned(kind.__module__):
            return _digest("class", name)
        own = {key: value for key, value in vars(kind).items() if key not in _OF_EVERY_CLASS}
        return self._all("class", [name, own, kind.__bases__])

    def _of_function(self, function: Any) -> str:
        cells = [_cell(cell) for cell in function.__closure__ or ()]
        attributes = {key: v for key, v in vars(function).items() if key != "__wrapped__"}
        own = [function.__code__, function.__defaults__, function.__kwdefaults__, cells, attributes]
        if _is_versioned(function.__module__):
            return self._all("function", [_version(function.__module__), *own])
        names, known = _names(function.__code__), function.__globals__
        found = {name: known[name] for name in _globals(function.__code__) if name in known}
        # Of modules that are not installed, what is taken from them.
        inside = [
            {name: vars(value)[name] for name in names if name in vars(value)}
            for value in found.values()
            if isinstance(value, ModuleType) and not _is_versioned(value.__name__)
        ]
        return self._all("function", [*own, found, inside])


def _digest(*parts: str | memoryview) -> str:
    sha = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        sha.update(b"%d:" % memoryview(data).nbytes)  # so that no two lists of parts run together
        sha.update(data)
    return sha.hexdigest()


def _file_state(text: str) -> str:
    """Tell a file's size and time of change, where a string is a path to one."""
    if "/" not in text and os.sep not in text:
        return ""
    try:
        found = os.stat(text)
    except (OSError, ValueError):
        return ""
    return f"{found.st_size} {found.st_mtime_ns}" if stat.S_ISREG(found.st_mode) else ""


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _strings(part)


def _is_versioned(module: str | None) -> bool:
    """Whether the code of a module is known by its version: the standard library, and packages."""
    if module is None or module.partition(".")[0] in _VERSIONED:
        return True
    found = sys.modules.get(module.partition(".")[0])
    file = getattr(found, "__file__", None) or next(iter(getattr(found, "__path__", ())), None)
    if file is None:  # made by a program as it runs, as a notebook is
        return False
    return any(f"{os.sep}{folder}{os.sep}" in file for folder in _INSTALLED)


def _version(module: str | None) -> str:
    found = sys.modules.get((module or "").partition(".")[0])
    return str(getattr(found, "__version__", ""))


def _is_closed(kind: type) -> bool:
    """Whether instances hold more than Python's attributes show: the state of a type in C."""
    shown = object.__basicsize__ + 8 * sum(
        (kind.__dictoffset__ > 0, kind.__weakrefoffset__ > 0, *(True for _ in _all_slots(kind)))
    )
    return kind.__basicsize__ > shown or kind.__itemsize__ > 0


def _all_slots(kind: type) -> Iterator[str]:
    return (
        name
        for base in kind.__mro__
        for name in _slots(base)
        if name not in ("__dict__", "__weakref__")
    )


def _reduced(value: Any) -> list[Any]:
    """Return what an object would be pickled by."""
    reduce = copyreg.dispatch_table.get(type(value))
    found = value.__reduce_ex__(4) if reduce is None else reduce(value)
    if isinstance(found, str):
        return [found]
    return [list(part) if isinstance(part, Iterator) else part for part in found]


def _slots(kind: type) -> tuple[str, ...]:
    names = vars(kind).get("__slots__", ()) if kind.__module__ != "builtins" else ()
    return (names,) if isinstance(names, str) else tuple(names)


def _cell(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # not filled yet
        return None


def _parts(code: CodeType) -> Iterator[CodeType]:
    """Yield the code of a function and of all functions in it."""
    yield code
    for const in code.co_consts:
        if isinstance(const, CodeType):
            yield from _parts(const)


def _names(code: CodeType) -> list[str]:
    """List the globals and attributes that a function names."""
    return [name for part in _parts(code) for name in part.co_names]


def _globals(code: CodeType) -> list[str]:
    """List the globals that a function names, each once."""
    steps = (step for part in _parts(code) for step in dis.get_instructions(part))
    return list(dict.fromkeys(s.argval for s in steps if s.opname in ("LOAD_GLOBAL", "LOAD_NAME")))
