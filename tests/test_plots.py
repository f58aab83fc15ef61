from __future__ import annotations

import builtins
import warnings

import numpy as np
import pytest
from conftest import EXAMPLES

import cqc_nlp
from cqc_nlp.errors import CQCNLPError
from cqc_nlp.framework import SCORES
from cqc_nlp.schema import POLARITIES, THEMES
from cqc_nlp.views.words import palette, percent

matplotlib = pytest.importorskip("matplotlib", reason="matplotlib is not installed (extra plot)")
matplotlib.use("Agg")

import matplotlib.pyplot as plt  # noqa: E402
from matplotlib.axes import Axes  # noqa: E402
from matplotlib.colors import to_hex  # noqa: E402

from cqc_nlp import plots  # noqa: E402


@pytest.fixture(scope="module")
def made():
    names = ("marlbeck-draft.md", "candid-draft.md", "marlbeck-draft.txt")
    return [cqc_nlp.assess(EXAMPLES / name, model="fast") for name in names]


@pytest.fixture(autouse=True)
def _figures():
    yield
    plt.close("all")


def drawn(axes):
    """What is written on the axes, once drawn: a text that cannot be set would fail here."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph")
        axes.figure.canvas.draw()
    return [text.get_text() for text in axes.texts]


def ticks(axis):
    return [label.get_text() for label in axis.get_ticklabels()]


def widths(axes):
    return np.array([bar.get_width() for bar in axes.patches])


def test_bars_are_as_long_as_the_probabilities(made):
    axes = made[0].plot()
    assert isinstance(axes, Axes)
    assert widths(axes) == pytest.approx(made[0].probabilities)
    assert [label[0] for label in ticks(axes.yaxis)] == ["1", "2", "3", "4"]
    assert set(map(percent, made[0].probabilities)) <= set(drawn(axes))
    assert f"predicted score {made[0].score}" in axes.get_title(loc="left")
    assert len({to_hex(bar.get_facecolor()) for bar in axes.patches}) == 2


def test_the_heat_map_holds_the_counts(made):
    axes = made[0].plot("evidence")
    counted = [s for s in made[0].statements if not s.repeated]
    cells = np.array([int(text) for text in drawn(axes)]).reshape(len(THEMES) + 1, len(POLARITIES))
    for row, theme in enumerate(THEMES):
        assert cells[row].tolist() == [sum(theme in s.themes and s.polarity == p for s in counted) for p in POLARITIES]
    assert cells[-1].sum() == sum(not s.themes for s in counted)
    assert ticks(axes.xaxis) == ["Strength", "Shortfall", "Plan", "Context"]
    assert ticks(axes.yaxis)[0] == "Unpaid carers"


@pytest.mark.parametrize("by", ["section", "theme", "feature"])
def test_the_waterfall_adds_up(made, by):
    axes = plots.contributions(made[0], by=by)
    explanation = made[0].explain()
    assert explanation.start + widths(axes).sum() == pytest.approx(explanation.latent)
    ends = [bar.get_x() + bar.get_width() for bar in axes.patches]
    assert [bar.get_x() for bar in axes.patches][1:] == pytest.approx(ends[:-1])
    labels = ticks(axes.yaxis)
    assert (labels[0], labels[-1]) == ("No evidence", "This report")
    assert ("Ensuring quality of local services" in labels) == (by == "section")
    assert ("Unpaid carers" in labels) == (by == "theme")
    assert len(labels) == len(axes.patches) + 2
    assert {f"{score} begins" for score in SCORES[1:]} <= set(drawn(axes))


def test_sections_are_stacked_by_polarity(made):
    axes = made[0].plot("sections")
    counted = [s for s in made[0].statements if not s.repeated]
    assert widths(axes).sum() == len(counted)
    strengths = widths(axes)[: len(ticks(axes.yaxis))]
    assert strengths.sum() == sum(s.polarity == "strength" for s in counted)
    assert [text.get_text() for text in axes.get_legend().get_texts()] == list(map(str, POLARITIES))
    first = axes.patches[0]
    assert to_hex(first.get_facecolor()) == palette()["polarities"]["strength"]["light"]["mark"]


def test_several_assessments_stand_side_by_side(made):
    axes = plots.compare_assessments(made)
    assert len(drawn(axes)) == 4 * len(made)
    assert np.asarray(axes.images[0].get_array()) == pytest.approx(np.array([a.probabilities for a in made]))
    diamonds = axes.lines[0].get_xdata()
    assert np.asarray(diamonds) + 1 == pytest.approx([a.expected_score for a in made])
    assert len(set(ticks(axes.yaxis))) == len(made)
    with pytest.raises(ValueError, match="at least one"):
        plots.compare_assessments([])


def test_a_confusion_matrix_counts():
    axes = plots.confusion_matrix(["plan", "plan", "strength"], ["plan", "strength", "strength"])
    assert ticks(axes.xaxis) == list(map(str, POLARITIES))
    cells = np.array([int(text) for text in drawn(axes)]).reshape(4, 4)
    assert (cells[2, 2], cells[2, 0], cells[0, 0], cells.sum()) == (1, 1, 1, 3)
    scores = plots.confusion_matrix([1, 3, 3], [1, 3, 4], labels=SCORES)
    assert ticks(scores.yaxis) == ["1", "2", "3", "4"]
    assert scores.images[0].get_array()[2].tolist() == [0, 0, 0.5, 0.5]


def test_reliability_shows_how_often_confidence_was_right():
    axes = plots.reliability([True, True, False, True], [0.95, 0.92, 0.91, 0.15])
    assert [bar.get_height() for bar in axes.patches] == pytest.approx([1, 2 / 3])
    assert [bar.get_x() + bar.get_width() / 2 for bar in axes.patches] == pytest.approx([0.15, 0.95])
    assert drawn(axes) == ["1", "3"]


def test_a_learning_curve_has_a_line_for_each_choice():
    import pandas as pd

    index = pd.MultiIndex.from_product([["25%", "50%", "100%"], ["without", "with"]], names=["part", "contrasts"])
    curve = pd.DataFrame({"test polarity_macro_f1": [0.5, 0.52, 0.6, 0.63, 0.7, 0.72], "test theme_macro_f1": range(6)}, index=index)
    axes = plots.learning_curve(curve)
    assert [line.get_label() for line in axes.lines] == ["without contrast groups", "with contrast groups"]
    assert axes.lines[1].get_xdata().tolist() == [25, 50, 100]
    assert axes.lines[1].get_ydata().tolist() == [0.52, 0.63, 0.72]
    assert axes.get_ylabel() == "test polarity macro f1"
    assert plots.learning_curve(curve, "test theme_macro_f1").lines[0].get_ydata().tolist() == [0, 2, 4]
    with pytest.raises(ValueError, match="choose one of test polarity_macro_f1"):
        plots.learning_curve(curve, "speed")


def test_given_axes_are_drawn_on_and_nothing_is_opened_or_closed(made):
    figure, both = plt.subplots(1, 2)
    assert made[0].plot(ax=both[0]) is both[0]
    assert made[0].plot("evidence", ax=both[1]) is both[1]
    assert plt.get_fignums() == [figure.number]
    size = matplotlib.rcParams["font.size"], matplotlib.rcParams["axes.spines.top"]
    made[0].plot()
    assert len(plt.get_fignums()) == 2
    assert (matplotlib.rcParams["font.size"], matplotlib.rcParams["axes.spines.top"]) == size


def test_an_unknown_plot_is_said_so(made):
    with pytest.raises(ValueError, match="choose one of probabilities, evidence, contributions, sections"):
        made[0].plot("pie")


def test_hostile_names_show_as_text():
    text = "# <script>$x_{2}$\u202e \x1b 👩\n\nUnpaid carers waited six months for a break."
    for kind in ("probabilities", "evidence", "contributions", "sections"):
        axes = cqc_nlp.assess(text, model="fast").plot(kind)
        drawn(axes)
        assert "<script>" in axes.get_title(loc="left")
        assert "\u202e" not in axes.get_title(loc="left")


def test_without_matplotlib_the_error_says_what_to_install(made, monkeypatch):
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name.startswith("matplotlib"):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(CQCNLPError, match=r"pip install 'cqc-nlp\[plot\]'"):
        made[0].plot()
