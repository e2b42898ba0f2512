"""The tables. JSON values are text that the repositories write and read."""

from __future__ import annotations

from sqlalchemy import (
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Named,
    String,
    Table,
    Text,
    TypedColumns,
    UniqueConstraint,
    text,
)
from sqlalchemy.engine import Connection

metadata = MetaData()

APPLICATION_ID = 0x51424E4B
"""``PRAGMA application_id`` of our files: "QBNK"."""

REVISIONS = ("r0001", "r0002", "r0003")
"""Every schema revision in order. ``PRAGMA user_version`` counts them; a test holds them equal to the migrations."""


class ContentVersionColumns(TypedColumns):
    version: Named[str] = Column(String, primary_key=True)
    put_ms: Named[int]
    used_ms: Named[int]


content_version = Table("content_version", metadata, ContentVersionColumns)
"""The content versions whose questions are here."""


class ContentStampColumns(TypedColumns):
    stamps: Named[str] = Column(String, primary_key=True)
    version: Named[str] = Column(String, ForeignKey("content_version.version", ondelete="CASCADE"), index=True)


content_stamp = Table("content_stamp", metadata, ContentStampColumns)
"""Folders with their cheap stamps -> the version they hold, so that an unchanged folder is not read again."""


class QuestionColumns(TypedColumns):
    row: Named[int] = Column(Integer, primary_key=True)
    version: Named[str] = Column(String, ForeignKey("content_version.version", ondelete="CASCADE"), nullable=False)
    id: Named[str]
    origin: Named[str]
    stars: Named[int]
    topics: Named[str]
    docs: Named[str]
    summary: Named[str] = Column(Text, nullable=False)
    payload: Named[str] = Column(Text, nullable=False)


question = Table("question", metadata, QuestionColumns, UniqueConstraint("version", "id", name="question_of_version"))
"""Questions by content version. ``row`` is the rowid of the search index too."""


class AliasColumns(TypedColumns):
    old: Named[str] = Column(String, primary_key=True)
    new: Named[str]


alias = Table("alias", metadata, AliasColumns)
"""Question ids that were renamed, as every content seen so far told."""


class LearnerColumns(TypedColumns):
    uuid: Named[str] = Column(String, primary_key=True)
    name: Named[str | None]
    root: Named[str]
    local: Named[int]


learner = Table("learner", metadata, LearnerColumns, Index("learner_root", "root"))
"""Learners. Joined ones share their ``root``; ``local`` is 1 for those made here."""


class EventColumns(TypedColumns):
    seq: Named[int] = Column(Integer, primary_key=True)
    uuid: Named[str] = Column(String, nullable=False, unique=True)
    at_ms: Named[int]
    zone_min: Named[int]
    learner: Named[str]
    kind: Named[str]
    card: Named[str | None]
    deal: Named[str | None]
    target: Named[str | None]
    local: Named[int]
    data: Named[str] = Column(Text, nullable=False)


event = Table(
    "event",
    metadata,
    EventColumns,
    Index("event_of_learner", "learner", "at_ms", "uuid"),
    Index("event_of_card", "learner", "card", "at_ms", "uuid", sqlite_where=text("card IS NOT NULL")),
    Index("event_of_kind", "learner", "kind", "at_ms", "uuid", sqlite_where=text("kind NOT IN ('review', 'practice')")),
    Index("event_of_deal", "deal", "kind", "learner", sqlite_where=text("deal IS NOT NULL")),
    Index("event_of_target", "target", sqlite_where=text("target IS NOT NULL")),
    Index("event_written", "learner", "local", "seq"),
    sqlite_autoincrement=True,
)
"""The append-only log. ``seq`` is the order of writing here; ``local`` is 1 for what this database wrote itself."""


class DealColumns(TypedColumns):
    id: Named[str] = Column(String, primary_key=True)
    learner: Named[str]
    card: Named[str]
    item: Named[str]
    seed: Named[int]
    rev: Named[int]
    at_ms: Named[int]
    practice: Named[int]
    retry_of: Named[str | None]
    closed_by: Named[str | None]
    dealt: Named[str] = Column(Text, nullable=False)


