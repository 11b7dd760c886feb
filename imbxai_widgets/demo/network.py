"""The demo's classifier: a residual network for 32x32 images, and its trained weights."""

from __future__ import annotations

from importlib.resources import files

import safetensors.torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from imbxai_widgets.demo.images import CLASSES

WEIGHTS = "resnet20.safetensors"


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
        shortcut = x[:, :, :: self.stride, :: self.stride]
        return F.relu(out + F.pad(shortcut, (0, 0, 0, 0, 0, self.added_channels)))


class ResNet20(nn.Module):
    """ResNet-20 for 32x32 images, as He et al. (2016, section 4.2) built it for CIFAR-10.

    Three stages of three blocks with 16, 32 and 64 channels, a global average pool, which
    gives 64 feature embeddings, and a linear head.

    Parameters
    ----------
    n_classes
        Number of logits.

    Examples
    --------
    >>> import torch
    >>> ResNet20()(torch.zeros(2, 3, 32, 32)).shape
    torch.Size([2, 10])
    """

    def __init__(self, n_classes: int = len(CLASSES)) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 16, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(16)
        self.stages = nn.Sequential(
            *(
                BasicBlock(channels_in, channels, stride)
                for channels_in, channels, stride in (
                    *((16, 16, 1),) * 3,
                    (16, 32, 2),
                    *((32, 32, 1),) * 2,
                    (32, 64, 2),
                    *((64, 64, 1),) * 2,
                )
            )
        )
        self.head = nn.Linear(64, n_classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, images: Tensor) -> Tensor:
        """Map normalized images (B, 3, 32, 32) to logits (B, n_classes)."""
        features = self.stages(F.relu(self.norm(self.stem(images))))
        logits: Tensor = self.head(features.mean(dim=(2, 3)))
        return logits


def load_network() -> ResNet20:
    """Return the trained network that comes with the package, on the CPU, in evaluation mode."""
    model = ResNet20()
    weights = (files("imbxai_widgets.demo") / "data" / WEIGHTS).read_bytes()
    model.load_state_dict(safetensors.torch.load(weights))
    return model.eval()
