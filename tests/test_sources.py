# ruff: noqa: E501
from __future__ import annotations

import csv

import pytest
from conftest import EXAMPLES

import cqc_nlp
from cqc_nlp.corpus import labelled_reports
from cqc_nlp.schema import Source
from cqc_nlp.tagging.speakers import rules, speakers, spoken_source


def found(text):
    return speakers(cqc_nlp.sentences(cqc_nlp.read_text(text)))


def sources(text):
    return [[(str(s.source), s.text, s.carried) for s in sentence] for sentence in found(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Staff told us that visits were short.", [("staff", "Staff told us")]),
        ("The carers we spoke with said that breaks helped.", [("people", "The carers we spoke with said")]),
        ("Hospital social workers said that beds were found.", [("staff", "Hospital social workers said")]),
        ("Health partners were positive about the hub.", [("partners", "Health partners were positive")]),
        ("Managers of care homes described fair visits.", [("partners", "Managers of care homes described")]),
        ("An organisation that supports carers told us so.", [("partners", "An organisation that supports carers told us")]),
        ("We heard from families that staff listened.", [("people", "We heard from families")]),
        ("National data showed that 4% were in work.", [("data", "National data showed")]),
        ("Records showed that each plan was signed.", [("assessor", "Records showed")]),
        ("Records showed that 12 plans were signed.", [("data", "Records showed")]),
        ("Leaders and providers said so.", [("staff", "Leaders and providers said"), ("partners", "Leaders and providers said")]),
        ("Social workers visited each home and told us that they had time.", [("staff", "Social workers visited each home and told us")]),
        ("The local authority told us of a gap.", [("staff", "The local authority told us")]),
    ],
)
def test_the_words_show_who_speaks(text, expected):
    assert sources(text) == [[(source, words, False) for source, words in expected]]


@pytest.mark.parametrize(
    "text",
    [
        "The council supports 200 carers and employs 12 social workers.",
        "The local authority used feedback from people to shape services.",
        "Homecare was arranged by staff within a day.",
        "Staff had been told of the change.",
        "The shortage, which had been reported in the last review, was over.",
        "Residents spoke more than 100 languages.",
    ],
)
def test_a_sentence_that_only_names_people_has_no_speaker(text):
    assert sources(text) == [[]]


@pytest.mark.parametrize(
    "second", ["They added that fees were late.", "They wanted longer contracts.", "This meant that rotas broke down."]
)
def test_a_sentence_that_goes_on_keeps_the_speaker_and_points_to_the_words(second):
    text = f"The day was long. Providers told us that rotas were tight. {second} The council had a plan."
    _, first, carried, after = found(text)
    assert not after
    assert [(s.source, s.carried) for s in (*first, *carried)] == [("partners", False), ("partners", True)]
    assert text[carried[0].start : carried[0].end] == first[0].text == "Providers told us"


def test_an_account_ends_with_its_paragraph():
    assert sources("Staff told us that it worked.\n\nThey added nothing.")[1] == []


@pytest.mark.parametrize(("left", "right"), ["“”", '""'])
def test_a_quotation_keeps_its_speaker_to_its_end(left, right):
    text = f"A carer said, {left}I could not rest. The nights were long. Now I can.{right} The hub opened in May."
    assert [[str(s.source) for s in sentence] for sentence in found(text)] == [["people"]] * 3 + [[]]


def test_data_that_an_account_quotes_stands_beside_it():
    _, second = found("Leaders told us that posts were vacant. They also noted Skills for Care data for 2023.")
    assert [(s.source, s.carried) for s in second] == [("staff", True), ("data", False)]
    assert spoken_source(second) == Source.DATA


def test_each_speaker_has_a_category_of_evidence():
    categories = {s.text: s.category for sentence in found(
        "Carers said so. Staff said so. Providers said so. We saw it. Local data showed 4%. ASCOF data showed 4%. In the carers' survey it was 4%."
    ) for s in sentence}  # fmt: skip
    assert set(categories.values()) == set(rules()["categories"])
    assert categories["Carers said"] == categories["carers' survey"] == "people's experience"


def test_statements_carry_their_speakers_into_frame_and_json():
    draft = cqc_nlp.assess(EXAMPLES / "marlbeck-draft.md", model="fast")
    spoken = [s for s in draft.statements if s.speakers]
    assert {speaker.source for s in spoken for speaker in s.speakers} >= {Source.PEOPLE, Source.PARTNERS, Source.DATA}
    for speaker in (speaker for s in spoken for speaker in s.speakers):
        assert draft.report.text[speaker.start : speaker.end] == speaker.text
    frame = draft.to_frame()
    assert [bool(cell) for cell in frame["speakers"]] == [bool(s.speakers) for s in draft.statements]
    plain = [speaker for s in draft.to_dict()["statements"] for speaker in s["speakers"]]
    assert {"source", "category", "text", "start", "end", "carried"} == set(plain[0])
    assert [speaker["source"] for speaker in plain] == [str(speaker.source) for s in spoken for speaker in s.speakers]


def test_the_words_agree_with_the_labels_of_a_real_report(real_report):
    sentences = cqc_nlp.sentences(cqc_nlp.read(real_report))
    with real_report.with_suffix(".tsv").open(encoding="utf-8", newline="") as file:
        gold = {int(row["start"]): row["source"] for row in csv.DictReader(file, delimiter="\t")}
    shown = [(spoken_source(s), gold[at.start]) for at, s in zip(sentences, speakers(sentences), strict=True) if s and at.start in gold]
    assert len(shown) >= 0.25 * len(gold)
    assert sum(source == label for source, label in shown) >= 0.94 * len(shown)


def test_the_words_agree_with_the_labels_of_the_corpus():
    shown = [
        (spoken_source(found), statement.source)
        for report in labelled_reports(splits=["validation"])[:12]
        for statement, found in zip(report.statements, speakers(report.statements), strict=True)
        if found
    ]
    assert len(shown) > 100
    assert sum(source == label for source, label in shown) >= 0.9 * len(shown)
