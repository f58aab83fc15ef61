from __future__ import annotations

import json
import logging
import os
import struct
import zipfile
import zlib
from io import BytesIO

import pytest
from handmade import (
    CATALOGUE,
    FETCHES,
    FONT,
    LAUGHS,
    OFFICE,
    OLE,
    PAGE,
    PRINT,
    TYPES,
    WAITED,
    WORD,
    encrypted,
    item,
    p,
    pages,
    pdf,
    stream,
    table,
    word,
)  # fmt: skip
from render import to_pdf
from typer.testing import CliRunner

import cqc_nlp
from cqc_nlp.cli import app
from cqc_nlp.corpus.lines import add
from cqc_nlp.errors import CorpusError, DocumentTooLarge, EncryptedDocument, UnreadableDocument
from cqc_nlp.reading import Limits


def texts(data, format, **kwargs):
    return [s.text for s in cqc_nlp.sentences(cqc_nlp.read_bytes(data, format=format, **kwargs))]


def refused(data, format, words, kind=UnreadableDocument, **limits):
    """Refuse with one line that names the file, says what is wrong and, after a semicolon, what to do."""
    with pytest.raises(kind, match=words) as error:
        cqc_nlp.read_bytes(data, format=format, name="draft", limits=Limits(**limits))
    message = str(error.value)
    assert message.startswith("draft: ")
    assert message.count("draft: ") == 1
    assert "; " in message
    assert "\n" not in message


def test_a_word_file_that_swells_is_refused_before_it_is_unpacked():
    bomb = word(more=[("word/media/a.png", bytes(30_000_000))])
    assert len(bomb) < 100_000
    refused(bomb, "docx", "once unpacked", DocumentTooLarge, max_unpacked_bytes=10_000_000)
    refused(word(WAITED * 5000), "docx", "marks", DocumentTooLarge, max_elements=10_000)
    refused(word(p("Carers waited. " * 500)), "docx", "characters", DocumentTooLarge, max_characters=1000)
    refused(word(more=[(f"a/{number}", b"") for number in range(10_001)]), "docx", "archive of more than")


def test_an_archive_that_understates_its_sizes_unpacks_to_no_more():
    data = word(more=[("word/media/a.xml", b"<a/>" + bytes(5_000_000))])
    size = struct.pack("<I", 5_000_004)
    assert data.count(size) == 2
    refused(data.replace(size, struct.pack("<I", 10)), "docx", "broken", max_unpacked_bytes=100_000)


def test_archives_inside_a_word_file_stay_closed():
    inner = word(more=[("b.zip", word())])
    assert texts(word(more=[("word/embeddings/a.docx", inner)]), "docx") == ["Carers waited."]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_entities_are_neither_expanded_nor_fetched(tmp_path, encoding):
    secret = tmp_path / "secret.txt"
    secret.write_text("not for you")
    for start in (LAUGHS, FETCHES.format(secret.as_uri())):
        names = f"xmlns:w='{WORD}'"
        body = f"<?xml version='1.0' encoding='{encoding}'?>{start}<w:document {names}><w:body>{p('&j;')}</w:body></w:document>"
        out = BytesIO(word())
        with zipfile.ZipFile(out, "a") as package, pytest.warns(UserWarning, match="Duplicate"):
            package.writestr("word/document.xml", body.encode(encoding))
        refused(out.getvalue(), "docx", "document type")
        refused(f"{start}<p>Carers waited. &j;</p>".encode(encoding), "html", "entities")


def test_merged_cells_are_not_repeated_as_often_as_the_file_says():
    wide = table((f"<w:tcPr><w:gridSpan w:val='999999999'/></w:tcPr>{p('Waits')}", p("6 months")))
    assert texts(word(wide), "docx") == ["Waits | 6 months"]
    merge = "<w:tcPr><w:vMerge{}/></w:tcPr>"
    tall = table((merge.format(" w:val='restart'") + p("Waits"), p("6 months")), (merge.format("") + p(""), p("9 months")))
    assert texts(word(tall), "docx") == ["Waits | 6 months", "Waits | 9 months"]


def test_tables_nested_too_deep_for_the_parser_are_refused():
    deep = "<w:tbl><w:tr><w:tc>" * 3000 + WAITED + "</w:tc></w:tr></w:tbl>" * 3000
    refused(word(deep), "docx", "nested|broken")


