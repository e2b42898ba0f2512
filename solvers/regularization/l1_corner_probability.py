"""Where an L1 ball is touched first: at a corner (a zero weight), on an edge, or not at all.

    minimize |w - w*|^2  subject to  |w|_1 <= 1,  with w* at distance r in a direction drawn evenly on the circle

In two dimensions the optimum is a corner exactly where ||x| - |y|| >= 1, so for r >= 1
    corner = (4/pi) (arccos(1 / (sqrt(2) r)) - pi/4),  edge = 1 - corner,
while a w* with |x| + |y| <= 1 is inside: the constraint does nothing. The L2 ball, having no corners, gives no zeros.
``measured`` is the share of corners among the drawn directions, ``measured_l2`` that of zeros with the L2 ball.
Shapes: distance (...) -> corner, edge, inside, measured, measured_l2 (...); projected (..., directions, 2).
Statistics: Hoeffding's inequality bounds measured - corner: beyond sqrt(log(2/odds) / (2 directions)) with those odds.
Errors: BadInput for distances outside 1e-3 … 1e6, no direction, more than two million points.
Reference: Goodfellow et al. (2016), sections 7.1.2 and 7.2; Hastie et al. (2009), figure 3.11; Duchi et al. (2008).
"""

from __future__ import annotations

import math

import numpy as np

from solvers.contract import Claim, Figure, Lines, Mistake, Param, Reject, Scatter, Solver, require

POINTS = 2_000_000
ODDS = 1e-9
FAR = 1e6


def check(distance, directions):
    require(distance.size >= 1, "distance", "hold at least one number", distance)
    fits = np.all((distance >= 1 / 1000) & (distance <= FAR))
    require(fits, "distance", f"lie between 0.001 and {FAR:.0e}", distance)
    require(directions >= 1, "directions", "be at least 1", directions)
    points = distance.size * directions
    require(points <= POINTS, "directions", f"keep directions times distances within {POINTS}", points)


def noise(rng, distance, directions):
    """Angles, the same for every distance."""
    return {"angle": rng.uniform(0.0, 2 * math.pi, size=directions)}


def compute(xp, note, distance, directions, angle):
    one = xp.ones_like(distance)
    cosine = 1 / (math.sqrt(2) * distance)
    reach = (4 / math.pi) * xp.acos(xp.where(cosine < 1, cosine, one))
    note("reach", reach)
    corner = xp.maximum(reach - 1, xp.zeros_like(reach))
    inside = xp.maximum(1 - reach, xp.zeros_like(reach))

    points = distance[..., None, None] * xp.stack([xp.cos(angle), xp.sin(angle)], axis=-1)
    size = xp.abs(points)
    total, most = xp.sum(size, axis=-1), xp.max(size, axis=-1)
    cut = xp.maximum((total - 1) / 2, most - 1)  # an edge, a corner: whichever takes more
    cut = xp.maximum(cut, xp.zeros_like(cut))[..., None]
    projected = xp.sign(points) * xp.maximum(size - cut, xp.zeros_like(size))
    note("projected", projected)

    def zeros(w):
        gone = xp.where(w == 0, xp.ones_like(w), xp.zeros_like(w))
        return xp.mean(xp.max(gone, axis=-1), axis=-1)

    onto_circle = points / xp.where(distance > 1, distance, one)[..., None, None]
    return {
        "corner": corner,
        "edge": 1 - corner - inside,
        "inside": inside,
        "measured": zeros(projected),
        "measured_l2": zeros(onto_circle),
    }


def oracle(distance, directions, angle):
    """The angle at which the first quadrant's optimum leaves the corner, by root finding; projections by sorting."""
    from scipy.optimize import brentq

    eighth = math.pi / 4

    def shares(r):
        if r > 1:  # the corner reaches up to cos t - sin t = 1/r
            return brentq(lambda t: math.cos(t) - math.sin(t) - 1 / r, 0.0, eighth, xtol=1e-15) / eighth, 0.0
        if r * math.sqrt(2) <= 1:
            return 0.0, 1.0
        return 0.0, brentq(lambda t: math.cos(t) + math.sin(t) - 1 / r, 0.0, eighth, xtol=1e-15) / eighth

    def measured(r):
        size = np.sort(np.abs(r * np.stack([np.cos(angle), np.sin(angle)])), axis=0)[::-1]
        outside = size.sum(axis=0) > 1
        kept = size > (np.cumsum(size, axis=0) - 1) / np.array([[1], [2]])  # Duchi: entries that stay positive
        return np.mean(outside & (kept.sum(axis=0) == 1) | ~outside & (size[1] == 0))

    flat = [(*shares(float(r)), measured(float(r))) for r in np.ravel(distance)]
    corner, inside, found = (np.reshape(v, distance.shape) for v in zip(*flat, strict=True))
    on_axis = np.mean((np.cos(angle) == 0) | (np.sin(angle) == 0))
    return {
        "corner": corner,
        "edge": 1 - corner - inside,
        "inside": inside,
        "measured": found,
        "measured_l2": np.full(distance.shape, on_axis),
    }


