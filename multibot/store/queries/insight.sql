-- name: inbox_counts(bot_name, since)
-- How many messages came in for one bot, by how they ended.
SELECT state, reason, count(*) FROM inbox
WHERE bot_name = :bot_name AND received_at >= :since
GROUP BY state, reason ORDER BY state, reason;

-- name: fleet_decisions(message_id)
-- What every bot of the fleet decided about one message, and why.
SELECT bot_name, state, reason, detail, received_at FROM inbox
WHERE message_id = :message_id AND bot_name IN (SELECT bot_name FROM bot_status)
ORDER BY bot_name;

-- name: last_decision(bot_name, channel_id, newest, unremarkable)^
-- What one bot decided last in a channel that matters, among the newest rows of all: only their end
-- is looked at.
SELECT bot_name, state, reason, detail, received_at, message_id, guild_id FROM (
    SELECT * FROM inbox ORDER BY id DESC LIMIT :newest)
WHERE bot_name = :bot_name AND channel_id = :channel_id AND message_id NOT GLOB '*[^0-9]*'
    AND NOT (reason = 'not_addressed' AND detail IN (SELECT value FROM json_each(:unremarkable)))
ORDER BY id DESC LIMIT 1;

-- name: fleet_answered_twice(since, limit)
-- Messages that more than one bot answered.
SELECT message_id, group_concat(bot_name, ', ' ORDER BY bot_name), count(*) OVER () FROM inbox
WHERE state = 'answered' AND received_at >= :since
GROUP BY message_id HAVING count(*) > 1
ORDER BY message_id DESC LIMIT :limit;
