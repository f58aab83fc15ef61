from __future__ import annotations

import numpy as np
import pytest
from typer.testing import CliRunner

from cqc_nlp.cli import app
from cqc_nlp.corpus.profiles import profiles
from cqc_nlp.errors import CorpusError
from cqc_nlp.experiments.evaluation import bootstrap_intervals, score_metrics
from cqc_nlp.experiments.scores import PUBLISHED, WRITTEN, evaluate_scores


def test_intervals_hold_the_figure_and_shrink_with_more_authorities():
    rng = np.random.default_rng(0)
    gold = rng.integers(1, 5, 400)
    p = np.full((400, 4), 0.1)
    right = np.where(rng.random(400) < 0.8, gold, rng.integers(1, 5, 400))
    p[np.arange(400), right - 1] = 0.7

    def width(count: int) -> float:
        low, high = bootstrap_intervals(gold[:count].tolist(), p[:count], [str(i) for i in range(count)], draws=200)["accuracy"]
        figure = score_metrics(gold[:count].tolist(), right[:count].tolist(), p[:count])["accuracy"]
        assert low <= figure <= high
        return high - low

    assert width(400) < width(40)


def test_profiles_hold_real_grades_that_the_evidence_orders():
    for model in ("fast", "accurate"):
        found = profiles(model)
        means = [found.features[found.grades == grade, 0].mean() for grade in (1, 2, 3, 4)]
        assert means == sorted(means)
        assert len(found.grades) == len(found.authorities) == 183
    with pytest.raises(CorpusError, match="no such table"):
        profiles("no such model")


def test_evaluation_beats_the_baselines_on_authorities_not_seen():
    frame = evaluate_scores("fast", draws=20)
    for kind in (WRITTEN, PUBLISHED):
        assert frame.loc[(kind, "predicted tags"), "qwk"] > 0.8
        assert frame.loc[(kind, "majority"), "qwk"] == 0
        assert frame.loc[(kind, "predicted tags"), "adjacent"] >= 0.95
    sets = frame.loc[(PUBLISHED, "predicted tags")]
    assert sets["covered_80%"] >= 0.75
    assert sets["covered_95%"] >= 0.9
    assert sets["size_95%"] < 3
    assert (frame["qwk_low"] <= frame["qwk_high"]).all()


def test_the_command_prints_figures_with_intervals(tmp_path):
    result = CliRunner().invoke(app, ["evaluate", "--model", "fast", "--draws", "10", "--csv", str(tmp_path / "out.csv")])
    assert result.exit_code == 0, result.output
    assert "QWK" in result.output
    assert "Prediction sets" in result.output
    assert "predicted tags" in (tmp_path / "out.csv").read_text()
