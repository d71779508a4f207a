-- name: recent_incidents(since)
-- What went wrong in the fleet; `incidents.py` runs this file as it stands, without the loader.
SELECT bot_name, kind, detail, count, first_at, last_at
FROM incidents
WHERE last_at >= :since
ORDER BY last_at DESC, id DESC;
