"""Experiments: configuration, grouped splits, runs that can be taken up again, tables and significance."""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml
from conftest import EXAMPLES
from scipy import stats
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.metrics import cohen_kappa_score, f1_score
from typer.testing import CliRunner

from cqc_nlp.cli import app
from cqc_nlp.corpus.records import write_lines
from cqc_nlp.errors import ConfigurationError, CorpusError
from cqc_nlp.experiments import Results, approximate_randomisation, load_configuration, methods, paired_bootstrap, run, runs
from cqc_nlp.experiments.evaluation import calibration_error
from cqc_nlp.experiments.examples import read_examples, sentence
from cqc_nlp.experiments.measures import METRICS, counts
from cqc_nlp.tagging.encoding import FEATURE_GROUPS, TfidfEncoder

WORDS = {
    "praise": ("People praised the kind staff in {}.", "The {} team was quick and kind.", "Families were pleased with {}."),
    "worry": ("People waited too long for {}.", "The {} team was short of staff.", "Families were worried about {}."),
    "notes": ("The {} team has nine people.", "Meetings about {} take place on Mondays.", "The report on {} has five parts."),
}
THINGS = ("reviews", "breaks", "advice", "equipment", "housing", "transport", "respite", "training")


def write_corpus(path: Path, groups: int = 8, seed: int = 0, several: bool = False) -> Path:
    rng = random.Random(seed)
    rows = []
    for group in range(groups):
        for label in rng.sample([*WORDS] * 3, 9):
            text = rng.choice(WORDS[label]).format(rng.choice(THINGS))
            labels = [label, *(["staff"] if "staff" in text else [])] if several else label
            place = {"group": f"group {group}", "document": f"{group}", "split": "test" if group < 2 else "train"}
            rows.append({"text": text, "labels" if several else "label": labels, **place})
    write_lines(path, rows)
    return path


@pytest.fixture
def settings(tmp_path):
    return {
        "name": "small",
        "data": {"lines": str(write_corpus(tmp_path / "lines.jsonl"))},
        "split": {"kind": "folds", "folds": 2},
        "models": [
            {"name": "majority", "kind": "majority"},
            {"name": "words", "kind": "tfidf"},
            {"name": "tagger", "kind": "tagger", "parameters": {"C": 3.0}},
        ],
        "metrics": ["macro_f1", "kappa", "f1", "ece"],
        "significance": {"draws": 200},
    }


def without_time(results: Results):
    return results.to_frame().drop(columns="seconds")


# Configuration


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"modells": []}, r"modells: there is no such key; did you mean models\?"),
        ({"data": {"splitz": ["test"]}}, r"data.splitz: there is no such key; did you mean splits\?"),
        ({"split": {"kind": "random"}}, "split: choose folds .* both sides"),
        ({"split": {"kind": "folds", "folds": 1}}, "split.folds: .*greater than or equal to 2; got 1"),
        ({"split": {"kind": "given", "train": ["train", "test"], "test": ["test"]}}, "split: test is on both sides"),
        ({"metrics": ["qwk"]}, "qwk is for the task score"),
        ({"models": [{"name": "a", "kind": "neural"}]}, "models.0.kind: .*'majority'.*got \"neural\""),
        ({"models": [{"name": "a", "kind": "tfidf"}] * 2}, "a is the name of two models"),
        ({"models": [{"name": "a", "kind": "sklearn"}]}, "kind sklearn needs an estimator"),
        ({"models": [{"name": "a", "kind": "evidence"}]}, "evidence is for the task score"),
        ({"ablations": {"model": "words"}}, "only kind tagger has groups of features"),
        ({"ablations": {"model": "tagger", "without": ["cuez"]}}, "ablations.without.0: .*'cues'"),
        ({"significance": {"baseline": "best"}}, "there is no model 'best'; choose one of majority, words, tagger"),
        ({"seeds": []}, "seeds: .*at least 1"),
    ],
)
def test_a_mistake_names_file_key_and_remedy(settings, tmp_path, change, words):
    path = tmp_path / "experiment.yaml"
    path.write_text(yaml.safe_dump(settings | change), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=words) as caught:
        load_configuration(path)
    assert str(path) in str(caught.value)


