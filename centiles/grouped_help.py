"""``--help`` in plain text, its options under headings: what is read, known, written, shown."""

from __future__ import annotations

from typing import Any, Final

from typer.core import TyperCommand

READ: Final = "How files are read"
KNOWN: Final = "What else is known"
SHOWN: Final = "Who may see it"
WRITTEN: Final = "What is written"
DRAWN: Final = "What is drawn"
ALONE: Final = "A child without an export"

WIDEST: Final = 100  # columns; longer lines are hard to read
ENDS: Final = (
    "Every command ends with 0 done (findings are results); 1 only for --fail-on; 2 a fault in the "
    "options, or columns that are not clear; 3 a file could not be read; 4 could not write; "
    "130 interrupted. Only what --out or -o names is written, whole or not at all. Results hold "
    "children's records: their owner alone may read them."
)


class Grouped(TyperCommand):
    """A command whose options stand under the headings they name, those without one first."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the arguments, then the options heading by heading."""
        groups: dict[str, list[tuple[str, str]]] = {"Arguments": [], "Options": []}
        for param in self.get_params(ctx):
            said = param.get_help_record(ctx)
            if said is None:
                continue
            plain = "Arguments" if param.param_type_name == "argument" else "Options"
            groups.setdefault(getattr(param, "rich_help_panel", None) or plain, []).append(said)
        for heading, records in groups.items():
            if records:
                with formatter.section(heading):
                    formatter.write_dl(records)
