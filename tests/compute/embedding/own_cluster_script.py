"""Starts a cluster as `analyze` does, and prints on which addresses its processes listen."""

from __future__ import annotations

import os
from pathlib import Path

# A busy machine needs more than the 30 seconds that Ray gives its processes to start.
os.environ.update(RAY_USAGE_STATS_ENABLED="0", RAY_raylet_start_wait_time_s="150")

import ray

from imbxai_widgets.compute.embedding.ray_cluster import RayImages, own_cluster


def family(root: int) -> set[int]:
    """Return a process and all that it started."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    found = {root}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def listening(processes: set[int]) -> set[str]:
    """Return the addresses, in hexadecimal, on which processes listen."""
    sockets = set()
    for process in processes:
        for link in Path(f"/proc/{process}/fd").glob("*"):
            try:
                sockets.add(os.readlink(link))
            except OSError:
                continue
    rows = [
        line.split()
        for name in ("tcp", "tcp6")
        for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]
    ]
    return {
        row[1].partition(":")[0]
        for row in rows
        if row[3] == "0A" and f"socket:[{row[9]}]" in sockets
    }


if __name__ == "__main__":  # else a collection of doctests would start Ray
    with own_cluster(object.__new__(RayImages)):  # whose rows would start Ray by themselves
        assert ray.is_initialized()
        assert ray.get(ray.remote(lambda: 7).remote()) == 7
        print(*listening(family(os.getpid())))
    assert not ray.is_initialized()
    assert "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER" not in os.environ
