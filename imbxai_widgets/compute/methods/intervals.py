"""Intervals of shares: how far a share of few images may be from that of all images like them."""

from __future__ import annotations

import math
from statistics import NormalDist


def wilson_interval(part: int, whole: int, level: float = 0.95) -> tuple[float, float]:
    """Return Wilson's score interval of a share.

    Unlike part / whole plus and minus its standard error, it stays within 0 and 1 and has a width
    where all, or none, are counted.

    Parameters
    ----------
    part
        How many were counted, 0 to `whole`.
    whole
        Of how many, at least 1.
    level
        Share of such intervals that hold the true share, about; above 0 and below 1.

    Returns
    -------
    low, high : float
        Ends of the interval, 0 to 1.

    Raises
    ------
    ValueError
        If `whole` is below 1, `part` is not between 0 and `whole`, or `level` is not between 0
        and 1.

    Notes
    -----
    Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference",
    Journal of the American Statistical Association 22 (1927).

    Examples
    --------
    >>> low, high = wilson_interval(3, 18)
    >>> round(low, 3), round(high, 3)
    (0.058, 0.392)
    """
    if whole < 1 or not 0 <= part <= whole:
        raise ValueError(f"part must be 0 to whole, and whole at least 1, not {part} of {whole}")
    if not 0 < level < 1:
        raise ValueError(f"level must be above 0 and below 1, not {level}")
    z = NormalDist().inv_cdf((1 + level) / 2)
    share, scale = part / whole, 1 + z * z / whole
    middle = (share + z * z / (2 * whole)) / scale
    half = z / scale * math.sqrt(share * (1 - share) / whole + z * z / (4 * whole * whole))
    # Where none or all are counted an end is 0 or 1, but for the last bits.
    low = 0.0 if part == 0 else middle - half
    return low, 1.0 if part == whole else middle + half
