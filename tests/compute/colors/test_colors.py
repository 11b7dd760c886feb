from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from imbxai_widgets.compute.colors import oklab
from imbxai_widgets.compute.colors import perceptual as perceptual_colors
from imbxai_widgets.compute.colors.schemes import _BLOCK, assign_bins, color_scheme
from imbxai_widgets.compute.numeric.types import UInt8Array

REFERENCE = Path(__file__).parents[2] / "data" / "paper_color_rules.json"
LEVELS = np.arange(256, dtype=np.uint8)


def plane(red: int) -> UInt8Array:
    """All colors of one red level, (256, 256, 3)."""
    return np.stack(np.broadcast_arrays(np.uint8(red), LEVELS[:, None], LEVELS), axis=-1)


def rgb_of(colors: Sequence[str]) -> UInt8Array:
    """Hexadecimal colors, (B, 3)."""
    return np.array([list(bytes.fromhex(color[1:])) for color in colors], dtype=np.uint8)


def name_of(color: str, scheme: str = "perceptual") -> str:
    number = assign_bins(np.frombuffer(bytes.fromhex(color), dtype=np.uint8), scheme)
    return color_scheme(scheme).bins[int(number)]


def test_paper_rules_are_those_of_the_reference_for_every_color() -> None:
    reference = json.loads(REFERENCE.read_text())
    bins = list(color_scheme("paper").bins)
    assert bins == reference["bins"]
    for red in range(256):
        r, g, b = np.full((256, 256), red), *np.meshgrid(LEVELS, LEVELS, indexing="ij")
        channels = {"r": r, "g": g, "b": b}
        expected = np.full((256, 256), -1)
        for rule in reference["rules"]:
            met = expected == -1
            for channel, values in channels.items():
                met &= (values >= rule[channel][0]) & (values <= rule[channel][1])
            for comparison in rule.get("greater", []):
                met &= channels[comparison[0]] > channels[comparison[2]]
            expected[met] = bins.index(rule["bin"])
        np.testing.assert_array_equal(assign_bins(plane(red), "paper"), expected)


def test_what_the_paper_rules_leave_out() -> None:
    scheme = color_scheme("paper")
    counts = np.bincount(scheme.lookup.ravel() + 1, minlength=15)
    assert counts[0] == 256_366
    assert [name for name, n in zip(scheme.bins, counts[1:], strict=True) if n == 0] == [
        "dark green"
    ]


def test_every_color_has_the_perceptual_bin_of_its_region() -> None:
    """The table is built from a lattice; here each color is evaluated by itself."""
    table = color_scheme("perceptual").lookup
    for red in range(256):
        np.testing.assert_array_equal(table[red], perceptual_colors.bins_of(plane(red)))


def test_every_perceptual_bin_is_reached_and_none_is_tiny() -> None:
    scheme = color_scheme("perceptual")
    shares = np.bincount(scheme.lookup.ravel(), minlength=11) / 2**24  # fails on -1
    assert len(shares) == len(set(scheme.bins)) == 11
    assert shares.min() > 0.002
    assert shares.max() < 0.35


# CSS color keywords, by the basic term that people use for them.
CSS = {
    "black": "000000 0a0a0a",
    "gray": "808080 a9a9a9 696969 d3d3d3 c0c0c0 708090 778899",
    "white": "ffffff f5f5f5 fffaf0 f0ffff fffff0 fffafa f8f8ff f5f5dc",
    "red": "ff0000 dc143c b22222 8b0000 800000 a52a2a",
    "orange": "ffa500 ff8c00 ff7f50 f4a460",
    "yellow": "ffff00 ffd700 f0e68c fffacd daa520",
    "green": "00ff00 008000 006400 228b22 2e8b57 90ee90 7fff00 808000 6b8e23 556b2f 8fbc8f",
    "blue": "0000ff 000080 191970 4169e1 87ceeb 1e90ff add8e6 4682b4 00bfff 6495ed 00ffff",
    "purple": "800080 4b0082 8a2be2 9932cc 663399 9370db dda0dd ee82ee e6e6fa d8bfd8",
    "pink": "ffc0cb ff69b4 ff1493 ffb6c1 fa8072 f08080 db7093",
    "brown": "8b4513 a0522d d2691e cd853f d2b48c deb887 b8860b",
}


