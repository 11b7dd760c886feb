"""`Explorer`: the linked widgets, made of an analysis and the registry of panels."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import partial
from itertools import count, groupby
from typing import Any, ClassVar, Unpack
from weakref import WeakSet

import ipywidgets as widgets
import numpy as np
import pandas as pd
import traitlets
from torch import nn

from imbxai_widgets.analysis import Analysis, Comparison
from imbxai_widgets.analysis import compare as compare_analyses
from imbxai_widgets.compute.methods.projection import check_projection
from imbxai_widgets.edits import Edits
from imbxai_widgets.edits.edits import edits_for
from imbxai_widgets.explorer.anywhere import NOT_AN_ANYWIDGET, Anywhere
from imbxai_widgets.explorer.arguments import (
    Given,
    analysis_of,
    check_arguments,
    network_of,
    with_images,
)
from imbxai_widgets.explorer.cards import Card, CardDeck, cards_within, first_cards
from imbxai_widgets.explorer.deck import Deck
from imbxai_widgets.explorer.display import enable_colab_widgets, leave_line
from imbxai_widgets.explorer.labels import label
from imbxai_widgets.explorer.lifetime import Mortal, keep, weakly, widgets_within
from imbxai_widgets.explorer.linker import Linker, links
from imbxai_widgets.explorer.marks import marked_table
from imbxai_widgets.explorer.panel import PanelContent
from imbxai_widgets.explorer.requests import Requests, in_short
from imbxai_widgets.explorer.tabs import BOX, Tabs
from imbxai_widgets.explorer.text import counted
from imbxai_widgets.names import shown_name
from imbxai_widgets.pipeline import AnalyzeOptions

# All cards are made and sent at once up to these limits, so that no selection waits for the
# kernel; beyond them each is fetched when its class is first selected. A card takes about 40 ms
# to make and holds 50 kB for the ten classes of the embedded images (32 x 32 pixels).
EAGER_CLASSES = 40
EAGER_IMAGES = 20_000  # prototypes of larger groups take seconds
EAGER_BYTES = 4_000_000
HELD_BYTES = 64_000_000  # of a page without a kernel: base64 makes 85 MB of them

_CLOSED = (
    "This Explorer is closed: make another of its analysis, Explorer(analysis), "
    "or of a model and its images, Explorer(model, dataset)."
)


class Explorer(Mortal):
    """Linked widgets that show, class by class, why an image classifier fails.

    Selecting a class in any panel, or by `selected_class`, updates all panels in the browser.
    The class shown first is the one with the lowest validation accuracy (training accuracy if
    there are no validation images): the one that most needs looking at. With a second model it is
    the class whose accuracy changed most.

    It lives as long as a variable, `Out` or another widget holds it, or the cell that displayed it,
    until that cell displays another or is deleted; then its widgets close. One that only `Out` and
    `_` still hold when its cell shows another loses its widgets and keeps its analysis. What a
    callback displays lives until a page has shown it, shows it no more, and the callback displays
    another. A Tab or VBox around it holds it until that is closed. `close` ends it at once.

    Parameters
    ----------
    source : torch.nn.Module or Analysis
        The classifier to analyze, or an analysis made before.
    dataset : torch.utils.data.Dataset, optional
        The training images; needed with a model. With an analysis, and the model that it is of,
        they are the images that were analyzed.
    model : torch.nn.Module, optional
        With an analysis, the model that it is of, which no analysis holds: the dialog of an image
        then shows what the network looks at. Held until `close`, and left as it is. If the
        analysis has its images, `dataset` and `validation` need not be given.
    validation : Dataset, optional
        Images that the model has not seen.
    compare : torch.nn.Module or Analysis, optional
        A second classifier of the same images, or its analysis; adds a panel of what became of
        the selected class from the first (before) to this one (after). All other panels show the
        first.
    edits : str, path-like or Edits, optional
        Where edits of images are kept: the path of a journal, in which each edit is on the disk at
        once and which is taken up again; or edits that there are already, such as another
        Explorer's. By default they end with the process. See `imbxai_widgets.Edits`.
    projection : {"pca", "umap"} or pair of arrays, optional
        How all images come to the map: see `Analysis.with_projection`, of which `analysis` holds
        the result. By default as the analysis has it, else by PCA, once the map is looked at.
    **options
        Passed on to `imbxai_widgets.analyze`, for both models. With an analysis and its model,
        `layer`, `device`, `transform`, `keys` and `display_transform` tell how these are read.

    Attributes
    ----------
    selected_class : str
        Name of the class shown; may be set and observed.

    Raises
    ------
    TypeError
        If the dataset is missing, `compare` is neither model nor analysis, or arguments are given
        that an analysis leaves no use for.
    ValueError
        If the two analyses are not of the same classes and images, or the images given with an
        analysis are not those that were analyzed. `ModelChanged`, a kind of it, if its model gives
        images other logits than were kept; so it does where `Analysis.calibrated` has scaled these.
        If `edits` belong to other images, or the file is no journal or is open in another process
        (`JournalError`).

    Examples
    --------
    >>> explorer = Explorer(model, train_set, validation=test_set)
    >>> explorer.selected_class
    'Clothing'
    >>> explorer.selected_class = "Plants"  # the same as a click on it
    >>> explorer.selection.empty  # the images marked in the page
    True
    >>> Explorer(analysis, compare=ldam_analysis).comparison
    Comparison(1922 images, 10 classes)
    >>> explorer.edits.exclude(12)  # the same as in the page
    >>> explorer.edits.table()["action"].tolist()
    ['exclude']
    >>> Explorer(analysis, model=model)  # as the first, without running all images again
    Explorer(Analysis(1922 training images, 824 for validation, 10 classes, 64 features, \
5 neighbors))
    """

    selected_class = traitlets.Unicode(help="Name of the class that the panels show.")
    _made: ClassVar[WeakSet[Explorer]] = WeakSet()
    _held_deck: CardDeck | None = None  # None before it is made, and when it is closed
    _held_widgets: tuple[widgets.Widget, ...] = ()
    _esm = traitlets.Unicode(NOT_AN_ANYWIDGET).tag(sync=True)
    _anywhere: Anywhere | None = None

    def __init__(
        self,
        source: nn.Module | Analysis | None = None,
        dataset: Any = None,
        *,
        model: nn.Module | None = None,
        validation: Any = None,
        compare: nn.Module | Analysis | None = None,
        edits: str | os.PathLike[str] | Edits | None = None,
        projection: Any = None,
        **options: Unpack[AnalyzeOptions],
    ) -> None:
        given = check_arguments(source, dataset, model, validation, compare, options)
        if projection is not None:
            check_projection(projection)
        self._held_deck = _deck_of(given, edits, projection)
        self._make_panels()
        super().__init__([self._arrange(), *self._over(), self._linker])
        self._held_widgets = tuple(widgets_within(self)[1:])
        self.add_class("imbxai-explorer")
        self._linker.observe(weakly(self._on_linker_selected), "selected")
        self.edits.observe(weakly(self._show_edits))
        self._show_edits()
        self.selected_class = self._analysis.class_names[self._linker.selected]
        self._made.add(self)

    @property
    def analysis(self) -> Analysis:
        """The analysis that the widgets show."""
        return self._analysis

    @property
    def comparison(self) -> Comparison | None:
        """The comparison with the second model, as tables; None without one."""
        return self._deck.comparison

    @property
    def selection(self) -> pd.DataFrame:
        """The marked images, training and validation, in the order they were marked.

        One row each: ``split``, ``file`` (None where the dataset does not tell it), and the
        columns of `Analysis.image_table`; the index is the number of the image in its dataset.
        """
        self._check_open()
        return marked_table(self._analysis, self._linker.marked)

    @property
    def edits(self) -> Edits:
        """What was decided of single images, in the page and here; all views show it.

        The panels show the analysis without them; `Analysis.with_edits` is that after them.
        """
        return self._deck.edits

    def hold_cards(self, limit: int = HELD_BYTES) -> int:
        """Put what the panels show of each class into the widgets' state.

        For a page without a kernel, or a notebook that is saved with its widgets: there, only the
        classes held can be shown. `imbxai_widgets.page` calls it by itself. With few classes of
        few images all are held from the beginning. Images on these cards can be opened there, at
        their own size and with all that needs no network.

        Parameters
        ----------
        limit : int
            Bytes that the cards may take, about; what is shown of single images may take a quarter
            as many more (of the embedded ones 4 kB each), and beyond that is left out.

        Returns
        -------
        int
            How many classes are held: the selected one, then in the order of `class_names`.
        """
        self._check_open()
        first = self._linker.selected
        if len(self._linker.cards) < self._analysis.n_classes:
            others = (index for index in range(self._analysis.n_classes) if index != first)
            self._linker.cards = first_cards(self._deck, (first, *others), limit)
        cards = sorted(self._linker.cards, key=lambda card: bool(card["index"] != first))
        detail: Any = self._deck.contents["detail"]
        self._panels["detail"].held = detail.held(cards, limit // 4)
        shown_map: Any = self._deck.contents["map"]
        self._panels["map"].held = shown_map.held(limit)
        what_if: Any = self._deck.contents["what_if"]
        self._panels["what_if"].held = what_if.held(limit)
        decision_map: Any = self._deck.contents["decision_map"]
        self._panels["decision_map"].held = decision_map.held(cards, limit // 4)
        return len(self._linker.cards)

    def close(self) -> None:
        """Close all of its widgets and let go of the analysis and the model.

        Pages that show it show it no more, and `analysis`, `selection` and the like raise a
        RuntimeError: keep the analysis in a variable if it is still needed. An Explorer that
        nothing refers to any more closes by itself.

        Examples
        --------
        >>> explorer = Explorer(analysis)
        >>> explorer.close()
        >>> explorer
        Explorer(closed)
        """
        self._close_widgets()
        deck, self._held_deck = self._held_deck, None
        if deck is not None:
            deck.close()

    def _close_widgets(self) -> None:
        """Close all widgets; the analysis can still be read."""
        super().close()
        held, self._held_widgets, self.children = self._held_widgets, (), ()
        if self._anywhere is not None:
            held, self._anywhere = (*held, self._anywhere), None
        for name in ("_panels", "_tabs", "_linker", "_message"):
            self.__dict__.pop(name, None)
        for widget in held:
            widget.close()

    def _check_open(self) -> None:
        if self.comm is None:
            raise RuntimeError(_CLOSED)

    def __repr__(self) -> str:  # ipywidgets' would hold all that is shown
        held = [repr(self._held_deck.analysis)] if self._held_deck else []
        state = [] if self.comm else ["closed"]
        return f"Explorer({', '.join(held + state)})"

    def as_anywidget(self) -> Anywhere:
        """Return the panels as one anywidget, for hosts that show no other widgets, as marimo.

        The panels are shown by it alone from then on; `selected_class` and `selection` stay as they
        are. An Explorer at the end of a cell of marimo is shown so by itself.

        Returns
        -------
        Anywhere
            An ``anywidget.AnyWidget``; the same one until it is closed.

        Raises
        ------
        RuntimeError
            If the Explorer is closed.

        Examples
        --------
        >>> shown = Explorer(analysis).as_anywidget()  # in marimo: mo.ui.anywidget(shown)
        """
        self._check_open()
        if self._anywhere is None or self._anywhere.comm is None:
            self._anywhere = Anywhere.of(self)
        return self._anywhere

    def _display_(self) -> Anywhere:
        return self.as_anywidget()  # what marimo shows

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        enable_colab_widgets()
        leave_line(self._left_behind())
        for replaced in keep(self):
            replaced._close_widgets()
        return {**super()._repr_mimebundle_(**kwargs), "text/plain": repr(self)}

    def _left_behind(self) -> str:
        """Say what the panels showed, for a page that cannot show them."""
        images = counted(len(self._analysis.train), "training image")
        classes = counted(self._analysis.n_classes, "class", "classes")
        name = shown_name(self.selected_class)
        return (
            f"Explorer of {images} in {classes}, opened at the class {name}. "
            "Where no panels are shown, run this cell again to see them, or make a page of the "
            "notebook that shows them without a kernel: "
            "python -m imbxai_widgets.page NOTEBOOK --output PAGE"
        )

    @property
    def _deck(self) -> CardDeck:
        if self._held_deck is None:
            raise RuntimeError(_CLOSED)
        return self._held_deck

    @property
    def _analysis(self) -> Analysis:
        return self._deck.analysis

    # -- composition ---------------------------------------------------------------------

    def _make_panels(self) -> None:
        first = _first_class(self._deck)
        contents = self._deck.contents
        self._panels = {name: content.widget(first) for name, content in contents.items()}
        self._message = label("", "imbxai-message")  # what the panels wait for, what went wrong
        tabs = {content.name: content.tab for content in contents.values() if content.tab}
        titles = list(dict.fromkeys(tabs.values()))  # panels may share a tab
        self._tabs = Tabs(
            titles=titles,
            images=titles.index(tabs["images"]),
            remedies=titles.index(tabs["what_if"]),
        )
        self._linker = Linker(
            panels=links(contents.values(), self._panels, self._tabs),
            tabs=self._tabs,
            message=self._message,
            class_names=[self._deck.name(index) for index in range(self._analysis.n_classes)],
            cards=self._eager_cards(),
            selected=first,
            layout=widgets.Layout(display="none"),
        )
        self._answer_requests()

    def _eager_cards(self) -> list[Card]:
        if len(self._analysis.train) > EAGER_IMAGES:
            return []
        return cards_within(self._deck, EAGER_CLASSES, EAGER_BYTES)

    def _arrange(self) -> widgets.Widget:
        """Put the panels where they belong, in the order of the registry."""
        side: list[Any] = []
        column: list[Any] = []
        for place, group in groupby(self._deck.contents.values(), lambda content: content.place):
            boxes = [self._panels[content.name].box for content in group]
            if place == "side":
                side += boxes
            elif place == "head":
                column += [*boxes, self._message]
            elif place == "beside":
                column.append(_styled(widgets.HBox(boxes), "imbxai-beside", "imbxai-section"))
            elif place == "over":
                continue
            elif place == "tab":
                column += [self._tabs, *map(_in_tab, count(), self._tab_boxes())]
            else:
                column += [_styled(box, "imbxai-section") for box in boxes]
        main = _styled(widgets.VBox(column), "imbxai-main")
        return _styled(widgets.HBox([*side, main]), "imbxai-layout")

    def _tab_boxes(self) -> list[widgets.Widget]:
        """Return what stands in each tab: a panel, or several one below the other."""
        in_tabs = [content for content in self._deck.contents.values() if content.place == "tab"]
        found: dict[str, list[widgets.Widget]] = {}
        for content in in_tabs:
            found.setdefault(content.tab, []).append(self._panels[content.name].box)
        return [boxes[0] if len(boxes) == 1 else widgets.VBox(boxes) for boxes in found.values()]

    def _over(self) -> list[widgets.Widget]:
        """Return the boxes of what comes over the page: nothing of them is seen before."""
        contents = self._deck.contents.values()
        return [self._panels[each.name].box for each in contents if each.place == "over"]

    # -- selection -----------------------------------------------------------------------

    @traitlets.validate("selected_class")
    def _check_class(self, proposal: Any) -> str:
        self._check_open()
        self._analysis.class_index(proposal["value"])  # raises, naming the valid ones
        return str(proposal["value"])

    @traitlets.observe("selected_class")
    def _on_selected_class(self, change: Any) -> None:
        # Of several classes of one name, the linker may already show another than the first.
        if self._analysis.class_names[self._linker.selected] != change["new"]:
            self._linker.selected = self._analysis.class_index(change["new"])

    def _on_linker_selected(self, change: Any) -> None:
        try:
            self.selected_class = self._analysis.class_names[change["new"]]
        except Exception as error:  # of the user's own observers
            self._say(f"A callback of selected_class failed: {in_short(error)}")
            raise

    # -- requests of the front end -------------------------------------------------------

    def _answer_requests(self) -> None:
        Requests(self._linker, weakly(self._answer_linker))
        for name, content in self._deck.contents.items():
            Requests(self._panels[name], partial(_answer, content))

    def _answer_linker(self, kind: str, **arguments: Any) -> Mapping[str, Any]:
        if kind == "card":
            return self._deck.card(arguments["index"], 0)  # the images tab asks for what it shows
        if kind == "edit":
            return {"changed": self._deck.edits.ask(**arguments)}
        raise ValueError(f"there is no answer to {kind!r}")

    def _show_edits(self) -> None:
        if self.comm is None:  # closed, which the edits need not know
            return
        edits = self._deck.edits
        self._linker.history = {
            "undo": edits.can_undo,
            "redo": edits.can_redo,
            "kept": "" if edits.path is None else str(edits.path),
        }
        self._linker.edits = edits.changes

    def _say(self, text: str) -> None:
        """Show a line above the panels, also one that has been shown before."""
        self._linker.send({"type": "notice", "message": text})


def _deck_of(
    given: Given, edits: str | os.PathLike[str] | Edits | None, projection: Any
) -> CardDeck:
    """Make what the panels show: an analysis, its comparison with another, the model at hand."""
    images = (given.dataset, given.validation, given.options)
    analysis = analysis_of(given.subject, *images, "" if given.compare is None else "Before")
    if projection is not None:
        shown = given.options.get("progress", True)
        analysis = analysis.with_projection(projection, progress=shown)
    comparison = None
    if given.compare is not None:
        comparison = compare_analyses(analysis, analysis_of(given.compare, *images, "After"))
    given_back = given.subject is not given.model  # else the analysis was made of it just now
    if given_back:
        analysis = with_images(analysis, given)
    network = network_of(analysis, given)
    if given_back and network is not None:
        network.check()
    return CardDeck(analysis, comparison, network, edits=edits_for(analysis, edits))


def _answer(content: PanelContent, kind: str, **arguments: Any) -> Mapping[str, Any]:
    if kind not in content.asked:
        raise ValueError(f"there is no answer to {kind!r}")
    found: Mapping[str, Any] = getattr(content, kind)(**arguments)
    return found


def hold_all_cards(limit: int = HELD_BYTES) -> list[str]:
    """Have every Explorer of this process hold its cards; say of which classes there are none.

    Each may take its share of `limit`, in bytes.
    """
    notes = []
    explorers = list(Explorer._made)
    for explorer in explorers:
        held = explorer.hold_cards(limit // len(explorers))
        classes = explorer.analysis.n_classes
        if held < classes:
            notes.append(f"an Explorer shows {held} of {classes} classes without a kernel")
    return notes


def _first_class(deck: Deck) -> int:
    """Return the class that most needs looking at, which is shown first."""
    before, *after = deck.accuracies
    # Of two models the class that changed most, of one the weakest; unknown ones come last.
    urgency = np.abs(after[0] - before) if after else -before
    return int(np.argmax(np.where(np.isnan(urgency), -np.inf, urgency)))


def _styled(box: Any, *styles: str) -> Any:
    for style in styles:
        box.add_class(style)
    return box


def _in_tab(number: int, box: Any) -> Any:
    return _styled(box, BOX, f"{BOX}-{number}")
