-- name: exchange(channel_id)^
-- What bots have said in a channel, with its cooldown.
SELECT chain, message_count, pending, participants, is_opened, chains.started_at, last_activity_at,
    last_message_id, last_bot, bot_turns, spoke_at, human_id, cooldown.started_at,
    cooldown.expires_at, cooldown.cause
FROM chains LEFT JOIN channel_cooldowns AS cooldown ON cooldown.channel_id = chains.channel_id
WHERE chains.channel_id = :channel_id;

-- name: save_exchange(channel_id, guild_id, chain, message_count, pending, participants, is_opened, started_at, last_activity_at, last_message_id, last_bot, bot_turns, spoke_at, human_id, at)!
-- The next state of a channel.
INSERT INTO chains
    (channel_id, guild_id, chain, message_count, pending, participants, is_opened, started_at,
     last_activity_at, last_message_id, last_bot, bot_turns, spoke_at, human_id, updated_at)
VALUES
    (:channel_id, :guild_id, :chain, :message_count, :pending, :participants, :is_opened,
     :started_at, :last_activity_at, :last_message_id, :last_bot, :bot_turns, :spoke_at,
     :human_id, :at)
ON CONFLICT (channel_id) DO UPDATE SET
    guild_id = coalesce(excluded.guild_id, chains.guild_id), chain = excluded.chain,
    message_count = excluded.message_count, pending = excluded.pending,
    participants = excluded.participants, is_opened = excluded.is_opened,
    started_at = excluded.started_at, last_activity_at = excluded.last_activity_at,
    last_message_id = excluded.last_message_id, last_bot = excluded.last_bot,
    bot_turns = excluded.bot_turns, spoke_at = excluded.spoke_at, human_id = excluded.human_id,
    updated_at = excluded.updated_at;

-- name: save_cooldown(channel_id, started_at, expires_at, cause)!
-- A channel's quiet time.
INSERT INTO channel_cooldowns (channel_id, started_at, expires_at, cause)
VALUES (:channel_id, :started_at, :expires_at, :cause)
ON CONFLICT (channel_id) DO UPDATE SET
    started_at = excluded.started_at, expires_at = excluded.expires_at, cause = excluded.cause;

-- name: drop_cooldown(channel_id)!
-- It is over, also for a clock that goes back.
DELETE FROM channel_cooldowns WHERE channel_id = :channel_id;

-- name: human_seen(channel_id)^
-- What a person's message would end; nothing where no bot has spoken.
SELECT message_count, bot_turns, human_id FROM chains WHERE channel_id = :channel_id;

-- name: bot_message(message_id)^
-- The turn that a message is known to begin.
SELECT turn, said_at, message_id, chain, claimed_as FROM chain_messages WHERE message_id = :message_id;

-- name: bot_turn(bot_name, turn)^
-- One message of a bot, of however many parts.
SELECT turn, said_at, message_id, chain, claimed_as FROM chain_messages
WHERE bot_name = :bot_name AND turn = :turn;

-- name: turn_answered(channel_id, message_id)^
-- The chain of what a bot said, and since when it stands, by the part that is answered.
SELECT chain, said_at FROM chain_messages WHERE message_id = :message_id
UNION ALL
SELECT chain, said_at FROM chain_messages
WHERE channel_id = :channel_id AND message_id IS NOT NULL AND claimed_as = :message_id
LIMIT 1;

-- name: turn_sent_as(bot_name, message_id)$
-- What the author says that this message of its answers.
SELECT message_id FROM outbox WHERE bot_name = :bot_name AND sent_message_id = :message_id;

-- name: answers_underway(bot_name, channel_id)
-- Answers of an author in a channel that are not all sent. CROSS JOIN: the few open messages first.
SELECT outbox.message_id, min(outbox.created_at)
FROM inbox CROSS JOIN outbox
    ON outbox.bot_name = inbox.bot_name AND outbox.message_id = inbox.message_id
WHERE inbox.bot_name = :bot_name AND inbox.channel_id = :channel_id
    AND inbox.state IN ('received', 'claimed', 'generating', 'sending')
    AND outbox.state IN ('pending', 'shown')
GROUP BY outbox.message_id;

-- name: turns_underway(bot_name, channel_id)
-- What an author was allowed to say in a channel and nobody has seen yet.
SELECT turn, said_at FROM chain_messages
WHERE bot_name = :bot_name AND channel_id = :channel_id AND message_id IS NULL;

