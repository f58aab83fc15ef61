from __future__ import annotations

import json
from dataclasses import replace

import pytest
from conftest import EXAMPLES
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

import cqc_nlp
from cqc_nlp.alignment import align
from cqc_nlp.bands import Measure, Middle
from cqc_nlp.cli import app
from cqc_nlp.schema import POLARITIES, Polarity, Theme

MARLBECK, CANDID = EXAMPLES / "marlbeck-draft.md", EXAMPLES / "candid-draft.md"
PARAGRAPHS = (
    "Unpaid carers told us that they waited six months for a break. There was no sitting service at weekends.",
    "Staff had good training and regular supervision. Vacancies in homecare had fallen from 14% to 9%.",
    "Too few nursing homes took people with dementia. We plan to open a new extra care scheme in May 2026.",
    "Providers praised the quality team. Every care home had a visit last year.",
)


def draft(*paragraphs: str) -> cqc_nlp.Assessment:
    return cqc_nlp.assess("\n\n".join(paragraphs) + "\n", model="fast")


@pytest.fixture(scope="module")
def first() -> cqc_nlp.Assessment:
    return draft(*PARAGRAPHS)


def only(one: cqc_nlp.Assessment, other: cqc_nlp.Assessment):
    (versions,) = cqc_nlp.compare([one, other]).versions
    return versions


def test_identical_drafts_have_no_change(first):
    versions = only(first, first)
    assert versions.matched == 1
    assert {pair.change for pair in versions.pairs} == {"kept"}
    assert not any([versions.added, versions.dropped, versions.reworded, versions.retagged, versions.moved])


def test_spacing_capitals_and_quotation_marks_are_no_change(first):
    again = draft(*(paragraph.replace(". ", ".  ").replace("Unpaid carers", "UNPAID carers") for paragraph in PARAGRAPHS))
    assert {pair.change for pair in only(first, again).pairs} == {"kept"}


def test_a_moved_paragraph_is_moved_and_not_dropped_and_added(first):
    versions = only(first, draft(*PARAGRAPHS[1:], PARAGRAPHS[0]))
    assert [pair.after.text for pair in versions.moved] == PARAGRAPHS[0].replace("break. ", "break.|").split("|")
    assert not versions.added
    assert not versions.dropped


def test_a_reworded_sentence_is_one_change_with_both_wordings(first):
    versions = only(first, draft(PARAGRAPHS[0].replace("six months", "two weeks"), *PARAGRAPHS[1:]))
    (pair,) = versions.reworded
    assert "six months" in pair.before.text
    assert "two weeks" in pair.after.text
    assert 0.4 <= pair.similarity < 1
    assert not pair.moved
    assert not versions.added
    assert not versions.dropped


def test_a_changed_figure_is_a_rewording_even_where_all_other_words_are_the_same():
    versions = only(draft("Turnover was 30%."), draft("Turnover was 30."))
    assert [pair.change for pair in versions.pairs] == ["reworded"]


def test_added_and_dropped_sentences(first):
    versions = only(first, draft(*PARAGRAPHS[:3], "Equipment arrived within five days."))
    assert [statement.text for statement in versions.added] == ["Equipment arrived within five days."]
    assert [statement.text for statement in versions.dropped] == [
        "Providers praised the quality team.",
        "Every care home had a visit last year.",
    ]
    assert len(versions.pairs) == len(first.statements) + 1


def test_a_changed_tag_is_named_label_by_label(first):
    old = first.statements[0]
    tag = replace(old.tag, polarity=Polarity.CONTEXT, themes=(*old.themes, Theme.WORKFORCE))
    other = replace(first, statements=(replace(old, tag=tag), *first.statements[1:]))
    (pair,) = only(first, other).retagged
    assert pair.retagged == ("polarity", "themes")
    assert pair.change == "kept"


def test_repeated_statements_are_left_out(first):
    versions = only(first, draft(*PARAGRAPHS, PARAGRAPHS[0]))
    assert not versions.added


def test_drafts_with_no_statements():
    empty = replace(draft("Carers waited."), statements=())
    comparison = cqc_nlp.compare([empty, empty, draft(*PARAGRAPHS)])
    assert [versions.related for versions in comparison.versions] == [False, False]
    assert comparison.to_frame().loc[("all", "all statements"), (comparison.names[0], "strength")] == 0
    assert json.loads(comparison.to_json())["versions"][0]["pairs"] is None
    with pytest.raises(cqc_nlp.CQCNLPError):
        cqc_nlp.compare(["", ""], model="fast")


@pytest.mark.parametrize("given", [[], [MARLBECK], MARLBECK, str(MARLBECK)])
def test_fewer_than_two_is_an_error_that_says_what_to_do(given):
    with pytest.raises(ValueError, match="Give a list of two or more"):
        cqc_nlp.compare(given, model="fast")


