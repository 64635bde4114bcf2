"""Checked records as things to keep: the result folder, the summary, a user's file scored."""

from centiles.reports.results import write

__all__ = ["write"]
