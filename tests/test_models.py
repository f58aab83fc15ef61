from __future__ import annotations

import hashlib
import json
import os
import pickle
import shutil

import pytest

import cqc_nlp
from cqc_nlp import models
from cqc_nlp.errors import ModelError


@pytest.fixture
def folder(tmp_path):
    copy = tmp_path / "model"
    shutil.copytree(models.find("fast"), copy)
    return copy


class Malicious:
    def __reduce__(self):
        return (os.mkdir, ("planted",))


def refresh(folder):
    """Write the sums of a folder anew, as whoever tampered with it would."""
    description = json.loads((folder / "model.json").read_text())
    description["files"] = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir() if path.name != "model.json"
    }
    (folder / "model.json").write_text(json.dumps(description))


def test_the_shipped_models_are_sound():
    assert "fast" in models.available()
    for name in models.available():
        description = models.verify(name)
        assert description["tagger"]["labels"] == ["strength", "shortfall", "plan", "context"]
        assert len(description["corpus_digest"]) == 64


def test_a_copy_of_a_model_gives_the_same_tags(folder):
    texts = ["There were no waits.", "Carers could not get a break."]
    assert cqc_nlp.load_tagger(str(folder)).tag(texts) == cqc_nlp.load_tagger("fast").tag(texts)


