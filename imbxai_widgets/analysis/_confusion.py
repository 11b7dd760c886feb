"""Tables of which classes are confused: adversaries in training, errors on validation."""

from __future__ import annotations

from typing import Literal

import pandas as pd

from imbxai_widgets.analysis._tables import NO_VALIDATION, AnalysisTables
from imbxai_widgets.compute.methods.pairs import PairCounts
from imbxai_widgets.compute.numeric.checks import check_dense
from imbxai_widgets.compute.numeric.types import IntArray


class ConfusionTables(AnalysisTables):
    """Which classes the images of each class are near to, and mistaken for."""

    def adversaries(self, scope: Literal["errors", "all"] = "errors") -> pd.DataFrame:
        """Return each class's nearest adversaries (paper, Algorithm 1 and Fig. 4b).

        The misclassified images of a row are those of the class, which is how the authors' code
        counts. The paper's Section 3.3 speaks of instances that produce a false positive.

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

        Raises
        ------
        ValueError
            If `scope` is neither of the two, or there are too many classes for a table of all
            by all (from 11,586 on); `rows` has one at a time.

        Examples
        --------
        >>> table = analysis.adversaries()
        >>> table.loc["Plants", "support"].to_dict()
        {'errors': 9, 'votes': 38}
        >>> table.loc["Plants", "share"].nlargest(2).round(2).to_dict()
        {'Animals': 0.71, 'Food': 0.26}
        """
        if scope not in ("errors", "all"):
            raise ValueError(f'scope must be "errors" or "all", not {scope!r}')
        kept = "votes" if scope == "errors" else "all_votes"
        _check_size(self.n_classes, "adversaries", kept)
        votes = self.rows.votes if scope == "errors" else self.rows.all_votes
        errors = self.rows.training_groups.errors.sum(axis=1)
        return self._share_table(votes, errors=errors, votes=votes.totals)

    def validation_errors(self, direction: Literal["rows", "columns"] = "rows") -> pd.DataFrame:
        """Return which classes are confused on the validation images (paper, Fig. 4a).

        Parameters
        ----------
        direction : {"rows", "columns"}
            ``"rows"``: as what the misclassified images of a class are predicted, which is the
            direction of `adversaries`. ``"columns"``: what is falsely predicted as the class, its
            false positives, of which the paper's Sections 3.3 and 4.3 speak.

        Returns
        -------
        DataFrame
            One row a class. Columns ``("share", class)`` and ``("support", "errors")``, the
            number of validation errors that the row rests on.

        Raises
        ------
        ValueError
            If the analysis has no validation images, `direction` is neither of the two, or there
            are too many classes for a table of all by all (from 11,586 on); `rows` has one at a
            time.

        Examples
        --------
        >>> table = analysis.validation_errors()
        >>> table.loc["Plants", "support"].to_dict()
        {'errors': 15}
        >>> table.loc["Plants", "share"].nlargest(2).round(2).to_dict()
        {'Animals': 0.53, 'Food': 0.2}
        """
        if direction not in ("rows", "columns"):
            raise ValueError(f"direction must be 'rows' or 'columns', not {direction!r}.")
        kept = "validation_errors" if direction == "rows" else "false_positives"
        _check_size(self.n_classes, "validation errors", kept)
        rows = self.rows
        errors = rows.validation_errors if direction == "rows" else rows.false_positives
        if errors is None:
            raise ValueError(NO_VALIDATION)
        return self._share_table(errors, errors=errors.totals)

    def _share_table(self, pairs: PairCounts, **support: IntArray) -> pd.DataFrame:
        index = self._class_axis("class")
        shares = pd.DataFrame(pairs.share_table(), index=index, columns=index)
        return pd.concat({"share": shares, "support": pd.DataFrame(support, index=index)}, axis=1)


def _check_size(n_classes: int, what: str, kept: str) -> None:
    way_out = f"take one class at a time: Analysis.rows.{kept}.shares(index)"
    check_dense(n_classes, f"the table of the {what}", way_out, tables=2)
