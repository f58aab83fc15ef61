from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import pytest

import cqc_nlp
from cqc_nlp import models
from cqc_nlp.corpus import labelled_reports
from cqc_nlp.experiments.evaluation import tag_metrics
from cqc_nlp.tagging.transformer import OUTPUTS

pytestmark = pytest.mark.skipif("accurate" not in models.available(), reason="no model named accurate is shipped")


def test_the_accurate_tagger_is_better_than_the_fast_one_on_unseen_authorities():
    test = labelled_reports(splits=["test"])[::3]
    gold = [s for report in test for s in report.statements]
    figures = {}
    for name in ("fast", "accurate"):
        tagger = cqc_nlp.load_tagger(name)
        figures[name] = tag_metrics(gold, [s for report in test for s in tagger.tag_sentences(report.statements)])
    assert figures["accurate"]["polarity_macro_f1"] > figures["fast"]["polarity_macro_f1"]
    assert figures["accurate"]["polarity_macro_f1"] >= 0.85
    assert figures["accurate"]["theme_macro_f1"] >= 0.9
    assert figures["accurate"]["calibration_error"] <= 0.08


def test_a_statement_is_read_among_its_neighbours():
    tagger = cqc_nlp.load_tagger("accurate")
    followed = "This had meant that people could not return home when they were ready to."
    alone = tagger.tag([followed])[0].probabilities
    in_place = tagger.tag_sentences(cqc_nlp.sentences(cqc_nlp.read_text(f"There was a lack of homecare in the villages. {followed}")))[
        1
    ].probabilities
    assert in_place["shortfall"] > 0.5
    assert alone != in_place


def test_a_paragraph_is_read_alike_whatever_stands_around_it():
    report = max(labelled_reports(splits=["test"]), key=lambda r: len(r.statements))
    encoder = cqc_nlp.load_tagger("accurate").encoder_.network
    once = list(report.statements)
    twice = [*once, *(replace(s, paragraph=s.paragraph + 1000) for s in once)]
    logits = encoder.transform([once])
    assert logits.shape == (len(once), len(OUTPUTS))
    assert np.array_equal(encoder.transform([twice]), np.vstack([logits, logits]))


def test_a_long_paragraph_is_read_in_windows_without_a_seam():
    report = max(labelled_reports(splits=["test"]), key=lambda r: len(r.statements))
    encoder = cqc_nlp.load_tagger("accurate").encoder_.network
    paragraph = [replace(s, paragraph=0) for s in report.statements * 2]
    logits = encoder.transform([paragraph])
    assert np.abs(logits).sum(axis=1).min() > 0
    middle = len(report.statements) // 2
    inner = encoder.transform([paragraph[middle - 40 : middle + 40]])[40]
    assert inner[:4].argmax() == logits[middle, :4].argmax()


def test_the_networks_travel_between_processes():
    encoder = cqc_nlp.load_tagger("accurate").encoder_.network
    sentences = labelled_reports(splits=["test"])[0].statements
    assert np.array_equal(pickle.loads(pickle.dumps(encoder)).transform([sentences]), encoder.transform([sentences]))


def test_nothing_gives_nothing():
    assert cqc_nlp.load_tagger("accurate").tag([]) == []
    assert cqc_nlp.load_tagger("accurate").tag_sentences(()) == ()
