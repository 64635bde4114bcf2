"""How many examples a property is tried on: a share of what the profile of the run asks for."""

from __future__ import annotations

from hypothesis import settings


def examples(share: float) -> settings:
    """Return settings for a property whose single example is dear (below 1) or cheap (above)."""
    return settings(max_examples=max(5, round(share * settings.default.max_examples)))
