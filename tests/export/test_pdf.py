"""report.pdf: the report's content on A4 pages, the same bytes each time."""

from __future__ import annotations

import io

import pytest
from export.examples import Example
from pypdf import PdfReader

from netlm_imaging.export import render_report
from netlm_imaging.export.pdf import render_pdf

MM = 72 / 25.4


@pytest.fixture(scope="module")
def pdf(example: Example, figures: dict[str, bytes]) -> bytes:
    made = render_pdf(render_report(example.case, figures))
    assert made is not None
    return made


def test_the_same_report_has_the_same_bytes(
    example: Example, figures: dict[str, bytes], pdf: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FONTCONFIG_FILE", "/nowhere")
    assert render_pdf(render_report(example.case, figures)) == pdf


def test_all_of_the_report_is_on_its_pages(
    example: Example, figures: dict[str, bytes], pdf: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    reader = PdfReader(io.BytesIO(pdf))
    texts = [" ".join(page.extract_text().split()) for page in reader.pages]
    whole = " ".join(texts)
    html = render_report(example.case, figures)
    for heading in html.split("<h2>")[1:]:
        assert heading.split("</h2>")[0] in whole
    for lesion in example.case.lesions:
        assert f"{lesion.longest_diameter_mm:.1f}" in whole
    for number, (page, text) in enumerate(zip(reader.pages, texts, strict=True), start=1):
        assert (page.mediabox.width, page.mediabox.height) == pytest.approx((210 * MM, 297 * MM), abs=1)
        assert f"{number} / {len(texts)}" in text
        assert len(text) > 30  # no page holds its number alone
    assert sum(len(page.images) for page in reader.pages) == len(figures)
    fonts = {font["/BaseFont"] for page in reader.pages for font in _fonts(page)}
    assert {font.split("+")[1] for font in fonts} == {"DejaVuSans", "DejaVuSans-Bold"}


def _fonts(page: object) -> list[dict[str, str]]:
    resources = page["/Resources"]  # type: ignore[index]
    return [font.get_object() for font in resources.get("/Font", {}).values()]


def test_citations_lead_to_the_evidence(pdf: bytes) -> None:
    reader = PdfReader(io.BytesIO(pdf))
    links = [note.get_object() for page in reader.pages for note in page.get("/Annots", ())]
    assert links
    assert all("/URI" not in link.get("/A", {}) for link in links)


def test_nothing_outside_the_report_is_read(capfd: pytest.CaptureFixture[str], tmp_path) -> None:  # type: ignore[no-untyped-def]
    picture = tmp_path / "secret.png"
    picture.write_bytes(b"not a picture")
    made = render_pdf(f'<p>text</p><img src="file://{picture}"><img src="https://example.org/a.png">')
    assert made is not None
    assert not list(PdfReader(io.BytesIO(made)).pages[0].images)
