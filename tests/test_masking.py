"""No model sees the authority's name, the printed score or a rating in a heading."""

import re
from pathlib import Path

import pytest

import cqc_nlp
from cqc_nlp import authority
from cqc_nlp.corpus.records import labelled_reports
from cqc_nlp.language import sentences
from cqc_nlp.schema import Section, SectionKind, Sentence, Statement, Tag
from cqc_nlp.scoring.features import evidence
from cqc_nlp.tagging.encoding import model_text

EXAMPLE = Path(__file__).parents[1] / "examples" / "marlbeck-draft.md"
NAMES = (
    "Marlbeck",
    "Kingston upon Hull",
    "Bath and North East Somerset",
    "Bath & North East Somerset",
    "Stoke-on-Trent",
    "King's Lynn",
    "St. Helens",
    "Isles of Scilly",
    "Bournemouth, Christchurch and Poole",
    "Oxford",
    "Reading",
)
FORMS = ("{} Council", "{} County Council", "{} Metropolitan Borough Council", "London Borough of {}", "City of {} Council")
PRINTED = (
    "Score: 1", "Score: 4", "**Score:** 4", "Score 4 - Evidence shows an exceptional standard", "## Score 1", "Score: 2 out of 4",
    "Rating: Good", "Overall score: 89%", "Rating: Outstanding (89%)", "Outstanding", "",
)  # fmt: skip
# The example says "we"; a report names its authority at every turn, in all the ways that reports do.
NAMED = """# {council}: self-assessment of adult social care

## Care provision, integration and continuity

Score: 3

### Understanding local needs for care and support in {name}

{council} used data to plan services. However, {name} is a rural county and {name}'s carers waited for a break.

### Ensuring quality of local services

{name} residents told us that a {name} provider had closed. The {council} team at {name} College was praised by Healthwatch {name}.
Staff in {name} left, and the {name} market was fragile. People in the borough of {name} moved out of the area to find nursing care.
"""


def draft(name: str) -> str:
    sections = NAMED[NAMED.index("###") :].format(council="Marlbeck Borough Council", name="Marlbeck")
    return f"{EXAMPLE.read_text(encoding='utf-8')}\n{sections}".replace("Marlbeck", name)


def outcome(text: str, model: str):
    """Everything that a model says of a text, number for number."""
    assessment = cqc_nlp.assess(cqc_nlp.read_text(text), model)
    return assessment.probabilities.tobytes(), [statement.tag for statement in assessment.statements]


def inputs(text: str) -> list[tuple[object, ...]]:
    """Everything that a model is given of a text."""
    return [(s.section.kind, s.paragraph, s.repeated, model_text(s)) for s in sentences(cqc_nlp.read_text(text))]


@pytest.mark.parametrize("model", ["fast", "accurate"])
def test_the_name_the_printed_score_and_ratings_in_headings_change_no_tag_and_no_score(model):
    text = draft("Marlbeck")
    expected = outcome(text, model)
    assert len(expected[1]) > 40
    assert outcome(draft("Bath & North East Somerset"), model) == expected
    assert outcome(draft("St. Helens"), model) == expected
    assert outcome(text.replace("Score: 3", "Score: 1 - Evidence shows significant shortfalls"), model) == expected
    assert outcome(re.sub(r"(?m)^#+ .+$", r"\g<0>: Outstanding", text), model) == expected


def test_renaming_the_council_changes_nothing_that_a_model_is_given():
    for name in NAMES[1:]:
        assert inputs(draft(name)) == inputs(draft("Marlbeck")), name


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_name_reads_the_same(form):
    def read(name: str, form: str) -> list[str]:
        report = cqc_nlp.read_text(NAMED.format(council=form.format(name), name=name))
        return [model_text(sentence) for sentence in sentences(report)]

    expected = read("Marlbeck", "{} Council")
    assert expected[:2] == [
        "The local authority used data to plan services.",
        "However, the area is a rural county and the area's carers waited for a break.",
    ]
    for name in NAMES:
        assert read(name, form) == expected


