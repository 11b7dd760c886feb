"""The paper's figures: what their artists hold, and whether they can be printed as they are."""

from __future__ import annotations

import io
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from hostile_names import HOSTILE
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox
from small_analysis import make_analysis

from imbxai_widgets import figures
from imbxai_widgets.analysis import Analysis
from imbxai_widgets.compute.colors import oklab
from imbxai_widgets.compute.methods.archetypes import ARCHETYPES
from imbxai_widgets.compute.reading.class_names import distinct_names
from imbxai_widgets.figures._style import PALE, ink, label_of
from imbxai_widgets.presentation import (
    ARCHETYPE_COLORS,
    OTHER_COLOR,
    SEGMENT_COLORS,
    WEAK_SUPPORT,
)

SIZES = (60, 40, 30, 24, 20, 16, 14, 12, 10, 8, 6, 3, 0)
assert len(SIZES) == len(HOSTILE)
MANY = (*(60 - c // 2 for c in range(98)), 0, 0)  # classes that are empty are not worth a row
Draw = Callable[[Analysis, Analysis], Figure]
FIGURES: dict[str, Draw] = {
    "archetype_rates": lambda a, _: figures.archetype_rates(a),
    "prototypes": lambda a, _: figures.prototypes(a),
    "adversaries": lambda a, _: figures.adversaries(a),
    "feature_overlap": lambda a, b: figures.feature_overlap(a, b, names=("plain", "re-weighted")),
    "errors_before_after": lambda a, b: figures.errors_before_after(a, b),
    "salient_colors": lambda a, _: figures.salient_colors(a, a.class_names[3]),
    "color_comparison": lambda a, _: figures.color_comparison(a, *a.class_names[3:5]),
    "class_accuracy": lambda a, _: figures.class_accuracy(a),
    "feature_density": lambda a, _: figures.feature_density(a, a.class_names[3]),
}


@pytest.fixture(scope="module")
def analysis() -> Analysis:
    return make_analysis((40, 30, 25, 20, 16, 12, 9, 7, 3, 0))


@pytest.fixture(scope="module")
def after(analysis: Analysis) -> Analysis:
    assert analysis.validation is not None
    better = make_analysis((40, 30, 25, 20, 16, 12, 9, 7, 3, 0), errors=0.1)
    return replace(analysis, train=better.train, validation=better.validation)


Boxes = dict[Text, Bbox]


def drawn(figure: Figure) -> tuple[ET.Element, Boxes]:
    """Save a figure as SVG; return it and where its texts are, in points."""
    boxes: Boxes = {}
    draw = Text.draw

    def recording(text: Text, renderer: Any, *args: Any, **options: Any) -> None:
        draw(text, renderer, *args, **options)
        if text.get_visible() and text.get_text().strip():
            boxes[text] = text.get_window_extent(renderer)

    buffer = io.BytesIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Text, "draw", recording)
        figure.savefig(buffer, format="svg")
    return ET.fromstring(buffer.getvalue()), boxes


def words(axes: Axes) -> list[str]:
    return [text.get_text() for text in axes.texts]


def assert_fit_to_print(figure: Figure, boxes: Boxes) -> None:
    """Nothing is cut off or too small, and no text lies upon another one."""
    width, height = 72 * figure.get_size_inches()
    for text, box in boxes.items():
        assert -1 <= box.x0 <= box.x1 <= width + 1, text.get_text()
        assert -1 <= box.y0 <= box.y1 <= height + 1, text.get_text()
        assert text.get_fontsize() >= 6
    level = [text for text in boxes if text.get_rotation() in (0, 90)]
    for one, other in combinations(level, 2):
        a, b = boxes[one], boxes[other]
        across = min(a.x1, b.x1) - max(a.x0, b.x0)
        along = min(a.y1, b.y1) - max(a.y0, b.y0)
        assert min(across, along) < 1, (one.get_text(), other.get_text())


# -- whatever the classes are called, and however many there are --------------------------------


@pytest.mark.filterwarnings("ignore:Glyph .* missing from font:UserWarning")  # the emoji
@pytest.mark.parametrize("name", FIGURES)
def test_hostile_names_are_text_and_nothing_is_cut(name: str) -> None:
    hostile = replace(make_analysis(SIZES), class_names=HOSTILE)
    figure = FIGURES[name](hostile, hostile)
    svg, texts = drawn(figure)
    found = {"".join(e.itertext()) for e in svg.iter() if e.tag.endswith("}text")}
    assert texts
    assert {text.get_text() for text in texts} <= found, "outlines or mathematics, not text"
    assert_fit_to_print(figure, texts)
    if name in ("archetype_rates", "adversaries", "feature_overlap", "class_accuracy"):
        assert {label_of(each) for each in HOSTILE} <= found


@pytest.mark.filterwarnings("ignore:Glyph .* missing from font:UserWarning")
@pytest.mark.parametrize("name", FIGURES)
def test_names_with_characters_that_no_text_holds_can_be_printed(name: str) -> None:
    given = ["\ufeffcat", "d\ufffeog", "\x00\x1b[31mred", "\udce9t\udce9", "\U0010ffffx", "a\x7fb"]
    analysis = replace(make_analysis(SIZES[:6]), class_names=distinct_names(given))
    figure = FIGURES[name](analysis, analysis)
    svg, _ = drawn(figure)
    found = {"".join(e.itertext()) for e in svg.iter() if e.tag.endswith("}text")}
    figure.savefig(io.BytesIO(), format="pdf")
    if name in ("archetype_rates", "adversaries", "feature_overlap", "class_accuracy"):
        assert {"\\ufeffcat", "d\\ufffeog", "\\x00\\x1b[31mred", "\\udce9t\\udce9", "a b"} <= found


@pytest.mark.parametrize("name", FIGURES)
def test_of_100_classes_the_five_largest_and_smallest_are_named(name: str) -> None:
    many = make_analysis(MANY)
    figure = FIGURES[name](many, many)
    _, texts = drawn(figure)
    assert_fit_to_print(figure, texts)
    shown = {text.get_text() for text in texts}
    outer = {f"c{number}" for number in (*range(5), *range(93, 98))}
    if name in ("archetype_rates", "adversaries", "feature_overlap", "errors_before_after"):
        rows = [label.get_text() for label in figure.axes[0].get_yticklabels()]
        assert set(rows) == outer | {"⋮ 90 classes"}
    elif name == "class_accuracy":
        named = {f"c{number}" for number in (*range(5), *range(95, 100))}
        assert named <= shown
        assert len(figure.axes[0].patches) == 100
    elif name == "feature_density":
        assert outer <= shown


def test_names_are_shortened_in_the_middle_and_kept_in_order() -> None:
    assert label_of("a\tb\nc") == "a b c"
    assert label_of("over \u202egnp.exe") == "over gnp.exe"
    assert label_of("x" * 24) == "x" * 24
    assert len(label_of("x" * 25)) == 24
    assert label_of("Canis lupus familiaris, 1758, male") != label_of(
        "Canis lupus familiaris, 1758, female"
    )


# -- what is drawn is what the tables say -------------------------------------------------------


def test_archetypes_are_bars_and_their_rates_are_numbers(analysis: Analysis) -> None:
    composition, training, validation = figures.archetype_rates(analysis).axes
    table = analysis.archetype_rates()
    classes = analysis.n_classes
    shares = table["share"].to_numpy().reshape(classes, 4)
    for number, (bars, color) in enumerate(
        zip(composition.containers, ARCHETYPE_COLORS, strict=True)
    ):
        widths = [bar.get_width() for bar in bars]
        np.testing.assert_allclose(widths, 100 * np.nan_to_num(shares[:, number]))
        assert {to_hex(bar.get_facecolor()) for bar in bars} == {color.lower()}
    assert "no training images" in words(composition)
    for axes, rate, support in (
        (training, "true_positive_rate", "images"),
        (validation, "validation_error_rate", "validation_images"),
    ):
        drawn = np.reshape(words(axes), (4, classes)).T.ravel()
        for text, value, images in zip(drawn, table[rate], table[support], strict=True):
            star = "*" if images < WEAK_SUPPORT else ""
            assert text == ("—" if np.isnan(value) else f"{100 * value:.0f}{star}")


def test_adversaries_are_the_shares_of_the_tables(analysis: Analysis) -> None:
    figure = figures.adversaries(analysis, direction="columns")
    (legend,) = figure.legends
    segments = [text.get_text() for text in legend.get_texts()]
    for axes, table in zip(
        figure.axes,
        (analysis.validation_errors("columns"), analysis.adversaries()),
        strict=True,
    ):
        errors = table["support", "errors"].to_numpy()
        named = [name for name in segments if name in analysis.class_names]
        for name, bars in zip(segments, axes.containers, strict=True):
            share = (
                table["share", name]
                if name in named
                else table["share"].drop(columns=named).sum(axis=1)
            )
            np.testing.assert_allclose([bar.get_width() for bar in bars], 100 * share, atol=1e-9)
            faint = [bar.get_alpha() is not None for bar in bars]
            assert faint == (errors < WEAK_SUPPORT).tolist()
        counts = [word for word in words(axes) if not word.startswith("no ")]
        assert counts == [f"{n}{'*' if 0 < n < WEAK_SUPPORT else ''}" for n in errors]
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == [  # in the order of the paper's Fig. 4
        "(a) Validation: what is mistaken for it",
        "(b) Training: neighbors of misclassified images",
    ]


def test_a_class_keeps_its_color_from_figure_to_figure(analysis: Analysis) -> None:
    legends = []
    for direction in ("rows", "columns"):
        (legend,) = figures.adversaries(analysis, direction=direction).legends
        names = [text.get_text() for text in legend.get_texts()]
        colors = [to_hex(patch.get_facecolor()) for patch in legend.get_patches()]
        legends.append(dict(zip(names, colors, strict=True)))
    assert legends[0] == legends[1]
    assert list(legends[0]) == list(analysis.class_names)


def test_accuracy_and_size_share_one_axis(analysis: Analysis) -> None:
    (axes,) = figures.class_accuracy(analysis).axes
    table = analysis.classes()
    heights = [bar.get_height() for bar in axes.patches]
    np.testing.assert_allclose(heights, 100 * table["validation_accuracy"].fillna(0))
    np.testing.assert_allclose(axes.lines[0].get_ydata(), table["images"] / 40 * 100)
    assert axes.collections[0].get_offsets()[:, 0].tolist() == [10]  # the class without images
    assert [t.get_text() for t in axes.get_xticklabels()] == list(analysis.class_names)


def test_errors_stand_at_their_rates_and_counts(analysis: Analysis, after: Analysis) -> None:
    for direction, expected in (
        ("rows", lambda a: 100 - 100 * a.classes()["validation_accuracy"]),
        ("columns", lambda a: a.validation_errors("columns")["support", "errors"]),
    ):
        (axes,) = figures.errors_before_after(analysis, after, direction=direction).axes
        dots = [each for each in axes.collections if isinstance(each, PathCollection)]
        for model, dot in zip((analysis, after), dots, strict=True):
            np.testing.assert_allclose(
                np.ma.filled(dot.get_offsets()[:, 0].astype(float), np.nan), expected(model)
            )


def test_a_shared_feature_has_one_color_in_all_bars(analysis: Analysis) -> None:
    (axes,) = figures.feature_overlap(analysis).axes
    bars = [bar for container in axes.containers for bar in container]
    tops = [analysis.top_features(name)["share"] for name in analysis.class_names]
    shares = np.concatenate([top.to_numpy() for top in tops])
    np.testing.assert_allclose([bar.get_width() for bar in bars], 100 * shares)
    features = np.concatenate([top.index.to_numpy() for top in tops])
    colors: dict[int, set[str]] = {}
    for feature, bar in zip(features.tolist(), bars, strict=True):
        colors.setdefault(feature, set()).add(to_hex(bar.get_facecolor()).upper())
    assert all(len(each) == 1 for each in colors.values())
    for feature, (color,) in ((f, tuple(c)) for f, c in colors.items()):
        assert (color == PALE) == (np.count_nonzero(features == feature) == 1)
    assert {int(word) for word in words(axes) if word.isdigit()} == set(features.tolist())


def test_density_is_a_table_with_its_own_class_on_top(analysis: Analysis) -> None:
    (axes,) = figures.feature_density(analysis, "c2").axes
    table = analysis.feature_density("c2")
    order = ["c2", *(name for name in analysis.class_names if name != "c2")]
    drawn = np.reshape(words(axes), (table.shape[1], len(order))).T
    for name, row in zip(order, drawn, strict=True):
        values = table.loc[name]
        star = "*" if name == "c8" else ""  # three images
        assert row.tolist() == [
            "—" if np.isnan(value) else f"{100 * value:.0f}{star}" for value in values
        ]


def test_colors_have_the_color_that_they_count(analysis: Analysis) -> None:
    shares = 100 * analysis.colors()
    one = figures.salient_colors(analysis, "c1").axes[0]
    pair = figures.color_comparison(analysis, "c1", "c9").axes  # c9 has no pixels
    for axes, name in ((one, "c1"), (pair[0], "c1"), (pair[1], "c9")):
        bars = axes.patches
        np.testing.assert_allclose([b.get_width() for b in bars], shares.loc[name].fillna(0))
        colors = [to_hex(bar.get_facecolor()) for bar in bars]
        assert colors == list(analysis.color_scheme.colors)
    np.testing.assert_allclose(one.collections[0].get_offsets()[:, 0], shares.mean())
    assert words(pair[1]) == ["no salient pixels"]
    assert pair[0].get_xlim()[0] == pair[1].get_xlim()[1]


def test_prototypes_are_the_images_themselves(analysis: Analysis) -> None:
    figure = figures.prototypes(analysis, ["c1", "c8"], n=2)
    cells = [(name, archetype) for name in ("c1", "c8") for archetype in ARCHETYPES]
    for axes, (name, archetype) in zip(figure.axes, cells, strict=True):
        indices = analysis.prototypes(name, archetype, 2)
        for image, index in zip(axes.images, indices, strict=True):
            np.testing.assert_array_equal(image.get_array(), analysis.images[int(index)])
            left, right, bottom, top = image.get_extent()
            assert (right - left) / (top - bottom) == pytest.approx(6 / 4)
        members = len(analysis.members(name, archetype))
        size = f"{members} images (" if members else "no images"
        assert axes.get_xlabel().startswith(f"{archetype}: {size}")
    assert [axes.get_title(loc="left") for axes in figures.prototypes(analysis).axes[::4]] == [
        "c0",
        "c8",
    ]


# -- what is missing ----------------------------------------------------------------------------


def test_without_validation_the_training_panels_remain() -> None:
    bare = make_analysis(validation=False, images=False, colors=False)
    assert len(figures.archetype_rates(bare).axes) == 2
    (axes,) = figures.adversaries(bare).axes
    assert axes.get_title(loc="left") == "Training: neighbors of misclassified images"
    (axes,) = figures.class_accuracy(bare).axes
    heights = [bar.get_height() for bar in axes.patches]
    np.testing.assert_allclose(heights, 100 * bare.classes()["training_accuracy"].fillna(0))
    with pytest.raises(ValueError, match=r"give `validation=` to analyze"):
        figures.errors_before_after(bare, bare)
    with pytest.raises(ValueError, match="salient_fraction=None"):
        figures.salient_colors(bare, "c0")
    with pytest.raises(ValueError, match=r"give `dataset=` to Analysis.load"):
        figures.prototypes(bare)


def with_gap(analysis: Analysis) -> Analysis:
    """The analysis as if the first validation image of the dataset had been skipped."""
    assert analysis.validation is not None
    positions = analysis.validation.positions + 1
    return replace(analysis, validation=replace(analysis.validation, positions=positions))


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda a: figures.adversaries(a, ["c0", "d1"]), "There is no class 'd1'"),
        (lambda a: figures.archetype_rates(a, "c0"), "classes must be a list of class names"),
        (lambda a: figures.feature_overlap(a, None, []), "classes must be a list of class names"),
        (lambda a: figures.adversaries(a, direction="both"), "direction must be"),
        (lambda a: figures.errors_before_after(a, a, direction="both"), "direction must be"),
        (lambda a: figures.prototypes(a, n=0), "n must be"),
        (lambda a: figures.feature_density(a, "c9"), "No feature responds in class 'c9'"),
        (lambda a: figures.feature_overlap(a, make_analysis()), "after must have the same classes"),
        (lambda a: figures.errors_before_after(a, make_analysis()), "the same classes"),
        (
            lambda a: figures.errors_before_after(a, make_analysis((9,) * 10)),
            "the same validation images",
        ),
        (
            lambda a: figures.errors_before_after(a, with_gap(a)),
            "the same validation images .*different ones were skipped",
        ),
    ],
)
def test_wrong_arguments_say_what_is_expected(
    analysis: Analysis, draw: Callable[[Analysis], Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        draw(analysis)


def test_only_figures_need_matplotlib_and_they_need_neither_widgets_nor_pyplot() -> None:
    code = """
import sys
for name in ("matplotlib", "ipywidgets", "anywidget", "bqplot"):
    sys.modules[name] = None
import imbxai_widgets.pipeline
try:
    import imbxai_widgets.figures
except ModuleNotFoundError as error:
    assert error.name == "matplotlib"
    print(error)
del sys.modules["matplotlib"]
import imbxai_widgets.figures
assert "matplotlib.pyplot" not in sys.modules
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert 'pip install "imbxai_widgets[figures]"' in done.stdout


# -- print --------------------------------------------------------------------------------------


def test_a_users_style_neither_reaches_a_figure_nor_is_changed(analysis: Analysis) -> None:
    style = {"figure.facecolor": "black", "text.color": "white", "text.usetex": True}
    with mpl.rc_context({**style, "axes.grid": True, "svg.fonttype": "path"}):
        before = dict(mpl.rcParams)
        figure = figures.salient_colors(analysis, "c0")
        svg, texts = drawn(figure)
        assert dict(mpl.rcParams) == before
    assert to_hex(figure.get_facecolor()) == "#ffffff"
    assert any(e.tag.endswith("}text") for e in svg.iter())
    assert not any(text.get_usetex() for text in texts)
    assert not any(line.get_visible() for line in figure.axes[0].get_xgridlines())


def test_pdf_embeds_truetype_and_the_page_is_a_column_wide(analysis: Analysis) -> None:
    buffer = io.BytesIO()
    figures.salient_colors(analysis, "c0").savefig(buffer, format="pdf")
    pdf = buffer.getvalue()
    assert b"/FontFile2" in pdf
    assert b"/Subtype /Type3" not in pdf
    assert b"/MediaBox [ 0 0 252 " in pdf  # 3.5 inches


def test_a_notebook_shows_a_figure_without_pyplot(analysis: Analysis) -> None:
    figure = figures.salient_colors(analysis, "c0")
    assert isinstance(figure, figures.PaperFigure)
    png, metadata = figure._repr_png_()
    width = int.from_bytes(png[16:20], "big")
    assert png.startswith(b"\x89PNG")
    assert width == pytest.approx(2 * metadata["width"], abs=1)


def test_figures_can_be_parts_of_one(analysis: Analysis) -> None:
    page = Figure(figsize=(7.2, 6), layout="constrained")
    above, below = page.subfigures(2, 1)
    assert figures.adversaries(analysis, figure=above) is page
    assert figures.feature_density(analysis, "c0", figure=below) is page
    _, texts = drawn(page)
    assert_fit_to_print(page, texts)


# Machado, Oliveira and Fernandes (2009), severity 1.0, on linear RGB.
COLOR_BLIND = {
    "none": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
}


def seen(color: str, sight: str) -> np.ndarray:
    rgb = np.array(to_rgb(color))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    linear = np.clip(COLOR_BLIND[sight] @ linear, 0, 1)
    rgb = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return oklab.from_rgb(np.rint(255 * rgb).astype(np.uint8))


@pytest.mark.parametrize("sight", COLOR_BLIND)
@pytest.mark.parametrize("palette", [(*SEGMENT_COLORS, OTHER_COLOR), ARCHETYPE_COLORS])
def test_colors_of_a_figure_stay_apart_for_color_blind_readers(
    palette: tuple[str, ...], sight: str
) -> None:
    # 0.02 is about the least difference in OKLab that can be seen side by side.
    for one, other in combinations(palette, 2):
        assert np.linalg.norm(seen(one, sight) - seen(other, sight)) > 0.05, (one, other)


def test_archetypes_are_one_hue_that_grows_lighter() -> None:
    found = np.array([seen(color, "none") for color in ARCHETYPE_COLORS])
    assert (np.diff(found[:, 0]) > 0.1).all()
    hues = np.degrees(np.arctan2(found[:, 2], found[:, 1])) % 360
    assert np.ptp(hues) < 15


@given(st.tuples(*[st.floats(0, 1)] * 3))
def test_numbers_can_be_read_on_any_color(rgb: tuple[float, float, float]) -> None:
    def luminance(color: Any) -> float:
        value = np.array(to_rgb(color))
        linear = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
        return float(linear @ [0.2126, 0.7152, 0.0722])

    dark, light = sorted([luminance(rgb), luminance(ink(rgb))])
    assert (light + 0.05) / (dark + 0.05) >= 4.5  # WCAG 2, AA


def test_the_gallery_runs_and_shows_every_figure() -> None:
    nbformat = pytest.importorskip("nbformat")
    client = pytest.importorskip("nbclient")
    path = Path(__file__).parents[1] / "notebooks" / "02_gallery.ipynb"
    notebook = nbformat.read(path, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert not any(cell.outputs for cell in code), "commit the notebook without outputs"
    drawn = "\n".join(cell.source for cell in code)
    assert all(f"figures.{name}(" in drawn for name in FIGURES)
    options = {"kernel_name": "python3", "extra_arguments": ["--log-level=ERROR"]}
    done = client.NotebookClient(notebook, timeout=600, **options).execute()
    for cell in done.cells:
        if cell.cell_type != "code":
            continue
        pictures = [o for o in cell.outputs if "image/png" in o.get("data", {})]
        assert len(pictures) == cell.source.splitlines()[-1].startswith("figures."), cell.source
        errors = [o for o in cell.outputs if o.get("name") == "stderr"]
        assert not errors, errors
