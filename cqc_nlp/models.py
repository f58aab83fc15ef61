"""Model folders: save, verify, load.

A model folder holds ``model.json`` (kind, labels, thresholds, versions, corpus digest, metrics and the
SHA-256 of every other file), the files of its tagger and scorer, and a model card ``README.md``.
Opening one runs no code: estimators are stored with skops and only the types named here are built.
"""

from __future__ import annotations

import hashlib
import json
import stat
import threading
import zipfile
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from cqc_nlp import __version__, resources
from cqc_nlp.errors import ModelError
from cqc_nlp.schema import POLARITIES

if TYPE_CHECKING:
    from cqc_nlp.scoring import QualityScorer
    from cqc_nlp.scoring.precedents import Precedents
    from cqc_nlp.tagging import StatementTagger

FORMAT = 1
DEFAULT = "accurate"
_NEEDED = {"tagger": {"labels", "thresholds"}, "scorer": {"features"}, "encoder": {"type"}}
_LOADING = threading.RLock()  # threads that ask for the same model wait for it; each of them would load it otherwise


def available() -> list[str]:
    """Names of the shipped models."""
    folder = resources.folder("models")
    return sorted(path.parent.name for path in folder.glob("*/model.json"))


def find(model: str | Path) -> Path:
    """The folder of a shipped model, or the folder itself.

    Raises
    ------
    ModelError
        If it is neither.
    """
    shipped = resources.folder("models") / str(model)
    if str(model) in available():
        return shipped
    path = Path(model)
    if path.is_dir():
        return path
    raise ModelError(f"{model}: there is no model of this name and no such folder; shipped models are {', '.join(available()) or 'none'}.")


