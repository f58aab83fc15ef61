"""Plots of assessments, of several side by side, and of how well a model does (needs the extra ``plot``).

Each function draws on the axes that it is given, or on a new figure, and returns them; nothing is shown, saved or
closed. The look is a matplotlib style sheet (``data/plots.mplstyle``), the colours are those of every view
(``data/palette.json``): they can be told apart in print and with any colour blindness, and hatching or figures say the
same once more.

Examples
--------
>>> from cqc_nlp import assess, plots
>>> axes = plots.score_probabilities(assess("Carers waited six months for a break.", model="fast"))
>>> [bool(bar.get_width() > 0) for bar in axes.patches]
[True, True, True, True]
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.resources import as_file, files
from typing import TYPE_CHECKING, Any

import numpy as np

from cqc_nlp.errors import MissingPackage
from cqc_nlp.framework import SCORE_LABELS, SCORES
from cqc_nlp.schema import POLARITIES, THEMES, Statement
from cqc_nlp.views.words import NO_THEME, OTHER_HEADINGS, THEME_NAMES, palette, percent, section_name, shortened, signed

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from cqc_nlp.assessment import Assessment

__all__ = [
    "compare_assessments",
    "confusion_matrix",
    "contributions",
    "evidence_heatmap",
    "learning_curve",
    "plot",
    "polarity_mix",
    "reliability",
    "score_probabilities",
    "section_profile",
]

_HATCHES = {"strength": "", "shortfall": "////", "plan": "....", "context": ""}
_MARKERS = ("o", "s", "^", "D")


@contextmanager
def look(ax: Axes | None, width: float = 7.0, height: float = 4.0) -> Iterator[Axes]:
    """The axes given, or new ones of that size in inches, to draw on under the one look of all plots."""
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise MissingPackage("matplotlib: plots need this package; install it with pip install 'cqc-nlp[plot]'.") from error
    # Loads the backend. Were that left to the first figure, the style context would undo what it sets in a notebook, and
    # no later figure would show.
    plt.draw_if_interactive()
    with as_file(files("cqc_nlp").joinpath("data/plots.mplstyle")) as sheet, plt.style.context(sheet):
        yield plt.subplots(figsize=(width, height))[1] if ax is None else ax


def plot(assessment: Assessment, kind: str = "probabilities", ax: Axes | None = None) -> Axes:
    """Plot an assessment by the name of a plot; see :meth:`cqc_nlp.Assessment.plot`.

    Raises
    ------
    ValueError
        If there is no such kind.
    """
    if kind not in _KINDS:
        raise ValueError(f"kind: choose one of {', '.join(_KINDS)}; got {kind!r}.")
    return _KINDS[kind](assessment, ax=ax)


def score_probabilities(assessment: Assessment, ax: Axes | None = None) -> Axes:
    """The probability of each score, the most probable one in full colour."""
    with look(ax, 7, 2.4) as axes:
        strong, weak = _mark("strength"), _fill("strength")
        shares = assessment.probabilities.tolist()
        colours = [strong if score == assessment.score else weak for score in SCORES]
        bars = axes.barh([f"{score}  {SCORE_LABELS[score]}" for score in SCORES], shares, color=colours, edgecolor=strong)
        axes.bar_label(bars, [percent(share) for share in shares], padding=4)
        axes.set_xlim(0, 1.12)
        axes.invert_yaxis()
        axes.set_xticks([])
        axes.spines["bottom"].set_visible(False)
        axes.set_title(_title(assessment, f"predicted score {assessment.score}"))
        return axes


def evidence_heatmap(assessment: Assessment, ax: Axes | None = None) -> Axes:
    """How many statements there are of each theme and polarity; a statement of several themes counts under each."""
    counted = _counted(assessment)
    rows = [[s for s in counted if theme in s.themes] for theme in THEMES] + [[s for s in counted if not s.themes]]
    counts = np.array([[sum(s.polarity == polarity for s in row) for polarity in POLARITIES] for row in rows])
    with look(ax, 6, 3.2) as axes:
        _grid(axes, counts, counts / max(counts.max(), 1), [str(count) for count in counts.ravel()])
        axes.set_xticks(range(len(POLARITIES)), [str(polarity).capitalize() for polarity in POLARITIES])
        axes.set_yticks(range(len(rows)), [*(THEME_NAMES[theme].capitalize() for theme in THEMES), NO_THEME.capitalize()])
        axes.xaxis.tick_top()
        axes.set_title(_title(assessment, "statements by theme"))
        return axes


def contributions(assessment: Assessment, by: str = "section", ax: Axes | None = None) -> Axes:
    """The steps from no evidence to where the report stands, with the places where the scores 2, 3 and 4 begin.

    Parameters
    ----------
    assessment : Assessment
    by : {"section", "theme", "feature"}
        What a step is.
    ax : matplotlib.axes.Axes, optional
    """
    explanation = assessment.explain()
    (_, start), *steps, (_, end) = explanation.waterfall(by)
    names = {str(theme): name for theme, name in THEME_NAMES.items()} if by == "theme" else {}
    if by == "section":
        names = {str(s.section.kind): section_name(s.section) for s in assessment.statements} | {"other": OTHER_HEADINGS}
    with look(ax, 7.5, 0.36 * (len(steps) + 2) + 1.3) as axes:
        labels = ["No evidence", *(_capital(shortened(names.get(name, name), 48)) for name, _ in steps), "This report"]
        values = np.array([value for _, value in steps])
        edges = start + np.concatenate([[0.0], np.cumsum(values)])
        up, down = ("strength", "shortfall")
        for row, (value, left) in enumerate(zip(values, edges[:-1], strict=True), start=1):
            label = up if value >= 0 else down
            axes.barh(row, value, left=left, color=_mark(label), hatch=_HATCHES[label], edgecolor="white", linewidth=0.5)
            axes.annotate(signed(value), (max(left, left + value), row), (4, 0), textcoords="offset points", va="center")
        for row, place in ((0, start), (len(labels) - 1, end)):
            axes.plot(place, row, marker="D", color=palette()["page"]["light"]["text"], linestyle="none")
            axes.annotate(signed(place), (place, row), (8, 0), textcoords="offset points", va="center")
        for row, edge in enumerate([start, *edges[1:]]):
            axes.plot([edge, edge], [row, row + 1], color=palette()["page"]["light"]["edge"], linewidth=0.8)
        for score, place in zip(SCORES[1:], explanation.thresholds, strict=True):
            axes.axvline(place, color=palette()["page"]["light"]["rule"], linestyle="--", linewidth=1, zorder=0)
            axes.annotate(f"{score} begins", (place, 0), (0, -4), xycoords=("data", "axes fraction"), textcoords="offset points",
                          ha="center", va="top", fontsize=8)  # fmt: skip
        axes.set_yticks(range(len(labels)), labels)
        axes.set_ylim(len(labels) - 0.4, -0.6)
        axes.margins(x=0.1)
        axes.set_xticks([])
        axes.set_title(_title(assessment, f"what the score rests on, by {by}"))
        return axes


def section_profile(assessment: Assessment, ax: Axes | None = None) -> Axes:
    """The statements of each section, by polarity."""
    counted = _counted(assessment)
    sections: dict[str, list[Statement]] = {}
    for statement in counted:
        sections.setdefault(shortened(section_name(statement.section), 52), []).append(statement)
    counts = {name: [sum(s.polarity == p for s in chosen) for p in POLARITIES] for name, chosen in sections.items()}
    with look(ax, 7.5, 0.42 * len(counts) + 1.4) as axes:
        from matplotlib.ticker import MaxNLocator

        _stack(axes, counts)
        axes.set_xlabel("statements")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_title(_title(assessment, "statements by section"), pad=26)
        return axes


def compare_assessments(assessments: Sequence[Assessment], ax: Axes | None = None) -> Axes:
    """The probabilities of several assessments side by side; a diamond marks the expected score.

    Parameters
    ----------
    assessments : sequence of Assessment
        In the order in which they shall stand, the first on top.
    ax : matplotlib.axes.Axes, optional
    """
    made = list(assessments)
    if not made:
        raise ValueError("compare_assessments: there is nothing to compare; give at least one assessment.")
    shares = np.array([assessment.probabilities for assessment in made])
    with look(ax, 7, 0.5 * len(made) + 1.3) as axes:
        _grid(axes, shares, shares, [percent(share) for share in shares.ravel()])
        rows = np.arange(len(made))
        expected = np.array([assessment.expected_score for assessment in made]) - 1
        axes.plot(
            expected,
            rows + 0.36,
            marker="D",
            markersize=6,
            color=_mark("shortfall"),
            markeredgecolor="white",
            linestyle="none",
            label="expected score",
        )
        axes.set_xticks(range(len(SCORES)), [f"Score {score}" for score in SCORES])
        axes.set_yticks(rows, _distinct([_name(assessment) for assessment in made]))
        axes.xaxis.tick_top()
        axes.legend(loc="upper right", bbox_to_anchor=(1.0, -0.01))
        return axes


def confusion_matrix(gold: Sequence[Any], predicted: Sequence[Any], labels: Sequence[Any] | None = None, ax: Axes | None = None) -> Axes:
    """How often each given label was predicted as each; the shade is the share of the given label.

    Parameters
    ----------
    gold, predicted : sequence
        Labels (or scores), one an item.
    labels : sequence, optional
        Their order; if left out that of the framework where all are polarities, else sorted.
    ax : matplotlib.axes.Axes, optional
    """
    from sklearn.metrics import confusion_matrix as count

    y, p = [str(label) for label in gold], [str(label) for label in predicted]
    known = {*y, *p}
    polarities = [str(polarity) for polarity in POLARITIES]
    names = [str(label) for label in labels] if labels is not None else polarities if known <= {*polarities} else sorted(known)
    counts = count(y, p, labels=names)
    with look(ax, 1.0 * len(names) + 2.0, 0.75 * len(names) + 1.5) as axes:
        _grid(axes, counts, counts / np.maximum(counts.sum(axis=1, keepdims=True), 1), [str(n) for n in counts.ravel()])
        axes.set_xticks(range(len(names)), names)
        axes.set_yticks(range(len(names)), names)
        axes.set_xlabel("predicted")
        axes.set_ylabel("given")
        return axes


def reliability(right: Sequence[bool], confidence: Sequence[float], bins: int = 10, ax: Axes | None = None) -> Axes:
    """How often predictions were right at each confidence; on the diagonal, confidence can be taken at its word.

    Parameters
    ----------
    right : sequence of bool
        Whether each prediction was right.
    confidence : sequence of float
        How sure the model was of each, 0 to 1.
    bins : int
        Into how many bins of equal width.
    ax : matplotlib.axes.Axes, optional
    """
    from cqc_nlp.experiments.evaluation import calibration_error

    right_, confidence_ = np.asarray(right, dtype=float), np.asarray(confidence, dtype=float)
    which = np.minimum((confidence_ * bins).astype(int), bins - 1)
    used = np.unique(which)
    shares = np.array([right_[which == b].mean() for b in used])
    with look(ax, 5, 4.4) as axes:
        axes.plot([0, 1], [0, 1], color=palette()["page"]["light"]["edge"], linestyle="--", linewidth=1, label="as sure as right")
        bars = axes.bar((used + 0.5) / bins, shares, width=0.9 / bins, color=_fill("strength"), edgecolor=_mark("strength"))
        axes.bar_label(bars, [f"{(which == b).sum():,}" for b in used], padding=2, fontsize=8)
        axes.set_xlim(0, 1)
        axes.set_ylim(0, 1.08)
        axes.set_xlabel("confidence")
        axes.set_ylabel("share that was right")
        axes.set_title(f"Expected calibration error {calibration_error(list(map(bool, right)), list(confidence), bins):.3f}")
        axes.legend(loc="upper left")
        return axes


def learning_curve(curve: pd.DataFrame, measure: str | None = None, ax: Axes | None = None) -> Axes:
    """A measure over the share of the corpus that a tagger was trained on.

    Parameters
    ----------
    curve : pandas.DataFrame
        What :func:`cqc_nlp.experiments.learning_curve.learning_curve` returns.
    measure : str, optional
        One of its columns; the first if left out.
    ax : matplotlib.axes.Axes, optional
    """
    column = curve.columns[0] if measure is None else measure
    if column not in curve.columns:
        raise ValueError(f"measure: choose one of {', '.join(map(str, curve.columns))}; got {measure!r}.")
    with look(ax, 6, 3.8) as axes:
        for marker, (contrasts, part) in zip(_MARKERS, curve[column].groupby(level="contrasts", sort=False), strict=False):
            places = [float(share.rstrip("%")) for share in part.index.get_level_values("part")]
            axes.plot(places, part.to_numpy(), marker=marker, label=f"{contrasts} contrast groups")
        axes.set_xlim(0, 105)
        axes.set_xlabel("share of the training reports, per cent")
        axes.set_ylabel(str(column).replace("_", " "))
        axes.grid(axis="y")
        axes.legend()
        return axes


def polarity_mix(figures: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Shares of the polarities in each set of reports, from :func:`cqc_nlp.corpus.statistics.corpus_statistics`."""
    shares = {str(name): [float(figures.loc[f"% {label}", name]) for label in map(str, POLARITIES)] for name in figures.columns}  # type: ignore[arg-type]
    with look(ax, 8, 0.42 * len(shares) + 1.2) as axes:
        _stack(axes, shares)
        axes.set_xlabel("share of statements, per cent")
        return axes


