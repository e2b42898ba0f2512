"""What the solvers are compared with: one record a case, on a million parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

MILLION = 1_000_000
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


def image(torch: Any, generator: Any) -> Given:
    """A feature map of a million numbers."""
    return {"x": torch.randn(1000, 1000, generator=generator), "size": 2, "stride": 2}


def max_pool(torch: Any, given: Given) -> Callable[[], object]:
    x = given["x"][None, None]
    return lambda: torch.nn.functional.max_pool2d(x, given["size"], given["stride"])


def mean_pool(torch: Any, given: Given) -> Callable[[], object]:
    x = given["x"][None, None]
    return lambda: torch.nn.functional.avg_pool2d(x, given["size"], given["stride"])


CASES = (
    Case(
        "adam-step",
        "adam-step",
        "torch.optim.Adam",
        adam_given,
        adam_peer,
    ),
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
    ),
)
