"""Digests of what objects hold, so that results of a changed model or dataset are never used."""

from __future__ import annotations

import enum
import hashlib
import json
import os
import stat
import sys
from array import array
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any, Final

import numpy as np
import pandas as pd
import torch
from PIL import Image
from torch import nn

# Code of these packages is known by their version, all other code by what it does.
_VERSIONED: Final = frozenset(
    {"PIL", "datasets", "imbxai_widgets", "numpy", "pandas", "timm", "torch", "torchvision"}
    | {"transformers"}
    | (sys.stdlib_module_names - {"__main__"})
)
_PLAIN: Final = (type(None), bool, int, float, complex, str, bytes)
_BY_NAME: Final = (
    *(enum.Enum, torch.dtype, torch.device, np.dtype),
    *(range, BuiltinFunctionType, ModuleType),
)
# Of what every module holds, this decides what it computes. Hooks go without their numbers.
_MODULE_STATE: Final = ("_parameters", "_buffers", "_modules")
_MODULE_HOOKS: Final = ("_forward_pre_hooks", "_forward_hooks")


class Fingerprints:
    """Digests of objects by what they hold; equal for equal content, also in another process.

    An object counts with its class and its attributes, and so do all objects within; arrays,
    tensors and images with every byte; a string that names a file also with the file's size and
    time of change; functions and methods with their bytecode, the values that they close over,
    and the functions and constants of their module that they name. `nn.Module.training` does not
    count, nor does `requires_grad`. Not seen are what lies behind a file that is known only by a
    name without its folder, databases, globals of other modules, and the inside of objects
    without attributes, such as locks and random generators.

    Digests are remembered as long as this object lives: what it is asked about must not change.

    Examples
    --------
    >>> layer = nn.Linear(2, 2)
    >>> before = Fingerprints().of(layer)
    >>> with torch.no_grad():
    ...     _ = layer.weight[0, 0].add_(1e-6)
    >>> Fingerprints().of(layer) == before
    False
    """

    def __init__(self) -> None:
        self._known: dict[int, tuple[str, Any]] = {}  # with the object, so that its id stays its

    def of(self, value: Any) -> str:
        """Return the digest of `value`, 64 hexadecimal digits."""
        if isinstance(value, str):
            return _digest("str", value, _file_state(value))
        if isinstance(value, _PLAIN):
            return _digest(type(value).__name__, repr(value))
        if id(value) not in self._known:
            self._known[id(value)] = ("within itself", value)  # until it is known
            self._known[id(value)] = (self._of_object(value), value)
        return self._known[id(value)][0]

    def _of_object(self, value: Any) -> str:
        for kinds, describe in self._describers().items():
            if isinstance(value, kinds):
                return describe(value)
        return self._of_instance(value)

    def _describers(self) -> dict[Any, Callable[[Any], str]]:
        return {
            _BY_NAME: lambda value: _digest("name", repr(value)),
            np.generic: lambda value: self._of_array(np.asarray(value)),
            np.ndarray: self._of_array,
            torch.Tensor: self._of_tensor,
            Image.Image: lambda value: self._all(
                "image", [value.mode, value.size, value.tobytes()]
            ),
            (pd.DataFrame, pd.Series): lambda value: self.of(value.reset_index().to_dict("list")),
            (list, tuple): self._of_sequence,
            deque: lambda values: self._of_sequence(list(values)),
            (bytearray, array, memoryview): lambda data: _digest("bytes", memoryview(data)),
            dict: lambda value: self._all(
                "dict", (part for item in value.items() for part in item)
            ),
            (set, frozenset): lambda value: _digest("set", *sorted(map(self.of, value))),
            os.PathLike: lambda value: self.of(os.fspath(value)),
            type: self._of_class,
            FunctionType: self._of_function,
            MethodType: lambda value: self._all("method", [value.__self__, value.__func__]),
            partial: lambda value: self._all("partial", [value.func, value.args, value.keywords]),
            CodeType: lambda value: self._all(
                "code", [value.co_code, value.co_names, value.co_consts]
            ),
            nn.Module: self._of_module,
        }

    def _all(self, kind: str, values: Iterable[Any]) -> str:
        return _digest(kind, *map(self.of, values))

    def _of_array(self, array: Any) -> str:
        if array.dtype.hasobject:
            return self._all("objects", [array.shape, array.tolist()])
        return _digest(str(array.dtype), repr(array.shape), np.ascontiguousarray(array).data)

    def _of_tensor(self, tensor: torch.Tensor) -> str:
        values = tensor.detach()
        if values.is_quantized:
            values = values.dequantize()
        flat = values.to_dense().cpu().contiguous().reshape(-1).view(torch.uint8)
        return _digest(str(tensor.dtype), repr(tuple(tensor.shape)), flat.numpy().data)

    def _of_sequence(self, values: list[Any] | tuple[Any, ...]) -> str:
        try:
            text = json.dumps(values)  # far faster, and true to plain values
        except (TypeError, ValueError):
            return self._all("sequence", values)
        return _digest("plain", text, "\n".join(map(_file_state, _strings(values))))

    def _of_instance(self, value: Any) -> str:
        kind = type(value)
        if isinstance(getattr(value, "_fingerprint", None), str):  # Hugging Face's datasets
            return self._all("fingerprint", [kind, value._fingerprint])
        slots = {name: getattr(value, name, None) for base in kind.__mro__ for name in _slots(base)}
        return self._all("instance", [kind, getattr(value, "__dict__", None), slots])

    def _of_module(self, module: nn.Module) -> str:
        common = vars(nn.Module())
        own = {name: value for name, value in vars(module).items() if name not in common}
        state = [getattr(module, name) for name in _MODULE_STATE]
        hooks = [list(getattr(module, name).values()) for name in _MODULE_HOOKS]
        return self._all("module", [type(module), own, *state, *hooks])

    def _of_class(self, kind: type) -> str:
        package = kind.__module__.partition(".")[0]
        version = getattr(sys.modules.get(package), "__version__", "")
        name = f"{kind.__module__}.{kind.__qualname__} {version}"
        if package in _VERSIONED:
            return _digest("class", name)
        methods = {
            name: getattr(value, "__func__", getattr(value, "fget", value))
            for name, value in vars(kind).items()
        }
        functions = {name: value for name, value in methods.items() if _is_function(value)}
        return self._all("class", [name, functions, kind.__bases__])

    def _of_function(self, function: Any) -> str:
        cells = [_cell(cell) for cell in function.__closure__ or ()]
        named = (
            function.__globals__[name]
            for name in _names(function.__code__)
            if name in function.__globals__
        )
        own = [
            value
            for value in named
            if isinstance(value, (*_PLAIN, tuple, np.ndarray, torch.Tensor))
            or getattr(value, "__module__", None) == function.__module__
        ]
        return self._all("function", [function.__code__, function.__defaults__, cells, own])


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
    elif isinstance(value, dict):
        yield from _strings(list(value.items()))
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _strings(part)


def _slots(kind: type) -> tuple[str, ...]:
    names = vars(kind).get("__slots__", ()) if kind.__module__ != "builtins" else ()
    return (names,) if isinstance(names, str) else tuple(names)


def _is_function(value: Any) -> bool:
    return isinstance(value, FunctionType)


def _cell(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # not filled yet
        return None


def _names(code: CodeType) -> list[str]:
    inner = (const for const in code.co_consts if isinstance(const, CodeType))
    return [*code.co_names, *(name for part in inner for name in _names(part))]
