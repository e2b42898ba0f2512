"""The first schema. Frozen: later changes are revisions of their own.

Revision ID: r0001
"""

from __future__ import annotations

from alembic import op

revision = "r0001"
down_revision = None
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE alias (
        old VARCHAR NOT NULL,
        new VARCHAR NOT NULL,
        PRIMARY KEY (old)
    )
    """,
    """
    CREATE TABLE card_state (
        learner VARCHAR NOT NULL,
        card VARCHAR NOT NULL,
        state VARCHAR NOT NULL,
        step INTEGER,
        stability DOUBLE,
        difficulty DOUBLE,
        due_ms INTEGER,
        last_ms INTEGER,
        last_day INTEGER,
        last_at INTEGER,
        last_uuid VARCHAR,
        reps INTEGER NOT NULL,
        lapses INTEGER NOT NULL,
        suspended INTEGER NOT NULL,
        buried_day INTEGER,
        leech INTEGER NOT NULL,
        PRIMARY KEY (learner, card)
    )
    """,
    "CREATE INDEX card_state_day ON card_state (learner, last_day)",
    "CREATE INDEX card_state_due ON card_state (learner, due_ms, card)",
    """
    CREATE TABLE content_version (
        version VARCHAR NOT NULL,
        put_ms INTEGER NOT NULL,
        used_ms INTEGER NOT NULL,
        PRIMARY KEY (version)
    )
    """,
    """
    CREATE TABLE deal (
        id VARCHAR NOT NULL,
        learner VARCHAR NOT NULL,
        card VARCHAR NOT NULL,
        item VARCHAR NOT NULL,
        seed INTEGER NOT NULL,
        rev INTEGER NOT NULL,
        at_ms INTEGER NOT NULL,
        practice INTEGER NOT NULL,
        retry_of VARCHAR,
        closed_by VARCHAR,
        dealt TEXT NOT NULL,
        PRIMARY KEY (id)
    )
    """,
    "CREATE INDEX deal_of_card ON deal (learner, card, at_ms)",
    "CREATE INDEX deal_open ON deal (learner, at_ms) WHERE closed_by IS NULL AND practice = 0",
    """
    CREATE TABLE event (
        seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
        uuid VARCHAR NOT NULL,
        at_ms INTEGER NOT NULL,
        zone_min INTEGER NOT NULL,
        learner VARCHAR NOT NULL,
        kind VARCHAR NOT NULL,
        card VARCHAR,
        deal VARCHAR,
        target VARCHAR,
        local INTEGER NOT NULL,
        data TEXT NOT NULL,
        UNIQUE (uuid)
    )
    """,
    "CREATE INDEX event_of_card ON event (learner, card, at_ms, uuid) WHERE card IS NOT NULL",
    "CREATE INDEX event_of_deal ON event (deal, kind, learner) WHERE deal IS NOT NULL",
    "CREATE INDEX event_of_kind ON event (learner, kind, at_ms, uuid)",
    "CREATE INDEX event_of_learner ON event (learner, at_ms, uuid)",
    "CREATE INDEX event_of_target ON event (target) WHERE target IS NOT NULL",
    "CREATE INDEX event_written ON event (learner, local, seq)",
    """
    CREATE TABLE learner (
        uuid VARCHAR NOT NULL,
        name VARCHAR,
        root VARCHAR NOT NULL,
        local INTEGER NOT NULL,
        PRIMARY KEY (uuid)
    )
    """,
    "CREATE INDEX learner_root ON learner (root)",
    """
    CREATE TABLE content_stamp (
        stamps VARCHAR NOT NULL,
        version VARCHAR NOT NULL,
        PRIMARY KEY (stamps),
        FOREIGN KEY(version) REFERENCES content_version (version) ON DELETE CASCADE
    )
    """,
    "CREATE INDEX ix_content_stamp_version ON content_stamp (version)",
    """
    CREATE TABLE question (
        "row" INTEGER NOT NULL,
        version VARCHAR NOT NULL,
        id VARCHAR NOT NULL,
        origin VARCHAR NOT NULL,
        stars INTEGER NOT NULL,
        topics VARCHAR NOT NULL,
        docs VARCHAR NOT NULL,
        summary TEXT NOT NULL,
        payload TEXT NOT NULL,
        PRIMARY KEY ("row"),
        CONSTRAINT question_of_version UNIQUE (version, id),
        FOREIGN KEY(version) REFERENCES content_version (version) ON DELETE CASCADE
    )
    """,
    """CREATE VIRTUAL TABLE search USING fts5(title, body, tokenize="unicode61 remove_diacritics 2 tokenchars '+#'")""",
    "CREATE TRIGGER event_no_update BEFORE UPDATE ON event BEGIN SELECT RAISE(ABORT, 'events are never changed'); END",
    "CREATE TRIGGER event_no_delete BEFORE DELETE ON event BEGIN SELECT RAISE(ABORT, 'events are never deleted'); END",
    "CREATE TRIGGER event_no_replace BEFORE INSERT ON event "
    "WHEN EXISTS (SELECT 1 FROM event WHERE uuid = NEW.uuid OR seq = NEW.seq) "
    "BEGIN SELECT RAISE(ABORT, 'events are never replaced'); END",
)


def upgrade() -> None:
    """Create every table, index and trigger."""
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """There is nothing older."""
    raise NotImplementedError("there is no older schema")