def test_a_file_that_is_no_configuration_is_said_to_be_none(tmp_path):
    path = tmp_path / "experiment.yaml"
    for content, words in (("name: [a", "line .*no YAML"), ("- 1", "keys and values"), ("", "keys and values")):
        path.write_text(content, encoding="utf-8")
        with pytest.raises(ConfigurationError, match=words):
            load_configuration(path)
    path.write_bytes(b"name: \xff")
    with pytest.raises(ConfigurationError, match="UTF-8"):
        load_configuration(path)
    with pytest.raises(ConfigurationError, match="missing"):
        load_configuration(tmp_path / "none.yaml")


def test_paths_are_relative_to_the_file(settings, tmp_path):
    path = tmp_path / "experiment.yaml"
    path.write_text(yaml.safe_dump(settings | {"data": {"lines": "lines.jsonl"}}), encoding="utf-8")
    assert load_configuration(path).data.lines == tmp_path / "lines.jsonl"


@pytest.mark.parametrize("path", sorted((EXAMPLES / "experiments").glob("*.yaml")), ids=lambda path: path.stem)
def test_the_examples_are_sound(path):
    configuration = load_configuration(path)
    assert list(runs.plan(configuration, read_examples(configuration.data, configuration.task), {
        transfer.name: read_examples(transfer, configuration.task) for transfer in configuration.transfer
    }))  # fmt: skip


# Data and splits


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"label": "a", "group": "g"}, "line 1: there is no text"),
        ({"text": "t", "group": "g"}, "line 1: there is no label"),
        ({"text": "t", "label": "a"}, "line 1: there is no group"),
        ({"text": "t", "labels": "a", "group": "g"}, "line 1: there is no label"),
    ],
)
def test_a_line_that_lacks_something_is_named(settings, tmp_path, row, words):
    write_lines(tmp_path / "bad.jsonl", [row])
    with pytest.raises(CorpusError, match=f"bad.jsonl, {words}"):
        run(settings | {"data": {"lines": tmp_path / "bad.jsonl"}})


def test_no_group_is_on_both_sides(settings):
    configuration = load_configuration(settings | {"seeds": [0, 2], "learning_curve": {"fractions": [0.5]}})
    examples = read_examples(configuration.data, None)
    tasks = list(runs.plan(configuration, examples, {}))
    assert len(tasks) == 3 * 2 * 2 * 2
    for task in tasks:
        assert not set(task.train.groups) & set(task.test.groups)
    for seed in (0, 2):
        held = [t for t in tasks if t.model.name == "words" and t.seed == seed and t.fraction == 1.0]
        assert sorted(i for t in held for i in t.test.ids) == sorted(examples.ids)
    small, large = (next(t for t in tasks if t.fraction == fraction) for fraction in (0.5, 1.0))
    assert set(small.train.ids) < set(large.train.ids)
    first, second = ([t.test.ids for t in tasks if t.seed == seed] for seed in (0, 2))
    assert first != second


def test_what_would_put_a_group_on_both_sides_is_refused(settings, tmp_path):
    rows = [json.loads(line) for line in (tmp_path / "lines.jsonl").read_text().splitlines()]
    for row in rows:
        row["document"] += row["split"]
        row["group"] = "the same" if row["document"] in ("0test", "5train") else row["group"]
    write_lines(tmp_path / "mixed.jsonl", rows)
    with pytest.raises(ConfigurationError, match="split: 1 authorities are on both sides, such as the same"):
        run(settings | {"data": {"lines": tmp_path / "mixed.jsonl"}, "split": {"kind": "given"}})
    with pytest.raises(ConfigurationError, match="transfer: again: 8 authorities are on both sides"):
        run(settings | {"transfer": [{"name": "again", "lines": tmp_path / "lines.jsonl"}]})
    with pytest.raises(ConfigurationError, match="folds need 9 authorities or more; there are 8"):
        run(settings | {"split": {"kind": "folds", "folds": 9}})


