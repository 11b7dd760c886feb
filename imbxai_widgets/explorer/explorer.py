"""`Explorer`: the linked widgets. The only module that knows the analysis, cards and views."""

from __future__ import annotations

from html import escape
from typing import Any, ClassVar
from weakref import WeakSet

import ipywidgets as widgets
import pandas as pd
import traitlets
from IPython.display import publish_display_data
from torch import nn

from imbxai_widgets.analysis import Analysis
from imbxai_widgets.analysis import compare as compare_analyses
from imbxai_widgets.analysis.comparison import Comparison
from imbxai_widgets.compute.reading.display import ImageSource
from imbxai_widgets.compute.reading.labeled_images import LabeledImages
from imbxai_widgets.compute.reading.samples import Samples, readable
from imbxai_widgets.explorer._names import shorten, shown_name
from imbxai_widgets.explorer.deck import (
    ADVERSARY_ROWS,
    PROTOTYPES,
    Card,
    CardDeck,
    cards_within,
    first_cards,
)
from imbxai_widgets.explorer.linker import Linker
from imbxai_widgets.explorer.panels._charts import message
from imbxai_widgets.explorer.panels._overview_data import overview
from imbxai_widgets.explorer.panels.adversaries import AdversaryChart
from imbxai_widgets.explorer.panels.archetypes import ArchetypeGallery
from imbxai_widgets.explorer.panels.class_picker import ClassPicker
from imbxai_widgets.explorer.panels.colors import ColorChart
from imbxai_widgets.explorer.panels.comparison import ComparisonPanel
from imbxai_widgets.explorer.panels.header import ClassHeader
from imbxai_widgets.explorer.panels.overlap import OverlapTable
from imbxai_widgets.explorer.panels.overview import OverviewPanel
from imbxai_widgets.explorer.text import counted
from imbxai_widgets.pipeline import analyze

# All cards are made and sent at once up to these limits, so that no selection waits for the
# kernel; beyond them each is fetched when its class is first selected. A card takes about 40 ms
# to make and holds 50 kB for the ten classes of the embedded images (32 x 32 pixels).
EAGER_CLASSES = 40
EAGER_IMAGES = 20_000  # prototypes of larger groups take seconds
EAGER_BYTES = 4_000_000
HELD_BYTES = 64_000_000  # of a page without a kernel: base64 makes 85 MB of them