@pytest.mark.parametrize("name", ["tagger.skops", "scorer.skops", "vocabulary.json", "README.md"])
def test_a_changed_byte_is_refused(folder, name):
    data = bytearray((folder / name).read_bytes())
    data[len(data) // 2] ^= 1
    (folder / name).write_bytes(data)
    with pytest.raises(ModelError, match=rf"{name} was altered"):
        cqc_nlp.load_tagger(str(folder))


def test_missing_extra_and_linked_files_are_refused(folder):
    (folder / "extra.pkl").write_bytes(b"x")
    with pytest.raises(ModelError, match="does not belong"):
        models.verify(folder)
    (folder / "extra.pkl").unlink()
    (folder / "link.md").symlink_to(folder / "README.md")
    with pytest.raises(ModelError, match="link"):
        models.verify(folder)
    (folder / "link.md").unlink()
    (folder / "scorer.skops").unlink()
    with pytest.raises(ModelError, match=r"scorer\.skops is missing"):
        cqc_nlp.load_scorer(str(folder))


def test_newer_formats_broken_descriptions_and_paths_outside_are_refused(folder):
    description = json.loads((folder / "model.json").read_text())
    (folder / "model.json").write_text(json.dumps({**description, "format": 99}))
    with pytest.raises(ModelError, match="newer"):
        models.verify(folder)
    (folder / "model.json").write_text(json.dumps({**description, "files": {**description["files"], "../x": "0" * 64}}))
    with pytest.raises(ModelError, match="outside"):
        models.verify(folder)
    (folder / "model.json").write_text("{")
    with pytest.raises(ModelError, match="broken"):
        models.verify(folder)


def describe(folder, change):
    description = json.loads((folder / "model.json").read_text())
    change(description)
    (folder / "model.json").write_text(json.dumps(description))


def plant(folder, name, *, listed):
    (folder / name).write_bytes(pickle.dumps(Malicious()))
    if listed:
        refresh(folder)


def point(folder, name):
    (folder / name).rename(folder.parent / name)
    (folder / name).symlink_to(folder.parent / name)


def truncate(folder, name):
    (folder / name).write_bytes((folder / name).read_bytes()[:-1])


ATTACKS = {
    "a byte less": (lambda folder: truncate(folder, "scorer.skops"), "altered"),
    "no vocabulary": (lambda folder: (folder / "vocabulary.json").unlink(), "missing"),
    "no description": (lambda folder: (folder / "model.json").unlink(), "missing or broken"),
    "a pickle more": (lambda folder: plant(folder, "extra.pkl", listed=False), "does not belong"),
    "a link": (lambda folder: point(folder, "tagger.skops"), "is a link"),
    "a link for a description": (lambda folder: point(folder, "model.json"), "is a link"),
    "a link to a folder": (lambda folder: (folder / "more").symlink_to(folder.parent), "is a link"),
    "a path that climbs out": (lambda folder: describe(folder, lambda d: d["files"].update({"../x": "0" * 64})), "outside"),
    "a whole path": (lambda folder: describe(folder, lambda d: d["files"].update({"/etc/passwd": "0" * 64})), "outside"),
    "a newer format": (lambda folder: describe(folder, lambda d: (d.update(format=99), d.pop("tagger"))), "newer"),
    "labels in another order": (lambda folder: describe(folder, lambda d: d["tagger"]["labels"].reverse()), "in this order"),
    "other labels": (lambda folder: describe(folder, lambda d: d["tagger"].update(labels=["fine", "late"])), "in this order"),
    "no tagger": (lambda folder: describe(folder, lambda d: d.pop("tagger")), "missing or broken"),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_folder_that_is_not_as_it_was_made_is_refused_before_any_part_is_opened(folder, attack, monkeypatch):
    change, words = ATTACKS[attack]
    change(folder)
    opened = []
    monkeypatch.setattr("skops.io.load", lambda *args, **kwargs: opened.append(args))
    monkeypatch.setattr("cqc_nlp.tagging.encoding.TfidfEncoder.load", lambda *args: opened.append(args))
    monkeypatch.setattr("pickle.load", lambda *args: opened.append(args))
    monkeypatch.setattr("pickle.loads", lambda *args: opened.append(args))
    for load in (models.verify, cqc_nlp.load_tagger, cqc_nlp.load_scorer, models.load_precedents):
        with pytest.raises(ModelError, match=words) as error:
            load(str(folder))
        assert str(error.value).startswith(f"{folder}: ")
    assert opened == []


def test_a_pickle_in_a_model_folder_never_runs(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("tagger.skops", "scorer.skops", "vocabulary.json", "precedents.json"):
        plant(folder, name, listed=True)
    for load in (cqc_nlp.load_tagger, cqc_nlp.load_scorer, models.load_precedents):
        with pytest.raises(ModelError, match=str(folder)):
            load(str(folder))
    assert not (tmp_path / "planted").exists()
    pickle.loads(pickle.dumps(Malicious()))
    assert (tmp_path / "planted").exists()  # it would have run


def test_a_pickle_inside_a_file_of_estimators_never_runs(folder, tmp_path, monkeypatch):
    import skops.io

    monkeypatch.chdir(tmp_path)
    skops.io.dump({"polarity_head_": Malicious()}, folder / "tagger.skops")
    skops.io.dump(Malicious(), folder / "scorer.skops")
    refresh(folder)
    for load in (cqc_nlp.load_tagger, cqc_nlp.load_scorer):
        with pytest.raises(ModelError, match="may not hold"):
            load(str(folder))
    assert not (tmp_path / "planted").exists()


def test_a_file_of_other_things_than_the_parts_of_a_tagger_is_refused(folder):
    import skops.io

    for content in ({"tag": 1}, [1], {"polarity_head_": 1, "_encode": 1}):
        skops.io.dump(content, folder / "tagger.skops")
        refresh(folder)
        with pytest.raises(ModelError, match="parts of a tagger"):
            cqc_nlp.load_tagger(str(folder))


def test_a_model_that_was_trained_again_in_the_same_folder_is_loaded_again(folder):
    before = cqc_nlp.load_tagger(str(folder))
    description = json.loads((folder / "model.json").read_text())
    description["tagger"]["thresholds"]["carers"] = 0.999
    (folder / "model.json").write_text(json.dumps(description))
    assert cqc_nlp.load_tagger(str(folder)).thresholds_["carers"] == 0.999 != before.thresholds_["carers"]


def test_an_unknown_model_is_answered():
    with pytest.raises(ModelError, match="shipped models are"):
        cqc_nlp.assess("Carers waited for a break.", model="enormous")
