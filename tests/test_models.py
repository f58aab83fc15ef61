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


def test_labels_that_are_not_the_taggers_are_refused(folder):
    description = json.loads((folder / "model.json").read_text())
    description["tagger"]["labels"][0] = "triumph"
    (folder / "model.json").write_text(json.dumps(description))
    with pytest.raises(ModelError, match="labels"):
        cqc_nlp.load_tagger(str(folder))


class Malicious:
    def __reduce__(self):
        return (os.mkdir, ("planted",))


def test_a_pickle_in_a_model_folder_never_runs(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("tagger.skops", "scorer.skops"):
        (folder / name).write_bytes(pickle.dumps(Malicious()))
    refresh(folder)
    for load in (cqc_nlp.load_tagger, cqc_nlp.load_scorer):
        with pytest.raises(ModelError):
            load(str(folder))
    assert not (tmp_path / "planted").exists()


def test_a_model_that_was_trained_again_in_the_same_folder_is_loaded_again(folder):
    before = cqc_nlp.load_tagger(str(folder))
    description = json.loads((folder / "model.json").read_text())
    description["tagger"]["thresholds"]["carers"] = 0.999
    (folder / "model.json").write_text(json.dumps(description))
    assert cqc_nlp.load_tagger(str(folder)).thresholds_["carers"] == 0.999 != before.thresholds_["carers"]


def test_an_unknown_model_is_answered():
    with pytest.raises(ModelError, match="shipped models are"):
        cqc_nlp.assess("Carers waited for a break.", model="enormous")
