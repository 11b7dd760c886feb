"""Files are written whole or not at all."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from imbxai_widgets.files import clear_drafts, replacing

# Begins a file and says so, and is still at it when it is killed.
WRITE = """
import sys, time
from pathlib import Path
from imbxai_widgets.files import replacing
with replacing(Path(sys.argv[1])) as file:
    print("begun", flush=True)
    time.sleep(60)
"""


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "page.html"
    with replacing(path) as file:
        file.write(b"first")
        assert not path.exists()
    assert path.read_bytes() == b"first"

    with pytest.raises(TypeError), replacing(path) as file:
        file.writelines([b"sec", "ond"])  # type: ignore[list-item]
    assert path.read_bytes() == b"first"
    assert list(path.parent.iterdir()) == [path]


def test_a_new_file_may_be_read_as_any_other(tmp_path: Path) -> None:
    with replacing(tmp_path / "ours") as file:
        file.write(b"")
    (tmp_path / "plain").write_bytes(b"")
    assert (tmp_path / "ours").stat().st_mode == (tmp_path / "plain").stat().st_mode


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_who_may_read_a_file_stays_when_it_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "private"
    path.write_bytes(b"old")
    path.chmod(0o640)
    (tmp_path / "link").symlink_to(path)
    for target in (path, tmp_path / "link"):
        with replacing(target) as file:
            file.write(b"new")
        assert path.stat().st_mode & 0o777 == 0o640
    assert (tmp_path / "link").is_symlink()
    assert path.read_bytes() == b"new"


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is POSIX's")
def test_drafts_of_killed_processes_are_deleted_and_no_others(tmp_path: Path) -> None:
    def draft() -> Path:
        (found,) = set(tmp_path.glob(".*.part")) - {other}
        os.utime(found, (0, 0))
        return found

    other = tmp_path / ".mine.part"  # not of our making
    other.write_bytes(b"")
    os.utime(other, (0, 0))
    command = [sys.executable, "-c", WRITE, str(tmp_path / "file")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        begun = draft()
        clear_drafts(tmp_path)
        assert begun.exists()
        process.send_signal(signal.SIGKILL)
    clear_drafts(tmp_path)
    assert list(tmp_path.iterdir()) == [other]
    clear_drafts(tmp_path / "missing")


def test_a_link_is_never_followed_to_what_it_shows(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.write_bytes(b"x")
    os.utime(mine, (0, 0))
    (tmp_path / f".{'0' * 16}.part").symlink_to(mine)
    clear_drafts(tmp_path)
    assert mine.exists()
