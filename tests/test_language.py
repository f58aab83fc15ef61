from __future__ import annotations

import pytest
from conftest import gold_spans

import cqc_nlp


@pytest.mark.parametrize(
    "sentences",
    [
        ["Approx. 40 people waited.", "They were told why."],
        ["Some services (e.g. day centres) had closed.", "Others had not."],
        ["No. 4 Mill Lane had opened.", "Dr. Patel chaired the board."],
        ["There were c. 200 carers.", "Waits fell, i.e. people got help sooner."],
        ["They said, “It was slow. ", "Nobody rang back.”", "Staff agreed."],
        ["Rates rose to 4.5% in 2023/24.", "In Jan. 2024 they fell."],
        ["Homes graded below 4*.", "Others were above 4*, providing equity."],
        ["Support was offered to people with *attention deficit*.", "It had worked."],
        ["Was it enough?", "“No!” said one carer.", "It cost £3.50 a day."],
        ["Providers were paid by the hour, day, week etc. and were content.", "The fees of Hill Homes Ltd. had risen."],
        ["The forum met at 10 a.m. each month.", "It was well attended."],
        ["Choice was limited…", "Carers had to travel."],
    ],
)  # fmt: skip
def test_boundaries(sentences):
    text = " ".join(sentence.strip() for sentence in sentences)
    assert [s.text for s in cqc_nlp.sentences(cqc_nlp.read_text(text))] == [sentence.strip() for sentence in sentences]


def test_boundaries_in_real_reports(real_report):
    found = {(s.start, s.end) for s in cqc_nlp.sentences(cqc_nlp.read(real_report))}
    gold = gold_spans(real_report)
    assert len(gold & found) >= 0.97 * len(gold)


def test_the_spacy_pipeline_gives_tagged_spans_of_the_body():
    nlp = cqc_nlp.load("fast")
    text = "## Ensuring quality of local services\n\nScore: 2\n\nThere was a lack of visits. We plan to visit every home next year."
    doc = nlp(text)
    spans = doc.spans["evidence"]
    assert [span.text for span in spans] == ["There was a lack of visits.", "We plan to visit every home next year."]
    assert [span.label_ for span in spans] == ["shortfall", "plan"]
    assert spans[0]._.section.kind == "quality"
    assert 0 < spans[0]._.confidence <= 1
    assert [len(d.spans["evidence"]) for d in nlp.pipe([text, ""])] == [2, 0]
