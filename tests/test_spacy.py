from __future__ import annotations

import os
import pickle
import re
import shutil
import subprocess
import sys

import pytest
import spacy
from conftest import ROOT
from spacy import displacy
from spacy.tokens import Doc, DocBin

import cqc_nlp
from cqc_nlp import models
from cqc_nlp.errors import ModelError

TEXT = (
    "## Ensuring quality of local services\n\nScore: 2\n\nThere was a lack of visits 👍. "
    "We plan to visit every home next year, and unpaid carers will be offered breaks."
)
VALUES = ("polarity", "also", "themes", "source", "confidence", "section", "repeated")


@pytest.fixture(scope="module")
def nlp():
    return cqc_nlp.load("fast")


def evidence(doc):
    return [(span.text, span.label_, *(getattr(span._, name) for name in VALUES)) for span in doc.spans["evidence"]]


@pytest.fixture(scope="module")
def expected(nlp):
    found = evidence(nlp(TEXT))
    assert [row[1] for row in found] == ["shortfall", "plan"]
    assert found[1][4] == ("carers", "quality")
    assert found[1][7].kind == "quality"
    return found


def test_pipelines_are_saved_and_loaded(nlp, expected, tmp_path):
    nlp.to_disk(tmp_path / "pipeline")
    assert evidence(spacy.load(tmp_path / "pipeline")(TEXT)) == expected
    assert evidence(nlp.from_disk(tmp_path / "pipeline")(TEXT)) == expected
    assert evidence(spacy.blank("en").from_config(nlp.config).from_bytes(nlp.to_bytes())(TEXT)) == expected
    assert evidence(pickle.loads(pickle.dumps(nlp))(TEXT)) == expected


def test_a_model_of_your_own_is_saved_with_the_pipeline(expected, tmp_path):
    own = tmp_path / "own"
    shutil.copytree(models.find("fast"), own)
    cqc_nlp.load(own).to_disk(tmp_path / "pipeline")
    shutil.rmtree(own)
    assert evidence(spacy.load(tmp_path / "pipeline")(TEXT)) == expected


def test_a_mistaken_model_is_an_error_at_once():
    with pytest.raises(ModelError, match="no model"):
        cqc_nlp.load("nosuch")


def test_texts_are_piped_with_their_context(nlp, expected):
    found = list(nlp.pipe([(TEXT, "a"), ("", "b")], as_tuples=True))
    assert [context for _, context in found] == ["a", "b"]
    assert [evidence(doc) for doc, _ in found] == [expected, []]


def test_texts_are_piped_through_two_processes(nlp, expected):
    found = list(nlp.pipe([(TEXT, 1), (TEXT, 2), ("#", 3)], as_tuples=True, n_process=2))
    assert [context for _, context in found] == [1, 2, 3]
    assert [evidence(doc) for doc, _ in found] == [expected, expected, []]


def test_documents_keep_their_evidence_when_they_are_saved(nlp, expected):
    doc = nlp(TEXT)
    assert evidence(Doc(nlp.vocab).from_bytes(doc.to_bytes())) == expected
    assert evidence(pickle.loads(pickle.dumps(doc))) == expected
    data = DocBin(docs=[doc], store_user_data=True).to_bytes()
    (back,) = DocBin().from_bytes(data).get_docs(spacy.blank("en").vocab)
    assert evidence(back) == expected
    assert back._.report == cqc_nlp.read_text(TEXT)


def test_documents_go_to_json_with_their_labels(nlp):
    data = nlp(TEXT).to_json(underscore=["polarity", "themes", "source"])
    spans = data["spans"]["evidence"]
    assert [(span["label"], TEXT[span["start"] : span["end"]][:5]) for span in spans] == [("shortfall", "There"), ("plan", "We pl")]
    values = data["underscore_span"]
    assert [item["value"] for item in values["themes"]] == [["quality"], ["carers", "quality"]]
    assert [item["value"] for item in values["polarity"]] == ["shortfall", "plan"]


def test_displacy_shows_the_statements_in_our_colours(nlp):
    options = cqc_nlp.displacy_options()
    page = displacy.render(nlp(TEXT), style="span", options=options, jupyter=False)
    assert set(options["colors"]) == {"strength", "shortfall", "plan", "context"}
    assert options["colors"]["shortfall"] in page
    assert options["colors"]["plan"] in page
    assert options["colors"]["strength"] not in page


def test_the_factories_are_found_without_an_import(tmp_path):
    """As spaCy finds them once the library is installed: through the entry points of pyproject.toml."""
    tomllib = pytest.importorskip("tomllib")
    points = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["entry-points"]["spacy_factories"]
    installed = tmp_path / "cqc_nlp_points-1.0.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: cqc-nlp-points\nVersion: 1.0\n")
    (installed / "entry_points.txt").write_text("[spacy_factories]\n" + "".join(f"{name} = {home}\n" for name, home in points.items()))
    code = (
        "import spacy; nlp = spacy.blank('en'); nlp.add_pipe('cqc_sentences'); nlp.add_pipe('cqc_evidence', config={'model': 'fast'});"
        "doc = nlp('Carers waited for months.'); print([span.label_ for span in doc.spans['evidence']])"
    )
    path = os.pathsep.join([str(tmp_path), str(ROOT)])
    done = subprocess.run([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=False)
    assert re.search(r"\['shortfall'\]", done.stdout), done.stderr
