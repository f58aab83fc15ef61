from __future__ import annotations

from itertools import pairwise

import pytest
from conftest import EXAMPLES
from hypothesis import given
from hypothesis import strategies as st
from render import RENDERERS, plain

import cqc_nlp
from cqc_nlp.errors import EncryptedDocument, UnreadableDocument, UnsupportedFormat

DRAFT = EXAMPLES / "marlbeck-draft.md"


def statements(report):
    return [(plain(s.text), str(s.section.kind), s.repeated) for s in cqc_nlp.sentences(report)]


@pytest.mark.parametrize("format", list(RENDERERS))
def test_an_example_gives_the_same_statements_in_every_format(format):
    expected = cqc_nlp.read(DRAFT)
    report = cqc_nlp.read(DRAFT.with_suffix(f".{format}"))
    assert statements(report) == statements(expected)
    assert (report.title, report.authority) == (
        "Marlbeck Borough Council: self-assessment of adult social care",
        "Marlbeck Borough Council",
    )
    assert (report.quality_statement, report.published_score) == ("Care provision, integration and continuity", 3)


@pytest.mark.parametrize("format", list(RENDERERS))
def test_a_real_report_gives_the_same_statements_in_every_format(real_report, format):
    text = real_report.read_text(encoding="utf-8")
    assert statements(cqc_nlp.read_bytes(RENDERERS[format](text), format=format)) == statements(cqc_nlp.read_text(text))


def test_every_section_is_found_and_furniture_is_left_out():
    report = cqc_nlp.read(DRAFT)
    assert [str(s.kind) for s in report.sections] == ["needs", "market", "capacity", "quality", "sustainability"]
    body = " ".join(s.text for s in cqc_nlp.sentences(report))
    assert "I have care and support" not in body
    assert "We understand the diverse" not in body
    assert "Score" not in body
    assert "People waiting for homecare | 58 | 6" in body
    assert "Measure | March" not in body
    assert "*Gypsy, Roma and Traveller*" in body


@pytest.mark.parametrize(
    ("line", "score"),
    [
        ("Score: 2", 2), ("## Score 3", 3), ("Score", None), ("3 - Evidence shows a good standard", 3),
        ("Self-assessed score: 4 out of 4", 4),
        ("**Score: 1**", 1), ("Evidence shows some shortfalls", None), ("Rating: Good", None), ("Score: 3 (good)", 3),
        ("Self-assessment score: 3", 3), ("Our rating: Good", None), ("Score | 3", 3),
        ("## Score\n\n3", 3), ("Indicative score: 2", 2), ("Self-assessment: Good", None),
    ],
)  # fmt: skip
def test_printed_scores_are_read_and_are_no_statements(line, score):
    report = cqc_nlp.read_text(f"# Care provision, integration and continuity\n\n{line}\n\nCarers waited six months for a break.")
    assert report.published_score == score
    assert [s.text for s in cqc_nlp.sentences(report)] == ["Carers waited six months for a break."]


@pytest.mark.parametrize("mark", ["## {}", "{}", "**{}**", "### 2.1 {}", "{}\n----", "{}:", "4. {}"])
def test_section_headings_are_found_however_they_are_marked(mark):
    heading = mark.format("Ensuring quality of local services")
    report = cqc_nlp.read_text(f"Some words come first here.\n\n{heading}\n\nVisits took place every year and were followed up.")
    assert [(s.text, str(s.section.kind)) for s in cqc_nlp.sentences(report)][-1] == (
        "Visits took place every year and were followed up.", "quality",
    )  # fmt: skip
    assert len(cqc_nlp.sentences(report)) == 2


@pytest.mark.parametrize("heading", [section.heading for section in cqc_nlp.framework.SECTIONS])
@pytest.mark.parametrize("mark", ["**{}**", "{}", "## {}", "<p><b>{}</b></p>"])
def test_every_section_of_the_framework_is_found_in_bold_type_too(mark, heading):
    text = f"{mark.format(heading)}\n\n<p>Visits took place.</p>" if "<" in mark else f"{mark.format(heading)}\n\nVisits took place."
    report = cqc_nlp.read_bytes(text.encode(), format="html" if "<" in mark else "md")
    assert [(s.text, s.section.heading) for s in cqc_nlp.sentences(report)] == [("Visits took place.", heading)]


