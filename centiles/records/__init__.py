"""Exports to records and problems: files in, one row a value out, nothing lost."""

from centiles.records.layouts import Config
from centiles.records.reading import Records, Source, from_frame, read

__all__ = ["Config", "Records", "Source", "from_frame", "read"]
