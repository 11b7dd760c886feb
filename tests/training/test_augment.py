"""Random crops and mirror images."""

from __future__ import annotations

import numpy as np
import torch

from imbxai_widgets.training.augment import augment


def test_augmented_images_are_shifted_and_mirrored_ones() -> None:
    random = np.random.default_rng(0)
    image = random.integers(0, 255, (32, 32, 3), dtype=np.uint8)
    padded = np.full((40, 40, 3), 255, np.uint8)
    padded[4:36, 4:36] = image
    windows = {
        (top, left, mirrored): padded[top : top + 32, left : left + 32][:, ::mirrored]
        for top in range(9)
        for left in range(9)
        for mirrored in (1, -1)
    }
    by_bytes = {window.tobytes(): case for case, window in windows.items()}
    batch = torch.tensor(image).expand(500, 32, 32, 3)
    result = augment(batch, torch.Generator().manual_seed(0), padding=4, fill=255).numpy()
    cases = [by_bytes[np.ascontiguousarray(one).tobytes()] for one in result]
    assert {top for top, _, _ in cases} == {left for _, left, _ in cases} == set(range(9))
    assert 200 < sum(mirrored == 1 for _, _, mirrored in cases) < 300
