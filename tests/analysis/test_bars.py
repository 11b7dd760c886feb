"""Bars with support, interval and lift, against counting image by image."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from small_analysis import make_analysis

from imbxai_widgets.analysis import Analysis
from imbxai_widgets.analysis.bars import bars_of

SIZES = (40, 20, 8, 0, 15)


@pytest.fixture(scope="module", params=[0, 1])
def analysis(request: pytest.FixtureRequest) -> Analysis:
    return make_analysis(SIZES, seed=request.param, errors=0.4)


def check_lifts(table: pd.DataFrame, sizes: np.ndarray, own: int) -> None:
    for name, row in table.iterrows():
        other = int(str(name)[1:])
        others = sizes.sum() - sizes[own]
        expected = row["share"] / (sizes[other] / others) if sizes[other] else np.inf
        assert row["lift"] == pytest.approx(expected)


def check_order(table: pd.DataFrame) -> None:
    assert table["share"].sum() == pytest.approx(1 if len(table) else 0)
    assert (table["low"].dropna() <= table["share"][table["low"].notna()]).all()
    lows = table["low"].fillna(-1).to_numpy()
    assert (np.diff(lows) <= 0).all()


@pytest.mark.parametrize("scope", ["errors", "all"])
def test_adversaries_are_the_shares_of_the_table(analysis: Analysis, scope: Any) -> None:
    whole = analysis.adversaries(scope)
    sizes = np.bincount(analysis.labels, minlength=5)
    for index, name in enumerate(analysis.class_names):
        bars = analysis.adversary_bars(name, scope)
        shares = whole["share"].loc[name]
        assert bars["share"].to_dict() == pytest.approx(shares[shares > 0].to_dict())
        assert bars["votes"].sum() == whole.loc[name, ("support", "votes")]
        for other, row in bars.iterrows():
            asked = {"votes": other} if scope == "errors" else {"near": other}
            assert row["support"] == len(analysis.find_images(name, **asked))
        check_lifts(bars, sizes, index)
        check_order(bars)


@pytest.mark.parametrize("direction", ["rows", "columns"])
def test_errors_are_the_shares_of_the_table(analysis: Analysis, direction: Any) -> None:
    held_out = analysis.validation
    assert held_out is not None
    whole = analysis.validation_errors(direction)
    seen = analysis.labels if direction == "rows" else held_out.labels
    for index, name in enumerate(analysis.class_names):
        bars = analysis.error_bars(name, direction)
        shares = whole["share"].loc[name]
        assert bars["share"].to_dict() == pytest.approx(shares[shares > 0].to_dict())
        assert (bars["images"] == bars["support"]).all()
        for other, row in bars.iterrows():
            true, predicted = (name, other) if direction == "rows" else (other, name)
            found = analysis.find_images(true, "validation", predicted=predicted)
            assert row["images"] == len(found)
        check_lifts(bars, np.bincount(seen, minlength=5), index)
        check_order(bars)
        few = whole.loc[name, ("support", "errors")] < 4
        assert bars["low"].isna().all() if few else bars["low"].notna().all()


def test_a_class_without_training_errors_has_no_votes_but_neighbors() -> None:
    analysis = make_analysis((30, 12), errors=0.0)
    assert analysis.adversary_bars("c1").empty
    everyone = analysis.adversary_bars("c1", "all")
    assert everyone["votes"].tolist() == [bars_of(analysis, 1, "neighbors").total]
    assert everyone["support"].tolist() == [len(analysis.find_images("c1", near="c0"))]


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda a: a.adversary_bars("cat"), "There is no class 'cat'"),
        (lambda a: a.adversary_bars("c0", "some"), "scope must be"),
        (lambda a: a.error_bars("c0", "both"), "direction must be"),
        (lambda a: a.error_bars("c0"), "give `validation=`"),
    ],
)
def test_what_cannot_be_asked_is_refused(ask: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ask(make_analysis(validation=False))
