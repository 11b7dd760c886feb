"""The table of how much of the validation images training images cover."""

from __future__ import annotations

import pandas as pd

from imbxai_widgets.analysis._tables import NO_VALIDATION, AnalysisTables
from imbxai_widgets.analysis.reach import Reach
from imbxai_widgets.compute.methods.intervals import wilson_interval


class CoverageTables(AnalysisTables):
    """Whether the training images of a class reach as far as its validation images lie."""

    def coverage(self) -> pd.DataFrame:
        """Return how many validation images lie within reach of training images of their class.

        A validation image is covered if a training image of its class is at most as far from it as
        the k-th nearest other training image of the class usually is: the median of these distances
        over the training images of the class. Where few are covered, the class has kinds of images
        that its training images do not show.

        Returns
        -------
        DataFrame
            One row a class. Columns: ``images`` and ``validation_images``; ``radius``, the median,
            in units of the embedding; ``covered``, how many validation images; ``coverage``, their
            share, with its 95% interval from ``low`` to ``high`` (Wilson's); and ``expected``, the
            share of training images that are covered by others, to be held beside: even of
            validation images like them not all are covered. NaN for classes of no more than k
            images, which have no k-th neighbor, and shares of no images.

        Raises
        ------
        ValueError
            If there are no validation images, or their embeddings are not known.

        Notes
        -----
        Balls around each training image, as wide as its own k-th neighbor is far, are the recall of
        Kynkäänniemi et al., "Improved precision and recall metric for assessing generative models"
        (NeurIPS 2019). As Naeem et al., "Reliable fidelity and diversity metrics for generative
        models" (ICML 2020) show, an outlier's ball covers nearly anything; they take balls around
        what is to be covered. Those depend on how many validation images there are, which here
        differs from class to class. One radius for a class depends on neither; see docs/trust.md
        for what each gives on three sets.

        The distances are those of the kept neighbors, where these tell them; of many images they
        are approximate.

        Examples
        --------
        >>> row = analysis.coverage().loc["Plants"]
        >>> row[["validation_images", "covered"]].astype(int).tolist()
        [18, 11]
        >>> row[["coverage", "low", "high", "expected"]].round(2).tolist()
        [0.61, 0.39, 0.8, 0.92]
        """
        if self.validation is None:
            raise ValueError(NO_VALIDATION)
        if self.validation.embeddings is None:
            raise ValueError(
                "the embeddings of validation images are not known: an older version saved the "
                "file; analyze and save again"
            )
        rows = [self._row(index) for index in range(self.n_classes)]
        return pd.DataFrame(rows, index=self._class_axis("class"))

    def _row(self, index: int) -> dict[str, float]:
        assert self.validation is not None
        images = int((self.labels == index).sum())
        unseen = int((self.validation.labels == index).sum())
        row = {"images": images, "validation_images": unseen}
        reach = Reach.of(self, index)
        nan = float("nan")
        if reach is None:
            unknown = ("radius", "covered", "coverage", "low", "high", "expected")
            return row | dict.fromkeys(unknown, nan)
        covered = int(reach.covered.sum())
        low, high = wilson_interval(covered, unseen) if unseen else (nan, nan)
        return row | {
            "radius": reach.radius,
            "covered": covered,
            "coverage": covered / unseen if unseen else nan,
            "low": low,
            "high": high,
            "expected": reach.expected,
        }