@pytest.mark.parametrize(
    ("color", "name"), [(color, name) for name, colors in CSS.items() for color in colors.split()]
)
def test_well_known_colors_have_their_names(color: str, name: str) -> None:
    assert name_of(color) == name


def test_names_agree_with_a_survey_of_names() -> None:
    """Of xkcd's colors named "... blue" and so on, most are in the bin of that name."""
    survey = pytest.importorskip("matplotlib.colors").XKCD_COLORS
    right: dict[str, list[bool]] = {name: [] for name in color_scheme("perceptual").bins}
    for full_name, color in survey.items():
        term = full_name.removeprefix("xkcd:").split()[-1].replace("grey", "gray")
        if term in right:
            right[term].append(name_of(color[1:]) == term)
    everything = [hit for hits in right.values() for hit in hits]
    assert len(everything) == 558
    assert np.mean(everything) > 0.89
    assert min(np.mean(hits) for hits in right.values()) > 0.55  # gray, of "greenish gray" and such


@pytest.mark.parametrize("name", ["perceptual", "paper"])
def test_mean_colors_are_those_of_all_colors_of_the_bin(name: str) -> None:
    scheme = color_scheme(name)
    sums, counts = np.zeros((len(scheme.bins), 3)), np.zeros(len(scheme.bins))
    for red in range(0, 256, 3):
        colors = plane(red)[::2, ::2].reshape(-1, 3)
        bins, lab = assign_bins(colors, name), oklab.from_rgb(colors)
        for number in range(len(scheme.bins)):
            sums[number] += lab[bins == number].sum(axis=0)
            counts[number] += (bins == number).sum()
    reached = counts > 0
    found = oklab.from_rgb(rgb_of(scheme.colors))[reached]
    np.testing.assert_allclose(found, sums[reached] / counts[reached, None], atol=0.008)


def test_mean_colors_are_in_their_own_perceptual_bin() -> None:
    scheme = color_scheme("perceptual")
    assert assign_bins(rgb_of(scheme.colors)).tolist() == list(range(11))


def test_the_bin_that_no_color_reaches_has_a_color() -> None:
    red, green, blue = rgb_of(color_scheme("paper").colors)[1]
    assert green > max(red, blue)


@pytest.mark.parametrize("scheme", ["perceptual", "paper"])
def test_any_shape_and_any_memory_layout(scheme: str) -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (4, 211, 97, 3), dtype=np.uint8)
    table = color_scheme(scheme).lookup
    expected = table[tuple(np.moveaxis(rgb, -1, 0))]
    found = assign_bins(rgb, scheme)
    assert found.dtype == np.int8
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(assign_bins(rgb[:, ::-2], scheme), expected[:, ::-2])
    assert assign_bins(rgb[0, 0, 0], scheme).shape == ()
    assert assign_bins(rgb[:0], scheme).shape == (0, 211, 97)
    assert len(expected.ravel()) > _BLOCK


def test_the_table_is_kept_and_cannot_be_overwritten() -> None:
    scheme = color_scheme("perceptual")
    assert scheme.lookup is color_scheme("perceptual").lookup
    with pytest.raises(ValueError, match="read-only"):
        scheme.lookup[0, 0, 0] = 1


@pytest.mark.parametrize("rgb", [np.zeros((2, 3)), np.zeros((2, 4), dtype=np.uint8), np.uint8(3)])
def test_what_is_no_color(rgb: UInt8Array) -> None:
    with pytest.raises(ValueError, match="rgb must be"):
        assign_bins(rgb)


def test_unknown_schemes() -> None:
    with pytest.raises(ValueError, match="one of perceptual, paper, not 'munsell'"):
        assign_bins(np.zeros(3, dtype=np.uint8), "munsell")


def test_oklab_of_published_colors() -> None:
    """Values of the CSS Color 4 specification's examples, and white, which has no chroma."""
    rgb = np.array([[255, 0, 0], [0, 0, 255], [255, 255, 255]], dtype=np.uint8)
    expected = [[0.62796, 0.22486, 0.12585], [0.45201, -0.03246, -0.31153], [1, 0, 0]]
    np.testing.assert_allclose(oklab.from_rgb(rgb), expected, atol=2e-5)
