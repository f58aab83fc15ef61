from __future__ import annotations

import json

import numpy as np
from conftest import EXAMPLES

import cqc_nlp

DRAFT = EXAMPLES / "marlbeck-draft.md"


def test_an_assessment_holds_what_it_was_made_from():
    assessment = cqc_nlp.assess(DRAFT, model="fast")
    assert assessment.report.text == DRAFT.read_text(encoding="utf-8")
    assert assessment.score in (1, 2, 3, 4)
    assert assessment.probabilities.shape == (4,)
    assert np.isclose(assessment.probabilities.sum(), 1)
    assert 1 <= assessment.expected_score <= 4
    assert all(assessment.report.text[s.start : s.end] == s.text for s in assessment.statements)


def test_path_report_and_text_give_the_same_assessment():
    by_path = cqc_nlp.assess(str(DRAFT), model="fast")
    by_report = cqc_nlp.assess(cqc_nlp.read(DRAFT), model="fast")
    by_text = cqc_nlp.assess(DRAFT.read_text(encoding="utf-8"), model="fast")
    assert by_path.statements == by_report.statements == by_text.statements


def test_frame_and_json_hold_every_statement():
    assessment = cqc_nlp.assess(DRAFT, model="fast")
    frame = assessment.to_frame()
    data = json.loads(assessment.to_json())
    assert len(frame) == len(data["statements"]) == len(assessment.statements)
    assert frame["polarity"].tolist() == [s["polarity"] for s in data["statements"]]
    assert data["published_score"] == 3
    assert sum(data["probabilities"].values()) > 0.999


def test_many_keep_their_order_and_a_bad_file_does_not_stop_the_rest(tmp_path):
    (tmp_path / "empty.txt").write_text("")
    paths = [DRAFT, tmp_path / "empty.txt", tmp_path / "gone.pdf", DRAFT.with_suffix(".docx")]
    results = list(cqc_nlp.assess_many(paths, model="fast"))
    assert [type(result).__name__ for result in results] == ["Assessment", "Failure", "Failure", "Assessment"]
    assert "empty" in str(results[1])
    assert results[2].path.endswith("gone.pdf")


def test_two_processes_give_the_same_as_one(tmp_path):
    paths = [DRAFT.with_suffix(f".{ending}") for ending in ("md", "txt", "html")] + [tmp_path / "gone.txt"]
    serial = list(cqc_nlp.assess_many(paths, model="fast"))
    parallel = list(cqc_nlp.assess_many(paths, model="fast", n_jobs=2))
    assert [str(r) if isinstance(r, cqc_nlp.Failure) else r.to_json() for r in serial] == [
        str(r) if isinstance(r, cqc_nlp.Failure) else r.to_json() for r in parallel
    ]


def test_the_printed_score_of_a_real_report_is_not_used(real_report):
    text = real_report.read_text(encoding="utf-8")
    changed = text.replace("Score 3", "Score 1").replace("Score: 2", "Score: 4")
    first, second = cqc_nlp.assess(cqc_nlp.read_text(text), model="fast"), cqc_nlp.assess(cqc_nlp.read_text(changed), model="fast")
    assert first.report.published_score != second.report.published_score
    assert first.probabilities.tolist() == second.probabilities.tolist()


def test_a_missing_file_is_a_failure_whatever_the_case_of_its_ending():
    results = list(cqc_nlp.assess_many(["missing.DOCX", "missing.pdf", "Waits fell; see www.example.gov.uk"], model="fast"))
    assert [type(result).__name__ for result in results] == ["Failure", "Failure", "Assessment"]
