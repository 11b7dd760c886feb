"""Small computations run on one thread, and leave the number of threads as it is."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch

from imbxai_widgets.compute.methods import prototypes
from imbxai_widgets.compute.methods.prototypes import medoid, medoids
from imbxai_widgets.compute.neighbors import pool
from imbxai_widgets.compute.neighbors.search import nearest_neighbors, nearest_references
from imbxai_widgets.compute.numeric import threads
from imbxai_widgets.compute.numeric.threads import on_one_thread_if_small

CPU = torch.device("cpu")
ROWS = np.random.default_rng(0).normal(size=(300, 8)).astype(np.float32)


@pytest.fixture(autouse=True)
def three_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    yield
    left = torch.get_num_threads()
    torch.set_num_threads(before)
    assert left == 3


def test_small_is_what_makes_few_multiplications() -> None:
    assert on_one_thread_if_small(torch.get_num_threads, 10**9, CPU) == 1
    assert on_one_thread_if_small(torch.get_num_threads, 10**9 + 1, CPU) == 3
    assert "mkl_get_max_threads() : 3" in torch.__config__.parallel_info()


def test_only_a_processor_has_its_threads_changed() -> None:
    assert on_one_thread_if_small(torch.get_num_threads, 1, torch.device("meta")) == 3


def test_what_numpy_does_of_errors_is_what_the_caller_wants() -> None:
    with np.errstate(over="raise"):
        assert on_one_thread_if_small(np.geterr, 1, CPU)["over"] == "raise"


@pytest.mark.parametrize("error", [MemoryError("none"), KeyboardInterrupt()])
def test_the_number_is_set_again_after_what_is_raised(error: BaseException) -> None:
    def fail() -> None:
        raise error

    with pytest.raises(type(error)):
        on_one_thread_if_small(fail, 1, CPU)
    assert torch.get_num_threads() == 3
    assert "mkl_get_max_threads() : 3" in torch.__config__.parallel_info()


def test_threads_of_the_caller_do_not_change_each_other() -> None:
    found: list[list[int]] = [[], []]

    def search(number: int) -> None:
        torch.set_num_threads(number + 2)
        for _ in range(20):
            nearest_neighbors(ROWS, 3, device="cpu")
            found[number].append(torch.get_num_threads())

    both = [threading.Thread(target=search, args=(number,)) for number in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert found == [[2] * 20, [3] * 20]


@pytest.mark.parametrize(
    ("owner", "name", "call"),
    [
        (pool.Pool, "choose", lambda: nearest_neighbors(ROWS, 3, device="cpu").indices),
        (pool.Pool, "choose", lambda: nearest_references(ROWS[:99], ROWS, 3, device="cpu").indices),
        (prototypes, "_rough_sums", lambda: medoid(ROWS, device="cpu")),
        (prototypes, "_cluster", lambda: medoids(ROWS, 3, device="cpu")),
    ],
)
def test_what_runs_so_and_that_it_finds_the_same(
    monkeypatch: pytest.MonkeyPatch, owner: object, name: str, call: Callable[[], object]
) -> None:
    numbers = []
    original = getattr(owner, name)

    def recorded(*arguments: object) -> object:
        numbers.append(torch.get_num_threads())
        return original(*arguments)

    monkeypatch.setattr(owner, name, recorded)
    small = call()
    assert set(numbers) == {1}
    numbers.clear()
    monkeypatch.setattr(threads, "_SMALL", 0)
    np.testing.assert_array_equal(call(), small)
    assert set(numbers) == {3}