def test_bullets_in_the_cells_of_a_word_table_are_read_one_by_one():
    rows = table(
        (p("Theme"), p("What we found")), (p("Carers"), p("We asked carers.") + item("Breaks were scarce") + item("Advice was good"))
    )
    assert texts(word(rows), "docx") == ["Carers | We asked carers.", "Breaks were scarce", "Advice was good"]


def test_a_table_inside_a_cell_of_a_word_table_is_not_lost():
    inner = table((p("Homecare"), p("6 weeks")), (p("Breaks"), p("9 weeks")))
    found = texts(word(table((p("Waits"), inner + p("Staff knew.")))), "docx")
    assert found == ["Waits", "Homecare | 6 weeks", "Breaks | 9 weeks", "Staff knew."]


def test_text_boxes_of_word_are_read_once():
    box = f"<w:txbxContent>{p('Breaks were scarce.')}{p('Staff knew.')}</w:txbxContent>"
    twice = f"<mc:AlternateContent><mc:Choice Requires='wps'>{box}</mc:Choice><mc:Fallback>{box}</mc:Fallback></mc:AlternateContent>"
    old = f"<w:pict><v:textbox>{box}</v:textbox></w:pict>"
    only_old = f"<mc:AlternateContent><mc:Choice Requires='x'/><mc:Fallback>{old}</mc:Fallback></mc:AlternateContent>"
    for form in (twice, old, only_old):
        body = f"<w:p><w:r><w:t>Carers </w:t></w:r><w:r>{form}</w:r><w:r><w:t>waited.</w:t></w:r></w:p>"
        assert texts(word(body), "docx") == ["Carers waited.", "Breaks were scarce.", "Staff knew."]


def test_footnotes_and_endnotes_are_read_once_after_the_paragraph_that_names_them():
    def note(kind, number, text, type_=""):
        return f"<w:{kind} w:id='{number}'{type_}>{p(text)}<w:p><w:r><w:{kind}Reference w:id='{number}'/></w:r></w:p></w:{kind}>"

    def part(kind, *notes):
        return f"word/{kind}.xml", f"<w:{kind} xmlns:w='{WORD}'>{''.join(notes)}</w:{kind}>"

    base = OFFICE.rpartition("/")[0]
    relations = "".join(f'<Relationship Id="{k}" Type="{base}/{k}" Target="{k}.xml"/>' for k in ("footnotes", "endnotes"))
    names = "http://schemas.openxmlformats.org/package/2006/relationships"
    more = [
        ("word/_rels/document.xml.rels", f'<Relationships xmlns="{names}">{relations}</Relationships>'),
        part("footnotes", note("footnote", -1, "", " w:type='separator'"), note("footnote", 1, "We asked 40 of them.")),
        part("endnotes", note("endnote", 1, "Records of May."), note("endnote", 2, "Nothing names this.")),
    ]
    named = "<w:r><w:footnoteReference w:id='1'/></w:r>"
    body = f"<w:p><w:r><w:t>Carers waited</w:t></w:r>{named}<w:r><w:t>.</w:t></w:r></w:p>{p('Staff knew.')}"
    body += table((p("Waits"), f"<w:p><w:r><w:t>6 months</w:t></w:r><w:r><w:endnoteReference w:id='1'/></w:r>{named}</w:p>"))
    expected = ["Carers waited.", "We asked 40 of them.", "Staff knew.", "Waits | 6 months Records of May."]
    assert texts(word(body, more=more), "docx") == expected
    refused(word("<w:altChunk/>" + WAITED), "docx", "open it in Word")


def test_text_that_was_moved_is_read_once():
    body = f"<w:p><w:moveFrom><w:r><w:t>Carers waited.</w:t></w:r></w:moveFrom></w:p>{p('Staff knew.')}"
    body += "<w:p><w:moveTo><w:r><w:t>Carers waited.</w:t></w:r></w:moveTo></w:p>"
    assert texts(word(body), "docx") == ["Staff knew.", "Carers waited."]


@pytest.mark.parametrize(
    ("data", "format", "words"),
    [
        (OLE, "docx", "old Word file"), (OLE, "txt", "old Word file"), (to_pdf("Carers waited."), "docx", "a PDF under another name"),
        (to_pdf("Carers waited."), "txt", "a PDF under"), (word(), "pdf", "Office file under another name"), (word(), "txt", "Office file"),
        (b"{\\rtf1 Carers waited.}", "docx", "Rich Text"), (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(99), "txt", "another kind"),
        (b"Carers waited.", "docx", "broken"), (b"", "txt", "empty"),
        (b" \r\n\t ", "pdf", "empty"), (b"\xef\xbb\xbf", "md", "no statements"),
        (" \n ".encode("utf-16"), "txt", "no statements"), (word(""), "docx", "no statements"),
        (b"<p> &nbsp; </p>", "html", "no statements"),
    ],
)  # fmt: skip
def test_files_that_are_something_else_or_empty(data, format, words):
    refused(data, format, words)


