"""Linked Jupyter widgets that show, class by class, why an image classifier fails.

`Explorer` is loaded when it is first used, so that `analyze` works where the widget
packages are not installed. `RayImages` says how a cluster runs an analysis, and imports Ray no
earlier.
"""

from __future__ import annotations

from importlib import import_module as _import_module
from typing import TYPE_CHECKING, Any

from imbxai_widgets.version import __version__

if TYPE_CHECKING:
    from imbxai_widgets.analysis import Analysis, compare
    from imbxai_widgets.compute.embedding.ray_cluster import RayImages
    from imbxai_widgets.edits import Edits
    from imbxai_widgets.explorer import Explorer
    from imbxai_widgets.pipeline import analyze

__all__ = ["Analysis", "Edits", "Explorer", "RayImages", "__version__", "analyze", "compare"]

_HOMES = {
    "Analysis": "analysis",
    "Edits": "edits",
    "Explorer": "explorer",
    "RayImages": "compute.embedding.ray_cluster",
    "analyze": "pipeline",
    "compare": "analysis",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(_import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
