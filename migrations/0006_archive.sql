-- What makes the file one that people keep for years: search, imports that can be undone, users who
-- stay forgotten, and when the upkeep last ran. New turns enter the search later, by watermark, so
-- that the write path stays fast; changes and deletions, which are rare, follow at once.

CREATE TABLE watermarks (
    name TEXT NOT NULL PRIMARY KEY,
    value INTEGER NOT NULL CHECK (value >= 0)
) STRICT, WITHOUT ROWID;

INSERT INTO watermarks (name, value) VALUES ('search', 0);

CREATE VIRTUAL TABLE conversations_fts USING fts5(
    content,
    content='conversations',
    content_rowid='id',
    tokenize="unicode61 remove_diacritics 2"
);

-- What is deleted must leave no words behind in the index's pages.
INSERT INTO conversations_fts (conversations_fts, rank) VALUES ('secure-delete', 1);

CREATE TRIGGER conversations_deleted AFTER DELETE ON conversations
WHEN old.deleted_at IS NULL
    AND old.id <= (SELECT value FROM watermarks WHERE name = 'search')
BEGIN
    INSERT INTO conversations_fts (conversations_fts, rowid, content)
    VALUES ('delete', old.id, old.content);
END;

CREATE TRIGGER conversations_changed AFTER UPDATE OF content, deleted_at ON conversations
WHEN old.id <= (SELECT value FROM watermarks WHERE name = 'search')
BEGIN
    INSERT INTO conversations_fts (conversations_fts, rowid, content)
    SELECT 'delete', old.id, old.content WHERE old.deleted_at IS NULL;
    INSERT INTO conversations_fts (rowid, content)
    SELECT new.id, new.content WHERE new.deleted_at IS NULL;
END;

-- A file that was imported, as far as it has come. `batch_id` is one run of the command.
CREATE TABLE imports (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    batch_id TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('legacy', 'discord-chat-exporter')),
    source TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    options TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(options)),
    position INTEGER NOT NULL DEFAULT 0 CHECK (position >= 0),
    added INTEGER NOT NULL DEFAULT 0 CHECK (added >= 0),
    present INTEGER NOT NULL DEFAULT 0 CHECK (present >= 0),
    skipped INTEGER NOT NULL DEFAULT 0 CHECK (skipped >= 0),
    started_at TEXT NOT NULL,
    finished_at TEXT,
    undone_at TEXT
) STRICT;

CREATE INDEX idx_imports_file ON imports (sha256, kind);

ALTER TABLE conversations ADD COLUMN import_id INTEGER REFERENCES imports (id);

ALTER TABLE sessions ADD COLUMN import_id INTEGER REFERENCES imports (id);

CREATE INDEX idx_conversations_import ON conversations (import_id) WHERE import_id IS NOT NULL;

CREATE INDEX idx_sessions_import ON sessions (import_id) WHERE import_id IS NOT NULL;

-- Days, spans and retention of one bot, without reading what was said.
CREATE INDEX idx_conversations_time ON conversations (bot_name, timestamp);

-- Users who asked to be forgotten: applied again to whatever comes from an older copy. An empty
-- `bot_name` means every bot; `digest` is of the salt and the user's id.
CREATE TABLE tombstones (
    id INTEGER PRIMARY KEY,
    bot_name TEXT NOT NULL DEFAULT '',
    salt TEXT NOT NULL,
    digest TEXT NOT NULL,
    forgotten_at TEXT NOT NULL,
    UNIQUE (bot_name, salt, digest)
) STRICT;

-- When each task of the housekeeper last began, how that ended, and what is wrong, if anything. One
-- that is `running` and nobody runs took its process with it: it is not begun again at once.
CREATE TABLE upkeep (
    task TEXT NOT NULL PRIMARY KEY,
    state TEXT NOT NULL CHECK (state IN ('running', 'done', 'failed')),
    ran_at TEXT NOT NULL,
    took_ms REAL NOT NULL DEFAULT 0,
    detail TEXT NOT NULL DEFAULT '',
    trouble TEXT NOT NULL DEFAULT ''
) STRICT, WITHOUT ROWID;

-- A bot whose turns are being put back from a copy, in small transactions, and how far that is:
-- while its row is here not all of them are, and the bot does not start.
CREATE TABLE restores (
    bot_name TEXT NOT NULL PRIMARY KEY CHECK (bot_name <> ''),
    source TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    kept TEXT NOT NULL,
    step TEXT NOT NULL DEFAULT 'emptying'
        CHECK (step IN ('emptying', 'turns', 'sessions', 'ledger')),
    position INTEGER NOT NULL DEFAULT 0 CHECK (position >= 0),
    began_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- For people who look into the file.
CREATE VIEW v_history AS
SELECT
    id, bot_name, timestamp, channel_name, channel_type, username, role, content, session_id,
    message_id, part, channel_id, guild_id, user_id, edited_at, metadata
FROM conversations
WHERE deleted_at IS NULL;

CREATE VIEW v_sessions AS
SELECT
    s.id, s.bot_name, s.display_id, s.started_at, s.last_activity, s.message_count,
    CASE s.is_active WHEN 1 THEN 'open' ELSE 'closed' END AS state,
    s.close_reason,
    (SELECT c.channel_name FROM conversations AS c
     WHERE c.bot_name = s.bot_name AND c.channel_id = s.channel_id
        AND c.session_id = s.session_id
     ORDER BY c.id DESC LIMIT 1) AS channel_name,
    (SELECT c.username FROM conversations AS c
     WHERE c.bot_name = s.bot_name AND c.channel_id = s.channel_id
        AND c.session_id = s.session_id AND c.role = 'user'
     ORDER BY c.id DESC LIMIT 1) AS username,
    s.session_id, s.channel_id, s.user_id, s.closed_at
FROM sessions AS s;
