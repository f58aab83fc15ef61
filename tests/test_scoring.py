from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone

import cqc_nlp
from cqc_nlp.framework import published_prior
from cqc_nlp.schema import POLARITIES, THEMES, Section, SectionKind, Sentence, Statement, Tag
from cqc_nlp.scoring import FEATURES, QualityScorer, evidence
from cqc_nlp.scoring.features import Weights, shares

SECTIONS = [Section("", kind, 0, 1) for kind in SectionKind]
TAGS = st.builds(Tag, st.sampled_from(POLARITIES), st.just(()), st.lists(st.sampled_from(THEMES), unique=True, max_size=2).map(tuple))
STATEMENTS = st.builds(lambda tag, section: Statement.of(Sentence("x", 0, 1, section, 0), tag), TAGS, st.sampled_from(SECTIONS))


def expected(statements):
    return float(cqc_nlp.load_scorer("fast").expected_score(evidence(statements)[None])[0])


@given(st.lists(STATEMENTS, max_size=60), STATEMENTS)
def test_a_shortfall_never_raises_and_a_strength_never_lowers_the_expected_score(statements, another):
    before, after = expected(statements), expected([*statements, another])
    if another.polarity == "shortfall":
        assert after <= before + 1e-9
    if another.polarity == "strength":
        assert after >= before - 1e-9


@given(st.lists(STATEMENTS, max_size=30))
def test_repeated_statements_do_not_count(statements):
    repeated = [Statement(s.text, s.start, s.end, s.section, s.paragraph, True, s.tag) for s in statements]
    assert evidence([*statements, *repeated]).tolist() == evidence(statements).tolist()


@given(
    st.lists(st.sampled_from([1, 2, 3, 4]), min_size=4, max_size=30).filter(lambda y: len(set(y)) > 1),
    st.sampled_from([None, published_prior()]),
)
def test_always_four_probabilities_whatever_scores_are_missing(scores, prior):
    X = np.array(scores, dtype=float)[:, None] + np.linspace(0, 0.1, len(scores))[:, None]
    p = QualityScorer(prior=prior).fit(X, scores).predict_proba([[-5.0], [2.5], [9.0]])
    assert p.shape == (3, 4)
    assert (p >= 0).all()
    assert np.allclose(p.sum(axis=1), 1)
    mean = p @ [1, 2, 3, 4]
    assert mean[0] <= mean[1] + 1e-9
    assert mean[1] <= mean[2] + 1e-9


def test_the_scorer_orders_scores():
    rng = np.random.default_rng(0)
    y = rng.integers(1, 5, 200)
    X = np.column_stack([y + rng.normal(0, 0.5, 200), rng.normal(0, 1, 200)])
    scorer = QualityScorer(C=10, monotone=False).fit(X[:150], y[:150])
    assert (scorer.predict(X[150:]) == y[150:]).mean() > 0.6
    assert (np.abs(scorer.predict(X[150:]) - y[150:]) <= 1).all()
    assert np.all(np.diff(scorer.thresholds_) > 0)
    assert clone(scorer).get_params() == scorer.get_params()
    assert np.allclose(scorer.contributions(X).sum(axis=1), scorer.latent(X))


@pytest.mark.parametrize(
    ("arguments", "y", "words"),
    [
        ({}, [0, 5], "1 to 4"),
        ({"prior": (1, 2)}, [1, 2], "four shares"),
    ],
)
def test_mistakes_are_answered(arguments, y, words):
    with pytest.raises(ValueError, match=words):
        QualityScorer(**arguments).fit([[0.0], [1.0]], y)


BODY = "\n\n".join(
    [
        "## Ensuring quality of local services",
        "Visits took place each year. There was a lack of feedback from people. We plan to mend this.",
        "Providers told us that they felt supported, however some reports were late.",
    ]
)


