"""Fine-tuning a sentence encoder on the corpus and exporting it to ONNX (extra ``train``).

All layers but the word embeddings learn, with the learning rate falling from the top layer down. Each step
reads a run of neighbouring statements of one report and a few contrast groups: the encoder makes a vector of
each statement, a small transformer with relative positions reads the vectors of the run, and one linear layer
answers every question of the codebook.
"""

from __future__ import annotations

import hashlib
import itertools
import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from cqc_nlp.errors import ModelError
from cqc_nlp.experiments.training import DEFAULT_ENCODER
from cqc_nlp.schema import ASSERTIONS, POLARITIES, SOURCES, THEMES, SectionKind, Statement
from cqc_nlp.tagging.encoding import model_text
from cqc_nlp.tagging.transformer import OUTPUTS, places

# all-MiniLM-L6-v2, revision 1110a243: the weights that the shipped model starts from.
MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"

_POLARITY = slice(0, 4)
_ASSERTION = slice(4, 7)
_THEME = slice(7, 11)
_SOURCE = slice(11, 16)
_HEADS, _RANGE, _POSITIONS = 6, 8, 8


@dataclass(frozen=True, slots=True)
class Recipe:
    """Settings of a fine-tuning."""

    epochs: float = 2.0
    learning_rate: float = 1e-4
    layer_decay: float = 0.9
    head_learning_rate: float = 5e-4
    run: int = 16
    max_tokens: int = 128
    source_weight: float = 0.3
    assertion_weight: float = 0.5
    warm_up: float = 0.06
    seed: int = 0


class SentenceNetwork(nn.Module):
    """Token ids → one vector a sentence (mean over its tokens)."""

    def __init__(self, encoder: Any) -> None:
        super().__init__()
        self.encoder: Any = encoder

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        hidden = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        weights = attention_mask[..., None].to(hidden.dtype)
        mean: Tensor = (hidden * weights).sum(1) / weights.sum(1)
        return mean


