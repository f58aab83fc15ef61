from __future__ import annotations

import re
import shutil
import subprocess
import zipfile
from collections import Counter
from io import BytesIO
from itertools import pairwise

import docx
import pytest
from conftest import EXAMPLES
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import RGBColor
from handmade import p, table, word
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

import cqc_nlp
from cqc_nlp.cli import app
from cqc_nlp.errors import CannotWrite, UnreadableDocument
from cqc_nlp.reading.docx import letters, trace
from cqc_nlp.views.docx.marks import Pen
from cqc_nlp.views.words import palette

DRAFT = EXAMPLES / "marlbeck-draft.docx"
SENTENCES = (
    "Unpaid carers told us that they waited six months for a break. ",
    "Homecare started within two days in 97% of cases. ",
    "We plan to open a carers’ hub in May.",
)
HOSTILE = "<script>alert('x')</script> & \u202eright to left\u202c 👩‍👩‍👧 waited; " + "carers waited " * 300 + "end."


def saved(document):
    out = BytesIO()
    document.save(out)
    return out.getvalue()


def text_of(data):
    return trace(docx.Document(BytesIO(data)))[0]


def body(data):
    """The body of a document as it is without marks, comments and the division of runs."""
    document = docx.Document(BytesIO(data))
    root = document.element.body
    for tag in ("w:commentRangeStart", "w:commentRangeEnd"):
        for mark in list(root.iter(qn(tag))):
            mark.getparent().remove(mark)
    for reference in list(root.iter(qn("w:commentReference"))):
        reference.getparent().getparent().remove(reference.getparent())
    for run in root.iter(qn("w:r")):
        for tag in ("w:shd", "w:u"):
            for mark in list(run.iter(qn(tag))):
                mark.getparent().remove(mark)
    kept = []
    for element in root.iter(*map(qn, ("w:p", "w:t", "w:tbl", "w:drawing", "w:ins", "w:del", "w:delText", "w:bookmarkStart"))):
        if element.tag == qn("w:t") and kept[-1][0] == element.tag:
            kept[-1] = (element.tag, kept[-1][1] + (element.text or ""))
        else:
            kept.append((element.tag, element.text or ""))
    return kept


def shades(data):
    """The text of the runs, by the colour of their shading."""
    found = {}
    for run in docx.Document(BytesIO(data)).element.body.iter(qn("w:r")):
        shading = run.find(f"{qn('w:rPr')}/{qn('w:shd')}")
        colour = shading.get(qn("w:fill")) if shading is not None else None
        found[colour] = found.get(colour, "") + "".join(t.text or "" for t in run.iter(qn("w:t")))
    return found


def fill(polarity):
    return palette()["polarities"][str(polarity)]["light"]["fill"].lstrip("#").upper()


def marked(tmp_path, data, **kwargs):
    """The bytes of the Word file that is made of one, and its assessment."""
    (tmp_path / "draft.docx").write_bytes(data)
    assessment = cqc_nlp.assess(tmp_path / "draft.docx", model="fast")
    assessment.to_docx(tmp_path / "out.docx", **kwargs)
    return (tmp_path / "out.docx").read_bytes(), assessment


@pytest.fixture(scope="module")
def draft(tmp_path_factory):
    return marked(tmp_path_factory.mktemp("draft"), DRAFT.read_bytes())


def test_the_text_and_the_layout_stay(draft):
    assert text_of(draft[0]) == text_of(DRAFT.read_bytes())
    assert body(draft[0]) == body(DRAFT.read_bytes())
    before, after = zipfile.ZipFile(DRAFT), zipfile.ZipFile(BytesIO(draft[0]))
    for part in ("word/header1.xml", "word/numbering.xml", "word/styles.xml"):
        assert Counter(re.findall(rb"<w:\w+", before.read(part))) == Counter(re.findall(rb"<w:\w+", after.read(part)))


def test_each_statement_is_shaded_by_its_polarity_and_nothing_else(draft):
    out, assessment = draft
    by_colour = shades(out)
    for polarity in cqc_nlp.schema.POLARITIES:
        wanted = "".join(s.text for s in assessment.statements if s.polarity == polarity)
        assert "".join(by_colour[fill(polarity)].split()) == "".join(wanted.replace("|", "").split())
    assert "Understanding local needs" in by_colour[None]


def test_underlines_say_the_polarity_without_colour(draft):
    out, _ = draft
    kinds = {}
    for run in docx.Document(BytesIO(out)).element.body.iter(qn("w:r")):
        shading, line = (run.find(f"{qn('w:rPr')}/{qn(tag)}") for tag in ("w:shd", "w:u"))
        if shading is not None:
            kinds.setdefault(shading.get(qn("w:fill")), set()).add(line.get(qn("w:val")) if line is not None else None)
    assert all(len(kind) == 1 for kind in kinds.values())
    assert len({tuple(kind) for kind in kinds.values()}) == len(kinds) == 4


