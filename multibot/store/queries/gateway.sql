-- name: insert_gateway_start(bot_name, at)!
-- One IDENTIFY.
INSERT INTO gateway_starts (bot_name, started_at) VALUES (:bot_name, :at);

-- name: clamp_gateway_starts(bot_name, now)!
-- What was counted before the clock went back counts as of now, and ages from here on.
UPDATE gateway_starts SET started_at = :now WHERE bot_name = :bot_name AND started_at > :now;

-- name: gateway_starts_since(bot_name, since)
-- When one bot started sessions; what the wait for the next one is made of.
SELECT started_at FROM gateway_starts
WHERE bot_name = :bot_name AND started_at > :since
ORDER BY started_at;

-- name: count_gateway_starts(bot_name, since)$
-- How many sessions one bot has started.
SELECT count(*) FROM gateway_starts WHERE bot_name = :bot_name AND started_at > :since;

-- name: count_http_error(minute, status)!
-- One answer that counts against the whole host.
INSERT INTO http_errors (minute, status, count) VALUES (:minute, :status, 1)
ON CONFLICT (minute, status) DO UPDATE SET count = http_errors.count + 1;

-- name: http_errors_between(first, last)$
-- Minutes of the future are from before the clock went back: nobody knows when that was.
SELECT coalesce(sum(count), 0) FROM http_errors WHERE minute >= :first AND minute <= :last;
