"""Graph convolution: a layer of Kipf and Welling's GCN. (The other GCN, of images, is the solver gcn-image.)

    A~ = A + I,   d_i = sum_j A~_ij,   P_ij = A~_ij / sqrt(d_i d_j),   H = relu(P^hops X W)

Shapes: adjacency (..., N, N), features (..., N, F), weights (F, G) -> H (..., N, G). The graph is undirected, its
edges weigh 0 or more, its loops are added here. ``hops`` = 1 is the layer; more hops before the weights are Wu et
al.'s simplified GCN, and show oversmoothing. ``activation`` none leaves the relu out.
Errors: BadInput for an adjacency that is not square, symmetric, non-negative or has loops; for shapes that do not
match; for more than 200 nodes, 64 features or 500 hops.
Reference: Kipf & Welling (2017), eq. 2 and section 2.2; Wu et al. (2019), Simplifying graph convolutional networks.
"""

from __future__ import annotations

import numpy as np

from solvers.contract import Claim, Figure, Lines, Mistake, Param, Reject, Solver, require

LARGEST = 1e6


def check(adjacency, features, weights, hops, activation):
    square = adjacency.ndim >= 2 and adjacency.shape[-1] == adjacency.shape[-2]
    require(square, "adjacency", "be square, (..., N, N)", adjacency.shape)
    nodes = adjacency.shape[-1]
    require(1 <= nodes <= 200, "adjacency", "have between 1 and 200 nodes", nodes)
    require(features.ndim >= 2, "features", "have one row a node, (..., N, F)", features.shape)
    want = (*adjacency.shape[:-1], features.shape[-1])
    require(features.shape == want, "features", f"have shape {(*adjacency.shape[:-1], 'F')}", features.shape)
    require(1 <= features.shape[-1] <= 64, "features", "have between 1 and 64 columns", features.shape[-1])
    fits = weights.ndim == 2 and weights.shape[0] == features.shape[-1] and 1 <= weights.shape[1] <= 64
    require(fits, "weights", f"have {features.shape[-1]} rows and at most 64 columns", weights.shape)
    require(1 <= hops <= 500, "hops", "lie between 1 and 500", hops)
    for what, number in (("N * F", features.size), ("edges", np.count_nonzero(adjacency))):
        require((hops + 1) * number <= 200_000, "hops", f"keep (hops + 1) * {what} within 200000", (hops + 1) * number)
    for name, value in (("adjacency", adjacency), ("features", features), ("weights", weights)):
        require(np.all(np.abs(value) <= LARGEST), name, f"hold finite numbers of size at most {LARGEST:.0e}", value)
    require(np.all(adjacency >= 0), "adjacency", "hold no negative weight", adjacency)
    require(np.all(adjacency == np.swapaxes(adjacency, -1, -2)), "adjacency", "be symmetric", adjacency)
    loops = np.diagonal(adjacency, axis1=-2, axis2=-1)
    require(not np.any(loops), "adjacency", "have zeros on the diagonal (the loops are added)", loops)


def compute(xp, note, adjacency, features, weights, hops, activation):
    eye = xp.eye(adjacency.shape[-1], dtype=adjacency.dtype, device=adjacency.device)
    looped = adjacency + eye
    degree = xp.sum(looped, axis=-1)
    note("degree", degree)
    root = xp.sqrt(degree)
    propagation = looped / root[..., :, None] / root[..., None, :]
    note("propagation", propagation)
    path = [features]
    for _ in range(hops):
        path.append(xp.matmul(propagation, path[-1]))
    note("path", xp.stack(path))
    note("aggregated", path[-1])
    mixed = xp.matmul(path[-1], weights)
    return {"H": xp.maximum(mixed, xp.zeros_like(mixed)) if activation == "relu" else mixed}