def test_comments_say_the_score_first_and_then_why_a_statement_matters(draft):
    out, assessment = draft
    first, *others = [comment.text for comment in docx.Document(BytesIO(out)).comments]
    assert f"Predicted score: {assessment.score}" in first
    assert "nine reports of ten" in first
    assert "underlined twice" in first
    weightiest = assessment.explain().statements[0]
    assert any(f"{weightiest[1]:+.2f}".replace("-", "−") in text for text in others)
    unsure = [s for s in assessment.statements if s.confidence < 0.5]
    assert unsure
    assert sum("The tag is unsure" in text for text in others) >= len(unsure)
    assert len(unsure) <= len(others) < len(assessment.statements)


def test_a_comment_covers_its_statement(draft):
    out, assessment = draft
    document = docx.Document(BytesIO(out))
    ranges, open_ = {}, set()
    for element in document.element.body.iter():
        if element.tag == qn("w:commentRangeStart"):
            open_.add(element.get(qn("w:id")))
        elif element.tag == qn("w:commentRangeEnd"):
            open_.remove(element.get(qn("w:id")))
        elif element.tag == qn("w:t"):
            for number in open_:
                ranges[number] = ranges.get(number, "") + (element.text or "")
    assert not open_
    assert len(ranges) == len(document.comments)
    texts = {s.text for s in assessment.statements} | {s.text.split(" | ")[0] for s in assessment.statements}
    assert {text.strip() for number, text in ranges.items() if number != "0"} <= texts


def test_every_statement_has_a_comment_if_asked(tmp_path):
    out, assessment = marked(tmp_path, DRAFT.read_bytes(), comments="all")
    assert len(docx.Document(BytesIO(out)).comments) == len(assessment.statements) + 1
    with pytest.raises(ValueError, match="'key' or 'all'"):
        assessment.to_docx(tmp_path / "x.docx", comments="most")


def test_what_the_review_advises_stands_at_the_statement(tmp_path):
    out, assessment = marked(tmp_path, word(p("We are an outstanding council. Our homecare is the best in the country.")))
    finding = assessment.review()[0]
    assert any(finding.advice in comment.text for comment in docx.Document(BytesIO(out)).comments)


def test_comments_and_tracked_changes_of_the_author_stay(tmp_path):
    document = docx.Document()
    paragraph = document.add_paragraph()
    runs = [paragraph.add_run(text) for text in SENTENCES]
    document.add_comment(runs[1], "Is that the latest figure?", author="A. Director", initials="AD")
    inserted, deleted = OxmlElement("w:ins", {qn("w:id"): "90", qn("w:author"): "B"}), OxmlElement("w:del", {qn("w:id"): "91"})
    runs[2]._r.addprevious(inserted)
    inserted.append(runs[2]._r)
    gone = OxmlElement("w:r")
    gone.append(OxmlElement("w:delText"))
    gone[0].text = "This was taken out."
    deleted.append(gone)
    inserted.addnext(deleted)
    out, assessment = marked(tmp_path, saved(document), comments="all")
    assert [s.text.strip() for s in assessment.statements] == [s.strip() for s in SENTENCES]
    assert body(out) == body(saved(document))
    comments = list(docx.Document(BytesIO(out)).comments)
    assert [(c.author, c.text) for c in comments if c.author != "cqc-nlp"] == [("A. Director", "Is that the latest figure?")]
    assert len({c.comment_id for c in comments}) == len(comments) == 5
    tracked = next(docx.Document(BytesIO(out)).element.body.iter(qn("w:ins")))
    assert {child.tag for child in tracked} == {qn("w:r")}
    assert not list(tracked.iter(qn("w:commentReference")))


def test_formatting_survives_the_division_of_a_run(tmp_path):
    document = docx.Document()
    run = document.add_paragraph("").add_run("".join(SENTENCES))
    run.bold, run.italic, run.font.name = True, True, "Georgia"
    out, assessment = marked(tmp_path, saved(document))
    paragraph = next(p for p in docx.Document(BytesIO(out)).paragraphs if p.text)
    written = [run for run in paragraph.runs if run.text]
    assert len(written) >= len(assessment.statements) == 3
    assert {(r.bold, r.italic, r.font.name) for r in written} == {(True, True, "Georgia")}


