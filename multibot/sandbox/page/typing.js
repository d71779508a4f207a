/** Who is typing where; each sign of it lasts ten seconds, as on Discord. */

const LASTS_MS = 10000;

/** Dispatches `change` with the channel's id as detail. */
export class Typing extends EventTarget {
  #channels = new Map();

  start(channelId, user) {
    const people = this.#channels.get(channelId) ?? new Map();
    clearTimeout(people.get(user.id)?.timer);
    const timer = setTimeout(() => this.stop(channelId, user.id), LASTS_MS);
    people.set(user.id, { user, timer });
    this.#channels.set(channelId, people);
    this.#changed(channelId);
  }

  stop(channelId, userId) {
    const people = this.#channels.get(channelId);
    clearTimeout(people?.get(userId)?.timer);
    if (people?.delete(userId)) this.#changed(channelId);
  }

  in(channelId) {
    return [...(this.#channels.get(channelId)?.values() ?? [])].map((entry) => entry.user);
  }

  #changed(channelId) {
    this.dispatchEvent(new CustomEvent("change", { detail: channelId }));
  }
}

/** Say it in words: "sage is typing", "sage and spark are typing", "several people are typing". */
export function typingText(names) {
  if (names.length === 0) return "";
  if (names.length === 1) return `${names[0]} is typing`;
  if (names.length > 3) return "Several people are typing";
  return `${names.slice(0, -1).join(", ")} and ${names.at(-1)} are typing`;
}
