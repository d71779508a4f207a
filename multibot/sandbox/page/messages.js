/** Messages by channel, in the order of their ids, and what is unread. */

const KEPT = 500;

/** Compare two ids (decimal numbers as text) without losing digits. */
export const compareIds = (a, b) =>
  a.length - b.length || (a < b ? -1 : Number(a > b));

export const idBefore = (id) => String(BigInt(id) - 1n);

/** Dispatches `change` with the channel's id as detail. */
export class Messages extends EventTarget {
  #lists = new Map();
  #loaded = new Set();
  highest = "0";

  list(channelId) {
    return this.#lists.get(channelId) ?? [];
  }

  find(channelId, id) {
    return this.list(channelId).find((message) => message.id === id) ?? null;
  }

  newest(channelId) {
    return this.list(channelId).at(-1) ?? null;
  }

  isLoaded(channelId) {
    return this.#loaded.has(channelId);
  }

  /** Add what is new and return it; known ones are brought up to date. */
  merge(channelId, incoming, { loaded = false } = {}) {
    const known = new Map(this.list(channelId).map((message) => [message.id, message]));
    const fresh = incoming.filter((message) => !known.has(message.id));
    for (const message of incoming) known.set(message.id, message);
    const ordered = [...known.values()].sort((a, b) => compareIds(a.id, b.id));
    this.#lists.set(channelId, ordered.slice(-KEPT));
    if (loaded) this.#loaded.add(channelId);
    this.#raise(ordered.at(-1));
    if (incoming.length > 0 || loaded) this.#changed(channelId);
    return fresh;
  }

  update(message) {
    if (this.find(message.channel_id, message.id)) this.merge(message.channel_id, [message]);
  }

  remove(channelId, id) {
    this.#lists.set(channelId, this.list(channelId).filter((message) => message.id !== id));
    this.#changed(channelId);
  }

  /** Drop a channel's copy: the server no longer has what we have. */
  forget(channelId) {
    this.#lists.delete(channelId);
    this.#loaded.delete(channelId);
    this.#changed(channelId);
  }

  #raise(message) {
    if (message && compareIds(message.id, this.highest) > 0) this.highest = message.id;
  }

  #changed(channelId) {
    this.dispatchEvent(new CustomEvent("change", { detail: channelId }));
  }
}

/** Unread counts; `since` is the first unread message. Dispatches `change`. */
export class Unread extends EventTarget {
  #channels = new Map();

  add(channelId, id) {
    const { count = 0, since = id } = this.#channels.get(channelId) ?? {};
    this.#channels.set(channelId, { count: count + 1, since });
    this.dispatchEvent(new Event("change"));
  }

  count(channelId) {
    return this.#channels.get(channelId)?.count ?? 0;
  }

  /** Mark as read; return the first message that was not, or null. */
  read(channelId) {
    const since = this.#channels.get(channelId)?.since ?? null;
    if (this.#channels.delete(channelId)) this.dispatchEvent(new Event("change"));
    return since;
  }
}
