"""Recall the number seen first, after a lag: a basic RNN, an LSTM and a GRU of the same size, trained alike.

    x_1 = (y, 1),   x_t = (noise, 0) for t = 2 ... lag,   y and noise uniform on (-1, 1);   z = <v, h_lag> + d
    loss = mean (z - y)^2

Weights start uniform within 1 / sqrt(units), biases at 0, but for the gates: with u = log(1 + U(0, 1) (memory - 2)),
drawn for each unit, the LSTM's forget gates start with the bias u and its input gates with -u, the GRU's update gates
(which keep the old state where they are open) with u. Gates so started forget over at most about ``memory`` steps;
memory = 2 gives zero biases.
Each network is trained for ``rounds`` batches of 32 fresh sequences by Adam (rate 0.02), gradients clipped at 1.
Score: 1 - error / variance of y on 512 fresh sequences, at least 0.
Shapes: lags (L,) -> rnn, lstm, gru (L,), all before training: the root mean square over the probe of dz / dy, that is
how much of the first input is left in the output. The scores are steps, one number a lag.
Errors: BadInput for lags and sizes out of range.
Reference: Hochreiter & Schmidhuber (1997); Tallec & Ollivier (2018) for the biases; Goodfellow et al. (2016), 10.10.
"""

from __future__ import annotations

import numpy as np

from solvers.contract import Claim, Figure, Lines, Mistake, Param, Reject, Solver, require

KINDS = ("rnn", "lstm", "gru")
BATCH, FRESH, RATE = 32, 512, 0.02
MOST = 200_000


def check(lags, units, memory, rounds):
    require(lags.ndim == 1 and 1 <= lags.size <= 6, "lags", "be a list of 1 to 6 numbers", lags.shape)
    require(np.all((lags >= 2) & (lags <= 100)), "lags", "lie between 2 and 100", lags)
    require(2 <= units <= 32, "units", "lie between 2 and 32", units)
    require(2 <= memory <= 1000, "memory", "lie between 2 and 1000", memory)
    require(1 <= rounds <= 2000, "rounds", "lie between 1 and 2000", rounds)
    require(int(lags.sum()) * rounds <= MOST, "rounds", f"keep lags x rounds within {MOST}", rounds)


def noise(rng, lags, units, memory, rounds):
    """First weights, input before state, gates in torch's order; what opens the gates; probe sequences."""
    drawn = {
        name: rng.uniform(-1, 1, size=(gates * units, 2 + units)) / np.sqrt(units)
        for name, gates in (("rnn_start", 1), ("lstm_start", 4), ("gru_start", 3))
    }
    return {
        **drawn,
        "heads": rng.uniform(-1, 1, size=(3, units)) / np.sqrt(units),
        "kept": np.log1p(rng.uniform(size=(2, units)) * (memory - 2)),
        "probe": rng.uniform(-1, 1, size=(int(lags.max()), 16)),
    }


def compute(xp, note, lags, units, memory, rounds, rnn_start, lstm_start, gru_start, heads, kept, probe):
    threads = xp.get_num_threads()
    xp.set_num_threads(1)  # matrices this small are faster on one
    try:
        starts = dict(zip(KINDS, (rnn_start, lstm_start, gru_start), strict=True))
        return _experiment(xp, note, lags.tolist(), units, rounds, starts, heads, kept, probe)
    finally:
        xp.set_num_threads(threads)


def _experiment(xp, note, lags, units, rounds, starts, heads, kept, probe):
    like = {"dtype": heads.dtype, "device": heads.device}

    def network(place, kind):
        layer = {"rnn": xp.nn.RNN, "lstm": xp.nn.LSTM, "gru": xp.nn.GRU}[kind]
        net = layer(2, units, device="meta", dtype=heads.dtype).to_empty(device=heads.device)  # draws nothing
        with xp.no_grad():
            net.weight_ih_l0.copy_(starts[kind][:, :2])
            net.weight_hh_l0.copy_(starts[kind][:, 2:])
            net.bias_ih_l0.zero_()
            net.bias_hh_l0.zero_()
            if kind == "lstm":
                net.bias_ih_l0[:units] = -kept[0]
                net.bias_ih_l0[units : 2 * units] = kept[0]
            if kind == "gru":
                net.bias_ih_l0[units : 2 * units] = kept[1]
        head = heads[place].clone().requires_grad_()
        offset = xp.zeros_like(head[:1]).requires_grad_()
        return [*net.parameters(), head, offset], lambda x: net(x)[0][-1] @ head + offset

    def inputs(numbers):
        marks = xp.zeros_like(numbers)
        marks[0] = 1
        return xp.stack([numbers, marks], dim=-1)

    def draw(lag, count):
        numbers = 2 * xp.rand((lag, count), generator=note.generator, **like) - 1
        return inputs(numbers), numbers[0]

    reach, scores = {kind: [] for kind in KINDS}, {kind: [] for kind in KINDS}
    total, done = len(lags) * len(KINDS) * rounds, 0
    for lag in lags:
        for place, kind in enumerate(KINDS):
            parameters, answer = network(place, kind)
            x = inputs(probe[:lag]).requires_grad_()
            (slope,) = xp.autograd.grad(answer(x).sum(), x)
            reach[kind].append(xp.sqrt(xp.mean(slope[0, :, 0] ** 2)))
            optimizer = xp.optim.Adam(parameters, lr=RATE)
            for _ in range(rounds):
                x, y = draw(lag, BATCH)
                optimizer.zero_grad()
                xp.mean((answer(x) - y) ** 2).backward()
                xp.nn.utils.clip_grad_norm_(parameters, 1.0)
                optimizer.step()
                done += 1
                note.progress(done, total)
            with xp.no_grad():
                x, y = draw(lag, FRESH)
                missed = xp.mean((answer(x) - y) ** 2) / xp.mean((y - xp.mean(y)) ** 2)
            scores[kind].append(xp.clamp(1 - missed, min=0.0))
    for kind in KINDS:
        note(f"score_{kind}", xp.stack(scores[kind]))
    return {kind: xp.stack(reach[kind]) for kind in KINDS}