def test_an_unknown_way_to_compare_is_an_error(first):
    with pytest.raises(ValueError, match="'previous' or 'first'"):
        cqc_nlp.compare([first, first], against="last")


def test_scores_and_evidence_stand_side_by_side():
    comparison = cqc_nlp.compare([MARLBECK, str(CANDID), MARLBECK], model="fast")
    assert comparison.names == ("marlbeck-draft.md", "candid-draft.md", "marlbeck-draft.md (2)")
    assert comparison.scores == tuple(assessment.score for assessment in comparison.assessments)
    assert comparison.probabilities.shape == (3, 4)
    assert comparison.probabilities.sum(axis=1) == pytest.approx(1)
    assert all(score in likely for score, likely in zip(comparison.scores, comparison.prediction_sets(), strict=True))
    frame = comparison.to_frame()
    assert frame["marlbeck-draft.md"].equals(frame["marlbeck-draft.md (2)"])
    for name, assessment in zip(comparison.names, comparison.assessments, strict=True):
        whole = frame.loc[("all", "all statements"), name]
        counted = [s for s in assessment.statements if not s.repeated]
        assert [whole[p] for p in POLARITIES] == [sum(s.polarity == p for s in counted) for p in POLARITIES]
        assert whole["balance"] == pytest.approx(assessment.features["balance"], abs=0.01)
        # Every statement stands in one section, and has a theme or none.
        assert frame.loc["section"][name]["shortfall"].sum() == whole["shortfall"]
    assert "candid-draft.md: " in repr(comparison)


def test_each_version_is_set_against_the_one_before_or_against_the_first(first):
    second, third = draft(*PARAGRAPHS[:3]), draft(*PARAGRAPHS[:2])
    chained = cqc_nlp.compare([first, second, third])
    assert [(v.before, v.after, len(v.dropped)) for v in chained.versions] == [("text", "text (2)", 2), ("text (2)", "text (3)", 2)]
    anchored = cqc_nlp.compare([first, second, third], against="first")
    assert [(v.before, v.after, len(v.dropped)) for v in anchored.versions] == [("text", "text (2)", 2), ("text", "text (3)", 4)]


def test_different_authorities_have_no_changes_but_keep_the_pairs():
    comparison = cqc_nlp.compare([MARLBECK, CANDID], model="fast")
    (versions,) = comparison.versions
    assert not versions.related
    assert versions.pairs
    assert comparison.to_dict()["versions"][0]["pairs"] is None


def test_assessments_of_different_models_carry_a_caution(first):
    assert cqc_nlp.compare([first, first]).caution is None
    assert "Different models" in cqc_nlp.compare([first, replace(first, model="other")]).caution


def test_changes_as_a_table_and_as_json(first):
    comparison = cqc_nlp.compare([first, draft(PARAGRAPHS[0].replace("six", "two"), *PARAGRAPHS[2:], "Staff liked their rota.")])
    frame = comparison.versions[0].to_frame()
    assert frame["change"].value_counts().to_dict() == {"kept": 5, "dropped": 2, "reworded": 1, "added": 1}
    assert frame.loc[frame["change"] == "added", "text before"].tolist() == [""]
    data = json.loads(comparison.to_json())
    assert [document["name"] for document in data["documents"]] == ["text", "text (2)"]
    pairs = data["versions"][0]["pairs"]
    assert [pair["change"] for pair in pairs] == frame["change"].tolist()
    assert next(pair for pair in pairs if pair["change"] == "reworded")["after"]["text"].startswith(
        "Unpaid carers told us that they waited two"
    )


@given(
    st.lists(st.sampled_from(["Carers waited.", "Staff left.", "A hub opened.", "A new hub opened.", "—", "30%"]), max_size=8), st.randoms()
)
def test_a_sentence_is_paired_once_and_a_shuffle_loses_none(texts, random):
    shuffled = random.sample(texts, len(texts))
    matches = align(texts, shuffled)
    assert sorted(match.before for match in matches) == list(range(len(texts)))
    assert [match.after for match in matches] == list(range(len(texts)))
    assert all(texts[match.before] == shuffled[match.after] and match.similarity == 1 for match in matches)
    assert not any(match.moved for match in align(texts, texts))


# Beside the reports of a score


def test_a_report_lies_where_the_quartiles_of_its_band_say(first):
    profile = first.band_profile(3)
    frame = profile.to_frame()
    assert profile.reports > 50
    assert profile.next_reports > 50
    assert frame.loc[("all", "all statements", "number"), "value"] == len(first.statements)
    polarities = [s.polarity for s in first.statements]
    share = 100 * polarities.count(Polarity.SHORTFALL) / len(polarities)
    assert frame.loc[("all", "all statements", "shortfalls"), "value"] == pytest.approx(share, abs=0.05)
    assert (frame["lower quartile"] <= frame["median"]).all()
    assert (frame["median"] <= frame["upper quartile"]).all()
    assert all(m.place != "within" for m in profile.outside)
    assert "invented" in profile.caveat


