"""Answers counted by study day, so that statistics need not read the log. Frozen.

Revision ID: r0002
"""

from __future__ import annotations

from alembic import op

revision = "r0002"
down_revision = "r0001"
branch_labels = None
depends_on = None

TABLE = """
CREATE TABLE answer_day (
    learner VARCHAR NOT NULL,
    day INTEGER NOT NULL,
    kind VARCHAR NOT NULL,
    bin INTEGER NOT NULL,
    answers INTEGER NOT NULL,
    ms INTEGER NOT NULL,
    recalled INTEGER NOT NULL,
    predicted DOUBLE NOT NULL,
    PRIMARY KEY (learner, day, kind, bin)
)
WITHOUT ROWID
"""


def counted(row: str) -> dict[str, str]:
    """What of an event is counted, as SQL."""

    def of(name: str, kind: str, otherwise: str) -> str:
        path = f"{row}.data, '$.{name}'"
        return f"CASE WHEN json_type({path}) = '{kind}' THEN json_extract({path}) ELSE {otherwise} END"

    return {
        "learner": f"{row}.learner",
        "day": f"json_extract({row}.data, '$.day')",
        "kind": f"{row}.kind",
        "bin": f"coalesce(max(0, min(19, CAST({of('predicted', 'real', 'NULL')} * 20 AS INTEGER))), -1)",
        "answers": "1",
        "ms": f"max(0, min(86400000, {of('ms', 'integer', '0')}))",
        "recalled": f"json_extract({row}.data, '$.rating') IN ('hard', 'good', 'easy') IS TRUE",
        "predicted": of("predicted", "real", "0.0"),
    }


def is_counted(row: str) -> str:
    """Which events are counted, as SQL."""
    known = f"CASE WHEN json_valid({row}.data) THEN json_type({row}.data, '$.day') END"
    return (
        f"{row}.kind IN ('review', 'practice') AND {known} = 'integer' AND abs(json_extract({row}.data, '$.day')) < 1e7"
    )


NEW, OLD = counted("NEW"), counted("event")

TRIGGER = f"""
CREATE TRIGGER event_counted AFTER INSERT ON event
WHEN {is_counted("NEW")}
BEGIN
    INSERT INTO answer_day ({", ".join(NEW)}) VALUES ({", ".join(NEW.values())})
    ON CONFLICT (learner, day, kind, bin) DO UPDATE SET answers = answers + 1, ms = ms + excluded.ms,
        recalled = recalled + excluded.recalled, predicted = predicted + excluded.predicted;
END"""

SUMS = {name: f"total({OLD[name]})" if name == "predicted" else f"sum({OLD[name]})"
        for name in ("answers", "ms", "recalled", "predicted")}  # fmt: skip

FILL = f"""
INSERT INTO answer_day ({", ".join(OLD)})
SELECT {", ".join(SUMS.get(name, said) for name, said in OLD.items())}
FROM event WHERE {is_counted("event")} GROUP BY 1, 2, 3, 4
"""


def upgrade() -> None:
    """Lay out the table, count what the log holds, count what comes."""
    for statement in (TABLE, FILL, TRIGGER):
        op.get_bind().exec_driver_sql(statement.strip())
