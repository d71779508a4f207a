-- name: insert_inbox(bot_name, message_id, platform, guild_id, channel_id, user_id, created_at, at, decision, reason, detail, state, message)!
-- One message, once per bot.
INSERT INTO inbox
    (bot_name, message_id, platform, guild_id, channel_id, user_id, created_at, received_at,
     updated_at, decision, reason, detail, state, message)
VALUES
    (:bot_name, :message_id, :platform, :guild_id, :channel_id, :user_id, :created_at, :at, :at,
     :decision, :reason, :detail, :state, :message)
ON CONFLICT (bot_name, message_id) DO NOTHING;

-- name: decline_inbox(bot_name, message_id, reason, detail, at)!
-- The message is not for this bot after all: the decision stays, the content goes.
UPDATE inbox
SET state = 'declined', reason = :reason, detail = :detail, message = NULL, updated_at = :at
WHERE bot_name = :bot_name AND message_id = :message_id;

-- name: restore_inbox(bot_name, message_id, reason, detail, message, at)!
-- A message declined before is this bot's now: its holder let the claim lapse.
UPDATE inbox
SET state = 'received', reason = :reason, detail = :detail, message = :message, updated_at = :at
WHERE bot_name = :bot_name AND message_id = :message_id AND state = 'declined';

-- name: generate_inbox(bot_name, message_id, session_id, at)!
-- The answer is being made.
UPDATE inbox
SET state = 'generating', session_id = :session_id, updated_at = :at
WHERE bot_name = :bot_name AND message_id = :message_id AND state IN ('received', 'generating');

-- name: send_inbox(bot_name, message_id, at)!
-- The answer is being sent.
UPDATE inbox
SET state = 'sending', updated_at = :at
WHERE bot_name = :bot_name AND message_id = :message_id
    AND state IN ('received', 'generating', 'sending');

-- name: finish_inbox(bot_name, message_id, state, reason, detail, at)!
-- Nothing more happens with this message; its text, if it matters, is a turn by now. Why it was
-- taken stays, unless there is more to say.
UPDATE inbox
SET state = :state, reason = :reason, message = NULL, updated_at = :at,
    detail = CASE WHEN :detail = '' THEN detail ELSE :detail END
WHERE bot_name = :bot_name AND message_id = :message_id;

-- name: insert_outbox(bot_name, message_id, part, nonce, content, at)!
-- One part of an answer; what was staged first is what is sent.
INSERT INTO outbox (bot_name, message_id, part, nonce, content, created_at)
VALUES (:bot_name, :message_id, :part, :nonce, :content, :at)
ON CONFLICT (bot_name, message_id, part) DO NOTHING;

-- name: outbox_parts(bot_name, message_id)
-- Every part of an answer, in order.
SELECT part, nonce, content, sent_message_id
FROM outbox
WHERE bot_name = :bot_name AND message_id = :message_id
ORDER BY part;

-- name: send_outbox(bot_name, message_id, part, sent_message_id, at)!
-- A part stands on Discord; counts 0 when that was known before.
UPDATE outbox
SET state = 'sent', sent_message_id = :sent_message_id, sent_at = :at
WHERE bot_name = :bot_name AND message_id = :message_id AND part = :part
    AND sent_message_id IS NULL;
