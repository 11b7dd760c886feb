"""A kernel of its own, whose cells are run as a front end runs them."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from environments import ROOT
from jupyter_client import BlockingKernelClient, KernelManager
from jupyter_client.kernelspec import KernelSpec

SECONDS = 120


class Kernel:
    """Runs cells; hears what they show."""

    def __init__(self, client: BlockingKernelClient) -> None:
        self._client = client

    def run(self, code: str, cell: str = "", **metadata: Any) -> list[dict[str, Any]]:
        """Run a cell, with its id if one is given; return the contents of its outputs."""
        told = {**({"cellId": cell} if cell else {}), **metadata}
        content = {
            "code": code,
            "silent": False,
            "store_history": True,
            "user_expressions": {},
            "allow_stdin": False,
            "stop_on_error": True,
        }
        return self._send("execute_request", content, told)

    def click(self, comm: str, state: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Set the state of a widget as a page does; return what its callbacks show."""
        data = {"method": "update", "state": state, "buffer_paths": []}
        return self._send("comm_msg", {"comm_id": comm, "data": data}, {})

    def value(self, expression: str) -> Any:
        """Return the value of an expression, as JSON carries it."""
        (output,) = self.run(f"import json; print(json.dumps({expression}))", "asked beside")
        return json.loads(output["text"])

    def _send(
        self, kind: str, content: dict[str, Any], metadata: dict[str, Any]
    ) -> list[dict[str, Any]]:
        client = self._client
        message = client.session.msg(kind, content, metadata=metadata)
        client.shell_channel.send(message)
        outputs: list[dict[str, Any]] = []
        while True:
            heard = client.get_iopub_msg(timeout=SECONDS)
            if heard["parent_header"].get("msg_id") != message["header"]["msg_id"]:
                continue
            kind, found = heard["header"]["msg_type"], heard["content"]
            assert kind != "error", "\n".join(found["traceback"])
            if kind == "stream" and outputs and outputs[-1].get("name") == found["name"]:
                outputs[-1]["text"] += found["text"]
            elif kind in ("display_data", "update_display_data", "execute_result", "stream"):
                outputs.append(found)
            if kind == "status" and found["execution_state"] == "idle":
                return outputs


@contextmanager
def kernel() -> Iterator[Kernel]:
    """Start a kernel of the Python that runs the tests."""
    manager = KernelManager()
    # Not the spec that is installed: that may be of another Python.
    manager._kernel_spec = KernelSpec(
        argv=[sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        language="python",
    )
    paths = os.pathsep.join(map(str, (ROOT, Path(__file__).parents[1])))
    manager.start_kernel(
        extra_arguments=["--log-level=ERROR"], env={**os.environ, "PYTHONPATH": paths}
    )
    client = manager.blocking_client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=SECONDS)
        yield Kernel(client)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
