-- name: newest_tombstone(bot_name)^
-- How many tombstones count for a bot, and the time of the newest.
SELECT count(*), max(forgotten_at) FROM tombstones WHERE bot_name IN ('', :bot_name);

-- name: tombstones(bot_name)
-- The tombstones that count for a bot.
SELECT bot_name, salt, digest, forgotten_at FROM tombstones WHERE bot_name IN ('', :bot_name);
