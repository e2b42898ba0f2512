"""Whether two formulas are the same on a domain: compared at seeded points, then proven, and the two never confused."""

from __future__ import annotations

from qbank.grading.equivalence.compare import Agrees, Refuted, Unclear, compare
from qbank.grading.equivalence.hints import hint
from qbank.grading.equivalence.points import Domain, told
from qbank.grading.equivalence.prove import proven

__all__ = ["Agrees", "Domain", "Refuted", "Unclear", "compare", "hint", "proven", "told"]
