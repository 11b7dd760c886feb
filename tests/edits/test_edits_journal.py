"""The journal on disk: nothing is lost, nothing is taken up that does not belong."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from killing import forked, kill_once
from small_analysis import make_analysis, with_predictions

from imbxai_widgets import Edits
from imbxai_widgets.edits import JournalError
from imbxai_widgets.edits.edits import edits_for


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()[1:]]


def test_each_edit_is_a_line_before_it_counts(tmp_path: Path) -> None:
    path = tmp_path / "new folder" / "edits.jsonl"
    edits = Edits(make_analysis(), path)
    edits.relabel([3, 5], "c2")
    edits.exclude(4, "validation")
    edits.undo()
    found = lines_of(path)
    assert [line["do"] for line in found] == ["edit", "edit", "undo"]
    assert found[0]["images"] == {
        "training:3": {"action": "relabel", "label": 2},
        "training:5": {"action": "relabel", "label": 2},
    }
    assert found[1]["images"] == {"validation:4": {"action": "exclude"}}


def test_edits_are_taken_up_again_with_what_can_be_undone(tmp_path: Path) -> None:
    path = tmp_path / "edits.jsonl"
    edits = Edits(make_analysis(), path)
    edits.keep(1)
    edits.exclude(2)
    edits.undo()
    table = edits.table()
    edits.close()
    # Of another network: the edits belong to the images.
    again = make_analysis()
    again = with_predictions(again, np.roll(again.predictions, 1))
    taken = Edits(again, path)
    assert taken.table().equals(table)
    assert taken.redo()
    assert taken.changes == {"training:1": {"action": "keep"}, "training:2": {"action": "exclude"}}
    assert [taken.undo(), taken.undo(), taken.undo()] == [True, True, False]
    assert not taken.changes


@pytest.mark.parametrize("keep", [1, 20, -1])
def test_a_torn_last_line_is_dropped_with_a_notice(tmp_path: Path, keep: int) -> None:
    path = tmp_path / "edits.jsonl"
    edits = Edits(make_analysis(), path)
    edits.keep(1)
    whole = path.read_bytes()
    edits.keep(2)
    edits.close()
    last = path.read_bytes()[len(whole) : -1]
    path.write_bytes(whole + last[:keep])
    with pytest.warns(UserWarning, match="torn"):
        taken = Edits(make_analysis(), path)
    assert path.read_bytes() == whole
    assert list(taken.changes) == ["training:1"]
    taken.keep(7)
    assert len(lines_of(path)) == 2


def test_a_last_line_that_lacks_its_end_alone_counts(tmp_path: Path) -> None:
    path = tmp_path / "edits.jsonl"
    edits = Edits(make_analysis(), path)
    edits.keep(1)
    edits.close()
    path.write_bytes(path.read_bytes()[:-1])
    taken = Edits(make_analysis(), path)
    assert list(taken.changes) == ["training:1"]
    taken.keep(2)
    assert [list(line["images"]) for line in lines_of(path)] == [["training:1"], ["training:2"]]


def test_a_first_line_that_was_torn_is_written_again(tmp_path: Path) -> None:
    path = tmp_path / "edits.jsonl"
    Edits(make_analysis(), path).close()
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    Edits(make_analysis(), path).close()
    assert path.read_bytes() == whole


def other_labels() -> Any:
    analysis = make_analysis()
    return replace(analysis, train=replace(analysis.train, labels=analysis.labels[::-1].copy()))


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (lambda: replace(make_analysis(), class_names=("c0", "c1", "c3", "c2")), "names of the cl"),
        (lambda: make_analysis((41, 20, 8, 0)), "number of images, of the training"),
        (lambda: make_analysis(validation=False), "whether there are validation images"),
        (other_labels, "labels, or their order, of the training"),
        (lambda: make_analysis(image_shape=(9, 9), seed=0), None),  # the same colors
        (lambda: repainted(make_analysis()), "how image 0 looks"),
    ],
)
def test_edits_of_other_images_are_refused(tmp_path: Path, other: Any, words: str | None) -> None:
    path = tmp_path / "edits.jsonl"
    Edits(make_analysis(), path).close()
    before = path.read_bytes()
    if words is None:
        Edits(other(), path).close()
    else:
        with pytest.raises(JournalError, match=words):
            Edits(other(), path)
        with pytest.raises(ValueError, match=words):
            Edits(make_analysis()).check_belongs(other())
    assert path.read_bytes() == before


def repainted(analysis: Any) -> Any:
    images = analysis.images.chosen(np.arange(len(analysis.train))[::-1])
    return replace(analysis, train=replace(analysis.train, images=images))


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('{"do":"edit","id":"a","time":"t","images":{"training:99":{"action":"keep"}}}', "row 99"),
        ('{"do":"edit","id":"a","time":"t","images":{"training:1":{"action":"burn"}}}', "action"),
        (
            '{"do":"edit","id":"a","time":"t","images":{"training:1":{"action":"relabel",'
            '"label":4}}}',
            "number of a class",
        ),
        (
            '{"do":"edit","id":"a","time":"t","images":{"training:1":{"action":"relabel",'
            '"label":true}}}',
            "number of a class",
        ),
        ('{"do":"edit","id":"a","time":"t","images":{"elsewhere:1":null}}', "keys of images"),
        ('{"do":"edit","id":"a","time":"t"}', "fields"),
        ('{"do":"edit","id":"a","time":"t","images":{}}', "no images"),
        ('{"do":"undo","id":1,"time":"t"}', "texts"),
        ("[]", "none of the entries"),
        ('{"do":"un', "damaged"),
    ],
)
def test_a_damaged_line_in_the_middle_is_refused(tmp_path: Path, line: str, words: str) -> None:
    path = tmp_path / "edits.jsonl"
    edits = Edits(make_analysis(), path)
    edits.keep(1)
    edits.close()
    first, second = path.read_text().splitlines()
    path.write_text(f"{first}\n{line}\n{second}\n")
    with pytest.raises(JournalError, match=rf"line 2 of .*{words}"):
        Edits(make_analysis(), path)
    path.write_text(f"{first}\n{second}\n")
    assert len(Edits(make_analysis(), path)) == 1  # nothing holds the file any more


@pytest.mark.parametrize("content", [b"a,b\n1,2\n", b"{}\n", b"[1]\n", b"PK\x03\x04", b"\xff\n"])
def test_what_is_no_journal_is_refused_and_left_as_it_is(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(content)
    with pytest.raises(JournalError, match="no journal"):
        Edits(make_analysis(), path)
    assert path.read_bytes() == content


def test_a_newer_journal_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "edits.jsonl"
    Edits(make_analysis(), path).close()
    path.write_text(path.read_text().replace('"version":1', '"version":2'))
    with pytest.raises(JournalError, match="version 2"):
        Edits(make_analysis(), path)


def test_an_edit_that_cannot_be_written_does_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "edits.jsonl"
    edits = Edits(make_analysis(), path)
    edits.keep(1)
    whole = path.read_bytes()

    def full(file: int, data: bytes) -> int:
        if len(data) > 10:
            return real(file, data[:10])
        raise OSError(28, "No space left on device")

    real = os.write
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", lambda file, data: full(file, data[:20]))
        with pytest.raises(OSError, match="No space left"):
            edits.keep(2)
    assert list(edits.changes) == ["training:1"]
    assert path.read_bytes() == whole
    edits.keep(3)
    assert len(lines_of(path)) == 2


def test_an_edit_is_on_the_disk_before_it_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kill loses nothing that is written; a computer that goes off, nothing that is synced."""
    path = tmp_path / "edits.jsonl"
    edits = Edits(make_analysis(), path)
    synced: list[tuple[int, int]] = []
    real = os.fsync

    def sync(file: int) -> None:
        synced.append((len(lines_of(path)), len(edits)))
        real(file)

    monkeypatch.setattr(os, "fsync", sync)
    edits.keep([1, 2])
    edits.undo()
    assert synced == [(1, 0), (2, 2)]


