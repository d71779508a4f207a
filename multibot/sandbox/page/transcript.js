/** The messages of the current place, kept in step with our copy, with as little redrawing as possible. */

import { byId, make } from "./dom.js";
import { dayNode, isSystem, messageNode, noteNode, unreadNode } from "./message.js";
import { minutesBetween, sameDay } from "./moments.js";
import { compareIds } from "./messages.js";

const CLOSE_TOGETHER_MINUTES = 6;
const NEAR_BOTTOM = 80;

export class Transcript {
  #scroller = byId("scroller");
  #list = byId("messages");
  #jump = byId("jump");
  #nodes = new Map(); // key -> {node, sign}

  /** `acts`: reply, thread, edit and remove(message), dismiss(key), names (see markdown.js). */
  constructor(acts) {
    this.acts = acts;
    this.#jump.addEventListener("click", () => this.toBottom());
    this.#scroller.addEventListener("scroll", () => {
      if (this.#atBottom()) this.#jump.hidden = true;
    });
    this.#scroller.addEventListener("keydown", (event) => this.#walk(event));
    new ResizeObserver(() => this.#keepBottom()).observe(this.#scroller);
  }

  /** Forget what is drawn: another place comes. */
  clear() {
    this.#nodes.clear();
    this.#list.replaceChildren();
    this.#jump.hidden = true;
    this.stuck = true;
  }

  /** Draw `{messages, notes, since, speaker, world}`; `since` is the first unread message's id. */
  draw(view) {
    const stick = this.stuck || this.#atBottom();
    const before = this.#list.lastElementChild;
    this.#reconcile(this.#entries(view));
    if (stick) this.toBottom();
    else if (this.#list.lastElementChild !== before) this.#jump.hidden = false;
  }

  toBottom() {
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
    this.#jump.hidden = true;
    this.stuck = true;
  }

  /** Show a message and point it out. */
  jumpTo(id) {
    const node = document.getElementById(`m-${id}`);
    if (!node) return;
    node.scrollIntoView({ block: "center" });
    node.focus({ preventScroll: true });
    node.classList.remove("pointed");
    requestAnimationFrame(() => node.classList.add("pointed"));
  }

  #atBottom() {
    const { scrollHeight, scrollTop, clientHeight } = this.#scroller;
    const near = scrollHeight - scrollTop - clientHeight < NEAR_BOTTOM;
    this.stuck = near;
    return near;
  }

  #keepBottom() {
    if (this.stuck) this.toBottom();
  }

  #entries(view) {
    const entries = [];
    const notes = [...view.notes];
    let previous = null;
    for (const message of view.messages) {
      entries.push(...this.#notesBefore(notes, message, view));
      entries.push(...this.#dividers(message, previous, view));
      entries.push(this.#message(message, previous, view));
      previous = message;
    }
    return [...entries, ...notes.map((note) => this.#note(note))];
  }

  #notesBefore(notes, message) {
    const at = notes.findIndex((note) => compareIds(note.afterId, message.id) >= 0);
    return notes.splice(0, at === -1 ? notes.length : at).map((note) => this.#note(note));
  }

  #dividers(message, previous, { since }) {
    const entries = [];
    if (!previous || !sameDay(previous.timestamp, message.timestamp)) {
      entries.push({
        key: `day ${message.id}`, sign: "", build: () => dayNode(message.timestamp) });
    }
    if (message.id === since) entries.push({ key: "unread", sign: "", build: unreadNode });
    return entries;
  }

  #message(message, previous, view) {
    const author = authorOf(message, view.world);
    const target = message.reply_to
      ? view.messages.find((other) => other.id === message.reply_to) ?? null : null;
    const shown = {
      message,
      author,
      me: !author.bot && author.name === view.speaker,
      follows: follows(message, previous) && message.id !== view.since,
      target,
      targetAuthor: target && authorOf(target, view.world),
    };
    const sign = JSON.stringify([
      message.content, message.edited_timestamp, author, shown.me, shown.follows, target?.content]);
    return { key: message.id, sign, build: () => messageNode(shown, this.acts.names, this.acts) };
  }

  #note(note) {
    return {
      key: `note ${note.key}`,
      sign: String(note.text),
      build: () => noteNode(note, this.acts.names, this.acts.dismiss),
    };
  }

  #reconcile(entries) {
    const wanted = new Set(entries.map((entry) => entry.key));
    for (const [key, { node }] of this.#nodes) {
      if (!wanted.has(key)) {
        node.remove();
        this.#nodes.delete(key);
      }
    }
    let at = this.#list.firstElementChild;
    for (const entry of entries) {
      const old = this.#nodes.get(entry.key)?.node;
      const node = this.#node(entry);
      if (old && old === at) at = node;
      if (node === at) at = at.nextElementSibling;
      else this.#list.insertBefore(node, at);
    }
  }

  #node(entry) {
    const drawn = this.#nodes.get(entry.key);
    if (drawn?.sign === entry.sign) return drawn.node;
    const node = entry.build();
    if (drawn) drawn.node.replaceWith(node);
    this.#nodes.set(entry.key, { node, sign: entry.sign });
    return node;
  }

  #walk(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const all = [...this.#list.querySelectorAll(".message")];
    const here = all.indexOf(document.activeElement?.closest(".message"));
    const next = { ArrowUp: here === -1 ? all.length - 1 : here - 1, ArrowDown: here + 1 }[event.key];
    if (next === undefined || !all[next]) return;
    event.preventDefault();
    all[next].focus();
    all[next].scrollIntoView({ block: "nearest" });
  }
}

/** The author as the world knows it, with the bot's colour. */
function authorOf(message, world) {
  const bot = world.bots.get(message.author.id);
  return { ...message.author, bot: message.author.bot, tone: bot?.tone ?? null };
}

function follows(message, previous) {
  return previous !== null
    && !isSystem(previous)
    && !message.reply_to
    && previous.author.id === message.author.id
    && previous.type < 20 && message.type < 20
    && sameDay(previous.timestamp, message.timestamp)
    && minutesBetween(previous.timestamp, message.timestamp) < CLOSE_TOGETHER_MINUTES;
}

/** Fill the page of a place where nothing was said: what it is, and what to try. */
export function drawWelcome(place, tries) {
  const welcome = byId("welcome");
  const list = make("ul", {}, ...tries.map((one) => make("li", {},
    make("button", { class: "try", type: "button", on: { click: one.act } },
      make("span", { class: "try-label", text: one.label }),
      make("span", { class: "try-why", text: one.why })))));
  welcome.replaceChildren(
    make("h3", { text: place.bot ? `You and ${place.bot.name}` : `Nothing said in ${place.title} yet` }),
    make("p", { text: place.bot
      ? "Whatever you write here is answered by this bot alone."
      : "Bots answer in the channels they listen to, when they are mentioned, and in direct messages." }),
    make("h4", { text: "Things to try" }), list);
  welcome.hidden = false;
}