@pytest.mark.parametrize(
    "head",
    [
        "# Care provision, integration and continuity\n\nScore: 1",
        "# Care provision, integration and continuity\n\nScore: 4\n\n4 - Evidence shows an exceptional standard",
        "# Outstanding: Marlbeck Council\n\n## Care provision, integration and continuity\n\nRating: Outstanding",
        "# An inadequate Dunmoor Council\n\nScore: 1\n\nEvidence shows significant shortfalls",
        "Score 3\n\n3 - Evidence shows a good standard",
    ],
)
def test_printed_scores_and_rating_words_in_headings_change_nothing(head):
    plain = cqc_nlp.assess(cqc_nlp.read_text(BODY), model="fast")
    headed = cqc_nlp.assess(cqc_nlp.read_text(f"{head}\n\n{BODY}"), model="fast")
    assert [s.tag for s in headed.statements] == [s.tag for s in plain.statements]
    assert headed.probabilities.tolist() == plain.probabilities.tolist()


@pytest.mark.parametrize("word", ["Good", "Outstanding", "Inadequate", "Requires improvement"])
def test_rating_words_in_a_subheading_change_nothing(word):
    plain = cqc_nlp.assess(cqc_nlp.read_text(BODY.replace("\n\nProviders", "\n\n### What works\n\nProviders")), model="fast")
    rated = cqc_nlp.assess(cqc_nlp.read_text(BODY.replace("\n\nProviders", f"\n\n### {word} practice\n\nProviders")), model="fast")
    assert rated.probabilities.tolist() == plain.probabilities.tolist()


def test_a_sentence_that_states_the_own_grade_counts_alike_whatever_the_grade():
    def probabilities(score, word):
        own = f"We have scored ourselves {score} for this quality statement. We are rated {word} overall in our assessment."
        return cqc_nlp.assess(f"{BODY}\n\n{own}", model="fast").probabilities.tolist()

    assert probabilities(1, "inadequate") == probabilities(4, "outstanding")


def test_the_explanation_adds_up():
    assessment = cqc_nlp.assess(BODY, model="fast")
    explanation = assessment.explain()
    assert explanation.start + sum(c for _, _, c in explanation.features) == pytest.approx(explanation.latent)
    assert [name for name, _, _ in explanation.features] == list(FEATURES)
    assert len(explanation.statements) == len(assessment.statements)
    assert "What the score rests on" in str(explanation)


@given(st.floats(0.05, 1.0))
def test_prediction_sets_are_adjacent_and_hold_the_score(coverage):
    assessment = cqc_nlp.assess(BODY, model="fast")
    chosen = assessment.prediction_set(coverage)
    assert list(chosen) == list(range(chosen[0], chosen[-1] + 1))
    assert set(chosen) <= set(assessment.prediction_set(1.0)) == {1, 2, 3, 4}
    assert assessment.score in chosen


def test_a_draft_without_sections_is_scored_on_its_mix_alone():
    good = [Statement.of(Sentence("x", 0, 1, SECTIONS[i % 5], 0), Tag(POLARITIES[0])) for i in range(40)]
    bad = [Statement.of(Sentence("x", 0, 1, SECTIONS[i % 5], 0), Tag(POLARITIES[1])) for i in range(8)]
    bare = [Statement.of(Sentence("x", 0, 1, SECTIONS[-1], 0), s.tag) for s in (*good, *bad)]
    assert abs(expected([*good, *bad]) - expected(bare)) < 0.3


TEXT = """# Care provision, integration and continuity
## Understanding local needs for care and support
Leaders consistently used data to plan care. Carers waited too long for breaks.
## Ensuring quality of local services
We plan to open a centre in 2027. Providers praised the quality team. Some people could not find homecare."""


@pytest.fixture(scope="module")
def assessment():
    return cqc_nlp.assess(TEXT, model="fast")


def test_contributions_add_up_to_the_prediction(assessment):
    explanation = assessment.explain()
    of_statements = sum(value for _, value in explanation.contributions)
    assert explanation.start + of_statements == pytest.approx(explanation.latent, abs=1e-6)
    assert explanation.start + sum(c for _, _, c in explanation.features) == pytest.approx(explanation.latent, abs=1e-9)
    for by in ("section", "theme", "feature"):
        steps = explanation.waterfall(by)
        assert sum(value for _, value in steps[:-1]) == pytest.approx(steps[-1][1], abs=1e-6)
    assert assessment.scorer.probabilities([explanation.latent])[0] == pytest.approx(assessment.probabilities)
    assert len(explanation.to_frame()) == 5


