"""Virtual environments for tests of what is shipped."""

from __future__ import annotations

import os
import subprocess
import sysconfig
import venv
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Environment:
    """A virtual environment; no other programs are on the path unless given."""

    folder: Path

    @classmethod
    def create(cls, folder: Path) -> Environment:
        venv.create(folder, with_pip=True)
        return cls(folder)

    @property
    def site_packages(self) -> Path:
        scheme = {"base": str(self.folder), "platbase": str(self.folder)}
        return Path(sysconfig.get_path("purelib", "venv", scheme))

    def run(
        self, *arguments: str, cwd: Path, path: str = "", **variables: str
    ) -> subprocess.CompletedProcess[str]:
        programs = Path(sysconfig.get_path("scripts", "venv", {"base": str(self.folder)}))
        path = os.pathsep.join(filter(None, [str(programs), path]))
        environment = {**os.environ, **variables, "PATH": path}
        return subprocess.run(
            [str(programs / "python"), "-I", *arguments],
            cwd=cwd,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def install(self, *requirements: str, cwd: Path) -> None:
        done = self.run("-m", "pip", "install", "-q", *requirements, cwd=cwd)
        assert done.returncode == 0, done.stderr

    def borrow_dependencies(self) -> None:
        """Let the environment import what the tests' own has, torch among it: saves minutes.

        As a plain line of a .pth file that comes after what is installed here, and its own .pth
        files, such as an editable install of this very package, are not read.
        """
        own = "\n".join(dict.fromkeys(sysconfig.get_path(key) for key in ("purelib", "platlib")))
        (self.site_packages / "borrowed.pth").write_text(own + "\n", encoding="utf-8")