def test_a_workbook_is_no_word_file_and_a_word_file_may_have_a_password():
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as package:
        package.writestr("[Content_Types].xml", TYPES)
        package.writestr("xl/workbook.xml", "<a/>")
    refused(out.getvalue(), "docx", "no Word file")
    refused(OLE + "EncryptedPackage".encode("utf-16-le"), "docx", "password", EncryptedDocument)


def test_pdfs_with_a_password_and_with_none_to_open_them():
    refused(encrypted(to_pdf("Carers waited."), "secret", "owner"), "pdf", "password", EncryptedDocument)
    assert texts(encrypted(to_pdf("Carers waited."), "", "owner"), "pdf") == ["Carers waited."]


def test_a_pdf_that_is_cut_off_is_refused_wherever_the_cut_is():
    whole = to_pdf("\n\n".join(["Carers waited six months for a break."] * 60))
    for share in (0.2, 0.5, 0.9, 0.99):
        refused(whole[: int(share * len(whole))], "pdf", "broken")
    assert len(texts(whole + bytes(9000), "pdf")) == 60


def test_looping_pdfs_end():
    form = stream(b"/X Do /X Do", b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X 6 0 R>>>>")
    assert texts(pages(1, b"5 0 R", stream(PRINT + b" /X Do"), form), "pdf") == ["Carers waited."]
    refused(pdf(CATALOGUE, b"<</Type/Pages/Count 2/Kids[2 0 R 2 0 R]>>"), "pdf", "broken")
    refused(pdf(CATALOGUE, b"3 0 R", b"2 0 R"), "pdf", "broken")
    tree = [b"<</Type/Pages/Count 1/Kids[%b]>>" % (b"%d 0 R " % number * 30) for number in range(3, 9)]
    refused(pdf(CATALOGUE, *tree, b"<</Type/Page/MediaBox[0 0 9 9]>>"), "pdf", "more than any report holds", DocumentTooLarge)


def test_a_pdf_page_that_can_be_read_in_part_only_is_refused_and_named():
    form = b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</Font<</F 4 0 R>>>>"
    drawn = stream(PRINT + b" /X Do")
    assert len(texts(pages(1, b"5 0 R", drawn, stream(PRINT.replace(b"700", b"600"), form)), "pdf")) == 2
    refused(pages(1, b"5 0 R", drawn, stream(PRINT, b"/Filter/FlateDecode" + form)), "pdf", "page 1 can be read in part only")
    refused(pages(1, b"[5 0 R 9 0 R]"), "pdf", "page 1 can be read in part only")
    refused(pages(1, b"[5 0 R 6 0 R]", stream(PRINT), stream(PRINT, b"/Filter/FlateDecode")), "pdf", "cannot be unpacked")
    empty = stream(zlib.compress(b""), b"/Filter/FlateDecode")
    assert texts(pages(1, b"[5 0 R 6 0 R]", stream(PRINT), empty), "pdf") == ["Carers waited."]


@pytest.mark.parametrize("kid", [b"99 0 R", b"null", b"7", b"6 0 R"])
def test_a_pdf_that_has_lost_a_page_is_refused(kid):
    other = (PAGE % b"5 0 R").replace(b"/Page/", b"/Pag_/")
    whole = pdf(CATALOGUE, b"<</Type/Pages/Count 2/Kids[3 0 R 3 0 R]>>", PAGE % b"5 0 R", FONT, stream(PRINT), other)
    assert len(texts(whole, "pdf")) == 2
    refused(whole.replace(b"[3 0 R 3 0 R]", b"[3 0 R %b]" % kid), "pdf", "of 2 pages only 1 can be found|in part only")


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ((PAGE % b"5 0 R").replace(b"/Contents", b"/Rotate)90/Contents"), "in part only"),  # what follows in the entry is lost
        (PAGE % b"<</Length 3>>", "cannot be unpacked"), (PAGE % b"(Carers waited.)", "cannot be unpacked"),
    ],
)  # fmt: skip
def test_a_pdf_page_whose_entry_is_damaged_is_not_taken_for_an_empty_one(wrong, words):
    tree = b"<</Type/Pages/Count 2/Kids[3 0 R 6 0 R]>>"
    refused(pdf(CATALOGUE, tree, PAGE % b"5 0 R", FONT, stream(PRINT), wrong), "pdf", words)


