"""What hostile files do: result or error, processor time and peak memory of each, one process an input.

    python benchmarks/hostile.py --out docs/hostile.md
    python benchmarks/hostile.py --out docs/hostile.md --only PDF Encodings

The files are made as those of ``tests/test_hostile.py`` are, only larger, and read with the default limits. The figures
are kept beside the page in .json, so that inputs may be measured again one by one.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import platform
import random
import resource
import sys
import tempfile
import time
import warnings
import zlib
from collections.abc import Callable
from itertools import groupby
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from handmade import (  # noqa: E402
    CATALOGUE,
    FETCHES,
    LAUGHS,
    OLE,
    PRINT,
    encrypted,
    p,
    pages,
    pdf,
    stream,
    table,
    word,
)

PATIENCE = 600  # seconds of processor time, several times the longest that a limit allows; the process is killed then
FIRST, LAST = "Carers waited six months for a break.", "Staff knew why."
TEXT = f"{FIRST}\n\n{LAST}\n"
TYPESET = "Carers’ breaks cost £40 – “too much” for café owners.\n\n" + LAST
END = PRINT.replace(b"700", b"600").replace(b"Carers waited.", LAST.encode())


class Input(NamedTuple):
    """One hostile file: what it is, what its name ends in and how its bytes are made; None makes a folder."""

    group: str
    what: str
    ending: str
    make: Callable[[], bytes | None]


class Outcome(NamedTuple):
    """What happened, whether that is a fault of the library, and what it cost."""

    text: str
    fault: bool
    seconds: float = 0.0
    megabytes: float = 0.0


def nested_archives() -> bytes:
    """Word files inside each other, ten deep."""
    inner = word(p(FIRST))
    for _ in range(10):
        inner = word(p(FIRST) + p(LAST), more=[("word/embeddings/a.docx", inner)])
    return inner


def swelling_archives() -> bytes:
    """A Word file that holds fifty archives, each of which unpacks to 300 MB."""
    bomb = word(more=[("a.bin", bytes(300_000_000))])
    return word(p(FIRST) + p(LAST), more=[(f"word/embeddings/{number}.zip", bomb) for number in range(50)])


def form(content: bytes) -> bytes:
    """A drawing of a PDF, object 6."""
    return stream(content, b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</Font<</F 4 0 R>>/XObject<</X 6 0 R>>>>")


def packed(content: bytes) -> bytes:
    """A compressed stream of a PDF."""
    return stream(zlib.compress(content, 9), b"/Filter/FlateDecode")


def endless_tree() -> bytes:
    """A page tree of six levels, each of which names the next thirty times."""
    tree = [b"<</Type/Pages/Count 1/Kids[%b]>>" % (b"%d 0 R " % number * 30) for number in range(3, 9)]
    return pdf(CATALOGUE, *tree, b"<</Type/Page/MediaBox[0 0 9 9]>>")


def cut(data: bytes, share: float) -> bytes:
    """The beginning of a file."""
    return data[: int(share * len(data))]


def ordinary(ending: str) -> Path:
    """The ordinary draft in a format, or as text."""
    path = ROOT / "examples" / f"marlbeck-draft.{ending}"
    return path if path.exists() else path.with_suffix(".txt")


def example(ending: str) -> bytes:
    """The bytes of the ordinary draft."""
    return ordinary(ending).read_bytes()


BOTH = p(FIRST) + p(LAST)
DRAWN = stream(PRINT + b" " + END)
LINES = ["Draft", "of May", FIRST, LAST, "Council", "Draft"]  # what stands at the edge of most pages is not read
SHEET = b" ".join(b"BT /F 12 Tf 72 %d Td (%b) Tj ET" % (700 - 40 * number, line.encode()) for number, line in enumerate(LINES))
DEEP = "<w:tbl><w:tr><w:tc>"
MARKED = f"\u202e{FIRST[:9]}\u200b{FIRST[9:20]}\u2067{FIRST[20:]}\u00ad\n\n{LAST}\u2069\ufeff"
PAGE_END = f"<p>{LAST}</p>"

INPUTS = [
    Input("Word", "a picture that unpacks to 300 MB", "docx", lambda: word(BOTH, more=[("word/media/a.png", bytes(300_000_000))])),
    Input("Word", "ten Word files inside each other", "docx", nested_archives),
    Input("Word", "fifty embedded archives, each of which unpacks to 300 MB", "docx", swelling_archives),
    Input("Word", "50,000 parts", "docx", lambda: word(BOTH, more=[(f"a/{number}", b"") for number in range(50_000)])),
    Input("Word", "9 million marks", "docx", lambda: word("<w:p/>" * 9_000_000 + BOTH)),
    Input("Word", "100,000 paragraphs", "docx", lambda: word(p(FIRST) * 100_000 + p(LAST))),
    Input("Word", "a table of 20,000 rows", "docx", lambda: word(table(*[(p("Waits"), p("6 months"))] * 20_000) + p(LAST))),
    Input("Word", "2,000 tables inside each other", "docx",
          lambda: word(DEEP * 2000 + p(LAST) + "</w:tc></w:tr></w:tbl>" * 2000)),
    Input("Word", "a cell that claims 999,999,999 columns", "docx",
          lambda: word(table((f"<w:tcPr><w:gridSpan w:val='999999999'/></w:tcPr>{p('Waits')}", p("6 months"))) + p(LAST))),
    Input("Word", "entities that expand a billionfold (“billion laughs”)", "docx", lambda: word(p("&j;") + p(LAST), before=LAUGHS)),
    Input("Word", "an entity that names a file of the machine", "docx",
          lambda: word(p("&j;") + p(LAST), before=FETCHES.format((ROOT / "LICENSE").as_uri()))),
    Input("Word", "cut off in the middle", "docx", lambda: cut(example("docx"), 0.5)),
    Input("Word", "protected by a password", "docx", lambda: OLE + "EncryptedPackage".encode("utf-16-le")),
    Input("PDF", "needs a password to open", "pdf", lambda: encrypted(example("pdf"), "secret", "owner")),
    Input("PDF", "needs a password for printing only", "pdf", lambda: encrypted(pages(1, b"5 0 R", DRAWN), "", "owner")),
    Input("PDF", "cut off in the middle", "pdf", lambda: cut(example("pdf"), 0.5)),
    Input("PDF", "a page tree that names itself", "pdf", lambda: pdf(CATALOGUE, b"<</Type/Pages/Count 2/Kids[2 0 R 2 0 R]>>")),
    Input("PDF", "references that name each other", "pdf", lambda: pdf(CATALOGUE, b"3 0 R", b"2 0 R")),
    Input("PDF", "a page tree that names 729 million pages", "pdf", endless_tree),
    Input("PDF", "a page that the tree names and the file lacks", "pdf",
          lambda: pages(2, b"5 0 R", DRAWN).replace(b"[3 0 R 3", b"[3 0 R 9")),
    Input("PDF", "a drawing that draws itself", "pdf", lambda: pages(1, b"5 0 R", stream(PRINT + b" /X Do " + END), form(b"/X Do /X Do"))),
    Input("PDF", "a page that draws another 6,000 times", "pdf", lambda: pages(1, b"5 0 R", stream(b"/X Do " * 6000 + END), form(PRINT))),
    Input("PDF", "900 pages", "pdf", lambda: pages(900, b"5 0 R", stream(SHEET))),
    Input("PDF", "5,000 pages", "pdf", lambda: pages(5000, b"5 0 R", stream(SHEET))),
    Input("PDF", "900 pages of 50,000 marks each", "pdf", lambda: pages(900, b"5 0 R", packed(SHEET + b" q Q" * 25_000))),
    Input("PDF", "a page of two million marks", "pdf", lambda: pages(1, b"5 0 R", packed(PRINT + b" q Q" * 1_000_000 + END))),
    Input("PDF", "a drawing of two million marks", "pdf",
          lambda: pages(1, b"5 0 R", stream(PRINT + b" /X Do"), form(b" q Q" * 1_000_000 + END))),
    Input("PDF", "a page that unpacks to 90 MB", "pdf", lambda: pages(1, b"5 0 R", packed(b"0 0 m\n" * 15_000_000 + END))),
    Input("PDF", "a page that names a stream of 70 MB a thousand times", "pdf",
          lambda: pages(1, b"[" + b"5 0 R " * 1000 + b"]", packed(b"0 0 m\n" * 11_600_000))),
    Input("PDF", "letters of a font that the file lacks", "pdf",
          lambda: pages(1, b"5 0 R", stream(b"BT /G 12 Tf 72 700 Td (%b) Tj ET" % (FIRST.encode() * 5)))),
    Input("PDF", "a scan: pages without text", "pdf", lambda: pages(3, b"5 0 R", stream(b"0 0 m 9 9 l S"))),
    Input("Web page", "100,000 boxes inside each other", "html", lambda: f"{'<div>' * 100_000}{FIRST}{PAGE_END}".encode()),
    Input("Web page", "60,000 tables inside each other", "html", lambda: f"{'<table><tr><td>' * 60_000}{FIRST}{PAGE_END}".encode()),
    Input("Web page", "30,000 tables inside 100,000 boxes", "html",
          lambda: f"{'<div>' * 100_000}{'<table><tr><td>Waits<td>6 months</table>' * 30_000}{PAGE_END}".encode()),
    Input("Web page", "300,000 line breaks in one paragraph", "html", lambda: f"<p>{FIRST}{'<br> ' * 300_000}</p>{PAGE_END}".encode()),
    Input("Web page", "9 million marks", "html", lambda: f"{'<b>' * 9_000_000}{PAGE_END}".encode()),
    Input("Web page", "entities that expand a billionfold", "html", lambda: f"{LAUGHS}<p>&j;</p>{PAGE_END}".encode()),
    Input("Web page", "an entity that names a file of the machine", "html",
          lambda: f"{FETCHES.format((ROOT / 'LICENSE').as_uri())}<p>&j;</p>{PAGE_END}".encode()),
    Input("Web page", "a mark that never closes", "html", lambda: f"<p>{FIRST}</p>{PAGE_END}<p class='{'x' * 5_000_000}".encode()),
    Input("Web page", "nil bytes between the sentences", "html", lambda: f"<p>{FIRST} \0{FIRST}</p>\0{PAGE_END}".encode()),
    Input("Text", "108 MB", "txt", lambda: (FIRST + "\n\n").encode() * 2_770_000),
    Input("Text", "100 MB", "txt", lambda: (FIRST + "\n\n").encode() * 2_560_000),
    Input("Text", "9.9 MB: as long as the limit allows", "txt", lambda: (FIRST + "\n\n").encode() * 253_000 + LAST.encode()),
    Input("Text", "one line of 5 MB", "txt", lambda: (FIRST + " ").encode() * 131_000 + LAST.encode()),
    Input("Text", "one sentence of 5 MB", "txt", lambda: b"carers and " * 450_000 + b"staff knew why.\n\n" + LAST.encode()),
    Input("Text", "one word of 5 MB", "txt", lambda: b"a" * 5_000_000 + b"\n\n" + LAST.encode()),
    Input("Text", "5 MB of headings", "md", lambda: b"## Market shapings and commissionings\n\n" * 128_000 + TEXT.encode()),
    Input("Text", "1 MB of full stops", "txt", lambda: FIRST.encode() + b"." * 1_000_000 + b"\n\n" + LAST.encode()),
    Input("Text", "5 MB of white space", "txt", lambda: FIRST.encode() + b" \n" * 2_500_000 + LAST.encode()),
    Input("Text", "nil bytes between the sentences", "txt", lambda: f"{FIRST} \0{FIRST}\0\n\n{LAST}".encode()),
    Input("Text", "nothing but nil bytes", "txt", lambda: bytes(10_000)),
    Input("Text", "random bytes", "txt", lambda: random.Random(0).randbytes(100_000)),
    Input("Text", "mixed line ends", "txt", lambda: f"{FIRST}\r\n\r\n{FIRST}\r\r{FIRST}\n\n{LAST}".encode()),
    Input("Text", "characters of no width, and others that turn the direction of writing", "txt", MARKED.encode),
    Input("Text", "lone surrogates", "txt", lambda: f"Carers \ud83d waited six months.\n\n{LAST}".encode("utf-8", "surrogatepass")),
    *(Input("Encodings", what, "txt", lambda name=name: TYPESET.encode(name, "replace")) for what, name in [
        ("UTF-8", "utf-8"), ("UTF-8 with a mark (BOM)", "utf-8-sig"), ("UTF-16 with a mark", "utf-16"),
        ("UTF-16 without a mark", "utf-16-le"), ("UTF-16 without a mark, high bytes first", "utf-16-be"), ("UTF-32 with a mark", "utf-32"),
        ("Windows-1252", "cp1252"),
    ]),
    Input("Encodings", "Latin-1", "txt", lambda: f"Carers' breaks cost £40 at the café.\n\n{LAST}".encode("latin-1")),
    Input("Encodings", "Windows-1252 pasted into UTF-8", "txt",
          lambda: TYPESET.encode() + b"\n\n\x93Now\x94, they said.\n\n" + LAST.encode()),
    Input("Encodings", "UTF-8 that another program garbled (“mojibake”)", "txt",
          lambda: TYPESET.encode().decode("cp1252", "replace").encode()),
    Input("Encodings", "UTF-16 and, after it, UTF-8", "txt", lambda: TEXT.encode("utf-16") + TEXT.encode()),
    Input("Not what it says", "an empty file named .docx", "docx", bytes),
    Input("Not what it says", "an empty file named .txt", "txt", bytes),
    Input("Not what it says", "white space only", "txt", lambda: b" \r\n\t\n" * 1000),
    Input("Not what it says", "a byte order mark only", "md", lambda: b"\xef\xbb\xbf"),
    Input("Not what it says", "a page of marks without text", "html", lambda: b"<p>&nbsp;</p>" * 1000),
    Input("Not what it says", "a folder", "docx", lambda: None),
    Input("Not what it says", "a PDF named .docx", "docx", lambda: example("pdf")),
    Input("Not what it says", "a Word file named .pdf", "pdf", lambda: example("docx")),
    Input("Not what it says", "a Word file named .txt", "txt", lambda: example("docx")),
    Input("Not what it says", "an old Word file (.doc) named .docx", "docx", lambda: OLE),
    Input("Not what it says", "Rich Text named .docx", "docx", lambda: b"{\\rtf1 " + TEXT.encode() + b"}"),
    Input("Not what it says", "text named .docx", "docx", TEXT.encode),
    Input("Not what it says", "text named .pdf", "pdf", TEXT.encode),
    Input("Not what it says", "a spreadsheet named .xlsx", "xlsx", TEXT.encode),
]  # fmt: skip


def assess(path: Path, answer: Connection) -> None:
    """Read an input, after the ordinary draft of its format has been, and send what happened."""
    import cqc_nlp
    from cqc_nlp.errors import CQCNLPError

    cqc_nlp.assess(ordinary(path.suffix[1:]), model="fast")
    resource.setrlimit(resource.RLIMIT_CPU, (PATIENCE, PATIENCE))
    before, start = _peak(), time.process_time()
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            assessment = cqc_nlp.assess(path, model="fast")
    except CQCNLPError as error:
        text, fault = f"refused, `{type(error).__name__}`: {str(error).removeprefix(f'{path}: ')}", False
    except Exception as error:
        text, fault = f"{type(error).__name__}: {error}", True
    else:
        found = assessment.statements
        fault = not any(LAST in statement.text for statement in found)
        text = f"read, {len(found):,} statement{'s' * (len(found) != 1)}"
        text += "".join(f"; warning `{warning.category.__name__}`" for warning in caught)
        text += ", but the last sentence is lost" * fault
    answer.send(Outcome(text, fault, time.process_time() - start, _peak() - before))


def _peak() -> float:
    """Megabytes that this process has held at most."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def outcome(item: Input, folder: Path) -> Outcome:
    """What happens with an input, in a process of its own; another makes it, so that no peak but its own is measured."""
    processes = multiprocessing.get_context("fork")
    path = folder / f"draft.{item.ending}"

    def make() -> None:
        data = item.make()
        path.mkdir() if data is None else path.write_bytes(data)

    maker = processes.Process(target=make)
    maker.start()
    maker.join()
    if maker.exitcode:
        raise RuntimeError(f"{item.what}: the file could not be made.")
    receiver, sender = processes.Pipe(duplex=False)
    reader = processes.Process(target=assess, args=(path, sender))
    reader.start()
    sender.close()
    try:
        return Outcome(*receiver.recv())
    except EOFError:
        reader.join()
        return Outcome(f"the process died with exit code {reader.exitcode}", fault=True)
    finally:
        reader.join()


