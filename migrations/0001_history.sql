-- What was said: one row per turn, one row per session.
-- Names and columns of the first storage are kept, so that ad-hoc queries stay natural; times are
-- TEXT because STRICT knows no DATETIME, and text of this form sorts and compares as time does.

CREATE TABLE conversations (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    bot_name TEXT NOT NULL CHECK (bot_name <> ''),
    channel_id TEXT NOT NULL,
    channel_name TEXT NOT NULL,
    channel_type TEXT NOT NULL CHECK (channel_type IN ('channel', 'dm', 'thread', 'forum_post')),
    user_id TEXT NOT NULL,
    username TEXT NOT NULL,
    session_id TEXT NOT NULL,
    message_id TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('user', 'assistant', 'system', 'tool')),
    content TEXT NOT NULL,
    timestamp TEXT NOT NULL,
    metadata TEXT CHECK (metadata IS NULL OR json_valid(metadata)),
    part INTEGER NOT NULL DEFAULT 0 CHECK (part >= 0),
    platform TEXT NOT NULL DEFAULT 'discord',
    guild_id TEXT,
    parent_channel_id TEXT,
    mode TEXT NOT NULL DEFAULT 'chat' CHECK (mode IN ('chat', 'job', 'room')),
    edited_at TEXT,
    deleted_at TEXT,
    UNIQUE (bot_name, message_id, role, part)
) STRICT;

-- The newest turns of a session, of a user in a channel, and of a channel: each one flat read.
CREATE INDEX idx_conversations_session ON conversations (bot_name, channel_id, session_id, id);

CREATE INDEX idx_conversations_user ON conversations (bot_name, channel_id, user_id, id)
    WHERE deleted_at IS NULL;

CREATE INDEX idx_conversations_channel ON conversations (bot_name, channel_id, id)
    WHERE deleted_at IS NULL;

CREATE TABLE sessions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    bot_name TEXT NOT NULL CHECK (bot_name <> ''),
    channel_id TEXT NOT NULL,
    session_id TEXT NOT NULL UNIQUE,
    started_at TEXT NOT NULL,
    last_activity TEXT NOT NULL,
    message_count INTEGER NOT NULL DEFAULT 0 CHECK (message_count >= 0),
    is_active INTEGER NOT NULL DEFAULT 1 CHECK (is_active IN (0, 1)),
    platform TEXT NOT NULL DEFAULT 'discord',
    user_id TEXT NOT NULL DEFAULT '',
    mode TEXT NOT NULL DEFAULT 'chat' CHECK (mode IN ('chat', 'job', 'room')),
    display_id TEXT NOT NULL,
    closed_at TEXT,
    close_reason TEXT CHECK (close_reason IN ('gap', 'timeout', 'clear', 'import', 'closed')),
    cleared_through INTEGER,
    CHECK ((is_active = 1) = (closed_at IS NULL))
) STRICT;

-- One open session per key, whoever asks at once. `user_id` is empty where users share the session.
CREATE UNIQUE INDEX idx_sessions_open ON sessions (bot_name, platform, channel_id, user_id)
    WHERE is_active = 1;

CREATE INDEX idx_sessions_key ON sessions (bot_name, platform, channel_id, user_id, id);

CREATE INDEX idx_sessions_cleared ON sessions (bot_name, platform, channel_id, user_id, id)
    WHERE cleared_through IS NOT NULL;
