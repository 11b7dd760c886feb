"""The arguments of an `Explorer`: what goes together, and the analysis that they ask for."""

from __future__ import annotations

from typing import Any

from torch import nn

from imbxai_widgets.analysis import Analysis
from imbxai_widgets.pipeline import AnalyzeOptions, AnalyzeSettings, analyze_with


def check_arguments(
    model: Any, dataset: Any, validation: Any, compare: Any, options: AnalyzeOptions
) -> None:
    """Refuse arguments that do not go together, before any long work.

    Parameters
    ----------
    model, dataset, validation, compare
        As for `Explorer`.
    options
        Those of `analyze`.

    Raises
    ------
    TypeError
        If the dataset is missing, `compare` is neither model nor analysis, an option is none of
        `analyze`'s, or arguments are given that an analysis leaves no use for.

    Examples
    --------
    >>> check_arguments(nn.Linear(2, 2), [], None, None, {"k": 3})
    """
    if compare is not None and not isinstance(compare, nn.Module | Analysis):
        raise TypeError(f"compare must be a model or an Analysis, not {type(compare).__name__}.")
    if not isinstance(model, Analysis):
        unknown = [name for name in options if name not in AnalyzeOptions.__annotations__]
        if unknown:
            raise TypeError(f"Explorer() and analyze() have no option {', '.join(unknown)}.")
        if dataset is None:
            raise TypeError(
                "Explorer(model, dataset) needs the training images as `dataset`; "
                "alone it takes an Analysis."
            )
        return
    given = {"dataset": dataset, "validation": validation, **options}
    unused = [name for name, value in given.items() if value is not None]
    if unused:
        raise TypeError(
            f"Explorer(analysis) takes nothing else but `compare`, but got {', '.join(unused)}; "
            "such options belong to analyze()."
        )
    if isinstance(compare, nn.Module):
        raise TypeError(
            "Explorer(analysis, compare=...) takes another Analysis, not a model; "
            "analyze() makes one of the model and the same images."
        )


def analysis_of(
    model: nn.Module | Analysis,
    dataset: Any,
    validation: Any,
    options: AnalyzeOptions,
    side: str = "",
) -> Analysis:
    """Analyze a model, unless it is an analysis.

    Parameters
    ----------
    model, dataset, validation
        As for `Explorer`.
    options
        Those of `analyze`.
    side
        Which of two models it is, for the titles of the progress bars.
    """
    if isinstance(model, Analysis):
        return model
    # The panels show images, also where no colors are counted, which would check that they can.
    settings = AnalyzeSettings(**options)
    return analyze_with(model, dataset, validation, settings, title=side, shown=True)
