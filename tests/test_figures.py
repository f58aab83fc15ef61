from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

import cqc_nlp
from cqc_nlp.schema import Figure
from cqc_nlp.tagging.figures import figures
from cqc_nlp.tagging.measures import measures

REAL = os.environ.get("CQC_NLP_REAL_REPORTS")
ENGLAND = "England average"

# Checked by hand: offset in the report, value, unit. Numbers that only serve as comparators are not figures of their own.
GOLD = {
    "report_a": [
        (1233, 915, "admissions"), (1358, 20, "%"), (1841, 33.9, "%"), (3686, 9.2, "%"), (5629, 69.84, "%"), (7440, 529, "people"),
        (8791, 28.97, "%"), (9011, 16.5, "%"), (10428, 130, "of 187 requests"), (10461, 31, "of 187 requests"),
        (10482, 17, "of 187 requests"), (10498, 6, "people"), (11883, 6, "people"), (11917, 6, "months"), (11930, 2, "years"),
        (12148, 3, "people"), (12971, 138, "people"), (13033, 94, "people"), (13093, 14, "people"), (14694, 4.04, "%"),
        (14780, 77.78, "%"), (14799, 13.13, "%"), (14837, 1.01, "%"), (14879, 11.64, "%"), (17878, 6000, "people"),
        (17975, 550, "of 7200 posts"),
    ],
    "report_c": [
        (3373, 78.7, "%"), (3594, 75.3, "%"), (5422, 2, "services"), (7323, 2, "schemes"), (7380, 112, "apartments"),
        (8146, 9, "conversations"), (11524, 13000, "hours"), (11568, 1000, "people"), (11605, 1724, "beds"),
        (11668, 1478, "of 1724 beds"), (11725, 86, "%"), (12354, 13.9, "%"), (12477, 19.5, "%"), (12589, 22.2, "%"),
        (13918, 2, "services"), (14069, 182, "people"), (14159, 44, "%"), (14176, 26, "%"), (14238, 44, "%"), (14300, 35, "%"),
        (14357, 8, "%"), (15309, 42, "tools"), (16196, 4, "care homes"), (21113, 5.3, "%"), (21308, 0.3, "%"), (21348, 6.7, "%"),
        (21368, 26.7, "%"), (22689, 2000, "people"),
    ],
}  # fmt: skip
# Offset, measure, comparator value, direction: every figure that the report compares with England.
COMPARED = {
    "report_a": [
        (3686, "ASCOF_LD_WORK", 4.8, "better"), (5629, "ASCS_CHOICE", 70.28, "level"),
        (8791, "SACE_BREAK_24PLUS", 16.14, "better"), (9011, "SACE_BREAK_EMERG", 12.08, "better"),
    ],
    "report_c": [
        (3594, "ASCS_CHOICE", 70.2, "better"), (12354, "SACE_BREAK_EMERG", None, "better"), (12477, "SACE_BREAK_24PLUS", None, "better"),
        (12589, "SACE_BREAK_1_24", None, "better"), (21113, "SFC_VACANCY", 9.7, "better"), (21308, "SFC_TURNOVER_ALL", 0.3, "level"),
        (21348, None, None, "level"), (21368, "SFC_CARE_CERT", 49.7, "worse"),
    ],
}  # fmt: skip


def found(text: str) -> list[Figure]:
    return [figure for sentence in figures(cqc_nlp.sentences(cqc_nlp.read_text(text))) for figure in sentence]


def numbers(text: str) -> list[tuple[float, str]]:
    return [(figure.value, figure.unit) for figure in found(text)]


def real(name: str) -> tuple[str, list[Figure]]:
    if not REAL or not (Path(REAL) / f"{name}.txt").is_file():
        pytest.skip("CQC_NLP_REAL_REPORTS names no folder with this real report")
    text = (Path(REAL) / f"{name}.txt").read_text(encoding="utf-8")
    return text, found(text)


