"""What the tab of shared features says of the classifier's head."""

from __future__ import annotations

from imbxai_widgets import Analysis
from imbxai_widgets.demo import load_demo
from imbxai_widgets.explorer.cards import CardDeck
from imbxai_widgets.pipeline import analyze


def test_the_classes_nearest_to_the_head_are_those_of_the_table() -> None:
    model, train, validation = load_demo()
    analysis = analyze(model, train, validation=validation, salient_fraction=None, progress=False)
    deck = CardDeck(analysis)
    for name in ("Plants", "Clothing"):
        nearest = analysis.decision_margins(name)["overlap"].nlargest(3)
        words = ", ".join(f"{other} ({part:.0%})" for other, part in nearest.items())
        said = deck.card(analysis.class_index(name))["overlap"]["nearest"]
        assert said.startswith(f"As the classifier's head sees it, it lies nearest to {words}: ")
        apart = analysis.feature_overlap(name)["share_apart"]
        rows = deck.card(analysis.class_index(name))["overlap"]["rows"]
        assert {row["name"]: row["shareApart"] for row in rows} == apart.dropna().to_dict()


def test_without_a_head_nothing_is_said() -> None:
    analysis = Analysis.from_arrays(
        [[0.0, 1], [0.1, 1], [1, 0], [1, 0.1]], [0, 0, 1, 1], [0, 1, 1, 1], k=1
    )
    overlap = CardDeck(analysis).card(0)["overlap"]
    assert overlap["nearest"] == ""
    assert [row["shareApart"] for row in overlap["rows"]] == [None]
