"""Fewer pages an answer: cards in a step have an index of their own, answers leave the index by kind, the log's trigger
reads an answer's JSON once. Frozen.

Revision ID: r0003
"""

from __future__ import annotations

from alembic import op

revision = "r0003"
down_revision = "r0002"
branch_labels = None
depends_on = None

TRIGGER = """
CREATE TRIGGER event_counted AFTER INSERT ON event
WHEN NEW.kind IN ('review', 'practice') AND json_valid(NEW.data)
BEGIN
    INSERT INTO answer_day (learner, day, kind, bin, answers, ms, recalled, predicted)
    SELECT NEW.learner, json_extract(told, '$[0]'), NEW.kind,
        coalesce(max(0, min(19, CAST(CASE WHEN json_type(told, '$[1]') = 'real' THEN json_extract(told, '$[1]') END
            * 20 AS INTEGER))), -1),
        1,
        max(0, min(86400000, CASE WHEN json_type(told, '$[2]') = 'integer' THEN json_extract(told, '$[2]') ELSE 0 END)),
        json_extract(told, '$[3]') IN ('hard', 'good', 'easy') IS TRUE,
        CASE WHEN json_type(told, '$[1]') = 'real' THEN json_extract(told, '$[1]') ELSE 0.0 END
    FROM (SELECT json_extract(NEW.data, '$.day', '$.predicted', '$.ms', '$.rating') AS told LIMIT 1)
    WHERE json_type(told, '$[0]') = 'integer' AND json_extract(told, '$[0]') BETWEEN -9999999 AND 9999999
    ON CONFLICT (learner, day, kind, bin) DO UPDATE SET answers = answers + 1, ms = ms + excluded.ms,
        recalled = recalled + excluded.recalled, predicted = predicted + excluded.predicted;
END"""

STATEMENTS = (
    "DROP INDEX card_state_day",
    "CREATE INDEX card_state_step ON card_state (learner, due_ms) WHERE state IN ('learning', 'relearning')",
    "DROP INDEX event_of_kind",
    "CREATE INDEX event_of_kind ON event (learner, kind, at_ms, uuid) WHERE kind NOT IN ('review', 'practice')",
    "DROP TRIGGER event_counted",
    TRIGGER.strip(),
)


def upgrade() -> None:
    """Change indexes and the trigger; rows stay as they are."""
    for statement in STATEMENTS:
        op.get_bind().exec_driver_sql(statement)
