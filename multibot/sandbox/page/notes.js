/** What only one speaker sees: answers to slash commands that are no messages of the channel. */

/**
 * A note: `{key, channelId, speaker, bot, command, text, ephemeral, afterId}`;
 * `text` is null while the bot still works on it. Dispatches `change` with the channel's id.
 */
export class Notes extends EventTarget {
  #notes = new Map();

  put(note) {
    this.#notes.set(note.key, note);
    this.#changed(note.channelId);
  }

  /** Fill in an answer that came late; false when nobody here waits for it. */
  answer(key, text, ephemeral) {
    const note = this.#notes.get(key);
    if (!note) return false;
    this.put({ ...note, text, ephemeral });
    return true;
  }

  get(key) {
    return this.#notes.get(key) ?? null;
  }

  drop(key) {
    const note = this.#notes.get(key);
    this.#notes.delete(key);
    if (note) this.#changed(note.channelId);
  }

  in(channelId, speaker) {
    return [...this.#notes.values()].filter(
      (note) => note.channelId === channelId && note.speaker === speaker);
  }

  #changed(channelId) {
    this.dispatchEvent(new CustomEvent("change", { detail: channelId }));
  }
}