def test_a_pdf_whose_letters_cannot_be_told_is_refused():
    drawn = stream(b"BT /G 12 Tf 72 700 Td (%b) Tj ET" % (b"Carers waited. " * 9))
    refused(pages(1, b"[5 0 R 6 0 R]", stream(PRINT), drawn), "pdf", "letters of page 1 cannot be told")
    icon = stream(b"BT /G 12 Tf 72 600 Td (ab) Tj ET")
    assert texts(pages(1, b"[5 0 R 6 0 R]", stream(PRINT), icon), "pdf") == ["Carers waited."]


def test_drawings_of_a_pdf_are_read_in_the_fonts_of_the_page_and_never_left_out():
    import pypdf

    form = stream(PRINT, b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]")
    data = pages(1, b"5 0 R", stream(b"/X Do " * 9), form)
    assert texts(data, "pdf") == ["Carers waited."] * 9
    with pypdf.apply_configuration(xform_maximum_invocations_per_extraction=5):
        refused(data, "pdf", "page 1 can be read in part only")


def test_what_pypdf_says_of_a_file_is_not_printed(monkeypatch):
    printed = logging.Handler()
    printed.emit = lambda record: pytest.fail(record.getMessage())
    monkeypatch.setattr(logging.root, "handlers", [])
    monkeypatch.setattr(logging, "lastResort", printed)
    assert texts(pages(1), "pdf") == ["Carers waited."]  # it lacks an object that nothing draws
    refused(pages(1, b"[5 0 R 9 0 R]"), "pdf", "in part only")


