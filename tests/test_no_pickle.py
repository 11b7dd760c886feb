"""The package loads nothing that could run code: no pickle, in any of its guises."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import imbxai_widgets

PACKAGE = Path(imbxai_widgets.__file__).parent
MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
CALLS = {"torch.load", "torch.jit.load", "pd.read_pickle", "pandas.read_pickle"}
NEED_OPTION = {
    "np.load": ("allow_pickle", False),
    "numpy.load": ("allow_pickle", False),
    "np.lib.format.read_array": ("allow_pickle", False),
}


def loads(source: str) -> Iterator[str]:
    """Find what can load a pickle."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        elif isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            option = NEED_OPTION.get(called)
            given = {(word.arg, ast.unparse(word.value)) for word in node.keywords}
            safe_load = called == "torch.load" and ("weights_only", "True") in given
            if (called in CALLS and not safe_load) or (
                option is not None and (option[0], str(option[1])) not in given
            ):
                yield f"{called} in line {node.lineno}"
            continue
        else:
            continue
        yield from (name for name in names if name.partition(".")[0] in MODULES)


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: path.name)
def test_nothing_in_the_package_loads_a_pickle(path: Path) -> None:
    assert list(loads(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from joblib import load",
        "import torch\ntorch.load('x')",
        "torch.load('x', weights_only=False)",
        "np.load('x')",
        "np.load('x', allow_pickle=True)",
        "pd.read_pickle('x')",
    ],
)
def test_what_can_load_a_pickle_is_found(source: str) -> None:
    assert list(loads(source))


def test_what_cannot_is_let_be() -> None:
    assert not list(loads("np.load('x', allow_pickle=False)\nimport json\njson.load(file)"))
