"""The errata of all questions, proven on demand."""

from __future__ import annotations

from typing import Any

from qbank.domain import BadValue, QbankError
from qbank.services.bank import Bank
from qbank.services.views import erratum_json


class Errata:
    """Errata over the bank's questions."""

    def __init__(self, bank: Bank) -> None:
        self.bank = bank

    def rows(self, source: str | None = None, prove: bool = False) -> list[dict[str, Any]]:
        """One row an erratum; ``proven`` is None where no proof was asked for or none exists."""
        rows = []
        for summary in self.bank.summaries(source=source):
            if not summary["errata"]:
                continue
            question = self.bank.question(summary["id"])
            docs = {s.doc for s in question.sources}
            for erratum in question.errata:
                doc = erratum.id.partition("-")[0]
                if source is not None and doc != source and doc in docs:
                    continue
                row = {"question": question.id, "doc": doc, **erratum_json(erratum), "proven": None, "evidence": None}
                if erratum.unproven:
                    row["evidence"] = erratum.unproven
                if prove and erratum.proof:
                    from qbank import solving

                    try:
                        proof = solving.prove(erratum.proof)
                        row["proven"], row["evidence"] = proof.proven, proof.evidence
                    except BadValue:
                        raise
                    except QbankError as missing:  # a library of the extra: not proven here, not refuted either
                        row["evidence"] = str(missing)
                rows.append(row)
        return rows
