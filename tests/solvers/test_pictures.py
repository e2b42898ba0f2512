"""Pictures of scikit-learn as a solver's noise: drawn by the seed, and one clear line where the library is missing."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from qbank import solving
from qbank.domain import QbankError


@pytest.mark.parametrize(
    ("picture", "shape", "largest"),
    [("china", (16, 16, 3), 255), ("flower", (16, 16, 3), 255), ("digit", (8, 8, 1), 16)],
)
def test_a_picture_is_normalized(picture, shape, largest):
    pytest.importorskip("sklearn", reason="no scikit-learn: install the extra 'lab'")
    pytest.importorskip("PIL", reason="no pillow: install the extra 'lab'")
    solution = solving.solve("gcn-image", {"picture": picture, "side": 16}, seed=3)
    crop = solution.noise["crop"]
    assert crop.shape == shape
    assert 0 <= crop.min() < crop.max() <= largest
    assert solution.outputs["result"].shape == shape
    assert solution.outputs["result_contrast"] == pytest.approx(1)
    assert solution.oracle.agrees
    assert all(claim.holds for claim in solution.claims)
    other = solving.solve("gcn-image", {"picture": picture, "side": 16}, seed=4)
    assert not np.array_equal(other.noise["crop"], crop)


@pytest.mark.parametrize("library", ["sklearn", "PIL"])
def test_a_missing_library_is_one_line(monkeypatch, library):
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(QbankError, match=r"needs the extra 'lab' .*: pip install") as raised:
        solving.solve("gcn-image", {"picture": "china"})
    assert str(raised.value).isprintable()
