"""A new Word document: a page with the score, then the text with its marks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import docx
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Mm, Pt, RGBColor

from cqc_nlp.framework import SCORE_LABELS, SCORES
from cqc_nlp.schema import POLARITIES, THEMES
from cqc_nlp.views.docx.comments import DISCLAIMER, legend, remarks, score_lines, weight, which
from cqc_nlp.views.docx.marks import Line, Pen, printable
from cqc_nlp.views.passages import Passage, PassageKind, passages
from cqc_nlp.views.words import NO_THEME, THEME_NAMES, palette, percent

if TYPE_CHECKING:
    from cqc_nlp.assessment import Assessment

_BULLET = re.compile(r"\s*[-*+•‣◦▪●·–]\s+")
_SPACE = re.compile(r"\s+")
_BAR = 18


def new_document(assessment: Assessment, comments: str) -> Any:
    """The assessment as a document (of python-docx) of its own."""
    document = _blank(assessment)
    pen = Pen(document)
    findings = assessment.review()
    _first_page(document, pen, assessment, comments)
    if findings:
        document.add_heading("What a critical friend would ask", 2)
        for finding in findings:
            paragraph = document.add_paragraph(style="List Bullet")
            pen.write(paragraph, Line(finding.title, bold=True))
            pen.write(paragraph, Line(f" ({weight(finding)}). {finding.advice}"))
    document.add_page_break()
    notes = remarks(assessment, findings, comments)
    for passage in passages(assessment.report, assessment.statements):
        _passage(document, pen, passage, notes)
    return document


def _blank(assessment: Assessment) -> Any:
    """An empty A4 document in British English, with a footer."""
    document = docx.Document()
    text = RGBColor.from_string(palette()["page"]["light"]["text"].lstrip("#").upper())
    for name in ("Normal", "Title", *(f"Heading {level}" for level in range(1, 5))):
        style = document.styles[name]
        style.font.color.rgb = text
        style.font.name = "Calibri"
        fonts = style.element.rPr.rFonts
        for attribute in [name for name in fonts.attrib if name.endswith("Theme")]:
            del fonts.attrib[attribute]  # a theme font would win over the named one
    document.styles["Normal"].font.size = Pt(10.5)
    document.styles["Normal"].paragraph_format.space_after = Pt(6)
    for language in document.styles.element.iter(qn("w:lang")):
        language.set(qn("w:val"), "en-GB")
    page = document.sections[0]
    page.page_width, page.page_height = Mm(210), Mm(297)
    page.left_margin = page.right_margin = page.top_margin = page.bottom_margin = Mm(22)
    footer = page.footer.paragraphs[0]
    footer.add_run(f"{DISCLAIMER}  Page ").font.size = Pt(8)
    field = OxmlElement("w:fldSimple", {qn("w:instr"): "PAGE"})
    number = footer.add_run("1")
    number.font.size = Pt(8)
    field.append(number._r)
    footer._p.append(field)
    properties = document.core_properties
    properties.title = printable(_name(assessment))[:255]
    properties.author, properties.comments, properties.language = "cqc-nlp", "", "en-GB"
    return document


def _name(assessment: Assessment) -> str:
    report = assessment.report
    return report.authority or report.title or report.name


def _first_page(document: Any, pen: Pen, assessment: Assessment, comments: str) -> None:
    report = assessment.report
    counted = [statement for statement in assessment.statements if not statement.repeated]
    document.add_heading(printable(_name(assessment)), 0)
    about = [report.name, report.quality_statement or "quality statement not named", f"{len(counted)} statements"]
    pen.write(document.add_paragraph(), Line(" · ".join(about)))
    if assessment.caution:
        pen.write(document.add_paragraph(), Line(assessment.caution, bold=True))

    document.add_heading(f"Predicted score: {assessment.score}", 1)
    widths = (1.0, 8.4, 2.2, 5.0)
    table = _table(document, widths)
    for score, probability in zip(SCORES, assessment.probabilities.tolist(), strict=True):
        row = (str(score), SCORE_LABELS[score], percent(probability), "█" * round(probability * _BAR))
        cells = _row(table, row, widths, bold=score == assessment.score)
        cells[2].paragraphs[0].alignment = WD_ALIGN_PARAGRAPH.RIGHT
        for run in cells[3].paragraphs[0].runs:
            run.font.color.rgb = RGBColor.from_string(palette()["polarities"]["strength"]["light"]["mark"].lstrip("#").upper())
    document.add_paragraph().paragraph_format.space_after = Pt(0)
    for line in score_lines(assessment):
        pen.write(document.add_paragraph(), line)

    document.add_heading("Evidence by theme", 2)
    columns = (5.4, 2.8, 2.8, 2.8, 2.8)
    table = _table(document, columns)
    heads = _row(table, ("Theme", *(str(polarity).capitalize() for polarity in POLARITIES)), columns, bold=True)
    for cell, polarity in zip(heads[1:], POLARITIES, strict=True):
        for run in cell.paragraphs[0].runs:
            pen.paint(run._r, polarity)
    rows = [(THEME_NAMES[theme], [s for s in counted if theme in s.themes]) for theme in THEMES]
    rows += [(NO_THEME, [s for s in counted if not s.themes]), ("all statements", counted)]
    for name, chosen in rows:
        _row(table, (name, *(str(sum(s.polarity == polarity for s in chosen)) for polarity in POLARITIES)), columns)

    document.add_heading("How to read the marks", 2)
    for line in (*legend(), Line(which(comments))):
        paragraph = document.add_paragraph()
        paragraph.paragraph_format.space_after = Pt(3)
        pen.write(paragraph, line)


def _table(document: Any, widths: tuple[float, ...]) -> Any:
    table = document.add_table(rows=0, cols=len(widths))
    table.autofit = False
    for column, width in zip(table.columns, widths, strict=True):
        column.width = Cm(width)
    return table


def _row(table: Any, texts: tuple[str, ...], widths: tuple[float, ...], *, bold: bool = False) -> Any:
    cells = table.add_row().cells
    for number, (cell, text, width) in enumerate(zip(cells, texts, widths, strict=True)):
        cell.width = Cm(width)
        paragraph = cell.paragraphs[0]
        paragraph.paragraph_format.space_after = Pt(2)
        paragraph.add_run(text).bold = bold or None
        if number and len(texts) == len(POLARITIES) + 1:
            paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    return cells


def _passage(document: Any, pen: Pen, passage: Passage, notes: dict[int, list[Line]]) -> None:
    if passage.kind is PassageKind.HEADING:
        document.add_heading(printable(_SPACE.sub(" ", passage.text)), 2)
        return
    if passage.kind is PassageKind.ASIDE:
        if passage.level:
            document.add_heading(printable(passage.text), min(passage.level, 4))
        elif any(character.isalnum() for character in passage.text):  # no rules and borders of tables
            run = document.add_paragraph().add_run(printable(passage.text))
            run.font.color.rgb = RGBColor.from_string(palette()["page"]["light"]["quiet"].lstrip("#").upper())
        return
    parts = list(passage.parts)
    bullet = bool(parts) and isinstance(parts[0], str) and _BULLET.fullmatch(parts[0])
    paragraph = document.add_paragraph(style="List Bullet" if bullet else None)
    for part in parts[1:] if bullet else parts:
        if isinstance(part, str):
            pen.write(paragraph, Line(_SPACE.sub(" ", part)))
            continue
        number, statement = part
        run = paragraph.add_run(printable(_SPACE.sub(" ", statement.text)))
        pen.paint(run._r, statement.polarity)
        if number in notes:
            pen.comment([run._r], notes[number])
