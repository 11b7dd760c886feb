"""Every public function has an example, and pytest runs it (`--doctest-modules`)."""

from __future__ import annotations

import doctest
import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import imbxai_widgets
from imbxai_widgets import Analysis, Explorer
from imbxai_widgets.analysis import Comparison


def _packages() -> Iterator[str]:
    yield imbxai_widgets.__name__
    for module in pkgutil.walk_packages(imbxai_widgets.__path__, f"{imbxai_widgets.__name__}."):
        if module.ispkg:
            yield module.name


def _functions_listed() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Functions in the `__all__` of any package; and `Explorer`, which is called like one."""
    for package in map(importlib.import_module, _packages()):
        for name in getattr(package, "__all__", []):
            listed = getattr(package, name)
            if inspect.isfunction(listed) or listed is Explorer:
                yield f"{package.__name__}.{name}", listed


def _methods() -> Iterator[tuple[str, Callable[..., Any]]]:
    for cls in (Analysis, Comparison):
        for name, member in inspect.getmembers(cls):
            if not name.startswith("_") and (
                inspect.isfunction(member) or inspect.ismethod(member)
            ):
                yield f"{cls.__name__}.{name}", member


PUBLIC = dict([*_functions_listed(), *_methods()])


def runs_an_example(docstring: str) -> bool:
    examples = doctest.DocTestParser().get_examples(docstring)
    return any(not example.options.get(doctest.SKIP) for example in examples)


@pytest.mark.parametrize("name", PUBLIC)
def test_a_public_function_has_an_example_that_runs(name: str) -> None:
    assert runs_an_example(inspect.getdoc(PUBLIC[name]) or ""), (
        f"give {name} a section Examples that runs; conftest.py lists the names it may use"
    )


def test_what_counts_as_an_example() -> None:
    assert runs_an_example(">>> 1 + 1\n2")
    assert not runs_an_example("Return `1 + 1`.")
    assert not runs_an_example(">>> 1 + 1  # doctest: +SKIP\n2")


def test_the_public_functions_are_found() -> None:
    some = {
        "imbxai_widgets.analyze",
        "imbxai_widgets.Explorer",
        "imbxai_widgets.compute.neighbors.nearest_neighbors",
        "imbxai_widgets.figures.adversaries",
        "Analysis.suspects",
        "Analysis.from_arrays",
        "Comparison.errors",
    }
    assert some <= PUBLIC.keys()
    assert len(PUBLIC) > 60


def test_no_example_is_skipped(pytestconfig: pytest.Config) -> None:
    sources = (pytestconfig.rootpath / "imbxai_widgets").rglob("*.py")
    skipped = [path.name for path in sources if "+SKIP" in path.read_text(encoding="utf-8")]
    assert skipped == []
