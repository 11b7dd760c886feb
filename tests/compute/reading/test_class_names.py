from __future__ import annotations

import pytest
from hostile_names import HOSTILE
from hypothesis import given
from hypothesis import strategies as st

from imbxai_widgets.compute.reading.class_names import distinct_names


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
