"""Remedies as they cross between Python and the front end: by name, with plain parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypedDict

from imbxai_widgets.compute.remedies.data import ApplyEdits, DropSuspects, Reweight
from imbxai_widgets.compute.remedies.heads import (
    ClassifierRetraining,
    NearestClassMean,
    TauNormalization,
)
from imbxai_widgets.compute.remedies.logits import (
    LogitAdjustment,
    LogitOffset,
    Temperature,
    Threshold,
)
from imbxai_widgets.compute.remedies.remedy import Remedy
from imbxai_widgets.explorer.deck import Deck


class AskedRemedy(TypedDict):
    """A remedy by the name of its class.

    Its parameters are those of the class, but for classes, which are named by their numbers, as
    text, and edits, which are those of the Explorer; js/src/parts/remedies.ts has the same.
    """

    name: str
    parameters: dict[str, Any]


_PLAIN: Final[dict[str, type[Remedy]]] = {
    kind.__name__: kind
    for kind in (
        LogitAdjustment,
        Temperature,
        TauNormalization,
        NearestClassMean,
        ClassifierRetraining,
        Reweight,
        DropSuspects,
    )
}


def remedies_of(asked: Sequence[Mapping[str, Any]], deck: Deck) -> tuple[Remedy, ...]:
    """Return the remedies that the front end names.

    Parameters
    ----------
    asked : sequence of AskedRemedy
    deck : Deck
        Whose classes they name, and whose edits are meant.

    Raises
    ------
    ValueError
        If there is no such remedy, or a parameter is out of range.

    Examples
    --------
    >>> asked = [{"name": "LogitOffset", "parameters": {"offsets": {"9": 1.5}}}]
    >>> remedies_of(asked, Deck(analysis))
    (LogitOffset(offsets={9: 1.5}),)
    """
    return tuple(_remedy(each["name"], each["parameters"], deck) for each in asked)


def _remedy(name: str, parameters: Mapping[str, Any], deck: Deck) -> Remedy:
    if name == "LogitOffset":
        return LogitOffset({int(key): value for key, value in parameters["offsets"].items()})
    if name == "Threshold":
        names = deck.analysis.class_names
        given = parameters["thresholds"].items()
        return Threshold({names[int(key)]: value for key, value in given})
    if name == "ApplyEdits":
        return ApplyEdits(deck.edits)
    if name not in _PLAIN:
        raise ValueError(f"there is no remedy {name!r}")
    return _PLAIN[name](**parameters)


def asked_of(remedy: Remedy, deck: Deck) -> AskedRemedy:
    """Return a remedy as the front end names it, such as for `Piece.remedy` of a sentence.

    Parameters
    ----------
    remedy : Remedy
    deck : Deck
        Whose classes it names.

    Raises
    ------
    ValueError
        If the panel has no such remedy.

    Examples
    --------
    >>> asked_of(LogitAdjustment(tau=1), Deck(analysis))
    {'name': 'LogitAdjustment', 'parameters': {'tau': 1}}
    >>> asked_of(Threshold({"Plants": 0.05}), Deck(analysis))
    {'name': 'Threshold', 'parameters': {'thresholds': {'9': 0.05}}}
    """
    name = type(remedy).__name__
    if isinstance(remedy, ApplyEdits):
        return {"name": name, "parameters": {}}
    if isinstance(remedy, LogitOffset):
        return {"name": name, "parameters": {"offsets": _by_number(remedy.offsets, deck)}}
    if isinstance(remedy, Threshold):
        return {"name": name, "parameters": {"thresholds": _by_number(remedy.thresholds, deck)}}
    plain = all(isinstance(value, int | float | str) for value in vars(remedy).values())
    if name not in _PLAIN or not plain:
        raise ValueError(f"the panel cannot show {remedy!r}")
    return {"name": name, "parameters": dict(vars(remedy))}


def _by_number(values: Mapping[Any, float], deck: Deck) -> dict[str, float]:
    index = deck.analysis.class_index
    return {
        str(index(key) if isinstance(key, str) else key): value for key, value in values.items()
    }


def code_of(remedies: Sequence[Remedy], deck: Deck) -> str:
    """Return the call of `Analysis.what_if` with these remedies, as code.

    Examples
    --------
    >>> code_of([LogitAdjustment(1), LogitOffset({9: 0.5})], Deck(analysis))
    "what_if = analysis.what_if(remedies.LogitAdjustment(tau=1), \
remedies.LogitOffset(offsets={'Plants': 0.5}))"
    """
    return f"what_if = analysis.what_if({', '.join(_call(each, deck) for each in remedies)})"


def _call(remedy: Remedy, deck: Deck) -> str:
    if isinstance(remedy, ApplyEdits):
        return "remedies.ApplyEdits(explorer.edits)"
    if isinstance(remedy, LogitOffset):
        names = deck.analysis.class_names
        named: dict[str | int, float] = {
            names[key] if isinstance(key, int) else key: value
            for key, value in remedy.offsets.items()
        }
        return f"remedies.{LogitOffset(named)!r}"
    return f"remedies.{remedy!r}"