def test_light_text_and_the_authors_own_marks_are_left_alone(tmp_path):
    document = docx.Document()
    white, own, pasted = (document.add_paragraph().add_run(text.strip()) for text in SENTENCES)
    white.font.color.rgb = RGBColor(0xFF, 0xFF, 0xFF)
    own.font.highlight_color = 7
    pasted._r.get_or_add_rPr().append(OxmlElement("w:shd", {qn("w:val"): "clear", qn("w:fill"): "FFFFFF"}))
    out, assessment = marked(tmp_path, saved(document))
    by_colour = shades(out)
    assert {SENTENCES[0].strip(), SENTENCES[1].strip()} <= {run.text for p in docx.Document(BytesIO(out)).paragraphs for run in p.runs}
    assert SENTENCES[0].strip() in by_colour[None]
    assert SENTENCES[1].strip() in by_colour[None]
    assert by_colour[fill(assessment.statements[2].polarity)] == SENTENCES[2]


def test_a_statement_in_a_text_box_is_marked_there_and_commented_on_outside(tmp_path):
    shape = f"<v:shape><v:textbox><w:txbxContent>{p(SENTENCES[0])}</w:txbxContent></v:textbox></v:shape>"
    box = f"<w:p><w:r><w:pict>{shape}</w:pict></w:r></w:p>"
    out, assessment = marked(tmp_path, word(box + p(SENTENCES[1])), comments="all")
    assert len(assessment.statements) == 2
    content = next(docx.Document(BytesIO(out)).element.body.iter(qn("w:txbxContent")))
    assert next(content.iter(qn("w:shd"))).get(qn("w:fill")) == fill(assessment.statements[0].polarity)
    assert not list(content.iter(qn("w:commentRangeStart")))
    assert len(docx.Document(BytesIO(out)).comments) == 3


def test_cells_that_are_merged_or_begin_like_a_divider(tmp_path):
    data = word(p("Our draft.") + table((p("Carers waited."), p("| 6 months")), (p("Homecare improved"), p("4 days; 3 days."))))
    out, _ = marked(tmp_path, data, comments="all")
    assert text_of(out) == text_of(data)


PIECES = st.lists(
    st.tuples(
        st.text(st.sampled_from("ab .?!ﬁ\u00ad\u200b|é\U0001f600"), min_size=1, max_size=12),
        st.sampled_from(["", "tab", "br", "noBreakHyphen"]),
    ),
    min_size=1,
    max_size=6,
)


@given(st.lists(PIECES, min_size=1, max_size=4), st.data())
def test_any_division_leaves_the_text_as_it_was(paragraphs, data):
    document = docx.Document()
    for pieces in paragraphs:
        paragraph = document.add_paragraph()
        for text, mark in pieces:
            run = paragraph.add_run(text)
            if mark:
                run._r.append(OxmlElement(f"w:{mark}"))
    before, places = trace(document)
    assert all(before[at].isspace() == (place is None) or before[at] in "|" for at, place in enumerate(places))
    pen = Pen(document)
    for paragraph in document.paragraphs:
        printed = letters(paragraph._p)
        cuts = sorted(data.draw(st.lists(st.integers(0, len(printed)), min_size=2, max_size=6)))
        spans = [(start, end, number) for number, (start, end) in enumerate(pairwise(cuts))]
        whole = [node.text[at] if node.tag == qn("w:t") else node.tag for node, at in printed]
        found = pen.cut(printed, spans)
        for start, end, number in spans:
            own = [node.text[at] if node.tag == qn("w:t") else node.tag for run in found.get(number, ()) for node, at in letters(run)]
            assert own == whole[start:end]
    assert trace(document)[0] == before


def test_the_assessed_file_is_never_overwritten(tmp_path):
    shutil.copy(DRAFT, tmp_path / "draft.docx")
    assessment = cqc_nlp.assess(tmp_path / "draft.docx", model="fast")
    (tmp_path / "link.docx").symlink_to(tmp_path / "draft.docx")
    for name in ("draft.docx", "link.docx"):
        with pytest.raises(CannotWrite, match=f"{name}: .*never overwritten; name another file"):
            assessment.to_docx(tmp_path / name)
    assert (tmp_path / "draft.docx").read_bytes() == DRAFT.read_bytes()
    with pytest.raises(CannotWrite, match="ends in"):
        assessment.to_docx(tmp_path / "out.doc")
    with pytest.raises(CannotWrite, match="no folder"):
        assessment.to_docx(tmp_path / "none" / "out.docx")


def test_a_file_that_has_changed_or_gone_is_said_so(tmp_path):
    (tmp_path / "draft.docx").write_bytes(word(p("Carers waited six months.")))
    assessment = cqc_nlp.assess(tmp_path / "draft.docx", model="fast")
    (tmp_path / "draft.docx").write_bytes(word(p("Carers waited two days.")))
    with pytest.raises(UnreadableDocument, match=r"draft\.docx: its text is not the one that was assessed; assess it again"):
        assessment.to_docx(tmp_path / "out.docx")
    (tmp_path / "draft.docx").write_bytes(b"PK no longer")
    with pytest.raises(UnreadableDocument, match="no longer a sound Word file"):
        assessment.to_docx(tmp_path / "out.docx")
    (tmp_path / "draft.docx").unlink()
    with pytest.raises(UnreadableDocument, match="cannot be read again"):
        assessment.to_docx(tmp_path / "out.docx")
    assert not (tmp_path / "out.docx").exists()


