"""Files are written whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from imbxai_widgets.files import replacing


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