def test_the_shipped_encoder_is_not_tested_on_what_it_has_read(settings):
    encoder = {"data": {"splits": ["train"]}, "models": [{"name": "shipped", "kind": "encoder"}]}
    with pytest.raises(ConfigurationError, match="the shipped encoder was trained on these texts"):
        run(settings | encoder)


def test_given_splits_and_transfer(settings, tmp_path):
    rows = [json.loads(line) for line in write_corpus(tmp_path / "other.jsonl", seed=5).read_text().splitlines()]
    write_lines(tmp_path / "other.jsonl", [row | {"group": f"other {row['group']}"} for row in rows])
    results = run(settings | {"split": {"kind": "given"}, "transfer": [{"name": "other", "lines": tmp_path / "other.jsonl"}]})
    frame = results.to_frame().set_index(["model", "test"])
    assert frame.loc[("words", "held out"), ["texts", "groups"]].tolist() == [18, 2]
    assert frame.loc[("words", "other"), ["texts", "groups"]].tolist() == [72, 8]
    assert frame.loc[("words", "other"), "macro_f1"] > 0.9
    assert set(results.comparisons()["test"]) == {"held out", "other"}


# Runs


def test_the_same_figures_in_a_fresh_folder_and_after_an_interrupt(settings, tmp_path, monkeypatch):
    whole = run(settings, tmp_path / "whole")
    assert without_time(run(settings, tmp_path / "again")).equals(without_time(whole))

    made = []

    def interrupted(method, train, test):
        if len(made) == 3:
            raise KeyboardInterrupt
        made.append(method)
        return methods.fit_predict(method, train, test)

    with monkeypatch.context() as patch:
        patch.setattr(runs, "fit_predict", interrupted)
        with pytest.raises(KeyboardInterrupt):
            run(settings, tmp_path / "stopped")
    files = sorted((tmp_path / "stopped" / "runs").iterdir())
    assert len(files) == 3
    assert not (tmp_path / "stopped" / "results.json").exists()
    with pytest.raises(ConfigurationError, match="there are results already; resume"):
        run(settings, tmp_path / "stopped")
    files[0].write_text(files[0].read_text()[:200])  # damaged: it is made again
    resumed = run(settings, tmp_path / "stopped", resume=True)
    assert resumed.record["made_now"] == 4
    assert without_time(resumed).equals(without_time(whole))
    assert resumed.summary().drop(columns="seconds").equals(whole.summary().drop(columns="seconds"))
    # A changed parameter is another run; the rest is taken.
    settings["models"][2]["parameters"]["C"] = 0.01
    assert run(settings, tmp_path / "stopped", resume=True).record["made_now"] == 2


def test_a_folder_of_results_holds_figures_and_no_text(settings, tmp_path):
    results = run(settings, tmp_path / "out")
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert {"results.json", "runs", "table.csv", "table.md", "table.tex"} <= names
    for path in (tmp_path / "out").rglob("*"):
        assert path.suffix in ("", ".json", ".csv", ".md", ".tex", ".png")
        assert path.suffix == ".png" or path.is_dir() or "praised" not in path.read_text(encoding="utf-8")
    document = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))
    assert document["record"]["versions"]["scikit-learn"]
    assert len(document["record"]["data_digest"]) == 64
    loaded = Results.load(tmp_path / "out")
    assert loaded.to_frame().equals(results.to_frame())
    assert loaded.configuration == results.configuration
    next((tmp_path / "out" / "runs").iterdir()).unlink()
    with pytest.raises(ConfigurationError, match="missing or damaged"):
        Results.load(tmp_path / "out")