def verify(model: str | Path) -> dict[str, Any]:
    """Check a model folder against its ``model.json`` and return that description.

    Nothing but ``model.json`` is opened before its format, and nothing is loaded at all.

    Raises
    ------
    ModelError
        If a file is missing, altered, unexpected, a link or outside the folder, the labels stand in another order,
        or the format is newer.
    """
    folder = find(model)
    if (folder / "model.json").is_symlink():
        raise ModelError(f"{folder}: model.json is a link; a model folder holds plain files only.")
    try:
        description = json.loads((folder / "model.json").read_text(encoding="utf-8"))
        version, files = int(description["format"]), dict(description["files"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{folder}: model.json is missing or broken; train the model again or reinstall the library.") from error
    if version > FORMAT:
        raise ModelError(f"{folder}: its format {version} is newer than this version of cqc-nlp reads ({FORMAT}); upgrade cqc-nlp.")
    if not all(isinstance(description.get(part), dict) and keys <= set(description[part]) for part, keys in _NEEDED.items()):
        raise ModelError(f"{folder}: model.json is missing or broken: it lacks a part; train the model again or reinstall the library.")
    if description["tagger"]["labels"] != (known := [str(polarity) for polarity in POLARITIES]):
        raise ModelError(f"{folder}: its labels are not {', '.join(known)}, in this order; train the model again.")
    for path in folder.rglob("*"):
        name = path.relative_to(folder).as_posix()
        mode = path.lstat().st_mode
        if stat.S_ISLNK(mode):
            raise ModelError(f"{folder}: {name} is a link; a model folder holds plain files only.")
        if not stat.S_ISDIR(mode) and name not in files and name != "model.json":
            raise ModelError(f"{folder}: {name} does not belong to the model; remove it, or train the model again.")
    for name, expected in files.items():
        path = folder / name
        if Path(name).is_absolute() or ".." in Path(name).parts:
            raise ModelError(f"{folder}: model.json names {name}, which lies outside the folder.")
        if not path.is_file():
            raise ModelError(f"{folder}: {name} is missing; train the model again or reinstall the library.")
        if hashlib.sha256(path.read_bytes()).hexdigest() != expected:
            raise ModelError(f"{folder}: {name} was altered (its SHA-256 differs); train the model again or reinstall the library.")
    return dict(description)


def save(
    folder: Path,
    name: str,
    tagger: StatementTagger,
    scorer: QualityScorer,
    precedents: Precedents,
    card: str,
    facts: Mapping[str, Any],
) -> None:
    """Write a model folder.

    Parameters
    ----------
    folder : path
        Where; made if missing. A sound model in it is replaced; a folder of other files is refused.
    name : str
        What the model is called.
    tagger, scorer : fitted estimators
        What it consists of.
    precedents : Precedents
        Evidence of the corpus reports, as this tagger sees it.
    card : str
        The model card, Markdown.
    facts : mapping
        Further entries of ``model.json``: corpus digest, metrics, parameters.

    Raises
    ------
    ModelError
        If the folder holds anything but a sound model.
    """
    import sklearn
    import skops.io

    from cqc_nlp.scoring.features import FEATURES

    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        for old in (*verify(folder)["files"], "model.json"):
            (folder / old).unlink()
    save_heads(tagger, folder / "tagger.skops")
    tagger.encoder_.save(folder)
    skops.io.dump(scorer, folder / "scorer.skops")
    precedents.save(folder / "precedents.json")
    (folder / "README.md").write_text(card, encoding="utf-8")
    description = {
        "format": FORMAT,
        "name": name,
        "encoder": tagger.encoder_.settings(),
        "tagger": {"labels": tagger.classes_.tolist(), "thresholds": dict(sorted(tagger.thresholds_.items()))},
        "scorer": {"features": list(FEATURES)},
        "versions": {"cqc-nlp": __version__, "scikit-learn": sklearn.__version__},
        **facts,
        "files": {
            path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(folder.rglob("*"))
            if path.is_file() and path.name != "model.json"
        },
    }
    (folder / "model.json").write_text(json.dumps(description, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def load_tagger(model: str | Path = DEFAULT) -> StatementTagger:
    """A fitted tagger.

    Parameters
    ----------
    model : str or path
        A shipped model or a model folder.

    Raises
    ------
    ModelError
        If the folder is missing or not as ``model.json`` describes it.

    Examples
    --------
    >>> tagger = load_tagger("fast")
    >>> str(tagger.tag(["Unpaid carers told us they could not get a break."])[0].polarity)
    'shortfall'
    """
    folder = find(model)
    with _LOADING:
        return _load_tagger(str(folder), _stamp(folder))


def load_scorer(model: str | Path = DEFAULT) -> QualityScorer:
    """A fitted scorer; see :func:`load_tagger`."""
    folder = find(model)
    with _LOADING:
        return _load_scorer(str(folder), _stamp(folder))


class Opened(NamedTuple):
    """Where a tagger was opened, and the parts that need not travel because they can be opened again."""

    model: str
    digest: str
    parts: Mapping[str, Any]


def identify(model: str | Path) -> tuple[str, str]:
    """What a model is called in every process, and the SHA-256 of its ``model.json``.

    A shipped model goes by its name, as the library may lie elsewhere on another machine; a folder by its whole path.
    """
    folder = find(model)
    return folder.name if folder == resources.folder("models") / folder.name else str(folder.absolute()), _stamp(folder)


def reopen(model: str, digest: str) -> Opened:
    """Open the tagger that :func:`identify` named, in this process.

    Raises
    ------
    ModelError
        If the model of that name is another one here.
    """
    check_identity(model, digest)
    opened: Opened = load_tagger(model)._opened
    return opened


def check_identity(model: str, digest: str) -> None:
    """Refuse a model that is not the one that was sent.

    Raises
    ------
    ModelError
        With its folder.
    """
    folder = find(model)
    if _stamp(folder) != digest:
        raise ModelError(f"{folder}: this is not the model that the work was sent with; install the same one on every machine.")


def load_precedents(model: str | Path = DEFAULT) -> Precedents:
    """Evidence and scores of the corpus reports; see :func:`load_tagger`."""
    folder = find(model)
    return _load_precedents(str(folder), _stamp(folder))


@lru_cache(maxsize=4)
def _load_precedents(folder: str, stamp: str) -> Precedents:
    from cqc_nlp.scoring.precedents import Precedents

    verify(folder)
    try:
        return Precedents.load(Path(folder) / "precedents.json")
    except (ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{folder}: precedents.json is broken; train the model again or reinstall the library.") from error


def _stamp(folder: Path) -> str:
    """Changes whenever a model does, for the sums of all its files stand in ``model.json``."""
    try:
        return hashlib.sha256((folder / "model.json").read_bytes()).hexdigest()
    except OSError:
        return ""  # verify() says what is wrong


@lru_cache(maxsize=4)
def _load_tagger(folder: str, stamp: str) -> StatementTagger:
    import numpy as np

    from cqc_nlp.tagging import StatementTagger

    description = verify(folder)
    labels = description["tagger"]["labels"]
    try:
        encoder = _encoder(description["encoder"], Path(folder))
    except ModelError:
        raise
    except Exception as error:  # of onnxruntime or tokenizers, which have families of their own
        raise ModelError(f"{folder}: its encoder cannot be opened; train the model again or reinstall the library.") from error
    tagger = StatementTagger(labels=tuple(labels), encoder=encoder)
    tagger.encoder_ = encoder
    tagger.classes_ = np.asarray(labels)
    tagger.thresholds_ = dict(description["tagger"]["thresholds"])
    load_heads(tagger, Path(folder) / "tagger.skops")
    if sorted(tagger.polarity_head_.classes_.tolist()) != sorted(labels):
        raise ModelError(f"{folder}: the labels of model.json are not those that the tagger was trained on.")
    parts = {key: value for key, value in vars(tagger).items() if key in ("encoder", "encoder_") or key.endswith("_head_")}
    tagger._opened = Opened(*identify(folder), parts)
    return tagger


def _encoder(settings: Mapping[str, Any], folder: Path) -> Any:
    """The encoder that ``model.json`` describes."""
    from cqc_nlp.tagging.blending import BlendedEncoder
    from cqc_nlp.tagging.encoding import TfidfEncoder

    kinds = {kind.__name__: kind for kind in (TfidfEncoder, BlendedEncoder)}
    kind = settings.get("type")
    if kind not in kinds:
        raise ModelError(f"{folder}: its encoder {kind!r} is unknown to this version of cqc-nlp; upgrade cqc-nlp.")
    return kinds[kind].load(folder, settings)


@lru_cache(maxsize=4)
def _load_scorer(folder: str, stamp: str) -> QualityScorer:
    from cqc_nlp.scoring import QualityScorer
    from cqc_nlp.scoring.features import FEATURES

    description = verify(folder)
    if tuple(description["scorer"]["features"]) != FEATURES:
        raise ModelError(f"{folder}: its scorer was trained on other evidence features; train the model again.")
    scorer = _skops(Path(folder) / "scorer.skops")
    if not isinstance(scorer, QualityScorer):
        raise ModelError(f"{folder}: scorer.skops holds no scorer.")
    return scorer


_TRUSTED = ["cqc_nlp.scoring.scorer.QualityScorer", "sklearn.utils._tags.Tags"]


def _skops(path: Path) -> Any:
    import skops.io
    from skops.io.exceptions import UntrustedTypesFoundException

    try:
        return skops.io.load(path, trusted=_TRUSTED)
    except UntrustedTypesFoundException as error:
        raise ModelError(f"{path}: it holds types that a model may not hold ({error}).") from error
    except (zipfile.BadZipFile, KeyError, ValueError, TypeError, AttributeError) as error:
        raise ModelError(f"{path}: it is no file of estimators, or one made by another version; train the model again.") from error


def save_heads(tagger: StatementTagger, path: Path) -> None:
    """Write the scikit-learn heads of a tagger, with single-precision weights, which halves the file."""
    from copy import deepcopy

    import numpy as np
    import skops.io

    heads = deepcopy({key: value for key, value in vars(tagger).items() if key.endswith("_head_")})
    for head in heads.values():
        for linear in getattr(head, "estimators_", [head]):
            linear.coef_ = linear.coef_.astype(np.float32)
            linear.intercept_ = linear.intercept_.astype(np.float32)
    skops.io.dump(heads, path, compression=zipfile.ZIP_DEFLATED)


def load_heads(tagger: StatementTagger, path: Path) -> None:
    """Give a tagger the heads that :func:`save_heads` wrote."""
    from sklearn.base import BaseEstimator

    heads = _skops(path)
    if not isinstance(heads, dict) or "polarity_head_" not in heads or not all(str(key).endswith("_head_") for key in heads):
        raise ModelError(f"{path}: it does not hold the parts of a tagger; train the model again.")
    for key, head in heads.items():
        for linear in getattr(head, "estimators_", [head]):
            # An older scikit-learn, as on Python 3.10, has parameters that a newer one does not write any more.
            if isinstance(linear, BaseEstimator):
                linear.__dict__ = {**type(linear)().get_params(), **vars(linear)}
        setattr(tagger, key, head)
