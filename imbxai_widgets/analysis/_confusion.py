"""Tables of which classes are confused: adversaries in training, errors on validation."""

from __future__ import annotations

from typing import Literal

import pandas as pd

from imbxai_widgets.analysis._data import AnalysisData
from imbxai_widgets.compute.methods.adversaries import adversary_votes, error_matrix, row_shares
from imbxai_widgets.compute.numeric.types import IntArray


class ConfusionTables(AnalysisData):
    """Which classes the images of each class are near to, and mistaken for."""

    def adversaries(self, scope: Literal["errors", "all"] = "errors") -> pd.DataFrame:
        """Return each class's nearest adversaries (paper, Algorithm 1 and Fig. 4a).

        Parameters
        ----------
        scope : {"errors", "all"}
            Whose neighbors vote: those of misclassified training images, or of all of them.

        Returns
        -------
        DataFrame
            One row a class. Columns ``("share", class)``: its part of the row's votes, zero
            for the class itself and in rows without votes; ``("support", "errors")`` and
            ``("support", "votes")``: on how many training errors and votes a row rests.

        Examples
        --------
        >>> table = analysis.adversaries()
        >>> table.loc["Plants", "support"].to_dict()
        {'errors': 9, 'votes': 38}
        >>> table.loc["Plants", "share"].nlargest(2).round(2).to_dict()
        {'Animals': 0.71, 'Food': 0.26}
        """
        neighbor_labels = self.labels[self.neighbors]
        votes = adversary_votes(
            self.labels, self.predictions, neighbor_labels, self.n_classes, scope=scope
        )
        errors = error_matrix(self.labels, self.predictions, self.n_classes)
        return self._share_table(votes, errors=errors.sum(axis=1), votes=votes.sum(axis=1))

    def validation_errors(self, direction: Literal["rows", "columns"] = "rows") -> pd.DataFrame:
        """Return which classes are confused on the validation images (paper, Fig. 4b).

        Parameters
        ----------
        direction : {"rows", "columns"}
            ``"rows"``: as what the misclassified images of a class are predicted.
            ``"columns"``: what is falsely predicted as the class (its false positives).

        Returns
        -------
        DataFrame
            One row a class. Columns ``("share", class)`` and ``("support", "errors")``, the
            number of validation errors that the row rests on.

        Raises
        ------
        ValueError
            If the analysis has no validation images, or `direction` is neither of the two.

        Examples
        --------
        >>> table = analysis.validation_errors()
        >>> table.loc["Plants", "support"].to_dict()
        {'errors': 15}
        >>> table.loc["Plants", "share"].nlargest(2).round(2).to_dict()
        {'Animals': 0.53, 'Food': 0.2}
        """
        if self.validation is None:
            raise ValueError("No validation errors: give `validation=` to analyze().")
        if direction not in ("rows", "columns"):
            raise ValueError(f"direction must be 'rows' or 'columns', not {direction!r}.")
        errors = error_matrix(self.validation.labels, self.validation.predictions, self.n_classes)
        if direction == "columns":
            errors = errors.T
        return self._share_table(errors, errors=errors.sum(axis=1))

    def _share_table(self, counts: IntArray, **support: IntArray) -> pd.DataFrame:
        index = self._class_axis("class")
        shares = pd.DataFrame(row_shares(counts), index=index, columns=index)
        return pd.concat({"share": shares, "support": pd.DataFrame(support, index=index)}, axis=1)
