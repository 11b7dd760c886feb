"""What the header says of a class: true to the counts, and never more than they hold."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_analysis import make_analysis, with_predictions

from imbxai_widgets.analysis import Analysis, ClassDiagnosis, Diagnosis, Finding
from imbxai_widgets.compute.methods.intervals import wilson_interval
from imbxai_widgets.explorer.cards import CardDeck
from imbxai_widgets.explorer.deck import Deck
from imbxai_widgets.explorer.panels._why import MOST_IMAGES, whys_of
from imbxai_widgets.explorer.panels.header import HeaderContent
from imbxai_widgets.explorer.sentence import Sentence, plain

NAMES = ("Plants", "Animals", "Food", "Sky", "Faces")


def made(
    wrong: Sequence[int],
    *,
    right: int = 3,
    trained: int = 8,
    trained_wrong: Sequence[int] = (),
    validation: bool = True,
    classes: int = 5,
) -> Analysis:
    """Of class 0, `right` validation images are right, the others taken for the classes `wrong`.

    So are its training images; each class has `trained` of these, and a place of its own.
    """
    labels = np.repeat(np.arange(classes), trained)
    predictions = labels.copy()
    predictions[: len(trained_wrong)] = trained_wrong
    near = np.random.default_rng(0).normal(scale=1e-3, size=(len(labels), classes))
    points = np.eye(classes)[labels] + near
    held_out = None
    if validation:
        unseen = np.array([0] * (right + len(wrong)) + [1] * (classes > 1), dtype=int)
        outputs = np.array([0] * right + list(wrong) + [1] * (classes > 1), dtype=int)
        held_out = (np.eye(classes)[unseen], unseen, outputs)
    return Analysis.from_arrays(
        points, labels, predictions, validation=held_out, class_names=NAMES[:classes], k=5
    )


def header(analysis: Analysis, index: int = 0) -> dict[str, Any]:
    return dict(HeaderContent(Deck(analysis)).part(index, 3)["header"])


def verdict(analysis: Analysis, index: int = 0) -> str:
    return plain(header(analysis, index)["verdict"])


def mistakes(analysis: Analysis) -> str:
    return verdict(analysis).partition(". ")[0]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ([], "All 3 validation images are right"),
        ([1], "1 of 4 validation images is wrong; it is taken for Animals"),
        ([2, 2], "2 of 5 validation images are wrong; both are taken for Food"),
        (
            [2, 1],
            "2 of 5 validation images are wrong; one is taken for Animals, one for Food",
        ),
        ([1, 2, 3], "3 of 6 validation images are wrong; each is taken for a different class"),
        (
            [1] * 8 + [2] * 3,
            "11 of 14 validation images are wrong; 8 of them are taken for Animals",
        ),
        ([1] * 3, "3 of 6 validation images are wrong; all 3 are taken for Animals"),
        (
            [1, 1, 2, 2, 3],
            "5 of 8 validation images are wrong; 2 of them are taken for Animals and 2 for Food",
        ),
        (
            [1, 1, 2, 2, 3, 3],
            "6 of 9 validation images are wrong; "
            "2 of them are taken for Animals, 2 for Food and 2 for Sky",
        ),
        (
            [1, 1, 2, 2, 3, 3, 4, 4],
            "8 of 11 validation images are wrong; no class draws more than 2 of them",
        ),
    ],
)
def test_mistakes_are_named_as_far_as_they_go(wrong: list[int], said: str) -> None:
    assert mistakes(made(wrong)) == said


def test_where_no_image_is_right_all_are_wrong() -> None:
    assert mistakes(made([1] * 4, right=0)) == (
        "All 4 validation images are wrong; all 4 are taken for Animals"
    )
    only = "Its only validation image is wrong; it is taken for Food"
    assert mistakes(made([2], right=0)) == only
    assert mistakes(made([], right=1)) == "Its only validation image is right"
    score = header(made([1] * 4, right=0))["score"]
    assert plain(score) == "0 of 4 right"
    assert score[0] == {"text": "0 of "}  # nothing to be shown


def test_without_validation_images_it_speaks_of_training_images() -> None:
    shown = header(made([], validation=False, trained_wrong=[1, 1, 2]))
    assert plain(shown["score"]) == "5 of 8 training images right"
    assert plain(shown["verdict"]) == (
        "3 of 8 training images are wrong; 2 of them are taken for Animals. "
        "None of its 8 training images stands alone or among other classes. "
        "No validation images were given: nothing is known of images that are new to it."
    )
    assert shown["accuracy"] is None
    assert "seen these images in training" in plain(shown["sure"][0])
    of_others = verdict(made([]), 2)
    assert of_others.startswith("All 8 training images are right. ")
    assert of_others.endswith(" No validation image is of this class.")


def test_one_class_cannot_be_mistaken() -> None:
    shown = header(made([], classes=1))
    assert plain(shown["verdict"]) == (
        "There is only one class, so that no image can be taken for another."
    )
    assert shown["size"] == "8 training images"
    assert len(shown["sure"]) == 1


def test_a_class_without_training_images_says_so() -> None:
    analysis = Analysis.from_arrays(
        [[0.0], [1.0], [3.0], [4.5]],
        [1, 1, 2, 2],
        [1, 1, 2, 2],
        validation=([[0.1], [3.2]], [0, 0], [1, 0]),
        k=2,
        class_names=NAMES[:3],
    )
    shown = header(analysis)
    assert plain(shown["verdict"]) == (
        "1 of 2 validation images is wrong; it is taken for Animals. It has no training images."
    )
    assert shown["size"] == "no training images"
    assert [plain(text) for text in shown["advice"]] == ["Give it training images: it has none."]
    bare = make_analysis((40, 20, 8, 0), validation=False)
    assert verdict(bare, 3) == "This class has no training images."
    assert plain(header(bare, 3)["score"]) == "no images"
    assert verdict(make_analysis((40, 20, 8, 0)), 3) == (
        "This class has no training or validation images."
    )


@pytest.mark.parametrize(
    ("own", "k", "found", "said"),
    [
        ([0, 10, 20], 2, [0, 0, 0, 3], "All 3 training images stand among other classes."),
        ([0, 0.1, 20], 4, [0, 0, 2, 1], "All 3 training images stand alone (2) or among other"),
        ([0, 0.1, 20], 2, [0, 2, 0, 1], "1 of its 3 training images stands among other classes."),
        ([0, 0.1, 20, 20.05], 4, [0, 0, 4, 0], "All 4 training images stand nearly alone."),
    ],
)
def test_training_images_that_stand_alone_are_counted(
    own: list[float], k: int, found: list[int], said: str
) -> None:
    others = [0.2, 0.35, 10.1, 10.25, 20.1, 20.25]
    points = np.array([*own, *others])[:, np.newaxis]
    labels = np.array([0] * len(own) + [1] * len(others))
    analysis = Analysis.from_arrays(points, labels, labels, k=k)
    assert np.bincount(analysis.archetypes[labels == 0], minlength=4).tolist() == found
    assert said in verdict(analysis)


def test_an_only_image_stands_by_itself() -> None:
    labels = np.array([0, 1, 1, 1])
    analysis = Analysis.from_arrays([[0.0], [1.0], [2.5], [4.5]], labels, labels, k=2)
    assert "Its only training image stands by itself." in verdict(analysis)
    assert not any("wrong label" in plain(text) for text in header(analysis)["advice"])


def test_sizes_are_told_beside_the_others() -> None:
    deck = Deck(make_analysis((40, 20, 20, 8, 8)))
    sizes = [HeaderContent(deck).part(index, 3)["header"]["size"] for index in range(5)]
    assert sizes == [
        "40 training images, the largest class",
        "20 training images; the largest class has 40",
        "20 training images; the largest class has 40",
        "8 training images, one of the smallest classes",
        "8 training images, one of the smallest classes",
    ]
    assert header(made([]))["size"] == "8 training images, like every class"


def test_the_interval_is_wilson_s_and_fewer_than_half_is_poor() -> None:
    shown = header(made([1] * 4))
    low, high = wilson_interval(3, 7)
    assert shown["accuracy"] == {"share": 3 / 7, "low": low, "high": high}
    assert shown["poor"]
    assert not header(made([1] * 3))["poor"]
    assert plain(shown["sure"][0]) == (
        "3 of 7 validation images is 43%. Of all images like these, 16% to 75% may be right: that "
        "is how far 7 images can tell (Wilson's 95% interval)."
    )


def confident(groups: Sequence[tuple[int, int, float]]) -> Analysis:
    """Of class 0, so many validation images, so many of them right, of such confidences."""
    labels = np.repeat([0, 1], 8)
    points = np.eye(2)[labels] + np.random.default_rng(0).normal(scale=1e-3, size=(16, 2))
    rows = [
        [c, 1 - c] if (at + 1) * right // n > at * right // n else [1 - c, c]  # spread evenly
        for n, right, c in groups
        for at in range(n)
    ]
    unseen = [0] * len(rows)
    held_out = (np.eye(2)[unseen], unseen, np.log(rows))
    outputs = np.log(0.98 * np.eye(2)[labels] + 0.01)
    return Analysis.from_arrays(
        points, labels, outputs, validation=held_out, class_names=NAMES[:2], k=5
    )


def on_calibration(analysis: Analysis, index: int = 0) -> list[str]:
    texts = [plain(text) for text in header(analysis, index)["sure"]]
    return [text for text in texts if "confidence" in text]


@pytest.mark.parametrize(
    ("groups", "said"),
    [
        ([(100, 90, 0.9)], ""),
        ([(9, 2, 0.9)], ""),  # too few
        ([(40, 12, 0.8)], "80% confidence on average, and 30% of them are right: read its"),
        ([(400, 320, 0.88)], "88% confidence on average, and 80% of them are right: read its"),
        ([(60, 48, 0.88)], ""),
        ([(10, 6, 0.75)], "though with 10 images chance alone may part the two as far."),
        (
            [(100, 98, 0.6), (100, 59, 0.97)],
            "; in groups of like confidence, the two are 38 points",
        ),
    ],
)
def test_confidences_that_are_off_are_told(groups: list[tuple[int, int, float]], said: str) -> None:
    found = on_calibration(confident(groups))
    assert len(found) == bool(said)
    assert all(said in text for text in found)


def test_confidences_are_those_of_the_table() -> None:
    analysis = make_analysis((200, 60, 30, 20, 10, 0))
    table = analysis.calibration("class")
    deck, told = Deck(analysis), []
    for index, row in enumerate(table.itertuples(index=False)):
        np.testing.assert_array_equal(deck.calibration(index), row)
        told += on_calibration(analysis, index)
        if row.images >= 10:
            means = f"{row.confidence:.0%} confidence on average, and {row.accuracy:.0%} of them"
            assert means in told[index]
    assert len(told) == 4  # the last two have 5 images, and none
    for bare in (made([1] * 12), make_analysis((40, 20), validation=False)):
        assert Deck(bare).calibration(0) is None
        assert on_calibration(bare) == []


def test_few_errors_tell_no_pattern() -> None:
    few = "too few to tell a pattern in what the class is mistaken for."
    said = [plain(text) for text in header(made([1] * 4))["sure"]]
    assert f"4 wrong validation images: {few}" in said
    assert not any(few in plain(text) for text in header(made([1] * 5))["sure"])


def test_what_votes_rest_on_is_said() -> None:
    cases = {
        (): "All training images are right, so that there are no votes.",
        (1, 2): "The neighbors of its 2 wrong training images are all of this class, so that "
        "there are no votes.",
    }
    for wrong, said in cases.items():
        assert said in [plain(text) for text in header(made([1], trained_wrong=wrong))["sure"]]
    analysis = make_analysis((40, 20, 8), errors=0.5)
    votes, errors = analysis.rows.votes.totals, analysis.classes()["training_errors"]
    said = " ".join(plain(text) for text in header(analysis)["sure"])
    assert f"Its {errors.iloc[0]} wrong training images have {votes[0]} nearest" in said


# -- what to do -------------------------------------------------------------------------


def advice(analysis: Analysis, index: int = 0) -> list[str]:
    return [plain(text) for text in header(analysis, index)["advice"]]


def test_a_pair_is_told_apart_from_five_errors_on_alone() -> None:
    apart = "Tell Plants and Animals apart: "
    assert advice(made([1] * 5 + [2] * 4))[0].startswith(apart)
    for wrong in ([1] * 4, [1] * 5 + [2] * 5):
        assert not any(text.startswith("Tell Plants") for text in advice(made(wrong)))


def test_where_nothing_applies_that_is_said() -> None:
    assert advice(made([])) == ["Nothing: no image of the class stands out here."]
    assert advice(made([1, 2])) == ["Nothing yet: 2 wrong validation images cannot be acted on."]


def test_advice_counts_what_it_is_about() -> None:
    analysis = make_analysis((40, 20, 8), errors=0.5)
    for index in range(3):
        found = np.bincount(analysis.archetypes[analysis.labels == index], minlength=4)
        text = " ".join(advice(analysis, index))
        assert ("wrong label" in text) == bool(found[3])
        if found[3] > 1:
            assert f"Its {found[3]} outliers are the first place" in text
        if found[1] and found[2] and found[1] + found[2] > 1:
            assert f"its {found[1]} border and {found[2]} rare ones" in text


def test_small_classes_are_to_be_drawn_more_often() -> None:
    analysis = make_analysis((40, 20, 19), errors=0.5)
    drawn = [
        any("resampling_plan()" in text for text in advice(analysis, index)) for index in range(3)
    ]
    assert drawn == [False, False, True]


def test_a_color_far_above_the_average_may_be_a_shortcut() -> None:
    base = make_analysis((10, 10))
    counts = np.zeros_like(base.color_counts)
    counts[0, 6], counts[0, 0], counts[1, 0] = 80, 20, 100
    base = replace(base, train=replace(base.train, pixel_counts=None))  # of an older file
    text = advice(replace(base, color_counts=counts))[-1]
    assert text.startswith(
        "The network looks at green more than in other classes (80% of the pixels that count "
        "most, 40% on average)"
    )
    counts[1, 6] = 300  # 75% there: 2.5 points above the average are not far
    assert not any("looks at" in each for each in advice(replace(base, color_counts=counts)))


# -- each number shows what it counts ----------------------------------------------------


def filtered(analysis: Analysis, chosen: dict[str, Any]) -> int:
    """Count the images of a filter, by its definition."""
    split = analysis.train if chosen["split"] == "training" else analysis.validation
    assert split is not None
    found = split.labels == chosen["index"]
    if "predicted" in chosen:
        found &= split.predictions == chosen["predicted"]
    if "right" in chosen:
        found &= split.correct == chosen["right"]
    if "archetype" in chosen:
        found &= split.archetypes == chosen["archetype"]
    if "covered" in chosen:  # held to its definition in tests/analysis/test_coverage.py
        reached = analysis.find_images(chosen["index"], "validation", covered=chosen["covered"])
        found &= np.isin(np.arange(len(split)), reached)
    return int(found.sum())


def pieces_of(shown: dict[str, Any]) -> Sentence:
    texts = [shown["score"], shown["verdict"], *shown["sure"], *shown["advice"]]
    return [piece for text in texts for piece in text]


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.integers(1, 4), max_size=12),
    st.integers(0, 4),
    st.lists(st.integers(1, 4), max_size=6),
    st.booleans(),
)
def test_every_number_shows_the_images_that_it_counts(
    wrong: list[int], right: int, trained_wrong: list[int], validation: bool
) -> None:
    analysis = made(wrong, right=right, trained_wrong=trained_wrong, validation=validation)
    shown = header(analysis)
    assert plain(shown["verdict"]).endswith(".")
    for piece in pieces_of(shown):
        assert piece["text"]
        if "select" in piece:
            assert piece["text"] == NAMES[piece["select"]]
        if "filter" in piece:
            first = piece["text"].removeprefix("All ").removeprefix("all ").split()[0]
            number = {"one": 1, "Its": 1, "both": 2}.get(first)
            expected = int(first.replace(",", "")) if number is None else number
            assert filtered(analysis, dict(piece["filter"])) == expected


def test_the_numbers_of_mixed_classes_are_those_of_their_images() -> None:
    analysis = make_analysis((60, 30, 12, 3, 1, 0), errors=0.5)
    content = HeaderContent(CardDeck(analysis))
    for index in range(6):
        shown = dict(content.part(index, 3)["header"])
        json.dumps(shown, allow_nan=False)
        for piece in pieces_of(shown):
            if "filter" not in piece:
                continue
            first = piece["text"].removeprefix("All ").removeprefix("all ").split()[0]
            number = {"one": 1, "Its": 1, "both": 2}.get(first)
            expected = int(first) if number is None else number
            assert filtered(analysis, dict(piece["filter"])) == expected


def test_perfect_training_is_told_without_votes() -> None:
    analysis = make_analysis((40, 20, 8))
    perfect = with_predictions(analysis, analysis.labels)
    said = [plain(text) for text in header(perfect)["sure"]]
    assert "All training images are right, so that there are no votes." in said


def test_why_tells_what_the_diagnosis_found_by_class_number() -> None:
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2], [200, 200, 20])
    unseen = np.repeat([0, 1, 2], [60, 60, 60])
    middles = np.array([[0, 0], [4, 0], [2, 2]])
    points, held_out = (
        middles[each] + rng.normal(scale=0.7, size=(len(each), 2)) for each in (labels, unseen)
    )
    # A network that never says 2, which is small.
    logits, outputs = (
        np.column_stack([-((near - middle) ** 2).sum(axis=1) for middle in middles]) - [0, 0, 5]
        for near in (points, held_out)
    )
    analysis = Analysis.from_arrays(
        points,
        labels,
        logits,
        validation=(held_out, unseen, outputs),
        class_names=("a", "b", "c"),
    )
    whys = HeaderContent(Deck(analysis)).why().result()["whys"]
    diagnosis = analysis.diagnose()
    assert [len(why["causes"]) for why in whys] == [len(one.causes) for one in diagnosis.classes]
    (first, *_), found = whys[2]["causes"], diagnosis.of("c").causes[0]
    assert whys[2]["state"] == "It is right clearly less often than other classes"
    assert found.cause in ("few images", "decision shift")
    assert first["title"] == found.title
    assert first["statement"].startswith(found.statement)
    assert "These numbers cannot tell it from" in first["statement"]
    remedies = [piece["remedy"]["name"] for piece in first["advice"] if "remedy" in piece]
    assert remedies == [type(remedy).__name__ for remedy in found.remedies]
    assert whys[0]["others"][-len(diagnosis.notes) :] == list(diagnosis.notes)


def test_the_images_of_a_cause_are_named_up_to_a_limit() -> None:
    analysis = made([1, 1])
    rows = np.arange(MOST_IMAGES + 3)
    finding = Finding(
        "leak",
        "Leak",
        True,
        0.9,
        0.5,
        0.4,
        0.6,
        "share",
        9,
        "Said.",
        "Do.",
        images={"training": rows},
    )
    found = ClassDiagnosis("Plants", "failing", 0.5, 0.9, 50, (finding,), (finding,))
    (why,) = whys_of(Deck(analysis), Diagnosis((found,), ()))
    (cause,) = why["causes"]
    assert (cause["images"][:2], len(cause["images"]), cause["more"]) == (
        ["training:0", "training:1"],
        MOST_IMAGES,
        3,
    )
    assert plain(cause["advice"]) == "Do."
    assert why["others"] == []