def test_a_pdf_page_of_more_marks_than_are_read_is_refused_and_named():
    import pypdf

    long = PRINT + b" q Q" * 1000
    form = stream(long, b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</Font<</F 4 0 R>>>>")
    for case, kind in [
        (pages(1, b"5 0 R", stream(long)), DocumentTooLarge), (pages(1, b"5 0 R", stream(b"/X Do"), form), UnreadableDocument)
    ]:  # fmt: skip
        assert texts(case, "pdf") == ["Carers waited."]
        with pypdf.apply_configuration(stream_parsing_work_maximum_count=500):
            refused(case, "pdf", "page 1", kind)


def test_long_and_swelling_pdfs_are_refused_within_limits():
    refused(pages(30), "pdf", "30 pages", DocumentTooLarge, max_pages=20)
    refused(pages(30), "pdf", "characters", DocumentTooLarge, max_characters=100)
    refused(pages(30), "pdf", "seconds", DocumentTooLarge, max_seconds=0)
    swelling = stream(zlib.compress(b"0 0 m\n" * 15_000_000, 1), b"/Filter/FlateDecode")
    refused(pages(1, b"5 0 R", swelling), "pdf", "unpacks", DocumentTooLarge)
    refused(pages(1, b"[" + b"5 0 R " * 99 + b"]", stream(PRINT * 50)), "pdf", "on one page", DocumentTooLarge, max_unpacked_bytes=50_000)


@pytest.mark.parametrize("mark", ["div", "b", "ul><li", "table><tr><td"])
def test_a_page_nested_deep_is_read_to_its_end(mark):
    page = f"<p>Carers waited.</p>{f'<{mark}>' * 4_000}<p>Staff knew.</p>"
    assert texts(page.encode(), "html") == ["Carers waited.", "Staff knew."]
    refused(page.encode(), "html", "marks", DocumentTooLarge, max_elements=1000)


def test_what_stands_in_a_row_of_a_page_outside_its_cells_is_read():
    page = "<table><tr><th>Waits</th><th>Weeks</th>Staff knew.</tr><tr><td>Homecare</td><td>6</td><p>Carers waited.</p></tr></table>"
    assert texts(page.encode(), "html") == ["Staff knew.", "Homecare | 6", "Carers waited."]


def test_files_and_texts_over_the_limits(tmp_path):
    refused(b"Carers waited. " * 100, "txt", "1,500 bytes", DocumentTooLarge, max_bytes=1000)
    refused(b"Carers waited. " * 100, "html", "characters", DocumentTooLarge, max_characters=1000)
    with pytest.raises(DocumentTooLarge, match=r"^text: it holds 1,500 characters"):
        cqc_nlp.read_text("Carers waited. " * 100, limits=Limits(max_characters=1000))
    path = tmp_path / "long.txt"
    with path.open("wb") as file:
        file.truncate(10**12)  # a file with a hole: a terabyte that takes no room
    with pytest.raises(DocumentTooLarge, match=r"long\.txt: it holds 1,000,000,000,000 bytes"):
        cqc_nlp.read(path)


@pytest.mark.parametrize(
    "line",
    ["a" + " " * 50_000 + "b", "# a" + "#" * 50_000 + "b", "# a" + " " * 50_000 + "b", "." * 50_000, "- " * 20_000, "|-" * 20_000 + "x",
     "a\n" + "\n" * 50_000 + "b", "What people expect\n\n" * 5000, "Aaa Bbb " * 20_000],
)  # fmt: skip
def test_reading_takes_time_in_proportion_to_length(line):
    # At a quadratic cost, each of these would take minutes; pytest has no clock, so the process's own is read.
    import time

    start = time.process_time()
    assert cqc_nlp.read_text(f"Carers waited six months.\n\n{line}\n\nStaff knew that they had.").paragraphs
    assert time.process_time() - start < 5


def test_tables_deep_in_a_page_take_time_in_proportion_to_its_length():
    import time

    table = "<table><tr><td>Carers waited</td><td>6 months</td></tr></table>"
    start = time.process_time()
    assert len(texts(f"{'<div>' * 20_000}{table * 6000}".encode(), "html")) == 6000
    assert time.process_time() - start < 10


def test_one_line_without_a_break_is_split_into_its_sentences():
    report = cqc_nlp.read_text("Carers waited six months for a break. " * 500)
    assert len(cqc_nlp.sentences(report)) == 500


TEXT = "Carers’ café – cost £40."


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
@pytest.mark.parametrize("format", ["txt", "html"])
def test_encodings_are_found(encoding, format):
    assert cqc_nlp.read_bytes(TEXT.encode(encoding), format=format).text == TEXT


def test_latin_1_and_mixed_encodings_and_mojibake():
    assert cqc_nlp.read_bytes("Café cost £40 a day.".encode("latin-1"), format="txt").text == "Café cost £40 a day."
    pasted = "Carers’ breaks – “now” – cost ".encode() + b"\xa340."
    assert cqc_nlp.read_bytes(pasted, format="txt").text == "Carers’ breaks – “now” – cost £40."
    declared = "<meta charset='iso-8859-15'><p>Breaks cost €40.</p>".encode("iso-8859-15")
    assert texts(declared, "html") == ["Breaks cost €40."]
    garbled = TEXT.encode().decode("cp1252")
    assert texts(garbled.encode(), "txt") == [garbled]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_two_encodings_joined_are_not_read_as_chinese(encoding):
    data = ("Carers waited six months. " * 20).encode(encoding)
    refused(data + b"Staff knew that they waited and did nothing about it at all.", "txt", "two encodings")
    leaders = "Carers waited. " * 20 + "…" * 60
    assert cqc_nlp.read_bytes(leaders.encode(encoding), format="txt").text == leaders


def test_nil_bytes_end_nothing():
    assert texts(b"Carers\0waited. Staff knew.", "txt") == ["Carers\0waited.", "Staff knew."]
    assert texts(b"<p>Carers\0waited.</p><p>Staff knew.</p>", "html") == ["Carers\ufffdwaited.", "Staff knew."]


def test_lone_surrogates_are_replaced_and_pass_through_everything():
    text = "Carers \ud83d waited six months.\n\nStaff\udcff knew."
    assessment = cqc_nlp.assess(cqc_nlp.read_text(text, name="a\udcff"), model="fast")
    report = assessment.report
    assert report.text == "Carers \ufffd waited six months.\n\nStaff\ufffd knew."
    assert [s.text for s in assessment.statements] == ["Carers \ufffd waited six months.", "Staff\ufffd knew."]
    assert all(report.text[s.start : s.end] == s.text for s in assessment.statements)
    assert json.loads(assessment.to_json().encode())["name"] == "a\ufffd"


def test_line_ends_may_be_mixed():
    data = "Carers waited.\r\n\r\nStaff knew.\r\rPeople left.\n\nPlans failed."
    report = cqc_nlp.read_bytes(data.encode(), format="txt")
    assert report.text == data
    assert len(report.paragraphs) == 4


HIDDEN = ["\u200b", "\u200d", "\u2060", "\ufeff", "\u202e", "\u2067", "\u00ad"]


@pytest.mark.parametrize("mark", HIDDEN)
def test_characters_that_no_eye_sees_hide_no_heading_and_no_score(mark):
    plain = "# Our draft\n\nScore: 2\n\n## Ensuring quality of local services\n\nVisits took place every year.\n\n- Staff knew.\n"
    report = cqc_nlp.read_text(f"{mark}# Our draft\n\n{mark}Sco{mark}re: {mark}2{mark}\n\n"
                               f"##{mark} Ensuring qua{mark}lity of local services\n\n"
                               f"{mark}Visits took place every year.\n\n{mark}- Staff knew.\n")  # fmt: skip
    expected = cqc_nlp.read_text(plain)
    assert report.published_score == expected.published_score == 2
    assert [s.kind for s in report.sections] == [s.kind for s in expected.sections]
    assert [s.text for s in cqc_nlp.sentences(report)] == [s.text for s in cqc_nlp.sentences(expected)]


def test_characters_that_no_eye_sees_stay_in_the_text():
    text = "Car\u200bers waited \u2067six\u2069 months."
    assert [s.text for s in cqc_nlp.sentences(cqc_nlp.read_text(text))] == [text]


def test_paths_that_lead_to_no_file(tmp_path):
    (tmp_path / "link.txt").symlink_to(tmp_path / "gone.txt")
    (tmp_path / "round.txt").symlink_to(tmp_path / "round.txt")
    os.mkfifo(tmp_path / "pipe.txt")
    for path, words in [
        (tmp_path, "folder"), (tmp_path / "gone.txt", "no such file"), (tmp_path / "link.txt", "link to a file that is gone"),
        (tmp_path / "round.txt", "round.txt: "), (tmp_path / "pipe.txt", "no ordinary file"), (tmp_path / "a\0.txt", "name"),
        (tmp_path / f"{'a' * 300}.txt", "cannot be opened"),
    ]:  # fmt: skip
        with pytest.raises(UnreadableDocument, match=words) as error:
            cqc_nlp.read(path)
        assert str(error.value).endswith(".")


def test_a_file_that_may_not_be_read(tmp_path, monkeypatch):
    path = tmp_path / "closed.txt"
    path.write_text("Carers waited.")
    path.chmod(0)
    if os.access(path, os.R_OK):  # the superuser reads everything

        def denied(*_: object, **__: object) -> None:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr("pathlib.Path.open", denied)
    with pytest.raises(UnreadableDocument, match=r"closed\.txt: it cannot be opened \(Permission denied\)"):
        cqc_nlp.read(path)


def test_a_name_that_is_no_unicode_can_be_printed(tmp_path):
    path = os.fsencode(tmp_path) + b"/draft\xff.txt"
    with open(path, "wb") as file:  # noqa: PTH123
        file.write(b"Carers waited.")
    assert cqc_nlp.read(os.fsdecode(path)).name == "draft\ufffd.txt"


def test_on_the_command_line_a_hostile_file_is_one_line_and_the_next_is_read(tmp_path):
    (tmp_path / "bomb.docx").write_bytes(word(before=LAUGHS))
    (tmp_path / "good.txt").write_text("Carers waited six months.")
    result = CliRunner().invoke(app, ["assess", str(tmp_path / "bomb.docx"), str(tmp_path / "good.txt"), "--model", "fast", "--json"])
    assert result.exit_code == 1
    assert len(result.stderr.splitlines()) == 1
    assert json.loads(result.stdout)["name"] == "good.txt"


LINES = "id: {id}\nauthority: Example County Council\nkind: draft\nscore: {score}\n## Market shaping\nstrength|-|-|staff|Staff knew.\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "missing"), (LINES.format(id="A-1", score="five"), "'five'; give 1, 2, 3 or 4"), (LINES.format(id="A-1", score="7"), "'7'"),
        (LINES.format(id="../../A", score="2"), "cannot name a file"), (LINES.format(id="a/b", score="2"), "cannot name a file"),
        (b"id: \xff\xfe", "UTF-8"),
    ],
)  # fmt: skip
def test_importing_a_wrong_file_is_one_message_and_adds_nothing(tmp_path, text, words):
    path, good, corpus = tmp_path / "report.txt", tmp_path / "good.txt", tmp_path / "corpus"
    good.write_text(LINES.format(id="A-0", score=2))
    if text is not None:
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(CorpusError, match=words) as error:
        add([good, path], corpus)
    assert "report.txt" in str(error.value)
    assert not corpus.exists()
    assert add([good], corpus) == (1, 0)
