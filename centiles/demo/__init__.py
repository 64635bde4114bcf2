"""A made-up cohort, seeded, as three services would export it: nobody in it exists.

``stories`` says who the designed children are, ``healthy`` how the others wander, ``cohort``
measures them all, ``services`` writes what each service would send.
"""

from __future__ import annotations

from centiles.demo.cohort import made_up_children, story_ids
from centiles.demo.services import exports, write_exports
from centiles.demo.stories import STORIES, Mistake, Story

__all__ = [
    "STORIES",
    "Mistake",
    "Story",
    "exports",
    "made_up_children",
    "story_ids",
    "write_exports",
]
