"""How often is a random critical point a minimum?  Signs of the eigenvalues of  H = (G + G') / 2 + shift * I.

G holds independent standard normal numbers, so H is from the Gaussian orthogonal ensemble, moved by ``shift`` (low-cost
critical points of random fields have Hessians moved upwards).
Arguments: n (H is n by n), draws, shift. Outputs: the shares of ``draws`` that are minima (all eigenvalues positive),
maxima (all negative) and saddles; ``negative``, the mean share of negative eigenvalues; ``exact``, the exact
probability of a minimum (a Pfaffian of moments), and its decimal logarithm ``log10_exact``.
Not batched. Errors: BadInput for n outside 1 … 8, a shift outside 0 … 2, more than a million random numbers.
Reference: Dauphin et al. (2014); Bray & Dean (2007); Dean & Majumdar (2006); de Bruijn (1955);
Goodfellow et al. (2016), section 8.2.3.
"""

from __future__ import annotations

import math

import numpy as np

from solvers.contract import Claim, Figure, Lines, Mistake, Param, Reject, Scatter, Solver, require

WIDEST = 8
FARTHEST = 2.0
NUMBERS = 1_000_000


def check(n, draws, shift):
    require(1 <= n <= WIDEST, "n", f"lie between 1 and {WIDEST}", n)
    require(100 <= draws <= 100_000, "draws", "lie between 100 and 100000", draws)
    require(draws * n * n <= NUMBERS, "draws", f"keep draws times n*n within {NUMBERS}", draws)
    require(0 <= shift <= FARTHEST, "shift", f"lie between 0 and {FARTHEST:g}", shift)


def noise(rng, n, draws, shift):
    return {"G": rng.normal(size=(draws, n, n))}


def compute(xp, note, n, draws, shift, G):
    H = (G + xp.matrix_transpose(G)) / 2 + shift * xp.eye(n, dtype=G.dtype, device=G.device)
    eigenvalues = xp.linalg.eigvalsh(H)
    down = xp.astype(eigenvalues < 0, G.dtype)
    index = xp.sum(down, axis=-1)
    note("index_shares", xp.stack([xp.mean(xp.astype(index == k, G.dtype)) for k in range(n + 1)]))
    minima = xp.mean(xp.astype(index == 0, G.dtype))
    maxima = xp.mean(xp.astype(index == n, G.dtype))
    exact = math.log10(_pfaffian(_moments(n, -shift)) * math.factorial(n)) - _log10_whole(n)
    return {
        "minima": minima,
        "maxima": maxima,
        "saddles": 1 - minima - maxima,
        "negative": xp.mean(down),
        "exact": xp.zeros_like(minima) + 10**exact,
        "log10_exact": xp.zeros_like(minima) + exact,
    }


def _moments(n, a):
    """The antisymmetric matrix of  int int_{a < x < y} (x^i y^j - x^j y^i) exp(-(x^2 + y^2)/2), by parts; for an odd n
    with a last column of  int_a x^i exp(-x^2/2)."""
    e, tail = math.exp(-a * a / 2), math.sqrt(math.pi / 2) * math.erfc(a / math.sqrt(2))
    single, squared = [tail, e], [math.sqrt(math.pi) / 2 * math.erfc(a), e * e / 2]
    for k in range(2, 2 * n + 1):
        single.append(a ** (k - 1) * e + (k - 1) * single[k - 2])
        squared.append(a ** (k - 1) * e * e / 2 + (k - 1) / 2 * squared[k - 2])
    both = [[0.0] * n for _ in range(n)]  # int int x^i y^j
    for i in range(n):
        if i == 0:
            both[0][0] = tail * tail / 2
        else:
            both[i][0] = a ** (i - 1) * e * tail - squared[i - 1] + ((i - 1) * both[i - 2][0] if i > 1 else 0.0)
        for j in range(1, n):
            both[i][j] = squared[i + j - 1] + ((j - 1) * both[i][j - 2] if j > 1 else 0.0)
    matrix = [[both[i][j] - both[j][i] for j in range(n)] for i in range(n)]
    if n % 2:
        matrix = [[*row, single[i]] for i, row in enumerate(matrix)] + [[-m for m in single[:n]] + [0.0]]
    return matrix


def _pfaffian(matrix):
    if not matrix:
        return 1.0
    rest = range(1, len(matrix))
    return sum(
        (-1) ** (j - 1) * matrix[0][j] * _pfaffian([[matrix[r][c] for c in rest if c != j] for r in rest if r != j])
        for j in rest
    )


def _log10_whole(n):
    """Mehta's integral: the same without the bound."""
    total = n / 2 * math.log(2 * math.pi) + sum(math.lgamma(1 + j / 2) - math.lgamma(1.5) for j in range(1, n + 1))
    return total / math.log(10)


