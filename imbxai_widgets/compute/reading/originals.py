"""The pictures that images come from, where they are at hand, tell what their channels are."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Final

import numpy as np
from PIL import Image
from torch.utils.data import Dataset

from imbxai_widgets.compute.numeric.types import UInt8Array
from imbxai_widgets.compute.reading.labeled_images import LabeledImages
from imbxai_widgets.compute.reading.nesting import locate, route
from imbxai_widgets.compute.reading.paths import path_of
from imbxai_widgets.compute.reading.sample_keys import image_in
from imbxai_widgets.compute.reading.transforms import DisplayError, random_steps

# Levels of 255 between the colors of a file and an image, on average. Decoders of JPEG differ by
# one or two; what was swapped or scaled differs by more.
_FAR: Final = 16


def check_original(dataset: Dataset[Any], index: int, shown: UInt8Array) -> None:
    """Refuse an image whose colors are not those of the file that it comes from.

    They are compared where that can be judged: the dataset tells the file, no transform is
    random, and the image has as many pixels a side as the picture, so that it was not resized or
    cropped. Then both must have the same colors as often, wherever they are, for an image may be
    turned or mirrored; one shown gray must have the file's brightness.

    Parameters
    ----------
    dataset
        Where the image comes from.
    index
        Its number there.
    shown
        (H, W, 3) uint8, the image as recovered.

    Raises
    ------
    DisplayError
        If the colors differ.

    Examples
    --------
    >>> check_original([("image", 0)], 0, np.zeros((2, 2, 3), dtype=np.uint8))  # of no file
    """
    path = path_of(dataset, index)
    if path is None or random_steps(dataset):
        return
    original = _picture(path, shown.shape[1::-1])
    if original is None:
        return
    if (shown == shown[..., :1]).all():
        original = np.array(Image.fromarray(original).convert("L"))[..., np.newaxis]
        shown = shown[..., :1]
    found, expected = (
        np.sort(part.reshape(-1, part.shape[-1]), axis=0) for part in (shown, original)
    )
    difference = abs(np.float32(found) - expected).mean()
    if difference > _FAR:
        raise DisplayError.because(
            f"image {index} has other colors than its file ({path}), by {difference:.0f} of 255 on "
            "average; a step that swaps, scales or stretches channels does that"
        )


def has_opacity(dataset: Dataset[Any], index: int) -> bool:
    """Whether the picture that an image comes from is at hand, and its fourth channel opacity.

    Examples
    --------
    >>> pairs = [(Image.new("RGBA", (2, 2)), 0)]
    >>> has_opacity(LabeledImages(pairs, transform=np.asarray), 0), has_opacity(pairs, 0)
    (True, False)
    """
    with suppress(Exception):
        path = path_of(dataset, index)
        if path is not None:
            with Image.open(path) as picture:
                return picture.has_transparency_data
    with suppress(Exception):
        for member, place in route(dataset, index):
            if isinstance(member, LabeledImages) and member.transform is not None:
                sample = member.dataset[member.indices[place]]
                picture = image_in(sample, locate(member, place)[0])
                return isinstance(picture, Image.Image) and picture.has_transparency_data
    return False


def _picture(path: str, size: tuple[int, ...]) -> UInt8Array | None:
    """Read a picture of 8 bits, if it has that size and no opacity."""
    try:
        with Image.open(path) as picture:
            plain = picture.mode in ("L", "RGB", "P") and not picture.has_transparency_data
            return np.array(picture.convert("RGB")) if plain and picture.size == size else None
    except Exception:  # of another kind than pictures, or not on this machine
        return None
