"""Single images: which of them meet conditions, and what is known of each."""

from __future__ import annotations

from operator import index as as_index

import numpy as np
import pandas as pd

from imbxai_widgets.analysis._colors import ColorTables
from imbxai_widgets.analysis.balanced import BalancedTables
from imbxai_widgets.analysis.copies import CopyKind
from imbxai_widgets.analysis.reach import Reach
from imbxai_widgets.analysis.split import Split
from imbxai_widgets.compute.methods.archetypes import ARCHETYPES
from imbxai_widgets.compute.numeric.checks import check_codes
from imbxai_widgets.compute.numeric.types import BoolArray, IntArray
from imbxai_widgets.compute.reading.splits import SplitName


class ImageTables(BalancedTables, ColorTables):
    """The images behind every count."""

    def find_images(
        self,
        class_name: str | int,
        split: SplitName = "training",
        *,
        archetype: str | int | None = None,
        balanced: str | int | None = None,
        predicted: str | int | None = None,
        right: bool | None = None,
        votes: str | int | None = None,
        near: str | int | None = None,
        copies: CopyKind | None = None,
        covered: bool | None = None,
        confidence: tuple[float, float] | None = None,
        color: str | None = None,
    ) -> IntArray:
        """Return the images of a class that meet all conditions given.

        Parameters
        ----------
        class_name : str or int
            The class that the images are labeled as, by its name or number.
        split : {"training", "validation"}
            Which images.
        archetype : {"safe", "border", "rare", "outlier"} or int
            By its name or its number, 0 to 3.
        balanced : {"safe", "border", "rare", "outlier"} or int
            The same of the class-balanced archetype; see `balanced_archetypes`.
        predicted : str or int
            The class that the model gives them.
        right : bool
            True: those predicted right; False: those predicted wrong.
        votes : str or int
            The misclassified training images that vote for this class as an adversary: one of
            their neighbors is of it (paper, Algorithm 1). None vote for their own class.
        near : str or int
            Those with a neighbor of this class among their nearest training images.
        copies : {"any", "conflict", "leak"}
            Those that occur more than once, as in `duplicates`; with a copy of another label; or
            with copies in both splits.
        covered : bool
            Validation images within reach of training images of the class, as in `coverage`, or
            beyond it.
        confidence : tuple of two floats
            Least and largest softmax probability of the predicted class, 0 to 1, both included.
        color : str
            The name of a color bin: the training images that have salient pixels of it.

        Returns
        -------
        int64 array, shape (m,)
            Rows of the split, rising; `image_table` tells more of them.

        Raises
        ------
        ValueError
            If there is no such class, archetype or split; if `votes` is asked of validation
            images, which have none; if `confidence` is no range, or is not known; if there is no
            such color, or the colors of each image are not known; or as `balanced_archetypes` does,
            where `balanced` is given.

        Examples
        --------
        >>> analysis.find_images("Plants", "validation", right=False, predicted="Food")
        array([807, 820, 822])
        >>> analysis.find_images("Plants", archetype="outlier", right=True)
        array([1882])
        """
        images = self.split(split)
        own = self._class_number(class_name)
        chosen = images.labels == own
        if archetype is not None:
            chosen &= images.archetypes == archetype_number(archetype)
        if balanced is not None:
            chosen &= self.balanced(split).archetypes == archetype_number(balanced)
        if predicted is not None:
            chosen &= images.predictions == self._class_number(predicted)
        if right is not None:
            chosen &= images.correct == right
        if votes is not None:
            chosen &= self._voting(split, own, self._class_number(votes))
        if near is not None:
            chosen &= (self.labels[images.neighbors] == self._class_number(near)).any(axis=1)
        if confidence is not None:
            chosen &= _confident(images, chosen, confidence)
        chosen &= self._further(split, own, copies, covered, color)
        return np.flatnonzero(chosen).astype(np.int64, copy=False)

    def _further(
        self,
        split: SplitName,
        own: int,
        copies: CopyKind | None,
        covered: bool | None,
        color: str | None,
    ) -> BoolArray:
        """Tell which images meet conditions that take a search, or colors."""
        size = len(self.split(split))
        found = np.ones(size, dtype=np.bool_)
        if copies is not None:
            found &= self.copies.having(split, size, copies)
        if covered is not None:
            found &= self._reached(split, own) == covered
        if color is not None:
            found &= self.color_shares(color, split) > 0
        return found

    def neighbors_among(self, images: IntArray, class_name: str | int) -> IntArray:
        """Return the neighbors of training images that are of a class.

        Parameters
        ----------
        images : int64 array, shape (M,)
            Rows of `train`, such as the images that vote for the class.
        class_name : str or int
            The class, by its name or number.

        Returns
        -------
        int64 array, shape (m,)
            Rows of `train`: those that most of the images have as neighbors first; of equally
            many, the lower row.

        Raises
        ------
        ValueError
            If there is no such class, or `images` are no rows of `train`.

        Examples
        --------
        >>> voters = analysis.find_images("Plants", votes="Food")
        >>> len(voters), len(analysis.neighbors_among(voters, "Food"))
        (3, 10)
        """
        rows = check_codes(images, "images", shape=(None,), limit=len(self.train))
        near, counts = np.unique(self.neighbors[rows], return_counts=True)
        wanted = self.labels[near] == self._class_number(class_name)
        found: IntArray = near[wanted].astype(np.int64, copy=False)
        return found[np.argsort(-counts[wanted], kind="stable")]

    def image_table(
        self, indices: IntArray | list[int] | None = None, split: SplitName = "training"
    ) -> pd.DataFrame:
        """Return one row for each image of a split, or for those of `indices`, in that order.

        Columns: ``label``, ``prediction``, ``archetype`` (names), ``confidence`` (0 to 1) and
        ``correct``; the index, ``image``, is the number of the image in the dataset.

        Parameters
        ----------
        indices : int64 array, shape (M,), optional
            Rows of the split; all of them if not given.
        split : {"training", "validation"}
            Which images.

        Raises
        ------
        ValueError
            If `indices` are not rows of the split, such as a Boolean mask, or there is no such
            split.

        Examples
        --------
        >>> image = analysis.image_table([0]).loc[0]
        >>> image["label"], image["prediction"], image["archetype"]
        ('People', 'Faces', 'rare')
        """
        images = self.split(split)
        chosen = np.arange(len(images)) if indices is None else np.asarray(indices)
        if chosen.dtype == np.bool_:
            raise ValueError("indices must be numbers, not a mask; pass numpy.flatnonzero(mask).")
        rows = check_codes(chosen, "indices", shape=(None,), limit=len(images))
        names = np.asarray(self.class_names, dtype=object)
        return pd.DataFrame(
            {
                "label": names[images.labels[rows]],
                "prediction": names[images.predictions[rows]],
                "archetype": np.asarray(ARCHETYPES, dtype=object)[images.archetypes[rows]],
                "confidence": images.confidences[rows],
                "correct": images.correct[rows],
            },
            index=pd.Index(images.positions[rows], name="image"),
        )

    def _reached(self, split: SplitName, own: int) -> BoolArray:
        """Tell which validation images lie within reach of the training images of a class."""
        if split != "validation":
            raise ValueError("covered is told of validation images; pass split='validation'.")
        reach = Reach.of(self, own)
        if reach is None:
            raise ValueError(
                f"the class {self.class_names[own]!r} has no more than {self.k} training images: "
                "too few to tell how far they reach."
            )
        found = np.zeros(len(self.split(split)), dtype=np.bool_)
        found[reach.rows[reach.covered]] = True
        return found

    def _voting(self, split: SplitName, own: int, other: int) -> BoolArray:
        """Tell which training images vote for class `other`."""
        if split != "training":
            raise ValueError("votes are those of training images; pass split='training'.")
        near = (self.labels[self.neighbors] == other).any(axis=1)
        voting: BoolArray = near & ~self.train.correct & (other != own)
        return voting


def archetype_number(given: str | int) -> int:
    """Return the number of an archetype that is given by its name or number.

    Raises
    ------
    ValueError
        If there is no such archetype.
    """
    if isinstance(given, str) and given in ARCHETYPES:
        return ARCHETYPES.index(given)
    if not isinstance(given, str) and 0 <= as_index(given) < len(ARCHETYPES):
        return as_index(given)
    raise ValueError(
        f"archetype must be one of {', '.join(ARCHETYPES)}, or their numbers 0 to 3, not {given!r}."
    )


def _confident(images: Split, asked: BoolArray, within: tuple[float, float]) -> BoolArray:
    low, high = map(float, within)
    if not 0 <= low <= high <= 1:
        raise ValueError(
            f"confidence must be (low, high) with 0 <= low <= high <= 1, not {within}."
        )
    known = images.confidences.astype(np.float64)
    if np.isnan(known[asked]).any():
        raise ValueError(
            "confidences are not known: the analysis was made of predictions; give logits or "
            "probabilities."
        )
    found: BoolArray = (known >= low) & (known <= high)
    return found
