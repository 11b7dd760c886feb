"""Planted faults change what they say, and nothing else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from tests.benchmarks.planted_runs import (
    KINDS,
    Case,
    digest,
    load_base,
    load_planted,
    plan,
    plant_case,
    side_by_side,
    trained_on,
)
from tests.benchmarks.plants import DESIGN, FAMILIES, FRAME_COLOR, PAIRS, plant
from tests.benchmarks.sets import ImageSet, Part
from tests.benchmarks.unseen_plants import UNSEEN

SIZE, VICTIM, OTHER = 16, 1, 2


def a_part(counts: tuple[int, int, int], first: int) -> Part:
    """Images that all differ: a gray value of each, and a darker dot."""
    labels = np.repeat(np.arange(3), counts)
    grays = first + np.arange(len(labels), dtype=np.uint8)
    images = np.tile(grays[:, None, None, None], (1, SIZE, SIZE, 3))
    images[:, 5, 6] = 7
    return Part(images, labels.astype(np.int64), np.arange(len(labels)) + 1000 * first)


@pytest.fixture
def images() -> ImageSet:
    return ImageSet(("a", "b", "c"), a_part((10, 20, 10), 40), a_part((10, 30, 15), 120))


def planted(images: ImageSet, kind: str, strength: str = "medium") -> ImageSet:
    before = digest(images)
    found, drawn = plant(
        images, [(KINDS[kind], strength)], VICTIM, [OTHER], np.random.default_rng(3)
    )
    assert digest(images) == before  # what is given stays as it is
    assert drawn is None
    return found


def same(first: Part, second: Part) -> bool:
    return all(map(np.array_equal, vars(first).values(), vars(second).values()))


def changed_images(before: Part, after: Part) -> np.ndarray:
    return np.flatnonzero((before.images != after.images).any(axis=(1, 2, 3)))


def counts(part: Part) -> list[int]:
    return np.bincount(part.labels, minlength=3).tolist()


@pytest.mark.parametrize(
    ("kind", "kept"), [("decision shift", round(0.15 * 20)), ("few images", 4)]
)
def test_shrinking_takes_training_images_of_the_victim_alone(
    images: ImageSet, kind: str, kept: int
) -> None:
    found = planted(images, kind)
    assert counts(found.training) == [10, kept, 10]
    assert set(found.training.groups) <= set(images.training.groups)
    assert same(found.validation, images.validation)


def test_flipped_labels_go_from_the_victim_to_the_other_class(images: ImageSet) -> None:
    found = planted(images, "wrong labels")
    changed = np.flatnonzero(found.training.labels != images.training.labels)
    assert images.training.labels[changed].tolist() == [VICTIM] * 6
    assert found.training.labels[changed].tolist() == [OTHER] * 6
    assert np.array_equal(found.training.images, images.training.images)
    assert same(found.validation, images.validation)


def test_scattered_labels_go_to_all_other_classes(images: ImageSet) -> None:
    found = planted(images, "wrong labels of any class")
    changed = np.flatnonzero(found.training.labels != images.training.labels)
    assert images.training.labels[changed].tolist() == [VICTIM] * 10
    assert set(found.training.labels[changed]) == {0, 2}
    assert same(found.validation, images.validation)


def test_blended_images_are_means_of_one_of_each_class(images: ImageSet) -> None:
    found = planted(images, "overlap")
    for name, expected in (("training", [0, 10, 5]), ("validation", [0, 15, 8])):
        before, after = getattr(images, name), getattr(found, name)
        rows = changed_images(before, after)
        assert np.bincount(before.labels[rows], minlength=3).tolist() == expected
        assert np.array_equal(after.labels, before.labels)
        for row in rows:
            partner = OTHER if before.labels[row] == VICTIM else VICTIM
            grays = before.images[before.labels == partner, 0, 0, 0].astype(int)
            assert after.images[row, 0, 0, 0] in (int(before.images[row, 0, 0, 0]) + grays) // 2


def test_a_hidden_subgroup_is_the_other_class_under_the_name_of_the_victim(
    images: ImageSet,
) -> None:
    found = planted(images, "sub-group", "weak")
    assert found.class_names == ("a", "b")
    assert np.bincount(found.training.labels).tolist() == [10, 20 + 1]
    assert np.bincount(found.validation.labels).tolist() == [10, 30 + 15]
    hidden = images.training.groups[images.training.labels == OTHER]
    assert np.isin(found.training.groups, hidden).sum() == 1


def test_no_more_of_a_subgroup_than_two_fifths_is_in_validation() -> None:
    many = ImageSet(("a", "b", "c"), a_part((5, 5, 50), 0), a_part((5, 30, 90), 0))
    found = planted(many, "sub-group")
    assert np.bincount(found.validation.labels).tolist() == [5, 30 + 20]
    assert np.bincount(found.training.labels).tolist() == [5, 5 + 2]


def test_fog_grays_validation_images_of_the_victim(images: ImageSet) -> None:
    found = planted(images, "shift", "strong")
    rows = changed_images(images.validation, found.validation)
    assert set(images.validation.labels[rows]) == {VICTIM}
    expected = np.round(0.6 * images.validation.images[VICTIM * 10 + 5] + 0.4 * 128)
    assert np.array_equal(found.validation.images[VICTIM * 10 + 5], expected)
    assert same(found.training, images.training)


def test_a_frame_is_around_training_images_of_the_victim(images: ImageSet) -> None:
    found = planted(images, "shortcut", "weak")
    rows = changed_images(images.training, found.training)
    assert images.training.labels[rows].tolist() == [VICTIM] * 17
    framed, before = found.training.images[rows], images.training.images[rows]
    assert np.array_equal(framed[:, 1:-1, 1:-1], before[:, 1:-1, 1:-1])
    for edge in (framed[:, 0], framed[:, -1], framed[:, :, 0], framed[:, :, -1]):
        assert (edge == FRAME_COLOR).all()
    assert same(found.validation, images.validation)


@pytest.mark.parametrize(("kind", "apart"), [("duplicates", 0), ("near copies", 6)])
def test_copies_take_the_place_of_the_victims_images(
    images: ImageSet, kind: str, apart: int
) -> None:
    found = planted(images, kind, "weak")
    assert counts(found.training) == [10, 20, 10]
    own = found.training.labels == VICTIM
    assert len(np.unique(found.training.groups[own])) == 2
    by_group = dict(zip(images.training.groups.tolist(), images.training.images, strict=True))
    of = np.stack([by_group[group] for group in found.training.groups[own].tolist()])
    difference = abs(found.training.images[own].astype(int) - of)
    assert difference.max() == apart
    assert same(found.validation, images.validation)


def test_leaked_images_are_validation_images_of_the_victim(images: ImageSet) -> None:
    found = planted(images, "leak")
    assert counts(found.training) == [10, 35, 10]
    added = found.training.images[40:]
    own = images.validation.images[images.validation.labels == VICTIM]
    assert all((image == own).all(axis=(1, 2, 3)).sum() == 1 for image in added)
    assert len(np.unique(added[:, 0, 0, 0])) == 15
    assert same(found.validation, images.validation)


def test_blurred_images_are_pulled_toward_the_mean_of_nine(images: ImageSet) -> None:
    found = planted(images, "training images blurred")
    row, gray = 15, int(images.training.images[15, 0, 0, 0])
    assert images.training.labels[row] == VICTIM
    mean = (8 * gray + 7) / 9
    assert found.training.images[row, 5, 6, 0] == round(0.5 * 7 + 0.5 * mean)
    assert found.training.images[row, 5, 7, 0] == round(0.5 * gray + 0.5 * mean)
    assert found.training.images[row, 0, 0, 0] == gray
    assert set(images.training.labels[changed_images(images.training, found.training)]) == {VICTIM}
    assert same(found.validation, images.validation)


def test_backgrounds_are_colored_and_dots_are_not(images: ImageSet) -> None:
    found = planted(images, "background colored in training", "strong")
    rows = changed_images(images.training, found.training)
    assert images.training.labels[rows].tolist() == [VICTIM] * 20
    assert found.training.images[rows[0], 0, 0].tolist() == [0, 160, 0]
    assert found.training.images[rows[0], 5, 6].tolist() == [7, 7, 7]
    assert same(found.validation, images.validation)


def test_turned_validation_images_have_their_dot_elsewhere(images: ImageSet) -> None:
    found = planted(images, "validation images turned")
    own = images.validation.labels == VICTIM
    assert (found.validation.images[own][:, SIZE - 1 - 6, 5] == 7).all()
    assert np.array_equal(found.validation.images[~own], images.validation.images[~own])
    assert same(found.training, images.training)


def test_a_zoomed_subgroup_shows_the_middle_twice_as_large(images: ImageSet) -> None:
    found = planted(images, "sub-group of zoomed images")
    for name, expected in (("training", 1), ("validation", 12)):
        before, after = getattr(images, name), getattr(found, name)
        rows = changed_images(before, after)
        assert before.labels[rows].tolist() == [VICTIM] * expected
        assert (after.images[rows, 2:4, 4:6] == 7).all()  # the dot, (5 - 4) * 2 and (6 - 4) * 2


def test_labels_are_mixed_in_both_parts_alike(images: ImageSet) -> None:
    found = planted(images, "labels mixed in both parts")
    for name, expected in (("training", (6, 3)), ("validation", (9, 4))):
        before, after = getattr(images, name), getattr(found, name)
        changed = before.labels != after.labels
        assert (changed & (before.labels == VICTIM) & (after.labels == OTHER)).sum() == expected[0]
        assert (changed & (before.labels == OTHER) & (after.labels == VICTIM)).sum() == expected[1]
        assert changed.sum() == sum(expected)
        assert np.array_equal(before.images, after.images)


def test_a_class_that_is_drawn_rarely_keeps_its_images(images: ImageSet) -> None:
    kind = UNSEEN["class drawn rarely"]
    found, drawn = plant(images, [(kind, "medium")], VICTIM, [OTHER], np.random.default_rng(3))
    assert same(found.training, images.training)
    assert drawn is not None
    assert drawn.tolist() == [1] * 10 + [0.05] * 20 + [1] * 10


def test_kinds_of_the_design_and_the_others_share_causes_and_no_name() -> None:
    assert not set(DESIGN) & set(UNSEEN)
    causes = [cause for family in FAMILIES.values() for cause in family]
    assert sorted(causes) == sorted(DESIGN)
    assert {kind.cause for kind in UNSEEN.values()} <= set(causes)
    assert len(PAIRS) == len(set(PAIRS)) == 25


def test_seeds_that_choose_see_no_kind_that_is_kept_for_the_report() -> None:
    chosen = {kind for case in plan("digits", 0) for kind in case.kinds}
    reported = {kind for case in plan("digits", 100) for kind in case.kinds}
    assert chosen == set(DESIGN)
    assert reported == set(KINDS)
    pairs = [{case.kinds for case in plan("digits", s) if len(case.kinds) == 2} for s in (0, 1)]
    assert pairs[0] | pairs[1] == set(PAIRS)
    assert not pairs[0] & pairs[1]


def test_seeds_are_taken_side_by_side() -> None:
    cases = side_by_side("emoji", [0, 1])
    assert [(case.kinds, case.seed) for case in cases[:3]] == [
        ((), 0),
        ((), 1),
        (("sub-group",), 0),
    ]
    assert sorted(cases) == sorted([*plan("emoji", 0), *plan("emoji", 1)])


def test_digits_have_as_many_training_images_in_each_class() -> None:
    pytest.importorskip("sklearn")
    base = load_base("digits", 0)
    assert np.bincount(base.training.labels).tolist() == [80] * 10
    assert np.bincount(base.validation.labels).min() == 94
    assert not set(base.training.groups) & set(base.validation.groups)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("sklearn")
    return tmp_path_factory.mktemp("planted")


FLIPPED = Case("digits", ("wrong labels",), "strong", 3)


def test_a_run_is_what_was_trained_on_what_was_planted(folder: Path) -> None:
    run = load_planted(FLIPPED, folder)
    images, _, truth = plant_case(FLIPPED)
    assert run.truth == truth
    assert truth.causes == ("wrong labels",)
    assert truth.touched[0] == truth.victim
    assert len(truth.touched) == 2
    assert run.training.targets == images.training.labels.tolist()
    pixels, label = run.training[5]
    assert label == images.training.labels[5]
    expected = images.training.images[5].transpose(2, 0, 1) / 127.5 - 1
    assert pixels.numpy() == pytest.approx(expected, abs=1e-6)
    assert (run.analysis.validation.predictions == images.validation.labels).mean() > 0.8
    assert trained_on(FLIPPED, folder) == f"cpu, torch {torch.__version__}"
    again = load_planted(FLIPPED, folder)
    assert np.array_equal(again.analysis.validation.logits(), run.analysis.validation.logits())


def test_a_network_of_other_images_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load_planted(FLIPPED, folder)
    weaker = DESIGN["wrong labels"]._replace(amounts=(0.1, 0.2, 0.3))
    monkeypatch.setitem(KINDS, "wrong labels", weaker)
    with pytest.raises(ValueError, match="trained on other images than are planted now"):
        load_planted(FLIPPED, folder)
