"""How much of the corpus a tagger needs: figures from parts of it."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cqc_nlp.corpus import contrast_groups, labelled_reports
from cqc_nlp.experiments.evaluation import tag_metrics
from cqc_nlp.experiments.training import sequences, singles, words_tagger
from cqc_nlp.schema import Statement

if TYPE_CHECKING:
    import pandas as pd

MEASURES = ("polarity_macro_f1", "polarity_kappa", "theme_macro_f1")


def learning_curve(
    corpus: Path | None = None,
    beside: Path | None = None,
    parts: Sequence[float] = (0.25, 0.5, 1.0),
    draws: int = 3,
    say: Callable[[str], None] = print,
) -> pd.DataFrame:
    """Train the ``fast`` tagger on parts of the training reports, with and without the contrast groups.

    Parameters
    ----------
    corpus : path, optional
        Corpus folder; the shipped one if left out.
    beside : path, optional
        Folder of labelled texts (``NAME.txt`` with ``NAME.tsv``) to measure on as well as on the test split.
    parts : sequence of float
        Shares of the training reports.
    draws : int
        How many parts of each size are drawn and averaged; the whole is trained on once.
    say : callable
        Called with a line of progress.

    Returns
    -------
    pandas.DataFrame
        One row a part and choice of contrasts; columns are measures on each set.
    """
    import pandas as pd

    from cqc_nlp.corpus.statistics import read_labelled_texts

    training, validation = (labelled_reports(corpus, [split]) for split in ("train", "validation"))
    sets: dict[str, Sequence[Sequence[Statement]]] = {"test": sequences(labelled_reports(corpus, ["test"]))}
    if beside is not None:
        sets[beside.name] = read_labelled_texts(beside)
    contrasts = contrast_groups(corpus, ["train"])
    rows = []
    for part in parts:
        for with_contrasts in (False, True):
            for draw in range(1 if part >= 1 else draws):
                generator = random.Random(draw)
                chosen = generator.sample(training, max(2, round(part * len(training))))
                groups = generator.sample(contrasts, round(part * len(contrasts))) if with_contrasts else []
                tagger = words_tagger().fit_statements([*sequences(chosen), *singles(groups)]).tune(sequences(validation))
                row: dict[str, float | str] = {"part": f"{part:.0%}", "contrasts": "with" if with_contrasts else "without"}
                for name, reports in sets.items():
                    predicted = [s for report in reports for s in tagger.tag_sentences(report)]
                    metrics = tag_metrics([s for report in reports for s in report], predicted)
                    row |= {f"{name} {measure}": metrics[measure] for measure in MEASURES}
                rows.append(row)
                say(f"{row['part']} {row['contrasts']} contrasts, draw {draw + 1}")
    return pd.DataFrame(rows).groupby(["part", "contrasts"], sort=False).mean().round(3)
