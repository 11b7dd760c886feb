"""What crosses from Python to the front end, as TypeScript that is checked against its types.

``make contract`` runs this and writes ``js/test/contract.ts``: the card of one class of a small
analysis, and what the panels hold besides, each annotated with the panel's own types. A change on
one side that the other does not follow fails in ``tsc``, and what is shown of it in ``vitest``.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))

from decision_cases import counts_after
from registered import WIDGETS
from small_analysis import make_analysis, make_pair

from imbxai_widgets import Analysis, compare
from imbxai_widgets.explorer.cards import CardDeck
from imbxai_widgets.explorer.panel import Panel

CONTRACT = Path(__file__).parents[2] / "js" / "test" / "contract.ts"
# What the page computes as well, in numbers that no rounding makes easy.
SHIFTS: list[list[dict[str, Any]]] = [
    [{"name": "LogitAdjustment", "parameters": {"tau": 0.7}}],
    [{"name": "LogitAdjustment", "parameters": {"tau": -1.3}}],
    [{"name": "LogitOffset", "parameters": {"offsets": {"0": 0.35, "2": -0.6}}}],
    [{"name": "Threshold", "parameters": {"thresholds": {"1": 0.217}}}],
    [
        {"name": "Temperature", "parameters": {"value": 1.7}},
        {"name": "LogitAdjustment", "parameters": {"tau": 0.9}},
        {"name": "LogitOffset", "parameters": {"offsets": {"2": 0.4}}},
        {"name": "Threshold", "parameters": {"thresholds": {"0": 0.41, "2": 0.3}}},
    ],
]
# Counts of images of each split and class, beside what is added to logits.
_COUNTS = (
    "Offsets & { [S in keyof Tallies]: "
    '{ [G in keyof Tallies[S]]: Omit<Tallies[S][G], "images" | "before"> } }'
)
_HEAD = "// Written by `make contract`: what Python sends, of the panels' types.\n"


def contract() -> str:
    """Return what Python sends of one class, as TypeScript."""
    before, after = make_pair(sizes=(12, 8, 5))
    deck = CardDeck(before, compare(before, after))
    card = deck.card(1, page=4)
    imports, values = [], []
    for name, content in deck.contents.items():
        widget = content.widget(1)
        told = _told(WIDGETS[type(content)])
        state = {trait: getattr(widget, trait) for trait in told}
        kinds = ["Part"] * bool(content.keys()) + ["State"] * bool(state)
        taken = ", ".join(f"{kind} as {_title(name)}{kind}" for kind in kinds)
        imports.append(f'import type {{ {taken} }} from "../src/panels/{name}";')
        if content.keys():
            part = {key: card[key] for key in content.keys()}  # noqa: SIM118
            values.append(_constant(name, f"{_title(name)}Part", part))
        if state:
            kind = f"Pick<{_title(name)}State, {' | '.join(map(json.dumps, state))}>"
            values.append(_constant(f"{name}_state", kind, state))
    # What is asked for while a tab is open.
    page = deck.contents["images"].images({"index": 1, "split": "training"}, 0)
    imports.append('import type { ImagePage } from "../src/parts/image_section";')
    values.append(_constant("images_answer", "ImagePage", page))
    detail: Any = deck.contents["detail"]
    imports.append('import type { FeatureAnswer, FeatureMaps } from "../src/parts/feature_answer";')
    values.append(_constant("feature_answer", "FeatureAnswer", detail.feature(0, 1, None)))
    values.append(_constant("feature_maps", "FeatureMaps", detail.feature_maps(0, [[0], [1]])))
    answers = {"ImageAnswer": detail.image("training:0"), "LookAnswer": detail.look("training:0")}
    imports.append('import type { ImageAnswer, LookAnswer } from "../src/parts/image_answer";')
    for kind, answer in answers.items():
        values.append(_constant(kind.replace("Answer", "_answer").lower(), kind, answer))
    what_if: Any = deck.contents["what_if"]
    answers = {
        "ValidationImages": ("validation_data", what_if.data()),
        "Offers": ("remedy_list", what_if.begin().result()),
        "Moved": ("mover", what_if.move([{"name": "NearestClassMean", "parameters": {}}]).result()),
        "MovedTiles": ("moved_images", what_if.tiles([0, 3])),
    }
    for kind, (part_name, answer) in answers.items():
        imports.append(f'import type {{ {kind} }} from "../src/parts/{part_name}";')
        values.append(_constant(_snake(kind), kind, answer))
    unsure: Any = CardDeck(make_analysis((60, 40, 30))).contents["what_if"]
    values.append(_constant("unsure_images", "ValidationImages", unsure.data()))
    shifted = [{"remedies": given, "moved": unsure.move(given).result()} for given in SHIFTS]
    kind = "{ remedies: Remedy[]; moved: Moved }[]"
    imports.append('import type { Remedy } from "../src/parts/remedies";')
    values.append(_constant("shifted", kind, shifted))
    imports.append('import type { Offsets, Tallies } from "../src/parts/decision_data";')
    values.append(_constant("decision_counts", f"({_COUNTS})[]", _decisions(before, card)))
    identity = {key: card[key] for key in ("index", "name", "notice")}
    imports.append('import type { ClassCard } from "../src/model";')
    values.append(_constant("identity", "ClassCard", identity))
    return "\n".join([_HEAD + "\n".join(sorted(imports)), *values])


def _decisions(analysis: Analysis, card: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what moving the decision of class 1 must tell, by Python alone."""
    chosen = card["decision_map"]["pair"]["adversary"]
    moves = [{1: own, chosen: other} for own in (-2.0, 0.0, 0.35, 1.5) for other in (0.0, 1.0)]
    return [
        {"own": move[1], "adversary": move[chosen]} | counts_after(analysis, 1, chosen, move)
        for move in moves
    ]


def _told(kind: type[Panel]) -> list[str]:
    """List the traits that a panel is made with, but for cards and what is set in the page."""
    rest = {"card", "ahead", "marks", "selected", "likely", "marked", "labels", "filter", "wanted"}
    rest |= {"opens", "opened", "held", "edits", "editing", "edit", "remedy", "tried", "shifts"}
    return [name for name in kind.class_own_traits(sync=True) if name not in rest]


def _title(name: str) -> str:
    return name.title().replace("_", "")


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def _constant(name: str, kind: str, value: Any) -> str:
    return f"\nexport const {name}: {kind} = {_typescript(value)};"


def _typescript(value: Any) -> str:
    """Write a value as an object literal, bytes as a view of them."""
    written = json.dumps(_plain(value), ensure_ascii=True, allow_nan=False, indent=2)
    return re.sub(r'"<bytes ([\d,]*)>"', r"new DataView(Uint8Array.of(\1).buffer)", written)


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        # What they draw is not asked of a picture, and differs with the version of its library.
        held = b"" if value.startswith((b"\x89PNG", b"\xff\xd8")) else value
        return f"<bytes {','.join(map(str, held))}>"
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, float):
        return float(np.round(value, 6))  # processors may differ in the last bits
    return value


if __name__ == "__main__":
    CONTRACT.write_text(contract(), encoding="utf-8")
