"""Plain loops over images on a card: forward, backward to the input, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

FORMATS = {"contiguous": torch.contiguous_format, "channels last": torch.channels_last}


def plain_loop(
    model: nn.Module, images: torch.Tensor, size: int, layout: str, device: torch.device
) -> None:
    """Copy batch after batch to the device, and run each forward and backward."""
    for batch in images.split(size):
        step(model, batch.to(device), layout)


def step(model: nn.Module, batch: torch.Tensor, layout: str) -> torch.Tensor:
    """Return the gradient of the winning logits to a batch that is on the device."""
    leaf = batch.contiguous(memory_format=FORMATS[layout]).requires_grad_()
    return torch.autograd.grad(model(leaf).max(dim=1).values.sum(), leaf)[0]


def pinned_loop(
    model: nn.Module, images: torch.Tensor, size: int, layout: str, device: torch.device
) -> None:
    """As `plain_loop`, from pinned memory: the next batch is copied while one is computed."""
    copying = torch.cuda.Stream(device)
    computing = torch.cuda.current_stream(device)
    batches = images.split(size)
    ahead: list[tuple[torch.Tensor, torch.cuda.Event]] = []

    def send(number: int) -> None:
        if number < len(batches):
            with torch.cuda.stream(copying):
                sent = batches[number].to(device, non_blocking=True)
                ahead.append((sent, copying.record_event()))

    send(0)
    for number in range(len(batches)):
        send(number + 1)
        batch, there = ahead.pop(0)
        computing.wait_event(there)
        batch.record_stream(computing)
        step(model, batch, layout)


def graphed_loop(
    model: nn.Module, images: torch.Tensor, size: int, layout: str, device: torch.device
) -> Callable[[], None]:
    """Capture forward and backward of one batch as a CUDA graph; return a loop that replays it."""
    place = images[:size].to(device).contiguous(memory_format=FORMATS[layout])
    beside = torch.cuda.Stream(device)
    beside.wait_stream(torch.cuda.current_stream(device))
    with torch.cuda.stream(beside):
        for _ in range(3):
            step(model, place.clone(), layout)
    torch.cuda.current_stream(device).wait_stream(beside)
    graph = torch.cuda.CUDAGraph()
    leaf = place.requires_grad_()
    with torch.cuda.graph(graph):
        torch.autograd.grad(model(leaf).max(dim=1).values.sum(), leaf)

    def loop() -> None:
        for batch in images.split(size):
            if len(batch) == size:
                with torch.no_grad():
                    place.copy_(batch)
                graph.replay()
            else:
                step(model, batch.to(device), layout)

    return loop


class Pictures:
    """Images in memory, with labels, as a dataset gives them one by one."""

    def __init__(self, images: torch.Tensor, labels: list[int]) -> None:
        self.images, self.labels = images, labels

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, number: int) -> tuple[Any, int]:
        return self.images[number], self.labels[number]
