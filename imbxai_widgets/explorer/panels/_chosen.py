"""What was chosen on which images, in words."""

from __future__ import annotations

from collections.abc import Sequence

from imbxai_widgets.analysis.what_if import WhatIf
from imbxai_widgets.compute.remedies.remedy import Remedy
from imbxai_widgets.explorer.text import counted


def chosen_in_words(what_if: WhatIf, given: Sequence[Remedy]) -> str:
    """Say what was chosen on which images; nothing where all parameters were given.

    Parameters
    ----------
    what_if : WhatIf
    given : sequence of Remedy
        What it was made of, with parameters that were to be found.

    Examples
    --------
    >>> from imbxai_widgets.remedies import LogitAdjustment
    >>> given = [LogitAdjustment()]
    >>> chosen_in_words(analysis.what_if(*given), given)
    'Each half of the 824 validation images is judged with what the other half chose: tau = 0.1 \
for one, 1.1 for the other. For use, all choose tau = 1.1.'
    """
    images = counted(len(what_if.labels), "validation image")
    if not what_if.chosen:
        return ""
    names = [type(remedy).__name__ for remedy in given if remedy.is_open]
    by_fold = [" and ".join(_values(fold, names)) for fold in what_if.chosen]
    for_use = " and ".join(_values(what_if.remedies, names))
    first, second = by_fold
    second = second.removeprefix(first.split("=")[0] + "= ") if len(names) == 1 else second
    return (
        f"Each half of the {images} is judged with what the other half chose: {first} for one, "
        f"{second} for the other. For use, all choose {for_use}."
    )


def found_parameters(what_if: WhatIf, given: Sequence[Remedy]) -> dict[str, float]:
    """Return the parameters that were to be found, as all images choose them, by remedy."""
    names = {type(remedy).__name__ for remedy in given if remedy.is_open}
    return {
        type(remedy).__name__: float(next(iter(vars(remedy).values())))
        for remedy in what_if.remedies
        if type(remedy).__name__ in names
    }


def _values(remedies: Sequence[Remedy], names: Sequence[str]) -> list[str]:
    """Return the found parameters of remedies as text, such as "tau = 0.3"."""
    found = []
    for remedy in remedies:
        if type(remedy).__name__ in names:
            ((key, value),) = vars(remedy).items()
            called = "temperature" if key == "value" else key
            found.append(f"{called} = {value:.3g}")
    return found
