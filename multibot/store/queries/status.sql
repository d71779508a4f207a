-- name: read_statuses()
-- Every bot's row; `status.py` runs this file as it stands, without the loader.
SELECT bot_name, pid, boot_id, started_at, state, gateway_state, config_hash, version,
    user_id, display_name, ready_at, heartbeat_at, ack_at, last_event_at, last_answer_at,
    latency_ms, loop_lag_ms, identifies, last_error, waits_until_at
FROM bot_status
ORDER BY bot_name;
