/** What only one speaker sees: answers to slash commands that are no messages of the channel. */

/**
 * A note: `{key, channelId, speaker, bot, command, text, afterId}`; its key is the interaction's
 * id and `text` is null while the bot still works on it. Dispatches `change` with the channel's id.
 */
export class Notes extends EventTarget {
  #notes = new Map();
  #heard = new Map(); // interaction id -> Map of answer id -> text, in the order they came

  put(note) {
    this.#notes.set(note.key, note);
    this.#changed(note.key);
  }

  /** Take an answer or a change of one; it may come before the note that asked for it. */
  hear(key, answerId, text) {
    const answers = this.#heard.get(key) ?? new Map();
    this.#heard.set(key, answers.set(answerId, text));
    this.#changed(key);
  }

  drop(key) {
    const note = this.#notes.get(key);
    this.#notes.delete(key);
    this.#heard.delete(key);
    if (note) this.#tell(note);
  }

  in(channelId, speaker) {
    return [...this.#notes.values()]
      .filter((note) => note.channelId === channelId && note.speaker === speaker)
      .map((note) => ({ ...note, text: this.#text(note) }));
  }

  #text(note) {
    const answers = this.#heard.get(note.key);
    return answers ? [...answers.values()].join("\n\n") : note.text;
  }

  #changed(key) {
    const note = this.#notes.get(key);
    if (note) this.#tell(note);
  }

  #tell(note) {
    this.dispatchEvent(new CustomEvent("change", { detail: note.channelId }));
  }
}