def test_better_bands_have_more_strengths_and_fewer_shortfalls(first):
    profiles = [first.band_profile(score).to_frame()["median"].droplevel(["by", "part"]).iloc[:4] for score in (1, 2, 3, 4)]
    strengths, shortfalls = ([profile[name] for profile in profiles] for name in ("strengths", "shortfalls"))
    assert strengths == sorted(strengths)
    assert shortfalls == sorted(shortfalls, reverse=True)


def test_what_the_next_score_has_more_of(first):
    draft_of_shortfalls = draft(*[f"Carers waited too long in {month}." for month in ("May", "June", "July", "August", "March")] * 3)
    towards = {m.label: m.next for m in draft_of_shortfalls.band_profile(2).towards_next}
    assert towards["strengths"] == "more"
    assert towards["shortfalls"] == "less"
    assert not first.band_profile(4).towards_next
    assert first.band_profile(4).next_reports == 0


@pytest.mark.parametrize(
    ("value", "step", "place", "direction"),
    [
        (5, 1, "below", "more"),
        (9.5, 1, "within", "more"),
        (15, 1, "within", "more"),
        (32, 1, "above", ""),
        (33, 5, "within", ""),
        (40, 1, "above", ""),
    ],
)
def test_a_difference_that_one_statement_could_undo_is_none(value, step, place, direction):
    measure = Measure("all", "all statements", "strengths", value, Middle(10, 15, 30), Middle(25, 30, 45), step)
    assert (measure.place, measure.next) == (place, direction)


def test_a_band_that_is_none_is_an_error(first):
    with pytest.raises(ValueError, match="choose one of 1, 2, 3, 4"):
        first.band_profile(5)


def test_the_profile_as_json(first):
    data = json.loads(json.dumps(first.band_profile(4).to_dict()))
    assert {"by", "part", "name", "value", "band", "above", "place", "next"} <= set(data["measures"][0])
    assert data["measures"][0]["above"] is None


# The command


def run(*arguments):
    return CliRunner().invoke(app, ["compare", *map(str, arguments)])


@pytest.fixture
def versions(tmp_path):
    old, new = tmp_path / "first.md", tmp_path / "second.md"
    old.write_text("\n\n".join(PARAGRAPHS), encoding="utf-8")
    new.write_text(
        "\n\n".join([PARAGRAPHS[0].replace("six months", "two [bold] weeks"), *PARAGRAPHS[1:], "Staff liked it."]), encoding="utf-8"
    )
    return old, new


def test_the_command_shows_scores_evidence_and_changes(versions):
    result = run(*versions, CANDID, "--model", "fast")
    assert result.exit_code == 0
    text = " ".join(result.stdout.split())
    for words in (
        "first.md",
        "second.md",
        "strength / shortfall",
        "From A to B",
        "1 added, 1 reworded",
        "two [bold] weeks",
        "no changes are listed",
    ):
        assert words in text
    assert all(len(line) <= 80 for line in result.stdout.splitlines())
    assert "\x1b[" not in result.stdout


def test_the_command_sets_a_file_beside_its_band(versions):
    result = run(versions[0], "--band", "--score", "2", "--model", "fast")
    assert result.exit_code == 0
    text = " ".join(result.stdout.split())
    for words in ("reports that score 2", "invented authorities", "reports that score 3 have", "strengths"):
        assert words in text
    assert all(len(line) <= 80 for line in result.stdout.splitlines())


def test_the_command_gives_json(versions):
    data = json.loads(run(*versions, "--model", "fast", "--json").stdout)
    assert data["versions"][0]["related"] is True
    assert json.loads(run(versions[0], "--band", "--model", "fast", "--json").stdout)["name"] == "first.md"
    assert len(run(*versions, "--band", "--model", "fast", "--json").stdout.splitlines()) == 2


@pytest.mark.parametrize("arguments", [[], [MARLBECK], [MARLBECK, CANDID, "--score", "2"], [MARLBECK, "--band", "--score", "5"]])
def test_mistakes_in_the_call_exit_with_2(arguments):
    result = run(*arguments)
    assert result.exit_code == 2
    assert result.stderr


def test_a_file_that_fails_exits_with_1_and_the_rest_are_compared(versions, tmp_path):
    result = run(*versions, tmp_path / "gone.docx", "--model", "fast")
    assert result.exit_code == 1
    assert "gone.docx" in result.stderr
    assert "From A to B" in result.stdout
    alone = run(versions[0], tmp_path / "gone.docx", "--model", "fast")
    assert alone.exit_code == 1
    assert "nothing to compare" in alone.stderr
    assert not alone.stdout
