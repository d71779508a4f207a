-- name: count_incident(bot_name, kind, detail, at, since)!
-- The same trouble again, if the last time is not long ago; a clock set back makes none older.
UPDATE incidents
SET count = count + 1, detail = :detail, last_at = max(last_at, :at)
WHERE id = (
    SELECT id FROM incidents
    WHERE bot_name = :bot_name AND kind = :kind AND last_at >= :since
    ORDER BY last_at DESC LIMIT 1
);

-- name: insert_incident(bot_name, kind, detail, at)!
-- A trouble that is new.
INSERT INTO incidents (bot_name, kind, detail, first_at, last_at)
VALUES (:bot_name, :kind, :detail, :at, :at);
