from __future__ import annotations

import unicodedata

import pytest
from hostile_names import HOSTILE
from hypothesis import given
from hypothesis import strategies as st

from imbxai_widgets.names import LABEL_WIDTH, shorten, shown_name, width


@pytest.mark.parametrize("name", HOSTILE)
def test_names_stay_as_they_are_but_for_marks_around_those_from_right_to_left(name: str) -> None:
    written = name.replace("\u202e", "\ufffd")
    turned = any(unicodedata.bidirectional(c) in ("R", "AL") for c in name)
    assert shown_name(name) == (f"\u2068{written}\u2069" if turned else written)


@given(st.text(st.sampled_from("aא\u202e\u2067\u2069 7"), max_size=9))
def test_no_name_turns_the_text_after_it(name: str) -> None:
    depth = 0
    for character in shown_name(name):
        depth += character in "\u2066\u2067\u2068"
        depth -= character == "\u2069"
        assert 0 <= depth <= 1
        assert depth or unicodedata.bidirectional(character) not in ("R", "RLO")


@given(st.text(st.characters(codec="utf-8"), max_size=40))
def test_labels_fit_and_keep_both_ends(name: str) -> None:
    label = shorten(name)
    assert width(label) <= max(LABEL_WIDTH, 0)
    assert (label == name) == (width(name) <= LABEL_WIDTH)
    if label != name:
        head, _, tail = label.rpartition("…")
        assert name.startswith(head)
        assert name.endswith(tail)


def test_labels_tell_classes_of_one_name_apart() -> None:
    assert shorten("a long name of a crane (#134)") != shorten("a long name of a crane (#517)")
    assert shorten("猫" * 30) == "猫" * 4 + "…" + "猫" * 3
