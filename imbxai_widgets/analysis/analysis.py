"""`Analysis`: every result about a model and its training images, as arrays and DataFrames."""

from __future__ import annotations

import os
from dataclasses import fields
from pathlib import Path
from typing import Any

import torch
from numpy.typing import ArrayLike

from imbxai_widgets.analysis._actions import ActionTables
from imbxai_widgets.analysis._confusion import ConfusionTables
from imbxai_widgets.analysis._coverage import CoverageTables
from imbxai_widgets.analysis._data import AnalysisData
from imbxai_widgets.analysis._error_probability import ErrorTables
from imbxai_widgets.analysis._forecast import ForecastTables
from imbxai_widgets.analysis._learning_curve import LearningCurveTables
from imbxai_widgets.analysis._map import MapTables
from imbxai_widgets.analysis.bars import BarTables
from imbxai_widgets.analysis.duplicates import DuplicateTables
from imbxai_widgets.analysis.edited import analysis_with_edits
from imbxai_widgets.analysis.from_arrays import analysis_from_arrays
from imbxai_widgets.analysis.report import ReportTables
from imbxai_widgets.analysis.storage import load_analysis, save_analysis
from imbxai_widgets.edits import Edits


class Analysis(
    ReportTables,
    ActionTables,
    ConfusionTables,
    BarTables,
    CoverageTables,
    DuplicateTables,
    ForecastTables,
    LearningCurveTables,
    ErrorTables,
    MapTables,
):
    """What `analyze` found; the one contract between computation and everything that shows it.

    All methods return new objects; nothing is changed in place. Rates and shares are 0 to 1,
    and NaN where there is nothing to take a share of.

    Attributes
    ----------
    class_names : tuple of str, length C
    embeddings : float32 array, shape (N, D)
        Feature embeddings (FE) of the training images: the input of the classifier head.
    train : Split
        The N training images.
    validation : Split or None
        The validation images, if given.
    head : Head or None
        The classifier head, of which and of embeddings `Split.logits` makes logits: ``weight``
        (C, D), ``bias`` (C,) or None, ``scale``, and whether ``normalized``, as that of networks
        trained with LDAM. None where logits are no linear function of the embeddings.
    color_counts : int64 array, shape (C, B), or None
        Salient pixels of each class in each color bin; None when saliency was not asked for.
    color_scheme : ColorScheme
        Names and mean colors of the B bins.
    top_k : int
        How many top features each class has.
    salient_fraction : float or None
        Which part of an image's pixels counts as salient.
    projection : {"pca", "umap", "own"} or None
        How the map of the images was made, whose points are ``coordinates`` of either split; None
        without one. See `with_projection`.
    rows : ClassRows
        The results class by class, of which the tables are made.

    Examples
    --------
    >>> analysis
    Analysis(1922 training images, 824 for validation, 10 classes, 64 features, 5 neighbors)
    """

    def __repr__(self) -> str:
        validation = "none" if self.validation is None else f"{len(self.validation)}"
        recall = self.train.neighbor_recall
        found = "" if self.train.neighbor_method == "exact" else f" ({recall:.1%} of them found)"
        return (
            f"Analysis({len(self.train)} training images, {validation} for validation, "
            f"{self.n_classes} classes, {self.embeddings.shape[1]} features, "
            f"{self.k} neighbors{found})"
        )

    @classmethod
    def of(cls, data: AnalysisData) -> Analysis:
        """Give data, as assembled or loaded, the tables that are made of it.

        Examples
        --------
        >>> data = analysis_from_arrays([[0.0], [0.1], [1.0]], [0, 0, 1], [0, 0, 1], k=1)
        >>> Analysis.of(data).classes()["images"].tolist()
        [2, 1]
        """
        return cls(**{field.name: getattr(data, field.name) for field in fields(data)})

    @classmethod
    def from_arrays(
        cls, embeddings: ArrayLike, labels: ArrayLike, outputs: ArrayLike, **options: Any
    ) -> Analysis:
        """Make an analysis of arrays, without a model; see `analysis_from_arrays`.

        Examples
        --------
        >>> embeddings = [[0.0, 1.0], [0.1, 1.0], [1.0, 0.0], [1.0, 0.1]]
        >>> Analysis.from_arrays(embeddings, [0, 0, 1, 1], [0, 1, 1, 1], k=1).n_classes
        2
        """
        return cls.of(analysis_from_arrays(embeddings, labels, outputs, **options))

    def with_edits(self, edits: Edits, *, device: str | torch.device | None = None) -> Analysis:
        """Return this analysis after edits, without running the network.

        See `imbxai_widgets.analysis.edited.analysis_with_edits`.

        Examples
        --------
        >>> from imbxai_widgets import Edits
        >>> edits = Edits(analysis)
        >>> edits.relabel([836, 1715], "Faces")
        >>> after = analysis.with_edits(edits)
        >>> analysis.classes()["images"]["Faces"], after.classes()["images"]["Faces"]
        (np.int64(166), np.int64(168))
        """
        return type(self).of(analysis_with_edits(self, edits, device=device))

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Save to a file; see `imbxai_widgets.analysis.storage.save_analysis`.

        Examples
        --------
        >>> analysis.save("run.imbxai").name
        'run.imbxai'
        """
        return save_analysis(self, path)

    @classmethod
    def load(cls, path: str | os.PathLike[str], **datasets: Any) -> Analysis:
        """Load what `save` wrote; see `imbxai_widgets.analysis.storage.load_analysis`.

        Examples
        --------
        >>> path = analysis.save("run.imbxai")
        >>> Analysis.load(path, dataset=train_set).images[0].shape
        (32, 32, 3)
        """
        return cls.of(load_analysis(path, **datasets))
