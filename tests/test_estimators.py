"""Tagger and scorer keep the contract of scikit-learn estimators."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_val_score
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.utils.estimator_checks import (
    check_estimator_cloneable,
    check_estimator_repr,
    check_estimator_tags_renamed,
    check_get_params_invariance,
    check_mixin_order,
    check_no_attributes_set_in_init,
    check_parameters_default_constructible,
    check_set_params,
    check_valid_tag_types,
    parametrize_with_checks,
)
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import validate_data

import cqc_nlp
from cqc_nlp.corpus import labelled_reports
from cqc_nlp.scoring import QualityScorer
from cqc_nlp.tagging import StatementTagger
from cqc_nlp.tagging.encoding import TfidfEncoder


class ScorerOfAnyLabels(QualityScorer):
    """The scorer's fit and probabilities under the labels that scikit-learn's checks use: its own are 1 to 4 only."""

    def fit(self, X, y, sample_weight=None):
        X, y = validate_data(self, X, y, dtype=np.float64)
        check_classification_targets(y)
        classes, codes = np.unique(y, return_inverse=True)
        super().fit(X, codes + 1, sample_weight)
        self.classes_ = classes
        return self

    def predict_proba(self, X):
        p = super().predict_proba(X)[:, : len(self.classes_)]
        return p / p.sum(axis=1, keepdims=True)


# Those that fit on labels of their own, which the scorer refuses: ScorerOfAnyLabels goes through every one of them.
OTHER_LABELS = dict.fromkeys(
    (
        "check_all_zero_sample_weights_error", "check_classifiers_classes", "check_classifiers_one_label_sample_weights",
        "check_classifiers_train", "check_dict_unchanged", "check_dont_overwrite_parameters", "check_dtype_object",
        "check_estimators_fit_returns_self", "check_estimators_nan_inf", "check_estimators_overwrite_params",
        "check_estimators_pickle", "check_f_contiguous_array_estimator", "check_fit2d_predict1d",
        "check_fit_check_is_fitted", "check_fit_idempotent", "check_fit_score_takes_y",
        "check_methods_sample_order_invariance", "check_methods_subset_invariance", "check_n_features_in",
        "check_n_features_in_after_fitting", "check_pipeline_consistency", "check_positive_only_tag_during_fit",
        "check_readonly_memmap_input", "check_sample_weight_equivalence_on_dense_data", "check_sample_weights_list",
        "check_supervised_y_2d",
    ),
    "the check fits on labels other than the scores 1 to 4",
)  # fmt: skip


@parametrize_with_checks(
    [QualityScorer(), ScorerOfAnyLabels()],
    expected_failed_checks=lambda estimator: OTHER_LABELS if type(estimator) is QualityScorer else {},
)
def test_the_scorer_passes_the_checks_of_scikit_learn(estimator, check):
    check(estimator)


# parametrize_with_checks leaves out an estimator of text, for all of its checks on data fit on numbers.
@pytest.mark.parametrize(
    "check",
    [
        check_estimator_cloneable, check_estimator_repr,
        check_estimator_tags_renamed, check_get_params_invariance, check_mixin_order, check_no_attributes_set_in_init,
        check_set_params, check_valid_tag_types,
    ],
    ids=lambda check: check.__name__,
)  # fmt: skip
def test_the_tagger_passes_the_checks_that_need_no_data(check):
    check("StatementTagger", StatementTagger())


def test_the_tagger_is_made_without_arguments():
    check_parameters_default_constructible("StatementTagger", StatementTagger())


TEXTS = [
    "The bus came on time.", "We waited an hour for the bus.", "The driver was cheerful.", "The bus was late again.", "It never came.",
    "Right on time this morning.", "The driver was kind and cheerful.", "We waited and it was late.", "A cheerful trip, on time.",
    "Late, and we waited in the rain.", "The driver was on time.", "It was an hour late.",
]  # fmt: skip
LABELS = ["fine", "late", "fine", "late", "late", "fine", "fine", "late", "fine", "late", "fine", "late"]


@pytest.fixture(scope="module")
def tagger():
    return StatementTagger(labels=["late", "fine"]).fit(TEXTS, LABELS)


def test_columns_are_in_the_order_of_labels_and_else_sorted(tagger):
    ordered, plain = tagger.predict_proba(TEXTS), StatementTagger().fit(TEXTS, LABELS)
    assert tagger.classes_.tolist() == ["late", "fine"]
    assert plain.classes_.tolist() == ["fine", "late"]
    assert np.allclose(ordered, plain.predict_proba(TEXTS)[:, ::-1])
    assert np.allclose(ordered.sum(axis=1), 1)
    assert tagger.predict(TEXTS).tolist() == [["late", "fine"][column] for column in ordered.argmax(axis=1)]
    assert tagger.score(TEXTS, LABELS) == 1
    assert tagger.tag(["An hour late."])[0].polarity == "late"


@pytest.mark.parametrize("labels", [[0, 1], [7, -2], ["1", "0"], ["strength", "plan"], ["é", "a, b"]])
def test_any_labels_come_back_as_they_went_in(labels):
    y = [labels[label == "late"] for label in LABELS]
    fitted = StatementTagger().fit(TEXTS, y)
    assert fitted.classes_.tolist() == sorted(labels)
    assert fitted.predict(TEXTS).tolist() == y
    assert set(fitted.tag(TEXTS[:1])[0].probabilities) == {str(label) for label in labels}
    assert cross_val_score(StatementTagger(), TEXTS, y, cv=2, error_score="raise").shape == (2,)


@pytest.mark.parametrize("column", [list, tuple, iter, np.array, pd.Series, lambda values: np.array(values, dtype=object)])
def test_texts_and_labels_in_any_column(tagger, column):
    fitted = StatementTagger(labels=["late", "fine"]).fit(column(TEXTS), column(LABELS))
    assert np.array_equal(fitted.predict_proba(column(TEXTS)), tagger.predict_proba(TEXTS))


def test_rows_do_not_depend_on_each_other_nor_on_their_order(tagger):
    whole = tagger.predict_proba(TEXTS)
    assert np.allclose(tagger.predict_proba(TEXTS[::-1]), whole[::-1])
    assert np.allclose(np.vstack([tagger.predict_proba([text]) for text in TEXTS]), whole)


def test_fitting_again_gives_the_same_and_leaves_the_parameters_alone(tagger):
    again = clone(tagger)
    assert not hasattr(again, "classes_")
    parameters = again.get_params()
    first = again.fit(TEXTS, LABELS).predict_proba(TEXTS)
    assert np.array_equal(again.fit(TEXTS, LABELS).predict_proba(TEXTS), first)
    assert again.get_params() == parameters
    encoder = TfidfEncoder(word_features=50)
    StatementTagger(encoder=encoder).fit(TEXTS, LABELS)
    assert not hasattr(encoder, "word_")


def test_a_pickle_predicts_the_same(tagger):
    assert np.array_equal(pickle.loads(pickle.dumps(tagger)).predict_proba(TEXTS), tagger.predict_proba(TEXTS))


def test_a_pipeline_a_search_and_cross_validation():
    pipeline = Pipeline([
        ("tidy", FunctionTransformer(lambda texts: [text.strip("* ") for text in texts])),
        ("tagger", StatementTagger(encoder=TfidfEncoder())),
    ])  # fmt: skip
    starred = [f"** {text}" for text in TEXTS]
    search = GridSearchCV(pipeline, {"tagger__C": [0.5, 4.0], "tagger__encoder__word_features": [30, 300]}, cv=3, error_score="raise")
    search.fit(starred, LABELS)
    assert search.best_params_.keys() == {"tagger__C", "tagger__encoder__word_features"}
    assert search.predict(["*We waited, it was late.*"]).tolist() == ["late"]
    ordered, plain = (
        cross_val_predict(StatementTagger(labels=labels), TEXTS, LABELS, cv=3, method="predict_proba")
        for labels in (["late", "fine"], None)
    )
    assert np.allclose(ordered, plain[:, ::-1])
    assert np.mean(ordered.argmax(axis=1) == [label == "fine" for label in LABELS]) > 0.7


def test_a_tagger_of_statements_can_learn_other_labels():
    tagger = StatementTagger().fit_statements([report.statements[:40] for report in labelled_reports(splits=["test"])[:2]])
    assert tagger.tag(TEXTS[:1])[0].source is not None
    tag = tagger.fit(TEXTS, LABELS).tag(["An hour late."])[0]
    assert (tag.polarity, tag.themes, tag.source) == ("late", (), None)


@pytest.mark.parametrize("call", [lambda e: e.predict(TEXTS), lambda e: e.predict_proba(TEXTS), lambda e: e.tag(TEXTS)])
def test_an_unfitted_tagger_says_so(call):
    with pytest.raises(NotFittedError):
        call(StatementTagger())


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: StatementTagger().fit(pd.DataFrame({"text": TEXTS}), LABELS), "one column of texts"),
        (lambda: StatementTagger().fit(TEXTS, [0.5] * 12), "whole number"),
        (lambda: StatementTagger().fit(TEXTS, [*LABELS[:-1], None]), "NoneType"),
        (lambda: StatementTagger().fit(TEXTS, [*LABELS[:-1], 3]), "the same for all"),
    ],
)
def test_mistakes_say_what_to_do(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_the_scorer_in_a_pipeline_and_a_search():
    rng = np.random.default_rng(0)
    scores = np.repeat([1, 2, 3, 4], 8)
    rows = scores[:, None] + rng.normal(0, 0.3, (32, 2))
    pipeline = Pipeline([("scale", StandardScaler()), ("scorer", QualityScorer())])
    search = GridSearchCV(pipeline, {"scorer__C": [0.1, 1.0], "scorer__monotone": [True, False]}, cv=4, error_score="raise").fit(
        rows, scores
    )
    assert search.best_score_ > 0.8
    assert (cross_val_predict(QualityScorer(), rows, scores, cv=4) == scores).mean() > 0.8
    assert cross_val_score(QualityScorer(), rows, scores, cv=4, scoring="neg_log_loss", error_score="raise").mean() > -0.8
    loaded = pickle.loads(pickle.dumps(search.best_estimator_))
    assert np.array_equal(loaded.predict_proba(rows), search.predict_proba(rows))


def test_scores_missing_in_training_keep_their_column():
    scorer = QualityScorer().fit([[0.0], [0.2], [1.0], [1.2]], [2, 2, 3, 3])
    assert scorer.classes_.tolist() == [1, 2, 3, 4]
    assert (scorer.predict_proba([[0.5]]) > 0).all()


def test_the_shipped_estimators_can_be_cloned_and_pickled():
    tagger, scorer = cqc_nlp.load_tagger("fast"), cqc_nlp.load_scorer("fast")
    assert clone(tagger).get_params()["labels"] == tagger.labels
    assert clone(scorer).get_params() == scorer.get_params()
    text = ["There was a lack of nursing beds."]
    assert np.array_equal(pickle.loads(pickle.dumps(tagger)).predict_proba(text), tagger.predict_proba(text))
