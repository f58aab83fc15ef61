"""Training a model folder from the corpus: one command, seeded, the same predictions again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GroupKFold

from cqc_nlp import models
from cqc_nlp.corpus import ContrastGroup, LabelledReport, contrast_groups, digest, labelled_reports
from cqc_nlp.corpus.profiles import Profiles, profiles
from cqc_nlp.errors import CorpusError
from cqc_nlp.experiments.evaluation import score_metrics, tag_metrics
from cqc_nlp.framework import SCORES, published_prior
from cqc_nlp.schema import POLARITIES, Statement
from cqc_nlp.scoring import FEATURES, QualityScorer, evidence_matrix
from cqc_nlp.scoring.precedents import Precedents
from cqc_nlp.tagging import StatementTagger

FOLDS = 5
MODELS = ("fast", "accurate")
DEFAULT_ENCODER = "sentence-transformers/all-MiniLM-L6-v2"
Say = Callable[[str], None]


def train(
    name: str,
    out: Path,
    corpus: Path | None = None,
    encoder: str = DEFAULT_ENCODER,
    say: Say = print,
    published: str = "",
    keep: Path | None = None,
) -> dict[str, Any]:
    """Train tagger and scorer on a corpus and write a model folder.

    The tagger learns from the training split and its contrast groups, its thresholds from the validation
    split. The scorer learns from tags as users get them: on reports that their tagger was not trained on.
    Metrics are of the test split, which neither has seen.

    Parameters
    ----------
    name : {"fast", "accurate"}
        Which recipe. ``accurate`` needs the extra ``train``, and three quarters of an hour on two cores.
    out : path
        The model folder to write.
    corpus : path, optional
        Corpus folder; the shipped one if left out.
    encoder : str
        For ``accurate``: folder or hub name of the sentence encoder to fine-tune.
    say : callable
        Called with a line of progress.
    published : str
        What the model card says of published reports in the corpus; that there are none, if left out.
    keep : path, optional
        For ``accurate``: a folder for the networks before they are made small. Its ``encoder`` is a sentence encoder to
        start another fine-tuning from.

    Returns
    -------
    dict
        The metrics, as they stand in ``model.json``.
    """
    if name not in MODELS:
        raise ValueError(f"There is no recipe for a model {name!r}; choose one of {', '.join(MODELS)}.")
    with TemporaryDirectory(prefix="cqc-nlp-") as folder:
        return _train(name, out, corpus, encoder, keep or Path(folder), say, published)


def _train(name: str, out: Path, corpus: Path | None, encoder: str, folder: Path, say: Say, published: str) -> dict[str, Any]:
    training, validation, test = (labelled_reports(corpus, [split]) for split in ("train", "validation", "test"))
    contrasts = contrast_groups(corpus, ["train"])
    statements = sum(len(r.statements) for r in training)
    say(f"Training on {statements} statements of {len(training)} reports and {len(contrasts)} contrast groups")
    facts: dict[str, Any] = {"corpus_digest": digest(corpus), "training": {"reports": len(training), "statements": statements}}
    words = words_tagger().fit_statements([*sequences(training), *singles(contrasts)]).tune(sequences(validation))
    if name == "fast":
        tagger = words
        tagged = _tagged_by_others(words, training, contrasts, say) | _tagged(words, validation)
        scored = [*training, *validation]
    else:
        tagger, facts["encoder_sha256"] = _blended(words, training, contrasts, validation, encoder, folder, say)
        tagged = _tagged(tagger, validation)
        scored = validation
    tagged |= _tagged(tagger, test)

    def evidence_of(reports: Sequence[LabelledReport]) -> Any:
        return evidence_matrix(tagged[r.id] for r in reports)

    scored, held_out = ([r for r in reports if r.teaches_score] for reports in (scored, test))
    say("Fitting the scorer")
    scorer = fit_scorer(evidence_of(scored), [r.score for r in scored], _profiles(name, corpus))
    metrics = {
        "test": tag_metrics([s for r in test for s in r.statements], [s for r in test for s in tagged[r.id]]),
        "contrasts": contrast_metrics(tagger, contrast_groups(corpus, ["test"])),
        **_score_metrics(scorer, [r.score for r in held_out], evidence_of(held_out)),
    }
    say("Tagging the corpus for precedents")
    precedents = _precedents(tagger, [*training, *validation, *test])
    card = model_card(name, metrics, len(training), statements, published)
    models.save(out, name, tagger, scorer, precedents, card, {**facts, "metrics": metrics})
    return metrics


def _profiles(name: str, corpus: Path | None) -> Profiles | None:
    """Evidence profiles of published reports, where the corpus has them."""
    try:
        return profiles(name, corpus=corpus)
    except CorpusError:
        if corpus is None:
            raise
        return None


def fit_scorer(X: Any, scores: Sequence[int], published: Profiles | None) -> QualityScorer:
    """The scorer as it is shipped: fitted, its prediction sets calibrated, with the prior of published scores.

    Parameters
    ----------
    X : array of shape (reports, features)
        Evidence of written reports.
    scores : sequence of int
        Their scores.
    published : Profiles or None
        Evidence and grades of published reports of another inspectorate: real grades for real evidence.
    """
    rows, targets = np.asarray(X).reshape(len(scores), len(FEATURES)), np.asarray(scores, dtype=int)
    groups = np.array([f"written {number}" for number in range(len(scores))])
    if published is not None:
        rows = np.vstack([rows, published.features])
        targets = np.concatenate([targets, published.grades])
        groups = np.concatenate([groups, published.authorities])
    related = np.arange(len(rows)) >= len(scores)
    held_out = np.zeros((len(rows), len(SCORES)))
    for fit, held in GroupKFold(FOLDS).split(rows, groups=groups):
        other = QualityScorer().fit(rows[fit], targets[fit], related=related[fit])
        held_out[held] = other.probabilities(other.latent(rows[held]) + other.related_shift_ * related[held])
    scorer = QualityScorer().fit(rows, targets, related=related).conformalise(held_out, targets)
    scorer.set_params(prior=published_prior())
    return scorer


def _score_metrics(scorer: QualityScorer, scores: Sequence[int], evidence: Any) -> dict[str, Any]:
    """Of written reports: with the four scores weighted alike, and as they ship."""
    shipped, equal = scorer.predict_proba(evidence), copy(scorer).set_params(prior=None).predict_proba(evidence)
    return {
        name: score_metrics(scores, (p.argmax(axis=1) + 1).tolist(), p)
        for name, p in (("test_scores", equal), ("test_scores_with_prior", shipped))
    }


def _precedents(tagger: StatementTagger, reports: Sequence[LabelledReport]) -> Precedents:
    chosen = [r for r in reports if r.teaches_score]
    features = evidence_matrix(tagger.tag_sentences(r.statements) for r in chosen)
    return Precedents([r.id for r in chosen], [r.report.authority for r in chosen], [r.score for r in chosen], features)


def _tagged(tagger: StatementTagger, reports: Sequence[LabelledReport]) -> dict[str, Sequence[Statement]]:
    return {r.id: tagger.tag_sentences(r.statements) for r in reports}


def _tagged_by_others(
    tagger: StatementTagger, reports: Sequence[LabelledReport], contrasts: Sequence[ContrastGroup], say: Say
) -> dict[str, Sequence[Statement]]:
    """Each report tagged by a tagger that was trained without its authority."""
    tagged: dict[str, Sequence[Statement]] = {}
    groups = np.array([r.authority for r in reports])
    for fold, (fit, held) in enumerate(GroupKFold(FOLDS).split(reports, groups=groups), 1):
        say(f"Tagging each authority with a tagger that has not seen it: {fold} of {FOLDS}")
        other = words_tagger().fit_statements([*sequences([reports[i] for i in fit]), *singles(contrasts)])
        other.thresholds_ = tagger.thresholds_
        tagged |= _tagged(other, [reports[i] for i in held])
    return tagged


def _blended(
    words: StatementTagger,
    training: Sequence[LabelledReport],
    contrasts: Sequence[ContrastGroup],
    validation: Sequence[LabelledReport],
    encoder: str,
    folder: Path,
    say: Say,
) -> tuple[StatementTagger, str]:
    """The accurate tagger: a fine-tuned network blended with the words tagger, under heads that learn from the validation split."""
    from cqc_nlp.experiments.finetuning import example, find_encoder, fine_tune
    from cqc_nlp.tagging.blending import BlendedEncoder, temper
    from cqc_nlp.tagging.transformer import QUESTIONS, ContextEncoder

    source, weights = find_encoder(encoder)
    examples = [example(report.statements) for report in training]
    fine_tune(examples, [example(group.statements) for group in contrasts], QUESTIONS, source, folder, say=say)
    blended = BlendedEncoder(ContextEncoder().load(folder), words)
    tagger = StatementTagger(labels=words.labels, encoder=FrozenEstimator(blended), class_weight=None, max_iter=2000)
    tagger.fit_statements(sequences(validation))
    temper(tagger.polarity_head_, blended.transform(sequences(validation)), [str(s.polarity) for r in validation for s in r.statements])
    tagger.tune(sequences(validation))
    tagger.encoder_ = blended
    return tagger, weights


def words_tagger() -> StatementTagger:
    """An unfitted tagger of words and rules."""
    return StatementTagger(labels=[str(polarity) for polarity in POLARITIES])


def sequences(reports: Sequence[LabelledReport]) -> list[Sequence[Statement]]:
    """The statements of each report."""
    return [report.statements for report in reports]


def singles(groups: Sequence[ContrastGroup]) -> list[Sequence[Statement]]:
    """Each statement of the contrast groups on its own."""
    return [[statement] for group in groups for statement in group.statements]


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


_METHODS = {
    "fast": """word and character TF-IDF, cue rules and the statement's place as features of logistic
  regressions""",
    "accurate": """the sentence encoder all-MiniLM-L6-v2 (Apache-2.0), fine-tuned with a small transformer that reads each
  statement in its paragraph, int8 ONNX; its opinion on every label counts twice beside that of word and character
  TF-IDF with cue rules; how sure it is of a polarity is set by temperature scaling on the validation split, the other
  labels have logistic regressions that learn from it""",
}


def model_card(name: str, metrics: dict[str, Any], reports: int, statements: int, published: str = "") -> str:
    """The model card, Markdown, from the metrics of :func:`train`, the size of its training data and the published reports in it."""
    test, scores, contrasts = metrics["test"], metrics["test_scores"], metrics["contrasts"]
    prior = metrics["test_scores_with_prior"]
    notes = files("cqc_nlp").joinpath(f"data/cards/{name}.md").read_text(encoding="utf-8")
    rows = "\n".join(
        f"| {label} | {test['support'][label]} | {value:.3f} | {test['label_calibration_error'][label]:.3f} |"
        for label, value in (test["polarity_f1"] | test["theme_f1"]).items()
    )
    confusion = "\n".join(f"| {label} | {' | '.join(map(str, row))} |" for label, row in test["confusion"].items())
    return f"""# Model card: {name}