@pytest.mark.parametrize("harm", ["delete", "add", "replace"])
def test_a_journal_that_others_changed_takes_no_edit(tmp_path: Path, harm: str) -> None:
    path = tmp_path / "edits.jsonl"
    edits = Edits(make_analysis(), path)
    if harm == "add":
        path.write_bytes(path.read_bytes() + b"\n")
    else:
        content = path.read_bytes()
        path.unlink()
        if harm == "replace":
            path.write_bytes(content)
    with pytest.raises(JournalError, match="moved, deleted or changed"):
        edits.keep(2)
    assert not edits.changes


def test_a_journal_is_open_once(tmp_path: Path) -> None:
    path = tmp_path / "edits.jsonl"
    analysis = make_analysis()
    edits = Edits(analysis, path)
    with pytest.raises(JournalError, match="is open in another"):
        Edits(analysis, path)

    def open_too() -> None:
        with pytest.raises(JournalError, match="is open in another process"):
            Edits(analysis, path)

    assert os.waitpid(forked(open_too), 0)[1] == 0
    assert edits_for(make_analysis(), path) is edits  # an Explorer made again goes on with them
    with pytest.raises(ValueError, match="other images"):
        edits_for(other_labels(), path)
    edits.close()
    with pytest.raises(JournalError, match="is closed"):
        edits.keep(1)
    assert edits_for(make_analysis(), path) is not edits


def test_no_kill_loses_an_edit(tmp_path: Path) -> None:
    told = 0
    for number, moment in enumerate((0.0, 0.013, 0.05, 0.08, 0.11)):
        found = kill_once(tmp_path / f"{number}.jsonl", moment)
        # The last step may be on the disk and not be told yet.
        assert found.told <= found.found <= found.told + 1
        told += found.told
    assert told > 0