def sample(rng):
    far = rng.random(int(rng.integers(1, 4))) < 0.7
    distance = np.where(far, 1 + rng.exponential(1.5, size=far.shape) + 0.01, rng.uniform(0.3, 0.95, size=far.shape))
    return {"distance": distance, "directions": int(rng.integers(20, 400))}


def variant(rng):
    """One distance outside the ball, from 1.1 to 8 in hundredths, near ones more often: there the share changes."""
    return {"distance": round(float(np.exp(rng.uniform(math.log(1.1), math.log(8.0)))), 2), "directions": 200}


def _corner(distance):
    """The share of corners, by the angle up to which cos t - sin t exceeds 1/r."""
    return np.maximum(1 - 4 / math.pi * np.arcsin(np.minimum(1 / (math.sqrt(2) * distance), 1.0)), 0.0)


def _in_corner(rule):
    """A mistake in the share of corners, for distances above 1."""

    def value(distance, directions, angle):
        if not np.any(distance > 1):
            return {}
        return {"corner": np.where(distance > 1, rule(distance), 0.0)}

    return value


def _always_touches(distance, directions, angle):
    """The first contact taken for the optimum wherever w* lies."""
    return {"inside": np.zeros_like(distance), "edge": 1 - _corner(distance)} if np.any(distance < 1) else {}


def _l2_has_corners(distance, directions, angle):
    x, y = np.abs(np.cos(angle)), np.abs(np.sin(angle))
    share = np.mean(np.abs(x - y) * distance[..., None] >= 1, axis=-1)
    return {"measured_l2": share} if np.any(share) else {}


MISTAKES = (
    Mistake("always-a-corner", "不总是落在角上：w* 离球近时，最优点多半在边上",
            "not always a corner: for a w* near the ball most optima lie on an edge",
            _in_corner(lambda r: np.ones_like(r))),
    Mistake("corners-have-no-size", "角只是 4 个点，但每个角对应一整片 w*：概率不是 0",
            "the corners are four points, yet each is the optimum of a whole region of w*: the chance is not 0",
            _in_corner(np.zeros_like)),
    Mistake("half-and-half", "4 个角 4 条边并不等可能：要看距离", "four corners and four edges are not equally likely: "
            "it depends on the distance", _in_corner(lambda r: np.full_like(r, 0.5))),
    Mistake("one-corner-only", "只数了 4 个角中的一个", "only one of the four corners was counted",
            _in_corner(lambda r: _corner(r) / 4)),
    Mistake("arc-not-rescaled", "arccos 的值没有除以 π/4", "the angle was not divided by pi/4",
            _in_corner(lambda r: np.arccos(1 / (math.sqrt(2) * r)) - math.pi / 4)),
    Mistake("constraint-always-binds", "w* 已在球内时约束不起作用，最优点就是 w*，不在边界上",
            "a w* inside the ball stays: the constraint does nothing and no boundary is touched", _always_touches),
    Mistake("l2-has-corners", "L2 球没有角：最优点是 w*/‖w*‖，坐标不会恰好为 0",
            "the L2 ball has no corners: its optimum w*/|w*| has no coordinate of exactly 0", _l2_has_corners),
)  # fmt: skip


def _monte_carlo(given, out):
    allowed = math.sqrt(math.log(2 / ODDS) / (2 * given["directions"]))
    return np.maximum(np.abs(out["measured"] - out["corner"]) - allowed, 0.0)


def _criterion(given, out):
    """The share of points with ||x| - |y|| >= 1 against the share of projections with a zero."""
    x, y = (given["distance"][..., None] * np.abs(f(given["angle"])) for f in (np.cos, np.sin))
    clear = np.abs(np.abs(x - y) - 1) > 1e-4  # ties go either way
    zero = np.min(np.abs(out["projected"]), axis=-1) == 0
    return np.where(clear & (zero != (np.abs(x - y) >= 1)), 1.0, 0.0)


def _never_certain(given, out):
    """edge = (4/pi) arcsin(1/(sqrt(2) r)) for r >= 1, which is at least 4/(pi sqrt(2) r)."""
    r = np.maximum(given["distance"], 1.0)
    exact = out["edge"] - 4 / math.pi * np.arcsin(1 / (math.sqrt(2) * r))
    short = np.minimum(out["edge"] - 4 / (math.pi * math.sqrt(2) * r), 0.0)
    return np.where(given["distance"] >= 1, np.stack([exact, short]), 0.0)


