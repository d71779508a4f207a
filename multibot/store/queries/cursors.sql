-- name: cursors(bot_name)
-- How far a bot has read each channel.
SELECT channel_id, last_seen, is_dm FROM channel_cursors WHERE bot_name = :bot_name;

-- name: move_cursor(bot_name, channel_id, is_dm, last_seen, at)!
-- A step forward, never back. Ids are numbers of many lengths: the longer one is the newer one.
INSERT INTO channel_cursors (bot_name, channel_id, is_dm, last_seen, updated_at)
VALUES (:bot_name, :channel_id, :is_dm, :last_seen, :at)
ON CONFLICT (bot_name, channel_id) DO UPDATE
SET last_seen = excluded.last_seen, updated_at = excluded.updated_at
WHERE (length(excluded.last_seen), excluded.last_seen)
    > (length(channel_cursors.last_seen), channel_cursors.last_seen);

-- name: stored_among(bot_name, message_ids)
-- Which of these messages have a row.
SELECT message_id FROM inbox
WHERE bot_name = :bot_name AND message_id IN (SELECT value FROM json_each(:message_ids));
