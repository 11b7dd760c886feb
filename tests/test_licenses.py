"""What users install asks for nothing that does not fit MIT, and NOTICE tells all of it."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import Distribution, distribution
from pathlib import Path

import pytest
from licenses import ALLOWED, installed, is_allowed, license_of, terms_of

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
STATIC = ROOT / "imbxai_widgets" / "static"
NOTICE = (ROOT / "NOTICE").read_text(encoding="utf-8")
# Distributions whose license their metadata do not tell, or that other systems alone install:
# its SPDX term, and the source that tells.
LISTED = {
    "colorama": ("BSD-3-Clause", "https://github.com/tartley/colorama/blob/master/LICENSE.txt"),
    "triton": ("MIT", "https://github.com/triton-lang/triton/blob/main/LICENSE"),
}
# Where the package is installed; what others than this one's bring is in NOTICE too.
SYSTEMS = [
    {
        "sys_platform": system,
        "platform_system": name,
        "os_name": kind,
        "python_version": version,
        "python_full_version": f"{version}.0",
    }
    for system, name, kind in (
        ("linux", "Linux", "posix"),
        ("darwin", "Darwin", "posix"),
        ("win32", "Windows", "nt"),
    )
    for version in ("3.11", "3.12", "3.13", "3.14")
]


def noted() -> dict[str, str]:
    lines = re.findall(r"^  ([a-z0-9-]+)  +(\S.*)$", NOTICE, flags=re.MULTILINE)
    return dict(lines)


def told_by(name: str, member: Distribution | None) -> str | None:
    told = license_of(member) if member else None
    return told or LISTED.get(name, (None,))[0]


def test_all_that_is_installed_may_be_used_beside_mit() -> None:
    found = installed(PROJECT["dependencies"])
    missing = [name for name, member in found.items() if member is None]
    assert not missing, f"not installed, so that nothing tells their license: {missing}"
    told = {name: told_by(name, member) for name, member in found.items()}
    wrong = {name: text for name, text in told.items() if not is_allowed(text or "unknown")}
    assert not wrong, f"not allowed, or unknown (then list them with the source): {wrong}"
    assert {"torch", "ipywidgets", "numpy", "traitlets"} <= set(found)
    assert "kmedoids" not in found


def test_notice_lists_them_with_what_their_metadata_tell() -> None:
    found, listed = installed(PROJECT["dependencies"], SYSTEMS), noted()
    assert set(listed) == set(found) | set(LISTED)
    for name, member in found.items():
        told = told_by(name, member)
        assert told, f"no license of {name} is known: list it with the source that tells"
        assert terms_of(told) <= terms_of(listed[name]), f"NOTICE says less of {name}: {told}"
    for name, (told, _) in LISTED.items():
        assert listed[name] == told


def test_notice_names_nothing_that_is_not_allowed() -> None:
    for name, told in noted().items():
        assert terms_of(told) <= ALLOWED, name


def test_packages_in_the_bundles_have_their_licenses_beside_them() -> None:
    """Those of what is bundled already, as the libraries inside that of the map, as well."""
    text = (STATIC / "page.licenses.txt").read_text(encoding="utf-8")
    found = dict(re.findall(r"^(\S+) \d[\d.]* \((.+)\)$", text, re.MULTILINE))
    drawn = {"regl-scatterplot", "regl", "regl-line", "gl-matrix", "earcut", "kdbush"}
    assert drawn | {"dom-2d-camera", "camera-2d-simple", "pub-sub-es"} <= found.keys()
    assert {"@jupyter-widgets/base", "jquery"} <= found.keys()
    for name, told in found.items():
        assert is_allowed(told), name


def test_notice_travels_with_the_package() -> None:
    assert "NOTICE" in PROJECT["license-files"]


def fabricated(folder: Path, name: str, *lines: str, text: str = "") -> Distribution:
    """Install a distribution that consists of its metadata."""
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir(parents=True)
    head = ["Metadata-Version: 2.4", f"Name: {name}", "Version: 1.0"]
    (info / "METADATA").write_text("\n".join([*head, *lines, "", ""]))
    (info / "LICENSE").write_text(text)
    (info / "RECORD").write_text(f"{info.name}/METADATA,,\n{info.name}/LICENSE,,\n")
    return Distribution.at(info)


GPL = "License :: OSI Approved :: GNU General Public License v3 or later (GPLv3+)"
GPL_TEXT = "            GNU GENERAL PUBLIC LICENSE\n          Version 3, 29 June 2007\n"
MIT = "Classifier: License :: OSI Approved :: MIT License"


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        (["License-Expression: GPL-3.0-or-later"], ""),
        (["License-Expression: MIT AND GPL-3.0-only"], ""),
        (["License: GPL-3.0-or-later"], ""),
        (["License: GPLv3", MIT], ""),
        (["License: MIT", f"Classifier: {GPL}"], ""),
        ([f"Classifier: {GPL}"], "Permission is hereby granted, free of charge"),
        (["License: " + GPL_TEXT.strip().replace("\n", "\n        ")], ""),
        (["License: UNKNOWN"], GPL_TEXT),
        (["Classifier: License :: OSI Approved :: BSD License"], GPL_TEXT),
        (["License-Expression: LGPL-2.1-only"], ""),
        (["License: Ask us", MIT], ""),
        (["License-Expression: LicenseRef-Proprietary"], ""),
    ],
)
def test_what_is_not_allowed_fails(tmp_path: Path, lines: list[str], text: str) -> None:
    told = license_of(fabricated(tmp_path, "copyleft", *lines, text=text))
    assert told
    assert not is_allowed(told)


def test_the_yardstick_of_the_tests_would_fail() -> None:
    told = license_of(distribution("kmedoids"))
    assert told
    assert "GPL" in told
    assert not is_allowed(told)


@pytest.mark.parametrize(
    ("lines", "text", "told"),
    [
        (["License-Expression: MIT OR GPL-3.0-only"], "", "MIT OR GPL-3.0-only"),
        (["License: MPL-2.0 AND MIT"], "", "MPL-2.0 AND MIT"),
        (["License: BSD", MIT], "", "MIT"),
        (["License: BSD 3-Clause License\n        All rights reserved."], "", "BSD-3-Clause"),
        (["License: BSD"], "Redistributions of source code\nin binary form", "BSD-2-Clause"),
        ([], "Permission is hereby granted, free of charge\nTHE SOFTWARE IS PROVIDED", "MIT"),
    ],
)
def test_what_is_allowed(tmp_path: Path, lines: list[str], text: str, told: str) -> None:
    found = license_of(fabricated(tmp_path, "free", *lines, text=text))
    assert found == told
    assert is_allowed(found)


def test_what_says_nothing_is_unknown(tmp_path: Path) -> None:
    assert license_of(fabricated(tmp_path, "silent")) is None
    assert not is_allowed("unknown")


@pytest.mark.parametrize(
    ("expression", "allowed"),
    [
        ("(MIT OR GPL-3.0-only) AND BSD-3-Clause", True),
        ("MIT OR (GPL-3.0-only AND BSD-3-Clause)", True),
        ("GPL-3.0-only AND MIT OR GPL-2.0-only", False),
        ("MIT AND (Zlib AND (GPL-2.0-only OR LGPL-2.1-only))", False),
        ("GPL-3.0-only WITH GCC-exception-3.1", False),
        ("Apache-2.0 WITH LLVM-exception", True),
        ("BSD", False),
    ],
)
def test_expressions(expression: str, allowed: bool) -> None:
    assert is_allowed(expression) is allowed


def test_requirements_are_followed_as_pip_follows_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    for name, *needs in (
        ("xa", "xb[fast]>=1", "xc; extra == 'more'", "xd; python_version < '3'"),
        ("xb", "xe; extra == 'fast'", "X.F", "nvidia-x", "xw; sys_platform == 'win32'"),
        ("xe", "xa"),
        ("torch", "nvidia-cublas<14", "cuda-bindings", "cuda-toolkit[cudart]==13", "triton"),
    ):
        fabricated(tmp_path, name, *(f"Requires-Dist: {need}" for need in needs))
    here = {"sys_platform": "linux", "python_version": "3.11"}
    found = installed(["xa"], [here])
    assert set(found) == {"xa", "xb", "xe", "x-f", "nvidia-x"}  # of NVIDIA only what torch brings
    assert [name for name, member in found.items() if member is None] == ["nvidia-x", "x-f"]
    assert set(installed(["torch"])) == {"torch", "triton"}
    other = {"sys_platform": "win32", "python_version": "3.11"}
    assert "xw" in installed(["xa"], [here, other])