_KINDS: dict[str, Callable[..., Axes]] = {
    "probabilities": score_probabilities,
    "evidence": evidence_heatmap,
    "contributions": contributions,
    "sections": section_profile,
}


def _stack(axes: Axes, rows: dict[str, list[Any]]) -> None:
    """Stacked bars, one a row, by polarity."""
    left = np.zeros(len(rows))
    for number, label in enumerate(map(str, POLARITIES)):
        widths = np.array([values[number] for values in rows.values()], dtype=float)
        axes.barh(list(rows), widths, left=left, color=_mark(label), hatch=_HATCHES[label], edgecolor="white", linewidth=0.5, label=label)
        left += widths
    axes.invert_yaxis()
    axes.legend(ncols=len(POLARITIES), loc="lower left", bbox_to_anchor=(0.0, 1.0), borderaxespad=0.2)


def _grid(axes: Axes, values: Any, shades: Any, texts: list[str]) -> None:
    """A table of shaded cells with a text in each, dark on light and light on dark."""
    from matplotlib.colors import LinearSegmentedColormap

    colours = LinearSegmentedColormap.from_list("evidence", [palette()["page"]["light"]["paper"], _mark("strength")])
    axes.imshow(shades, cmap=colours, vmin=0, vmax=1, aspect="auto")
    height, width = np.shape(values)
    for place, text in enumerate(texts):
        row, column = divmod(place, width)
        colour = palette()["page"]["light"]["paper" if shades[row][column] > 0.5 else "text"]
        axes.text(column, row, text, ha="center", va="center", color=colour)
    axes.set_xticks(np.arange(width + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(height + 1) - 0.5, minor=True)
    axes.grid(which="minor", color=palette()["page"]["light"]["rule"], linewidth=1)
    axes.tick_params(which="both", length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _counted(assessment: Assessment) -> list[Statement]:
    return [statement for statement in assessment.statements if not statement.repeated]


def _title(assessment: Assessment, what: str) -> str:
    return f"{_name(assessment)}: {what}"


def _name(assessment: Assessment) -> str:
    """What to call an assessment; a dollar sign would begin a formula, and control characters have no shape."""
    from cqc_nlp.views.terminal import for_eyes

    report = assessment.report
    return shortened(for_eyes(report.authority or report.title or report.name), 48).replace("$", r"\$")


def _distinct(names: list[str]) -> list[str]:
    """The names, those that occur again with a number: equal ones would fall into one row."""
    return [name if names.count(name) == 1 else f"{name} ({names[: number + 1].count(name)})" for number, name in enumerate(names)]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _mark(label: str) -> str:
    return str(palette()["polarities"][label]["light"]["mark"])


def _fill(label: str) -> str:
    return str(palette()["polarities"][label]["light"]["fill"])
