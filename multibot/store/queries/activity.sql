-- name: count_person(message_id, guild_id, at)!
-- A message of a person, once, however many bots see it.
INSERT INTO activity_events (message_id, guild_id, at) VALUES (:message_id, :guild_id, :at)
ON CONFLICT (message_id) DO NOTHING;

-- name: count_events(guild_id, since, latest)$
-- How much people wrote; what is far in the future is from before the clock went back.
SELECT count(*) FROM activity_events WHERE guild_id = :guild_id AND at > :since AND at <= :latest;

-- name: watch_guild(guild_id, at, unbroken_since, latest)!
-- The guild is watched at this moment; after a gap, or a clock that went back, it begins anew.
INSERT INTO activity_watches (guild_id, since, until) VALUES (:guild_id, :at, :at)
ON CONFLICT (guild_id) DO UPDATE SET
    since = CASE WHEN until < :unbroken_since OR until > :latest THEN excluded.since ELSE since END,
    until = excluded.until;

-- name: watched_since(guild_id, unbroken_since, latest)$
-- Since when a guild is watched without a gap up to now.
SELECT since FROM activity_watches
WHERE guild_id = :guild_id AND until >= :unbroken_since AND until <= :latest;

-- name: take_round(guild_id, round, bot_name, level, rate, roll, act, at)!
-- One bot in each round of a guild; counts 0 when it is taken.
INSERT INTO activity_rounds (guild_id, round, bot_name, level, rate, roll, act, taken_at)
VALUES (:guild_id, :round, :bot_name, :level, :rate, :roll, :act, :at)
ON CONFLICT (guild_id, round) DO NOTHING;

-- name: round_holder(guild_id, round)$
-- Whose round it is.
SELECT bot_name FROM activity_rounds WHERE guild_id = :guild_id AND round = :round;

-- name: note_round(guild_id, round, bot_name, outcome)!
-- What came of a round.
UPDATE activity_rounds SET outcome = :outcome
WHERE guild_id = :guild_id AND round = :round AND bot_name = :bot_name;

-- name: close_rounds(bot_name)!
-- Rounds that a process left when it ended, and that nobody goes on with.
UPDATE activity_rounds SET outcome = CASE
    WHEN EXISTS (
        SELECT 1 FROM inbox
        WHERE inbox.bot_name = :bot_name AND state = 'answered'
            AND inbox.message_id = 'round-' || activity_rounds.guild_id || '-' || round)
    THEN 'said' ELSE 'not done: the process ended' END
WHERE bot_name = :bot_name AND outcome = '' AND act <> 'nothing' AND NOT EXISTS (
    SELECT 1 FROM inbox
    WHERE inbox.bot_name = :bot_name
        AND state IN ('received', 'claimed', 'generating', 'sending')
        AND inbox.message_id = 'round-' || activity_rounds.guild_id || '-' || round);

-- name: rounds_since(since)
-- What bots did in their rounds, newest first.
SELECT guild_id, round, bot_name, level, rate, roll, act, outcome, taken_at FROM activity_rounds
WHERE taken_at >= :since ORDER BY taken_at DESC, guild_id;

-- name: clean_events(before, latest, limit)!
-- What has left the window, or lies where no clock has been.
DELETE FROM activity_events WHERE message_id IN (
    SELECT message_id FROM activity_events WHERE at <= :before OR at > :latest LIMIT :limit);

-- name: clean_watches(before, limit)!
-- Guilds that nobody watches any more.
DELETE FROM activity_watches WHERE guild_id IN (
    SELECT guild_id FROM activity_watches WHERE until <= :before LIMIT :limit);

-- name: clean_rounds(before, limit)!
-- Rounds that nobody asks for any more.
DELETE FROM activity_rounds WHERE (guild_id, round) IN (
    SELECT guild_id, round FROM activity_rounds WHERE taken_at <= :before LIMIT :limit);
