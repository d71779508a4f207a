-- name: report_status(bot_name, pid, boot_id, user_id, display_name, started_at, state, gateway_state, ready_at, heartbeat_at, ack_at, last_event_at, last_answer_at, latency_ms, loop_lag_ms, identifies, last_error, config_hash, version, waits_until_at)!
-- How a bot is; a name or id learned once is kept until a new one is known.
INSERT INTO bot_status
    (bot_name, pid, boot_id, user_id, display_name, started_at, state, gateway_state, ready_at,
     heartbeat_at, ack_at, last_event_at, last_answer_at, latency_ms, loop_lag_ms, identifies,
     last_error, config_hash, version, waits_until_at)
VALUES
    (:bot_name, :pid, :boot_id, :user_id, :display_name, :started_at, :state, :gateway_state,
     :ready_at, :heartbeat_at, :ack_at, :last_event_at, :last_answer_at, :latency_ms,
     :loop_lag_ms, :identifies, :last_error, :config_hash, :version, :waits_until_at)
ON CONFLICT (bot_name) DO UPDATE SET
    pid = excluded.pid, boot_id = excluded.boot_id,
    user_id = coalesce(excluded.user_id, bot_status.user_id),
    display_name = coalesce(excluded.display_name, bot_status.display_name),
    started_at = excluded.started_at, state = excluded.state,
    gateway_state = excluded.gateway_state, ready_at = excluded.ready_at,
    heartbeat_at = excluded.heartbeat_at, ack_at = excluded.ack_at,
    last_event_at = excluded.last_event_at, last_answer_at = excluded.last_answer_at,
    latency_ms = excluded.latency_ms, loop_lag_ms = excluded.loop_lag_ms,
    identifies = excluded.identifies, last_error = excluded.last_error,
    config_hash = excluded.config_hash, version = excluded.version,
    waits_until_at = excluded.waits_until_at;

-- name: peers_since(since, latest)
-- Every bot that Discord has given an id and whose heartbeat is young enough.
SELECT bot_status.bot_name, user_id, display_name, profile
FROM bot_status LEFT JOIN bot_profiles ON bot_profiles.bot_name = bot_status.bot_name
WHERE user_id IS NOT NULL AND heartbeat_at >= :since AND heartbeat_at <= :latest
ORDER BY bot_status.bot_name;

-- name: profiles()
-- What every bot said of itself when it last started.
SELECT bot_name, profile FROM bot_profiles;

-- name: publish_profile(bot_name, profile, at)!
-- What the others need to know of this bot.
INSERT INTO bot_profiles (bot_name, profile, published_at) VALUES (:bot_name, :profile, :at)
ON CONFLICT (bot_name) DO UPDATE
SET profile = excluded.profile, published_at = excluded.published_at;
