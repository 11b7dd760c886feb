"""A report tells what the diagnosis and the tables tell, of names whatever they are."""

from __future__ import annotations

import base64
import io
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from imbxai_widgets import Analysis
from imbxai_widgets.analysis.diagnosis import ClassDiagnosis, Diagnosis, Finding
from imbxai_widgets.remedies import LogitAdjustment

NAMES = ("<b>cat</b>", "a|b_*`c`", "plain")


class Links(HTMLParser):
    """What a page fetches, what it shows, and the tags that it has."""

    def __init__(self) -> None:
        super().__init__()
        self.sources: list[str] = []
        self.tags: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.sources += [value or "" for key, value in attrs if key in ("src", "href")]

    def handle_data(self, data: str) -> None:
        self.text += data


def finding(cause: str, *, holds: bool | None = True, **more: object) -> Finding:
    given = {
        "title": f"Title of {cause}",
        "strength": 0.9,
        "value": 0.5,
        "low": 0.4,
        "high": 0.6,
        "number": "a number",
        "support": 60,
        "statement": f"Statement of {cause}: 0.5 < 0.6.",
        "advice": f"Advice for {cause}.",
    }
    return Finding(cause=cause, holds=holds, **(given | more))  # type: ignore[arg-type]


@pytest.fixture
def analysis() -> Analysis:
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2], [12, 8, 10])
    outputs = np.eye(3)[labels]
    outputs[:3] = [0, 1, 0]  # of the first class 3 of 12 are taken for the second
    embeddings = rng.normal(size=(30, 4)) + 3 * labels[:, np.newaxis]
    return Analysis.from_arrays(
        embeddings,
        labels,
        outputs,
        validation=(embeddings + 0.01, labels, outputs),
        class_names=NAMES,
    )


@pytest.fixture
def diagnosis() -> Diagnosis:
    shift = finding(
        "decision shift",
        remedies=(LogitAdjustment(tau=1.0),),
        images={"training": np.array([4, 2])},
        together_with=("few images",),
    )
    sure = finding("over-confidence")
    few, leak = finding("few images", holds=False), finding("leak", holds=None)
    failing = ClassDiagnosis(NAMES[0], "failing", 0.75, 1.0, 12, (shift,), (shift, few, leak, sure))
    fine = ClassDiagnosis(NAMES[1], "not failing", 1.0, 1.0, 8)
    unknown = ClassDiagnosis(NAMES[2], "no validation images", np.nan, np.nan, 0)
    return Diagnosis((failing, fine, unknown), ("A note.",))


def test_pages_tell_what_the_diagnosis_and_the_tables_tell(
    analysis: Analysis, diagnosis: Diagnosis
) -> None:
    report = analysis.report(diagnosis)
    assert [page.name for page in report.pages] == [NAMES[0], NAMES[1], NAMES[2]]
    assert report.basis == "30 training images, 30 validation images, 3 classes."
    page = report.pages[0]
    assert page.summary == (
        "12 training images; 9 of 12 validation images are right (75%, 95% interval 47% to 91%)."
    )
    assert page.headline == "Title of decision shift."
    (cause,) = page.causes
    assert cause.remedies == ("analysis.what_if(LogitAdjustment(tau=1.0))",)
    assert cause.together_with == "Title of few images"
    assert [image.words for image in cause.shown] == ["training image 4", "training image 2"]
    (mistake,) = page.mistakes
    assert (mistake.name, mistake.images, mistake.share) == (NAMES[1], 3, "100%")
    assert mistake.interval == "no interval of so few"
    assert page.beside == (
        "Title of over-confidence. Statement of over-confidence: 0.5 < 0.6. "
        "Advice for over-confidence.",
    )
    assert page.without_evidence == ("Title of few images",)
    assert page.untested == ("Title of leak: Statement of leak: 0.5 < 0.6.",)
    assert report.pages[2].right == report.pages[2].interval == "unknown"


def test_html_fetches_nothing_and_shows_names_as_they_are(
    analysis: Analysis, diagnosis: Diagnosis
) -> None:
    page = Links()
    page.feed(analysis.report(diagnosis).html())
    assert all(source.startswith(("#class-", "data:image/png")) for source in page.sources)
    assert "script" not in page.tags
    assert "b" not in page.tags
    for text in (*NAMES, "A note.", "Statement of decision shift: 0.5 < 0.6."):
        assert text in page.text
    assert re.search(r"cannot tell it from: Title of few images\.", page.text)


def test_markdown_shows_names_as_they_are(analysis: Analysis, diagnosis: Diagnosis) -> None:
    text = analysis.report(diagnosis).markdown()
    assert "\n## \\<b\\>cat\\</b\\>\n" in text
    assert "\n## a\\|b\\_\\*\\`c\\`\n" in text
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    columns = {len(re.findall(r"(?<!\\)\|", line)) for line in rows}
    assert columns == {7, 5}  # of the classes, and of what they are taken for


def test_pictures_are_those_of_the_images(analysis: Analysis, diagnosis: Diagnosis) -> None:
    images = np.arange(30, dtype=np.uint8)[:, None, None, None] * np.ones((1, 4, 4, 3), np.uint8)
    with_images = Analysis.from_arrays(
        analysis.embeddings,
        analysis.labels,
        np.eye(3)[analysis.labels],
        validation=(analysis.embeddings, analysis.labels, np.eye(3)[analysis.labels]),
        class_names=NAMES,
        images=images,
    )
    shown = with_images.report(diagnosis).pages[0].causes[0].shown
    kind, _, data = shown[0].picture.partition(",")
    assert kind == "data:image/png;base64"
    with Image.open(io.BytesIO(base64.b64decode(data))) as picture:
        assert np.asarray(picture).tolist() == images[4].tolist()


def test_a_report_is_saved_by_the_end_of_its_path(
    analysis: Analysis, diagnosis: Diagnosis, tmp_path: Path
) -> None:
    report = analysis.report(diagnosis)
    for name, text in (("a.md", report.markdown()), ("b.HTML", report.html())):
        assert report.save(tmp_path / name).read_text(encoding="utf-8") == text
    with pytest.raises(ValueError, match=r"must end in \.md or \.html"):
        report.save(tmp_path / "c.pdf")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.md", "b.HTML"]


def test_a_diagnosis_of_other_classes_is_refused(analysis: Analysis, diagnosis: Diagnosis) -> None:
    with pytest.raises(ValueError, match="other classes"):
        analysis.report(Diagnosis(diagnosis.classes[:2]))
