"""A JupyterLab server of its own: nothing of the user's settings, nothing left behind."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import Request, urlopen

import imbxai_widgets

TOKEN = "e2e"
START_SECONDS = 120


@dataclass(frozen=True)
class Lab:
    """A running server: its address and the folder that it serves."""

    url: str
    folder: Path

    def page(self, notebook: str, *, beside_files: bool = False) -> str:
        """Return the address of a notebook, alone or beside the file browser."""
        mode = "lab" if beside_files else "doc"
        return f"{self.url}{mode}/tree/{notebook}?reset&token={TOKEN}"  # in a fresh workspace

    def end_kernels(self, *, but: str = "") -> None:
        """End the kernels of all notebooks, or of all but one."""
        for session in json.loads(self._answer("GET", "api/sessions")):
            if session["path"] != but:
                self._answer("DELETE", f"api/sessions/{session['id']}")

    def _answer(self, method: str, path: str) -> bytes:
        headers = {"Authorization": f"token {TOKEN}"}
        request = Request(f"{self.url}{path}", headers=headers, method=method)
        with urlopen(request, timeout=START_SECONDS) as answer:
            return bytes(answer.read())


@contextmanager
def serve(home: Path) -> Iterator[Lab]:
    """Start JupyterLab on loopback, with all of its folders under `home`; stop it at the end."""
    folder = home / "notebooks"
    folder.mkdir(parents=True)
    _write_kernel(home / "data")
    _write_settings(home / "settings")
    with (home / "server.log").open("wb") as log:
        server = subprocess.Popen(
            _command(folder), env=_environment(home), cwd=folder, stdout=log, stderr=log
        )
        try:
            yield Lab(_wait_until_up(server, home), folder)
        finally:
            server.terminate()
            try:
                server.wait(20)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


def _command(folder: Path) -> list[str]:
    options = {
        "ServerApp.ip": "127.0.0.1",
        "ServerApp.port": _free_port(),
        "ServerApp.open_browser": False,
        "ServerApp.root_dir": folder,
        "ServerApp.allow_root": True,  # containers
        "IdentityProvider.token": TOKEN,
        "LabApp.expose_app_in_browser": True,
        "JupyterNotebookApp.expose_app_in_browser": True,
        "LabApp.news_url": None,
        "LabApp.check_for_updates_class": "jupyterlab.NeverCheckForUpdate",
    }
    given = [f"--{name}={value}" for name, value in options.items()]
    return [sys.executable, "-m", "jupyterlab", *given]


def _environment(home: Path) -> dict[str, str]:
    folders = {
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "data",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
        "IPYTHONDIR": "ipython",
    }
    return {
        **os.environ,
        **{name: str(home / folder) for name, folder in folders.items()},
        "JUPYTER_PREFER_ENV_PATH": "0",  # our kernel below, not another environment's
        # Kernels import the package that the tests import, installed or not.
        "PYTHONPATH": str(Path(imbxai_widgets.__file__).parents[1]),
    }


def _write_kernel(data: Path) -> None:
    argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec = {"argv": argv, "display_name": "Python 3", "language": "python"}
    _write_json(data / "kernels" / "python3" / "kernel.json", spec)


def _write_settings(settings: Path) -> None:
    quiet = {"fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": True}
    _write_json(settings / "@jupyterlab/apputils-extension/notification.jupyterlab-settings", quiet)


def _write_json(path: Path, value: object) -> None:
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(value), encoding="utf-8")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_up(server: subprocess.Popen[bytes], home: Path) -> str:
    """Return the server's address once it answers; its log in the error if it does not."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        for file in (home / "runtime").glob(f"jpserver-{server.pid}.json"):
            try:
                url = str(json.loads(file.read_text())["url"])
                with urlopen(f"{url}api/status?token={TOKEN}", timeout=10):
                    return url
            except (URLError, ValueError):  # not listening yet; file not whole yet
                pass
        try:
            server.wait(0.2)
        except subprocess.TimeoutExpired:
            continue
        break
    log = (home / "server.log").read_text(errors="replace")
    raise RuntimeError(f"JupyterLab did not start within {START_SECONDS} s:\n{log[-4000:]}")
