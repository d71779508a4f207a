/** What the server says exists: guilds, channels, people, bots, DMs. Can be thrown away and asked for again. */

const CATEGORY = 4;
const THREADS = new Set([10, 11, 12]);
const TONES = 8;

export const isThread = (channel) => THREADS.has(channel.type);

/** Dispatches `change` whenever anything in it changed. */
export class World extends EventTarget {
  guilds = [];
  channels = new Map();
  users = new Map();
  bots = new Map();
  dms = [];

  take(state) {
    this.guilds = state.guilds ?? [];
    this.channels = new Map(this.guilds.flatMap((guild) =>
      guild.channels.map((channel) => [channel.id, { ...channel, guild_id: guild.id }])));
    this.users = new Map((state.users ?? []).map((user) => [user.id, user]));
    const bots = state.bots ?? [];
    this.bots = new Map(bots.map((bot, at) => [bot.id, { ...bot, tone: String(at % TONES + 1) }]));
    this.dms = state.dms ?? [];
    this.#changed();
  }

  /** Note a DM that a message's answer told of, before the server's next state does. */
  addDm(dm) {
    if (this.dms.some((known) => known.id === dm.id)) return;
    this.dms = [...this.dms, dm];
    this.#changed();
  }

  addUser(user) {
    this.users.set(user.id, user);
    this.#changed();
  }

  /** Say whether the bot is known; an unknown one means that the state is old. */
  setPresence({ bot_id: id, online, status }) {
    const bot = this.bots.get(id);
    if (!bot) return false;
    this.bots.set(id, { ...bot, online, status });
    this.#changed();
    return true;
  }

  knowsChannel(id) {
    return this.channels.has(id) || this.dms.some((dm) => dm.id === id);
  }

  userNamed(name) {
    return [...this.users.values()].find((user) => user.name === name) ?? null;
  }

  person(id) {
    return this.bots.get(id) ?? this.users.get(id) ?? null;
  }

  dmWith(botId, userName) {
    const user = this.userNamed(userName);
    return this.dms.find((dm) => dm.bot_id === botId && dm.user_id === user?.id) ?? null;
  }

  /** The guild's channels in order: categories, channels below them, threads below their parent. */
  rows(guild) {
    const ids = new Set(guild.channels.map((channel) => channel.id));
    const below = byParent(guild.channels);
    const tops = guild.channels.filter((channel) => !ids.has(channel.parent_id));
    const walk = (channel, depth) => [
      { channel, depth, heading: channel.type === CATEGORY },
      ...(below.get(channel.id) ?? []).flatMap((child) =>
        walk(child, channel.type === CATEGORY ? depth : depth + 1)),
    ];
    return tops.flatMap((channel) => walk(channel, 0));
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}

function byParent(channels) {
  const below = new Map();
  for (const channel of channels) {
    const key = channel.parent_id ?? "";
    below.set(key, [...(below.get(key) ?? []), channel]);
  }
  return below;
}
