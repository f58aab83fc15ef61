"""The errors and warnings that the library raises.

Every message names the file or the setting, says what is wrong and what to do about it.
"""

from __future__ import annotations


class CQCNLPError(Exception):
    """Base class of every error that the library raises on purpose."""


class UnreadableDocument(CQCNLPError):
    """The document is missing, empty, broken or holds no text."""


class EncryptedDocument(UnreadableDocument):
    """The document is protected by a password."""


class DocumentTooLarge(UnreadableDocument):
    """The document asks for more than the limits allow (:class:`cqc_nlp.reading.Limits`)."""


class UnsupportedFormat(CQCNLPError):
    """The file is of a kind that the library does not read."""


class CannotWrite(CQCNLPError):
    """The file that was asked for cannot be written there."""


class MissingPackage(CQCNLPError, ImportError):
    """A package that comes with an extra of the library is not installed."""


class ModelError(CQCNLPError):
    """A model folder is missing, incomplete, altered or made by a newer version."""


class CorpusError(CQCNLPError):
    """A file of labelled data does not follow the corpus format."""


class ConfigurationError(CQCNLPError):
    """A configuration has a key or a value that cannot be right."""


class NotAnAssessment(UserWarning):
    """The document does not read as an assessment of adult social care, so that its score means nothing."""
