"""Which remedies can be tried on an analysis, and why the others cannot."""

from __future__ import annotations

from typing import Final, TypedDict

from imbxai_widgets.analysis import Analysis
from imbxai_widgets.compute.remedies.heads import NearestClassMean

_NO_LOGITS: Final = (
    "The network's logits are not known: the analysis has no head, and does not keep all "
    "probabilities. Behind a refit or class means it can be tried."
)
_NOT_LINEAR: Final = (
    "What the network makes of embeddings is not linear, or not known. Behind a refit it can be "
    "tried."
)
_NORMALIZED: Final = "The head is normalized: the weights of all classes are of one length."
_LIKELY: Final = 0.5  # score above which there is more evidence for another label


class Offers(TypedDict):
    """What can be tried.

    Attributes
    ----------
    why
        By the names of remedies that cannot be tried on the network as it is: the reason.
    lifted
        Those of them that can be tried once another head is put in.
    missing
        Why none can, or "".
    suspects
        Training images with more evidence for another label than for their own.
    most
        Training images that may be left out as suspect, at most: a tenth.
    """

    why: dict[str, str]
    lifted: list[str]
    missing: str
    suspects: int
    most: int


def offers(analysis: Analysis) -> Offers:
    """Return which remedies can be tried; draws the samples that all intervals need.

    Examples
    --------
    >>> found = offers(analysis)
    >>> found["why"], found["missing"], found["suspects"] > 0
    ({}, '', True)
    """
    why: dict[str, str] = {}
    lifted: list[str] = []
    missing = ""
    try:
        analysis.what_if().classes()
    except ValueError as error:
        missing = _works_at_all(analysis, error)
        lifted = ["LogitAdjustment", "LogitOffset", "Threshold", "Temperature"]
        why = dict.fromkeys(lifted, _NO_LOGITS)
    if analysis.head is None:
        why["TauNormalization"] = _NOT_LINEAR
        lifted.append("TauNormalization")
    elif analysis.head.normalized:
        why["TauNormalization"] = _NORMALIZED
    suspects = 0 if missing else int((analysis.suspect_rows().scores > _LIKELY).sum())
    return {
        "why": why,
        "lifted": lifted,
        "missing": missing,
        "suspects": suspects,
        "most": max(1, len(analysis.train) // 10),
    }


def _works_at_all(analysis: Analysis, error: ValueError) -> str:
    """Return why nothing can be tried, or "" where only the network's logits are not known."""
    try:
        analysis.what_if(NearestClassMean())  # which does without
    except ValueError:
        text = str(error)
        return f"{text[:1].upper()}{text[1:]}."
    return ""
