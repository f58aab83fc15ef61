"""Evidence profiles of ILACS reports: figures about real inspection reports, without a sentence of them.

    python benchmarks/ilacs.py profile REPORTS.jsonl.gz --model accurate --out corpus/profiles/ilacs-accurate.csv
    python benchmarks/ilacs.py evaluate REPORTS.jsonl.gz --model accurate

The input has one JSON object a line: ``urn`` (the authority), ``published``, ``grade`` (4 outstanding to 1
inadequate), ``judgements`` (part grades) and ``text``. Reports of inspections of local authority children's services
are published by Ofsted under the Open Government Licence v3.0. Grade words are removed before anything is computed.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import clone
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import cohen_kappa_score
from sklearn.pipeline import make_pipeline

import cqc_nlp
from cqc_nlp.corpus.profiles import COLUMNS, WHOLE, profile_row, profiles
from cqc_nlp.scoring import QualityScorer

PARTS = {
    "impact_of_leaders_grade": r"the impact of leaders",
    "help_and_protection_grade": r"the experiences and progress of children who need help",
    "in_care_grade": r"the experiences and progress of children in care",
    "care_leavers_grade": r"the experiences and progress of care leavers",
}
_GRADE_WORDS = re.compile(
    r"\b(?:inadequate(?:ly)?|requir(?:es?|ed|ing) improvement(?: to be good)?|good|outstanding(?:ly)?|judge?ments?|grade[sd]?)\b",
    re.IGNORECASE,
)
_END = re.compile(
    r"(?:annex|information about this inspection|inspection findings are|the office for standards|if you would like a copy)", re.IGNORECASE
)
_DATES = r"\d{1,2} \w+(?: \d{4})? (?:to|and|[-–]) .*\d{4}(?: \d+)?"
_FURNITURE = re.compile(
    rf"(?:inspection of .*children.s services.*|{_DATES}|\d+|page \d+.*|(?:published|lead inspector|inspection dates?):.*)$",
    re.IGNORECASE,
)
_GRADED_HEADING = re.compile(r"[^.]{10,140}?(?::|\bis\b|\bare\b)?\s*(?:good|outstanding|inadequate|requires? improvement)", re.IGNORECASE)


class Part(NamedTuple):
    """The text under one heading that carries a grade; ``""`` for the rest."""

    name: str
    text: str


def masked(text: str) -> str:
    """The text without grade words."""
    return re.sub(r"[ ]{2,}", " ", _GRADE_WORDS.sub("", text))


def parts(text: str) -> list[Part]:
    """The prose of a report by part, in order, without its grade table, page furniture and annex."""
    found: list[tuple[str, list[str]]] = [("", [])]
    lines = [line.strip() for line in text.splitlines()]
    started = False
    number = 0
    while number < len(lines):
        line = lines[number]
        number += 1
        if not started:
            # The grade table ends with the overall grade; prose begins after it.
            started = bool(re.match(r"overall effectiveness", line, re.IGNORECASE))
            continue
        if _END.match(line) and len(found) > 2:
            break
        if _FURNITURE.match(line):
            continue
        heading = next((name for name, pattern in PARTS.items() if re.match(rf"{pattern}\b", line, re.IGNORECASE)), None)
        if heading and _is_heading(lines, number - 1):
            found.append((heading, []))
            while number < len(lines) and lines[number] and not re.match(r"(?:\d+\.|[A-Z])", lines[number]) and len(lines[number]) < 60:
                number += 1
            continue
        if re.match(r"what needs to (?:improve|be better)|areas? for improvement", line, re.IGNORECASE):
            found.append(("improve", []))
            continue
        if re.match(r"^(?:\d{1,3}\.\s|[◼■▪•])", line):
            found[-1][1].append("")
            line = re.sub(r"^(?:\d{1,3}\.\s+|[◼■▪•]\s*)", "", line)
        found[-1][1].append(line)
    return [Part(name, masked(_paragraphs(rows))) for name, rows in found if any(rows)]


def _is_heading(lines: list[str], number: int) -> bool:
    head = " ".join(lines[number : number + 3])
    return bool(_GRADED_HEADING.match(head))


def _paragraphs(rows: list[str]) -> str:
    """Lines joined to paragraphs; a blank line parts them only after the end of a sentence."""
    text = ""
    for row in rows:
        if row:
            text += (" " if text and not text.endswith("\n") else "") + row
        elif text.rstrip().endswith((".", "!", "?", ":", ";")) and not text.endswith("\n"):
            text += "\n\n"
    return text


def reports(path: Path) -> Iterator[dict[str, Any]]:
    """The reports of the file, with ``parts`` beside their text."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            yield row | {"parts": parts(row["text"]), "date": datetime.strptime(row["published"], "%d/%m/%y").date().isoformat()}