deal = Table(
    "deal",
    metadata,
    DealColumns,
    Index("deal_open", "learner", "at_ms", sqlite_where=text("closed_by IS NULL AND practice = 0")),
    Index("deal_of_card", "learner", "card", "at_ms"),
)
"""What was dealt, frozen. ``closed_by`` is the standing event that answers it; NULL: open."""


class CardStateColumns(TypedColumns):
    learner: Named[str] = Column(String, primary_key=True)
    card: Named[str] = Column(String, primary_key=True)
    state: Named[str]
    step: Named[int | None]
    stability: Named[float | None]
    difficulty: Named[float | None]
    due_ms: Named[int | None]
    last_ms: Named[int | None]
    last_day: Named[int | None]
    last_at: Named[int | None]
    last_uuid: Named[str | None]
    reps: Named[int]
    lapses: Named[int]
    suspended: Named[int]
    buried_day: Named[int | None]
    leech: Named[int]


card_state = Table(
    "card_state",
    metadata,
    CardStateColumns,
    Index("card_state_due", "learner", "due_ms", "card"),
    Index("card_state_step", "learner", "due_ms", sqlite_where=text("state IN ('learning', 'relearning')")),
)
"""The cache of what replaying the events gives, by the learner's root and the card's present key."""


class AnswerDayColumns(TypedColumns):
    learner: Named[str] = Column(String, primary_key=True)
    day: Named[int] = Column(Integer, primary_key=True)
    kind: Named[str] = Column(String, primary_key=True)
    bin: Named[int] = Column(Integer, primary_key=True)
    answers: Named[int]
    ms: Named[int]
    recalled: Named[int]
    predicted: Named[float]


answer_day = Table("answer_day", metadata, AnswerDayColumns, sqlite_with_rowid=False)
"""Answers of the log counted by study day as they are written, the undone ones too: the log is append-only, so are
these sums. ``bin``: the predicted recall in steps of 5 %, from 0 to 19; -1 where nothing was predicted."""


def counted(row: str) -> dict[str, str]:
    """What of an event (the name or alias of its table) is counted, as SQL."""

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
    """Which events are counted, as SQL: answers that name their study day."""
    known = f"CASE WHEN json_valid({row}.data) THEN json_type({row}.data, '$.day') END"
    near = f"json_extract({row}.data, '$.day') BETWEEN -9999999 AND 9999999"
    return f"{row}.kind IN ('review', 'practice') AND {known} = 'integer' AND {near}"


COUNT_ANSWER = """
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
"""Counts what :func:`counted` says of each new answer, reading its JSON once. ``doctor`` compares the two."""

EXTRA_DDL = (
    "CREATE VIRTUAL TABLE search USING fts5(title, body, tokenize=\"unicode61 remove_diacritics 2 tokenchars '+#'\")",
    "CREATE TRIGGER event_no_update BEFORE UPDATE ON event BEGIN SELECT RAISE(ABORT, 'events are never changed'); END",
    "CREATE TRIGGER event_no_delete BEFORE DELETE ON event BEGIN SELECT RAISE(ABORT, 'events are never deleted'); END",
    "CREATE TRIGGER event_no_replace BEFORE INSERT ON event "
    "WHEN EXISTS (SELECT 1 FROM event WHERE uuid = NEW.uuid OR seq = NEW.seq) "
    "BEGIN SELECT RAISE(ABORT, 'events are never replaced'); END",
    COUNT_ANSWER,
    "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, "
    "CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))",
)
"""What the metadata cannot say: full-text search, the log's guards, the migration tool's own table."""


def create_schema(connection: Connection) -> None:
    """Lay out an empty database at the newest revision, inside the caller's transaction."""
    metadata.create_all(connection, checkfirst=False)
    for statement in EXTRA_DDL:
        connection.exec_driver_sql(statement)
    connection.exec_driver_sql("INSERT INTO alembic_version VALUES (?)", (REVISIONS[-1],))
    mark(connection)


def mark(connection: Connection) -> None:
    """Write the application id and the number of revisions into the file's header."""
    connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.exec_driver_sql(f"PRAGMA user_version = {len(REVISIONS)}")
