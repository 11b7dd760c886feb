"""Images and networks that the tests of the pass over the images share."""

from __future__ import annotations

import zlib
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import Dataset

from imbxai_widgets.compute.embedding.embedded import Embedded
from imbxai_widgets.compute.embedding.one_pass import embed, run_pass
from imbxai_widgets.compute.embedding.options import PassOptions

SIZE, CLASSES = 10, 4


class Images(Dataset[Any]):
    """Random images in [0, 1], which count how often each is taken."""

    def __init__(self, n: int, fail_at: int = -1, error: type[BaseException] = OSError) -> None:
        generator = torch.Generator().manual_seed(n)
        self.images = torch.rand(n, 3, SIZE, SIZE, generator=generator)
        self.labels = torch.randint(0, CLASSES, (n,), generator=generator)
        # In an array, which a copy of the dataset shares.
        self.taken = np.zeros(n, dtype=int)
        self.fail_at, self.error = fail_at, error

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        if index == self.fail_at:
            raise self.error("in mid-run")
        self.taken[index] += 1
        return self.images[index], int(self.labels[index])


class WithForeground(Images):
    """Only the left part of an image, the wider the later, shows the object."""

    def foreground(self, index: int) -> np.ndarray:
        mask = np.zeros((SIZE, SIZE), dtype=bool)
        mask[:, : index % SIZE] = True
        return mask


class Counting(nn.Module):
    """A forward that writes to a buffer and replaces another, and counts its calls."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("seen", torch.zeros(()))
        self.register_buffer("last", torch.zeros(()))
        self.calls = 0

    def forward(self, x: Tensor) -> Tensor:
        self.calls += 1
        self.seen += len(x)
        self.last = x.detach().mean()
        return x


class Unfused(nn.BatchNorm2d):
    """No copy has this fused: every batch runs through the network itself, and once."""


def network(first: nn.Module | None = None) -> nn.Sequential:
    torch.manual_seed(0)
    model = nn.Sequential(
        first or nn.Identity(),
        nn.Conv2d(3, 8, 3, padding=1),
        Unfused(8),
        nn.ReLU(inplace=True),
        nn.Dropout(0.5),
        nn.AdaptiveAvgPool2d(2),
        nn.Flatten(),
        nn.Linear(32, CLASSES),
    )
    model(torch.rand(16, 3, SIZE, SIZE))  # so that the running statistics are some
    return model


def mixed_state() -> nn.Sequential:
    """A model as it may be in the middle of fine-tuning."""
    model = network(Counting())
    model.train()
    model[2].eval()
    model[1].weight.requires_grad_(False)
    model[7].weight.grad = torch.rand(CLASSES, 32)
    model[1].register_forward_hook(lambda *_: None)
    return model


def state_of(model: nn.Module) -> dict[str, Any]:
    values = 0
    for tensor in model.state_dict().values():
        values = zlib.crc32(tensor.detach().reshape(-1).view(torch.uint8).numpy(), values)
    tensors = [*model.parameters(), *model.buffers()]
    return {
        "values": values,
        "identities": [(id(t), t.data_ptr(), t.dtype, t.stride()) for t in tensors],
        "modes": [m.training for m in model.modules()],
        "requires_grad": [p.requires_grad for p in model.parameters()],
        "grads": [(id(p.grad), p.grad is not None and p.grad.sum()) for p in model.parameters()],
        "hooks": [(len(m._forward_hooks), len(m._forward_pre_hooks)) for m in model.modules()],
        "versions": [p._version for p in model.parameters()],
    }


quiet = partial(embed, device="cpu", progress=False)


def checked(
    model: nn.Module, data: Images, batch_size: int = 5, salient_fraction: float | None = None
) -> Embedded:
    """Run a pass that begins as that of an analysis: by looking whether the network is steady."""
    options = PassOptions(device="cpu", batch_size=batch_size, salient_fraction=salient_fraction)
    return run_pass(model, data, options, progress=False, check_steadiness=True)
