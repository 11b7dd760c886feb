"""The overview of confusions against the tables of the analysis, and the images behind them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from small_analysis import make_analysis, make_pair, with_predictions

from imbxai_widgets import Analysis, compare
from imbxai_widgets.compute.numeric.probabilities import TopProbabilities
from imbxai_widgets.explorer.cards import CardDeck
from imbxai_widgets.explorer.panels.overview import (
    GROUP_PARTS,
    HEAT_MAP_CLASSES,
    WHOLE_GROUP,
    OverviewContent,
    overview,
)


def numbers(sent: bytes) -> np.ndarray:
    return np.frombuffer(sent, dtype="<i4")


def counts(confusions: Any, n_classes: int) -> np.ndarray:
    table = np.zeros((n_classes, n_classes), dtype=int)
    table[numbers(confusions["rows"]), numbers(confusions["others"])] = numbers(
        confusions["counts"]
    )
    return table


def test_counts_are_those_of_the_tables() -> None:
    analysis = make_analysis((40, 20, 8, 0))
    data = overview(CardDeck(analysis))
    assert data["names"] == ["c0", "c1", "c2", "c3"]
    assert sorted(data["order"]) == [0, 1, 2, 3]
    assert data["groups"] is None
    assert data["weak"] == 5
    validation, training = data["confusions"]
    assert [validation["split"], training["split"]] == ["validation", "training"]
    assert [validation["perImage"], training["perImage"]] == [1, analysis.k]
    for sent, table, column in [
        (validation, analysis.validation_errors(), "errors"),
        (training, analysis.adversaries(), "votes"),
    ]:
        totals = table["support"][column].to_numpy()
        assert numbers(sent["totals"]).tolist() == totals.tolist()
        assert numbers(sent["errors"]).tolist() == table["support"]["errors"].tolist()
        expected = table["share"].to_numpy() * totals[:, np.newaxis]
        assert counts(sent, 4) == pytest.approx(expected)
        assert (np.diff(numbers(sent["rows"])) >= 0).all()
    classes = analysis.classes()
    assert numbers(validation["images"]).tolist() == classes["validation_images"].tolist()
    assert numbers(training["images"]).tolist() == classes["images"].tolist()


def test_every_cell_says_how_many_images_a_click_on_it_shows() -> None:
    analysis = make_analysis((40, 20, 12, 9, 5))
    validation, training = overview(CardDeck(analysis))["confusions"]
    for sent in (validation, training):
        columns = (sent["rows"], sent["others"], sent["cast"])
        for row, other, cast in zip(*map(numbers, columns), strict=True):
            if sent["split"] == "validation":
                images = analysis.find_images(int(row), "validation", predicted=int(other))
            else:
                images = analysis.find_images(int(row), "training", votes=int(other))
            assert len(images) == cast > 0
    assert (numbers(validation["cast"]) == numbers(validation["counts"])).all()
    assert (numbers(training["cast"]) < numbers(training["counts"])).any()


def test_lifts_are_shares_over_sizes() -> None:
    analysis = make_analysis((40, 20, 8))
    sent = overview(CardDeck(analysis))["confusions"][0]
    lifts = np.zeros((3, 3))
    lifts[numbers(sent["rows"]), numbers(sent["others"])] = np.frombuffer(sent["lifts"], "<f4")
    shares = analysis.validation_errors()["share"]
    assert lifts[0, 1] == pytest.approx(shares.loc["c0", "c1"] / (20 / 28))
    assert lifts[2, 0] == pytest.approx(shares.loc["c2", "c0"] / (40 / 60))


def test_the_order_is_by_validation_errors_and_without_them_by_votes() -> None:
    analysis = make_analysis((12,) * 8, errors=0.0)
    held_out = analysis.validation
    assert held_out is not None
    # Pairs of classes are taken for each other: 0 and 5, 1 and 6, ...
    partner = np.array([5, 6, 7, 4, 3, 0, 1, 2])
    swapped = held_out.labels.copy()
    for label in range(8):
        swapped[np.flatnonzero(held_out.labels == label)[:3]] = partner[label]
    certain = np.ones((len(swapped), 1), dtype=np.float32)
    top = TopProbabilities(swapped[:, np.newaxis], certain, certain[:, 0])
    by_errors = replace(analysis, validation=replace(held_out, top=top))
    order = overview(CardDeck(by_errors))["order"]
    pairs = {frozenset(order[place : place + 2]) for place in range(0, 8, 2)}
    assert pairs == {frozenset(pair) for pair in ((0, 5), (1, 6), (2, 7), (3, 4))}

    voting = make_analysis((12,) * 8, validation=False)
    rows = voting.rows
    table = rows.votes.table() / rows.sizes[:, np.newaxis]
    first = rows.confusion_tree.joins[0]
    both = table + table.T
    assert both[tuple(first)] == pytest.approx(max(both[first[0]].max(), both[first[1]].max()))


def test_without_validation_images_there_are_votes_alone() -> None:
    data = overview(CardDeck(make_analysis((9, 9), validation=False)))
    assert [each["split"] for each in data["confusions"]] == ["training"]


def test_without_errors_no_pair_is_sent() -> None:
    analysis = make_analysis((9, 9), validation=False)
    (sent,) = overview(CardDeck(with_predictions(analysis, analysis.labels)))["confusions"]
    assert sent["counts"] == sent["rows"] == sent["lifts"] == b""
    assert numbers(sent["errors"]).tolist() == [0, 0]


def test_one_class_is_in_order() -> None:
    analysis = Analysis.from_arrays([[0.0], [1.0], [2.0]], [0, 0, 0], [0, 0, 0], k=2)
    data = overview(CardDeck(analysis))
    assert data["order"] == [0]
    assert data["confusions"][0]["counts"] == b""


def test_two_models_are_summed_up_side_by_side() -> None:
    before, after = make_pair(sizes=(12, 8, 5))
    data = overview(CardDeck(before, compare(before, after)))
    for side, analysis in enumerate((before, after)):
        validation, accuracies = analysis.validation, analysis.classes()["validation_accuracy"]
        assert validation is not None
        summary = data["summary"]
        assert summary["images"][side] == pytest.approx(validation.correct.mean())
        assert summary["classes"][side] == pytest.approx(accuracies.mean())
        assert summary["lowest"][side] == pytest.approx(accuracies.min())
        assert summary["worst"][side] == int(accuracies.to_numpy().argmin())


@pytest.mark.parametrize("n_classes", [HEAT_MAP_CLASSES, HEAT_MAP_CLASSES + 1, 120])
def test_many_classes_come_in_groups(n_classes: int) -> None:
    data = overview(CardDeck(make_analysis((6,) * n_classes)))
    groups = data["groups"]
    if n_classes <= HEAT_MAP_CLASSES:
        assert groups is None
        return
    assert groups is not None
    outer = [
        end - start
        for start, end, parent in zip(
            groups["starts"], groups["ends"], groups["parents"], strict=True
        )
        if parent < 0
    ]
    assert len(outer) + n_classes - sum(outer) == GROUP_PARTS
    assert max(outer) <= WHOLE_GROUP or max(groups["parents"]) >= 0


def test_bytes_travel_as_they_are() -> None:
    panel = OverviewContent(CardDeck(make_analysis((9, 9)))).widget(1)
    assert panel.selected == 1
    assert panel.filter == {}
    state = panel.get_state()["overview"]["confusions"][0]
    assert isinstance(state["counts"], bytes)