def test_bytes_are_marked_if_given_again(tmp_path):
    data = word(p("Carers waited six months."))
    assessment = cqc_nlp.assess(cqc_nlp.read_bytes(data, format="docx"), model="fast")
    assessment.to_docx(tmp_path / "out.docx", source=data)
    assert text_of((tmp_path / "out.docx").read_bytes()) == text_of(data)
    assessment.to_docx(tmp_path / "new.docx")
    assert "Predicted score" in text_of((tmp_path / "new.docx").read_bytes())


def test_another_kind_of_file_becomes_a_new_document(tmp_path):
    assessment = cqc_nlp.assess(EXAMPLES / "marlbeck-draft.md", model="fast")
    assessment.to_docx(tmp_path / "out.docx")
    document = docx.Document(tmp_path / "out.docx")
    styles = {paragraph.text: paragraph.style.name for paragraph in document.paragraphs}
    assert styles["Marlbeck Borough Council"] == "Title"
    assert styles[f"Predicted score: {assessment.score}"] == "Heading 1"
    assert styles["Ensuring quality of local services"].startswith("Heading")
    written = "".join(paragraph.text for paragraph in document.paragraphs)
    assert all(" ".join(s.text.split()) in written for s in assessment.statements)
    assert "List Bullet" in styles.values()
    rows = [[cell.text for cell in row.cells] for row in document.tables[0].rows]
    assert [row[0] for row in rows] == ["1", "2", "3", "4"]
    assert rows[assessment.score - 1][2] == f"{assessment.probabilities.max():.0%}"
    everything = [[cell.text for cell in row.cells] for row in document.tables[1].rows][-1]
    assert sum(map(int, everything[1:])) == sum(not s.repeated for s in assessment.statements)


@pytest.mark.parametrize("kind", ["txt", "docx"])
def test_hostile_text_shows_as_text(tmp_path, kind):
    if kind == "txt":
        (tmp_path / "draft.txt").write_text(f"{HOSTILE}\n\nCarers \x1b[31mwaited\x07 for a break.", encoding="utf-8")
    else:
        document = docx.Document()
        document.add_paragraph(HOSTILE)
        document.save(tmp_path / "draft.docx")
    assessment = cqc_nlp.assess(tmp_path / f"draft.{kind}", model="fast")
    assessment.to_docx(tmp_path / "out.docx", comments="all")
    written = text_of((tmp_path / "out.docx").read_bytes())
    assert "<script>alert('x')</script> & \u202eright to left\u202c 👩‍👩‍👧" in written
    assert "carers waited end." in written
    if kind == "txt":
        assert "Carers \ufffd[31mwaited\ufffd for a break." in written


def test_the_command_writes_one_file_or_a_folder(tmp_path):
    run = CliRunner().invoke
    files = [str(EXAMPLES / name) for name in ("marlbeck-draft.docx", "thin-draft.md")]
    assert run(app, ["assess", files[0], "--model", "fast", "--docx", str(tmp_path / "one.docx")]).exit_code == 0
    assert text_of((tmp_path / "one.docx").read_bytes()) == text_of(DRAFT.read_bytes())
    assert run(app, ["assess", *files, "--model", "fast", "--docx", str(tmp_path / "all")]).exit_code == 0
    assert sorted(path.name for path in (tmp_path / "all").iterdir()) == ["marlbeck-draft.docx", "thin-draft.docx"]
    refused = run(app, ["assess", files[0], "--model", "fast", "--docx", files[0]])
    assert refused.exit_code == 2
    assert "overwritten" in refused.stderr
    assert run(app, ["assess", files[0], "--json", "--docx", str(tmp_path / "x.docx")]).exit_code == 2


def test_libreoffice_opens_both_kinds(tmp_path, draft):
    office = shutil.which("soffice")
    if office is None:
        pytest.skip("LibreOffice (soffice) is not installed")
    (tmp_path / "own.docx").write_bytes(draft[0])
    cqc_nlp.assess(EXAMPLES / "marlbeck-draft.md", model="fast").to_docx(tmp_path / "new.docx")
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    names = [str(tmp_path / name) for name in ("own.docx", "new.docx")]
    command = [office, profile, "--headless", "--convert-to", "fodt", "--outdir", str(tmp_path), *names]
    subprocess.run(command, check=True, capture_output=True, timeout=900)
    for name in ("own", "new"):
        comments = len(docx.Document(tmp_path / f"{name}.docx").comments)
        opened = (tmp_path / f"{name}.fodt").read_text(encoding="utf-8")
        assert opened.count("<office:annotation ") == comments > 5