-- name: all_underway(channel_id, since)
-- What any bot was allowed to say in a channel and nobody has seen yet; what is older got lost.
SELECT bot_name, said_at FROM chain_messages
WHERE channel_id = :channel_id AND message_id IS NULL AND said_at >= :since;

-- name: insert_bot_turn(bot_name, turn, channel_id, message_id, said_at, chain)!
-- Counted from here on.
INSERT INTO chain_messages (bot_name, turn, channel_id, message_id, said_at, chain)
VALUES (:bot_name, :turn, :channel_id, :message_id, :said_at, :chain);

-- name: depart_bot_turn(bot_name, turn, at)!
-- It leaves for Discord now.
UPDATE chain_messages SET said_at = :at
WHERE bot_name = :bot_name AND turn = :turn AND message_id IS NULL;

-- name: say_bot_turn(bot_name, turn, message_id, said_at, chain)!
-- What was on its way stands on Discord.
UPDATE chain_messages SET message_id = :message_id, said_at = :said_at, chain = :chain
WHERE bot_name = :bot_name AND turn = :turn;

-- name: join_bot_turn(bot_name, turn, chain)!
-- A part of it speaks to a bot.
UPDATE chain_messages SET chain = :chain WHERE bot_name = :bot_name AND turn = :turn;

-- name: claim_bot_turn(bot_name, turn, message_id)!
-- By which of its parts it is answered.
UPDATE chain_messages SET claimed_as = :message_id WHERE bot_name = :bot_name AND turn = :turn;

-- name: drop_bot_turn(bot_name, turn)!
-- What was on its way will not be sent.
DELETE FROM chain_messages WHERE bot_name = :bot_name AND turn = :turn AND message_id IS NULL;

-- name: drop_turns_underway(channel_id, before)!
-- What set out so long before a person speaks never arrived.
DELETE FROM chain_messages
WHERE channel_id = :channel_id AND message_id IS NULL AND said_at < :before;

-- name: count_turns_underway(channel_id)^
-- What may arrive after a person's message, and how much of it speaks to a bot.
SELECT count(*), count(chain) FROM chain_messages
WHERE channel_id = :channel_id AND message_id IS NULL;

-- name: overtake_turns_underway(channel_id, chain)!
-- A person spoke before it arrived: it has a place in the next chain, and does not set out again.
UPDATE chain_messages SET chain = -:chain
WHERE channel_id = :channel_id AND message_id IS NULL AND chain IS NOT NULL;

-- name: turns_after(channel_id, message_id, chain)^
-- How much bots have said after a person's message, and how much of it in the newest chain.
SELECT count(*), count(CASE chain WHEN :chain THEN 1 END) FROM (
    SELECT chain FROM chain_messages
    WHERE channel_id = :channel_id AND message_id IS NOT NULL
        AND length(message_id) > length(:message_id)
    UNION ALL
    SELECT chain FROM chain_messages
    WHERE channel_id = :channel_id AND message_id IS NOT NULL
        AND length(message_id) = length(:message_id) AND message_id > :message_id);

-- name: keep_turns_after(channel_id, message_id, ended, chain)!
-- A person spoke in the middle of a chain: what of it came later is the next one.
UPDATE chain_messages SET chain = :chain
WHERE channel_id = :channel_id AND message_id IS NOT NULL AND chain = :ended
    AND (length(message_id) > length(:message_id)
        OR length(message_id) = length(:message_id) AND message_id > :message_id);

-- name: held_claim(message_id, bot_name, at, latest)$
-- Who, other than this bot, has a message and does not lose it for want of an answer.
SELECT claim.bot_name FROM message_claims AS claim
WHERE claim.message_id = :message_id AND claim.bot_name <> :bot_name
    AND (claim.settled_at IS NOT NULL OR claim.expires_at > :at AND claim.expires_at <= :latest
        OR EXISTS (
            SELECT 1 FROM outbox
            WHERE outbox.bot_name = claim.bot_name AND outbox.message_id = claim.message_id))
ORDER BY claim.slot LIMIT 1;

-- name: burst(channel_id, author, bot_name)^
-- When a bot first spoke to another, and by which message.
SELECT message_id, began_at FROM bursts
WHERE channel_id = :channel_id AND author = :author AND bot_name = :bot_name;