def oracle(n, draws, shift, G):
    """Signs of leading minors (Sylvester, Jacobi); the probability by numerical integration and a determinant."""
    H = (G + np.swapaxes(G, -1, -2)) / 2 + shift * np.eye(n)
    minors = np.stack([np.linalg.det(H[:, :k, :k]) for k in range(1, n + 1)])
    before = np.concatenate([np.ones((1, draws)), minors[:-1]])
    index = np.sum(minors * before < 0, axis=0)
    minima, maxima, exact = np.mean(index == 0), np.mean(index == n), _integrated(n, -shift)
    return {
        "minima": minima,
        "maxima": maxima,
        "saddles": 1 - minima - maxima,
        "negative": np.mean(index) / n,
        "exact": 10**exact,
        "log10_exact": exact,
    }


def _integrated(n, a):
    nodes, weights = np.polynomial.legendre.leggauss(160)
    far = 14.0

    def between(low):
        half = (far - low) / 2
        return low + half * (nodes + 1), half * weights

    x, w = between(a)
    powers = np.arange(n)
    inner = []
    for low in x:
        y, v = between(low)
        inner.append(np.sum(v * np.exp(-y * y / 2) * y ** powers[:, None], axis=1))
    outer = w * np.exp(-x * x / 2) * x ** powers[:, None]
    A = outer @ np.array(inner)
    A = A - A.T
    if n % 2:
        edge = np.sum(outer, axis=1)
        A = np.block([[A, edge[:, None]], [-edge[None, :], np.zeros((1, 1))]])
    density = math.factorial(n) / (2 * math.pi) ** (n / 2)
    for j in range(1, n + 1):
        density *= math.gamma(1.5) / math.gamma(1 + j / 2)
    return np.linalg.slogdet(A)[1] / 2 / math.log(10) + math.log10(density)


def sample(rng):
    shift = float(rng.choice([0.0, 0.4, 1.0]))
    return {"n": int(rng.integers(1, 6)), "draws": int(rng.integers(300, 900)), "shift": shift}


def variant(rng):
    return {"n": int(rng.integers(1, 7)), "draws": 1000, "shift": float(rng.choice([0.0, 0.25, 0.5, 0.75, 1.0]))}


# ---- Mistakes.


def _probability(n, shift):
    return math.factorial(n) * _pfaffian(_moments(n, -shift)) / 10 ** _log10_whole(n)


def _independent(n, draws, shift, G):
    """Each eigenvalue a fair coin."""
    if n == 1 or shift != 0:
        return {}
    return {"exact": np.float64(0.5**n), "log10_exact": np.float64(-n * math.log10(2))}


def _half(n, draws, shift, G):
    return {} if n == 1 else {"minima": np.float64(0.5), "maxima": np.float64(0.5), "saddles": np.float64(0.0)}


def _diagonal(n, draws, shift, G):
    """Signs of the diagonal for those of the eigenvalues."""
    if n == 1:
        return {}
    down = np.sum(np.diagonal(G, axis1=-2, axis2=-1) + shift < 0, axis=-1)
    minima, maxima = np.mean(down == 0), np.mean(down == n)
    return {"minima": minima, "maxima": maxima, "saddles": 1 - minima - maxima}


MISTAKES = (
    Mistake("independent-signs", "把特征值当成独立的硬币；它们互相排斥，极小点比 2^−n 还少",
            "takes the eigenvalues for independent coins; they repel each other, and minima are rarer than 2^-n",
            _independent),
    Mistake("half-of-them", "以为临界点一半是极小、一半是极大", "takes half of the critical points for minima", _half),
    Mistake("diagonal-only", "只看对角元的符号：对角全正不等于正定",
            "looked at the diagonal only: positive entries do not make a matrix positive definite", _diagonal),
)  # fmt: skip


# ---- Claims.


def _near_exact(given, out):
    """The drawn share within five standard errors (and three counts) of the exact probability."""
    p = 10.0 ** out["log10_exact"]
    slack = 5 * np.sqrt(p * (1 - p) / given["draws"]) + 3 / given["draws"]
    return np.maximum(np.abs(out["minima"] - p) - slack, 0)


def _closed_forms(given, out):
    right = {1: 1 / 2, 2: (2 - math.sqrt(2)) / 4, 3: (math.pi - 2 * math.sqrt(2)) / (4 * math.pi)}
    if given["shift"] != 0 or given["n"] not in right:
        return np.zeros(1)
    return 10.0 ** out["log10_exact"] / right[given["n"]] - 1


def _rarer_than_coins(given, out):
    if given["shift"] != 0:
        return np.zeros(1)
    excess = out["log10_exact"] + given["n"] * math.log10(2)
    return excess if given["n"] == 1 else np.maximum(excess, 0)


def _falls_with_n(given, out):
    """P(minimum) at most halves (shift 0) from one dimension to the next."""
    if given["shift"] != 0 or given["n"] == 1:
        return np.zeros(1)
    before = math.log10(_probability(given["n"] - 1, 0.0))
    return np.maximum(out["log10_exact"] - before + math.log10(2), 0)