def oracle(lags, units, memory, rounds, rnn_start, lstm_start, gru_start, heads, kept, probe):
    """Complex steps in the first input, through the three cells written out."""

    def sigma(z):
        return 1 / (1 + np.exp(-z))

    def rnn(x, h, c):
        return np.tanh(rnn_start[:, :2] @ x + rnn_start[:, 2:] @ h), c

    def lstm(x, h, c):
        z = (lstm_start @ np.concatenate([x, h])).reshape(4, units)
        c = sigma(z[1] + kept[0]) * c + sigma(z[0] - kept[0]) * np.tanh(z[2])
        return sigma(z[3]) * np.tanh(c), c

    def gru(x, h, c):
        read, old, new = ((gru_start[:, :2] @ x).reshape(3, units), (gru_start[:, 2:] @ h).reshape(3, units), None)
        keep = sigma(read[1] + old[1] + kept[1])
        new = np.tanh(read[2] + sigma(read[0] + old[0]) * old[2])
        return keep * h + (1 - keep) * new, c

    out = {}
    for cell, name, head in zip((rnn, lstm, gru), KINDS, heads, strict=True):
        squares = np.zeros(len(lags))
        for numbers in probe.T:
            h = c = np.zeros(units, dtype=complex)
            for t, number in enumerate(numbers, start=1):
                h, c = cell(np.array([number + (1e-30j if t == 1 else 0), 1.0 if t == 1 else 0.0]), h, c)
                squares += np.where(lags == t, ((head @ h).imag / 1e-30) ** 2, 0.0)
        out[name] = np.sqrt(squares / probe.shape[1])
    return out


def sample(rng):
    return {"lags": [2, int(rng.integers(3, 7))], "units": int(rng.integers(2, 5)), "memory": 20, "rounds": 2}


def variant(rng):
    return {"lags": [int(rng.integers(2, 9))], "units": 2, "memory": int(rng.integers(2, 60)), "rounds": 1}


# ---- What people get wrong.


def _stated(given, memory=50):
    """The experiment that the training claims speak of."""
    same = (given["units"], given["memory"]) == (8, memory) and 100 <= given["rounds"] <= 130
    return same and given["lags"].tolist() == [4, 25]


def _scores(**rows):
    return lambda **given: {f"score_{k}": np.array(v) for k, v in rows.items()} if _stated(given) else {}


MISTAKES = (
    Mistake("nothing-fades", "以为第一个输入会原样留在状态里",
            "expects the first input to stay in the state untouched",
            lambda lags, **rest: {"rnn": np.ones(len(lags))}),
    Mistake("gates-fade-too", "以为门控网络与基本 RNN 一样忘得快", "expects gated nets to forget as fast as basic ones",
            _scores(lstm=[1.0, 0.0], gru=[1.0, 0.0])),
    Mistake("training-is-enough", "以为训练够了基本 RNN 也能记住", "expects training to be enough for a basic RNN",
            _scores(rnn=[1.0, 1.0])),
    Mistake("gates-start-shut", "遗忘门的符号反了：偏置 u 让它开着（保留）",
            "read the forget gate the wrong way: a bias of u holds it open, and an open one keeps",
            lambda lags, memory, **rest: {} if memory == 2 else {"lstm": np.full(len(lags), 0.5 ** np.max(lags))}),
)  # fmt: skip


# ---- Claims.


def _where_stated(shortfall, memory=50):
    def residual(given, out):
        if not _stated(given, memory):
            return 0.0
        return np.maximum(shortfall(*(out[f"score_{kind}"] for kind in KINDS)), 0.0)

    return residual