def test_a_bold_sentence_is_a_statement():
    report = cqc_nlp.read_bytes(b"<p><b>Carers had waited six months for a break</b></p><p>Staff knew.</p>", format="html")
    assert len(cqc_nlp.sentences(report)) == 2


def test_a_draft_without_headings_is_one_section():
    report = cqc_nlp.read_text("People waited for homecare.\n\nStaff were trained.")
    assert len(report.sections) == 1
    assert str(report.sections[0].kind) == "other"
    assert len(cqc_nlp.sentences(report)) == 2


def test_a_short_statement_without_a_full_stop_is_not_taken_for_a_heading():
    report = cqc_nlp.read_text("Waiting lists have fallen by half\n\nCommissioners met providers each month to agree what was needed next.")
    assert len(cqc_nlp.sentences(report)) == 2


def test_a_copy_of_a_paragraph_is_marked():
    paragraph = "Staff worked with housing partners to find homes for people with complex needs."
    report = cqc_nlp.read_text(f"## Ensuring quality of local services\n\n{paragraph}\n\nOther words stand here.\n\n{paragraph}")
    assert [s.repeated for s in cqc_nlp.sentences(report)] == [False, False, True]


def test_wrapped_lines_are_one_paragraph_and_bullets_are_several():
    text = (
        "The local authority worked with providers to understand the conditions in which they\n"
        "traded. It had raised fees for homecare and for residential care in each of the last\nthree years.\n\n"
        "• Carers were offered breaks\n• A new centre was planned\n1. Visits were late"
    )
    assert [s.text.replace("\n", " ") for s in cqc_nlp.sentences(cqc_nlp.read_text(text))] == [
        "The local authority worked with providers to understand the conditions in which they traded.",
        "It had raised fees for homecare and for residential care in each of the last three years.",
        "Carers were offered breaks", "A new centre was planned", "Visits were late",
    ]  # fmt: skip


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_encodings(encoding):
    report = cqc_nlp.read_bytes("Carers’ breaks cost £40 – too much.".encode(encoding), format="txt")
    assert report.text == "Carers’ breaks cost £40 – too much."


def test_text_files_stay_as_they_are(tmp_path):
    data = "Line one is here.\r\n\r\nLine two is here.\r\n"
    path = tmp_path / "a.txt"
    path.write_bytes(data.encode())
    assert cqc_nlp.read(path).text == data


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("a.txt", b"", "empty"), ("a.txt", b"  \n", "empty"), ("a.docx", b"not a zip", "broken"), ("a.pdf", b"%PDF-1.4 broken", "broken"),
        ("a.md", b"---\n\n***\n", "no statements"), ("a.html", b"<html><script>x</script></html>", "no statements"),
    ],
)  # fmt: skip
def test_unreadable_files_say_what_is_wrong(tmp_path, name, data, words):
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(UnreadableDocument, match=words) as error:
        cqc_nlp.read(path)
    assert name in str(error.value)


def test_missing_files_folders_and_unknown_kinds(tmp_path):
    with pytest.raises(UnreadableDocument, match="no such file"):
        cqc_nlp.read(tmp_path / "gone.docx")
    with pytest.raises(UnreadableDocument, match="folder"):
        cqc_nlp.read(tmp_path)
    (tmp_path / "a.odt").write_bytes(b"x")
    with pytest.raises(UnsupportedFormat, match=r"\.odt"):
        cqc_nlp.read(tmp_path / "a.odt")


def test_tracked_insertions_and_content_controls_of_word_are_read():
    from io import BytesIO

    import docx
    from docx.oxml import parse_xml
    from docx.oxml.ns import nsdecls

    document = docx.Document()
    body = document.element.body
    body.insert(0, parse_xml(
        f"<w:p {nsdecls('w')}><w:r><w:t xml:space='preserve'>Carers could </w:t></w:r><w:ins w:id='1' w:author='a'><w:r>"
        "<w:t xml:space='preserve'>not </w:t></w:r></w:ins><w:del w:id='2' w:author='a'><w:r><w:delText>often</w:delText></w:r></w:del>"
        "<w:r><w:t>get a break.</w:t></w:r></w:p>"
    ))  # fmt: skip
    body.insert(1, parse_xml(
        f"<w:sdt {nsdecls('w')}><w:sdtContent><w:p><w:r><w:t>Visits were late.</w:t></w:r></w:p></w:sdtContent></w:sdt>"
    ))  # fmt: skip
    out = BytesIO()
    document.save(out)
    report = cqc_nlp.read_bytes(out.getvalue(), format="docx")
    assert [s.text for s in cqc_nlp.sentences(report)] == ["Carers could not get a break.", "Visits were late."]


