"""What holds of any input whatever: readers, sentence boundaries, scoring."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cqc_nlp
from cqc_nlp.boundaries import starts
from cqc_nlp.errors import CQCNLPError
from cqc_nlp.reading import FORMATS, Limits
from cqc_nlp.schema import POLARITIES, THEMES, Section, SectionKind, Statement, Tag
from cqc_nlp.scoring.features import evidence

CASES = sorted((Path(__file__).parent / "data" / "fuzz").glob("*.*"))
LIMITS = Limits(max_seconds=10)

marks = st.sampled_from(
    ["Carers waited. ", "\n", "\r\n", "\n\n", "## ", "- ", "| a | b |", "Score: 2", "“Was it?” ", "No. 4 ", "\u200b", "\f", "J. Hill "]
)
prose = st.lists(st.one_of(marks, st.text(max_size=12)), max_size=30).map("".join)
beginnings = st.sampled_from(
    [b"", b"%PDF-1.4\n", b"PK\x03\x04", b"<html><p>", b"<table><tr><td>", b"\xff\xfe", b"\xef\xbb\xbf", b"Score: 3\n\n"]
)
endings = st.sampled_from([b"", b"%%EOF", b"</p>", b"\x00", b"\nCarers waited."])


def readable(data: bytes, kind: str) -> None:
    """Read it, or say why not; what is read stands where it says, in order, and every word is in one sentence or in none twice."""
    try:
        report = cqc_nlp.read_bytes(data, format=kind, limits=LIMITS)
    except CQCNLPError:
        return
    sound(report)


def sound(report: cqc_nlp.Report) -> None:
    assert report.text.encode("utf-8")
    assert report.paragraphs
    found = cqc_nlp.sentences(report)
    last = 0
    for sentence in found:
        assert report.text[sentence.start : sentence.end] == sentence.text == sentence.text.strip()
        assert last <= sentence.start < sentence.end
        paragraph = report.paragraphs[sentence.paragraph]
        assert paragraph.start <= sentence.start
        assert sentence.end <= paragraph.end
        last = sentence.end
    for number, paragraph in enumerate(report.paragraphs):
        words = report.text[paragraph.start : paragraph.end].split()
        kept = [word for sentence in found if sentence.paragraph == number for word in sentence.text.split()]
        assert [word for word in words if any(ch.isalnum() for ch in word)] == [word for word in kept if any(ch.isalnum() for ch in word)]


@pytest.mark.parametrize("kind", ["txt", "html", "docx", "pdf"])
@given(data=st.builds(lambda *parts: b"".join(parts), beginnings, st.binary(max_size=300), endings))
def test_any_bytes_are_a_report_or_an_error_of_the_library(data, kind):
    readable(data, kind)


@pytest.mark.parametrize("kind", ["docx", "pdf"])
@given(place=st.floats(0, 1, exclude_max=True), byte=st.integers(0, 255))
@settings(max_examples=15)
def test_a_changed_byte_leaves_a_report_or_an_error_of_the_library(kind, place, byte):
    data = bytearray((Path(__file__).parents[1] / "examples" / f"marlbeck-draft.{kind}").read_bytes())
    data[int(place * len(data))] = byte
    readable(bytes(data), kind)


def test_there_are_cases_to_fuzz_from():
    assert len(CASES) >= 4


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.name)
def test_cases_of_fuzzing_are_a_report_or_an_error_of_the_library(case):
    assert case.suffix[1:] in FORMATS
    readable(case.read_bytes(), case.suffix[1:])


@given(prose)
def test_a_text_keeps_every_word_in_order(text):
    try:
        report = cqc_nlp.read_text(text)
    except CQCNLPError:
        return
    assert report.text == text
    sound(report)


@given(prose)
def test_sentences_start_at_words_after_space(text):
    found = list(starts(text))
    assert found == sorted(set(found))
    assert bool(found) == bool(text.strip())
    assert all(not text[start].isspace() and (start == 0 or text[start - 1].isspace()) for start in found)


@given(prose)
@settings(max_examples=30)
def test_spacy_divides_at_the_same_places(text):
    import spacy

    import cqc_nlp.language  # noqa: F401  registers the component

    nlp = spacy.blank("en")
    nlp.add_pipe("cqc_sentences")
    divided = [span.text.strip() for span in nlp(text).sents]
    places = [*starts(text), len(text)]
    assert [part for part in divided if part] == [text[a:b].strip() for a, b in pairwise(places)]


shares = st.lists(st.floats(0.01, 1), min_size=4, max_size=4).map(lambda values: np.asarray(values) / sum(values))
sections = st.sampled_from(list(SectionKind))


@st.composite
def statements(draw):
    values = dict(zip(POLARITIES, draw(shares).tolist(), strict=True))
    themes = {theme: draw(st.floats(0, 1)) for theme in THEMES}
    tag = Tag(max(values, key=values.__getitem__), themes=tuple(t for t in THEMES if themes[t] > 0.5), probabilities={**values, **themes})
    return Statement("Carers waited.", 0, 14, Section("", draw(sections), 0, 14), 0, draw(st.booleans()), tag)


@pytest.fixture(scope="module")
def scorer():
    return cqc_nlp.load_scorer("fast")


def expected(scorer, found) -> float:
    probabilities = scorer.predict_proba(evidence(found)[None])[0]
    assert probabilities.shape == (4,)
    assert (probabilities >= 0).all()
    assert probabilities.sum() == pytest.approx(1)
    return float(probabilities @ [1, 2, 3, 4])


@given(st.lists(statements(), max_size=25), st.randoms(use_true_random=False))
def test_the_order_of_statements_has_no_part_in_the_score(scorer, found, random):
    shuffled = random.sample(found, len(found))
    assert expected(scorer, found) == pytest.approx(expected(scorer, shuffled), abs=1e-9)
