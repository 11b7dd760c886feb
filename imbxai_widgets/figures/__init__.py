"""The paper's figures in matplotlib, ready for print, from an `Analysis`.

In the paper, `archetype_rates` is Fig. 2, `prototypes` Fig. 3, `adversaries` Fig. 4,
`feature_overlap` Fig. 5, `errors_before_after` Fig. 6, `salient_colors` Fig. 7 and
`color_comparison` Fig. 8; `class_accuracy` and `feature_density` are charts of the authors'
scripts.

Every function draws a new figure, one or two columns of a page wide, or into the `figure` that it
is given (a matplotlib Figure or SubFigure), and returns the figure. A notebook shows it, and
``savefig("name.pdf")`` writes it, with text that can be searched and edited. pyplot is not used,
and rcParams stay as they are; of these, only the fonts are followed. Where there are more than 20
classes, the five largest and the five smallest stand for them, unless `classes` names others.

Needs matplotlib: ``pip install "imbxai_widgets[figures]"``.

Source: D. Dablain et al., "Interpretable ML for Imbalanced Data" (arXiv:2212.07743), and the
scripts that the authors published with it. What these do not settle is said in each docstring.
"""

from __future__ import annotations

try:
    import matplotlib  # noqa: F401  (asked for here, so that the error says what is missing)
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        "imbxai_widgets.figures needs matplotlib, which is not installed: "
        'run `pip install "imbxai_widgets[figures]"`.',
        name="matplotlib",
    ) from error

from imbxai_widgets.figures._archetypes import archetype_rates, prototypes
from imbxai_widgets.figures._classes import class_accuracy, errors_before_after
from imbxai_widgets.figures._colors import color_comparison, salient_colors
from imbxai_widgets.figures._confusion import adversaries
from imbxai_widgets.figures._features import feature_density, feature_overlap
from imbxai_widgets.figures._style import PaperFigure

__all__ = [
    "PaperFigure",
    "adversaries",
    "archetype_rates",
    "class_accuracy",
    "color_comparison",
    "errors_before_after",
    "feature_density",
    "feature_overlap",
    "prototypes",
    "salient_colors",
]
