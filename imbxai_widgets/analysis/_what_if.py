"""What remedies would change: the way from an analysis to a `WhatIf`."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import cached_property, partial
from typing import Any, Final

import numpy as np

from imbxai_widgets.analysis._calibration import CalibrationTables, groups_of, logits_if_known
from imbxai_widgets.analysis._remedied import (
    Held,
    refitted_plainly,
    remedied,
    stratified_folds,
)
from imbxai_widgets.analysis._tables import NO_VALIDATION
from imbxai_widgets.analysis.what_if import WhatIf
from imbxai_widgets.compute.methods.paired import PairedDraws
from imbxai_widgets.compute.methods.suspects import label_odds
from imbxai_widgets.compute.numeric.checks import check_count
from imbxai_widgets.compute.numeric.types import IntArray
from imbxai_widgets.compute.remedies.data import ApplyEdits
from imbxai_widgets.compute.remedies.decision import Decision, Network
from imbxai_widgets.compute.remedies.heads import NearestClassMean
from imbxai_widgets.compute.remedies.remedy import Remedy, in_order
from imbxai_widgets.edits import Edits

_MOST_BYTES: Final = 2**31  # of logits, of which a move makes a few copies
_NO_MARGINS: Final = (
    "the head is normalized, as of networks trained with LDAM, but was refitted by cross-entropy, "
    "without margins: of such networks this has not foretold which classes gain by a training (see "
    "docs/what-if.md); adjust logits instead"
)


class WhatIfTables(CalibrationTables):
    """Remedies, tried on the embeddings."""

    def what_if(
        self,
        *remedies: Remedy,
        validation_folds: int = 2,
        seed: int = 0,
        groups: Any = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> WhatIf:
        """Tell what remedies would change of the validation images, without training the network.

        Parameters
        ----------
        *remedies : Remedy
            From `imbxai_widgets.remedies`, in any order: those that change the training images
            take effect first, then those that make another head, then those that rescale its
            weights, then those that shift logits. Where images change and no other head is made,
            the head is fitted to them again, which stands for a training with them.
        validation_folds : int
            Folds of validation images, at least 2, where a parameter is to be found ("best"): each
            fold is judged with what was chosen on the others. With all parameters given, nothing is
            chosen, and it has no effect.
        seed : int
            Of folds and intervals.
        groups : optional
            One entry an image of the validation dataset, such as the patient or video that it comes
            from: images of one group are in one fold, and intervals become wider.
        cancelled : callable, optional
            Asked during a fit whether to give up: `threading.Event().is_set`, for instance.

        Returns
        -------
        WhatIf
            The same for the same arguments.

        Raises
        ------
        ValueError
            If there are no validation images, what a remedy needs of the network is not known, or
            an argument is out of range.
        CancelledError
            If `cancelled` says so.

        Warns
        -----
        UserWarning
            If a normalized head is refitted, since networks that were trained with LDAM changed
            otherwise than was told so.

        Examples
        --------
        >>> from imbxai_widgets import remedies
        >>> what_if = analysis.what_if(remedies.LogitAdjustment(tau=1))
        >>> what_if.summary()[["before", "after", "change_low", "change_high"]].round(2)
                         before  after  change_low  change_high
        accuracy of
        all                0.78   0.76       -0.04        -0.01
        mean of classes    0.63   0.64       -0.02         0.04
        worst class        0.14   0.21       -0.03         0.26
        tail               0.27   0.40        0.03         0.21
        """
        told = self._what_if(
            remedies,
            validation_folds=validation_folds,
            seed=seed,
            groups=groups,
            cancelled=cancelled,
        )
        if told.caution:
            warnings.warn(told.caution, UserWarning, stacklevel=2)
        return told

    def _what_if(
        self,
        remedies: tuple[Remedy, ...],
        *,
        validation_folds: int = 2,
        seed: int = 0,
        groups: Any = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> WhatIf:
        """As `what_if`, without its warning: filters of warnings are not made for threads."""
        held = self._held
        ordered = in_order(remedies)
        for remedy in ordered:
            if isinstance(remedy, ApplyEdits) and isinstance(remedy.edits, Edits):
                remedy.edits.check_belongs(self)
        codes = groups_of(held.split, groups)
        fold = np.zeros(len(codes), dtype=np.int64)
        check_count(validation_folds, "validation_folds", minimum=2)
        if any(remedy.is_open for remedy in ordered):
            rng = np.random.default_rng(seed)
            fold = stratified_folds(codes, held.split.labels, validation_folds, rng)
        network = self._network(cancelled)
        found = remedied(ordered, network, held, fold)
        made_of_means = any(isinstance(remedy, NearestClassMean) for remedy in ordered)
        normalized = self.head is not None and self.head.normalized
        refitted = normalized and found.decision.has_new_head and not made_of_means
        draws = self._own_draws if groups is None and seed == 0 else self._draws(codes, seed)
        return WhatIf(
            self,
            found,
            held,
            codes,
            draws,
            lambda: self._plain_refit,
            seed,
            _NO_MARGINS if refitted else "",
        )

    def _network(self, cancelled: Callable[[], bool] | None = None) -> Network:
        return Network(
            self.class_names,
            self.embeddings,
            self.labels,
            self.head,
            self.train.positions,
            len(self.train) + len(self.train.skipped),
            partial(_suspects, self),
            cancelled,
        )

    @cached_property
    def _held(self) -> Held:
        """The validation images with the network's logits."""
        if self.validation is None:
            raise ValueError(NO_VALIDATION)
        if self.validation.embeddings is None:
            raise ValueError(
                "remedies need the embeddings of the validation images, without which an older "
                "version saved the file; analyze and save again"
            )
        size = 4 * len(self.validation) * self.n_classes
        if size > _MOST_BYTES:
            raise ValueError(
                f"the logits of {len(self.validation):,} validation images and {self.n_classes:,} "
                f"classes take {size / 2**30:.1f} GiB, of {_MOST_BYTES / 2**30:.0f} at most; "
                "analyze fewer validation images"
            )
        return Held(self.validation, logits_if_known(self.validation, self.n_classes))

    @cached_property
    def _plain_refit(self) -> Decision:
        return refitted_plainly(self._network())

    @cached_property
    def _own_draws(self) -> PairedDraws:
        return self._draws(np.arange(len(self._held.split)), 0)

    def _draws(self, groups: IntArray, seed: int) -> PairedDraws:
        split = self._held.split
        return PairedDraws(split.labels, split.correct, self.n_classes, groups, seed)


def _suspects(analysis: WhatIfTables) -> IntArray:
    """Return the rows of training images, that with the most suspect label first."""
    near = analysis.labels[analysis.neighbors]
    _, odds = label_odds(analysis.labels, near, analysis.train.top, analysis.n_classes)
    return np.argsort(-odds, kind="stable")