class Explorer(widgets.VBox):  # type: ignore[misc]  # ipywidgets has no types
    """Linked widgets that show, class by class, why an image classifier fails.

    Selecting a class in any panel, or by `selected_class`, updates all panels in the browser.
    The class shown first is the one with the lowest validation accuracy (training accuracy if
    there are no validation images): the one that most needs looking at.

    Parameters
    ----------
    model : torch.nn.Module or Analysis
        The classifier to analyze, or an analysis made before.
    dataset : torch.utils.data.Dataset, optional
        The training images; needed with a model, not allowed with an analysis.
    validation : Dataset, optional
        Images that the model has not seen.
    compare : torch.nn.Module or Analysis, optional
        A second classifier of the same images, or its analysis; adds a panel of what became of
        the selected class from the first (before) to this one (after). All other panels show the
        first.
    **options
        Passed on to `imbxai_widgets.analyze`, for both models.

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
        If the two analyses are not of the same classes and images.

    Examples
    --------
    >>> explorer = Explorer(model, train_set, validation=test_set)  # doctest: +SKIP
    >>> explorer.selected_class = "truck"  # doctest: +SKIP
    >>> explorer.selection  # the images marked by a click  # doctest: +SKIP
    >>> Explorer(cross_entropy, train_set, compare=ldam)  # doctest: +SKIP
    """

    selected_class = traitlets.Unicode(help="Name of the class that the panels show.")
    _made: ClassVar[WeakSet[Explorer]] = WeakSet()

    def __init__(
        self,
        model: nn.Module | Analysis,
        dataset: Any = None,
        *,
        validation: Any = None,
        compare: nn.Module | Analysis | None = None,
        **options: Any,
    ) -> None:
        _check_arguments(model, dataset, validation, compare, options)
        self._comparison = None
        if compare is None:
            self._analysis = _analysis_of(model, dataset, validation, options)
        else:
            self._analysis = _analysis_of(model, dataset, validation, options, "Before")
            after = _analysis_of(compare, dataset, validation, options, "After")
            self._comparison = compare_analyses(self._analysis, after)
        self._deck = CardDeck(self._analysis, self._comparison)
        self._make_panels()
        super().__init__([self._arrange(), self._linker])
        self.add_class("imbxai-explorer")
        self._linker.observe(self._on_linker_selected, "selected")
        self._linker.on_msg(self._on_card_request)
        self._gallery.on_msg(self._on_more_request)
        self.selected_class = self._analysis.class_names[self._linker.selected]
        self._made.add(self)

    @property
    def analysis(self) -> Analysis:
        """The analysis that the widgets show."""
        return self._analysis

    @property
    def comparison(self) -> Comparison | None:
        """The comparison with the second model, as tables; None without one."""
        return self._comparison

    @property
    def selection(self) -> pd.DataFrame:
        """The marked images, in the order they were marked, as `Analysis.image_table` rows."""
        return self._analysis.image_table(list(self._gallery.marked))

    def hold_cards(self, limit: int = HELD_BYTES) -> int:
        """Put what the panels show of each class into the widgets' state.

        For a page without a kernel, or a notebook that is saved with its widgets: there, only the
        classes held can be shown. `imbxai_widgets.page` calls it by itself. With few classes of
        few images all are held from the beginning.

        Parameters
        ----------
        limit : int
            Bytes that the cards may take, about.

        Returns
        -------
        int
            How many classes are held: the selected one, then in the order of `class_names`.
        """
        if len(self._linker.cards) == self._analysis.n_classes:
            return self._analysis.n_classes
        first = self._linker.selected
        others = (index for index in range(self._analysis.n_classes) if index != first)
        self._linker.cards = first_cards(self._deck, (first, *others), limit)
        return len(self._linker.cards)

    def __repr__(self) -> str:
        return f"Explorer({self._analysis!r})"  # ipywidgets' would hold all that is shown

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        return {**super()._repr_mimebundle_(**kwargs), "text/plain": self._left_behind()}

    def _ipython_display_(self) -> None:
        # A notebook that is opened again without its kernel shows the second output alone; where
        # the panels are, their style sheet hides it.
        words = escape(self._left_behind())
        html = f'<p class="imbxai-left-behind mathjax_ignore">{words}</p>'
        for output in (self._repr_mimebundle_(), {"text/html": html}):
            publish_display_data(output)  # type: ignore[no-untyped-call]

    def _left_behind(self) -> str:
        """Say what the panels showed, for a page that cannot show them."""
        images = counted(len(self._analysis.train), "training image")
        classes = counted(self._analysis.n_classes, "class", "classes")
        name = shown_name(self.selected_class)
        return (
            f"Explorer of {images} in {classes}, opened at the class {name}. "
            "Where no panels are shown, run this cell again to see them."
        )

    # -- composition ---------------------------------------------------------------------

    def _make_panels(self) -> None:
        analysis, deck = self._analysis, self._deck
        names = analysis.class_names
        first = _weakest_class(deck)
        held_out = analysis.validation is not None
        self._picker = ClassPicker(
            classes=deck.picker_classes(),
            accuracy_label="validation" if held_out else "training",
            selected=first,
        )
        self._header = ClassHeader()
        self._message = message()
        self._gallery = ArchetypeGallery()
        self._overlap = OverlapTable(selected=first)
        self._compared = ComparisonPanel(selected=first) if self._comparison else None
        self._adversaries = AdversaryChart(
            names, min(ADVERSARY_ROWS, len(names) - 1), with_validation=held_out
        )
        self._colors = self._make_colors()
        self._overview = OverviewPanel(overview=overview(deck), selected=first)
        self._linker = Linker(
            targets=self._targets(),
            class_names=[shown_name(name) for name in names],
            labels=[shown_name(shorten(name)) for name in names],
            cards=self._eager_cards(),
            selected=first,
            layout=widgets.Layout(display="none"),
        )

    def _eager_cards(self) -> list[Card]:
        if len(self._analysis.train) > EAGER_IMAGES:
            return []
        return cards_within(self._deck, EAGER_CLASSES, EAGER_BYTES)

    def _make_colors(self) -> ColorChart | None:
        if not self._deck.color_averages:
            return None
        scheme = self._analysis.color_scheme
        return ColorChart(scheme.bins, scheme.colors, self._deck.color_averages)

    def _targets(self) -> dict[str, widgets.Widget]:
        """Return the widgets that the linker sets, by the roles that its front end knows."""
        chart = self._adversaries
        targets = {
            "picker": self._picker,
            "header": self._header,
            "archetypes": self._gallery,
            "overlap": self._overlap,
            "overview": self._overview,
            "message": self._message,
            "adversaryTitle": chart.title,
            "adversaryNote": chart.note,
            "adversaryText": chart.text,
            "adversaryBars": chart.bars,
            "adversaryRanks": chart.rank_axis,
            "adversaryShares": chart.share_axis,
        }
        if self._compared is not None:
            targets["comparison"] = self._compared
        if self._colors is not None:
            targets["colorTitle"] = self._colors.title
            targets["colorNote"] = self._colors.note
            targets["colorText"] = self._colors.text
            targets["colorBars"] = self._colors.bars
            targets["colorShares"] = self._colors.share_axis
        return targets

    def _arrange(self) -> widgets.Widget:
        pairs: list[Any] = [self._adversaries, self._overlap]
        if self._colors is not None:
            pairs.insert(1, self._colors)
        compared: list[Any] = [] if self._compared is None else [self._compared]
        for section in (*compared, self._gallery, *pairs, self._overview):
            section.add_class("imbxai-section")
        self._picker.layout = widgets.Layout(flex="0 0 300px")
        right = widgets.VBox(
            [self._header, self._message, *compared, self._gallery, _flow(pairs), self._overview],
            layout=widgets.Layout(flex="1 1 0", min_width="0"),
        )
        return widgets.HBox([self._picker, right], layout=widgets.Layout(grid_gap="16px"))

    # -- selection -----------------------------------------------------------------------

    @traitlets.validate("selected_class")
    def _check_class(self, proposal: Any) -> str:
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
            self._say(f"A callback of selected_class failed: {_in_short(error)}")
            raise

    # -- requests of the front end -------------------------------------------------------

    def _on_card_request(self, _widget: Any, content: Any, _buffers: Any) -> None:
        if content.get("type") != "card":
            return
        try:
            card = dict(self._deck.card(content["index"], PROTOTYPES))
        except Exception as error:
            message = f"This class could not be shown: {_in_short(error)}."
            answer = {"type": "error", "index": content["index"], "message": message}
            self._linker.send(answer)
            raise
        picture = card.pop("sprite_data")
        self._linker.send({"type": "card", "card": card}, buffers=[picture])

    def _say(self, text: str) -> None:
        """Show a line above the panels, also one that has been shown before."""
        self._linker.send({"type": "notice", "message": text})

    def _on_more_request(self, _widget: Any, content: Any, _buffers: Any) -> None:
        if content.get("type") != "more":
            return
        request = {key: content[key] for key in ("class", "archetype", "offset")}
        try:
            answer, picture = self._deck.more(*request.values())
        except Exception as error:
            message = f"No more images could be shown: {_in_short(error)}"
            self._gallery.send({"type": "failed", **request, "message": message})
            raise
        self._gallery.send({"type": "more", **request, **answer}, buffers=[picture])


