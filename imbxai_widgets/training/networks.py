"""Residual networks for small images, as He et al. built them for CIFAR-10.

Source: He et al., "Deep Residual Learning for Image Recognition" (2016), section 4.2; the head
for LDAM is that of Cao et al. (NeurIPS 2019), section 3.2.
"""

from __future__ import annotations

import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn


class BasicBlock(nn.Module):
    """Two 3x3 convolutions around which the input is carried over.

    Where the block halves the image and doubles the channels, the shortcut skips every second
    pixel and adds channels of zeros, so it has no weights.
    """

    def __init__(self, channels_in: int, channels: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, channels, 3, stride, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(channels)
        self.stride = stride
        self.added_channels = channels - channels_in

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, channels_in, H, W) to (B, channels, H / stride, W / stride)."""
        out = F.relu(self.norm1(self.conv1(x)))
        out = self.norm2(self.conv2(out))
        if self.added_channels:  # else both steps would only copy
            x = x[:, :, :: self.stride, :: self.stride]
            x = F.pad(x, (0, 0, 0, 0, 0, self.added_channels))
        return F.relu(out + x)


class NormalizedLinear(nn.Linear):
    """A linear head without bias whose weights and inputs are scaled to length 1.

    The logits are the cosines of the angles between an embedding and the classes' weights, times
    `scale`, so that their softmax is as sharp as that of any other head.

    Parameters
    ----------
    in_features, out_features
        Entries of an embedding, and classes.
    scale
        Largest possible logit; the `scale` of the `LDAMLoss` to train with.

    Examples
    --------
    >>> import torch
    >>> head = NormalizedLinear(2, 2, scale=30)
    >>> head.weight.data = torch.tensor([[5.0, 0.0], [0.0, 0.1]])
    >>> head(torch.tensor([[3.0, 0.0]])).tolist()
    [[30.0, 0.0]]
    """

    def __init__(self, in_features: int, out_features: int, scale: float = 30) -> None:
        super().__init__(in_features, out_features, bias=False)
        self.scale = scale

    def forward(self, embeddings: Tensor) -> Tensor:
        """Map (B, in_features) to logits (B, out_features), from -`scale` to `scale`."""
        return self.scale * F.linear(
            F.normalize(embeddings, dim=1), F.normalize(self.weight, dim=1)
        )

    def extra_repr(self) -> str:
        """Return what the module's printed form says of it."""
        return f"{super().extra_repr()}, scale={self.scale}"


class ResNet(nn.Module):
    """ResNet for small images: 64 feature embeddings and a linear head.

    Three stages of equally many blocks with 16, 32 and 64 channels and a global average pool.

    Parameters
    ----------
    depth
        Layers with weights, 6 n + 2: 20, 32 or 56 for n = 3, 5 or 9 blocks in each stage.
    n_classes
        Number of logits.
    scale
        None for an ordinary linear head, else the scale of a `NormalizedLinear`.

    Raises
    ------
    ValueError
        If no number of blocks gives `depth`.

    Examples
    --------
    >>> import torch
    >>> ResNet(32, n_classes=10)(torch.zeros(2, 3, 32, 32)).shape
    torch.Size([2, 10])
    """

    def __init__(self, depth: int, n_classes: int, scale: float | None = None) -> None:
        super().__init__()
        blocks, rest = divmod(depth - 2, 6)
        if rest or blocks < 1:
            raise ValueError(f"depth must be 6 n + 2, as 20, 32 or 56 are, not {depth}")
        self.stem = nn.Conv2d(3, 16, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(16)
        self.stages = nn.Sequential(
            *(
                BasicBlock(channels_in, channels, stride)
                for channels_in, channels, stride in (
                    *((16, 16, 1),) * blocks,
                    (16, 32, 2),
                    *((32, 32, 1),) * (blocks - 1),
                    (32, 64, 2),
                    *((64, 64, 1),) * (blocks - 1),
                )
            )
        )
        self.head: nn.Linear = (
            nn.Linear(64, n_classes) if scale is None else NormalizedLinear(64, n_classes, scale)
        )
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, images: Tensor) -> Tensor:
        """Map normalized images (B, 3, H, W), 32x32 or near, to logits (B, n_classes)."""
        features = self.stages(F.relu(self.norm(self.stem(images))))
        logits: Tensor = self.head(features.mean(dim=(2, 3)))
        return logits