def _inactive_inside(given, out):
    """Points inside stay where they are; others land on the boundary |w|_1 = 1."""
    points = given["distance"][..., None, None] * np.stack([np.cos(given["angle"]), np.sin(given["angle"])], axis=-1)
    inside = np.sum(np.abs(points), axis=-1) <= 1
    stay = np.max(np.abs(out["projected"] - points), axis=-1)
    land = (np.sum(np.abs(out["projected"]), axis=-1) - 1) / given["distance"][..., None]
    return np.where(inside, stay, land)


CLAIMS = (
    Claim("corner-criterion", zh="最优点落在角上，当且仅当 ||x|−|y|| ≥ 1", en="the optimum is a corner exactly where "
          "||x| - |y|| >= 1", residual=_criterion),
    Claim("monte-carlo", zh="抽样得到的比例与公式之差在 Hoeffding 界内（越界概率 ≤ 10⁻⁹）",
          en="the drawn share is within Hoeffding's bound of the formula (odds of a miss: 1e-9)",
          residual=_monte_carlo),
    Claim("never-certain", zh="r ≥ 1 时落在边上的比例是 (4/π)arcsin(1/(√2 r))：距离再远也不为 0",
          en="for r >= 1 the share of edges is (4/pi) arcsin(1/(sqrt(2) r)): never 0, however far",
          residual=_never_certain),
    Claim("inactive-inside", zh="w* 在球内则原地不动（约束不起作用），在球外则落到边界上",
          en="a w* inside stays where it is (the constraint does nothing), one outside lands on the boundary",
          residual=_inactive_inside),
    Claim("l2-no-zeros", zh="L2 球：没有一个方向给出恰好为 0 的坐标", en="the L2 ball: no direction gives a zero",
          residual=lambda given, out: out["measured_l2"]),
)  # fmt: skip


def figure(given, out, steps):
    distance = np.ravel(given["distance"])
    line = np.geomspace(min(1.0, distance.min()), max(10.0, distance.max()), 80)
    corner = _corner(line)
    inside = np.maximum(1 - 4 / math.pi * np.arccos(np.minimum(1 / (math.sqrt(2) * line), 1.0)), 0.0)
    return Figure(
        title={"zh": "L1 球上的最优点在哪里", "en": "where the L1 ball is touched"},
        marks=(
            Lines(line, corner, {"zh": "角（有零权重）", "en": "corner (a zero weight)"}),
            Lines(line, 1 - corner - inside, {"zh": "边", "en": "edge"}),
            Scatter(distance, np.ravel(out["measured"]), {"zh": "抽样：角", "en": "drawn: corner"}),
        ),
        x={"zh": "w* 到原点的距离 r", "en": "distance r of w*"},
        y={"zh": "比例", "en": "share"},
        log="x",
    )


SOLVER = Solver(
    title={"zh": "最优点落在 L1 球的角上的概率", "en": "the chance of an optimum at a corner of the L1 ball"},
    formula=r"P(r)=\frac{4}{\pi}\left(\arccos\frac{1}{\sqrt{2}\,r}-\frac{\pi}{4}\right)",
    params={
        "distance": Param([1.05, 1.5, 3.0, 10.0], {"zh": "w* 的距离 r（球半径为 1）",
                          "en": "distances r of w* (the ball has radius 1)"}, shape="(...)"),
        "directions": Param(5000, {"zh": "抽取的方向个数", "en": "directions drawn"}, kind="int"),
    },
    outputs={"corner": "1", "edge": "1", "inside": "1", "measured": "1", "measured_l2": "1"},
    steps={
        "reach": {"zh": "(4/π)·arccos(1/(√2 r))", "en": "(4/pi) arccos(1/(sqrt(2) r))"},
        "projected": {"zh": "各方向的最优点", "en": "the optimum in each direction"},
    },
    check=check,
    compute=compute,
    oracle=oracle,
    oracle_route="scipy.optimize.brentq; projection by sorting",
    sample=sample,
    variant=variant,
    edges=(
        {"distance": [0.5, 0.001], "directions": 50},
        {"distance": 1.0, "directions": 100},
        {"distance": [0.8, 1e4], "directions": 100},
    ),
    noise=noise,
    tolerance={"float64": 1e-9, "float32": 5e-3},
    smooth=False,  # shares of drawn points jump
    claims=CLAIMS,
    mistakes=MISTAKES,
    rejects=(
        Reject({"distance": [0.0]}, "distance must lie between 0.001"),
        Reject({"distance": [float("nan")]}, "distance must lie between 0.001"),
        Reject({"distance": []}, "distance must hold at least one number"),
        Reject({"directions": 0}, "directions must be at least 1"),
        Reject({"directions": 10**9}, "directions must keep directions times distances within"),
    ),
    figure=figure,
)  # fmt: skip
