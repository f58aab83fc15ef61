"""The same results however the work is spread, and memory that does not grow with it."""

from __future__ import annotations

import gc
import os
import pickle
import weakref
from functools import partial

import pytest
from joblib import Parallel, delayed, parallel_config

import cqc_nlp
from cqc_nlp import models
from cqc_nlp.assessment import _LOT
from cqc_nlp.errors import CannotWrite, ModelError
from cqc_nlp.results import Results

DRAFTS = [
    "Unpaid carers waited six months for a break. The council planned to open a new centre.",
    "gone.docx",
    "Staff were well trained and stayed. Homecare was available on the day in 96% of cases.",
    "Providers told us that visits were often late.",
]


def plain(results):
    """Everything that must not depend on who did the work, to the last bit."""
    return [
        str(result)
        if isinstance(result, cqc_nlp.Failure)
        else (result.report, result.statements, result.probabilities.tobytes(), result.familiarity, result.model)
        for result in results
    ]


def loads():
    """A function that says which process it is and how often that opened a tagger; as it is nested, it travels by value."""
    return lambda: (os.getpid(), models._load_tagger.cache_info().misses)


def tag_rows(tagger, rows):
    return {"polarity": [str(tag.polarity) for tag in tagger.tag(rows["text"])]}


def test_results_are_the_same_in_one_process_in_several_and_in_threads():
    expected = plain(cqc_nlp.assess_many(DRAFTS, model="fast"))
    assert [isinstance(result, str) for result in expected] == [False, True, False, False]
    assert plain(cqc_nlp.assess_many(DRAFTS * 5, model="fast", n_jobs=2)) == expected * 5
    assert max(count for _, count in Parallel(n_jobs=2)(delayed(loads())() for _ in range(8))) == 1
    with parallel_config(backend="threading", n_jobs=2):
        models._load_tagger.cache_clear()
        assert plain(cqc_nlp.assess_many(DRAFTS * 5, model="fast")) == expected * 5
        assert models._load_tagger.cache_info().misses == 1


def test_results_are_the_same_on_a_dask_cluster(tmp_path):
    distributed = pytest.importorskip("dask.distributed", reason="needs cqc-nlp[dask]")
    expected = plain(cqc_nlp.assess_many(DRAFTS, model="fast"))
    cluster = distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, host="127.0.0.1", dashboard_address=None, local_directory=str(tmp_path)
    )
    with cluster, distributed.Client(cluster) as client, parallel_config(backend="dask"):
        assert plain(cqc_nlp.assess_many(DRAFTS * 5, model="fast")) == expected * 5
        counts = dict(client.run(loads()).values())
    assert len(counts) == 2
    assert os.getpid() not in counts
    assert max(counts.values()) == 1


def test_results_of_the_accurate_model_are_the_same_in_several_processes():
    assert plain(cqc_nlp.assess_many(DRAFTS, n_jobs=2)) == plain(cqc_nlp.assess_many(DRAFTS))


@pytest.mark.parametrize("model", ["fast", "accurate"])
def test_a_tagger_maps_over_a_dataset_in_several_processes(model):
    import datasets

    tagger = cqc_nlp.load_tagger(model)
    texts = [draft for draft in DRAFTS if draft != "gone.docx"] * 4
    data = datasets.Dataset.from_dict({"text": texts})
    mapped = data.map(partial(tag_rows, tagger), batched=True, num_proc=2, keep_in_memory=True)
    assert list(mapped["polarity"]) == [str(tag.polarity) for tag in tagger.tag(texts)]


def test_a_tagger_of_a_folder_travels_as_its_name():
    from datasets.fingerprint import Hasher

    tagger = cqc_nlp.load_tagger("fast")
    packed = pickle.dumps(tagger)
    assert len(packed) < 2000
    arrived = pickle.loads(packed)
    assert arrived is not tagger
    assert arrived.encoder_ is tagger.encoder_
    assert arrived.tag(DRAFTS) == tagger.tag(DRAFTS)
    assert Hasher.hash(tagger) == Hasher.hash(arrived) == Hasher.hash(pickle.loads(pickle.dumps(arrived)))