def test_figures_are_those_of_scikit_learn(settings):
    results = run(settings)
    rows = results.predictions()
    for model, own in rows.groupby("model"):
        row = results.summary().loc[(model, "held out", 1.0)]
        assert row["macro_f1"] == pytest.approx(f1_score(own["given"], own["predicted"], average="macro"))
        assert row["kappa"] == pytest.approx(cohen_kappa_score(own["given"], own["predicted"]))
        confidence = own[list(WORDS)].max(axis=1)
        assert row["ece"] == pytest.approx(calibration_error(own["given"] == own["predicted"], confidence))
        assert row["macro_f1_low"] <= row["macro_f1"] <= row["macro_f1_high"]
    assert results.summary().loc[("tagger", "held out", 1.0), "macro_f1"] > 0.8


def test_texts_with_several_labels(settings, tmp_path):
    write_corpus(tmp_path / "several.jsonl", several=True)
    results = run(settings | {"data": {"lines": tmp_path / "several.jsonl"}})
    assert results.labels == ("notes", "praise", "staff", "worry")
    summary = results.summary().xs(1.0, level="fraction").xs("held out", level="test")
    assert summary.loc["words", "macro_f1"] > summary.loc["majority", "macro_f1"] + 0.3
    gold = np.concatenate([r.gold for r in results.runs if r.model == "words"])
    given = np.concatenate([r.probabilities for r in results.runs if r.model == "words"]) >= 0.5
    assert summary.loc["words", "macro_f1"] == pytest.approx(f1_score(gold, given, average="macro"))


def test_ablations_learning_curve_and_seeds(settings):
    more = {"ablations": {"model": "tagger", "without": ["cues", ["words", "characters"]]}, "learning_curve": {"fractions": [0.5, 1.0]}}
    results = run(settings | more | {"seeds": [0, 1]})
    summary = results.summary()
    assert (
        summary.loc[("tagger", "held out", 1.0), "macro_f1"]
        > summary.loc[("tagger without words and characters", "held out", 1.0), "macro_f1"]
    )
    assert {"macro_f1_sd", "macro_f1_low"} <= set(summary.columns)
    assert ("tagger without cues", "held out", 0.5) in summary.index
    assert "| tagger without cues | 50% |" in results.to_markdown()
    axes = pytest.importorskip("matplotlib.pyplot") and results.plot()
    assert len(axes.get_legend().get_texts()) == 5


def test_tables_are_well_formed(settings):
    settings["models"][1]["name"] = "50% & more_"
    results = run(settings)
    lines = results.to_markdown().splitlines()
    assert len(lines) == 5
    assert len({line.count("|") for line in lines}) == 1
    latex = results.to_latex()
    assert r"50\% \& more\_" in latex
    assert latex.startswith(r"\begin{tabular}{lrrrrrr}")
    assert all(line.count(" & ") == 6 for line in latex.splitlines() if line.endswith(r"\\"))


def test_two_processes_give_the_same(settings, tmp_path):
    settings["models"] = settings["models"][:2]
    assert without_time(run(settings, tmp_path / "two", n_jobs=2)).equals(without_time(run(settings)))


# Methods


class Nearest(ClassifierMixin, BaseEstimator):
    """A method of one's own: the label whose training texts share most words."""

    def fit(self, texts, labels, groups):
        self.classes_ = sorted(set(labels))
        assert len(set(groups)) > 1
        self.words_ = [{w for t, y in zip(texts, labels, strict=True) if y == c for w in t.split()} for c in self.classes_]
        return self

    def predict_proba(self, texts):
        shared = np.array([[1 + len(words & set(text.split())) for words in self.words_] for text in texts], dtype=float)
        return shared / shared.sum(axis=1, keepdims=True)


