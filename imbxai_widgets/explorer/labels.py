"""Labels of ipywidgets that show names as they are written, never as markup or mathematics."""

from __future__ import annotations

import ipywidgets as widgets


def label(text: str, style: str) -> widgets.Label:
    """Return a label of a CSS class."""
    made = widgets.Label(text)
    made.add_class(style)
    return as_written(made)


def as_written(made: widgets.DOMWidget) -> widgets.DOMWidget:
    """Keep JupyterLab from typesetting what a name has between dollar signs; return the label."""
    made.add_class("mathjax_ignore")
    return made