def oracle(adjacency, features, weights, hops, activation):
    """Message passing, node by node: each sums what its neighbors send, and itself; no matrix P."""
    graphs = adjacency.reshape(-1, *adjacency.shape[-2:])
    found = []
    for graph, state in zip(graphs, features.reshape(-1, *features.shape[-2:]), strict=True):
        neighbors = [[(int(j), graph[i, j]) for j in np.flatnonzero(graph[i])] for i in range(len(graph))]
        size = [1.0 + sum(weight for _, weight in near) for near in neighbors]
        for _ in range(hops):
            state = np.array(
                [
                    state[i] / size[i] + sum(w * state[j] / (size[i] * size[j]) ** 0.5 for j, w in near)
                    for i, near in enumerate(neighbors)
                ]
            )
        sent = np.einsum("nf,fg->ng", state, weights)
        found.append(np.where(sent > 0, sent, 0.0) if activation == "relu" else sent)
    return {"H": np.array(found).reshape(*features.shape[:-1], weights.shape[1])}


def sample(rng):
    batch, nodes, ins, outs = (int(n) for n in rng.integers((1, 2, 2, 2), (3, 5, 5, 5)))
    half = np.triu(rng.integers(0, 2, size=(batch, nodes, nodes)) * rng.uniform(0.5, 2, size=(batch, nodes, nodes)), 1)
    return {
        "adjacency": half + np.swapaxes(half, -1, -2),
        "features": rng.normal(size=(batch, nodes, ins)),
        "weights": rng.normal(size=(ins, outs)),
        "hops": int(rng.choice([1, 1, 2, 3])),
        "activation": str(rng.choice(["relu", "none"])),
    }


def variant(rng):
    """Six nodes, one whole feature a node.

    Nodes 0 and 1 are neighbors of different degree: that is where the ways to normalize part. Their degrees are drawn
    first, all pairs alike; the other four nodes are joined at random, and none of the six is alone.
    """
    own, other = (int(degree) for degree in rng.choice(np.arange(1, 6), size=2, replace=False))
    while True:
        graph = np.zeros((6, 6), dtype=int)
        graph[0, 1] = 1
        graph[0, 2 + rng.choice(4, size=own - 1, replace=False)] = 1
        graph[1, 2 + rng.choice(4, size=other - 1, replace=False)] = 1
        graph[[2, 2, 2, 3, 3, 4], [3, 4, 5, 4, 5, 5]] = rng.integers(0, 2, size=6)
        graph += graph.T
        if graph.sum(axis=0).all():
            break
    values = rng.choice(np.arange(1, 10), size=len(graph), replace=False)
    return {
        "adjacency": graph.tolist(),
        "features": [[int(v)] for v in values],
        "weights": [[int(rng.choice([1, 2, 3]))]],
    }


# ---- The rule in numpy, with parts to get wrong: the mistakes, and the claims that run it on another graph.


def _symmetric(looped, degree):
    return looped / np.sqrt(degree[..., :, None] * degree[..., None, :])


def _rule(given, *, loops=1.0, normalize=_symmetric, degree_of=None, activation=None):
    graph = given["adjacency"]
    looped = graph + loops * np.eye(graph.shape[-1])
    propagation = normalize(looped, (looped if degree_of is None else degree_of(graph)).sum(axis=-1))
    state = given["features"]
    for _ in range(given["hops"]):
        state = propagation @ state
    mixed = state @ given["weights"]
    out = np.maximum(mixed, 0.0) if (activation or given["activation"]) == "relu" else mixed
    return {"propagation": propagation, "aggregated": state, "H": out}


def _mistake(**parts):
    def value(**given):
        with np.errstate(all="ignore"):
            right, wrong = _rule(given), _rule(given, **parts)
        return {n: v for n, v in wrong.items() if not np.allclose(v, right[n], rtol=1e-6, atol=1e-9)}

    return value


