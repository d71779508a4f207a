-- How each bot is: readiness is a row, because a running process may be anything but connected.

CREATE TABLE bot_status (
    bot_name TEXT NOT NULL PRIMARY KEY CHECK (bot_name <> ''),
    pid INTEGER NOT NULL,
    boot_id TEXT NOT NULL,
    user_id TEXT,
    display_name TEXT,
    started_at TEXT NOT NULL,
    state TEXT NOT NULL,
    gateway_state TEXT NOT NULL,
    ready_at TEXT,
    heartbeat_at TEXT,
    ack_at TEXT,
    last_event_at TEXT,
    last_answer_at TEXT,
    latency_ms REAL,
    loop_lag_ms REAL,
    identifies INTEGER NOT NULL DEFAULT 0,
    last_error TEXT,
    config_hash TEXT NOT NULL,
    version TEXT NOT NULL
) STRICT;

-- Every IDENTIFY counts against a daily limit whose price is the token, so restarts must not forget.
CREATE TABLE gateway_starts (
    id INTEGER PRIMARY KEY,
    bot_name TEXT NOT NULL CHECK (bot_name <> ''),
    started_at TEXT NOT NULL
) STRICT;

CREATE INDEX idx_gateway_starts_bot ON gateway_starts (bot_name, started_at);

CREATE TABLE incidents (
    id INTEGER PRIMARY KEY,
    bot_name TEXT NOT NULL CHECK (bot_name <> ''),
    kind TEXT NOT NULL,
    detail TEXT NOT NULL DEFAULT '',
    happened_at TEXT NOT NULL,
    cleared_at TEXT
) STRICT;

CREATE INDEX idx_incidents_open ON incidents (bot_name, id) WHERE cleared_at IS NULL;

CREATE TABLE leases (
    name TEXT NOT NULL PRIMARY KEY,
    holder TEXT NOT NULL,
    fence INTEGER NOT NULL DEFAULT 1 CHECK (fence > 0),
    taken_at TEXT NOT NULL,
    expires_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- What the others need to know of a bot: its names, where it listens, its rank and its topics. Each
-- bot says it of itself at its start, so that one added later is known without a restart of the rest.
CREATE TABLE bot_profiles (
    bot_name TEXT NOT NULL PRIMARY KEY CHECK (bot_name <> ''),
    profile TEXT NOT NULL CHECK (json_valid(profile)),
    published_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;
