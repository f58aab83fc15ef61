"""Tagging: statements in, labelled statements out."""

from cqc_nlp.tagging.tagger import StatementTagger

__all__ = ["StatementTagger"]
