"""Learning from a library of your own beside the corpus, and what that gains on authorities not learnt from."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.model_selection import GroupKFold

from cqc_nlp import authority, resources
from cqc_nlp.corpus import LabelledReport, contrast_groups, labelled_reports, records
from cqc_nlp.corpus.library import Library
from cqc_nlp.errors import CorpusError
from cqc_nlp.experiments.evaluation import tag_metrics
from cqc_nlp.experiments.training import DEFAULT_ENCODER, FOLDS, Say, sequences, singles, train, words_tagger

if TYPE_CHECKING:
    import pandas as pd

    from cqc_nlp.schema import Statement
    from cqc_nlp.tagging import StatementTagger

MEASURES = ("polarity_macro_f1", "polarity_accuracy", "theme_macro_f1", "source_accuracy")
_FEW = 5


def gain(library: Sequence[LabelledReport], corpus: Path | None = None, say: Say = print) -> pd.DataFrame | None:
    """How much better the statements of an authority are tagged when a model learnt from the others of the library.

    Each authority of the library is held out in turn (in up to five groups). ``without`` learnt from the corpus alone,
    ``with`` also from the other authorities. Both are taggers of words and rules, the recipe ``fast``.

    Parameters
    ----------
    library : sequence of LabelledReport
        Reports with checked labels: :meth:`cqc_nlp.corpus.library.Library.checked`.
    corpus : path, optional
        Corpus folder; the shipped one if left out.
    say : callable
        Called with a line of progress.

    Returns
    -------
    pandas.DataFrame or None
        Rows are measures; columns ``without``, ``with`` and ``gain``. None with fewer than two authorities, for then
        nothing can be held out.
    """
    import pandas as pd

    groups = [report.authority for report in library]
    count = len(set(groups))
    if count < 2:
        return None
    training, validation = (labelled_reports(corpus, [split]) for split in ("train", "validation"))
    contrasts = singles(contrast_groups(corpus, ["train"]))
    say("Training without the library")
    alone = words_tagger().fit_statements([*sequences(training), *contrasts]).tune(sequences(validation))
    gold: list[Statement] = []
    found: dict[str, list[Statement]] = {"without": [], "with": []}
    folds = min(FOLDS, count)
    for fold, (fit, held) in enumerate(GroupKFold(folds).split(np.zeros(len(groups)), groups=groups), 1):
        say(f"Training with the library but for the authorities measured on: {fold} of {folds}")
        both = words_tagger().fit_statements([*sequences(training), *sequences([library[i] for i in fit]), *contrasts])
        both.tune(sequences(validation))
        measured = [library[i] for i in held]
        gold += [s for report in measured for s in report.statements]
        found["without"] += _tagged(alone, measured)
        found["with"] += _tagged(both, measured)
    figures = {name: {measure: tag_metrics(gold, tags)[measure] for measure in MEASURES} for name, tags in found.items()}
    table = pd.DataFrame(figures)
    table["gain"] = (table["with"] - table["without"]).round(3)
    return table


def train_with_library(
    name: str,
    out: Path,
    library: Path,
    corpus: Path | None = None,
    encoder: str = DEFAULT_ENCODER,
    say: Say = print,
    keep: Path | None = None,
) -> dict[str, Any]:
    """Train a model on the corpus and the checked statements of a library, and say what the library gains.

    Tagger and scorer learn from reports of which every statement was checked; of others, the tagger learns the
    checked statements, each on its own. Thresholds and test figures are of the corpus, as ever.

    Parameters
    ----------
    name, out, corpus, encoder, say, keep
        As for :func:`cqc_nlp.experiments.training.train`.
    library : path
        The folder of a :class:`~cqc_nlp.corpus.library.Library`.

    Returns
    -------
    dict
        The metrics of the model, with ``library``: how much was learnt from it and the gain (:func:`gain`; None where it
        cannot be measured).

    Raises
    ------
    CorpusError
        If nothing in the library has been checked.
    """
    checked = Library(library).checked()
    if not checked:
        raise CorpusError(f"{library}: no statement of it has been checked, so there is nothing to learn; see `cqc-nlp corpus suggest`.")
    statements = sum(len(report.statements) for report in checked)
    authorities = len({report.authority for report in checked})
    say(f"Learning from {statements} checked statements of {len(checked)} reports of {authorities} authorities besides the corpus")
    figures = gain(checked, corpus, say)
    if figures is None:
        say("A gain cannot be measured: that takes checked statements of two or more authorities, one to hold out.")
    elif authorities < _FEW:
        say(f"With {authorities} authorities the gain is a rough figure; add more to rely on it.")
    with TemporaryDirectory(prefix="cqc-nlp-") as folder:
        joined = Path(folder) / "corpus"
        _join(corpus or resources.folder("corpus"), Library(library), joined)
        published = f"{statements} checked statements of {len(checked)} published reports, a library of the user's own, are among them"
        metrics = train(name, out, joined, encoder, say, published, keep)
    about = {"reports": len(checked), "statements": statements, "authorities": authorities}
    return {**metrics, "library": {**about, "gain": None if figures is None else json.loads(figures.to_json(orient="index"))}}


def _join(corpus: Path, library: Library, target: Path) -> None:
    """A copy of a corpus with what was checked of a library in its training split."""
    shutil.copytree(corpus, target)
    whole = {report.id for report in library.reports() if not report.suggested}
    listed = list(records.lines(target / "reports" / "train.jsonl"))
    contrasts = target / "contrasts" / "train.jsonl"
    groups = list(records.lines(contrasts)) if contrasts.exists() else []
    for report in library.checked():
        name = f"library-{report.id}"
        if report.id in whole:
            listed.append(records.report_row(report) | {"report": name})
            records.write_lines(target / "statements" / "train" / f"{name}.jsonl", records.statement_rows(report))
        else:
            groups += [
                # A statement on its own has no authority, so its name is hidden here.
                {"group": f"{name}-{position}", "edit": "", "position": 0}
                | records.row(statement)
                | {"text": authority.mask(statement.text, report.authority)}
                for position, statement in enumerate(report.statements)
            ]
    records.write_lines(target / "reports" / "train.jsonl", listed)
    records.write_lines(contrasts, groups)


def _tagged(tagger: StatementTagger, reports: Sequence[LabelledReport]) -> list[Statement]:
    return [statement for report in reports for statement in tagger.tag_sentences(report.statements)]
