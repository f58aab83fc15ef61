"""Checks of a corpus folder: format, labels, splits, duplicates and borrowed wording."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from cqc_nlp.corpus.records import KINDS, LabelledReport, contrast_groups, labelled_reports, split_of
from cqc_nlp.errors import CorpusError
from cqc_nlp.framework import QUALITY_STATEMENTS, SCORES

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
_TOO_ALIKE = 0.8
_RUN = 8
# Names and phrases of the sector that everybody writes; a shared run of words that holds one is not borrowed.
_STOCK = re.compile(
    r"england average|adult social care|joint strategic needs|skills for care|care quality commission|adult carers|"
    r"statistical variation|statistically different|health and wellbeing|voluntary community|what people expect|"
    r"local authority commitment|diverse health and care needs|quality statement|care and support needs|choice over services|"
    r"(?:take|have) a break|short notice|break from caring|sufficient care and support|learning disability were|at the time of our",
    re.IGNORECASE,
)


def validate(corpus: Path | None = None, against: Path | None = None) -> list[str]:
    """What is wrong with a corpus folder; an empty list if nothing is.

    Parameters
    ----------
    corpus : path, optional
        The folder; the shipped corpus if left out.
    against : path, optional
        A folder of ``.txt`` files whose wording must not be in the corpus: runs of eight words are looked for.

    Returns
    -------
    list of str
        One line a finding, with the report and the statement.
    """
    try:
        reports, groups = labelled_reports(corpus, suggested=True), contrast_groups(corpus)
    except CorpusError as error:
        return [str(error)]
    findings = [*_reports(reports)]
    names = [f"{report.id}:{number}" for report in reports for number in range(len(report.statements))]
    texts = [statement.text for report in reports for statement in report.statements]
    findings += _texts(names, texts)
    findings += [f"{names[i]} and {names[j]} share {share:.0%} of their words: {texts[i]!r}" for i, j, share in near_duplicates(texts)]
    for group in groups:
        if len({(s.polarity, s.also, s.themes, s.source) for s in group.statements}) < 2:
            findings.append(f"contrast group {group.id}: its members have the same labels")
        names += [f"{group.id}:{number}" for number in range(len(group.statements))]
        texts += [statement.text for statement in group.statements]
    if against is not None:
        findings += [f"{name} shares {run!r} with {file}" for name, run, file in borrowed(names, texts, against)]
    return findings


def near_duplicates(texts: list[str]) -> Iterator[tuple[int, int, float]]:
    """Pairs of texts that share more than 80% of their words, as indices and Jaccard overlap of their word sets.

    Two sets that overlap so far share at least one of their rarest words, so only those are looked up (prefix
    filtering: Chaudhuri, Ganti and Kaushik, 2006).
    """
    words = [{word.lower() for word in _WORD.findall(text)} for text in texts]
    frequency = Counter(word for found in words for word in found)
    index: dict[str, list[int]] = defaultdict(list)
    for number, found in enumerate(words):
        rarest = sorted(found, key=lambda word: (frequency[word], word))
        candidates: set[int] = set()
        for word in rarest[: len(rarest) - math.ceil(_TOO_ALIKE * len(rarest)) + 1]:
            candidates.update(index[word])
            index[word].append(number)
        for other in sorted(candidates):
            share = len(found & words[other]) / len(found | words[other])
            if share > _TOO_ALIKE:
                yield other, number, share


def borrowed(names: list[str], texts: list[str], folder: Path) -> Iterator[tuple[str, str, str]]:
    """Texts that share a run of eight words with a ``.txt`` file of a folder: name, run and file."""
    runs: dict[tuple[str, ...], str] = {}
    for path in sorted(folder.rglob("*.txt")):
        for run in _runs(path.read_text(encoding="utf-8", errors="replace")):
            runs.setdefault(run, path.name)
    for name, text in zip(names, texts, strict=True):
        for run in _runs(text):
            if run in runs and not _STOCK.search(" ".join(run)):
                yield name, " ".join(run), runs[run]
                break


def _runs(text: str) -> Iterable[tuple[str, ...]]:
    for line in text.splitlines():
        words = [word.lower() for word in _WORD.findall(line)]
        yield from (tuple(words[i : i + _RUN]) for i in range(len(words) - _RUN + 1))


def _reports(reports: list[LabelledReport]) -> Iterator[str]:
    names = Counter(report.id for report in reports)
    yield from (f"{name}: {count} reports have this id" for name, count in names.items() if count > 1)
    splits: dict[str, set[str]] = defaultdict(set)
    known = {statement.name for statement in QUALITY_STATEMENTS}
    for report in reports:
        splits[report.authority].add(report.split)
        if report.score not in SCORES:
            yield f"{report.id}: the score {report.score!r} is none of {SCORES}"
        if report.kind not in KINDS:
            yield f"{report.id}: the kind {report.kind!r} is none of {KINDS}"
        if report.report.quality_statement not in known:
            yield f"{report.id}: {report.report.quality_statement!r} is no quality statement"
        if report.split != split_of(report.authority):
            yield f"{report.id}: {report.authority} belongs to the split {split_of(report.authority)}, not {report.split}"
    yield from (f"{name} stands in several splits: {sorted(found)}" for name, found in splits.items() if len(found) > 1)


def _texts(names: list[str], texts: list[str]) -> Iterator[str]:
    for name, text in zip(names, texts, strict=True):
        if text != " ".join(text.split()) or not text:
            yield f"{name}: the text is empty or has stray white space: {text!r}"
