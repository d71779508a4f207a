-- name: insert_outbox(bot_name, message_id, part, nonce, content, at)!
-- One part of an answer; what was staged first is what is sent.
INSERT INTO outbox (bot_name, message_id, part, nonce, content, created_at)
VALUES (:bot_name, :message_id, :part, :nonce, :content, :at)
ON CONFLICT (bot_name, message_id, part) DO NOTHING;

-- name: outbox_parts(bot_name, message_id)
-- Every part of an answer, in order.
SELECT part, nonce, content, state, sent_message_id
FROM outbox
WHERE bot_name = :bot_name AND message_id = :message_id
ORDER BY part;

-- name: finalise_outbox(bot_name, message_id, part, nonce, content, at)!
-- The final text of a part; what already stands on Discord keeps its place there.
INSERT INTO outbox (bot_name, message_id, part, nonce, content, created_at)
VALUES (:bot_name, :message_id, :part, :nonce, :content, :at)
ON CONFLICT (bot_name, message_id, part) DO UPDATE SET content = excluded.content
WHERE outbox.state <> 'sent';

-- name: abandon_outbox(bot_name, message_id, parts)!
-- The final text has fewer parts than stood on Discord while it grew.
UPDATE outbox SET state = 'abandoned'
WHERE bot_name = :bot_name AND message_id = :message_id AND part >= :parts AND state <> 'sent';

-- name: show_outbox(bot_name, message_id, part, sent_message_id, at)!
-- A part stands on Discord with a text that still grows.
UPDATE outbox SET state = 'shown', sent_message_id = :sent_message_id, sent_at = :at
WHERE bot_name = :bot_name AND message_id = :message_id AND part = :part AND state = 'pending';

-- name: send_outbox(bot_name, message_id, part, sent_message_id, at)!
-- A part stands on Discord as it is to stay; counts 0 when that was known before.
UPDATE outbox
SET state = 'sent', sent_message_id = :sent_message_id, sent_at = :at
WHERE bot_name = :bot_name AND message_id = :message_id AND part = :part
    AND state IN ('pending', 'shown');

-- name: drop_outbox(bot_name, message_id, part)!
-- An abandoned part is gone from Discord.
DELETE FROM outbox
WHERE bot_name = :bot_name AND message_id = :message_id AND part = :part AND state = 'abandoned';

-- name: known_sent(bot_name, sent_message_id)$
-- Whether one of this bot's messages on Discord belongs to a turn already.
SELECT 1 FROM outbox WHERE bot_name = :bot_name AND sent_message_id = :sent_message_id;
