"""The map of a feature before pooling: where in an image the network found it."""

from __future__ import annotations

from functools import partial
from types import TracebackType
from typing import Any, Final

from torch import Tensor, nn

from imbxai_widgets.compute.embedding.layers import unhook
from imbxai_widgets.compute.embedding.model_state import unwrapped
from imbxai_widgets.compute.numeric.types import FloatArray
from imbxai_widgets.compute.reading.undo import Changes

_TOLERANCE: Final = 1e-4  # of the largest feature: averages are added up in another order


class FeatureMap:
    """Hear what leaves the layers of a network, and tell which map the embedding is the average of.

    Found by values, as heads are: a map (B, D, h, w) or (B, h, w, D) whose average over the
    positions is the embedding. Of several, the last. Hooks stand while it is entered; they change
    nothing.

    Parameters
    ----------
    model
        The network.
    feature
        Number of the feature, 0 to D-1; None to hear nothing.

    Examples
    --------
    >>> import torch
    >>> model = nn.Sequential(nn.Conv2d(1, 2, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    >>> with FeatureMap(model, 1) as maps:
    ...     embedding = model(torch.ones(1, 1, 3, 4))
    ...     maps.found(embedding).shape
    (1, 3, 4)
    """

    def __init__(self, model: nn.Module, feature: int | None) -> None:
        self._model = unwrapped(model)
        self._feature = feature
        self._hooks = Changes()
        self._heard: list[tuple[Tensor, Tensor]] = []  # averages of all features, map of one

    def __enter__(self) -> FeatureMap:
        hear = self._hear  # one object, by which it is found to be taken off
        if self._feature is not None:
            for module in self._model.modules():
                self._hooks.add(partial(unhook, module, hear))
                module.register_forward_hook(hear)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._hooks.undo()
        self._heard.clear()

    def found(self, embeddings: Tensor) -> FloatArray | None:
        """Return the map of the feature, (B, h, w) float32; None where there is none.

        Parameters
        ----------
        embeddings
            (B, D), of the batch that ran.

        Raises
        ------
        ValueError
            If there is no such feature.
        """
        feature = self._feature
        if feature is None:
            return None
        if not 0 <= feature < embeddings.shape[1]:
            raise ValueError(f"feature must be 0 to {embeddings.shape[1] - 1}, not {feature}")
        wanted = embeddings.detach().float()
        limit = _TOLERANCE * wanted.abs().amax().clamp(min=1e-30)
        for averages, own in reversed(self._heard):
            # A batch of one image may have run beside itself; see `run_even_one`.
            averages, own = averages[: len(wanted)], own[: len(wanted)]
            if averages.shape == wanted.shape and (averages - wanted).abs().amax() <= limit:
                return own.cpu().numpy()
        return None

    def _hear(self, _: nn.Module, __: tuple[Any, ...], output: Any) -> None:
        if not isinstance(output, Tensor) or output.ndim != 4:
            return
        feature = self._feature
        assert feature is not None
        values = output.detach()
        if min(values.shape[1:3]) > 0 and values.shape[1] > feature and values[0, 0].numel() > 1:
            maps = values[:, feature].float().clone()
            self._heard.append((values.float().mean(dim=(2, 3)), maps))
        if values.shape[3] > feature and values[0, :, :, 0].numel() > 1:
            maps = values[..., feature].float().clone()
            self._heard.append((values.float().mean(dim=(1, 2)), maps))
