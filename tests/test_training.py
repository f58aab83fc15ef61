from __future__ import annotations

import json
import shutil

import pytest

import cqc_nlp
from cqc_nlp import resources
from cqc_nlp.corpus import labelled_reports
from cqc_nlp.errors import ModelError
from cqc_nlp.experiments.training import train


def small_corpus(tmp_path):
    """A corpus of a few reports of every score."""
    source, target = resources.folder("corpus"), tmp_path / "corpus"
    for split, per_score in (("train", 6), ("validation", 1), ("test", 2)):
        rows = [json.loads(line) for line in (source / "reports" / f"{split}.jsonl").read_text(encoding="utf-8").splitlines()]
        rows = [row for row in rows if row["quality_statement"].startswith("Care provision") and row["kind"] != "exercise"]
        chosen = [row for score in (1, 2, 3, 4) for row in [r for r in rows if r["score"] == score][:per_score]]
        (target / "reports").mkdir(parents=True, exist_ok=True)
        (target / "reports" / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in chosen), encoding="utf-8")
        (target / "statements" / split).mkdir(parents=True)
        for row in chosen:
            shutil.copy(source / "statements" / split / f"{row['report']}.jsonl", target / "statements" / split)
    return target


def test_a_second_training_gives_the_same_predictions_and_a_sound_folder(tmp_path):
    corpus = small_corpus(tmp_path)
    said: list[str] = []
    first = train("fast", tmp_path / "one", corpus, say=said.append)
    second = train("fast", tmp_path / "two", corpus, say=said.append)
    assert first == second
    assert first["test"]["polarity_macro_f1"] > 0.3
    assert said
    texts = [s.text for s in labelled_reports(corpus, ["test"])[0].statements]
    one, two = (cqc_nlp.load_tagger(str(tmp_path / name)).tag(texts) for name in ("one", "two"))
    assert one == two
    draft = "There was a lack of care. Carers waited for months."
    scores = [cqc_nlp.assess(draft, model=tmp_path / name).probabilities.tolist() for name in ("one", "two")]
    assert scores[0] == scores[1]


def test_training_never_deletes_what_is_no_model(tmp_path):
    corpus = small_corpus(tmp_path)
    (tmp_path / "drafts").mkdir()
    (tmp_path / "drafts" / "draft.txt").write_text("A draft.")
    with pytest.raises(ModelError):
        train("fast", tmp_path / "drafts", corpus, say=lambda line: None)
    assert (tmp_path / "drafts" / "draft.txt").exists()
