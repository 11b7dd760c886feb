"""OKLab, a space in which distances and means of colors agree with the eye.

Björn Ottosson, "A perceptual color space for image processing", 2020,
https://bottosson.github.io/posts/oklab/, for sRGB as in IEC 61966-2-1.
"""

from __future__ import annotations

from typing import cast

import numpy as np

from imbxai_widgets.compute.numeric.types import DoubleArray, UInt8Array

_RGB_TO_LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_LMS_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)
_LEVELS = np.arange(256) / 255
_LINEAR = np.where(_LEVELS <= 0.04045, _LEVELS / 12.92, ((_LEVELS + 0.055) / 1.055) ** 2.4)
# What each level of each channel adds to each of the three cone responses: (3, 256, 3).
_CONES = _RGB_TO_LMS.T[:, None, :] * _LINEAR[None, :, None]


def from_rgb(rgb: UInt8Array) -> DoubleArray:
    """Convert 8-bit sRGB colors to OKLab.

    Parameters
    ----------
    rgb
        (..., 3) uint8.

    Returns
    -------
    array
        (..., 3) float64: lightness 0..1, then green to red and blue to yellow, about -0.4..0.4.

    Examples
    --------
    >>> from_rgb(np.array([255, 0, 0], dtype=np.uint8)).round(3).tolist()
    [0.628, 0.225, 0.126]
    """
    cones = _CONES[0, rgb[..., 0]] + _CONES[1, rgb[..., 1]] + _CONES[2, rgb[..., 2]]
    return cast(DoubleArray, np.cbrt(cones) @ _LMS_TO_LAB.T)
