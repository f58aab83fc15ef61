from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import cross_val_predict

import cqc_nlp
from cqc_nlp.corpus import labelled_reports
from cqc_nlp.experiments.evaluation import tag_metrics
from cqc_nlp.tagging import StatementTagger
from cqc_nlp.tagging.cues import clauses
from cqc_nlp.tagging.encoding import normalise


@pytest.mark.parametrize(
    ("text", "polarity", "themes", "source"),
    [
        ("There was a lack of nursing beds for people with dementia.", "shortfall", {"capacity"}, "assessor"),
        ("Staff told us there were no delays in arranging homecare.", "strength", {"capacity"}, "staff"),
        ("The local authority planned to commission a new carers' service next year.", "plan", {"carers"}, "assessor"),
        ("Unpaid carers told us they could not get a break.", "shortfall", {"carers"}, "people"),
        ("The England average was 16.14%.", "context", set(), "data"),
        ("Providers said training was free of charge and had helped them to retain staff.", "strength", {"workforce"}, "partners"),
    ],
)  # fmt: skip
def test_plain_statements(text, polarity, themes, source):
    tag = cqc_nlp.load_tagger("fast").tag([text])[0]
    assert (tag.polarity, tag.source) == (polarity, source)
    assert themes <= {str(theme) for theme in tag.themes}
    assert tag.confidence == max(tag.probabilities[p] for p in ("strength", "shortfall", "plan", "context"))


def test_the_shipped_tagger_reads_unseen_authorities():
    test = labelled_reports(splits=["test"])
    tagger = cqc_nlp.load_tagger("fast")
    predicted = [s for report in test for s in tagger.tag_sentences(report.statements)]
    metrics = tag_metrics([s for report in test for s in report.statements], predicted)
    assert metrics["polarity_macro_f1"] >= 0.75
    assert metrics["theme_macro_f1"] >= 0.85
    assert metrics["source_accuracy"] >= 0.8


def test_also_never_holds_the_polarity_or_context():
    for report in labelled_reports(splits=["test"])[:5]:
        for statement in cqc_nlp.load_tagger("fast").tag_sentences(report.statements):
            assert statement.polarity not in statement.also
            assert "context" not in statement.also


TEXTS = ["There were no waits at all.", "People waited many months.", "Nobody waited for care.", "Waits were very long."] * 5
LABELS = ["zz fine", "aa late", "zz fine", "aa late"] * 5


def test_a_tagger_of_your_own_labels():
    tagger = StatementTagger(labels=["zz fine", "aa late"]).fit(TEXTS, LABELS)
    assert tagger.classes_.tolist() == ["zz fine", "aa late"]
    probabilities = tagger.predict_proba(["Waits were long."])
    assert probabilities.shape == (1, 2)
    assert probabilities[0, 1] > probabilities[0, 0]
    tag = tagger.tag(["Waits were long."])[0]
    assert (tag.polarity, tag.themes, tag.source) == ("aa late", (), None)
    assert StatementTagger().fit(TEXTS, LABELS).classes_.tolist() == ["aa late", "zz fine"]


def test_the_tagger_is_a_scikit_learn_estimator():
    tagger = StatementTagger(labels=["aa late", "zz fine"], C=3.0)
    assert clone(tagger).get_params() == tagger.get_params()
    predicted = cross_val_predict(tagger, np.array(TEXTS, dtype=object), np.array(LABELS), cv=2)
    assert (predicted == LABELS).mean() > 0.9


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: StatementTagger().fit(["a b"], ["x", "y"]), "one label a text"),
        (lambda: StatementTagger(labels=["x"]).fit(["a b", "c d"], ["x", "y"]), "not among"),
        (lambda: StatementTagger().fit(["a b", "c d"], ["x", "x"]), "two or more labels"),
        (lambda: cqc_nlp.load_tagger("fast").tag("one text"), "list of texts"),
    ],
)
def test_mistakes_are_answered(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_no_texts_give_no_tags():
    assert cqc_nlp.load_tagger("fast").tag([]) == []


@pytest.mark.parametrize("word", ["outstanding", "good", "requires improvement", "inadequate", "3", "4"])
def test_the_documents_own_grade_is_hidden(word):
    assert word not in normalise(f"We have assessed ourselves as {word} for this quality statement.")
    assert "shortfalls" not in normalise("2 - Evidence shows some shortfalls")


@pytest.mark.parametrize(
    "text",
    [
        "84% of care homes were rated good by the Care Quality Commission.",
        "Nine in ten care homes in the borough were rated good or outstanding.",
        "Agencies contracted by the council were rated outstanding.",
        "We rated 4 homes as high risk.",
    ],
)
def test_ratings_of_services_stay(text):
    assert "_score_" not in normalise(text)


@pytest.mark.parametrize(
    "text",
    [
        "We have judged this area to be good.", "We rate this quality statement as ‘Good’.", "Our self-assessed score is three.",
        "We give ourselves a score of 4.", "The council was rated outstanding overall.", "Our self-assessment is 3.",
    ],
)  # fmt: skip
def test_the_own_grade_is_hidden_however_it_is_said(text):
    assert "_score_" in normalise(text)


def test_clauses():
    assert clauses("Waits were long, however carers were kept informed.")[0] == "carers were kept informed."
    assert clauses("Staff said it worked well, although some had doubts.") == ("Staff said it worked well", "although some had doubts.")


def test_a_tempered_head_keeps_the_opinion_and_is_as_sure_as_it_deserves():
    import numpy as np
    from sklearn.linear_model import LogisticRegression

    from cqc_nlp.tagging.blending import temper
    from cqc_nlp.tagging.transformer import OUTPUTS

    rng = np.random.default_rng(0)
    labels = np.array(["strength", "shortfall", "plan", "context"])
    opinions = rng.normal(size=(2000, len(OUTPUTS)))
    opinions[:, :4] *= 6  # six times as sure as the labels bear out
    shares = np.exp(opinions[:, :4] / 6)
    right = [labels[rng.choice(4, p=row / row.sum())] for row in shares]
    head = LogisticRegression(max_iter=500).fit(opinions, right)
    temper(head, opinions, right)
    assert (head.predict(opinions) == labels[opinions[:, :4].argmax(axis=1)]).all()
    assert head.coef_.max() == pytest.approx(1 / 6, rel=0.15)
