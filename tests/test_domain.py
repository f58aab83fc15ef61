from __future__ import annotations

import io
import json
import warnings
from itertools import groupby
from pathlib import Path

import pytest
from conftest import EXAMPLES
from rich.console import Console
from typer.testing import CliRunner

import cqc_nlp
from cqc_nlp import framework
from cqc_nlp.cli import app
from cqc_nlp.corpus import labelled_reports
from cqc_nlp.errors import NotAnAssessment
from cqc_nlp.language import sentences
from cqc_nlp.tagging import domain
from cqc_nlp.views.console import show

OTHERS = json.loads((Path(__file__).parent / "data" / "not_assessments.json").read_text(encoding="utf-8"))
RECIPE = OTHERS[0]["text"]
DRAFTS = [
    "We know that our carers are tired. There are only two places where they can leave someone for a weekend, and both are full.",
    "Homecare can usually be found within three days, but in the villages it takes longer. We are talking to two agencies.",
    "Our vacancy rate has come down from 14% to 9%. Staff tell us that they feel supported and that their caseloads are fair.",
    "People leaving hospital go home with the right help, and most of them need less of it six weeks later thanks to our reablement team.",
    "We do not have enough extra care flats. A scheme of 60 is due to open next year and will take people from residential care.",
    "Nobody waited more than a month for an assessment last year, which is better than most councils in our region managed.",
]


def unfamiliar(text: str, model: str = "fast") -> bool:
    tagger = cqc_nlp.load_tagger(model)
    found = sentences(cqc_nlp.read_text(text))
    return domain.unfamiliar(found, domain.familiarity(found, tagger))


@pytest.mark.parametrize("model", ["fast", "accurate"])
def test_documents_of_other_kinds_are_known_for_what_they_are(model):
    passed = [other["kind"] for other in OTHERS if not unfamiliar(other["text"], model)]
    assert len(OTHERS) >= 40
    assert len(passed) <= len(OTHERS) / 5
    assert not {"recipe", "novel", "tenancy contract", "contract for services", "software manual", "football report", "code"} & set(passed)


def _one_of_each(reports):
    return {report.report.quality_statement: report for report in reports}.values()


def test_reports_of_every_quality_statement_pass():
    tagger = cqc_nlp.load_tagger("fast")
    reports = [*labelled_reports(splits=["validation", "test"]), *_one_of_each(labelled_reports(splits=["train"]))]
    assert {report.report.quality_statement for report in reports} == {statement.name for statement in framework.QUALITY_STATEMENTS}
    values = [domain.familiarity(report.statements, tagger) for report in reports]
    assert min(values) > domain.rules().threshold + 0.2


def test_single_paragraphs_pass():
    tagger = cqc_nlp.load_tagger("fast")
    paragraphs = [
        list(paragraph)
        for report in labelled_reports(splits=["test"])
        for _, paragraph in groupby(report.statements, key=lambda statement: statement.paragraph)
    ]
    refused = [p for p in paragraphs if domain.unfamiliar(p, domain.familiarity(p, tagger))]
    assert len(refused) <= len(paragraphs) / 100


@pytest.mark.parametrize("text", DRAFTS)
def test_short_drafts_pass(text):
    assert not unfamiliar(text)


@pytest.mark.parametrize("draft", sorted(EXAMPLES.glob("*.md")), ids=lambda path: path.stem)
def test_example_drafts_pass_without_a_warning(draft):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assessment = cqc_nlp.assess(draft, model="fast")
    assert assessment.caution is None
    assert 0.5 < assessment.familiarity <= 1


def test_real_reports_pass(real_report):
    assert cqc_nlp.assess(real_report, model="fast").familiarity > 0.6


def test_a_short_text_gets_no_verdict():
    short = " ".join(RECIPE.split()[:19])
    assert not unfamiliar(short)
    assert unfamiliar(f"{short} gently.")


@pytest.mark.parametrize("text", ["1 2 3 4 5. " * 8, "日本語の文章です。" * 30, "A" * 500])
def test_texts_without_words_have_a_familiarity_too(text):
    found = sentences(cqc_nlp.read_text(text))
    assert 0 <= domain.familiarity(found, cqc_nlp.load_tagger("fast")) <= 1


def test_a_repeated_paragraph_counts_once():
    once = cqc_nlp.assess(f"{DRAFTS[0]}\n\n{DRAFTS[1]}", model="fast")
    twice = cqc_nlp.assess(f"{DRAFTS[0]}\n\n{DRAFTS[1]}\n\n{DRAFTS[0]}", model="fast")
    assert any(statement.repeated for statement in twice.statements)
    assert twice.familiarity == once.familiarity


def test_the_warning_names_file_fault_and_remedy_once(tmp_path):
    path = tmp_path / "pie.txt"
    path.write_text(RECIPE, encoding="utf-8")
    with pytest.warns(NotAnAssessment) as caught:
        assessment = cqc_nlp.assess(path, model="fast")
    assert len(caught) == 1
    assert caught[0].filename == __file__
    message = str(caught[0].message)
    assert message.startswith("pie.txt: This does not read as an assessment of adult social care")
    assert "Check that" in message
    assert assessment.familiarity < domain.rules().threshold


@pytest.mark.parametrize("jobs", [1, 2])
def test_many_warn_once_for_each_such_file(tmp_path, jobs):
    paths = [tmp_path / "pie.txt", EXAMPLES / "marlbeck-draft.md", tmp_path / "novel.txt", tmp_path / "gone.txt"]
    paths[0].write_text(RECIPE, encoding="utf-8")
    paths[2].write_text(OTHERS[2]["text"], encoding="utf-8")
    with pytest.warns(NotAnAssessment) as caught:
        results = list(cqc_nlp.assess_many(paths, model="fast", n_jobs=jobs))
    assert [str(warning.message).split(":")[0] for warning in caught if warning.category is NotAnAssessment] == ["pie.txt", "novel.txt"]
    assert [getattr(result, "caution", "failed") for result in results] == [domain.CAUTION, None, domain.CAUTION, "failed"]


@pytest.mark.filterwarnings("ignore::cqc_nlp.errors.NotAnAssessment")
def test_json_and_console_say_so():
    recipe, draft = (cqc_nlp.assess(text, model="fast") for text in (RECIPE, EXAMPLES / "marlbeck-draft.md"))
    assert json.loads(recipe.to_json())["caution"] == domain.CAUTION
    assert json.loads(recipe.to_json())["familiarity"] == recipe.familiarity
    assert json.loads(draft.to_json())["caution"] is None
    for assessment, said in ((recipe, True), (draft, False)):
        console = Console(file=io.StringIO(), width=80)
        show(assessment, console)
        printed = " ".join(console.file.getvalue().split())
        assert (domain.CAUTION in printed) is said


def test_the_command_line_prints_one_line_and_exits_with_0(tmp_path):
    path = tmp_path / "pie.txt"
    path.write_text(RECIPE, encoding="utf-8")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = CliRunner().invoke(app, ["assess", str(path), str(EXAMPLES / "marlbeck-draft.md"), "--json", "--model", "fast"])
    assert result.exit_code == 0
    assert result.stderr.splitlines() == [f"cqc-nlp: pie.txt: {domain.CAUTION}"]
    assert [json.loads(line)["caution"] for line in result.stdout.splitlines()] == [domain.CAUTION, None]
