-- name: is_stored(bot_name, message_ids)$
-- Whether anything of these messages is there that an edit or a deletion would change.
SELECT EXISTS (
        SELECT 1 FROM conversations
        WHERE bot_name = :bot_name AND deleted_at IS NULL
            AND message_id IN (SELECT value FROM json_each(:message_ids)))
    OR EXISTS (
        SELECT 1 FROM inbox
        WHERE bot_name = :bot_name AND message IS NOT NULL
            AND message_id IN (SELECT value FROM json_each(:message_ids)))
    OR EXISTS (
        SELECT 1 FROM outbox
        WHERE bot_name = :bot_name
            AND sent_message_id IN (SELECT value FROM json_each(:message_ids)));

-- name: edit_turn(bot_name, message_id, content, changes, edited_at)!
-- What a person's message says now, unless something newer is known of it.
UPDATE conversations
SET content = :content, edited_at = :edited_at,
    metadata = nullif(json_patch(coalesce(metadata, '{}'), :changes), '{}')
WHERE bot_name = :bot_name AND message_id = :message_id AND role = 'user' AND part = 0
    AND deleted_at IS NULL AND (edited_at IS NULL OR edited_at < :edited_at);

-- name: edit_waiting(bot_name, message_id, content, attachments, edited_at)!
-- The same for the copy of a message that is not answered yet.
UPDATE inbox
SET message = json_set(
    message, '$.content', :content, '$.attachments', json(:attachments), '$.edited_at', :edited_at)
WHERE bot_name = :bot_name AND message_id = :message_id AND message IS NOT NULL
    AND coalesce(json_extract(message, '$.edited_at'), '') < :edited_at
    AND NOT EXISTS (
        SELECT 1 FROM conversations
        WHERE bot_name = :bot_name AND message_id = :message_id AND deleted_at IS NOT NULL);

-- name: delete_turns(bot_name, message_ids, at)!
-- The rows stay, so that nobody stores or answers them anew; what they said is gone.
UPDATE conversations
SET content = '', metadata = NULL, deleted_at = :at
WHERE bot_name = :bot_name AND message_id IN (SELECT value FROM json_each(:message_ids))
    AND role IN ('user', 'assistant') AND deleted_at IS NULL;

-- name: expire_deleted(bot_name, message_ids, at)
-- Nothing of an answer stands yet: none is made any more.
UPDATE inbox
SET state = 'expired', reason = 'expired', detail = 'deleted before it was answered',
    message = NULL, updated_at = :at
WHERE bot_name = :bot_name AND message_id IN (SELECT value FROM json_each(:message_ids))
    AND state IN ('received', 'claimed', 'generating')
    AND NOT EXISTS (
        SELECT 1 FROM outbox
        WHERE outbox.bot_name = :bot_name AND outbox.message_id = inbox.message_id)
RETURNING message_id;

-- name: empty_waiting(bot_name, message_ids)!
-- What was asked is gone, also where the answer is on its way.
UPDATE inbox
SET message = json_set(message, '$.content', '', '$.attachments', json('[]'))
WHERE bot_name = :bot_name AND message_id IN (SELECT value FROM json_each(:message_ids))
    AND message IS NOT NULL;

-- name: bury_growing(bot_name, message_ids, at)!
-- A message of the bot that still grew when it was deleted: its turn, before it is complete.
INSERT INTO conversations
    (bot_name, platform, guild_id, channel_id, parent_channel_id, channel_name, channel_type,
     user_id, username, session_id, message_id, role, part, content, timestamp, mode, deleted_at)
SELECT asked.bot_name, asked.platform, asked.guild_id, asked.channel_id, asked.parent_channel_id,
    asked.channel_name, asked.channel_type, asked.user_id, asked.bot_name, asked.session_id,
    outbox.sent_message_id, 'assistant', outbox.part, '', :at, asked.mode, :at
FROM outbox INDEXED BY idx_outbox_sent
CROSS JOIN conversations AS asked
    ON asked.bot_name = outbox.bot_name AND asked.message_id = outbox.message_id
        AND asked.role = 'user' AND asked.part = 0
WHERE outbox.bot_name = :bot_name AND outbox.state = 'shown'
    AND outbox.sent_message_id IN (SELECT value FROM json_each(:message_ids))
ON CONFLICT (bot_name, message_id, role, part) DO NOTHING;

-- name: empty_sent(bot_name, message_ids)!
-- The bot's own copy of what it sent.
UPDATE outbox
SET content = ''
WHERE bot_name = :bot_name
    AND sent_message_id IN (SELECT value FROM json_each(:message_ids));

-- name: is_deleted(bot_name, message_id)$
-- Whether a person took back what they said.
SELECT 1 FROM conversations
WHERE bot_name = :bot_name AND message_id = :message_id AND role = 'user' AND part = 0
    AND deleted_at IS NOT NULL;

-- name: newest_messages(bot_name, channel_id, limit)
-- The messages of the newest turns in one channel. The ids of imported turns may be anybody's.
SELECT message_id FROM conversations
WHERE bot_name = :bot_name AND channel_id = :channel_id AND deleted_at IS NULL
    AND import_id IS NULL AND role IN ('user', 'assistant')
ORDER BY id DESC
LIMIT :limit;

-- name: waiting_messages(bot_name, channel_id)
-- The messages of one channel that are not answered yet.
SELECT message_id FROM inbox
WHERE bot_name = :bot_name AND channel_id = :channel_id
    AND state IN ('received', 'claimed', 'generating', 'sending');
