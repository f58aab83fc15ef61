"""Fuzzing of the readers: bytes in, a report or an error of the library out, in bounded time and memory.

    python benchmarks/fuzz.py docx --seconds 240 --keep found/

Atheris changes the seed files again and again and follows what runs. Any other error than the library's own, an input
that takes more than ten seconds, one that takes more than two gigabytes, or a report whose statements do not stand
where they say is a finding: it is written to the folder, to be mended and kept under ``tests/data/fuzz``, whose cases run in the tests.
Word files are changed inside: their parts are fuzzed before they are packed, for nearly every change of a packed
file only breaks its checksum. Needs ``pip install atheris``.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import zipfile
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


def check(data: bytes, kind: str) -> None:
    """Read one input; the text of every statement stands where it says, in order."""
    try:
        report = cqc_nlp.read_bytes(data, format=kind, limits=LIMITS)
    except CQCNLPError:
        return
    last = 0
    for sentence in sentences(report):
        assert report.text[sentence.start : sentence.end] == sentence.text
        assert sentence.start >= last
        last = sentence.end


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
        atheris.Setup([sys.argv[0], *options], lambda data: check(packed(data) if args.kind == "docx" else data, args.kind))
        atheris.Fuzz()


if __name__ == "__main__":
    main()