def _rises_with_shift(given, out):
    """Moving the spectrum up makes minima likelier, and maxima rarer than those."""
    plain = math.log10(_probability(given["n"], 0.0))
    slack = 5 / math.sqrt(given["draws"])
    return np.stack([np.maximum(plain - out["log10_exact"], 0), np.maximum(out["maxima"] - out["minima"] - slack, 0)])


def _adds_up(given, out):
    return np.stack([np.sum(out["index_shares"]) - 1, out["minima"] + out["maxima"] + out["saddles"] - 1])


CLAIMS = (
    Claim("near-exact", "抽样得到的极小点比例与精确概率相差不超过五个标准误",
          "the drawn share of minima is within five standard errors of the exact probability", _near_exact),
    Claim("closed-forms", "n = 1、2、3 时极小点的概率是 1/2、(2−√2)/4、(π−2√2)/(4π)",
          "for n = 1, 2, 3 a minimum has the probability 1/2, (2-sqrt 2)/4, (pi-2 sqrt 2)/(4 pi)", _closed_forms),
    Claim("rarer-than-coins", "n > 1 时极小点比“每个特征值抛一次硬币”的 2^−n 还少",
          "for n > 1 minima are rarer than 2^-n, one coin for each eigenvalue", _rarer_than_coins),
    Claim("falls-with-dimension", "不平移时，维数每加一，极小点的概率至少减半",
          "without a shift each further dimension at least halves the probability of a minimum", _falls_with_n),
    Claim("lower-cost-more-minima", "谱上移（代价低的临界点）时极小点更多",
          "a spectrum moved up, as at low cost, has more minima", _rises_with_shift),
    Claim("adds-up", "极小、极大、鞍点三者占全部", "minima, maxima and saddles make up the whole", _adds_up),
)  # fmt: skip


def figure(given, out, steps):
    """The probability of a minimum against the dimension: exact at three shifts, as coins, and this run's share."""
    sizes = np.arange(1, WIDEST + 1)
    lines = [
        Lines(sizes, np.array([_probability(int(n), shift) for n in sizes]),
              {"zh": f"精确，平移 {shift:g}", "en": f"exact, shift {shift:g}"})
        for shift in (0.0, 1.0, 2.0)
    ]  # fmt: skip
    lines.append(Lines(sizes, 0.5**sizes, {"zh": "抛硬币 2^−n", "en": "coins, 2^-n"}))
    share = float(out["minima"])
    drawn = (Scatter(np.array([given["n"]]), np.array([share]), {"zh": "这次抽样", "en": "this run"}),)
    return Figure(
        {"zh": "随机 Hessian 的临界点是极小点的概率", "en": "how likely a random critical point is a minimum"},
        (*lines, *(drawn if share > 0 else ())),
        x={"zh": "维数 n", "en": "dimension n"},
        y={"zh": "概率", "en": "probability"},
        log="y",
    )


SOLVER = Solver(
    title={"zh": "随机 Hessian：鞍点随维数激增", "en": "random Hessians: saddles grow with the dimension"},
    formula=r"H=\frac{1}{2}(G+G^\top)+cI,\qquad P(\lambda_1>0,\dots,\lambda_n>0)",
    params={
        "n": Param(3, {"zh": "维数", "en": "dimension"}, kind="int"),
        "draws": Param(20_000, {"zh": "抽多少个", "en": "how many to draw"}, kind="int"),
        "shift": Param(0.0, {"zh": "谱的平移", "en": "shift of the spectrum"}, kind="float"),
    },
    outputs={"minima": "1", "maxima": "1", "saddles": "1", "negative": "1", "exact": "1",
             "log10_exact": "1"},
    steps={"index_shares": {"zh": "有 0…n 个负特征值的比例", "en": "shares with 0 … n negative eigenvalues"}},
    check=check,
    compute=compute,
    oracle=oracle,
    oracle_route="signs of leading minors; numerical integration and a determinant",
    sample=sample,
    variant=variant,
    edges=(
        {"n": 1, "draws": 2000},
        {"n": 2, "draws": 5000},
        {"n": 6, "draws": 2000},
        {"n": 8, "draws": 300, "shift": 2.0},
    ),
    noise=noise,
    tolerance={"float64": 1e-6, "float32": 5e-3},
    smooth=False,
    batched=False,
    claims=CLAIMS,
    mistakes=MISTAKES,
    rejects=(
        Reject({"n": 0}, "n must lie between 1 and 8"),
        Reject({"n": 10**9}, "n must lie between 1 and 8"),
        Reject({"draws": 10}, "draws must lie between 100 and 100000"),
        Reject({"n": 8, "draws": 50_000}, "draws must keep draws times n*n within"),
        Reject({"shift": float("nan")}, "shift must lie between"),
    ),
    figure=figure,
)  # fmt: skip
