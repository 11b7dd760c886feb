"""What examples in docstrings may use: the embedded images, networks and their analyses.

pytest runs these examples (`--doctest-modules`). This file stands at the root because a conftest
holds for the folders below its own, and the examples are in imbxai_widgets/.
"""

from __future__ import annotations

import gc
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from imbxai_widgets import Analysis, analyze
from imbxai_widgets.demo import Demo, load_demo

# What is imported stays: to look through it for garbage, again and again, took a tenth of the time.
gc.disable()

# No modules of examples: pytest would import them for nothing.
collect_ignore_glob = ["docs/*", "js/*", "tests/benchmarks/*"]


def pytest_collection_finish() -> None:
    """Look for garbage among what tests make alone."""
    gc.collect()
    gc.freeze()
    gc.enable()


@cache
def _demo() -> Demo:
    return load_demo()


@cache
def _analysis() -> Analysis:
    model, train, validation = _demo()
    return analyze(model, train, validation=validation, progress=False)


@cache
def _ldam_analysis() -> Analysis:
    _, train, validation = _demo()
    ldam = load_demo("ldam").model
    return analyze(ldam, train, validation=validation, salient_fraction=None, progress=False)


# What examples use without making it, made once and only when one of them names it.
NAMES: dict[str, Callable[[], Any]] = {
    "model": lambda: _demo().model,
    "train_set": lambda: _demo().train,
    "test_set": lambda: _demo().validation,
    "analysis": _analysis,
    "ldam_analysis": _ldam_analysis,
}


@pytest.fixture(autouse=True)
def _names_of_examples(request: pytest.FixtureRequest, doctest_namespace: dict[str, Any]) -> None:
    """Give the examples of a docstring the names they use, and a folder of their own."""
    if not isinstance(request.node, pytest.DoctestItem):
        return
    patch: pytest.MonkeyPatch = request.getfixturevalue("monkeypatch")
    folder: Path = request.getfixturevalue("tmp_path")
    patch.chdir(folder)
    examples = request.node.dtest.examples if request.node.dtest else []
    words = {word for example in examples for word in re.findall(r"\w+", example.source)}
    for name in words & NAMES.keys():
        patch.setitem(doctest_namespace, name, NAMES[name]())
