-- name: admission(message_id)$
-- Whether the fleet has accepted (1) or refused (0) this message; nothing when it was not asked.
SELECT accepted FROM accepted_messages WHERE message_id = :message_id;

-- name: accepted_since(user_id, start, latest)$
-- How many messages of a user were accepted in a window; what was written after it does not count,
-- nor what a clock that went back has left in the future.
SELECT count(*) FROM accepted_messages
WHERE user_id = :user_id AND accepted = 1 AND accepted_at > :start AND accepted_at <= :latest;

-- name: insert_admission(message_id, channel_id, user_id, accepted, at)!
-- The fleet's word on one message.
INSERT INTO accepted_messages (message_id, channel_id, user_id, accepted, accepted_at)
VALUES (:message_id, :channel_id, :user_id, :accepted, :at);

-- name: note_answered(message_id, bot_name, at)!
-- Who answered a message.
UPDATE accepted_messages SET answered_by = :bot_name, answered_at = :at
WHERE message_id = :message_id;

-- name: last_answerer(channel_id, user_id, since)$
-- Who of the fleet answered this user's last message here.
SELECT answered_by FROM accepted_messages
WHERE channel_id = :channel_id AND user_id = :user_id AND answered_at >= :since
ORDER BY answered_at DESC
LIMIT 1;

-- name: take_notice(kind, subject, at, free_until, latest)$
-- The right to say a sentence that is said once per window; nothing when somebody has it.
INSERT INTO notices (kind, subject, noticed_at)
VALUES (:kind, :subject, :at)
ON CONFLICT (kind, subject) DO UPDATE SET noticed_at = excluded.noticed_at
WHERE notices.noticed_at <= :free_until OR notices.noticed_at > :latest
RETURNING noticed_at;

-- name: own_claim(message_id, bot_name)^
-- The slot this bot holds or held.
SELECT slot, fence FROM message_claims WHERE message_id = :message_id AND bot_name = :bot_name;

-- name: take_slot(message_id, slot, channel_id, bot_name, at, expires_at, latest)$
-- A free slot, or one whose holder let the lease lapse before it had an answer to send; gives the
-- fence, nothing when it is held.
INSERT INTO message_claims (message_id, slot, channel_id, bot_name, claimed_at, expires_at)
VALUES (:message_id, :slot, :channel_id, :bot_name, :at, :expires_at)
ON CONFLICT (message_id, slot) DO UPDATE
SET bot_name = excluded.bot_name, claimed_at = excluded.claimed_at,
    expires_at = excluded.expires_at, fence = message_claims.fence + 1
WHERE message_claims.settled_at IS NULL
    AND (message_claims.bot_name = excluded.bot_name
        OR (message_claims.expires_at <= :at OR message_claims.expires_at > :latest)
        AND NOT EXISTS (
            SELECT 1 FROM outbox
            WHERE outbox.bot_name = message_claims.bot_name
                AND outbox.message_id = message_claims.message_id))
RETURNING fence;

-- name: claim_holder(message_id)^
-- Who has the first slot of a message.
SELECT bot_name, fence FROM message_claims WHERE message_id = :message_id ORDER BY slot LIMIT 1;

-- name: renew_claim(message_id, bot_name, expires_at)!
-- A longer lease on what is still ours.
UPDATE message_claims SET expires_at = :expires_at
WHERE message_id = :message_id AND bot_name = :bot_name AND settled_at IS NULL;

-- name: settle_claim(message_id, bot_name, at)!
-- The message is dealt with: nobody takes this claim over.
UPDATE message_claims SET settled_at = :at
WHERE message_id = :message_id AND bot_name = :bot_name AND settled_at IS NULL;

-- name: release_claim(message_id, bot_name, at)!
-- The next candidate may have it; the row stays, so that fences only rise.
UPDATE message_claims SET expires_at = :at
WHERE message_id = :message_id AND bot_name = :bot_name AND settled_at IS NULL;

-- name: queue_turn(channel_id, message_id, bot_name, expires_at)!
-- A place in the channel's order of turns; asking again keeps the place.
INSERT INTO channel_turns (channel_id, message_id, bot_name, expires_at)
VALUES (:channel_id, :message_id, :bot_name, :expires_at)
ON CONFLICT (message_id, bot_name) DO UPDATE SET expires_at = excluded.expires_at;

-- name: turns_ahead(channel_id, message_id, bot_name, at, latest)$
-- How many turns of the channel come before this one; lapsed ones do not count.
SELECT count(*) FROM channel_turns AS earlier
JOIN channel_turns AS own ON own.message_id = :message_id AND own.bot_name = :bot_name
WHERE earlier.channel_id = :channel_id AND earlier.turn_id < own.turn_id
    AND earlier.expires_at > :at AND earlier.expires_at <= :latest;

-- name: renew_turn(message_id, bot_name, expires_at)!
-- A longer lease on a place.
UPDATE channel_turns SET expires_at = :expires_at
WHERE message_id = :message_id AND bot_name = :bot_name;

-- name: leave_turn(message_id, bot_name)!
-- The turn is over: the next one moves up.
DELETE FROM channel_turns WHERE message_id = :message_id AND bot_name = :bot_name;

-- name: leave_all_turns(bot_name)!
-- What an earlier process of this bot had under way is not being made any more.
DELETE FROM channel_turns WHERE bot_name = :bot_name;
