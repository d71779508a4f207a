/** Sends what the composer holds: messages in order, slash commands as interactions. */

import { addUser, deleteMessage, editMessage, postInteraction, postMessage, sayTyping } from "./api.js";
import { readOptions, restOfLine } from "./commands.js";
import { created } from "./events.js";
import { withIds } from "./mentions.js";
import { placeOf } from "./places.js";

const TYPING_EVERY_MS = 8000;

export class Outbox {
  #line = Promise.resolve();
  #typedAt = -Infinity;

  /** `app` as in events.js, with speaker, book (CommandBook), composer and refuse(text). */
  constructor(app) {
    this.app = app;
  }

  /** Send a draft of this place after everything sent before; what is refused comes back. */
  send(key, draft) {
    const speaker = this.app.speaker.name;
    this.#line = this.#line.then(async () => {
      try {
        await this.#deliver(placeOf(this.app.world, key, speaker), draft, speaker);
        this.app.clearRefusal();
      } catch (fault) {
        this.app.refuse(`${draft.edit ? "Not changed" : "Not sent"}. ${fault.message}`);
        this.app.composer.restore(key, draft);
      }
    });
    this.#typedAt = -Infinity;
  }

  /** Delete one of our own messages; throws when that is refused. */
  async remove(message) {
    await deleteMessage({ id: message.id, author: message.author.name });
    this.app.messages.remove(message.channel_id, message.id);
    this.app.composer.forget(message.id);
  }

  /** Tell the others that we type, at most every eight seconds; nobody needs to know if it fails. */
  typing() {
    const place = this.app.room.place;
    if (!place?.channelId || !this.app.speaker.user) return;
    if (performance.now() - this.#typedAt < TYPING_EVERY_MS) return;
    this.#typedAt = performance.now();
    sayTyping({ channel: place.channelId, author: this.app.speaker.name }).catch(() => {});
  }

  async #deliver(place, draft, speaker) {
    if (!place) throw new Error("This channel is gone.");
    if (draft.edit) {
      await this.#amend(draft, speaker);
      return;
    }
    const isLine = draft.text.startsWith("/");
    const picked = isLine ? draft.picked ?? await this.#find(place, draft.text) : null;
    if (picked) await this.#interact(place, picked, draft.text, speaker);
    else await this.#say(place, draft, speaker);
  }

  /** The one bot here that has this command; null when no bot has, so it is plain text. */
  async #find(place, text) {
    const offers = await this.app.book.of(this.app.room.bots(place));
    const fitting = offers.filter(({ command }) => restOfLine(text, command.name) !== null);
    if (fitting.length > 1) {
      const bots = fitting.map(({ bot }) => bot.name).join(", ");
      throw new Error(`${bots} have this command: choose whose you mean from the list.`);
    }
    return fitting[0] ?? null;
  }

  async #say(place, draft, speaker) {
    const { app } = this;
    const people = [...app.world.bots.values(), ...app.world.users.values()];
    const message = await postMessage({
      channel: place.address,
      author: speaker,
      content: withIds(draft.text, people),
      replyTo: draft.reply?.id ?? null,
    });
    await this.#note(place, message);
    await created(app, message);
    app.room.sent(message.channel_id);
  }

  async #amend(draft, speaker) {
    const { world, messages } = this.app;
    const people = [...world.bots.values(), ...world.users.values()];
    const content = withIds(draft.text, people);
    messages.update(await editMessage({ id: draft.edit.id, author: speaker, content }));
  }

  /** Learn the speaker's user and the DM's channel from the answer, before the next state. */
  async #note(place, message) {
    const { world } = this.app;
    if (!world.users.has(message.author.id)) {
      world.addUser({ id: message.author.id, name: message.author.name });
    }
    if (place.bot && !place.channelId) {
      world.addDm({ id: message.channel_id, user_id: message.author.id, bot_id: place.bot.id });
    }
  }

  async #interact(place, { bot, command }, text, speaker) {
    const { app } = this;
    const rest = restOfLine(text, command.name);
    const options = readOptions(command, withIds(rest, app.world.bots.values()));
    if (!app.speaker.user) app.world.addUser(await addUser(speaker));
    const answer = await postInteraction({
      bot: bot.name, command: command.name, options, channel: place.address, author: speaker });
    if (place.bot && !place.channelId) await app.sync.state();
    const channelId = placeOf(app.world, place.key, speaker).channelId;
    if (answer.response && !answer.response.ephemeral) return; // it comes as a message
    app.notes.put({
      key: answer.id,
      channelId,
      speaker,
      bot,
      command: command.name,
      text: answer.response?.content ?? null,
      afterId: app.messages.newest(channelId)?.id ?? "0",
    });
    app.room.toBottom();
  }
}
