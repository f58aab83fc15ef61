from __future__ import annotations

import json
import re
from functools import cache

import pytest
from conftest import EXAMPLES
from typer.testing import CliRunner

import cqc_nlp
from cqc_nlp.cli import app
from cqc_nlp.review import CODES, Severity, review
from cqc_nlp.review.draft import settings, years
from cqc_nlp.review.rules import RULES
from cqc_nlp.schema import Figure, Polarity, Section, SectionKind, Source, Statement, Tag, Theme

MODELS = ("fast", "accurate")

# By draft: the findings that it must have, and those that it must not have. The rest are left to the tags.
EXPECTED = {
    "candid": (set(), set(CODES)),
    "marlbeck": (set(), set(CODES)),
    "overclaiming": (
        {
            "no-people-voice", "no-staff-voice", "no-partner-voice", "over-claiming", "contradiction", "unsupported-strengths",
            "theme-unsupported", "vague-plans", "claim-against-figure", "outcomes-not-shown", "stale-evidence", "said-twice",
            "acronym-not-spelt-out", "section-very-short",
        },
        {"section-missing", "theme-missing", "no-data", "section-very-long"},
    ),
    "thin": (
        {
            "section-missing", "theme-missing", "no-people-voice", "no-data", "no-staff-voice", "no-partner-voice",
            "unsupported-strengths", "shortfall-without-plan", "outcomes-not-shown", "section-very-short",
        },
        {"over-claiming", "claim-against-figure", "contradiction", "stale-evidence", "said-twice", "acronym-not-spelt-out"},
    ),
}  # fmt: skip
# A shortfall to `fast`, which hears the figure before the claim: nothing is left to point the other way.
UNSEEN = {("overclaiming", "fast"): {"claim-against-figure"}}


@cache
def assessment(draft, model):
    return cqc_nlp.assess(EXAMPLES / f"{draft}-draft.md", model=model)


def codes(findings):
    return {finding.code for finding in findings}


def document(*paragraphs, kind=SectionKind.OTHER, heading="Partnerships"):
    """Statements from paragraphs of (text, labels)."""
    section, made, at = Section(heading, kind, 0, 0), [], 0
    for number, paragraph in enumerate(paragraphs):
        for text, labels in paragraph:
            labels = {"polarity": "strength", "source": "assessor", "themes": (), "also": (), "confidence": 1.0, **labels}
            tag = Tag(
                Polarity(labels["polarity"]),
                tuple(map(Polarity, labels["also"])),
                tuple(map(Theme, labels["themes"])),
                Source(labels["source"]),
                labels["confidence"],
            )
            made.append(Statement(text, at, at + len(text), section, number, labels.get("repeated", False), tag, labels.get("figures", ())))
            at += len(text) + 1
    return made


def one(text, **labels):
    return document([(text, labels)])


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("draft", EXPECTED)
def test_a_draft_has_the_findings_that_it_should_and_no_others(draft, model):
    present, absent = EXPECTED[draft]
    found = codes(assessment(draft, model).review())
    assert present - UNSEEN.get((draft, model), set()) <= found
    assert not absent & found


@pytest.mark.parametrize("model", MODELS)
def test_published_reports_raise_no_false_finding(real_report, model):
    """Every finding on them was read; what is asked of drafts is answered there."""
    assert codes(cqc_nlp.assess(real_report, model=model).review()) == set()


def test_findings_come_by_weight_and_say_what_to_do_in_one_sentence():
    for draft in EXPECTED:
        findings = assessment(draft, "fast").review()
        weights = [list(Severity).index(finding.severity) for finding in findings]
        assert weights == sorted(weights)
        for finding in findings:
            assert finding.advice.endswith(".")
            assert finding.title
            assert finding.reason
            assert not re.search(r"[{}]", finding.title + finding.reason + finding.advice)
            assert list(finding.statements) == sorted(finding.statements, key=lambda s: s.start)
    assert all(re.search(r"[.!?] \w", entry["advice"]) is None for entry in settings()["findings"].values())


def test_a_code_can_be_left_out_and_an_unknown_one_is_an_error():
    thin = assessment("thin", "fast")
    assert codes(thin.review()) - codes(thin.review(without=["no-data", "theme-missing"])) == {"no-data", "theme-missing"}
    assert thin.review(without=CODES) == ()
    with pytest.raises(ValueError, match=r"no finding 'no-dta'.*no-data"):
        thin.review(without=["no-dta"])


def test_statements_alone_will_do():
    thin = assessment("thin", "fast")
    assert review(thin.statements) == review(thin)
    assert review(iter(thin.statements)) == review(thin)
    assert review([]) == ()


def test_every_rule_is_used_and_every_code_fires_somewhere():
    assert {entry["rule"] for entry in settings()["findings"].values()} == set(RULES)
    fired = set().union(*(codes(assessment(draft, "accurate").review()) for draft in EXPECTED))
    assert set(CODES) - fired <= {"section-very-long"}  # tested on its own below