Tags statements of assessments of adult social care (polarity, further polarities, themes, source) and predicts the
1-4 score of the quality statement "Care provision, integration and continuity" from the tagged evidence.

- **Method**: {_METHODS[name]}.
  The score comes from an ordinal model on aggregated evidence; neither the text nor the printed score reaches it.
- **Tagger trained on** {statements} statements of {reports} written reports about invented authorities (see the corpus data
  card) and on contrast sets; {published or "no published report"}. The authority's own name and its own grade are hidden from it.
- **Scorer trained on** written reports and on evidence profiles of 183 published inspection reports of children's services
  (sums of tag probabilities and the grade, no text), which have a shift of their own. Shares of the scores in practice are
  those of 51 published scores of this quality statement.
- **Measured on** the test split of the corpus: authorities that it has not seen, but written by the same hands.
  **Expect less on published reports**: see the figures in the corpus data card.

| label | statements | F1 | calibration error of its probability |
| --- | --- | --- | --- |
{rows}

Polarity macro-F1 {test["polarity_macro_f1"]:.3f}, kappa {test["polarity_kappa"]:.3f}; themes macro-F1
{test["theme_macro_f1"]:.3f}; source accuracy {test["source_accuracy"]:.3f}; {test["statements"]} statements. Expected
calibration error of the polarity {test["calibration_error"]:.3f}. Contrast groups with every polarity right:
{contrasts["polarity"]:.3f} of {contrasts["groups"]}.

Confusion of polarities (rows: given, columns: predicted):

| | {" | ".join(map(str, POLARITIES))} |
| --- | --- | --- | --- | --- |
{confusion}

Scores of the {scores["reports"]} test reports from predicted tags:

| | quadratic weighted kappa | accuracy | within one | mean absolute error |
| --- | --- | --- | --- | --- |
{_score_row("the four scores weighted alike", scores)}
{_score_row("as shipped, with the shares of published scores", prior)}

The shipped scorer leans towards 2 and 3, which published scores mostly are. On written reports, of which a quarter have
each score, that costs agreement. `cqc-nlp evaluate --model {name}` prints these figures with intervals, baselines and the
coverage of prediction sets, also for the published reports.

{notes}
**Use**: to read a draft critically and to compare evidence. **Not for**: deciding anything about a person, a provider or
an authority without a reader; other kinds of text. It cannot tell whether a claim is true.
"""


def _score_row(name: str, figures: dict[str, float]) -> str:
    return f"| {name} | {figures['qwk']:.3f} | {figures['accuracy']:.3f} | {figures['adjacent']:.3f} | {figures['mae']:.3f} |"