def test_pages_inside_a_form_and_layout_tables_are_read():
    page = b"<form><table><tr><td><h2>Ensuring quality of local services</h2><p>Visits took place.</p></td></tr></table></form>"
    report = cqc_nlp.read_bytes(page, format="html")
    assert [(s.text, str(s.section.kind)) for s in cqc_nlp.sentences(report)] == [("Visits took place.", "quality")]


def test_ligatures_are_spelt_out():
    report = cqc_nlp.read_bytes("<p>Insuﬃcient sta\u00adﬃng.</p>".encode(), format="html")
    assert report.text == "Insufficient staffing."


def test_evidence_under_the_commitment_is_kept():
    text = (
        "## The local authority commitment\n\nWe understand the diverse needs of people.\n\n"
        "We opened forty extra care flats last year.\n\nPeople waited six months for a break.\n\n"
        "## Ensuring quality of local services\n\nX."
    )
    found = [s.text for s in cqc_nlp.sentences(cqc_nlp.read_text(text))]
    assert found == ["We opened forty extra care flats last year.", "People waited six months for a break.", "X."]


def test_another_quality_statement_is_not_counted_in_the_last_section():
    text = (
        "# Care provision, integration and continuity\n\n## Ensuring local services are sustainable\n\nFees rose.\n\n"
        "# Safeguarding\n\nX was late."
    )
    assert [str(s.section.kind) for s in cqc_nlp.sentences(cqc_nlp.read_text(text))] == ["sustainability", "other"]


def test_encrypted_and_scanned_pdfs():
    from io import BytesIO

    from pypdf import PdfWriter

    writer = PdfWriter()
    writer.add_blank_page(200, 200)
    scan = BytesIO()
    writer.write(scan)
    with pytest.raises(UnreadableDocument, match="scan"):
        cqc_nlp.read_bytes(scan.getvalue(), format="pdf")
    writer.encrypt("secret", algorithm="RC4-128")
    locked = BytesIO()
    writer.write(locked)
    with pytest.raises(EncryptedDocument, match="password"):
        cqc_nlp.read_bytes(locked.getvalue(), format="pdf")


WORDS = st.text(alphabet=st.characters(codec="utf-8", exclude_categories=("Cs",)), max_size=60)
TEXTS = st.lists(st.one_of(WORDS, st.sampled_from(["\n", "\n\n", "# ", "- ", "| a | b |", ". ", "Score: 2", "e.g. ", "” ", "\r\n"]))).map(
    "".join
)


@given(TEXTS)
def test_offsets_hold_for_any_text(text):
    try:
        report = cqc_nlp.read_text(text)
    except UnreadableDocument:
        return
    assert report.text == text
    found = cqc_nlp.sentences(report)
    assert all(report.text[s.start : s.end] == s.text for s in found)
    assert all(a.end <= b.start for a, b in pairwise(found))
    assert all(s.section in report.sections for s in found)


@pytest.mark.parametrize("format", ["docx", "html", "pdf"])
@given(paragraphs=st.lists(st.sampled_from([
    "Carers waited. Breaks were scarce.", "Dr. Lee said so.", "Up by 4.5% in 2023/24.", "We plan to act."]),
    min_size=1, max_size=6))  # fmt: skip
def test_offsets_and_texts_hold_in_other_formats(format, paragraphs):
    text = "\n\n".join(paragraphs)
    report = cqc_nlp.read_bytes(RENDERERS[format](text), format=format)
    found = cqc_nlp.sentences(report)
    assert all(report.text[s.start : s.end] == s.text for s in found)
    assert [s.text for s in found] == [s.text for s in cqc_nlp.sentences(cqc_nlp.read_text(text))]


@given(st.binary(max_size=400), st.sampled_from(["txt", "html", "docx", "pdf"]))
def test_any_bytes_are_read_or_refused(data, format):
    try:
        report = cqc_nlp.read_bytes(data, format=format)
    except UnreadableDocument:
        return
    assert report.paragraphs
