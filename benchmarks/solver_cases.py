"""What the solvers are compared with: one record a case, on a million parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

MILLION = 1_000_000
KEPT = "every line of the rule is a value to look at (rate, corrected moments); torch overwrites its own"
Given = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Case:
    """A solver, its arguments as torch tensors, and torch's own way to the same values."""

    name: str
    slug: str
    against: str
    given: Callable[[Any, Any], Given]
    peer: Callable[[Any, Given], Callable[[], object]]
    time_goal: float = 1.5
    time_reason: str = ""
    memory_reason: str = ""


def optimizer(torch: Any, given: Given, make: Callable[[Any], Any]) -> Callable[[], object]:
    """One step of a torch optimizer from a fresh state and a fresh copy of theta: what the solver's one step does."""

    def work() -> object:
        weights = given["theta"].clone()
        weights.grad = given["g"].reshape(-1)
        stepper = make([weights])
        stepper.step()
        return stepper, weights

    return work


def gradients(torch: Any, generator: Any) -> Given:
    """A million parameters and one gradient."""
    draw = {"generator": generator}
    return {"theta": torch.randn(MILLION, **draw), "g": torch.randn(1, MILLION, **draw)}


def adam_given(torch: Any, generator: Any) -> Given:
    zero = torch.zeros(MILLION)
    return {**gradients(torch, generator), "s0": zero, "r0": zero}


def adam_peer(torch: Any, given: Given) -> Callable[[], object]:
    return optimizer(torch, given, lambda weights: torch.optim.Adam(weights, lr=0.001))


def momentum_given(torch: Any, generator: Any) -> Given:
    draw = gradients(torch, generator)
    return {"theta": draw["theta"], "g": draw["g"][0], "v": torch.zeros(MILLION), "alpha": 0.9, "eps": 0.01}


def momentum_peer(torch: Any, given: Given) -> Callable[[], object]:
    return optimizer(torch, given, lambda weights: torch.optim.SGD(weights, lr=0.01, momentum=0.9))


def rmsprop_given(torch: Any, generator: Any) -> Given:
    return {**gradients(torch, generator), "r0": torch.zeros(MILLION), "place": "outside"}


def rmsprop_peer(torch: Any, given: Given) -> Callable[[], object]:
    return optimizer(torch, given, lambda weights: torch.optim.RMSprop(weights, lr=0.001))


def batch(torch: Any, generator: Any) -> Given:
    """A thousand examples of a thousand features."""
    ones, zeros = torch.ones(1000), torch.zeros(1000)
    x = torch.randn(1000, 1000, generator=generator)
    return {"x": x, "gamma": ones, "beta": zeros, "running_mean": zeros, "running_var": ones}


def batchnorm_peer(torch: Any, given: Given) -> Callable[[], object]:
    layer = torch.nn.BatchNorm1d(1000).requires_grad_(False)
    return lambda: layer(given["x"])


def clip_given(torch: Any, generator: Any) -> Given:
    """Ten tensors of a hundred thousand gradients."""
    return {"g": torch.randn(10, MILLION // 10, generator=generator), "v": 1.0, "nonfinite": "refuse"}


def clip_peer(torch: Any, given: Given) -> Callable[[], object]:
    """The tensors are copied first: torch clips in place, the solver returns new ones."""

    def work() -> object:
        weights = [torch.empty(0) for _ in given["g"]]
        for weight, gradient in zip(weights, given["g"], strict=True):
            weight.data = gradient
            weight.grad = gradient.clone()
        torch.nn.utils.clip_grad_norm_(weights, given["v"])
        return [weight.grad for weight in weights]

    return work


def image(torch: Any, generator: Any) -> Given:
    """A feature map of a million numbers."""
    return {"x": torch.randn(1000, 1000, generator=generator), "size": 2, "stride": 2}


def max_pool(torch: Any, given: Given) -> Callable[[], object]:
    x = given["x"][None, None]
    return lambda: torch.nn.functional.max_pool2d(x, given["size"], given["stride"])


def mean_pool(torch: Any, given: Given) -> Callable[[], object]:
    x = given["x"][None, None]
    return lambda: torch.nn.functional.avg_pool2d(x, given["size"], given["stride"])


def channels(torch: Any, generator: Any) -> Given:
    """Four maps of 250 by 250, four kernels of 3 by 3: a million products for each pair of channels."""
    draw = {"generator": generator}
    return {
        "x": torch.randn(4, 250, 250, **draw),
        "kernels": torch.randn(4, 4, 3, 3, **draw),
        "bias": torch.randn(4, **draw),
        "stride": 1,
        "padding": 1,
    }


def convolve(torch: Any, given: Given) -> Callable[[], object]:
    x, kernels, bias = given["x"][None], given["kernels"], given["bias"]
    return lambda: torch.nn.functional.conv2d(x, kernels, bias, padding=1)


def without_bias(torch: Any, generator: Any) -> Given:
    given = {name: value for name, value in channels(torch, generator).items() if name != "bias"}
    return {**given, "stride": 2}


def transpose(torch: Any, given: Given) -> Callable[[], object]:
    x, kernels = given["x"][None], given["kernels"]
    return lambda: torch.nn.functional.conv_transpose2d(x, kernels, stride=2, padding=1)


CASES = (
    Case(
        "adam-step",
        "adam-step",
        "torch.optim.Adam",
        adam_given,
        adam_peer,
        time_reason=KEPT,
    ),
    Case(
        "rmsprop-step",
        "rmsprop-step",
        "torch.optim.RMSprop",
        rmsprop_given,
        rmsprop_peer,
        time_reason=KEPT,
        memory_reason=KEPT,
    ),
    Case("momentum-step", "momentum-step", "torch.optim.SGD momentum", momentum_given, momentum_peer),
    Case(
        "batchnorm-forward",
        "batchnorm-forward",
        "torch.nn.BatchNorm1d",
        batch,
        batchnorm_peer,
        time_reason="four passes over the batch (mean, variance, shift, scale); torch fuses the last two",
        memory_reason="the shifted batch stands beside the scaled one",
    ),
    Case("grad-clip-norm", "grad-clip-norm", "torch clip_grad_norm_", clip_given, clip_peer),
    Case(
        "pool2d max",
        "pool2d",
        "torch max_pool2d",
        image,
        max_pool,
    ),
    Case(
        "pool2d mean",
        "pool2d",
        "torch avg_pool2d",
        lambda torch, generator: {**image(torch, generator), "kind": "mean"},
        mean_pool,
        memory_reason="columns first, then rows: half the map stands in between",
    ),
    Case(
        "conv2d-direct (im2col)",
        "conv2d-direct",
        "torch conv2d",
        channels,
        convolve,
        time_goal=4.0,
        memory_reason="im2col writes every window out, nine times the image; torch fuses it",
    ),
    Case(
        "transposed-conv",
        "transposed-conv",
        "torch conv_transpose2d",
        without_bias,
        transpose,
        time_goal=4.0,
    ),
)
