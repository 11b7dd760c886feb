from __future__ import annotations

import doctest
import importlib
from collections import deque
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from hostile_names import HOSTILE
from hypothesis import given
from hypothesis import strategies as st

from imbxai_widgets import Analysis
from imbxai_widgets.compute.reading.class_names import (
    class_names_of,
    class_numbers_of,
    distinct_names,
    names_in,
)
from imbxai_widgets.compute.reading.labeled_images import LabeledImages
from imbxai_widgets.compute.reading.told_names import told_names


@pytest.mark.parametrize(
    ("given_names", "distinct"),
    [
        (["cat", "dog", "cat"], ["cat (#0)", "dog", "cat (#2)"]),
        (["cat", "cat ", " c\tat"], ["cat (#0)", "cat  (#1)", " c\tat"]),
        (["é", "e\u0301"], ["é (#0)", "e\u0301 (#1)"]),
        (["", "\u200b\u202e", "\n", "a"], ["(unnamed #0)", "(unnamed #1)", "(unnamed #2)", "a"]),
        (["(unnamed #1)", ""], ["(unnamed #1) (#0)", "(unnamed #1) (#1)"]),
        (["cat (#2)", "dog", "cat", "cat"], ["cat (#2) (#0)", "dog", "cat (#2) (#2)", "cat (#3)"]),
        (["caf\udce9", "b"], ["caf\\udce9", "b"]),
        (["\ufeffcat", "a\ufffe", "b\x00\x1b"], ["\\ufeffcat", "a\\ufffe", "b\\x00\\x1b"]),
        (["\ufdd0a", "\U0001ffffa", "\ufeff"], ["\\ufdd0a", "\\U0001ffffa", "(unnamed #2)"]),
        (["\ufeffcat", "\\ufeffcat"], ["\\ufeffcat (#0)", "\\ufeffcat (#1)"]),
        (["👩\u200d👩", "e\u034f", "\x80\ufffd"], ["👩\u200d👩", "e\u034f", "\x80\ufffd"]),
        (HOSTILE, HOSTILE),
        ([], []),
    ],
)
def test_only_names_that_mislead_are_changed(given_names: list[str], distinct: list[str]) -> None:
    assert distinct_names(given_names) == tuple(distinct)


@given(st.lists(st.text(st.sampled_from("ab (#0)1\n\u200b\udce9"), max_size=8), max_size=12))
def test_names_are_distinct_visible_and_can_be_written(names: list[str]) -> None:
    found = distinct_names(names)
    assert len(found) == len(names)
    assert len({" ".join(name.split()) for name in found}) == len(names)
    for name in found:
        assert name.strip()
        name.encode("utf-8")
    assert distinct_names(found) == found


CLASSES = [("ant", "Formica"), "bee", b"caf\xc3\xa9"]
IN_ORDER = ("ant", "bee", "café")


@pytest.mark.parametrize(
    "names",
    [
        CLASSES,
        tuple(CLASSES),
        deque(CLASSES),
        np.array(["ant", "bee", "café"]),
        np.array([b"ant", b"bee", b"caf\xc3\xa9"]),
        pd.Index(["ant", "bee", "café"]),
        pd.Series(["ant", "bee", "café"]),
        pd.array(["ant", "bee", "café"], dtype="string"),
        pd.Categorical(["ant", "bee", "café"]),
        {"ant": 0, "bee": 0, "café": 0}.keys(),
        {0: "ant", 1: "bee", 2: "café"}.values(),
    ],
    ids=lambda names: type(names).__name__,
)
def test_names_are_taken_from_anything_in_order(names: Any) -> None:
    assert told_names(names) == IN_ORDER
    assert class_names_of([], 3, names) == IN_ORDER
    assert LabeledImages([(0, "bee")], class_names=names).n_names == 3
    assert names_in(SimpleNamespace(classes=names)) == IN_ORDER


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ((name for name in "abc"), r"not the generator .*pass list\(class_names\)"),
        (map(str, "abc"), r"not the map .*pass list\(class_names\)"),
        ({0: "a"}, r"not the dict .*pass \[names\[i\] for i in range\(len\(names\)\)\]"),
        ({"a", "b"}, "not the set"),
        ("abc", "not the str 'abc'"),
        (b"abc", "not the bytes"),
        (np.array([["a", "b"]]), "not the ndarray"),
        (pd.Series({1: "a", 0: "b"}), "not the Series"),
        (3, "not the int 3"),
    ],
    ids=lambda names: type(names).__name__,
)
def test_what_has_no_order_is_refused_at_once(names: Any, message: str) -> None:
    with pytest.raises(ValueError, match=f"class_names must be a sequence .*(?s:{message})"):
        LabeledImages([(0, 0)], class_names=names)
    with pytest.raises(ValueError, match="class_names must be a sequence"):
        Analysis.from_arrays(np.eye(3), [0, 1, 0], [0, 1, 0], class_names=names, k=1)


@pytest.mark.parametrize("attribute", ["classes", "class_to_idx"])
@pytest.mark.parametrize(
    "names",
    [
        {"bee": 1, "ant": 0, "café": 2},
        {1: "bee", 0: "ant", 2: "café"},
        {"1": "bee", "0": "ant", "2": "café"},
        {"bee": "1", "ant": "0", "café": "2"},
        {np.int64(1): "bee", np.int64(0): "ant", np.int64(2): "café"},
        {"bee": torch.tensor(1), "ant": torch.tensor(0), "café": torch.tensor(2)},
    ],
)
def test_a_dict_goes_from_names_to_labels_or_back(attribute: str, names: Any) -> None:
    assert class_names_of(SimpleNamespace(**{attribute: names}), 3) == IN_ORDER


def test_digits_as_names_are_told_from_labels() -> None:
    assert class_names_of(SimpleNamespace(class_to_idx={"7": 0, "0": 1}), 2) == ("7", "0")
    assert class_names_of(SimpleNamespace(class_to_idx={1: "7", 0: "0"}), 2) == ("0", "7")
    numbers = class_numbers_of(SimpleNamespace(class_to_idx={0: "cat", 1: "dog"}))
    assert numbers == {"cat": 0, "dog": 1}


@pytest.mark.parametrize("attribute", ["classes", "class_to_idx"])
def test_a_dict_without_labels_is_refused(attribute: str) -> None:
    with pytest.raises(ValueError, match=rf"{attribute} must map names to labels, or labels to"):
        class_names_of(SimpleNamespace(**{attribute: {"ant": "Formica"}}), 1)


@pytest.mark.parametrize("name", ["class_names", "told_names", "naming", "agreement", "generators"])
def test_the_examples_of_names_run(name: str) -> None:
    results = doctest.testmod(importlib.import_module(f"imbxai_widgets.compute.reading.{name}"))
    assert results.attempted
    assert not results.failed
