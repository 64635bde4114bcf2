"""A made-up cohort, seeded, as three services would export it: nobody in it exists.

``stories`` says who the designed children are, ``healthy`` how the others wander, ``cohort``
measures them all, ``services`` writes what each service would send, ``sides`` what stands beside.
"""

from __future__ import annotations

from centiles.demo.cohort import made_up_children, story_ids
from centiles.demo.services import exports, write_exports
from centiles.demo.sides import side_files, write_side_files
from centiles.demo.stories import STORIES, Mistake, Story

__all__ = [
    "STORIES",
    "Mistake",
    "Story",
    "exports",
    "made_up_children",
    "side_files",
    "story_ids",
    "write_exports",
    "write_side_files",
]
