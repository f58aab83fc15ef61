from __future__ import annotations

import numpy as np
import pytest

from cqc_nlp import StatementTagger

torch = pytest.importorskip("torch", reason="fine-tuning needs the extra `train`")
pytest.importorskip("transformers", reason="fine-tuning needs the extra `train`")
pytest.importorskip("onnx", reason="fine-tuning needs the extra `train`")

TEXTS = ["people waited months", "there were long waits", "carers were pleased", "staff were well trained"] * 4
LABELS = ["late", "late", "fine", "fine"] * 4


@pytest.fixture
def encoder(tmp_path):
    """A sentence encoder of two narrow layers with random weights."""
    from transformers import BertConfig, BertModel, BertTokenizerFast

    words = sorted({word for text in TEXTS for word in text.split()})
    (tmp_path / "vocab.txt").write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *words]))
    torch.manual_seed(0)
    sizes = {"hidden_size": 48, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    BertModel(BertConfig(vocab_size=5 + len(words), **sizes)).save_pretrained(tmp_path)
    BertTokenizerFast(vocab_file=str(tmp_path / "vocab.txt")).save_pretrained(tmp_path)
    return str(tmp_path)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the exporter of PyTorch
def test_an_encoder_is_fine_tuned_on_labels_of_ones_own(encoder):
    from cqc_nlp.experiments.finetuning import FineTunedEncoder, Recipe

    recipe = Recipe(epochs=12, learning_rate=5e-3, head_learning_rate=5e-3)
    taggers = [StatementTagger(labels=["late", "fine"], encoder=FineTunedEncoder(encoder, recipe)).fit(TEXTS, LABELS) for _ in range(2)]
    probabilities = [tagger.predict_proba(TEXTS) for tagger in taggers]
    assert probabilities[0].shape == (len(TEXTS), 2)
    assert np.array_equal(*probabilities), "a second training gives the same predictions"


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the exporter of PyTorch
def test_what_a_sentence_does_not_say_is_read_from_its_neighbours(encoder, tmp_path):
    from pathlib import Path

    from cqc_nlp.experiments.examples import sentence
    from cqc_nlp.experiments.finetuning import Example, Recipe, find_encoder, fine_tune
    from cqc_nlp.tagging.transformer import ContextEncoder, Question

    # Every sentence that is learnt from says itself what it is about; only the loss of words makes some that do not.
    passages = [["carers were pleased"] * 4, ["staff were well trained"] * 4] * 6
    targets = [np.eye(2, dtype=np.float32)[[number % 2] * 4] for number in range(len(passages))]
    examples = [Example([sentence(text) for text in texts], rows) for texts, rows in zip(passages, targets, strict=True)]
    themes = [Question("theme", ("carers", "workforce"), exclusive=False, carried=True)]
    recipe = Recipe(epochs=15, learning_rate=5e-3, head_learning_rate=5e-3, members=2)
    out = tmp_path / "network"
    fine_tune(examples, [], themes, Path(encoder), out, recipe, say=lambda line: None)
    silent = [[sentence(text) for text in (said, "there were")] for said in ("carers were pleased", "staff were well trained")]
    of_carers, of_staff = ContextEncoder().load(out).transform(silent)[1::2]
    assert of_carers[0] > of_carers[1]
    assert of_staff[1] > of_staff[0]
    # What was learnt can be the start of another fine-tuning.
    kept, _ = find_encoder(str(out / "encoder"))
    fine_tune(examples[:2], [], themes, kept, tmp_path / "further", Recipe(epochs=1), say=lambda line: None)
    again = ContextEncoder().load(tmp_path / "further")
    assert again.transform(silent).shape == (4, 2)
