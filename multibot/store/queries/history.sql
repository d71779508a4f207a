-- name: open_session(bot_name, platform, channel_id, user_id)^
-- The open session of a key.
SELECT id, session_id, started_at, last_activity, message_count
FROM sessions
WHERE bot_name = :bot_name AND platform = :platform AND channel_id = :channel_id
    AND user_id = :user_id AND is_active = 1;

-- name: continue_session(bot_name, platform, channel_id, user_id, at, active_since, began_since)^
-- One more turn of a person in the open session of a key, if it goes on; an older turn does not
-- move the last activity back.
UPDATE sessions
SET message_count = message_count + 1,
    last_activity = CASE WHEN last_activity < :at THEN :at ELSE last_activity END
WHERE bot_name = :bot_name AND platform = :platform AND channel_id = :channel_id
    AND user_id = :user_id AND is_active = 1
    AND last_activity >= :active_since AND started_at >= :began_since
RETURNING id, session_id, started_at, last_activity, message_count;

-- name: lapsed_session(bot_name, platform, channel_id, user_id)^
-- The newest session of a key, if nothing but time has closed it.
SELECT id, session_id, started_at, last_activity, message_count
FROM (
    SELECT * FROM sessions
    WHERE bot_name = :bot_name AND platform = :platform AND channel_id = :channel_id
        AND user_id = :user_id AND import_id IS NULL
    ORDER BY id DESC
    LIMIT 1)
WHERE is_active = 0 AND close_reason IN ('gap', 'timeout');

-- name: reopen_session(bot_name, session_id)!
-- A message was found that still belongs to it.
UPDATE sessions
SET is_active = 1, closed_at = NULL, close_reason = NULL
WHERE bot_name = :bot_name AND session_id = :session_id;

-- name: known_session(bot_name, session_id)^
-- A session by its id, open or closed.
SELECT id, session_id, started_at, last_activity, message_count
FROM sessions
WHERE bot_name = :bot_name AND session_id = :session_id;

-- name: insert_session(bot_name, platform, channel_id, user_id, session_id, at, display_id)!
-- A new open session.
INSERT INTO sessions
    (bot_name, platform, channel_id, user_id, session_id, started_at, last_activity, display_id)
VALUES (:bot_name, :platform, :channel_id, :user_id, :session_id, :at, :at, :display_id);

-- name: first_turn_at(bot_name, channel_id, session_id)$
-- When a session began, as its turns tell; nothing when there is none.
SELECT min(timestamp) FROM conversations INDEXED BY idx_conversations_session
WHERE bot_name = :bot_name AND channel_id = :channel_id AND session_id = :session_id;

-- name: recreate_session(bot_name, channel_id, session_id, display_id, at)!
-- A row for a session whose turns are there and whose own row is not; several users in it have
-- shared it. As if time had closed it: the next message takes it up again where that is due.
INSERT INTO sessions
    (bot_name, platform, channel_id, user_id, session_id, started_at, last_activity, display_id,
     message_count, is_active, closed_at, close_reason)
SELECT bot_name, min(platform), channel_id,
    CASE count(DISTINCT user_id) WHEN 1 THEN min(user_id) ELSE '' END,
    session_id, min(timestamp),
    coalesce(max(timestamp) FILTER (WHERE role = 'user'), max(timestamp)),
    :display_id, count(*), 0, :at, 'gap'
FROM conversations
WHERE bot_name = :bot_name AND channel_id = :channel_id AND session_id = :session_id
GROUP BY bot_name, channel_id, session_id;

-- name: touch_session(bot_name, session_id, at)!
-- One more turn of a person; an older one does not move the last activity back.
UPDATE sessions
SET message_count = message_count + 1,
    last_activity = CASE WHEN last_activity < :at THEN :at ELSE last_activity END
WHERE bot_name = :bot_name AND session_id = :session_id;

-- name: count_turn(bot_name, session_id)!
-- One more turn of the bot; only people keep a session alive.
UPDATE sessions
SET message_count = message_count + 1
WHERE bot_name = :bot_name AND session_id = :session_id;

-- name: close_session(bot_name, session_id, at, reason)!
-- No more turns go into this session.
UPDATE sessions
SET is_active = 0, closed_at = :at, close_reason = :reason
WHERE bot_name = :bot_name AND session_id = :session_id AND is_active = 1;

-- name: clear_newest_session(bot_name, platform, channel_id, user_id, at)!
-- Close the session of a key, or mark the last one it had, as one that no context reaches back
-- into. Sessions that were imported later are newer by their numbers only.
UPDATE sessions
SET is_active = 0, closed_at = coalesce(closed_at, :at), close_reason = 'clear',
    cleared_through = coalesce(
        (SELECT max(id) FROM conversations
         WHERE bot_name = :bot_name AND channel_id = :channel_id AND deleted_at IS NULL), 0)
WHERE bot_name = :bot_name AND id = (
    SELECT id FROM sessions
    WHERE bot_name = :bot_name AND platform = :platform AND channel_id = :channel_id
        AND user_id = :user_id
    ORDER BY is_active DESC, import_id IS NULL DESC, id DESC
    LIMIT 1);

-- name: last_clear(bot_name, platform, channel_id, user_id)^
-- Where the newest `/clear` of a key drew its line, and when.
SELECT session_id, cleared_through, closed_at
FROM sessions
WHERE bot_name = :bot_name AND platform = :platform AND channel_id = :channel_id
    AND user_id = :user_id AND cleared_through IS NOT NULL