def tables(found: dict[str, Outcome]) -> str:
    """One table a group, of what has been measured."""
    parts = []
    for group, rows in groupby((item for item in INPUTS if key(item) in found), key=lambda item: item.group):
        lines = [f"## {group}\n", "| input | what happened | seconds | MB |", "| --- | --- | ---: | ---: |"]
        for item in rows:
            result = found[key(item)]
            text = ("**fault**: " * result.fault + result.text).replace("|", "\\|").replace("<", "&lt;")
            lines.append(f"| {item.what} | {text} | {result.seconds:,.1f} | {result.megabytes:,.0f} |")
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def key(item: Input) -> str:
    """What an input is called in the file of figures."""
    return f"{item.group}: {item.what} (.{item.ending})"


def page(found: dict[str, Outcome]) -> str:
    """The page of the documentation; what stands in ``benchmarks/hostile.md`` explains the tables."""
    machine = f"{platform.machine()}, one thread of a server processor, Python {platform.python_version()}"
    faults = sum(result.fault for result in found.values())
    missing = len(INPUTS) - len(found)
    values = {"machine": machine, "patience": f"{PATIENCE:,}", "faults": str(faults or "none"), "tables": tables(found)}
    values["missing"] = f" {missing} of the {len(INPUTS)} inputs were not measured." if missing else ""
    text = (ROOT / "benchmarks" / "hostile.md").read_text(encoding="utf-8")
    for name, value in values.items():
        text = text.replace(f"<!-- {name} -->", value)
    return text


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", metavar="WORD", help="inputs whose group or description holds one of these words")
    parser.add_argument("--out", type=Path, help="the page to write; the figures are kept beside it in .json")
    args = parser.parse_args()
    import cqc_nlp

    for ending in ("txt", "html", "docx", "pdf"):  # so that no process of an input has to load anything
        cqc_nlp.assess(ordinary(ending), model="fast")
    data = args.out.with_suffix(".json") if args.out else None
    kept = json.loads(data.read_text()) if data and data.exists() and args.only else {}
    found = {key(item): Outcome(*kept[key(item)]) for item in INPUTS if key(item) in kept}
    for item in INPUTS:
        if args.only and not any(word in key(item) for word in args.only):
            continue
        with tempfile.TemporaryDirectory() as folder:
            result = found[key(item)] = outcome(item, Path(folder))
        print(f"{key(item)}: {result.text} ({result.seconds:.1f} s, {result.megabytes:.0f} MB)", flush=True)
        if data:
            data.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
            args.out.write_text(page(found), encoding="utf-8")
    sys.exit(any(result.fault for result in found.values()))


if __name__ == "__main__":
    os.environ["OMP_NUM_THREADS"] = "1"  # before anything is loaded: a process with threads cannot be copied safely
    main()