@pytest.mark.parametrize(
    ("text", "labels", "claimed"),
    [
        ("We are outstanding at this.", {}, True),
        ("We always answer.", {}, True),
        ("Our excellent team won a national award.", {}, False),
        ("Carers told us that our hub was excellent.", {"source": "people"}, False),
        ("Our homes are rated good or outstanding.", {}, False),
        ("Our ambition is to be outstanding.", {"polarity": "plan"}, False),
        ("We want to be the best in the country.", {"polarity": "plan"}, False),
        ("We do this in exceptional circumstances only.", {}, False),
        ("We have 4 reviews outstanding.", {}, False),
        ("The local authority had excellent links with housing.", {}, False),
        ("We keep in touch with everyone who is placed elsewhere.", {}, False),
    ],
)
def test_over_claiming_needs_the_first_person_a_superlative_and_no_evidence(text, labels, claimed):
    assert ("over-claiming" in codes(review(one(text, **labels)))) == claimed


def test_evidence_in_the_next_sentence_excuses_a_claim_unless_it_speaks_against_it():
    claim = ("Our hub is excellent.", {})
    good = ("Waits fell from 9 weeks to 2.", {"source": "data"})
    bad = ("Only 7% of carers had a break.", {"source": "data", "polarity": "shortfall"})
    assert "over-claiming" not in codes(review(document([claim, good])))
    assert "over-claiming" in codes(review(document([claim, bad])))


CARERS = "Carers were well served, with 7.1% having a break (England 12.08%)."


@pytest.mark.parametrize(
    ("text", "figure", "labels", "found"),
    [
        (CARERS, {}, {}, True),
        (CARERS, {"direction": "better"}, {}, False),
        (CARERS, {"direction": None}, {}, False),
        (CARERS, {"comparator": "previous year"}, {}, False),
        (CARERS, {"comparator_value": None}, {}, False),
        (CARERS, {}, {"also": ("shortfall",)}, False),
        (CARERS, {}, {"polarity": "shortfall"}, False),
        (CARERS, {}, {"confidence": 0.4}, False),
        (CARERS.replace("having", "having, up from last year,"), {}, {}, False),
        (CARERS.replace("7.1", "17.1"), {}, {}, False),
    ],
)
def test_a_strength_is_held_against_its_own_figure(text, figure, labels, found):
    usual = {"value": 7.1, "unit": "%", "comparator": "England average", "comparator_value": 12.08, "direction": "worse"}
    figure = Figure(**{**usual, **figure})
    statements = one(text, source="data", figures=(figure,), **labels)
    assert ("claim-against-figure" in codes(review(statements))) == found


def test_a_strength_with_two_compared_figures_is_left_alone():
    figures = tuple(Figure(7.1, "%", None, None, None, "England average", 12.08, direction) for direction in ("worse", "better"))
    assert "claim-against-figure" not in codes(review(one(CARERS, figures=figures)))


def test_a_contradiction_needs_one_subject_two_paragraphs_and_no_contrast():
    yes = ("There is enough supported living for autistic adults.", {"themes": ("capacity",)})
    no = ("There is not enough supported living for autistic adults.", {"themes": ("capacity",), "polarity": "shortfall"})
    however = ("However, there is not enough supported living for autistic adults.", no[1])
    other = ("There is not enough nursing provision with dementia skills.", no[1])
    assert "contradiction" in codes(review(document([yes], [no])))
    for apart in ([yes, no],), ([yes], [however]), ([yes], [other]), ([yes], [(no[0], {**no[1], "themes": ("carers",)})]):
        assert "contradiction" not in codes(review(document(*apart)))


def test_a_plan_or_an_action_beside_them_answers_shortfalls():
    gaps = [("Nursing beds are scarce.", {"polarity": "shortfall"}), ("Waits for equipment are long.", {"polarity": "shortfall"})]
    plan = ("We will open a home.", {"polarity": "plan"})
    done = ("A second contract has shortened them.", {})
    before = ("Most homes are good.", {})
    assert "shortfall-without-plan" in codes(review(document(gaps)))
    assert "shortfall-without-plan" in codes(review(document([before, *gaps])))
    assert "shortfall-without-plan" not in codes(review(document([*gaps, plan])))
    assert "shortfall-without-plan" not in codes(review(document([*gaps, done])))


@pytest.mark.parametrize("detail", [" by March 2026", " with the head of access", " for 40 people", " next year"])
def test_plans_are_vague_that_say_neither_when_nor_who_nor_how_much(detail):
    texts = ("We will improve advice.", "We intend to review day services.")

    def found(texts):
        return [f.reason for f in review(document(*([(text, {"polarity": "plan"})] for text in texts))) if f.code == "vague-plans"]

    assert found(texts) == ["2 of 2 plans say neither by when, nor who answers for it, nor how much."]
    assert found(text.replace(".", f"{detail}.") for text in texts) == []
    assert found(text.replace("We", "The council") for text in texts) == []


