-- name: last_tombstone()^
-- Another row whenever a tombstone was added or changed; nothing while there is none.
SELECT id, digest, forgotten_at FROM tombstones ORDER BY id DESC LIMIT 1;

-- name: tombstones(bot_name)
-- The tombstones that count for a bot.
SELECT bot_name, salt, digest, forgotten_at FROM tombstones WHERE bot_name IN ('', :bot_name);