@pytest.mark.parametrize("name", GOLD)
def test_the_figures_of_a_real_report_are_those_found_by_hand(name):
    _, mine = real(name)
    got = {(figure.start, figure.value, figure.unit) for figure in mine}
    assert len(got) == len(mine)
    hits = len(got & set(GOLD[name]))
    assert hits / len(got) >= 0.9, sorted(got - set(GOLD[name]))
    assert hits / len(GOLD[name]) >= 0.9, sorted(set(GOLD[name]) - got)


@pytest.mark.parametrize("name", COMPARED)
def test_every_comparison_with_england_in_a_real_report_has_its_direction(name):
    text, mine = real(name)
    got = [(f.start, f.measure, f.comparator_value, f.direction) for f in mine if f.comparator == ENGLAND]
    assert got == COMPARED[name]
    for figure in mine:
        assert not figure.significance or figure.significance in text
        assert not figure.period or figure.period in text


@pytest.mark.parametrize(
    "text",
    [
        "The Care Act 2014 and section 75 apply, as set out on page 12 of the 2023/24 report.",
        "Support is for people aged 65 and over, for those aged 18-64 and for over 85s.",
        "The line on 0300 123 4567 is open 24 hours a day, 7 days a week.",
        "There are 4 quality statements and level 3 diplomas, and the 2nd panel met on 14 March 2024.",
        "The team was formed in 2021 and moved from 2022 to 2024.",
        "Over the last 12 months leaders reviewed the 3-year plan, which staff read every 2 weeks.",
        "Each was placed in one of three tiers.",
        "An event took place 3 weeks prior to our visit, and the pilot was to be reviewed after 12 months.",
        "The framework has five domains and is scored out of 100.",
        "Those scoring amber for two months running are discussed by the two services.",
        "One provider told us that one-to-one support ended at 5pm.",
        "Bungalows with two bedrooms were asked for; a two-bedroom home is rare.",
    ],
)
def test_dates_ages_sections_and_the_like_are_no_figures(text):
    assert numbers(text) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Last spring 83 per cent of visits were on time.", [(83, "%")]),
        ("Three providers handed back contracts.", [(3, "providers")]),
        ("People waited an average of two weeks.", [(2, "weeks")]),
        ("The longest wait was 12 weeks.", [(12, "weeks")]),
        ("There was a 12-week wait for an assessment.", [(12, "weeks")]),
        ("Of 90 packages requested, 81 were in place within 3 days.", [(81, "of 90 packages")]),
        ("Breaks were booked for 3 out of 7 carers.", [(3, "of 7 carers")]),
        ("One in five staff left.", [(1, "of 5 staff")]),
        ("Half of carers had no plan.", [(50, "%")]),
        ("The council invested £1.2 million and paid £21.50 an hour.", [(1_200_000, "£"), (21.5, "£ per hour")]),
        ("Admissions were 512.4 per 100,000.", [(512.4, "per 100,000")]),
        ("A 60-bed nursing home opened with 12 places for respite.", [(60, "beds"), (12, "places")]),
        ("In 2024 there were 2,040 hours of home care and 14 packages of care.", [(2040, "hours"), (14, "packages of care")]),
        ("Eighty-eight per cent of visits were on time.", [(88, "%")]),
        ("There were 140 units; the first 38 of these units were let.", [(140, "units"), (38, "units")]),
        ("There were 2 Safeguarding Adults Reviews.", [(2, "reviews")]),
        ("It has attended 118 of them.", [(118, "of them")]),
        ("Forty-four per cent of carers had a plan, and thirty-one percent a review.", [(44, "%"), (31, "%")]),
        (
            "We arranged 31,000 hours of homecare each week, and a further 6,000 were bought through direct payments.",
            [(31_000, "hours"), (6_000, "hours")],
        ),
        ("There were 52 new places and 14 more under construction.", [(52, "places"), (14, "places")]),
        ("Only 19 had been completed out of a programme of 85 visits.", [(19, "of 85 visits")]),
        ("The borough had a population of around 208,000.", [(208_000, "population")]),
        ("Late calls fell by a third.", [(33.3, "%")]),
        ("The service has 30 job coaches and supports adults.", [(30, "coaches")]),
        ("Twelve champions worked in 3 centres.", [(12, "champions"), (3, "centres")]),
        ("The council's 12 homes were full.", [(12, "homes")]),
        ("A scheme of 48 flats opened, of which 30 are let.", [(48, "flats"), (30, "of 48 flats")]),
    ],
)
def test_numbers_that_are_evidence(text, expected):
    assert numbers(text) == expected


