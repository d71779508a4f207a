-- What bots agree on among themselves: how far they have talked in a channel, how long they are quiet
-- after that, and who speaks up in a guild. Keyed by channel, guild, message or pair and shared by all
-- bots: `bot_name` says who, not whose.

-- One row per channel in which bots speak. `chain` numbers its chains; one is alive while
-- `message_count` is not 0. `bot_turns` counts what bots said since the person's message `human_id`.
CREATE TABLE chains (
    channel_id TEXT NOT NULL PRIMARY KEY,
    guild_id TEXT,
    chain INTEGER NOT NULL CHECK (chain >= 0),
    message_count INTEGER NOT NULL CHECK (message_count >= 0),
    pending INTEGER NOT NULL CHECK (pending BETWEEN 0 AND message_count),
    participants TEXT NOT NULL CHECK (json_valid(participants)),
    is_opened INTEGER NOT NULL CHECK (is_opened IN (0, 1)),
    started_at TEXT,
    last_activity_at TEXT,
    last_message_id TEXT NOT NULL,
    last_bot TEXT,
    bot_turns INTEGER NOT NULL CHECK (bot_turns >= 0),
    spoke_at TEXT,
    human_id TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    CHECK (message_count = 0 OR (started_at IS NOT NULL AND last_activity_at IS NOT NULL))
) STRICT, WITHOUT ROWID;

-- One row per message of a bot, of however many parts, kept for a day, so that each is counted once
-- whoever sees it first. `turn` is the message it answers, or its own id; `message_id` is missing
-- while it is on its way; `chain` is the one that it counts in.
CREATE TABLE chain_messages (
    bot_name TEXT NOT NULL CHECK (bot_name <> ''),
    turn TEXT NOT NULL,
    channel_id TEXT NOT NULL,
    message_id TEXT,
    said_at TEXT NOT NULL,
    chain INTEGER,
    claimed_as TEXT,
    PRIMARY KEY (bot_name, turn)
) STRICT;

CREATE INDEX idx_chain_messages_id ON chain_messages (message_id) WHERE message_id IS NOT NULL;

CREATE INDEX idx_chain_messages_underway ON chain_messages (channel_id, bot_name)
    WHERE message_id IS NULL;

-- Ids are text and sort as the numbers they are.
CREATE INDEX idx_chain_messages_order
    ON chain_messages (channel_id, length(message_id), message_id) WHERE message_id IS NOT NULL;

CREATE INDEX idx_chain_messages_time ON chain_messages (said_at);

CREATE TABLE channel_cooldowns (
    channel_id TEXT NOT NULL PRIMARY KEY,
    started_at TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    cause TEXT NOT NULL CHECK (cause IN ('limit', 'silence'))
) STRICT, WITHOUT ROWID;

-- When a bot first spoke to another in a channel, otherwise than by a reply.
CREATE TABLE bursts (
    channel_id TEXT NOT NULL,
    author TEXT NOT NULL,
    bot_name TEXT NOT NULL CHECK (bot_name <> ''),
    message_id TEXT NOT NULL,
    began_at TEXT NOT NULL,
    PRIMARY KEY (channel_id, author, bot_name)
) STRICT, WITHOUT ROWID;

-- Two bots, by name, that had a conversation which one of them began on purpose.
CREATE TABLE pair_cooldowns (
    first_bot TEXT NOT NULL,
    second_bot TEXT NOT NULL,
    turn TEXT NOT NULL,
    began_at TEXT NOT NULL,
    PRIMARY KEY (first_bot, second_bot),
    CHECK (first_bot < second_bot)
) STRICT, WITHOUT ROWID;

-- Messages of people, for as long as they count.
CREATE TABLE activity_events (
    message_id TEXT NOT NULL PRIMARY KEY,
    guild_id TEXT NOT NULL,
    at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX idx_activity_events_guild ON activity_events (guild_id, at);

CREATE INDEX idx_activity_events_time ON activity_events (at);

-- Since when a guild has been watched without a gap, and until when.
CREATE TABLE activity_watches (
    guild_id TEXT NOT NULL PRIMARY KEY,
    since TEXT NOT NULL,
    until TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Which bot had its turn to speak up in a guild, and what came of it.
CREATE TABLE activity_rounds (
    guild_id TEXT NOT NULL,
    round INTEGER NOT NULL,
    bot_name TEXT NOT NULL CHECK (bot_name <> ''),
    level TEXT NOT NULL,
    rate REAL NOT NULL,
    roll REAL NOT NULL,
    act TEXT NOT NULL,
    outcome TEXT NOT NULL DEFAULT '',
    taken_at TEXT NOT NULL,
    PRIMARY KEY (guild_id, round)
) STRICT, WITHOUT ROWID;
