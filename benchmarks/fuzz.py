"""Fuzzing of the readers: bytes in, a report or an error of the library out, in bounded time and memory.

    python benchmarks/fuzz.py docx --seconds 240 --keep found/

Atheris changes the seed files again and again and follows what runs. Findings are any other error than the library's
own, an input that takes more than ten seconds or two gigabytes, a report whose statements do not stand where they say,
and silence: a report without statements, or without a quarter of the words that a plain look at the input finds (of a
PDF, pdftotext). A finding is written to the folder, to be mended and kept under ``tests/data/fuzz``, whose cases run in
the tests. Word files are changed inside: their parts are fuzzed before they are packed, for nearly every change of a
packed file only breaks its checksum. Needs ``pip install atheris`` and, for PDFs, pdftotext of poppler.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
import zipfile
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["cqc_nlp.reading", "docx", "pypdf", "bs4"]):
    import cqc_nlp
    from cqc_nlp.errors import CQCNLPError
    from cqc_nlp.language import sentences
    from cqc_nlp.reading import Limits
    from cqc_nlp.reading.docx import read_docx  # noqa: F401  instrumented here, where it is imported first
    from cqc_nlp.reading.html import read_html  # noqa: F401
    from cqc_nlp.reading.pdf import read_pdf  # noqa: F401

EXAMPLES = Path(__file__).parent.parent / "examples"
CASES = Path(__file__).parent.parent / "tests" / "data" / "fuzz"
LIMITS = Limits(max_seconds=5)
PART = "word/document.xml"
WORD = re.compile(r"[A-Za-z]{4,}")
FEW = 20  # words that tell nothing: a changed byte may hide so many
HIDES = re.compile(
    rb"<(?:/?(?:script|style|head|nav|footer|aside|noscript|template|button|select|svg|iframe|title|textarea|xmp|rp|rt)\b|[!?])|hidden",
    re.IGNORECASE,
)


def seeds(kind: str) -> list[bytes]:
    """The examples of a format and the cases found before; of Word files the part that holds the text."""
    files = [*EXAMPLES.glob(f"*.{kind}"), *CASES.glob(f"*.{kind}"), *(EXAMPLES.glob("*.md") if kind == "txt" else ())]
    data = [file.read_bytes() for file in files]
    if kind == "docx":
        data = [zipfile.ZipFile(BytesIO(item)).read(PART) for item in data if zipfile.is_zipfile(BytesIO(item))]
    return data


def packed(part: bytes) -> bytes:
    """A Word file whose text is the given part."""
    out = BytesIO()
    template = zipfile.ZipFile(next(EXAMPLES.glob("*.docx")))
    with zipfile.ZipFile(out, "w") as package:
        for name in template.namelist():
            package.writestr(name, part if name == PART else template.read(name))
    return out.getvalue()


def seen(data: bytes, kind: str) -> list[str]:
    """The words that a plain look finds, without the readers; of a Word file in the part that holds the text."""
    if kind == "pdf":
        command = ["pdftotext", "-q", "-enc", "UTF-8", "-", "-"]
        text = subprocess.run(command, input=data, capture_output=True, check=False, timeout=60).stdout.decode(errors="replace")
    else:
        text = data.replace(b"\0", b"").decode("latin-1")
    if kind == "docx":
        text = " ".join(re.findall(r"<w:t(?: [^>]*)?>([^<]*)<", text))
    elif kind == "html":
        text = re.sub(r"<[^>]*(?:>|$)", " ", text)
    return WORD.findall(text)


def check(data: bytes, kind: str) -> None:
    """Read one input; the text of every statement stands where it says, in order."""
    report = cqc_nlp.read_bytes(packed(data) if kind == "docx" else data, format=kind, limits=LIMITS)
    found = sentences(report)
    assert found, "no statements, and no error"
    last = 0
    for sentence in found:
        assert report.text[sentence.start : sentence.end] == sentence.text
        assert sentence.start >= last
        last = sentence.end
    if kind == "html":  # nothing hidden, so that all of it must be read
        data = HIDES.sub(b"<i ", data).translate(None, b"'\"")
        report = cqc_nlp.read_bytes(data, format=kind, limits=LIMITS)
    words = seen(data, kind)
    lost = [word for word in words if word not in report.text]
    assert len(lost) <= max(FEW, len(words) // 4), f"{len(lost)} of {len(words)} words are lost: {lost[:9]}"


def one(data: bytes, kind: str) -> None:
    """Read one input, or be told why not."""
    with suppress(CQCNLPError):
        check(data, kind)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=["txt", "html", "docx", "pdf"])
    parser.add_argument("--seconds", type=int, default=240)
    parser.add_argument("--keep", type=Path, required=True, help="folder for what is found")
    args = parser.parse_args()
    args.keep.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as corpus:
        for number, data in enumerate(seeds(args.kind)):
            (Path(corpus) / f"seed-{number}").write_bytes(data)
        options = [
            f"-max_total_time={args.seconds}", "-timeout=10", "-rss_limit_mb=2048", "-max_len=200000", "-print_final_stats=1",
            f"-artifact_prefix={args.keep}/{args.kind}-", corpus,
        ]  # fmt: skip
        atheris.Setup([sys.argv[0], *options], lambda data: one(data, args.kind))
        atheris.Fuzz()


if __name__ == "__main__":
    main()