@given(st.lists(STATEMENTS, min_size=1, max_size=40))
def test_shares_of_statements_sum_to_the_features(statements):
    assert shares(statements).sum(axis=0) == pytest.approx(evidence(statements), abs=1e-6)
    without_first = Weights.of(statements).without_each().features()[0]
    assert without_first == pytest.approx(evidence(statements[1:]), abs=1e-9)


def test_what_if_agrees_with_a_report_written_so(assessment):
    effects = {s.text: effect for s, effect in assessment.explain().statements}
    for position, statement in enumerate(assessment.statements):
        assert assessment.what_if(remove=[position]).change == pytest.approx(-effects[statement.text], abs=1e-9)
        assert assessment.what_if(remove=[statement]).change == pytest.approx(-effects[statement.text], abs=1e-9)
    better = assessment.what_if(add=["People praised the timely support that they received."])
    assert str(better.added[0].polarity) == "strength"
    assert better.change > 0
    assert assessment.what_if().change == pytest.approx(0)
    with pytest.raises(ValueError, match="neither a statement"):
        assessment.what_if(remove=[99])


def test_emphatic_statements_weigh_more(assessment):
    plain = assessment.what_if(add=[Statement.of(Sentence("Reviews were on time.", 0, 0, SECTIONS[0], 0), Tag("strength"))])
    far = assessment.what_if(add=[Statement.of(Sentence("Reviews were consistently on time.", 0, 0, SECTIONS[0], 0), Tag("strength"))])
    assert far.change > plain.change > 0


def test_precedents_are_the_nearest_and_a_report_is_its_own(assessment):
    found = assessment.precedents(count=10)
    assert [p.distance for p in found] == sorted(p.distance for p in found)
    assert all(p.score in (1, 2, 3, 4) for p in found)
    printed = cqc_nlp.assess(TEXT.replace("continuity\n", "continuity\nScore: 2\n", 1), model="fast")
    own = assessment.precedents(count=1, library=[printed])[0]
    assert own.distance == pytest.approx(0)
    assert own.score == 2


def test_prediction_sets_are_adjacent_nested_and_hold_the_asked_share():
    rng = np.random.default_rng(1)
    y = rng.integers(1, 5, 1200)
    X = (y + rng.normal(0, 0.9, len(y)))[:, None]
    scorer = QualityScorer(C=10).fit(X[:200], y[:200])
    scorer.conformalise(scorer.predict_proba(X[200:600]), y[200:600])
    p = scorer.predict_proba(X[600:])
    wider = [set() for _ in p]
    for coverage in (0.5, 0.8, 0.9, 0.95):
        sets = scorer.prediction_sets(p, coverage)
        assert all(list(s) == list(range(s[0], s[-1] + 1)) for s in sets)
        assert all(smaller <= set(s) for smaller, s in zip(wider, sets, strict=True))
        assert np.mean([score in s for score, s in zip(y[600:], sets, strict=True)]) > coverage - 0.04
        wider = [set(s) for s in sets]
    with pytest.raises(ValueError, match="coverage"):
        scorer.prediction_sets(p, 0)


def test_related_reports_lend_their_slope_but_not_their_thresholds():
    rng = np.random.default_rng(2)
    y = np.tile([1, 2, 3, 4], 60)
    related = np.arange(len(y)) >= 120
    X = (y - 2.0 * related + rng.normal(0, 0.3, len(y)))[:, None]
    scorer = QualityScorer(C=10).fit(X, y, related=related)
    alone = QualityScorer(C=10).fit(X[~related], y[~related])
    assert scorer.related_shift_ > 0
    assert (scorer.predict(X[~related]) == alone.predict(X[~related])).mean() > 0.95
    assert (scorer.predict(X[related]) < y[related]).mean() > 0.4


def test_the_profile_describes_the_evidence(assessment):
    profile = assessment.profile
    assert profile["statements"] == 5
    assert sum(profile[f"share: {p}"] for p in POLARITIES) == pytest.approx(1)
    assert sum(profile[f"source: {s}"] for s in cqc_nlp.schema.SOURCES) == pytest.approx(1)
    assert profile["severity"] > 0
    dateless = cqc_nlp.assess(TEXT.replace(" in 2027", ""), model="fast").profile
    assert profile["undated"] < dateless["undated"]
    assert set(cqc_nlp.assess("Carers waited.", model="fast").profile) == set(profile)