CLAIMS = (
    Claim("short-lag-is-easy", zh="滞后 4：三种网络都学得会（得分高于 0.8）",
          en="lag 4: all three learn it (scores above 0.8)",
          residual=_where_stated(lambda rnn, lstm, gru: 0.8 - min(rnn[0], lstm[0], gru[0]))),
    Claim("gates-converge", zh="滞后 25：LSTM 与 GRU 训练收敛，得分高于 0.8",
          en="lag 25: LSTM and GRU converge, scores above 0.8",
          residual=_where_stated(lambda rnn, lstm, gru: 0.8 - min(lstm[1], gru[1]))),
    Claim("basic-rnn-falls-behind", zh="滞后 25：基本 RNN 比它们低 0.2 以上",
          en="lag 25: the basic RNN stays more than 0.2 below them",
          residual=_where_stated(lambda rnn, lstm, gru: 0.2 - (min(lstm[1], gru[1]) - rnn[1]))),
    Claim("gates-have-to-start-open", zh="滞后 25、偏置从零起步（memory = 2）：LSTM 与 GRU 也学不会，得分不到 0.2",
          en="lag 25 with zero biases (memory = 2): LSTM and GRU fail too, scores below 0.2",
          residual=_where_stated(lambda rnn, lstm, gru: max(lstm[1], gru[1]) - 0.2, memory=2)),
    Claim("norm-bound", zh="训练前，基本 RNN 里第一个输入的影响不超过 ‖W‖₂^(滞后−1) 倍",
          en="before training the first input's share in the RNN is bounded by the norm of W to the power lag - 1",
          residual=lambda given, out: np.maximum(out["rnn"] / (
              np.linalg.norm(given["rnn_start"][:, 2:], 2) ** (given["lags"] - 1.0)
              * np.linalg.norm(given["heads"][0]) * np.linalg.norm(given["rnn_start"][:, 0])) - 1, 0.0)),
)  # fmt: skip


def figure(given, out, steps):
    order = np.argsort(given["lags"])
    lags = np.asarray(given["lags"])[order]
    names = {"rnn": {"zh": "基本 RNN", "en": "basic RNN"}, "lstm": {"zh": "LSTM", "en": "LSTM"},
             "gru": {"zh": "GRU", "en": "GRU"}}  # fmt: skip
    return Figure(
        title={"zh": "训练后回忆第一个数的得分", "en": "recalling the first number, after training"},
        marks=tuple(Lines(lags, steps[f"score_{kind}"][order], names[kind]) for kind in KINDS),
        x={"zh": "滞后", "en": "lag"},
        y={"zh": "得分", "en": "score"},
    )


SOLVER = Solver(
    title={"zh": "记住第一个数：基本 RNN、LSTM、GRU", "en": "recall the first number: RNN, LSTM, GRU"},
    formula=r"x_1=(y,1),\quad x_t=(\xi_t,0),\quad \min\ \mathbb{E}(z-y)^2",
    params={
        "lags": Param([4, 25], {"zh": "序列长度，各训练一次", "en": "lengths of the sequence, a training each"},
                      shape="(L,)", dtype="int64"),
        "units": Param(8, {"zh": "隐藏单元数", "en": "hidden units"}, kind="int"),
        "memory": Param(50, {"zh": "门控起初的记忆长度", "en": "steps that gates keep at the start"}, kind="int"),
        "rounds": Param(100, {"zh": "训练轮数", "en": "rounds of training"}, kind="int"),
    },
    outputs={"rnn": "1", "lstm": "1", "gru": "1"},
    steps={f"score_{kind}": {"zh": f"{kind.upper()} 训练后的得分", "en": f"{kind.upper()}, score after training"}
           for kind in KINDS},
    check=check,
    compute=compute,
    oracle=oracle,
    oracle_route="complex steps in numpy through the cells written out",
    sample=sample,
    variant=variant,
    noise=noise,
    tolerance={"float64": 1e-9},
    smooth=False,  # trained, not differentiated
    batched=False,
    lanes=("torch",),
    claims=CLAIMS,
    mistakes=MISTAKES,
    rejects=(
        Reject({"lags": 5}, "lags must be a list of 1 to 6 numbers"),
        Reject({"lags": [1]}, "lags must lie between 2 and 100"),
        Reject({"lags": [2.5]}, "lags must hold integers"),
        Reject({"units": 1}, "units must lie between 2 and 32"),
        Reject({"memory": 1}, "memory must lie between 2 and 1000"),
        Reject({"rounds": 0}, "rounds must lie between 1 and 2000"),
        Reject({"lags": [100, 100], "rounds": 2000}, "rounds must keep lags x rounds within 200000"),
    ),
    figure=figure,
)  # fmt: skip
