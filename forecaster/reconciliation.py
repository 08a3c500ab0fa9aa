"""Forecasts of series made to agree with forecasts of the nodes they add up to.

Generalised least squares after Hyndman et al., "Optimal combination forecasts for hierarchical time
series" (CSDA 2011), with the series themselves as the unknowns: of all forecasts b of the series
the one that is nearest to both the series' own forecasts and the nodes', each weighing by the
inverse of its error variance. Parents are sums of series, so what comes out adds up.

The variances come from one horizon that trained neither: a node's is shared by its level, where it
grows with the level of demand; a series' is proportional to its mean, by the factor that makes the
sums at the level of most nodes err as much as they did (errors of series are not independent).
"""

from __future__ import annotations

import dataclasses
from typing import Self

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import LinearOperator, cg

NODE_POWER = 1.5  # of demand, to which a node's error variance is proportional within its level
DENSE = 1500  # nodes; of more the equations are solved by conjugate gradients
SMALLEST = 1e-3  # of the mean demand of all series: no series is without variance


@dataclasses.dataclass(frozen=True)
class Membership:
    """Which series add up to which node: `members` (nodes, series) of 0 and 1; `levels` (nodes,)
    names, of every node the level it belongs to."""

    members: sparse.csr_matrix
    levels: np.ndarray

    @classmethod
    def of(
        cls, nodes: np.ndarray, members: np.ndarray, shape: tuple[int, int], levels: np.ndarray
    ) -> Self:
        """From pairs of a node's and a member's place."""
        ones = np.ones(len(nodes))
        return cls(sparse.csr_matrix((ones, (nodes, members)), shape=shape), levels)

    def sums(self, values: np.ndarray) -> np.ndarray:
        """(nodes, …) of values (series, …); what is not known counts as 0."""
        return self.members @ np.nan_to_num(values.astype(np.float64))


@dataclasses.dataclass(frozen=True)
class LevelVerdict:
    """Of one level, over the horizon that was held out: mean squared errors of the nodes' own
    forecasts and of the sums of the series' forecasts, in squares of the level's demand."""

    level: str
    n_nodes: int
    error_of_nodes: float
    error_of_sums: float

    @property
    def is_used(self) -> bool:
        """Nodes that were worse than the sums have nothing to teach them."""
        return self.error_of_nodes < self.error_of_sums


@dataclasses.dataclass(frozen=True)
class Weights:
    """What out-of-sample errors say of the forecasts' worth: `node_factor` (nodes,), NaN for nodes
    that are not used, times demand to the power `NODE_POWER` is a node's error variance;
    `series_factor` times mean demand that of a series."""

    node_factor: np.ndarray
    series_factor: float
    verdicts: tuple[LevelVerdict, ...]

    @property
    def is_used(self) -> bool:
        return bool(np.isfinite(self.node_factor).any())


def learn_weights(
    membership: Membership, series: np.ndarray, nodes: np.ndarray, actual: np.ndarray
) -> Weights:
    """From forecasts of series (series, steps) and nodes (nodes, steps), and the demand of the
    series (series, steps) that none of the forecasts has learned from.
    """
    sums, happened = membership.sums(series), membership.sums(actual)
    of_sums, of_nodes = (((x - happened) ** 2).sum(1) for x in (sums, nodes))
    steps = max(actual.shape[1], 1)
    demand = np.maximum(np.abs(nodes).mean(1), 1e-9) ** NODE_POWER
    factor = np.full(len(nodes), np.nan)
    verdicts = []
    has_members = np.asarray(membership.members.sum(1)).ravel() > 0
    for level in dict.fromkeys(membership.levels[has_members]):
        own = (membership.levels == level) & has_members
        size = max(float((happened[own] ** 2).sum()), 1e-9)
        verdict = LevelVerdict(
            str(level), int(own.sum()), of_nodes[own].sum() / size, of_sums[own].sum() / size
        )
        verdicts.append(verdict)
        if verdict.is_used:
            factor[own] = max(of_nodes[own].sum() / steps / demand[own].sum(), 1e-12)
    finest = max(verdicts, key=lambda verdict: verdict.n_nodes, default=None)
    own = (membership.levels == (finest.level if finest else None)) & has_members
    expected = float(np.abs(sums[own]).sum())
    wrong = float(of_sums[own].sum())
    return Weights(factor, wrong / expected if expected > 0 else 0.0, tuple(verdicts))


def reconciled(
    membership: Membership, weights: Weights, series: np.ndarray, nodes: np.ndarray, is_signed: bool
) -> np.ndarray:
    """Forecasts of the series (series, steps) that agree with those of the nodes (nodes, steps) as
    far as the weights trust them; not negative unless signed.
    """
    used = np.isfinite(weights.node_factor) & np.isfinite(nodes).all(1)
    if not used.any() or weights.series_factor <= 0:
        return series
    own = series.astype(np.float64)
    mean = np.abs(own).mean(1)
    variance = weights.series_factor * np.maximum(mean, SMALLEST * max(mean.mean(), 1e-9))
    if not is_signed:
        variance[mean == 0] = 0.0  # a series that no longer sells takes no share
    demand = np.maximum(np.abs(nodes[used]).mean(1), 1e-9) ** NODE_POWER
    node_variance = weights.node_factor[used] * demand
    members = membership.members[used]
    difference = nodes[used] - members @ own
    pull = members.T @ _solved(members, variance, node_variance, difference)
    moved = own + variance[:, None] * pull
    return (moved if is_signed else np.maximum(moved, 0)).astype(series.dtype)


def _solved(
    members: sparse.csr_matrix, variance: np.ndarray, node_variance: np.ndarray, wanted: np.ndarray
) -> np.ndarray:
    """(S V S' + W) x = wanted, column by column."""
    weighted = members.multiply(variance).tocsr()
    # nodes of nothing would leave the equations without a solution
    node_variance = node_variance + 1e-9 * max(float(variance.mean()), 1e-9)
    if members.shape[0] <= DENSE:
        return np.linalg.solve((weighted @ members.T).toarray() + np.diag(node_variance), wanted)

    def product(x: np.ndarray) -> np.ndarray:
        return weighted @ (members.T @ x) + node_variance * x

    size = members.shape[0]
    operator = LinearOperator((size, size), matvec=product, dtype=np.float64)
    diagonal = np.asarray(weighted.sum(1)).ravel() + node_variance
    nearly = LinearOperator((size, size), matvec=lambda x: x / diagonal, dtype=np.float64)
    columns = [cg(operator, column, rtol=1e-6, maxiter=500, M=nearly)[0] for column in wanted.T]
    return np.stack(columns, axis=1)
