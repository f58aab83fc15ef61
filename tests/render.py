"""Render one Markdown text in every format that the library reads."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from io import BytesIO

_EMPHASIS = re.compile(r"\*(\S(?:[^*]*\S)?)\*")


def parts(markdown: str) -> Iterator[tuple[str, object]]:
    """The blocks of a text: ("h2", text), ("p", text), ("li", text) or ("table", rows)."""
    for group in re.split(r"\n\s*\n", markdown.strip()):
        lines = group.split("\n")
        if lines[0].startswith("|"):
            rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if "---" not in line]
            yield "table", rows
            continue
        for line in lines:
            if match := re.match(r"(#+) (.*)", line):
                yield f"h{len(match.group(1))}", match.group(2)
            elif line.startswith("- "):
                yield "li", line[2:]
            elif line.strip() and not re.fullmatch(r"-{3,}", line.strip()):
                yield "p", line.strip()


def plain(text: str) -> str:
    """A text without emphasis marks."""
    return _EMPHASIS.sub(r"\1", text)


def to_txt(markdown: str) -> bytes:
    """Bare lines: no marks but those of bullets and tables."""
    out = []
    for kind, value in parts(markdown):
        if kind == "table":
            out.append("\n".join(" | ".join(("", *row, "")).strip() for row in value))
        else:
            out.append(("- " if kind == "li" else "") + plain(str(value)))
    return ("\n\n".join(out) + "\n").encode()


def to_html(markdown: str) -> bytes:
    """A page with navigation, script and footer around the text."""
    body = []
    for kind, value in parts(markdown):
        if kind == "table":
            head, *rows = value
            body.append("<table><thead><tr>" + "".join(f"<th>{html.escape(cell)}</th>" for cell in head) + "</tr></thead><tbody>")
            body += ["<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows]
            body.append("</tbody></table>")
        else:
            text = _EMPHASIS.sub(r"<em>\1</em>", html.escape(str(value), quote=False))
            body.append(f"<ul><li>{text}</li></ul>" if kind == "li" else f"<{kind}>{text}</{kind}>")
    page = "\n".join(body)
    return (
        "<!doctype html><html lang='en'><head><meta charset='utf-8'><title>Draft</title><style>p{margin:1em}</style></head><body>"
        f"<nav><a href='#'>Home</a></nav><main>{page}</main><script>var x = 'not text';</script><footer>Contact us</footer></body></html>"
    ).encode()


def to_docx(markdown: str) -> bytes:
    """A Word document with heading styles, lists, a table and a running header."""
    import docx

    document = docx.Document()
    document.sections[0].header.paragraphs[0].text = "Official - sensitive"
    for kind, value in parts(markdown):
        if kind == "table":
            table = document.add_table(rows=0, cols=len(value[0]))
            for row in value:
                for cell, text in zip(table.add_row().cells, row, strict=True):
                    cell.text = text
        elif kind[0] == "h":
            document.add_heading(str(value), level=int(kind[1]))
        else:
            paragraph = document.add_paragraph(style="List Bullet" if kind == "li" else None)
            for number, run in enumerate(_EMPHASIS.split(str(value))):
                paragraph.add_run(run).italic = number % 2 == 1
    out = BytesIO()
    document.save(out)
    return out.getvalue()


def to_pdf(markdown: str) -> bytes:
    """A PDF with larger headings, bullets, a table and page numbers."""
    from reportlab.lib.pagesizes import A4
    from reportlab.lib.styles import getSampleStyleSheet
    from reportlab.platypus import Paragraph, SimpleDocTemplate, Table

    styles = getSampleStyleSheet()
    styles["BodyText"].spaceBefore = 8
    story = []
    for kind, value in parts(markdown):
        if kind == "table":
            story.append(Table([[Paragraph(cell, styles["BodyText"]) for cell in row] for row in value], colWidths=[260, 90, 90]))
        else:
            text = _EMPHASIS.sub(r"<i>\1</i>", html.escape(str(value), quote=False))
            style = styles[f"Heading{kind[1]}"] if kind[0] == "h" else styles["BodyText"]
            story.append(Paragraph(text, style, bulletText="•" if kind == "li" else None))

    def page_number(canvas: object, document: object) -> None:
        canvas.setFont("Helvetica", 9)
        canvas.drawCentredString(A4[0] / 2, 30, f"Page {canvas.getPageNumber()}")

    out = BytesIO()
    SimpleDocTemplate(out, pagesize=A4, invariant=1).build(story, onFirstPage=page_number, onLaterPages=page_number)
    return out.getvalue()


RENDERERS = {
    "md": str.encode,
    "txt": to_txt,
    "html": to_html,
    "docx": to_docx,
    "pdf": to_pdf,
}
