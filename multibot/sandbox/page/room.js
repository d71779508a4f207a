/** The place one looks at: its head, its messages, who is typing in it. */

import { byId } from "./dom.js";
import { allKeys, examples, keyOfChannel, placeOf } from "./places.js";
import { drawTalk } from "./talk.js";
import { drawWelcome } from "./transcript.js";
import { typingText } from "./typing.js";
import { isThread } from "./world.js";

export class Room {
  #key = null;
  #since = null;

  /** `app`: world, messages, unread, typing, notes, talk, sync, speaker, composer, transcript, refuse. */
  constructor(app) {
    this.app = app;
  }

  get key() {
    return this.#key;
  }

  get place() {
    return placeOf(this.app.world, this.#key, this.app.speaker.name);
  }

  shows(channelId) {
    return this.place?.channelId === channelId;
  }

  /** The bots whose commands are offered here: the DM's own, or all. */
  bots(place) {
    return place.bot ? [place.bot] : [...this.app.world.bots.values()];
  }

  /** Go to a place and load it. */
  async go(key) {
    const { app } = this;
    this.#key = key;
    const { place } = this;
    app.transcript.clear();
    history.replaceState(null, "", `#${key}`);
    this.#since = place.channelId ? app.unread.read(place.channelId) : null;
    this.draw();
    await this.#load(place);
  }

  /** Stay where we are if that still exists, else go to a place that does. */
  async settle() {
    const keys = allKeys(this.app.world);
    const wanted = this.#key ?? decodeURIComponent(location.hash.slice(1));
    if (keys.includes(wanted) && wanted === this.#key) {
      this.draw();
      await this.#load(this.place);
      return;
    }
    const first = examples(this.app.world).channel?.id ?? keys[0];
    const key = keys.includes(wanted) ? wanted : first;
    if (key) await this.go(key);
    else byId("room-title").textContent = "This sandbox has no channels";
  }

  /** The place above or below in the sidebar, round the ends; `onlyUnread` passes over what is read. */
  neighbour(by, onlyUnread) {
    const { world, unread, speaker } = this.app;
    const keys = allKeys(world);
    const isUnread = (key) => unread.count(placeOf(world, key, speaker.name)?.channelId) > 0;
    const from = keys.indexOf(this.#key);
    for (let distance = 1; distance < keys.length; distance += 1) {
      const key = keys[(from + by * distance + keys.length * distance) % keys.length];
      if (!onlyUnread || isUnread(key)) return key;
    }
    return null;
  }

  goToChannel(channelId) {
    const key = keyOfChannel(this.app.world, channelId, this.app.speaker.name);
    if (key) this.go(key);
  }

  /** The page is looked at again: what came meanwhile is read now. */
  seen() {
    const channelId = this.place?.channelId;
    if (!channelId || document.hidden) return;
    this.#since = this.app.unread.read(channelId) ?? this.#since;
    this.drawMessages();
  }

  /** We spoke here: the mark of what was new goes. */
  sent(channelId) {
    if (!this.shows(channelId)) return;
    this.#since = null;
    this.drawMessages();
    this.toBottom();
  }

  toBottom() {
    this.app.transcript.toBottom();
  }

  draw() {
    const { place } = this;
    if (!place) return;
    const { app } = this;
    const inParent = place.parent && isThread(place.channel) ? `Thread in #${place.parent.name}` : "";
    byId("room-title").textContent = place.title;
    byId("room-topic").textContent = [inParent, place.topic].filter(Boolean).join(" · ");
    byId("thread-new").hidden = !canHaveThreads(place);
    app.composer.move(this.#key, `Message ${place.bot ? "@" : ""}${place.title} as ${app.speaker.name}`);
    this.drawMessages();
    this.drawTyping();
    this.drawTalk();
  }

  drawTalk() {
    const channelId = this.place?.channelId;
    drawTalk(channelId ? this.app.talk.in(channelId) : null, this.app.world.bots);
  }

  drawMessages() {
    const { app, place } = this;
    if (!place) return;
    const messages = place.channelId ? app.messages.list(place.channelId) : [];
    const notes = place.channelId ? app.notes.in(place.channelId, app.speaker.name) : [];
    const known = !place.channelId || app.messages.isLoaded(place.channelId);
    if (known && messages.length + notes.length === 0) drawWelcome(place, this.#tries(place));
    else byId("welcome").hidden = true;
    app.transcript.draw({
      messages, notes, since: this.#since, speaker: app.speaker.name, world: app.world });
  }

  drawTyping() {
    const { app, place } = this;
    const people = place?.channelId ? app.typing.in(place.channelId) : [];
    const others = people.filter((person) => person.name !== app.speaker.name);
    const text = typingText(others.map((person) => person.name));
    const line = byId("typing");
    if (line.textContent !== text) line.textContent = text;
    line.classList.toggle("on", text !== "");
  }

  async #load(place) {
    try {
      await this.app.sync.open(place.channelId);
    } catch (fault) {
      this.app.refuse(`The messages of ${place.title} did not load. ${fault.message}`);
    }
  }

  #tries(place) {
    const { channel, mention, dm } = examples(this.app.world);
    const fill = (key, text) => async () => {
      if (key !== this.#key) await this.go(key);
      this.app.composer.fill(text);
    };
    const tries = [];
    if (place.bot) {
      tries.push({ label: `say hello to ${place.bot.name}`, why: "it remembers what you tell it",
        act: fill(this.#key, `hello, my name is ${this.app.speaker.name}`) });
    }
    if (channel) {
      tries.push({ label: `say hello in #${channel.name}`, why: "a bot that listens there answers",
        act: fill(channel.id, "hello") });
    }
    if (mention && !place.bot) {
      tries.push({ label: `mention @${mention.name} anywhere`, why: "it answers in every channel",
        act: fill(this.#key, `@${mention.name} what do you think?`) });
    }
    if (dm && dm.id !== place.bot?.id) {
      tries.push({ label: `DM ${dm.name}`, why: "only the two of you read it",
        act: fill(`@${dm.id}`, "hello") });
    }
    tries.push({ label: "type /", why: "slash commands of the bots here", act: fill(this.#key, "/") });
    return tries;
  }
}

function canHaveThreads(place) {
  return place.channel !== null && [0, 5, 15].includes(place.channel.type);
}