-- name: begin_burst(channel_id, author, bot_name, message_id, at)!
-- From here on for a while a second message is one too many.
INSERT INTO bursts (channel_id, author, bot_name, message_id, began_at)
VALUES (:channel_id, :author, :bot_name, :message_id, :at)
ON CONFLICT (channel_id, author, bot_name) DO UPDATE
SET message_id = excluded.message_id, began_at = excluded.began_at;

-- name: own_decision(bot_name, message_id)^
-- How far one message has come, and why.
SELECT state, reason FROM inbox WHERE bot_name = :bot_name AND message_id = :message_id;

-- name: decide_inbox(bot_name, message_id, state, reason, detail, message, at)!
-- What became of a message that was looked at again.
UPDATE inbox
SET state = :state, reason = :reason, detail = :detail, updated_at = :at,
    message = CASE WHEN :message IS NULL THEN NULL ELSE coalesce(message, :message) END
WHERE bot_name = :bot_name AND message_id = :message_id;

-- name: pair(first_bot, second_bot)$
-- When two bots last had a conversation of their own.
SELECT began_at FROM pair_cooldowns WHERE first_bot = :first_bot AND second_bot = :second_bot;

-- name: begin_pair(first_bot, second_bot, turn, at)!
-- Two bots have a conversation of their own.
INSERT INTO pair_cooldowns (first_bot, second_bot, turn, began_at)
VALUES (:first_bot, :second_bot, :turn, :at)
ON CONFLICT (first_bot, second_bot) DO UPDATE
SET turn = excluded.turn, began_at = excluded.began_at;

-- name: drop_pair(turn)!
-- The conversation did not come about.
DELETE FROM pair_cooldowns WHERE turn = :turn;

-- name: pairs_of(bot_name)
-- With whom a bot had a conversation of its own, and when.
SELECT CASE first_bot WHEN :bot_name THEN second_bot ELSE first_bot END, began_at
FROM pair_cooldowns WHERE :bot_name IN (first_bot, second_bot);

-- name: live_exchanges()
-- Every channel that may have a chain or a cooldown just now.
SELECT chains.channel_id, guild_id, chain, message_count, pending, participants, is_opened,
    chains.started_at, last_activity_at, last_message_id, last_bot, bot_turns, spoke_at, human_id,
    cooldown.started_at, cooldown.expires_at, cooldown.cause
FROM chains LEFT JOIN channel_cooldowns AS cooldown ON cooldown.channel_id = chains.channel_id
WHERE message_count > 0 OR cooldown.channel_id IS NOT NULL
ORDER BY chains.channel_id;

-- name: clean_chains(idle_since, forgotten_since, limit)!
-- Channels where nothing is going on: a person spoke last, or it is long ago. The numbers of their
-- chains are used again only when no message has them any more.
DELETE FROM chains WHERE channel_id IN (
    SELECT channel_id FROM chains
    WHERE (updated_at <= :forgotten_since OR updated_at <= :idle_since AND bot_turns = 0)
        AND NOT EXISTS (
            SELECT 1 FROM chain_messages
            WHERE chain_messages.channel_id = chains.channel_id AND message_id IS NOT NULL)
    LIMIT :limit);

-- name: clean_chain_messages(before, limit)!
-- What is too old to be seen by anybody for the first time.
DELETE FROM chain_messages WHERE (bot_name, turn) IN (
    SELECT bot_name, turn FROM chain_messages WHERE said_at < :before LIMIT :limit);

-- name: clean_cooldowns(now, limit)!
-- Cooldowns that are over.
DELETE FROM channel_cooldowns WHERE channel_id IN (
    SELECT channel_id FROM channel_cooldowns WHERE expires_at <= :now LIMIT :limit);

-- name: clean_bursts(before, limit)!
-- Bursts that are over.
DELETE FROM bursts WHERE (channel_id, author, bot_name) IN (
    SELECT channel_id, author, bot_name FROM bursts WHERE began_at <= :before LIMIT :limit);

-- name: clean_pairs(before, limit)!
-- Pairs that may begin again.
DELETE FROM pair_cooldowns WHERE (first_bot, second_bot) IN (
    SELECT first_bot, second_bot FROM pair_cooldowns WHERE began_at <= :before LIMIT :limit);