def test_what_was_changed_on_a_tagger_travels_with_it():
    tagger = pickle.loads(pickle.dumps(cqc_nlp.load_tagger("fast")))
    tagger.thresholds_ = {**tagger.thresholds_, "carers": 0.01}
    arrived = pickle.loads(pickle.dumps(tagger))
    assert arrived.thresholds_["carers"] == 0.01 != cqc_nlp.load_tagger("fast").thresholds_["carers"]
    texts = ["There were no waits.", "People waited months."]
    tagger.set_params(encoder=None, labels=None).fit(texts, ["fine", "late"])
    arrived = pickle.loads(pickle.dumps(tagger))
    assert arrived.predict(texts).tolist() == ["fine", "late"]
    assert not hasattr(arrived, "theme_head_")


def test_a_tagger_is_not_opened_where_the_model_is_another_one(monkeypatch):
    packed = pickle.dumps(cqc_nlp.load_tagger("fast"))
    monkeypatch.setattr(models, "_stamp", lambda folder: "another")
    with pytest.raises(ModelError, match="not the model that the work was sent with"):
        pickle.loads(packed)


@pytest.mark.parametrize(("backend", "ahead"), [("sequential", 1), ("threading", 2 * _LOT)])
def test_sources_are_taken_and_results_let_go_as_the_work_goes_on(backend, ahead):
    taken = 0

    def sources():
        nonlocal taken
        for number in range(3 * ahead):
            taken = number + 1
            yield DRAFTS[0]

    with parallel_config(backend=backend, n_jobs=2):
        results = cqc_nlp.assess_many(sources(), model="fast")
        seen = [weakref.ref(next(results))]
        assert taken == ahead
        seen += [weakref.ref(result) for result in results]
    gc.collect()
    assert len(seen) == 3 * ahead
    assert not any(ref() is not None for ref in seen[:-1])


@pytest.fixture
def counted(monkeypatch):
    """How often the model was asked."""
    asked = []
    tag = cqc_nlp.StatementTagger._tags
    monkeypatch.setattr(cqc_nlp.StatementTagger, "_tags", lambda self, sequences: asked.append(1) or tag(self, sequences))
    return asked


def test_a_run_that_stopped_goes_on_where_it_was(tmp_path, counted):
    folder = tmp_path / "kept"
    expected = plain(cqc_nlp.assess_many(DRAFTS, model="fast"))
    counted.clear()
    results = cqc_nlp.assess_many(DRAFTS, model="fast", resume=folder)
    next(results)
    results.close()
    assert (len(counted), len(list(folder.iterdir()))) == (1, 1)
    assert plain(cqc_nlp.assess_many(DRAFTS, model="fast", resume=folder)) == expected
    assert (len(counted), len(list(folder.iterdir()))) == (3, 3)
    assert plain(cqc_nlp.assess_many(DRAFTS, model="fast", resume=folder)) == expected
    assert len(counted) == 3


def test_what_is_kept_is_not_the_text_and_is_made_again_when_it_is_broken_or_something_changed(tmp_path, counted, monkeypatch):
    def run(text=DRAFTS[0]):
        counted.clear()
        assert plain(cqc_nlp.assess_many([text], model="fast", resume=tmp_path))
        return len(counted)

    assert (run(), run()) == (1, 0)
    (path,) = tmp_path.iterdir()
    content = path.read_text()
    assert not any(word in content.lower() for word in ("unpaid", "waited", "council", "break"))
    for broken in (content[:-20], "", "[]", content.replace("shortfall", "triumph"), '{"tags": [], "familiarity": 1}'):
        path.write_text(broken)
        assert (run(), run()) == (1, 0)
        assert path.read_text() == content
    assert (run(DRAFTS[0] + " More."), run()) == (1, 0)
    monkeypatch.setattr("cqc_nlp.results.__version__", "99")
    assert (run(), run()) == (1, 0)
    monkeypatch.undo()
    digests = [Results(tmp_path, digest)._path(()) for digest in ("a", "b")]
    assert digests[0] != digests[1]


def test_a_folder_that_takes_no_results_is_one_message(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CannotWrite, match=r"file: the folder for results cannot be made"):
        next(cqc_nlp.assess_many(DRAFTS, model="fast", resume=tmp_path / "file"))


def test_a_failure_names_a_text_without_quoting_it():
    (failure,) = cqc_nlp.assess_many(["?!\n?!"], model="fast")
    assert (failure.path, str(failure)) == ("text", "text: no statements were found in it; check that it holds the text of an assessment.")
