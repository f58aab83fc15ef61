"""What an experiment found: figures by run and by model, comparisons, tables and a plot."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cqc_nlp.errors import ConfigurationError
from cqc_nlp.experiments.configuration import Configuration
from cqc_nlp.experiments.measures import counts, label_f1, statistic
from cqc_nlp.experiments.significance import approximate_randomisation, interval, paired_bootstrap

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

HELD_OUT = "held out"
_TITLES = {"macro_f1": "macro-F1", "kappa": "kappa", "accuracy": "accuracy", "qwk": "QWK", "ece": "ECE"}


@dataclass(frozen=True)
class Run:
    """One model fitted once: its predictions for texts that it has not seen.

    Attributes
    ----------
    key : str
        The digest of all that it depends on, and the name of its file.
    model, test : str
        Names of the model and of what it was tested on: ``held out``, or that of a transfer.
    seed, fold, fraction
        Which seed, fold (None for given splits and transfers) and share of the training authorities.
    seconds : float
        How long it took when it was made.
    ids, groups : tuple of str
        Of each text.
    gold : bool array of shape (texts, labels)
        Given labels.
    probabilities : array of shape (texts, labels)
        Predicted.
    """

    key: str
    model: str
    seed: int
    fold: int | None
    fraction: float
    test: str
    seconds: float
    ids: tuple[str, ...]
    groups: tuple[str, ...]
    gold: NDArray[np.bool_]
    probabilities: NDArray[np.float64]

    @classmethod
    def of(cls, content: Mapping[str, Any], key: str, model: str, seed: int, fold: int | None, fraction: float, test: str) -> Run:
        """A run from the content of its file."""
        shape = (len(content["ids"]), len(content["labels"]))
        gold = np.array(content["gold"], dtype=bool).reshape(shape)
        probabilities = np.array(content["probabilities"], dtype=np.float64).reshape(shape)
        ids, groups = tuple(content["ids"]), tuple(content["groups"])
        return cls(key, model, seed, fold, fraction, test, float(content["seconds"]), ids, groups, gold, probabilities)


@dataclass(frozen=True)
class Comparison:
    """Two models on the same texts.

    Attributes
    ----------
    a, b, metric : str
        What was compared.
    figure_a, figure_b, difference : float
        Of ``a``, of ``b``, and ``a`` less ``b``.
    low, high : float
        95% interval of the difference, by paired bootstrap over groups.
    p_bootstrap, p_randomisation : float
        Two-sided p-values.
    groups, draws : int
        How many authorities there are, and how often they were drawn.
    """

    a: str
    b: str
    metric: str
    figure_a: float
    figure_b: float
    difference: float
    low: float
    high: float
    p_bootstrap: float
    p_randomisation: float
    groups: int
    draws: int

    def __str__(self) -> str:
        return (
            f"{self.a} {self.figure_a:.3f}, {self.b} {self.figure_b:.3f} ({_TITLES[self.metric]}): difference {self.difference:+.3f} "
            f"[{self.low:+.3f}, {self.high:+.3f}], p = {self.p_bootstrap:.3g} by bootstrap, {self.p_randomisation:.3g} by randomisation, "
            f"{self.groups} groups"
        )


@dataclass(frozen=True, repr=False)
class Results:
    """The results of an experiment.

    Attributes
    ----------
    configuration : Configuration
        What was asked for.
    labels : tuple of str
        The labels, in the order of columns.
    several : bool
        Whether a text may have several.
    runs : tuple of Run
        Every run.
    record : mapping
        When, on which versions and which data.
    """

    configuration: Configuration
    labels: tuple[str, ...]
    several: bool
    runs: tuple[Run, ...]
    record: Mapping[str, Any]

    def __repr__(self) -> str:
        return f"Results({self.configuration.name}: {len(self.runs)} runs of {len(self.configuration.all_models())} models)"

    def _repr_markdown_(self) -> str:
        """What a notebook shows."""
        return self.to_markdown()

    def to_frame(self) -> pd.DataFrame:
        """One row a run: model, test, fraction, seed, fold, sizes, seconds and each metric."""
        import pandas as pd

        rows = [
            {"model": run.model, "test": run.test, "fraction": run.fraction, "seed": run.seed, "fold": run.fold}
            | {"texts": len(run.ids), "groups": len(set(run.groups)), "seconds": run.seconds}
            | self._figures([run])
            for run in self.runs
        ]
        return pd.DataFrame(rows).astype({"fold": "Int64"})

    def predictions(self) -> pd.DataFrame:
        """One row a run and text: its id, group, given and predicted labels and the probability of each label."""
        import pandas as pd

        from cqc_nlp.experiments.measures import answers

        frames = []
        for run in self.runs:
            given = answers(run.probabilities, self.several)
            about: dict[str, Any] = {"model": run.model, "test": run.test, "fraction": run.fraction, "seed": run.seed, "fold": run.fold}
            frame = pd.DataFrame({"id": run.ids, "group": run.groups, "given": self._names(run.gold), "predicted": self._names(given)})
            frame = frame.join(pd.DataFrame(run.probabilities, columns=list(self.labels)))
            frames.append(frame.assign(**about)[[*about, *frame.columns]])
        return pd.concat(frames, ignore_index=True)

    def summary(self) -> pd.DataFrame:
        """One row a model, test and fraction: each metric over all folds together, the mean over seeds.

        The first metric, or the one to compare by, has a 95% interval by bootstrap over groups (``_low``, ``_high``); a
        metric of several seeds has their standard deviation (``_sd``).
        """
        import pandas as pd

        metric = self.configuration.comparison_metric
        draws = self.configuration.significance.draws if self.configuration.significance else 1_000
        rows = []
        for model, test, fraction in self._settings():
            by_seed = [self._figures(runs) for runs in self._by_seed(model, test, fraction)]
            row: dict[str, Any] = {"model": model, "test": test, "fraction": fraction}
            for name in by_seed[0]:
                values = [figures[name] for figures in by_seed]
                row[name] = float(np.mean(values))
                if len(values) > 1:
                    row[f"{name}_sd"] = float(np.std(values))
                if name == metric:
                    _, table = self._table(model, test, fraction)
                    row[f"{name}_low"], row[f"{name}_high"] = interval(table, self._statistic(metric), draws)
            rows.append(row | {"seconds": float(sum(run.seconds for run in self._chosen(model, test, fraction)))})
        return pd.DataFrame(rows).set_index(["model", "test", "fraction"])

    def compare(
        self, a: str, b: str, metric: str | None = None, test: str = HELD_OUT, fraction: float = 1.0, draws: int | None = None
    ) -> Comparison:
        """Whether two models differ by more than the draw of authorities explains.

        Parameters
        ----------
        a, b : str
            Names of models.
        metric : str, optional
            ``macro_f1``, ``kappa``, ``accuracy``, ``qwk`` or ``ece``; that of the configuration if left out.
        test : str
            What they were tested on: ``held out``, or the name of a transfer.
        fraction : float
            Share of the training authorities.
        draws : int, optional
            Of each test; those of the configuration if left out.

        Returns
        -------
        Comparison
        """
        metric = metric or self.configuration.comparison_metric
        if metric not in _TITLES:
            raise ValueError(f"There is no single figure {metric!r}; choose one of {', '.join(_TITLES)}.")
        draws = draws or (self.configuration.significance.draws if self.configuration.significance else 5_000)
        (groups, first), (_, second) = self._table(a, test, fraction), self._table(b, test, fraction)
        figure = self._statistic(metric)
        found = paired_bootstrap(first, second, figure, draws)
        return Comparison(
            a, b, metric, float(figure(first.sum(axis=0))), float(figure(second.sum(axis=0))), found.difference, found.low, found.high,
            found.p, approximate_randomisation(first, second, figure, draws), len(groups), draws,
        )  # fmt: skip

    def comparisons(self) -> pd.DataFrame:
        """Every model compared with the baseline of the configuration, on each test, learning from all."""
        import pandas as pd

        rows = []
        if self.configuration.significance:
            for model, test, fraction in self._settings():
                if fraction == 1.0 and model != self.configuration.baseline:
                    rows.append({"test": test, **vars(self.compare(model, self.configuration.baseline, test=test))})
        return pd.DataFrame(rows)

    def to_markdown(self) -> str:
        """The summary as a table of Markdown."""
        header, rows = self.cells()
        lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
        return "".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |\n" for line in lines)

    def to_latex(self) -> str:
        r"""The summary as a LaTeX ``tabular`` with the rules of booktabs (``\usepackage{booktabs}``)."""
        header, rows = self.cells()
        lines = [f"\\begin{{tabular}}{{l{'r' * (len(header) - 1)}}}", "\\toprule", _latex(header), "\\midrule", *map(_latex, rows)]
        return "\n".join([*lines, "\\bottomrule", "\\end{tabular}"]) + "\n"

    def plot(self, ax: Axes | None = None) -> Axes:
        """Each model's figure with its interval; over the share of training data where that was varied (needs the extra ``plot``)."""
        from cqc_nlp.plots import look
        from cqc_nlp.views.words import palette

        metric = self.configuration.comparison_metric
        table = self.summary().reset_index()
        table = table[table["test"] == HELD_OUT]
        models = list(dict.fromkeys(table["model"]))
        curve = len(set(table["fraction"])) > 1
        blue = palette()["polarities"]["strength"]["light"]["mark"]
        with look(ax, 7, 4 if curve else 0.45 * len(models) + 1.3) as axes:
            for number, (model, rows) in enumerate(table.groupby("model", sort=False)):
                value = rows[metric].to_numpy()
                # A percentile interval of a few groups may leave the figure out.
                error = np.maximum([value - rows[f"{metric}_low"], rows[f"{metric}_high"] - value], 0)
                if curve:
                    axes.errorbar(rows["fraction"] * 100, value, yerr=error, marker="o", capsize=3, label=str(model))
                else:
                    axes.errorbar(value, [number], xerr=error, fmt="o", capsize=3, color=blue)
            title = f"{_TITLES[metric]}, 95% interval over groups"
            if curve:
                axes.set(xlabel="share of training groups, per cent", ylabel=title)
                axes.legend()
            else:
                axes.set(yticks=range(len(models)), yticklabels=models, xlabel=title)
                axes.invert_yaxis()
            return axes

    def save(self, folder: str | PathLike[str]) -> None:
        """Write ``results.json``, the tables and, with matplotlib, the plot."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        summary = self.summary()
        about = ("key", "model", "test", "fraction", "seed", "fold", "seconds")
        document = {
            "configuration": self.configuration.model_dump(mode="json", by_alias=True),
            "labels": self.labels,
            "several": self.several,
            "record": dict(self.record),
            "runs": [{name: getattr(run, name) for name in about} | self._figures([run]) for run in self.runs],
            "summary": json.loads(summary.reset_index().to_json(orient="records")),
            "comparisons": json.loads(self.comparisons().to_json(orient="records")),
        }
        (folder / "results.json").write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        summary.to_csv(folder / "table.csv")
        (folder / "table.md").write_text(self.to_markdown(), encoding="utf-8")
        (folder / "table.tex").write_text(self.to_latex(), encoding="utf-8")
        try:
            from matplotlib import pyplot
        except ImportError:
            return
        figure = self.plot().figure
        figure.savefig(folder / "plot.png", dpi=150)  # type: ignore[union-attr]
        pyplot.close(figure)  # type: ignore[arg-type]

    @classmethod
    def load(cls, folder: str | PathLike[str]) -> Results:
        """The results that :func:`cqc_nlp.experiments.run` wrote to a folder.

        Raises
        ------
        ConfigurationError
            If the folder holds none, or a run of them is missing or damaged.
        """
        folder = Path(folder)
        try:
            document = json.loads((folder / "results.json").read_text(encoding="utf-8"))
            configuration = Configuration.model_validate(document["configuration"])
        except (OSError, ValueError, KeyError) as error:
            raise ConfigurationError(f"{folder}: there are no whole results in this folder; run the experiment first.") from error
        runs = []
        for about in document["runs"]:
            path = folder / "runs" / f"{about['key']}.json"
            try:
                content = json.loads(path.read_text(encoding="utf-8"))
                runs.append(Run.of(content, *(about[name] for name in ("key", "model", "seed", "fold", "fraction", "test"))))
            except (OSError, ValueError, KeyError) as error:
                raise ConfigurationError(f"{path}: this run is missing or damaged; run the experiment again with resume.") from error
        return cls(configuration, tuple(document["labels"]), document["several"], tuple(runs), document["record"])

    def _settings(self) -> list[tuple[str, str, float]]:
        return list(dict.fromkeys((run.model, run.test, run.fraction) for run in self.runs))

    def _chosen(self, model: str, test: str, fraction: float) -> list[Run]:
        found = [run for run in self.runs if (run.model, run.test, run.fraction) == (model, test, fraction)]
        if not found:
            known = "; ".join(f"{m}, {t}, {f}" for m, t, f in self._settings())
            raise ValueError(f"There is no run of {model} on {test} with {fraction} of the training data; there are: {known}.")
        return found

    def _by_seed(self, model: str, test: str, fraction: float) -> list[list[Run]]:
        chosen = self._chosen(model, test, fraction)
        return [[run for run in chosen if run.seed == seed] for seed in sorted({run.seed for run in chosen})]

    def _table(self, model: str, test: str, fraction: float) -> tuple[list[str], NDArray[np.float64]]:
        """The groups, and their counts, shape (groups, seeds, counts)."""
        tables = [_counted(runs, self.several) for runs in self._by_seed(model, test, fraction)]
        return tables[0][0], np.stack([table for _, table in tables], axis=1)

    def _statistic(self, metric: str) -> Callable[[NDArray[np.float64]], Any]:
        """From summed counts, shape (..., seeds, counts), to the mean figure over seeds."""
        figure = statistic(metric, len(self.labels), self.several)
        return lambda total: figure(total).mean(axis=-1)

    def _figures(self, runs: Sequence[Run]) -> dict[str, float]:
        total = _counted(runs, self.several)[1].sum(axis=0)
        found: dict[str, float] = {}
        for metric in self.configuration.metrics:
            if metric == "f1":
                values = label_f1(total, len(self.labels), self.several)
                found |= {f"f1 {label}": float(value) for label, value in zip(self.labels, values, strict=True)}
            else:
                found[metric] = float(statistic(metric, len(self.labels), self.several)(total))
        return found

    def _names(self, rows: NDArray[Any]) -> list[str]:
        return [",".join(label for label, given in zip(self.labels, row, strict=True) if given) for row in rows]

    def cells(self) -> tuple[list[str], list[list[str]]]:
        """The summary as text: what varies, then each metric with its interval or its deviation over seeds."""
        table = self.summary().reset_index()
        keys = [key for key in ("model", "test", "fraction") if key == "model" or len(set(table[key])) > 1]
        metrics = [name for name in table.columns[3:] if not name.endswith(("_low", "_high", "_sd")) and name != "seconds"]
        rows = []
        for _, row in table.iterrows():
            cells = [f"{row[key]:.0%}" if key == "fraction" else str(row[key]) for key in keys]
            for name in metrics:
                text = _rounded(row[name])
                if f"{name}_sd" in table.columns:
                    text += f" ± {_rounded(row[f'{name}_sd'])}"
                if f"{name}_low" in table.columns:
                    text += f" [{_rounded(row[f'{name}_low'])}, {_rounded(row[f'{name}_high'])}]"
                cells.append(text)
            rows.append(cells)
        return [*keys, *(_TITLES.get(name, name.replace("f1 ", "F1 ")) for name in metrics)], rows


def _counted(runs: Sequence[Run], several: bool) -> tuple[list[str], NDArray[np.float64]]:
    """The groups of some runs, sorted, and their counts."""
    groups = [group for run in runs for group in run.groups]
    gold, probabilities = (np.concatenate([getattr(run, name) for run in runs]) for name in ("gold", "probabilities"))
    return sorted(set(groups)), counts(gold, probabilities, groups, several)


def _rounded(value: float) -> str:
    """Three places, and no zero below zero."""
    return f"{round(value, 3) + 0.0:.3f}"


_LATEX = str.maketrans({character: f"\\{character}" for character in "&%$#_{}"} | {
    "\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "±": r"$\pm$",
})  # fmt: skip


def _latex(cells: Iterable[str]) -> str:
    return " & ".join(cell.translate(_LATEX) for cell in cells) + r" \\"
