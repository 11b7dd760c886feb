"""What the benchmarks share: interleaved medians, subprocesses, tables, and the machine's name."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import platform
import resource
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from multiprocessing.connection import Connection
from typing import Any, NamedTuple

import numpy as np
import torch

NOT_MEASURED = "not measured"


class Run(NamedTuple):
    """What a function gave, how long it took, and the memory that it took beyond its input."""

    value: Any
    seconds: float
    peak_bytes: int


def machine() -> str:
    """Name the processor, the cores that may be used, the libraries and the GPU."""
    name = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo") as info:
            name = next(line.split(":")[1].strip() for line in info if "model name" in line)
    except (OSError, StopIteration):
        pass
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else f"{NOT_MEASURED}, none"
    versions = f"Python {platform.python_version()}, NumPy {np.__version__}"
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    return (
        f"{name}, {os.cpu_count()} cores (load {load:.1f}), "
        f"{torch.get_num_threads()} threads, {clock().__name__}; "
        f"GPU: {gpu}; {versions}, PyTorch {torch.__version__}"
    )


def interleaved(
    candidates: Mapping[str, Callable[[], object]],
    rounds: int,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, float]:
    """Return the median seconds of each candidate; all run once in every round.

    A first round, for what is compiled and cached, does not count. Where one thread runs,
    `time.process_time` leaves out what other processes take of the machine.
    """
    seconds: dict[str, list[float]] = {name: [] for name in candidates}
    for number in range(rounds + 1):
        for name, run in candidates.items():
            start = clock()
            run()
            if number:
                seconds[name].append(clock() - start)
    return {name: statistics.median(values) for name, values in seconds.items()}


def alone(
    prepare: Callable[..., Any], run: Callable[[Any], Any], arguments: Sequence[Any], limit: float
) -> Run | str:
    """Call ``run(prepare(*arguments))`` in a process of its own; only `run` is measured.

    Parameters
    ----------
    prepare, run
        Functions of modules, for they are found by name in the new process.
    arguments
        Of `prepare`.
    limit
        Seconds of `run`, after which the process is ended.

    Returns
    -------
    Run or str
        Or why there is none.
    """
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_measure, args=(sender, prepare, run, arguments))
    process.start()
    sender.close()
    try:
        receiver.recv()  # prepared
        if not receiver.poll(limit):
            return f"over {limit:.0f} s"
        return Run(*receiver.recv())
    except EOFError:
        process.join()
        return f"failed ({process.exitcode})"
    finally:
        process.kill()
        process.join()


def clock() -> Callable[[], float]:
    """Return the clock that fits: processor time where one thread runs, for others' are left out.

    On a machine with other work, ``OMP_NUM_THREADS=1 NUMBA_NUM_THREADS=1`` gives fair ratios.
    """
    return time.process_time if torch.get_num_threads() == 1 else time.perf_counter


def _measure(
    sender: Connection,
    prepare: Callable[..., Any],
    run: Callable[[Any], Any],
    arguments: Sequence[Any],
) -> None:
    given = prepare(*arguments)
    forget_peak()
    now = clock()
    before = peak_bytes()
    sender.send(None)
    start = now()
    value = run(given)
    sender.send((value, now() - start, peak_bytes() - before))


def forget_peak() -> None:
    """Let `peak_bytes` begin anew; without an effect outside Linux."""
    with contextlib.suppress(OSError), open("/proc/self/clear_refs", "w") as references:
        references.write("5")


def peak_bytes() -> int:
    """Return the most memory held so far; Linux's getrusage counts in what the parent held."""
    with contextlib.suppress(OSError), open("/proc/self/status") as status:
        for line in status:
            if line.startswith("VmHWM"):
                return int(line.split()[1]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table in Markdown, the first column left-aligned, figures with three digits."""
    print(f"\n{title}\n\n| {' | '.join(columns)} |")
    print("| --- |" + " --: |" * (len(columns) - 1))
    for row in rows:
        print("| " + " | ".join(_shown(value) for value in row) + " |")
    sys.stdout.flush()


def _shown(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
