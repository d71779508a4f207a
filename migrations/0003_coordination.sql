-- What the bots must agree on: who answers a message, how often a user is answered, and who says
-- a notice. Keyed by message, user or channel and shared by all bots; `bot_name` only says who.

CREATE TABLE message_claims (
    message_id TEXT NOT NULL,
    slot INTEGER NOT NULL CHECK (slot >= 0),
    channel_id TEXT NOT NULL,
    bot_name TEXT NOT NULL CHECK (bot_name <> ''),
    fence INTEGER NOT NULL DEFAULT 1 CHECK (fence > 0),
    claimed_at TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    settled_at TEXT,
    PRIMARY KEY (message_id, slot),
    UNIQUE (message_id, bot_name)
) STRICT, WITHOUT ROWID;

-- What is still being answered, or was when its holder died.
CREATE INDEX idx_claims_open ON message_claims (expires_at) WHERE settled_at IS NULL;

-- One row per message, whoever accepts it; a refused message stays refused whoever asks next.
CREATE TABLE accepted_messages (
    message_id TEXT NOT NULL PRIMARY KEY,
    channel_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    accepted INTEGER NOT NULL CHECK (accepted IN (0, 1)),
    accepted_at TEXT NOT NULL,
    answered_by TEXT,
    answered_at TEXT,
    CHECK ((answered_by IS NULL) = (answered_at IS NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX idx_accepted_user ON accepted_messages (user_id, accepted_at) WHERE accepted = 1;

CREATE INDEX idx_accepted_answered ON accepted_messages (channel_id, user_id, answered_at)
    WHERE answered_at IS NOT NULL;

-- Turns that are being made or wait their place, in order, so that a channel never has more than
-- its limit at once, whichever bots make them. A row lives as long as its turn, or its lease.
CREATE TABLE channel_turns (
    turn_id INTEGER PRIMARY KEY AUTOINCREMENT,
    channel_id TEXT NOT NULL,
    message_id TEXT NOT NULL,
    bot_name TEXT NOT NULL CHECK (bot_name <> ''),
    expires_at TEXT NOT NULL,
    UNIQUE (message_id, bot_name)
) STRICT;

CREATE INDEX idx_channel_turns ON channel_turns (channel_id, turn_id);

-- Sentences that are said once per window: `rate` per user, `failure` per channel.
CREATE TABLE notices (
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    noticed_at TEXT NOT NULL,
    PRIMARY KEY (kind, subject)
) STRICT, WITHOUT ROWID;

-- Answers of Discord that count against the whole host, per minute.
CREATE TABLE http_errors (
    minute TEXT NOT NULL,
    status INTEGER NOT NULL,
    count INTEGER NOT NULL CHECK (count > 0),
    PRIMARY KEY (minute, status)
) STRICT, WITHOUT ROWID;