@pytest.mark.parametrize(
    ("text", "unknown"),
    [
        ("The QZP met monthly.", "QZP"),
        ("The Quality Zone Panel (QZP) met monthly. The QZP grew.", None),
        ("The Quality Zone Panel met monthly. The QZP grew.", None),
        ("The QZP (Quality Zone Panel) met monthly.", None),
        ("The NHS and the CQC met GPs.", None),
        ("The GATES service opened.", None),
    ],
)
def test_an_abbreviation_is_spelt_out_once(text, unknown):
    found = [f.reason for f in review(one(text)) if f.code == "acronym-not-spelt-out"]
    assert found == ([f"Used without being spelt out anywhere: {unknown}."] if unknown else [])


def test_the_same_words_with_other_figures_are_not_said_twice():
    text = "We opened {} new flats for people with a learning disability in the north."
    assert "said-twice" in codes(review(document([(text.format(6), {})], [(text.format(6), {})])))
    assert "said-twice" not in codes(review(document([(text.format(6), {})], [(text.format(8), {})])))
    assert "said-twice" not in codes(review(document([(text.format(6), {})], [(text.format(6), {"repeated": True})])))


@pytest.mark.parametrize(
    ("title", "sentence", "stale"),
    [
        ("November 2025", "In 2021/22, 9% of people who used services had waited over 28 days for homecare.", True),
        ("November 2025", "In 2022/23, 9% of people who used services had waited over 28 days for homecare.", True),
        ("November 2025", "In 2024/25, 9% of people who used services had waited over 28 days for homecare.", False),
        ("a draft", "In 2021/22, 9% of people who used services had waited over 28 days for homecare.", False),
        ("November 2025", "In the Survey of Adult Carers in England (SACE) for 2023/24, 9% of carers had a break.", False),
        ("November 2025", "In the 2021 census, 9% of residents said that they were unpaid carers.", False),
    ],
)
def test_age_of_figures_is_judged_by_the_date_of_the_document(title, sentence, stale):
    text = f"# Adult social care: {title}\n\n## Ensuring quality of local services\n\n{sentence} We visit every home.\n"
    assert ("stale-evidence" in codes(cqc_nlp.assess(text, model="fast").review())) == stale


def test_years_are_the_later_ones_of_spans():
    assert years("2021/22, 2023-24, 2019–2021 and May 2020; 2023.5 and 20210 are none") == [2022, 2024, 2021, 2020]


def test_sections_and_themes_are_asked_for_only_where_the_framework_is_followed():
    assert not codes(review(document([("We work with partners.", {})] * 25))) & {"section-missing", "theme-missing", "section-very-short"}


def test_a_section_far_longer_than_published_ones_is_named():
    kinds = (SectionKind.NEEDS, SectionKind.MARKET, SectionKind.CAPACITY)
    short = [s for kind in kinds for s in document([("A plain sentence of words here " * 20, {})], kind=kind)]
    long = document([(" ".join(f"word{n}" for n in range(2000)), {})], kind=SectionKind.QUALITY)
    found = [f for f in review([*short, *long]) if f.code == "section-very-long"]
    assert [f.section for f in found] == ["Ensuring quality of local services"]
    assert found[0].reason.startswith("2000 words")


def test_the_review_is_in_the_json_with_places():
    thin = assessment("thin", "fast")
    data = json.loads(thin.to_json())["review"]
    assert [finding["code"] for finding in data] == [finding.code for finding in thin.review()]
    places = [place for finding in data for place in finding["statements"]]
    assert places
    assert all(thin.report.text[place["start"] : place["end"]] == place["text"] for place in places)


def run(*arguments):
    return CliRunner().invoke(app, ["review", *arguments])


def test_the_command_prints_findings_within_80_columns():
    result = run(str(EXAMPLES / "overclaiming-draft.md"), "--model", "fast")
    assert result.exit_code == 0
    for words in ("over-claiming", "Next:", "and 6 more", "high · contradiction"):
        assert words in " ".join(result.stdout.split())
    assert all(len(line) <= 80 for line in result.stdout.splitlines())
    assert "Nothing found" in run(str(EXAMPLES / "candid-draft.md"), "--model", "fast").stdout


def test_the_command_gives_json_leaves_out_codes_and_goes_on_after_a_bad_file(tmp_path):
    thin, candid = str(EXAMPLES / "thin-draft.md"), str(EXAMPLES / "candid-draft.md")
    result = run(thin, str(tmp_path / "gone.docx"), candid, "--model", "fast", "--json", "--without", "no-data")
    assert result.exit_code == 1
    assert "gone.docx" in result.stderr
    first, second = (json.loads(line) for line in result.stdout.splitlines())
    assert first["name"] == "thin-draft.md"
    assert "no-people-voice" in {finding["code"] for finding in first["review"]}
    assert "no-data" not in {finding["code"] for finding in first["review"]}
    assert second["review"] == []
    assert run(thin, "--without", "nonsense").exit_code == 2
    assert run(thin, "--model", "enormous").exit_code == 1
