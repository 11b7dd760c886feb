"""What every panel is made of: its part of a class's card, and its widget.

A panel is one file in ``explorer/panels``: a `PanelContent` that fills its part of each card, the
TypedDict of that part, and a `Panel`, the widget that shows it. Its front end is the file of the
same name in ``js/src/panels``.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal, TypedDict

import anywidget
import ipywidgets as widgets
import traitlets

from imbxai_widgets.explorer.deck import Deck

STATIC = Path(__file__).resolve().parent.parent / "static"


class Part(TypedDict, total=False):
    """What a panel adds to the card of a class; each panel's own names its keys.

    The keys of all panels stand side by side on a card, so that no two may be alike.
    """

    notice: str  # what went wrong in making it; goes to the line above the panels


class PanelContent:
    """What one panel shows of an analysis.

    Parameters
    ----------
    deck : Deck
        The analysis, as all panels read it.

    Attributes
    ----------
    name : str
        Of its files, ``explorer/panels/NAME.py`` and ``js/src/panels/NAME.ts``.
    place : {"side", "head", "wide", "beside", "tab", "over"}
        Where it stands: beside all others, at the head of the page, on a line of its own, side by
        side with its neighbors in the registry where the page is wide enough, in a tab, or over
        the page, once something is opened.
    tab : str
        The title of its tab, if it stands in one.
    turn : int
        When a click sets its card: lower turns first, in order of the page among equal ones. What
        the browser can work off beside the rest, such as decoding images, comes first; what the
        reader looks at last comes last.
    part_type : type
        The TypedDict of its part of a card.
    asked : tuple of str
        The names of its methods that the front end may ask for, by `ask(kind, arguments)`; each
        returns a dict, in which bytes travel as they are, or a future of one.
    """

    name: ClassVar[str]
    place: ClassVar[Literal["side", "head", "wide", "beside", "tab", "over"]] = "wide"
    tab: ClassVar[str] = ""
    turn: ClassVar[int] = 0
    part_type: ClassVar[type] = Part
    asked: ClassVar[tuple[str, ...]] = ()

    def __init__(self, deck: Deck) -> None:
        self.deck = deck

    @classmethod
    def applies(cls, deck: Deck) -> bool:  # noqa: ARG003
        """Tell whether there is anything to show of this analysis."""
        return True

    @classmethod
    def keys(cls) -> tuple[str, ...]:
        """Return what its part adds to a card."""
        return part_keys(cls.part_type)

    def part(self, index: int, page: int) -> Mapping[str, Any]:  # noqa: ARG002
        """Return its part of the card of class `index`, with up to `page` images of a group."""
        return {}

    def widget(self, selected: int) -> Panel:
        """Return a new widget, with class `selected` shown first."""
        raise NotImplementedError(f"{type(self).__name__} must make its widget")


def part_keys(part: type) -> tuple[str, ...]:
    """Return the keys that a part of a card must have, by its TypedDict."""
    required: frozenset[str] = part.__required_keys__  # type: ignore[attr-defined]
    return tuple(key for key in part.__annotations__ if key in required)


class Card(traitlets.Dict):
    """A class card or the parts of it that one panel shows; empty while no class is shown.

    Parameters
    ----------
    part : type
        The TypedDict of what a card of this panel holds besides ``index`` and ``name``.
    """

    def __init__(self, part: type) -> None:
        super().__init__()
        self._keys = ("index", "name", *part_keys(part))

    def validate(self, obj: Any, value: Any) -> dict[str, Any]:
        """Refuse a card that lacks a part, naming it."""
        card = super().validate(obj, value) or {}
        missing = [key for key in self._keys if key not in card]
        if card and missing:
            raise traitlets.TraitError(
                f"The card of {type(obj).__name__} lacks {', '.join(missing)}; "
                f"it needs {', '.join(self._keys)}, or to be empty."
            )
        return card


class Panel(anywidget.AnyWidget):
    """Base class of the panels' widgets.

    A subclass names its bundle; ``static/<bundle>.js`` and, where it has a style sheet,
    ``static/<bundle>.css`` are read when a panel is made, so that the package can be imported
    before its front end is built.

    The linker sets and hears these traits where a panel has them: ``card`` (the parts of the
    selected class's card that are the panel's), ``selected`` (the number of that class; one set in
    the page selects it), ``ahead`` (as `card`, of a class that may be selected next), ``likely``
    (numbers of such classes, told by the panel), ``filter`` (images that the panel asks to be
    shown; see js/src/parts/filter.ts), ``wanted`` (images that another panel asks for),
    ``opens`` (what the panel asks to be opened in the dialog; see js/src/parts/open.ts), ``opened``
    (what any panel asks to be opened), ``remedy`` (one that the panel asks to be tried; see
    js/src/parts/remedies.ts), ``tried`` (that which any panel asks for), ``shifts`` (what is added
    to logits, by the numbers of classes; the same in all panels that have it), ``marked`` (keys of
    the marked images, such as ``"training:12"``), and those of `Editing`.

    Parameters
    ----------
    **traits
        Initial values of the panel's public traits.

    Attributes
    ----------
    waits : bool
        Whether `selected` follows only when the card of the class is there: the page would be laid
        out once more while the kernel makes it.

    Raises
    ------
    TypeError
        If a keyword is not a trait of the panel; the message lists the valid ones.
    FileNotFoundError
        If the front end has not been built.
    """

    waits: ClassVar[bool] = False
    _bundle: ClassVar[str]

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

    @property
    def box(self) -> widgets.DOMWidget:
        """What stands on the page: the panel itself, or the box that it steers."""
        return self

    @traitlets.default("_esm")
    def _read_esm(self) -> str:
        return read_static(f"{self._bundle}.js")

    @traitlets.default("_css")
    def _read_css(self) -> str:
        name = f"{self._bundle}.css"
        return read_static(name) if (STATIC / name).is_file() else ""


class Editing(traitlets.HasTraits):
    """The traits of a panel that edits images; the linker sets and hears them (parts/edits.ts).

    Parameters
    ----------
    edits : dict of str to dict
        The edits by the key of the image: ``action`` ("relabel", "exclude" or "keep"), and of
        "relabel" the ``label``, the number of a class.
    editing : dict
        ``why`` nothing can be edited, or ""; whether there is anything to ``undo`` and ``redo``;
        the ``names`` of all classes; where edits are ``kept``.
    edit : dict
        What is asked for in the page.
    """

    edits: Any = traitlets.Dict().tag(sync=True)
    editing: Any = traitlets.Dict().tag(sync=True)
    edit: Any = traitlets.Dict().tag(sync=True)


class Tiles(Editing):
    """The traits of a panel that shows images, which can be marked, opened and edited there.

    Parameters
    ----------
    marked : list of str
        Keys of the marked images, such as ``"training:12"``, in the order they were marked.
    opens : dict
        Which image a click opens; see js/src/parts/open.ts.
    """

    marked = traitlets.List(traitlets.Unicode()).tag(sync=True)
    opens: Any = traitlets.Dict().tag(sync=True)


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
