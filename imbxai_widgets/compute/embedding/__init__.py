"""One pass of images through a network: embeddings, probabilities and salient colors."""

from __future__ import annotations

from imbxai_widgets.compute.embedding.embedded import Embedded
from imbxai_widgets.compute.embedding.layers import LayerError
from imbxai_widgets.compute.embedding.one_pass import embed

__all__ = ["Embedded", "LayerError", "embed"]
