"""Records to findings: the one pipeline behind the batch, the chart and the sheet."""

from centiles.checks.checked import Checked, Child, Provenance
from centiles.checks.pipeline import check
from centiles.checks.previous import CHANGES
from centiles.checks.ranking import BLOCKS, OPEN_STATES

__all__ = ["BLOCKS", "CHANGES", "OPEN_STATES", "Checked", "Child", "Provenance", "check"]