def test_a_method_of_ones_own_and_any_classifier(settings):
    settings["models"] = [
        {"name": "mine", "kind": "object"},
        {"name": "Bayes", "kind": "sklearn", "estimator": "sklearn.naive_bayes.ComplementNB", "parameters": {"alpha": 0.5}},
        {"name": "no probabilities", "kind": "sklearn", "estimator": "sklearn.svm.LinearSVC"},
    ]
    summary = run(settings, objects={"mine": Nearest()}).summary()
    assert (summary["macro_f1"] > 0.6).all()
    with pytest.raises(ConfigurationError, match="mine: kind object is for methods made in Python"):
        run(settings)


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ({"kind": "sklearn", "estimator": "os.system"}, "'os.system' is not of sklearn, imblearn, lightgbm"),
        ({"kind": "sklearn", "estimator": "sklearn.naive_bayes.Nothing"}, "no class with fit and predict"),
        ({"kind": "sklearn", "estimator": "sklearn.utils.murmurhash3_32"}, "no class with fit and predict"),
        ({"kind": "sklearn", "estimator": "sklearn.nothing.At"}, "mend the name"),
        ({"kind": "tfidf", "parameters": {"D": 3}}, "does not take these parameters .*'D'"),
        ({"kind": "tagger", "parameters": {"D": 3}}, "does not take these parameters .*'D'"),
    ],
)
def test_a_method_that_cannot_be_made_is_said_before_the_work(settings, model, words):
    settings["models"].append({"name": "last", **model})
    with pytest.raises(ConfigurationError, match=f"last: .*{words}"):
        run(settings)


