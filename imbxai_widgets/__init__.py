"""Linked Jupyter widgets that show, class by class, why an image classifier fails.

`Explorer` is loaded when it is first used, so that `analyze` works where the widget
packages are not installed.
"""

from __future__ import annotations

from importlib.metadata import version as _version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from imbxai_widgets.analysis import Analysis
    from imbxai_widgets.comparison import compare
    from imbxai_widgets.explorer import Explorer
    from imbxai_widgets.pipeline import analyze

__all__ = ["Analysis", "Explorer", "__version__", "analyze", "compare"]

_HOMES = {
    "Analysis": "analysis",
    "Explorer": "explorer",
    "analyze": "pipeline",
    "compare": "comparison",
}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return _version("imbxai_widgets")
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
