"""What an interrupted training needs to go on, in one file without pickle."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import Tensor, nn

from imbxai_widgets.files import replacing

_FACTS = "facts"
_MODEL, _MOMENTUM, _GENERATOR = "model.", "momentum.", "generator"


def write_tensors(path: Path, tensors: Mapping[str, Tensor], facts: Mapping[str, Any]) -> None:
    """Write tensors and facts to a safetensors file, whole or not at all.

    Parameters
    ----------
    path
        The file; one already there is replaced.
    tensors
        On any device.
    facts
        What JSON can hold, kept in the file's metadata.
    """
    stored = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    with replacing(path) as file:
        file.write(safetensors.torch.save(stored, {_FACTS: json.dumps(facts)}))


def read_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read what `write_tensors` wrote; the tensors are on the CPU.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is something else, or damaged.
    """
    try:
        with safetensors.safe_open(path, "pt") as file:
            facts = json.loads((file.metadata() or {})[_FACTS])
            return {name: file.get_tensor(name) for name in file.keys()}, facts  # noqa: SIM118
    except (safetensors.SafetensorError, KeyError, json.JSONDecodeError) as error:
        raise ValueError(f"{path} is damaged, or not from this package; remove it") from error


class TrainingState:
    """Everything that moves while a network is trained.

    Parameters
    ----------
    model, optimizer, schedule, scaler, generator
        What is saved and restored.
    settings
        What the result depends on, in types of JSON; a checkpoint of other settings is refused.
    """

    def __init__(
        self,
        model: nn.Module,
        optimizer: torch.optim.Optimizer,
        schedule: torch.optim.lr_scheduler.LRScheduler,
        scaler: torch.amp.GradScaler,
        generator: torch.Generator,
        settings: Mapping[str, Any],
    ) -> None:
        self.model = model
        self.optimizer = optimizer
        self.schedule = schedule
        self.scaler = scaler
        self.generator = generator
        # As they come back from a file, where tuples are lists.
        self.settings: dict[str, Any] = json.loads(json.dumps(settings))

    def save(self, path: Path, epochs: int) -> None:
        """Write everything, after a number of whole epochs."""
        optimizer = self.optimizer.state_dict()
        momenta = {
            str(number): state["momentum_buffer"] for number, state in optimizer["state"].items()
        }
        tensors = {
            **_under(_MODEL, self.model.state_dict()),
            **_under(_MOMENTUM, momenta),
            _GENERATOR: self.generator.get_state(),
        }
        facts = {
            "epochs": epochs,
            "settings": self.settings,
            "groups": optimizer["param_groups"],
            "schedule": self.schedule.state_dict(),
            "scaler": self.scaler.state_dict(),
        }
        write_tensors(path, tensors, facts)

    def restore(self, path: Path) -> int:
        """Make everything what it was when it was saved, and return the number of whole epochs.

        Raises
        ------
        ValueError
            If the file is damaged, or was written with other settings.
        """
        tensors, facts = read_tensors(path)
        before = facts["settings"]
        if before != self.settings:
            names = sorted({*before, *self.settings})
            other = [name for name in names if before.get(name) != self.settings.get(name)]
            raise ValueError(
                f"{path} was written with another {', '.join(other)}; remove it to begin anew, "
                "or write to another folder"
            )
        momenta = {
            int(number): {"momentum_buffer": value}
            for number, value in _of(_MOMENTUM, tensors).items()
        }
        self.model.load_state_dict(_of(_MODEL, tensors))
        self.optimizer.load_state_dict({"state": momenta, "param_groups": facts["groups"]})
        self.schedule.load_state_dict(facts["schedule"])
        self.scaler.load_state_dict(facts["scaler"])
        self.generator.set_state(tensors[_GENERATOR])
        return int(facts["epochs"])


def _under(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {prefix + name: tensor for name, tensor in tensors.items()}


def _of(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {
        name.removeprefix(prefix): tensor
        for name, tensor in tensors.items()
        if name.startswith(prefix)
    }
