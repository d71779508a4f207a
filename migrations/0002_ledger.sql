-- What came in, what was decided, what went out: a message is stored before anything else happens
-- to it, so that a process killed anywhere neither loses it nor answers it twice.

CREATE TABLE inbox (
    id INTEGER PRIMARY KEY,
    bot_name TEXT NOT NULL CHECK (bot_name <> ''),
    message_id TEXT NOT NULL,
    platform TEXT NOT NULL DEFAULT 'discord',
    guild_id TEXT,
    channel_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    created_at TEXT NOT NULL,
    received_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    decision TEXT NOT NULL CHECK (decision IN ('answer', 'candidate', 'no')),
    reason TEXT NOT NULL,
    detail TEXT NOT NULL DEFAULT '',
    state TEXT NOT NULL CHECK (
        state IN (
            'received', 'claimed', 'generating', 'sending',
            'answered', 'failed', 'expired', 'declined'
        )
    ),
    session_id TEXT,
    message TEXT CHECK (message IS NULL OR json_valid(message)),
    UNIQUE (bot_name, message_id)
) STRICT;

-- What a start takes up again; small, whatever the age of the file.
CREATE INDEX idx_inbox_open ON inbox (bot_name, id)
    WHERE state IN ('received', 'claimed', 'generating', 'sending');

CREATE TABLE outbox (
    id INTEGER PRIMARY KEY,
    bot_name TEXT NOT NULL CHECK (bot_name <> ''),
    message_id TEXT NOT NULL,
    part INTEGER NOT NULL CHECK (part >= 0),
    nonce TEXT NOT NULL CHECK (length(nonce) <= 25),
    content TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'pending'
        CHECK (state IN ('pending', 'shown', 'sent', 'abandoned')),
    sent_message_id TEXT,
    created_at TEXT NOT NULL,
    sent_at TEXT,
    UNIQUE (bot_name, message_id, part),
    CHECK (state <> 'pending' OR sent_message_id IS NULL),
    CHECK (state NOT IN ('shown', 'sent') OR sent_message_id IS NOT NULL)
) STRICT;

-- Which of the bot's own messages on Discord are known to belong to a turn.
CREATE INDEX idx_outbox_sent ON outbox (bot_name, sent_message_id)
    WHERE sent_message_id IS NOT NULL;

CREATE TABLE channel_cursors (
    bot_name TEXT NOT NULL CHECK (bot_name <> ''),
    channel_id TEXT NOT NULL,
    is_dm INTEGER NOT NULL CHECK (is_dm IN (0, 1)),
    last_seen TEXT NOT NULL CHECK (last_seen <> ''),
    updated_at TEXT NOT NULL,
    PRIMARY KEY (bot_name, channel_id)
) STRICT, WITHOUT ROWID;