def profile(path: Path, model: str, out: Path) -> None:
    """Write the evidence profiles of all reports and their graded parts."""
    tagger = cqc_nlp.load_tagger(model)
    out.parent.mkdir(parents=True, exist_ok=True)
    with out.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for report in reports(path):
            authority = report["local_authority"]
            tagged = [(p.name, tagger.tag_sentences(_sentences(p.text, authority))) for p in report["parts"]]
            about = [report["urn"], authority, report["date"]]
            writer.writerow([*about, WHOLE, report["grade"], *profile_row([s for _, part in tagged for s in part])])
            for key, grade in report["judgements"].items():
                statements = [s for name, part in tagged if name == key for s in part]
                if grade and statements:
                    writer.writerow([*about, key.removesuffix("_grade"), grade, *profile_row(statements)])


def _sentences(text: str, authority: str) -> list[cqc_nlp.Sentence]:
    """The sentences of a part, with the authority whose name no model may see."""
    return [replace(sentence, authority=authority) for sentence in cqc_nlp.sentences(cqc_nlp.read_text(text))]


def evaluate(path: Path, model: str) -> None:
    """Grades from evidence profiles, five folds grouped by authority, three seeds, beside TF-IDF on the masked text."""
    whole = profiles(model)
    _print("tags, ordinal model", whole.grades, whole.authorities, whole.features, QualityScorer())
    for key in PARTS:
        part = profiles(model, key.removesuffix("_grade"))
        _print(f"tags, {key}", part.grades, part.authorities, part.features, QualityScorer())
    rows = list(reports(path))
    texts = np.array(["\n".join(p.text for p in row["parts"]) for row in rows], dtype=object)
    words = make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True, max_features=60_000),
        LogisticRegression(C=10, class_weight="balanced", max_iter=3000),
    )
    _print("TF-IDF on the text", np.array([r["grade"] for r in rows]), np.array([r["urn"] for r in rows]), texts, words)


def _print(name: str, grades: Any, authorities: Any, X: Any, estimator: Any) -> None:
    found = []
    for seed in range(3):
        folds = np.unique(authorities)
        np.random.default_rng(seed).shuffle(folds)
        fold = {authority: number % 5 for number, authority in enumerate(folds)}
        which = np.array([fold[authority] for authority in authorities])
        predicted = np.zeros(len(grades), dtype=int)
        for number in range(5):
            held = which == number
            predicted[held] = clone(estimator).fit(X[~held], grades[~held]).predict(X[held])
        qwk = cohen_kappa_score(grades, predicted, weights="quadratic", labels=[1, 2, 3, 4])
        found.append([qwk, (predicted == grades).mean(), (np.abs(predicted - grades) <= 1).mean()])
    qwk, accuracy, adjacent = np.mean(found, axis=0)
    spread = np.std([row[0] for row in found])
    print(f"{name:28} n {len(grades):3}  QWK {qwk:.3f} ± {spread:.3f}  accuracy {accuracy:.3f}  within one {adjacent:.3f}")


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["profile", "evaluate"])
    parser.add_argument("reports", type=Path)
    parser.add_argument("--model", default="accurate")
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    if args.command == "profile":
        profile(args.reports, args.model, args.out or Path(f"corpus/profiles/ilacs-{args.model}.csv"))
    else:
        evaluate(args.reports, args.model)


if __name__ == "__main__":
    main()
