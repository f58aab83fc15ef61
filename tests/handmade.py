"""Files made by hand, so that they may be wrong: Word files, PDFs and what goes into them."""

from __future__ import annotations

import zipfile
from io import BytesIO
from itertools import pairwise

WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"
TYPES = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    '<Default Extension="png" ContentType="image/png"/><Override PartName="/word/document.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>'
)
RELATIONS = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    f'<Relationship Id="rId1" Type="{OFFICE}" Target="word/document.xml"/></Relationships>'
)
LAUGHS = '<!DOCTYPE l [<!ENTITY a "ha">' + "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in pairwise("abcdefghij")) + "]>"
FETCHES = '<!DOCTYPE l [<!ENTITY j SYSTEM "{}">]>'
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)


def p(text, properties=""):
    return f"<w:p>{properties}<w:r><w:t>{text}</w:t></w:r></w:p>"


def item(text):
    return p(text, "<w:pPr><w:numPr><w:numId w:val='1'/></w:numPr></w:pPr>")


def table(*rows):
    cells = "".join("<w:tr>" + "".join(f"<w:tc>{cell}</w:tc>" for cell in row) + "</w:tr>" for row in rows)
    return f"<w:tbl><w:tblGrid>{'<w:gridCol/>' * len(rows[0])}</w:tblGrid>{cells}</w:tbl>"


WAITED = p("Carers waited.")


def word(body=WAITED, before="", more=()):
    """A Word file by hand, so that it may be wrong."""
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("[Content_Types].xml", TYPES)
        package.writestr("_rels/.rels", RELATIONS)
        names = f'xmlns:w="{WORD}" xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
        names += ' xmlns:v="urn:schemas-microsoft-com:vml"'
        package.writestr("word/document.xml", f"{before}<w:document {names}><w:body>{body}</w:body></w:document>")
        for name, data in more:
            package.writestr(name, data)
    return out.getvalue()


def pdf(*objects):
    """A PDF by hand; object 1 is the catalogue."""
    out, places = b"%PDF-1.7\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(objects) + 1
    return out + b"xref\n0 %d\n0000000000 65535 f \n%btrailer <</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (
        size, table, size, len(out),
    )  # fmt: skip


CATALOGUE, FONT = b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"
PAGE = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents %b/Resources<</Font<</F 4 0 R>>/XObject<</X 6 0 R>>>>>>"
PRINT = b"BT /F 12 Tf 72 700 Td (Carers waited.) Tj ET"


def stream(data, entries=b""):
    return b"<</Length %d%b>>\nstream\n%b\nendstream" % (len(data), entries, data)


def pages(count, contents=b"5 0 R", *objects, kid=b"3 0 R "):
    return pdf(
        CATALOGUE, b"<</Type/Pages/Count %d/Kids[%b]>>" % (count, kid * count), PAGE % contents, FONT, *(objects or (stream(PRINT),))
    )


def encrypted(data, password, owner):
    """A PDF that opens with a password; with none, if that is empty."""
    from pypdf import PdfReader, PdfWriter

    writer = PdfWriter(clone_from=PdfReader(BytesIO(data)))
    writer.encrypt(password, owner_password=owner, algorithm="RC4-128")
    out = BytesIO()
    writer.write(out)
    return out.getvalue()