ORDER BY id DESC
LIMIT 1;

-- name: user_turn_session(bot_name, message_id)$
-- The session in which a message is stored already, or what made the bot speak up by itself.
SELECT session_id
FROM conversations
WHERE bot_name = :bot_name AND message_id = :message_id AND role IN ('user', 'system')
    AND part = 0;

-- name: insert_user_turn(bot_name, platform, guild_id, channel_id, parent_channel_id, channel_name, channel_type, user_id, username, session_id, message_id, role, content, at, metadata, edited_at)!
-- What a person said, or what made the bot speak up by itself.
INSERT INTO conversations
    (bot_name, platform, guild_id, channel_id, parent_channel_id, channel_name, channel_type,
     user_id, username, session_id, message_id, role, content, timestamp, metadata, edited_at)
VALUES
    (:bot_name, :platform, :guild_id, :channel_id, :parent_channel_id, :channel_name,
     :channel_type, :user_id, :username, :session_id, :message_id, :role, :content, :at,
     :metadata, :edited_at);

-- name: insert_assistant_turn(bot_name, trigger_id, session_id, message_id, part, author_name, content, at, metadata)!
-- What the bot said; the place is that of the message it answers. It may be deleted before it is
-- known to be complete.
INSERT INTO conversations
    (bot_name, platform, guild_id, channel_id, parent_channel_id, channel_name, channel_type,
     user_id, username, session_id, message_id, role, part, content, timestamp, metadata, mode)
SELECT bot_name, platform, guild_id, channel_id, parent_channel_id, channel_name, channel_type,
    user_id, :author_name, :session_id, :message_id, 'assistant', :part, :content, :at, :metadata,
    mode
FROM conversations
WHERE bot_name = :bot_name AND message_id = :trigger_id AND role IN ('user', 'system')
    AND part = 0
ON CONFLICT (bot_name, message_id, role, part) DO NOTHING;

-- name: said(bot_name, message_id)^
-- What a person said, as it stands now; nothing once it is deleted.
SELECT role, content, timestamp, session_id, message_id, user_id, username, part
FROM conversations
WHERE bot_name = :bot_name AND message_id = :message_id AND role IN ('user', 'system')
    AND part = 0 AND deleted_at IS NULL;

-- name: own_words(bot_name, message_id)$
-- What the bot said with one of its messages.
SELECT content FROM conversations
WHERE bot_name = :bot_name AND message_id = :message_id AND role = 'assistant'
    AND deleted_at IS NULL;

-- name: talk_of_channel(bot_name, channel_id, since, limit)
-- What was said to the bot in a channel lately, without what its people have cleared.
SELECT role, content, timestamp, session_id, message_id, user_id, username, part
FROM conversations AS turn
WHERE bot_name = :bot_name AND channel_id = :channel_id AND deleted_at IS NULL
    AND role = 'user' AND timestamp >= :since
    AND NOT EXISTS (
        SELECT 1 FROM sessions
        WHERE sessions.bot_name = turn.bot_name AND sessions.platform = turn.platform
            AND sessions.channel_id = turn.channel_id
            AND sessions.user_id IN (turn.user_id, '') AND cleared_through IS NOT NULL
            AND (cleared_through >= turn.id OR sessions.session_id = turn.session_id))
ORDER BY id DESC
LIMIT :limit;

-- name: user_context(bot_name, channel_id, user_id, after_id, cleared_session, limit)
-- The newest turns with one user in one channel.
SELECT role, content, timestamp, session_id, message_id, user_id, username, part
FROM conversations
WHERE bot_name = :bot_name AND channel_id = :channel_id AND user_id = :user_id
    AND deleted_at IS NULL AND id > :after_id AND session_id <> :cleared_session
    AND import_id IS NULL
ORDER BY id DESC
LIMIT :limit;

-- name: channel_context(bot_name, channel_id, after_id, cleared_session, limit)
-- The newest turns in one channel, whoever took part.
SELECT role, content, timestamp, session_id, message_id, user_id, username, part
FROM conversations
WHERE bot_name = :bot_name AND channel_id = :channel_id
    AND deleted_at IS NULL AND id > :after_id AND session_id <> :cleared_session
    AND import_id IS NULL
ORDER BY id DESC
LIMIT :limit;

-- name: user_past(bot_name, channel_id, user_id, since, limit)
-- The newest imported turns with one user in one channel. Their ids say when they were imported, so
-- it is their times that count; of a very long past only the end is looked through. The plus keeps the
-- index of imports out of it, which has one entry for every turn of every bot.
SELECT role, content, timestamp, session_id, message_id, user_id, username, part
FROM (
    SELECT * FROM conversations
    WHERE bot_name = :bot_name AND channel_id = :channel_id AND user_id = :user_id
        AND deleted_at IS NULL AND +import_id IS NOT NULL
    ORDER BY id DESC
    LIMIT 5000)
WHERE timestamp > :since
ORDER BY timestamp DESC, id DESC
LIMIT :limit;

-- name: channel_past(bot_name, channel_id, since, limit)
-- The newest imported turns in one channel, whoever took part.
SELECT role, content, timestamp, session_id, message_id, user_id, username, part
FROM (
    SELECT * FROM conversations
    WHERE bot_name = :bot_name AND channel_id = :channel_id
        AND deleted_at IS NULL AND +import_id IS NOT NULL
    ORDER BY id DESC
    LIMIT 5000)
WHERE timestamp > :since
ORDER BY timestamp DESC, id DESC
LIMIT :limit;