def test_a_name_is_masked_in_plain_text_whose_title_is_no_longer_short():
    plain = re.sub(r"(?m)^#+ ", "", NAMED)
    given = [inputs(plain.format(council=f"{name} Council", name=name)) for name in NAMES]
    assert all(one == given[0] for one in given)
    assert {kind for kind, *_ in given[0]} == {SectionKind.NEEDS, SectionKind.QUALITY}


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("MARLBECK COUNCIL met Marlbeck council.", "The local authority met the local authority."),
        ("We work with NHS Marlbeck ICB and Marlbeck-based providers.", "We work with NHS local ICB and area-based providers."),
        ("Marlbeck Borough Council (MBC) leads; see www.marlbeck.gov.uk/care.", "The local authority leads; see the website."),
        ("Our Marlbeck Council team moved to Marlbeck’s hub.", "Our local authority team moved to the area’s hub."),
        ("Marlbecker and Sedgeport Council stay.", "Marlbecker and Sedgeport Council stay."),
    ],
)
def test_wording_of_the_mask(text, seen):
    assert authority.mask(text, "Marlbeck Borough Council") == seen
    assert authority.mask(text, None) == text


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("# Marlbeck City Council Self-Assessment 2024\n\nWe met people.", "Marlbeck City Council"),
        ("# ROYAL BOROUGH OF MARLBECK REPORT\n\nWe met people.", "ROYAL BOROUGH OF MARLBECK"),
        ("People waited. When Marlbeck Council asked, Marlbeck providers agreed.", "Marlbeck Council"),
        ("Carers waited. Marlbeck Council had no plan.", "Marlbeck Council"),
        ("Authority: Marlbeck\n\nCarers waited for six months to have a break in Marlbeck.", "Marlbeck"),
        ("We share a service with Marlbeck Council, and people waited.", None),
        ("Our Youth Council met. The Youth Council was heard, and the Arts Council helped.", None),
        ("Marlbeck is a rural county, and carers waited in Marlbeck.", None),
    ],
)
def test_the_authority_is_found(text, found):
    assert cqc_nlp.read_text(text).authority == found


def test_statements_keep_the_authority_and_the_corpus_gives_it():
    sentence = Sentence("x", 0, 1, Section("", SectionKind.OTHER, 0, 1), 0, authority="Marlbeck Council")
    assert Statement.of(sentence, Tag("plan")).authority == "Marlbeck Council"
    report = labelled_reports(splits=["test"])[0]
    assert {statement.authority for statement in report.statements} == {report.authority}


def test_no_emphasis_is_read_from_a_name_or_an_own_grade():
    def features(text: str) -> list[float]:
        sentence = Sentence(text, 0, len(text), Section("", SectionKind.OTHER, 0, len(text)), 0, authority="All Hallows Council")
        return evidence([Statement.of(sentence, Tag("strength"))]).tolist()

    plain = features("People were content.")
    assert features("In All Hallows people were content.") == plain
    assert features("Evidence shows an exceptional standard and people were content.") == plain
    assert features("All people were content.") != plain


@pytest.mark.parametrize("printed", PRINTED)
def test_the_printed_score_changes_nothing(printed):
    text = draft("Marlbeck")
    assert "Score: 3" in text
    assert inputs(text.replace("Score: 3", printed)) == inputs(text)


@pytest.mark.parametrize("layout", ["markdown", "plain"])
def test_a_rating_beside_a_heading_changes_nothing(layout):
    text = draft("Marlbeck")
    headings = r"^#+ .+$"
    if layout == "plain":
        names = "|".join(re.escape(line.lstrip("# ")) for line in re.findall(headings, text, re.MULTILINE))
        text, headings = re.sub(r"(?m)^#+ ", "", text), rf"^(?:{names})$"
    expected = inputs(text)
    for rated in (r"\g<0>: Good", r"\g<0> Outstanding", r"\g<0> (Good)", r"\g<0> – Outstanding", r"\g<0> - Requires improvement"):
        changed, count = re.subn(headings, rated, text, flags=re.MULTILINE)
        assert count > 8
        assert inputs(changed) == expected, rated