def hold_all_cards() -> list[str]:
    """Have every Explorer of this process hold its cards; say of which classes there are none."""
    notes = []
    for explorer in Explorer._made:
        held, classes = explorer.hold_cards(HELD_BYTES), explorer.analysis.n_classes
        if held < classes:
            notes.append(f"an Explorer shows {held} of {classes} classes without a kernel")
    return notes


def _in_short(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def _check_arguments(
    model: Any, dataset: Any, validation: Any, compare: Any, options: dict[str, Any]
) -> None:
    """Refuse arguments that do not go together, before any long work."""
    if compare is not None and not isinstance(compare, nn.Module | Analysis):
        raise TypeError(f"compare must be a model or an Analysis, not {type(compare).__name__}.")
    if not isinstance(model, Analysis):
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


def _analysis_of(
    model: nn.Module | Analysis,
    dataset: Any,
    validation: Any,
    options: dict[str, Any],
    side: str = "",
) -> Analysis:
    """Analyze a model, its progress bars saying which of two it is."""
    if isinstance(model, Analysis):
        return model
    if options.get("salient_fraction", True) is None:
        # Without colors, no pass over the images tells whether the panels can show them.
        _check_shown(dataset, options)
    if side and options.get("progress", True) is True:
        options = {**options, "progress": side}
    return analyze(model, dataset, validation=validation, **options)


def _check_shown(dataset: Any, options: dict[str, Any]) -> None:
    """Refuse a dataset whose images cannot be shown, by the first of them that can be read."""
    reading = {name: options.get(name) for name in ("transform", "class_names", "keys")}
    images = LabeledImages(dataset, **reading)
    skip = options.get("on_error") == "skip"
    first = next(readable(Samples(images)), 0) if skip else 0
    ImageSource(images, options.get("display_transform"))[first]


def _weakest_class(deck: CardDeck) -> int:
    accuracy = [
        float("inf") if row["accuracy"] is None else row["accuracy"]
        for row in deck.picker_classes()
    ]
    return accuracy.index(min(accuracy))


def _flow(panels: list[Any]) -> widgets.HBox:
    """Put panels side by side, as many as the page is wide."""
    for panel in panels:
        panel.layout.flex = "1 1 360px"
        panel.layout.min_width = "0"
    return widgets.HBox(panels, layout=widgets.Layout(flex_flow="row wrap", grid_gap="0 24px"))