def test_a_missing_package_is_named(settings, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    settings["models"] = [{"name": "encoder", "kind": "encoder", "parameters": {"encoder": str(tmp_path)}}]
    with pytest.raises(ConfigurationError, match="pip install sentence-transformers"):
        run(settings)


def test_spacy_and_the_shipped_encoder(settings):
    settings["models"] = [
        {"name": "textcat", "kind": "spacy", "parameters": {"epochs": 20, "batch_size": 8}},
        {"name": "shipped", "kind": "encoder"},
    ]
    summary = run(settings | {"split": {"kind": "given"}}).summary()
    assert (summary["macro_f1"] > 0.6).all()
    assert run(settings | {"split": {"kind": "given"}}).summary()["macro_f1"].equals(summary["macro_f1"])


def test_the_score_from_evidence():
    results = run({
        "name": "score",
        "data": {"task": "score", "splits": ["test"]},
        "split": {"kind": "folds", "folds": 2},
        "models": [{"name": "majority", "kind": "majority"}, {"name": "evidence", "kind": "evidence", "parameters": {"tags": "gold"}}],
        "metrics": ["qwk", "accuracy"],
    })  # fmt: skip
    summary = results.summary()["qwk"].droplevel(["test", "fraction"])
    assert summary["evidence"] > summary["majority"] + 0.4
    own = results.predictions().query("model == 'evidence'")
    expected = cohen_kappa_score(own["given"], own["predicted"], weights="quadratic", labels=["1", "2", "3", "4"])
    assert summary["evidence"] == pytest.approx(expected)


def test_features_can_be_left_out_and_neighbours_taken_in(tmp_path):
    sequences = [
        [sentence(text) for text in ("Carers waited.", "A new service opened.", "It was popular.")],
        [sentence("Beds were short.")],
    ]
    whole = TfidfEncoder().fit(sequences).transform(sequences)
    fewer = [TfidfEncoder(without=[group]).fit(sequences).transform(sequences).shape[1] for group in FEATURE_GROUPS]
    assert all(columns < whole.shape[1] for columns in fewer)
    assert sum(whole.shape[1] - columns for columns in fewer) == whole.shape[1]
    for mistaken in (["word"], FEATURE_GROUPS):
        with pytest.raises(ValueError, match="without names groups of features"):
            TfidfEncoder(without=mistaken).fit(sequences)
    wide = TfidfEncoder(neighbour_weight=0.5, position_weight=1.0).fit(sequences)
    rows = wide.transform(sequences).toarray()
    words = len(wide.word_.vocabulary_)
    assert rows.shape[1] == whole.shape[1] + 2 * words + 12
    assert np.array_equal(rows[:, : whole.shape[1]], whole.toarray())
    before, after = np.split(rows[:, whole.shape[1] : -12], 2, axis=1)
    assert np.allclose(before[1], 0.5 * rows[0, :words])
    assert np.allclose(after[1], 0.5 * rows[2, :words])
    assert not before[0].any()
    assert not after[2:].any()
    wide.save(tmp_path)
    assert np.allclose(TfidfEncoder.load(tmp_path, wide.settings()).transform(sequences).toarray(), rows, atol=1e-4)


# Significance


def test_a_method_does_not_differ_from_itself():
    a = np.random.default_rng(0).random((20, 3))
    found = paired_bootstrap(a, a, lambda total: total[..., 0])
    assert found == (0.0, 0.0, 0.0, 1.0)
    assert approximate_randomisation(a, a, lambda total: total[..., 0]) == 1.0


def test_the_order_of_two_methods_changes_the_sign_alone():
    rng = np.random.default_rng(1)
    a, b = rng.integers(0, 9, (2, 30, 9))
    statistic = lambda total: METRICS["macro_f1"](total, 3, False)  # noqa: E731
    there, back = paired_bootstrap(a, b, statistic), paired_bootstrap(b, a, statistic)
    assert there.difference == -back.difference
    assert (there.low, there.high, there.p) == pytest.approx((-back.high, -back.low, back.p))
    assert approximate_randomisation(a, b, statistic) == approximate_randomisation(b, a, statistic)


def test_the_tests_agree_with_scipy():
    rng = np.random.default_rng(2)
    a = rng.normal(0.25, 1, 24)
    b = rng.normal(0, 1, 24)
    mean = lambda total: total / 24  # noqa: E731
    drawn = paired_bootstrap(a, b, mean, draws=20_000)
    other = stats.bootstrap((a - b,), np.mean, n_resamples=20_000, method="percentile", random_state=0).confidence_interval
    assert (drawn.low, drawn.high) == pytest.approx(tuple(other), abs=0.03)
    exchanged = stats.permutation_test(
        (a, b), lambda x, y, axis: x.mean(axis) - y.mean(axis),
        permutation_type="samples", vectorized=True, n_resamples=20_000, random_state=0,
    )  # fmt: skip
    assert approximate_randomisation(a, b, mean, draws=20_000) == pytest.approx(exchanged.pvalue, abs=0.02)


def test_a_sure_difference_is_found_and_chance_is_not():
    good, bad = np.tile([9.0, 1.0], (40, 1)), np.tile([5.0, 5.0], (40, 1))
    right = lambda total: total[..., 0] / total.sum(-1)  # noqa: E731
    assert approximate_randomisation(good, bad, right, draws=999) == pytest.approx(0.001)
    rng = np.random.default_rng(3)
    p = [approximate_randomisation(*rng.random((2, 25)), lambda total: total, draws=200, seed=n) for n in range(200)]
    assert 0.01 <= np.mean(np.array(p) <= 0.05) <= 0.11  # as often as promised
    with pytest.raises(ValueError, match="same groups"):
        paired_bootstrap([1.0], [1.0, 2.0], right)


def test_counts_add_up_over_groups():
    rng = np.random.default_rng(4)
    gold = np.eye(3, dtype=bool)[rng.integers(0, 3, 60)]
    p = rng.dirichlet([1, 1, 1], 60)
    names = rng.choice(["a", "b", "c"], 60)
    apart, together = counts(gold, p, names, False), counts(gold, p, ["all"] * 60, False)
    assert np.allclose(apart.sum(axis=0), together[0])
    assert apart.shape[0] == 3


# Command line


def test_compare_models(settings, tmp_path):
    path = tmp_path / "experiment.yaml"
    path.write_text(yaml.safe_dump(settings), encoding="utf-8")
    call = ["compare-models", str(path), "--out", str(tmp_path / "out")]
    first = CliRunner().invoke(app, call)
    assert first.exit_code == 0, first.output
    assert "tagger" in first.stdout
    assert "6 runs, 6 of them made now" in first.stdout
    again = CliRunner().invoke(app, call)
    assert again.exit_code == 1
    assert "resume" in again.output
    resumed = CliRunner().invoke(app, [*call, "--resume"])
    assert "6 runs, 0 of them made now" in resumed.stdout
    path.write_text("name: small\nmodel: x\n", encoding="utf-8")
    mistaken = CliRunner().invoke(app, call)
    assert mistaken.exit_code == 1
    assert "did you mean models" in mistaken.output
