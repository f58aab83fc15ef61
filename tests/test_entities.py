# ruff: noqa: E501
from __future__ import annotations

import pytest
from conftest import EXAMPLES

import cqc_nlp
from cqc_nlp.entities import entities


def found(text):
    return entities(cqc_nlp.sentences(cqc_nlp.read_text(text)))


def listed(text):
    return [(str(entity.kind), entity.name, [mention.text for mention in entity.mentions]) for entity in found(text)]


def names(text):
    return [entity.name for entity in found(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The Market Position Statement (MPS) is new. Our MPS lists gaps.", [("strategy", "Market Position Statement", ["Market Position Statement", "MPS", "MPS"])]),
        ("We agreed the Living Well Strategy 2023-28. The Strategy has four aims.", [("strategy", "Living Well Strategy 2023-28", ["Living Well Strategy 2023-28", "Strategy"])]),
        ("The North Vale Carers Strategy is out. Carers Strategy leads met.", [("strategy", "North Vale Carers Strategy", ["North Vale Carers Strategy", "Carers Strategy"])]),
        ("The Health & Wellbeing Board met. A Health and Wellbeing Board paper went out.", [("board", "Health and Wellbeing Board", ["Health & Wellbeing Board", "Health and Wellbeing Board"])]),
        ("It is a duty under the Care Act 2014.", [("law", "Care Act 2014", ["Care Act 2014"])]),
        ("We use the Thrive hub.", [("service", "Thrive hub", ["Thrive hub"])]),
        ("It was the Association of Directors of Adult Social Services.", [("organisation", "Association of Directors of Adult Social Services", ["Association of Directors of Adult Social Services"])]),
        ("It rose in 2023-24, from March 2022 and 2021.", [("date", "2021", ["2021"]), ("date", "2023/24", ["2023-24"]), ("date", "March 2022", ["March 2022"])]),
        ("Waits grew in Fellside. Fellside has one home.", [("place", "Fellside", ["Fellside", "Fellside"])]),
    ],
)  # fmt: skip
def test_what_an_index_would_list(text, expected):
    assert listed(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Strategy is led by the director. Board papers are short. Services were good.",
        "Our Board met. The Council agreed. The Plan is late.",
        "Homecare services are stretched. Carers and staff met. Commissioning strategy was weak.",
        "Reablement service users waited. In April we met.",
        "It was 2,014 hours, 20.23% and 2023.5 points.",
        "Staff and Board members met in England.",
    ],
)
def test_capitals_that_only_open_a_sentence_name_nothing(text):
    assert names(text) == []


def test_mentions_point_into_the_text():
    draft = cqc_nlp.assess(EXAMPLES / "candid-draft.md", model="fast")
    assert {entity.name for entity in draft.entities} >= {
        "Adults Board",
        "Joint Strategic Needs Assessment",
        "Harrowmere College",
        "Cotter Lane",
    }
    for entity in draft.entities:
        assert entity.mentions
        for mention in entity.mentions:
            assert draft.report.text[mention.start : mention.end] == mention.text
            statement = draft.statements[mention.statement]
            assert statement.start <= mention.start < mention.end <= statement.end


def test_entities_are_a_frame_and_in_the_json():
    draft = cqc_nlp.assess(EXAMPLES / "candid-draft.md", model="fast")
    frame = draft.to_frame("entities")
    assert list(frame.columns) == ["kind", "name", "text", "section", "statement", "start", "end"]
    assert len(frame) == sum(len(entity.mentions) for entity in draft.entities)
    assert len(draft.to_frame()) == len(draft.statements)
    plain = draft.to_dict()["entities"]
    assert [entry["name"] for entry in plain] == [entity.name for entity in draft.entities]
    assert plain[0]["mentions"][0]["text"]
    with pytest.raises(ValueError, match='"statements" or "entities"'):
        draft.to_frame("people")


def test_a_text_without_names_has_no_entities():
    assert entities(()) == ()
    assert found("People waited.") == ()


STALE = "In 2021/22, 9% of people who used services had waited over 28 days for homecare."
NEW = "In 2024/25, 7% of people who used services had waited over 28 days for homecare."


@pytest.mark.parametrize(
    ("title", "front", "body", "dated"),
    [
        ("Adult social care, November 2025", "", STALE, "dated 2025 by its title"),
        ("Self-assessment 2025/26", "", STALE, "dated 2025 by its title"),
        ("Adult social care", "Last updated in October 2025.", STALE, "dated 2025 by its front matter"),
        ("Adult social care", "", f"{STALE} {NEW}", "newest year in the document is 2025"),
        ("Self-assessment 2025/26", "", f"{NEW} {STALE.replace('2021/22', '2023/24')}", None),
        ("Adult social care, November 2025", "", "Under the Care Act 2014, 9% of people had waited over 28 days for homecare.", None),
        ("Adult social care, November 2025", "", "Between April 2023 and March 2024, 9% of people had waited over 28 days.", None),
        ("Adult social care", "", f"{STALE} By 2030 we will build 20 homes.", None),
    ],
)
def test_old_data_is_judged_by_the_date_of_the_document_which_is_said(title, front, body, dated):
    text = f"# {title}\n\n## Ensuring quality of local services\n\n{body} We visit every home.\n\n{front}\n"
    reasons = [f.reason for f in cqc_nlp.assess(text, model="fast").review() if f.code == "stale-evidence"]
    assert len(reasons) == bool(dated)
    assert not dated or dated in reasons[0]
