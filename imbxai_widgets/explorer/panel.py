"""What all panels have in common: the bundled front end and strict arguments."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import anywidget
import traitlets

STATIC = Path(__file__).resolve().parent.parent / "static"


def read_static(name: str) -> str:
    """Text of one file of the bundled front end.

    Parameters
    ----------
    name : str
        File name inside ``imbxai_widgets/static``, such as ``"header.js"``.

    Returns
    -------
    str
        The file's text.

    Raises
    ------
    FileNotFoundError
        If the front end has not been built; the message says how to build it.
    """
    try:
        return (STATIC / name).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise FileNotFoundError(
            f"The front end of imbxai_widgets is not built: {STATIC / name} is missing. "
            "In a clone of the repository run `npm ci && npm run build` in the folder js, "
            "or `pip install -e .` in its root. "
            "An installed package without this file is broken: install it again."
        ) from None


class Panel(anywidget.AnyWidget):
    """Base class of the panels.

    A subclass names its bundle; ``static/<bundle>.js`` and, where it has a style sheet,
    ``static/<bundle>.css`` are read when a panel is made, so that the package can be imported
    before its front end is built.

    Parameters
    ----------
    **traits
        Initial values of the panel's public traits.

    Raises
    ------
    TypeError
        If a keyword is not a trait of the panel; the message lists the valid ones.
    FileNotFoundError
        If the front end has not been built.
    """

    _bundle: ClassVar[str]
    _has_style: ClassVar[bool] = True

    # Declared as traits with lazy defaults: given a path instead, anywidget would open the file
    # while the class is being defined, that is on import.
    _esm = traitlets.Unicode().tag(sync=True)
    _css = traitlets.Unicode().tag(sync=True)

    def __init__(self, **traits: object) -> None:
        valid = sorted(name for name in self.trait_names(sync=True) if not name.startswith("_"))
        unknown = sorted(traits.keys() - set(valid))
        if unknown:
            raise TypeError(
                f"{type(self).__name__}() got unknown argument(s) {', '.join(map(repr, unknown))}; "
                f"valid ones are {', '.join(valid)}."
            )
        super().__init__(**traits)

    @traitlets.default("_esm")
    def _read_esm(self) -> str:
        return read_static(f"{self._bundle}.js")

    @traitlets.default("_css")
    def _read_css(self) -> str:
        return read_static(f"{self._bundle}.css") if self._has_style else ""