def only(text: str) -> Figure:
    (figure,) = found(text)
    return figure


@pytest.mark.parametrize(
    ("text", "value", "direction", "computed"),
    [
        ("In SACE 22% of carers were satisfied with social services (England average 36.7%).", 36.7, "worse", True),
        ("In SACE 22% of carers were dissatisfied. The England average was 8%.", 8, "worse", True),
        ("The vacancy rate was 5%, below the national average of 8.3%.", 8.3, "better", True),
        ("The vacancy rate was 9%, compared with 8.3% nationally.", 8.3, "level", True),
        ("Against an England average of 40%, 52% of staff had completed the Care Certificate.", 40, "better", True),
        ("Turnover was 34%. This was significantly worse than the England average of 25%.", 25, "worse", False),
        ("Turnover was 24%, not significantly different from the England average of 25%.", 25, "level", False),
        ("48% of carers had social contact, tending towards a positive statistical variation from England (30%).", 30, "better", False),
        ("Turnover was 34%. This was above the England average.", None, "worse", True),
        ("Turnover was 24%, up from 19% the previous year.", 19, "worse", True),
        ("Waits fell from three months to two weeks.", 13, "better", True),
        ("The number of people waiting fell from 80 to 35.", 80, "better", True),
        ("Turnover was 24%. It had been 30% the year before.", 30, "better", True),
        ("Turnover was 19%, similar to that for England.", None, "level", False),
        ("Fewer care posts were vacant than in England as a whole (6% and 9% respectively).", 9, "better", True),
        ("Waiting times had shortened from 14 months to 5.", 14, "better", True),
        ("The average wait was 23 days, compared with 14 days in the same month of the previous year.", 14, "worse", True),
        ("Turnover was 34%. For England as a whole it was 24%.", 24, "worse", True),
        ("Turnover was 34%. The figure for England was 24%.", 24, "worse", True),
        ("In SACE 26% of carers had a break of more than 24 hours. Nationally this figure was 16.14%.", 16.14, "better", True),
        ("After reablement, 71% of people were at home with support, against 62% 3 years earlier.", 62, "better", True),
        ("Turnover was 20% compared with 25% in similar counties.", 25, "better", True),
        ("The number waiting was an average of 31 people in 2024, down from 54.", 54, "better", True),
        ("People waited an average of 3.4 days for homecare, down from 8.1 days two years earlier.", 8.1, "better", True),
        ("Placements outside the county fell from 164 placements in 2017 to 57 at the end of the year.", 164, None, False),
        ("Paid employment of people with a learning disability was 12.6%, compared to England's 4.8%.", 4.8, "better", True),
    ],
)
def test_direction_is_the_reports_verdict_or_is_worked_out_for_people(text, value, direction, computed):
    figure = only(text)
    assert figure.comparator
    assert figure.comparator_value == (pytest.approx(value, abs=0.1) if value is not None else None)
    assert (figure.direction, figure.computed) == (direction, computed)
    assert direction is None or bool(figure.significance) is not computed
    assert not computed or "Worked out" in figure.note


def test_two_figures_take_two_averages_in_order():
    first, second = found("46% of staff had training and 30% a qualification, against England averages of 40% and 36%.")
    assert [(f.comparator_value, f.direction) for f in (first, second)] == [(40, "better"), (36, "worse")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Vacancies and turnover were both below the England averages of 9.9% and 24.8%.", [(9.9, 9.9), (24.8, 24.8)]),
        ("Vacancies and turnover were both below the England average, at 9.9% and 24.8%.", [(9.9, None), (24.8, None)]),
        ("Vacancies were 6.7% and turnover 21%, both below the averages for England of 9.9% and 24.8%.", [(6.7, 9.9), (21, 24.8)]),
        ("Vacancies of 6.7% and turnover of 21% were both below the England average.", [(6.7, None), (21, None)]),
        ("Vacancies were 7%, lower than both the region at 8.8% and England at 8.1%.", [(7, 8.1)]),
        ("With 94.4% of services rated good, it did better than the region (86%) and England (83%).", [(94.4, 83)]),
    ],
)
def test_each_figure_of_a_pair_has_its_own_comparator_or_none(text, expected):
    assert [(f.value, f.comparator_value) for f in found(text)] == expected
    assert {f.comparator for f in found(text)} == {ENGLAND}