MISTAKES = (
    Mistake(
        "no-loops", "漏了自环：结点看不到自己", "the loops are missing: a node does not see itself", _mistake(loops=0.0)
    ),
    Mistake(
        "degree-without-loop",
        "度里没有算自环",
        "the degrees were counted without the loops",
        _mistake(degree_of=lambda graph: graph),
    ),
    Mistake(
        "plain-sum",
        "没有归一化，直接求和",
        "a plain sum: nothing was normalized",
        _mistake(normalize=lambda looped, degree: looped),
    ),
    Mistake(
        "plain-mean",
        "这是求平均 D⁻¹Ã；GCN 两侧各除以度的平方根",
        "that is the mean, D^-1 A~; the GCN divides by a root on either side",
        _mistake(normalize=lambda looped, degree: looped / degree[..., :, None]),
    ),
    Mistake(
        "no-roots",
        "两侧都除以了度，没有开方",
        "divided by both degrees without the roots",
        _mistake(normalize=lambda looped, degree: looped / (degree[..., :, None] * degree[..., None, :])),
    ),
    Mistake(
        "one-root",
        "只除以了自己的 √d，没有除以邻居的",
        "divided by one's own root only, not by the neighbor's",
        _mistake(normalize=lambda looped, degree: looped / np.sqrt(degree[..., :, None])),
    ),
    Mistake("no-activation", "漏了 ReLU", "the ReLU is missing", _mistake(activation="none")),
)


def _size(given):
    return 1 + np.max(np.abs(given["features"])) * np.max(np.abs(given["weights"])) * len(given["weights"])


def _relabeled(given, out):
    """Nodes numbered backwards: the outputs come out backwards, with the same weights."""
    turned = _rule(
        {**given, "adjacency": given["adjacency"][..., ::-1, ::-1], "features": given["features"][..., ::-1, :]}
    )
    return (turned["H"][..., ::-1, :] - out["H"]) / _size(given)


def _local(given, out):
    """Features farther than ``hops`` edges from node 0 replaced by zeros: its output stays."""
    graph = given["adjacency"]
    near = np.eye(graph.shape[-1])[0] + 0 * graph[..., 0, :]
    for _ in range(given["hops"]):
        near = np.minimum(near + (near[..., None, :] @ (graph > 0))[..., 0, :], 1.0)
    seen = np.where(near[..., None] > 0, given["features"], 0.0)
    return (_rule({**given, "features": seen})["H"][..., 0, :] - out["H"][..., 0, :]) / _size(given)


def _never_grows(given, out):
    """Eigenvalues of P beyond [-1, 1], and what P changes of the vector of root degrees (eigenvalue 1)."""
    values = np.linalg.eigvalsh((out["propagation"] + np.swapaxes(out["propagation"], -1, -2)) / 2)
    root = np.sqrt(out["degree"])
    moved = (out["propagation"] @ root[..., None])[..., 0] / root - 1
    return np.concatenate([np.ravel(np.maximum(np.abs(values) - 1, 0)), np.ravel(moved)])


def figure(given, out, steps):
    """The first feature of the first eight nodes along the hops."""
    path = np.reshape(steps["path"], (len(steps["path"]), -1, *given["features"].shape[-2:]))[:, 0, :8, 0]
    hops = np.arange(len(path))
    return Figure(
        title={"zh": "逐跳聚合：各结点的第一个特征", "en": "hop by hop: each node's first feature"},
        marks=tuple(Lines(hops, path[:, i], {"zh": f"结点 {i}", "en": f"node {i}"}) for i in range(path.shape[1])),
        x={"zh": "跳数", "en": "hops"},
        y={"zh": "特征", "en": "feature"},
    )