class ContextNetwork(nn.Module):
    """Vectors of neighbouring statements → logits of every label for each."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.position = nn.Embedding(_POSITIONS, size)
        self.section = nn.Embedding(len(SectionKind), size)
        for embedding in (self.position, self.section):
            nn.init.normal_(embedding.weight, std=0.02)
        self.enter = nn.Linear(size, size)
        self.norms = nn.ModuleList([nn.LayerNorm(size) for _ in range(3)])
        self.query_key_value = nn.Linear(size, 3 * size)
        self.leave = nn.Linear(size, size)
        self.feed = nn.Sequential(nn.Linear(size, 2 * size), nn.GELU(), nn.Linear(2 * size, size))
        self.distance_bias = nn.Parameter(torch.zeros(_HEADS, 2 * _RANGE + 1))
        self.paragraph_bias = nn.Parameter(torch.zeros(_HEADS))
        self.dropout = nn.Dropout(0.1)
        self.out = nn.Linear(size, len(OUTPUTS))

    def forward(self, vectors: Tensor, paragraphs: Tensor, sections: Tensor) -> Tensor:
        batch, length, size = vectors.shape
        same = paragraphs[:, :, None] == paragraphs[:, None, :]
        order = torch.arange(length, device=vectors.device)
        before = (same & (order[None, None, :] < order[None, :, None])).sum(-1).clamp(max=_POSITIONS - 1)
        x = self.norms[0](self.enter(vectors) + self.position(before) + self.section(sections))
        bias = self.distance_bias[:, (order[None, :] - order[:, None]).clamp(-_RANGE, _RANGE) + _RANGE][None]
        bias = bias + self.paragraph_bias[None, :, None, None] * same[:, None].to(vectors.dtype)
        q, k, v = self.query_key_value(self.norms[1](x)).reshape(batch, length, 3, _HEADS, size // _HEADS).permute(2, 0, 3, 1, 4)
        weights = self.dropout((q @ k.transpose(-1, -2) / (size // _HEADS) ** 0.5 + bias).softmax(-1))
        x = x + self.dropout(self.leave((weights @ v).transpose(1, 2).reshape(batch, length, size)))
        x = x + self.dropout(self.feed(self.norms[2](x)))
        logits: Tensor = self.out(self.dropout(vectors + x))
        return logits


def fine_tune(
    reports: Sequence[Sequence[Statement]],
    contrasts: Sequence[Sequence[Statement]],
    encoder: Path,
    out: Path,
    recipe: Recipe = Recipe(),
    say: Callable[[str], None] = print,
) -> None:
    """Fine-tune an encoder and write ``sentence.onnx`` (int8), ``context.onnx`` and ``tokenizer.json``.

    Parameters
    ----------
    reports : sequence of sequences of Statement
        Tagged statements, one sequence a report.
    contrasts : sequence of sequences of Statement
        Contrast groups; each of their statements is read alone.
    encoder : path
        Folder of a sentence encoder.
    out : path
        Folder to write to.
    recipe : Recipe
        Settings.
    say : callable
        Called with a line of progress.
    """
    from transformers import AutoModel, AutoTokenizer

    random.seed(recipe.seed)
    np.random.seed(recipe.seed)  # noqa: NPY002 - the seed of libraries that draw from the global generator
    torch.manual_seed(recipe.seed)
    tokenizer = AutoTokenizer.from_pretrained(str(encoder))
    sentence_network = SentenceNetwork(AutoModel.from_pretrained(str(encoder), attn_implementation="eager"))
    context_network = ContextNetwork(sentence_network.encoder.config.hidden_size)
    sentence_network.encoder.embeddings.word_embeddings.weight.requires_grad_(False)
    optimizer = torch.optim.AdamW(_parameter_groups(sentence_network, context_network, recipe), betas=(0.9, 0.98))
    runs = max(1, sum(-(-len(report) // recipe.run) + 1 for report in reports))
    steps = int(runs * recipe.epochs)
    warm = max(1, int(recipe.warm_up * steps))
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda t: min((t + 1) / warm, max(0.0, (steps - t) / max(1, steps - warm))))
    batches = _batches(reports, contrasts, recipe)
    total = 0.0
    for step in range(1, steps + 1):
        sequences = next(batches)
        statements = [statement for sequence in sequences for statement in sequence]
        vectors = _vectors(sentence_network, tokenizer, [model_text(s) for s in statements], recipe)
        logits, start = [], 0
        for sequence in _stacked(sequences):
            size = sum(map(len, sequence))
            place = [places(part) for part in sequence]
            shape = (len(sequence), len(sequence[0]))
            logits.append(
                context_network(
                    vectors[start : start + size].reshape(*shape, -1),
                    torch.from_numpy(np.stack([p for p, _ in place])),
                    torch.from_numpy(np.stack([s for _, s in place])),
                ).reshape(size, -1)
            )
            start += size
        loss = _loss(torch.cat(logits), statements, recipe)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_([*sentence_network.parameters(), *context_network.parameters()], 1.0)
        optimizer.step()
        schedule.step()
        total += float(loss.detach())
        if step % 100 == 0:
            say(f"step {step} of {steps}, loss {total / 100:.3f}")
            total = 0.0
    sentence_network.eval()
    context_network.eval()
    export(sentence_network, context_network, out)
    tokenizer.backend_tokenizer.save(str(out / "tokenizer.json"))


def _vectors(network: SentenceNetwork, tokenizer: Any, texts: list[str], recipe: Recipe) -> Tensor:
    """Sentence vectors; the shorter and the longer half are run apart, so that less is spent on padding."""
    tokens = tokenizer(texts, truncation=True, max_length=recipe.max_tokens)
    order = sorted(range(len(texts)), key=lambda i: len(tokens["input_ids"][i]))
    half = (len(order) + 1) // 2
    found: list[Tensor] = []
    for chosen in (order[:half], order[half:]):
        if chosen:
            padded = tokenizer.pad({key: [tokens[key][i] for i in chosen] for key in ("input_ids", "attention_mask")}, return_tensors="pt")
            found.append(network(padded["input_ids"], padded["attention_mask"]))
    return torch.cat(found)[torch.tensor(order).argsort()]


def find_encoder(encoder: str) -> tuple[Path, str]:
    """The folder of an encoder and the SHA-256 of its weights.

    Parameters
    ----------
    encoder : str
        A local folder, or the name of a model on the Hugging Face hub, which is then downloaded.

    Raises
    ------
    ModelError
        If it has no ``model.safetensors``, or is not the pinned ``all-MiniLM-L6-v2`` where that is asked for.
    """
    folder = Path(encoder)
    if not folder.is_dir():
        from huggingface_hub import snapshot_download

        folder = Path(snapshot_download(encoder))
    weights = folder / "model.safetensors"
    if not weights.is_file():
        raise ModelError(f"{encoder}: it has no model.safetensors; give the folder or hub name of a sentence encoder.")
    found = hashlib.sha256(weights.read_bytes()).hexdigest()
    if encoder == DEFAULT_ENCODER and found != MINILM_SHA256:
        raise ModelError(f"{encoder}: its weights are not the pinned ones (SHA-256 {found}); fetch them again.")
    return folder, found


def export(sentence_network: SentenceNetwork, context_network: nn.Module, out: Path) -> None:
    """Write both networks as ONNX, the sentence encoder with int8 weights."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    out.mkdir(parents=True, exist_ok=True)
    ids = torch.ones(2, 5, dtype=torch.long)
    full = out / "sentence-float32.onnx"
    size = sentence_network.encoder.config.hidden_size
    common: dict[str, Any] = {"opset_version": 17, "dynamo": False}
    torch.onnx.export(
        sentence_network, (ids, ids), str(full), input_names=["input_ids", "attention_mask"], output_names=["vectors"],
        dynamic_axes={name: {0: "batch", 1: "tokens"} for name in ("input_ids", "attention_mask")} | {"vectors": {0: "batch"}}, **common,
    )  # fmt: skip
    example = (torch.zeros(1, 5, size), torch.zeros(1, 5, dtype=torch.long), torch.zeros(1, 5, dtype=torch.long))
    names = ("vectors", "paragraphs", "sections")
    torch.onnx.export(
        context_network, example, str(out / "context.onnx"), input_names=list(names), output_names=["logits"],
        dynamic_axes={name: {0: "batch", 1: "statements"} for name in (*names, "logits")}, **common,
    )  # fmt: skip
    quantize_dynamic(str(full), str(out / "sentence.onnx"), weight_type=QuantType.QInt8, per_channel=True)
    full.unlink()


