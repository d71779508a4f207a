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

-- name: take_inbox(bot_name, message_id, reason, message, at)!
-- This bot has the message: it won the claim, or took it over from a holder that let it lapse.
-- A copy that is there may have been edited since.
UPDATE inbox
SET detail = CASE state WHEN 'declined' THEN 'took over from ' || detail ELSE detail END,
    state = 'claimed', reason = :reason, message = coalesce(message, :message), updated_at = :at
WHERE bot_name = :bot_name AND message_id = :message_id AND state IN ('received', 'declined');

-- name: generate_inbox(bot_name, message_id, session_id, at)!
-- The answer is being made.
UPDATE inbox
SET state = 'generating', session_id = :session_id, updated_at = :at
WHERE bot_name = :bot_name AND message_id = :message_id AND state IN ('received', 'claimed', 'generating');

-- name: send_inbox(bot_name, message_id, at)!
-- The answer is being sent.
UPDATE inbox
SET state = 'sending', updated_at = :at
WHERE bot_name = :bot_name AND message_id = :message_id
    AND state IN ('received', 'claimed', 'generating', 'sending');

-- name: finish_inbox(bot_name, message_id, state, reason, detail, at)!
-- Nothing more happens with this message; its text, if it matters, is a turn by now. Why it was
-- taken stays, unless there is more to say.
UPDATE inbox
SET state = :state, reason = :reason, message = NULL, updated_at = :at,
    detail = CASE WHEN :detail = '' THEN detail ELSE :detail END
WHERE bot_name = :bot_name AND message_id = :message_id;

-- name: unfinished_inbox(bot_name)
-- What a start takes up again, in the order it came.
SELECT message_id, state, decision, reason, detail, message FROM inbox
WHERE bot_name = :bot_name AND state IN ('received', 'claimed', 'generating', 'sending')
ORDER BY id;

-- name: orphaned_claims(bot_name, at, latest)
-- Messages this bot lost to a holder that let its claim lapse with nothing to send.
SELECT DISTINCT inbox.channel_id, inbox.message_id FROM message_claims AS claim
JOIN inbox ON inbox.bot_name = :bot_name AND inbox.message_id = claim.message_id
WHERE claim.settled_at IS NULL AND (claim.expires_at <= :at OR claim.expires_at > :latest)
    AND inbox.state = 'declined' AND inbox.reason = 'claimed_by'
    AND NOT EXISTS (
        SELECT 1 FROM outbox
        WHERE outbox.bot_name = claim.bot_name AND outbox.message_id = claim.message_id)
ORDER BY inbox.message_id;

-- name: inbox_state(bot_name, message_id)$
-- How far one message has come.
SELECT state FROM inbox WHERE bot_name = :bot_name AND message_id = :message_id;

-- name: standing(bot_name, message_id)^
-- How far one message has come, what it says where that was edited since it came, and the session
-- in which it is stored as a turn already. Always one row.
SELECT inbox.state,
    CASE WHEN json_extract(inbox.message, '$.edited_at') IS NOT NULL THEN inbox.message END,
    turn.session_id
FROM (SELECT 1)
LEFT JOIN inbox ON inbox.bot_name = :bot_name AND inbox.message_id = :message_id
LEFT JOIN conversations AS turn ON turn.bot_name = :bot_name AND turn.message_id = :message_id
    AND turn.role IN ('user', 'system') AND turn.part = 0
LIMIT 1;

-- name: drop_unsent(bot_name, message_id)!
-- Nothing of an answer has arrived, and nothing will.
DELETE FROM outbox
WHERE bot_name = :bot_name AND message_id = :message_id AND sent_message_id IS NULL;
