/** Places: where one can talk. A channel's key is its id, a DM's is @ and the bot's id. */

import { isThread } from "./world.js";

/**
 * Turn a key into a place as this speaker sees it, or null when it is gone.
 * `channelId` is null for a DM in which nothing was said yet.
 */
export function placeOf(world, key, speaker) {
  if (!key) return null;
  return key.startsWith("@") ? dmPlace(world, key, speaker) : channelPlace(world, key);
}

function channelPlace(world, key) {
  const channel = world.channels.get(key);
  if (!channel) return null;
  const parent = world.channels.get(channel.parent_id) ?? null;
  return {
    key,
    channelId: channel.id,
    address: channel.id,
    bot: null,
    channel,
    parent,
    title: isThread(channel) ? channel.name : `#${channel.name}`,
    topic: channel.topic ?? "",
  };
}

function dmPlace(world, key, speaker) {
  const bot = world.bots.get(key.slice(1));
  if (!bot) return null;
  const dm = world.dmWith(bot.id, speaker);
  return {
    key,
    channelId: dm?.id ?? null,
    address: `@${bot.name}`,
    bot,
    channel: null,
    parent: null,
    title: bot.name,
    topic: `Direct messages between ${speaker} and ${bot.name}`,
  };
}

/** Every key one can go to, in the order of the sidebar. */
export function allKeys(world) {
  const channels = world.guilds.flatMap((guild) =>
    world.rows(guild).filter((row) => !row.heading).map((row) => row.channel.id));
  return [...channels, ...[...world.bots.keys()].map((id) => `@${id}`)];
}

/** The key of the place that shows this channel to this speaker; null for somebody else's DM. */
export function keyOfChannel(world, channelId, speaker) {
  if (world.channels.has(channelId)) return channelId;
  const dm = world.dms.find((known) => known.id === channelId);
  return dm && world.users.get(dm.user_id)?.name === speaker ? `@${dm.bot_id}` : null;
}

/** Examples for the empty page, taken from what is really there. */
export function examples(world) {
  const channels = [...world.channels.values()].filter((channel) => channel.type === 0);
  const bots = [...world.bots.values()];
  return {
    channel: channels.find((channel) => channel.name === "philosophy") ?? channels[0] ?? null,
    mention: bots[0] ?? null,
    dm: bots[1] ?? bots[0] ?? null,
  };
}
