"""What a solver is: one frozen record of pure functions and plain data.

A solver module defines ``check``, ``compute``, ``oracle``, ``sample`` and ``variant`` and binds them in one
``SOLVER = Solver(...)``. The file is the registry entry (its name is the slug), the record is the tests'
parametrization: a new solver needs no test code. This module imports no array library.

The five functions, with ``params`` standing for the solver's own arguments:

``check(**params)``
    Runs once, on the host, on numpy arrays and Python scalars, before anything is computed or allocated.
    Calls :func:`require`; raises :class:`BadInput`.
``compute(xp, note, **params) -> {output: value}``
    The forward rule in the array-API namespace ``xp``. ``note(step, value)`` records a step (see :class:`Note`).
    Never reads a value back to the host (no ``float(x)``, no ``if x > 0``), draws no random numbers.
``oracle(**params) -> {output: value}``
    The same outputs in float64 by another route: scipy, torch, sympy, a closed form, a plain loop.
``sample(rng) -> params``
    Random valid interior inputs for the tests; ``rng`` is a ``numpy.random.Generator``.
``variant(rng) -> params``
    Inputs that a prompt can show exactly: ints, short decimals, fraction strings such as ``"1/3"``.
    The key of a dealt item is computed from these, never from digits the reader cannot see.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

Text = Mapping[str, str]
"""A text in both languages: ``{"zh": …, "en": …}``."""

Given = Mapping[str, Any]
"""Arguments by name: numpy arrays (float64 or int64) and Python scalars."""


class BadInput(ValueError):
    """An argument broke a rule. ``str()`` is the one line a reader sees: ``<argument> must <rule>; got <value>``."""

    def __init__(self, argument: str, rule: str, value: object) -> None:
        self.argument, self.rule, self.value = argument, rule, value
        super().__init__(f"{argument} must {rule}; got {_brief(value)}")


def require(condition: object, argument: str, rule: str, value: object) -> None:
    """Raise :class:`BadInput` unless ``condition`` is true."""
    if not condition:
        raise BadInput(argument, rule, value)


def _brief(value: object, limit: int = 80) -> str:
    """One line, no control characters, at most ``limit`` characters."""
    text = value if isinstance(value, str) else repr(value.tolist() if hasattr(value, "tolist") else value)
    line = "".join(ch if ch.isprintable() else " " for ch in text)
    line = " ".join(line.split()) or "nothing"
    return line if len(line) <= limit else line[: limit - 1] + "…"


class Note(Protocol):
    """What ``compute`` is handed to tell about itself.

    ``note(step, value)`` records a step; a step noted several times (in a loop) is stacked on axis 0.
    A solver with ``lanes=("torch",)`` also finds the device and a seeded ``torch.Generator`` here and
    reports ``note.progress(done, total)``, which raises when the reader has cancelled.
    """

    device: Any
    generator: Any

    def __call__(self, step: str, value: Any) -> None: ...
    def progress(self, done: int, total: int) -> None: ...


@dataclass(frozen=True, slots=True)
class Param:
    """One argument: its default (also the demonstration's number), what it is, and how it is read.

    Kinds: ``array`` (nested lists of numbers or fraction strings), ``float``, ``int``, ``choice``.
    ``shape`` names the axes: ``"(..., K)"``; leading ``...`` are batch axes. ``dtype="int64"`` keeps an array integer
    whatever the run's floating type.
    """

    default: Any
    doc: Text
    shape: str = ""
    kind: Literal["array", "float", "int", "choice"] = "array"
    choices: tuple[str, ...] = ()
    dtype: str | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """A statement of the answer that each run puts to the test.

    ``residual(given, out)`` is 0 (within the run's tolerance, from both sides) where the claim holds;
    it may be an array, every element counts, NaN never holds. ``out`` holds outputs and steps by name, in float64 on
    the host. Write residuals relative to the size of what they compare.
    """

    id: str
    zh: str
    en: str
    residual: Callable[[Given, Given], Any]


@dataclass(frozen=True, slots=True)
class Mistake:
    """What a person really gets wrong, as a formula: a distractor in the quiz, a mutant in the tests.

    ``value(**given)`` returns the outputs the mistaken formula gives (those it changes are enough), or ``{}`` where
    these inputs do not bring the mistake out. Non-finite values prove errata and never enter items.
    """

    id: str
    zh: str
    en: str
    value: Callable[..., Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Reject:
    """Inputs that ``check`` must refuse, and words its message must contain. Missing arguments take their defaults."""

    given: Given
    message: str


@dataclass(frozen=True, slots=True)
class Lines:
    """A line through (x, y)."""

    x: Any
    y: Any
    label: Text | None = None


@dataclass(frozen=True, slots=True)
class Scatter:
    """Points (x, y)."""

    x: Any
    y: Any
    label: Text | None = None


@dataclass(frozen=True, slots=True)
class Bars:
    """One bar a name; several ``Bars`` in a figure stand side by side."""

    names: tuple[str, ...]
    heights: Any
    label: Text | None = None


@dataclass(frozen=True, slots=True)
class Heatmap:
    """A matrix as colours; row 0 at the top."""

    values: Any


@dataclass(frozen=True, slots=True)
class Contour:
    """Level lines of ``values[i, j]`` at (x[j], y[i])."""

    x: Any
    y: Any
    values: Any
    levels: tuple[float, ...] = ()


Mark = Lines | Scatter | Bars | Heatmap | Contour


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture as data. The terminal and matplotlib each know how to draw it."""

    title: Text
    marks: tuple[Mark, ...]
    x: Text | None = None
    y: Text | None = None
    log: Literal["", "x", "y", "xy"] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Solver:
    """One concept, computed, doubted and drawn. See the module's docstring for the functions."""

    title: Text
    formula: str
    """LaTeX without dollars: the line a demonstration opens with."""
    params: Mapping[str, Param]
    outputs: Mapping[str, str]
    """Output name -> unit (``"nats"``, ``"pixels"``, ``"1"``)."""
    steps: Mapping[str, Text] = field(default_factory=dict)
    """Step id -> label. Ids differ from the outputs' names."""

    check: Callable[..., None]
    compute: Callable[..., Mapping[str, Any]]
    oracle: Callable[..., Mapping[str, Any]]
    oracle_route: str
    """Where the oracle gets its numbers, for example ``"scipy.special.rel_entr"``. One that begins with ``torch`` is
    run on demand only (``--check``, ``verify``), so that a numpy solve never imports torch."""
    sample: Callable[[Any], dict[str, Any]]
    variant: Callable[[Any], dict[str, Any]]
    edges: tuple[Given, ...] = ()
    """Inputs at the rim (zeros, infinities, size one): values are tested, gradients are not."""
    noise: Callable[..., dict[str, Any]] | None = None
    """``noise(rng, **params)``: random arrays whose shape depends on the arguments, passed on with them.

    An array drawn for some arguments only has a default (``crop=None``) in ``compute``, ``oracle`` and the mistakes."""

    tolerance: Mapping[str, float]
    """dtype -> tolerance, relative to ``1 + |value|``. The first dtype is the default; ``{"int64": 0}`` is exact."""
    smooth: bool = True
    batched: bool = True
    """Leading axes of the array arguments are a batch: the batch's result is the loop's."""
    lanes: tuple[Literal["numpy", "torch"], ...] = ("numpy", "torch")

    claims: tuple[Claim, ...] = ()
    mistakes: tuple[Mistake, ...] = ()
    rejects: tuple[Reject, ...] = ()
    figure: Callable[[Given, Given, Given], Figure] | None = None
    """``figure(given, out, steps)``."""
