"""Training a model folder from the corpus: one command, seeded, the same predictions again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.model_selection import GroupKFold

from cqc_nlp import models
from cqc_nlp.corpus import ContrastGroup, LabelledReport, contrast_groups, digest, labelled_reports
from cqc_nlp.experiments.evaluation import score_metrics, tag_metrics
from cqc_nlp.framework import QUALITY_STATEMENTS
from cqc_nlp.schema import POLARITIES, Statement
from cqc_nlp.scoring import PUBLISHED_PRIOR, QualityScorer, evidence_matrix
from cqc_nlp.tagging import StatementTagger

FOLDS = 5
Report = Callable[[str], None]


def train(name: str, out: Path, corpus: Path | None = None, say: Report = print) -> dict[str, Any]:
    """Train tagger and scorer on a corpus and write a model folder.

    The tagger learns from the training split and its contrast groups, its thresholds from the validation
    split. The scorer learns from tags as users get them: those of five taggers, each trained without the
    authorities that it tags. Metrics are of the test split, which neither has seen.

    Parameters
    ----------
    name : str
        ``"fast"``.
    out : path
        The model folder to write.
    corpus : path, optional
        Corpus folder; the shipped one if left out.
    say : callable
        Called with a line of progress.

    Returns
    -------
    dict
        The metrics, as they stand in ``model.json``.
    """
    if name != "fast":
        raise ValueError(f"There is no recipe for a model {name!r}; choose fast.")
    training, validation, test = (labelled_reports(corpus, [split]) for split in ("train", "validation", "test"))
    contrasts = contrast_groups(corpus, ["train"])
    say(
        f"Training on {sum(len(r.statements) for r in training)} statements of {len(training)} reports and {len(contrasts)} contrast groups"
    )
    tagger = _tagger().fit_statements([*_sequences(training), *_singles(contrasts)])
    tagger.tune(_sequences(validation))

    tagged: dict[str, Sequence[Statement]] = {r.id: tagger.tag_sentences(r.statements) for r in (*validation, *test)}
    groups = np.array([r.authority for r in training])
    for fold, (fit, held) in enumerate(GroupKFold(FOLDS).split(training, groups=groups), 1):
        say(f"Tagging each authority with a tagger that has not seen it: {fold} of {FOLDS}")
        other = _tagger().fit_statements([*_sequences([training[i] for i in fit]), *_singles(contrasts)])
        other.thresholds_ = tagger.thresholds_
        tagged |= {training[i].id: other.tag_sentences(training[i].statements) for i in held}

    def matrix(reports: Sequence[LabelledReport]) -> Any:
        return evidence_matrix(tagged[r.id] for r in reports)

    scored = [r for r in (*training, *validation) if r.report.quality_statement == QUALITY_STATEMENTS[3].name]
    scorer = QualityScorer().fit(matrix(scored), [r.score for r in scored])
    held_out = [r for r in test if r.report.quality_statement == QUALITY_STATEMENTS[3].name]
    probabilities = scorer.predict_proba(matrix(held_out))
    metrics = {
        "test": tag_metrics([s for r in test for s in r.statements], [s for r in test for s in tagged[r.id]]),
        "test_scores": score_metrics([r.score for r in held_out], (probabilities.argmax(axis=1) + 1).tolist(), probabilities),
        "contrasts": contrast_metrics(tagger, contrast_groups(corpus, ["test"])),
    }
    # The written corpus holds as many reports of each score; published ones do not.
    scorer.prior = PUBLISHED_PRIOR
    facts = {"corpus_digest": digest(corpus), "metrics": metrics}
    models.save(out, name, tagger, scorer, _card(name, metrics, len(training)), facts)
    return metrics


def contrast_metrics(tagger: StatementTagger, groups: Sequence[ContrastGroup]) -> dict[str, float]:
    """The share of contrast groups of which every member gets the right polarity, and the right polarity and themes."""
    right: list[bool] = []
    with_themes: list[bool] = []
    for group in groups:
        pairs = list(zip(tagger.tag(group.statements), group.statements, strict=True))
        right.append(all(tag.polarity == gold.polarity for tag, gold in pairs))
        with_themes.append(right[-1] and all(set(tag.themes) == set(gold.themes) for tag, gold in pairs))
    count = max(len(groups), 1)
    return {"groups": len(groups), "polarity": round(sum(right) / count, 3), "polarity_and_themes": round(sum(with_themes) / count, 3)}


def _tagger() -> StatementTagger:
    return StatementTagger(labels=[str(polarity) for polarity in POLARITIES])


def _sequences(reports: Sequence[LabelledReport]) -> list[Sequence[Statement]]:
    return [report.statements for report in reports]


def _singles(groups: Sequence[ContrastGroup]) -> list[Sequence[Statement]]:
    return [[statement] for group in groups for statement in group.statements]


def _card(name: str, metrics: dict[str, Any], reports: int) -> str:
    test, scores = metrics["test"], metrics["test_scores"]
    rows = "\n".join(f"| {label} | {value:.3f} |" for label, value in (test["polarity_f1"] | test["theme_f1"]).items())
    return f"""# Model card: {name}

Tags statements of assessments of adult social care (polarity, further polarities, themes, source) and predicts the
1-4 score of the quality statement "Care provision, integration and continuity" from the tagged evidence.

- **Method**: word and character TF-IDF, cue rules and the statement's place as features of logistic regressions; an
  ordinal model on aggregated evidence. The text and the printed score never reach the scorer.
- **Trained on** {reports} written reports about invented authorities (see the corpus data card) and on contrast sets;
  no published report.
- **Measured on** the test split of the corpus: authorities that it has not seen, but written by the same hands.
  **Expect less on published reports.**

| label | F1 on the test split |
| --- | --- |
{rows}

Polarity macro-F1 {test["polarity_macro_f1"]:.3f}, kappa {test["polarity_kappa"]:.3f}; themes macro-F1
{test["theme_macro_f1"]:.3f}; source accuracy {test["source_accuracy"]:.3f}, over {test["statements"]} statements. Scores from
predicted tags, {scores["reports"]} reports: quadratic weighted kappa {scores["qwk"]:.3f}, accuracy {scores["accuracy"]:.3f}, within
one {scores["adjacent"]:.3f}. Contrast groups with every
polarity right: {metrics["contrasts"]["polarity"]:.3f} of {metrics["contrasts"]["groups"]}.

**Use**: to read a draft critically and to compare evidence. **Not for**: deciding anything about a person, a provider or an
authority without a reader; other kinds of text. It cannot tell whether a claim is true.
"""
