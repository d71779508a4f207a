/** How far the bots have talked with each other, as whoever runs them says: chains and cooldowns. */

import { byId, icon, make } from "./dom.js";

const TICK_MS = 500;
const MOST_DOTS = 8;

/** Dispatches `change` when something begins or ends, and `tick` while something is going on. */
export class Talk extends EventTarget {
  #channels = new Map();
  #timer = 0;

  /** Take the whole state: `[{channel_id, state, bots, count, limit, left_seconds}]`. */
  take(list) {
    const now = performance.now();
    this.#channels = new Map(list.map((one) =>
      [one.channel_id, { ...one, endsAt: now + one.left_seconds * 1000 }]));
    this.dispatchEvent(new Event("change"));
    this.#schedule();
  }

  /** What goes on in a channel: `{state, bots, count, limit, left}`, or null. */
  in(channelId) {
    const one = this.#channels.get(channelId);
    const left = one ? one.endsAt - performance.now() : 0;
    return left > 0 ? { ...one, left: Math.ceil(left / 1000) } : null;
  }

  #schedule() {
    clearTimeout(this.#timer);
    if (this.#channels.size === 0) return;
    this.#timer = setTimeout(() => this.#tick(), TICK_MS);
  }

  #tick() {
    const before = this.#channels.size;
    for (const id of [...this.#channels.keys()]) {
      if (this.in(id) === null) this.#channels.delete(id);
    }
    this.dispatchEvent(new Event(this.#channels.size === before ? "tick" : "change"));
    this.#schedule();
  }
}

/** 42 seconds as 0:42. */
export const clock = (seconds) =>
  `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;

/** Say it in words, for a title and for who does not see colours. */
export function talkText(talk) {
  if (talk.state === "cooldown") {
    return "The bots rest from talking with each other here; people are answered all the same.";
  }
  const who = talk.bots.length > 1
    ? `${talk.bots.slice(0, -1).join(", ")} and ${talk.bots.at(-1)} talk with each other`
    : `${talk.bots[0] ?? "A bot"} speaks to another bot`;
  return `${who}: message ${talk.count} of ${talk.limit}.`;
}

/** Draw the chip in the room's head; `bots` are those of the world, for their colours. */
export function drawTalk(talk, bots) {
  const chip = byId("talk");
  chip.hidden = talk === null;
  if (talk === null) return;
  chip.dataset.state = talk.state;
  chip.title = talkText(talk);
  chip.replaceChildren(...(talk.state === "chain" ? chain(talk, bots) : cooldown(talk)));
}

function chain(talk, bots) {
  const tones = new Map([...bots.values()].map((bot) => [bot.name, bot.tone]));
  const names = talk.bots.flatMap((name, at) => [
    at > 0 ? make("span", { class: "talk-sign", "aria-hidden": "true", text: "⇄" }) : null,
    make("span", { class: "talk-bot", data: { tone: tones.get(name) ?? "none" }, text: name }),
  ]);
  return [
    make("span", { class: "talk-bots" }, ...names),
    talk.limit <= MOST_DOTS ? dots(talk) : null,
    make("span", { class: "talk-count", text: `${talk.count} of ${talk.limit}` }),
  ].filter(Boolean);
}

function dots({ count, limit }) {
  return make("span", { class: "talk-dots", "aria-hidden": "true" },
    ...Array.from({ length: limit }, (_, at) => make("i", { class: at < count ? "on" : "" })));
}

function cooldown(talk) {
  return [
    icon("rest"),
    make("span", { class: "talk-label", text: "cooling down" }),
    make("span", { class: "talk-left", text: clock(talk.left) }),
  ];
}