def _parameter_groups(sentence_network: SentenceNetwork, context_network: nn.Module, recipe: Recipe) -> list[dict[str, Any]]:
    layers = sentence_network.encoder.config.num_hidden_layers
    groups: list[dict[str, Any]] = []
    for name, parameter in sentence_network.named_parameters():
        if parameter.requires_grad:
            match = re.search(r"layer\.(\d+)\.", name)
            depth = layers - 1 - int(match.group(1)) if match else layers if "embeddings" in name else 0
            groups.append(
                {"params": [parameter], "lr": recipe.learning_rate * recipe.layer_decay**depth, "weight_decay": _decay(parameter)}
            )
    for parameter in context_network.parameters():
        groups.append({"params": [parameter], "lr": recipe.head_learning_rate, "weight_decay": _decay(parameter)})
    return groups


def _decay(parameter: Tensor) -> float:
    return 0.01 if parameter.ndim > 1 else 0.0


def _batches(
    reports: Sequence[Sequence[Statement]], contrasts: Sequence[Sequence[Statement]], recipe: Recipe
) -> Iterator[list[Sequence[Statement]]]:
    """For ever: one run of a report, cut at random places, and its share of the contrast groups as single statements."""
    generator = random.Random(recipe.seed)
    while True:
        runs: list[Sequence[Statement]] = []
        for report in reports:
            first = generator.randint(1, recipe.run)
            cuts = [0, *range(first, len(report), recipe.run), len(report)]
            runs += [report[start:end] for start, end in itertools.pairwise(cuts) if end > start]
        generator.shuffle(runs)
        groups = list(contrasts)
        generator.shuffle(groups)
        owed = 0.0
        for run in runs:
            batch = [run]
            owed += len(contrasts) / len(runs)
            while owed >= 1 and groups:
                batch += [[statement] for statement in groups.pop()]
                owed -= 1
            yield batch


def _stacked(sequences: Sequence[Sequence[Statement]]) -> Iterator[list[Sequence[Statement]]]:
    """Sequences of the same length that follow each other, together."""
    together: list[Sequence[Statement]] = []
    for sequence in sequences:
        if together and len(together[0]) != len(sequence):
            yield together
            together = []
        together.append(sequence)
    if together:
        yield together


def _loss(logits: Tensor, statements: Sequence[Statement], recipe: Recipe) -> Tensor:
    polarity = torch.tensor([POLARITIES.index(s.polarity) for s in statements])  # type: ignore[arg-type]
    asserted = torch.tensor([[float(p in (s.polarity, *s.also)) for p in ASSERTIONS] for s in statements])
    themes = torch.tensor([[float(t in s.themes) for t in THEMES] for s in statements])
    source = torch.tensor([SOURCES.index(s.source) for s in statements])  # type: ignore[arg-type]
    binary = functional.binary_cross_entropy_with_logits
    return (
        functional.cross_entropy(logits[:, _POLARITY], polarity)
        + recipe.assertion_weight * binary(logits[:, _ASSERTION], asserted, reduction="none").sum(1).mean()
        + binary(logits[:, _THEME], themes, reduction="none").sum(1).mean()
        + recipe.source_weight * functional.cross_entropy(logits[:, _SOURCE], source)
    )
