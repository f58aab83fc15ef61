"""Views of an assessment: they show what it holds and compute nothing of their own."""