def test_a_verdict_without_numbers_holds_for_the_figures_that_follow():
    text = "Results were slightly better than the England averages for carers. The survey showed 13% had a break. 22% had advice."
    assert [(f.comparator, f.direction, f.significance) for f in found(text)] == [(ENGLAND, "better", "slightly better")] * 2


def test_of_two_averages_the_one_for_england_counts_and_the_other_is_noted():
    for text in (
        "Turnover was 20%, below the regional average of 26% and the England average of 25%.",
        "Turnover was 20%, below the England average of 25% and the regional average of 26%.",
    ):
        figure = only(text)
        assert (figure.comparator, figure.comparator_value, figure.direction) == (ENGLAND, 25, "better")
        assert "regional average (26)" in figure.note


def test_an_earlier_year_is_never_taken_for_the_authoritys_missing_number():
    assert only("In the previous year 34% of carers had a review.").comparator is None


def test_a_comparator_does_not_cross_into_another_paragraph():
    assert found("Turnover was 34%.\n\nThis was above the England average of 25%.")[0].comparator is None


def test_an_average_that_is_not_the_known_one_is_noted_and_rounding_is_not():
    text = "Skills for Care data for 2022/23 showed a vacancy rate of 7%. The England average was {}%."
    assert "known value for 2022/23 is 9.9%" in only(text.format(12.3)).note
    assert "known" not in only(text.format(10)).note
    assert only(text.format(10)).year == "2022/23"


def test_a_verdict_against_the_numbers_is_noted():
    assert "different ways" in only("Turnover was 34%, significantly better than the England average of 25%.").note


def test_an_average_alone_says_that_the_authoritys_number_is_missing():
    figure = only("Turnover was similar to the England average of 25%.")
    assert (figure.value, figure.direction) == (25, "level")
    assert "not given" in figure.note


def test_volumes_have_no_direction():
    contracts = only("Under the new contracts the number of providers would reduce from 48 to 12, with people well supported.")
    assert (contracts.value, contracts.unit, contracts.comparator_value, contracts.direction) == (12, "providers", 48, None)
    assert measures()["SAC_CONCERNS"].better is None
    assert only("There were 900 safeguarding concerns, down from 1,200 in 2022.").direction is None


def test_offsets_are_those_of_the_report_and_views_hold_the_figures():
    text = "Carers waited 9 weeks. Turnover was 34%, worse than the England average of 25%."
    assessment = cqc_nlp.assess(text, model="fast")
    assert [text[f.start : f.end] for s in assessment.statements for f in s.figures] == ["9 weeks", "34%"]
    assert assessment.to_frame()["figures"].tolist() == ["9 weeks", "34% (England average 25%: worse)"]
    data = json.loads(assessment.to_json())["statements"][1]["figures"][0]
    assert (data["value"], data["measure"], data["year"], data["direction"]) == (34, "SFC_TURNOVER_ALL", None, "worse")


def test_every_measure_has_a_source_for_each_england_value():
    data = json.loads((Path(cqc_nlp.__file__).parent / "data" / "measures.json").read_text(encoding="utf-8"))
    values = [known for row in data["measures"] for known in row["england"].values()]
    assert len(values) > 50
    assert all(known["source_url"].startswith("http") for known in values)
    assert {row["better"] for row in data["measures"]} == {"higher", "lower", None}


def test_a_long_line_without_sense_is_read_quickly():
    assert isinstance(found("of 1 in 2 and " * 400 + "from 3 to 4 " * 300), list)
