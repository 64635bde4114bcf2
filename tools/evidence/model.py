"""Healthy children as the correlation model has them, and the same children falling.

A child is a course of u for height and weight (and head), each standard normal at every age and as
correlated over time as ``centiles.monitoring.correlations`` says; u becomes z on the tables of
UK-WHO, z becomes centimetres and kilograms, and BMI is what those make of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from centiles import lms
from centiles.ages import DAYS_IN_MONTH, DAYS_IN_YEAR
from centiles.measures import MEASURES, SEXES
from centiles.monitoring.correlations import correlation
from centiles.references import reference, table_codes

# The ages at which u is drawn [months]; between them it runs straight. From 2 years yearly, at
# one of twelve phases, so that no birthday is special.
INFANT_NODES = (0.0, 1.0, 2.0, 3.0, 4.0, 6.0, 9.0, 12.0, 16.0, 20.0, 24.0)
FIRST_CHILD_NODES = tuple(range(30, 42))
LAST_NODE = 216.0
WITH_HEIGHT = {"weight": 0.7, "head": 0.4}  # correlation with height z at the same age
STUDENT_DF = 4
LEAST_EIGENVALUE = 1e-6
JOINS = {"who": ("who_infant", "who_child"), "uk90": ("uk90_child",)}
FOUR_YEARS = 4 * DAYS_IN_YEAR


@dataclass(frozen=True)
class Course:
    """u of each child at each node, by measure; ``nodes`` [months] has shape (children, nodes)."""

    nodes: np.ndarray
    u: dict[str, np.ndarray]

    def at(self, measure: str, age_days: np.ndarray) -> np.ndarray:
        """Return u at corrected ages [d], shape (children, visits), its variance kept at 1."""
        month = np.clip(age_days / DAYS_IN_MONTH, 0, self.nodes[:, -1:] - 1e-6)
        place = (month[:, :, None] >= self.nodes[:, None, :]).sum(axis=2) - 1
        place = np.clip(place, 0, self.nodes.shape[1] - 2)
        each = np.arange(len(month))[:, None]
        left, right = self.nodes[each, place], self.nodes[each, place + 1]
        share = (month - left) / (right - left)
        own = self.u[measure]
        r = own_correlation(measure, left, right)
        spread = np.sqrt((1 - share) ** 2 + share**2 + 2 * share * (1 - share) * r)
        return (own[each, place] * (1 - share) + own[each, place + 1] * share) / spread


def courses(rng: np.random.Generator, children: int, *, heavy_tails: bool = False) -> Course:
    """Return healthy children.

    Parameters
    ----------
    rng
        Where all that is left to chance comes from.
    children
        How many.
    heavy_tails
        Whether each step is drawn from Student's t with 4 degrees of freedom, scaled to the same
        variance, rather than from the normal distribution.
    """
    phase = rng.integers(0, len(FIRST_CHILD_NODES), children)
    size = len(_nodes(0))
    drawn = {
        name: _steps(rng, (children, size), heavy_tails=heavy_tails)
        for name in ("height", "own", "head")
    }
    nodes = np.array([_nodes(k) for k in range(len(FIRST_CHILD_NODES))])
    course = {}
    height, weight, head = (np.empty((children, size)) for _ in range(3))
    for k in range(len(FIRST_CHILD_NODES)):
        mine = phase == k
        factors = _factors(k)
        tall = drawn["height"][mine] @ factors["height"].T
        height[mine] = tall
        share = WITH_HEIGHT["weight"]
        own = drawn["own"][mine] @ factors["own"].T
        weight[mine] = share * tall + np.sqrt(1 - share**2) * own
        share = WITH_HEIGHT["head"]
        head[mine] = share * tall + np.sqrt(1 - share**2) * (
            drawn["head"][mine] @ factors["height"].T
        )
    course = {"height": height, "weight": weight, "head": head}
    return Course(nodes[phase], course)


def _steps(rng: np.random.Generator, shape: tuple[int, int], *, heavy_tails: bool) -> np.ndarray:
    steps = rng.standard_normal(shape)
    if heavy_tails:
        chi = rng.chisquare(STUDENT_DF, shape) / STUDENT_DF
        wide = steps / np.sqrt(chi) / np.sqrt(STUDENT_DF / (STUDENT_DF - 2))
        steps[:, 1:] = wide[:, 1:]  # where a child starts is normal; how it goes on is not
    return steps


@cache
def _nodes(phase: int) -> tuple[float, ...]:
    months = np.arange(FIRST_CHILD_NODES[phase], LAST_NODE + 12, 12.0)
    whole = (*INFANT_NODES, *months.tolist())
    return whole[: len(INFANT_NODES) + 16]


def own_correlation(measure: str, earlier: np.ndarray, later: np.ndarray) -> np.ndarray:
    """Return the correlation of u at two ages [months]; head is taken to go as height does."""
    name = "weight" if measure == "weight" else "height"
    return correlation(name, earlier * DAYS_IN_MONTH, later * DAYS_IN_MONTH)


@cache
def _factors(phase: int) -> dict[str, np.ndarray]:
    """Return the Cholesky factors of height, and of what weight has beside height."""
    nodes = np.array(_nodes(phase))
    matrices = {}
    for measure in ("height", "weight"):
        matrix = np.eye(len(nodes))
        later, earlier = np.tril_indices(len(nodes), -1)
        r = own_correlation(measure, nodes[earlier], nodes[later])
        matrix[later, earlier] = matrix[earlier, later] = r
        matrices[measure] = matrix
    share = WITH_HEIGHT["weight"] ** 2
    height = possible(matrices["height"])
    own = possible((matrices["weight"] - share * height) / (1 - share))
    return {"height": np.linalg.cholesky(height), "own": np.linalg.cholesky(own)}


def possible(matrix: np.ndarray) -> np.ndarray:
    """Return the nearest correlation matrix that can be one, by alternating projections."""
    found, correction = matrix, np.zeros_like(matrix)
    for _ in range(40):
        before = found - correction
        values, vectors = np.linalg.eigh(before)
        raised = (vectors * np.maximum(values, LEAST_EIGENVALUE)) @ vectors.T
        correction = raised - before
        found = raised.copy()
        np.fill_diagonal(found, 1.0)
    values, vectors = np.linalg.eigh(found)
    raised = (vectors * np.maximum(values, LEAST_EIGENVALUE)) @ vectors.T
    spread = np.sqrt(np.diag(raised))
    return raised / np.outer(spread, spread)


def z_of(
    u: np.ndarray, measure: str, sex: np.ndarray, age_days: np.ndarray, anchor: str
) -> np.ndarray:
    """Return u as z on the section that speaks at a corrected age [d].

    u is the z of the tables named by ``anchor``: ``"who"`` (and those of birth), to be right about
    how many children stand where under 4 years, or ``"uk90"``, from 4. On the other side of 4 years
    it is the z that the same body has there, since no child changes size on its birthday.
    """
    known = reference()
    code = table_codes(MEASURES.index(measure), sex == SEXES[0])
    code = np.broadcast_to(code[:, None], u.shape)
    names = [section.name for section in known.sections]
    four = next(k for k, join in enumerate(known.joins) if names[join.later] == "uk90_child")
    before, after = known.edges[four][:, :, code]
    old = age_days >= FOUR_YEARS
    if anchor == "who":
        moved = lms.zscores_from_lms(lms.values_from_lms(u, *before), *after)
        return np.where(old, moved, u)
    moved = lms.zscores_from_lms(lms.values_from_lms(u, *after), *before)
    born = age_days < 14
    return np.where(old | born, u, moved)
