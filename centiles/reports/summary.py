"""A run in one screen: what was read, what became of it, how many children need what.

Counts only: no identifier, date or value of a child is in it, so that it may stand in a log.
"""

from __future__ import annotations

from centiles.checks import BLOCKS, Checked
from centiles.records.columns import PROBLEM_CODES
from centiles.records.reading import Source


def mapping_lines(sources: tuple[Source, ...]) -> list[str]:
    """Return what the columns of each file were taken for."""
    lines = []
    for source in sources:
        said = ", ".join(f"{slot} ← {header}" for slot, header in source.mapping.items())
        lines.append(f"{source.name}: {said}")
    return lines


def summary_lines(checked: Checked) -> list[str]:
    """Return a run in one screen."""
    made = checked.provenance
    return [
        f"centiles {made.version}, {made.reference} ({made.reference_edition}), "
        f"{made.correction} correction, rules {made.rules}"
        + (f", as of {made.as_of}" if made.as_of else ", ages only"),
        *_read_lines(checked),
        *_problem_lines(checked),
        *_children_lines(checked),
        "Rules not clinically approved.",
        "A finding is not a diagnosis, and no finding is no reassurance.",
    ]


def _read_lines(checked: Checked) -> list[str]:
    lines = []
    for source, fates in zip(checked.sources, checked.fates.to_dict("records"), strict=True):
        met = ", ".join(
            f"{count:,} {fate}" for fate, count in fates.items() if fate != "values_read" and count
        )
        contacts = (
            f", {source.contacts:,} contacts without a measurement" if source.contacts else ""
        )
        lines.append(f"{source.name}: {source.values:,} values read: {met or 'none'}{contacts}")
    return lines


def _problem_lines(checked: Checked) -> list[str]:
    counts = checked.problems["code"].astype("str").value_counts()
    return [
        f"  {code} {PROBLEM_CODES[code].severity}: {PROBLEM_CODES[code].reason} ({count:,})"
        + _named(checked, str(code))
        for code, count in counts.sort_index().items()
    ]


def _named(checked: Checked, code: str) -> str:
    """Return the files a problem of whole files is about."""
    about = checked.problems[(checked.problems["code"] == code) & (checked.problems["row"] == 0)]
    return f": {', '.join(about['source'])}" if len(about) else ""


def _children_lines(checked: Checked) -> list[str]:
    blocks = checked.children["block"].astype("str").value_counts()
    open_ = ", ".join(f"{blocks[block]:,} {block}" for block in BLOCKS if block in blocks)
    flagged = int((checked.children["rank"] > 0).sum())
    total = len(checked.children)
    return [
        f"{total:,} children: {open_ or 'none with an open finding'}; {total - flagged:,} without"
    ]
