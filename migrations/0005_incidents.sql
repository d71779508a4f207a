-- The same trouble again within the hour is one incident that is counted; until now nothing wrote
-- this table. A bot that waits (parked, backing off) says until when.

DROP TABLE incidents;

CREATE TABLE incidents (
    id INTEGER PRIMARY KEY,
    bot_name TEXT NOT NULL CHECK (bot_name <> ''),
    kind TEXT NOT NULL,
    detail TEXT NOT NULL DEFAULT '',
    count INTEGER NOT NULL DEFAULT 1 CHECK (count > 0),
    first_at TEXT NOT NULL,
    last_at TEXT NOT NULL
) STRICT;

CREATE INDEX idx_incidents_kind ON incidents (bot_name, kind, last_at);

CREATE INDEX idx_incidents_time ON incidents (last_at);

ALTER TABLE bot_status ADD COLUMN waits_until_at TEXT;