SOLVER = Solver(
    title={"zh": "图卷积（图的 GCN）", "en": "Graph convolution (GCN of graphs)"},
    formula=r"H=\mathrm{ReLU}\left(\tilde D^{-1/2}\tilde A\tilde D^{-1/2}XW\right),\quad\tilde A=A+I",
    params={
        "adjacency": Param(
            [[0, 1, 1, 0], [1, 0, 1, 0], [1, 1, 0, 1], [0, 0, 1, 0]],
            {"zh": "邻接矩阵 A，对称，无自环", "en": "adjacency A: symmetric, no loops"},
            shape="(..., N, N)",
        ),
        "features": Param(
            [[1.0, 0.0], [0.0, 1.0], [2.0, 1.0], [4.0, -2.0]],
            {"zh": "特征 X，一行一个结点", "en": "features X, one row a node"},
            shape="(..., N, F)",
        ),
        "weights": Param(
            [[1.0, -1.0, 0.5], [2.0, 1.0, 0.0]],
            {"zh": "权重 W，所有结点共用", "en": "weights W, shared by all nodes"},
            shape="(F, G)",
        ),
        "hops": Param(1, {"zh": "乘 W 之前聚合几次", "en": "aggregations before W"}, kind="int"),
        "activation": Param("relu", {"zh": "激活函数", "en": "activation"}, kind="choice", choices=("relu", "none")),
    },
    outputs={"H": "1"},
    steps={
        "degree": {"zh": "含自环的度 d", "en": "degrees d, loops counted"},
        "propagation": {"zh": "传播矩阵 P", "en": "propagation matrix P"},
        "path": {"zh": "每一跳之后的特征", "en": "features after each hop"},
        "aggregated": {"zh": "聚合之后 P^k X", "en": "aggregated, P^k X"},
    },
    check=check,
    compute=compute,
    oracle=oracle,
    oracle_route="message passing node by node over lists of neighbors",
    sample=sample,
    variant=variant,
    edges=(
        {"adjacency": [[0]], "features": [[3.0]], "weights": [[2.0]]},
        {"adjacency": [[0, 0], [0, 0]], "features": [[1.0], [-2.0]], "weights": [[1.0]]},
        {"adjacency": [[0, 1], [1, 0]], "features": [[1.0], [5.0]], "weights": [[1.0]], "hops": 100},
        {"adjacency": [[0, 2.5], [2.5, 0]], "features": [[1.0], [5.0]], "weights": [[-1.0, 1.0]]},
        {"hops": 60, "activation": "none"},
    ),
    tolerance={"float64": 1e-11, "float32": 1e-4},
    claims=(
        Claim(
            "relabeling",
            zh="结点换个编号，输出只是跟着换行：所有结点用同一组权重",
            en="renumbering the nodes only reorders the rows: all nodes use the same weights",
            residual=_relabeled,
        ),
        Claim(
            "local",
            zh="结点的输出只取决于 hops 条边以内的特征",
            en="a node's output depends only on features within that many hops",
            residual=_local,
        ),
        Claim(
            "never-grows",
            zh="P 的特征值都在 [−1, 1]，且 P√d = √d",
            en="the eigenvalues of P lie in [-1, 1], and P sqrt(d) = sqrt(d)",
            residual=_never_grows,
        ),
    ),
    mistakes=MISTAKES,
    rejects=(
        Reject({"adjacency": [[0, 1, 0], [1, 0, 1]]}, "adjacency must be square"),
        Reject({"adjacency": [[0, 1], [0, 0]], "features": [[1.0, 2.0]] * 2}, "adjacency must be symmetric"),
        Reject(
            {"adjacency": [[1, 1], [1, 0]], "features": [[1.0, 2.0]] * 2}, "adjacency must have zeros on the diagonal"
        ),
        Reject(
            {"adjacency": [[0, -1], [-1, 0]], "features": [[1.0, 2.0]] * 2}, "adjacency must hold no negative weight"
        ),
        Reject({"features": [[1.0, 2.0]]}, "features must have shape (4, 'F')"),
        Reject({"features": [1.0, 2.0]}, "features must have one row a node"),
        Reject({"features": [[float("nan"), 0.0]] * 4}, "features must hold finite numbers"),
        Reject({"weights": [[1.0], [2.0], [3.0]]}, "weights must have 2 rows"),
        Reject({"hops": 0}, "hops must lie between 1 and 500"),
        Reject(
            {"adjacency": 1 - np.eye(60), "features": [[1.0, 2.0]] * 60, "hops": 99},
            "hops must keep (hops + 1) * edges",
        ),
        Reject({"hops": 10**9}, "hops must lie between 1 and 500"),
        Reject({"activation": "tanh"}, "activation must be one of relu, none"),
    ),
    figure=figure,
)
