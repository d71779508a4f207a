/** The left column: guilds with their channels and threads, DMs with each bot. */

import { byId, icon, make } from "./dom.js";
import { talkText } from "./talk.js";
import { isThread } from "./world.js";
import { placeOf } from "./places.js";

const GLYPHS = new Map([[2, "♪"], [5, "!"], [13, "♪"], [15, "≡"]]);

/** Draw everything; keeps the focus where it was. `acts`: go(key), addChannel(guild). */
export function drawSidebar({ world, unread, talk, speaker, current }, acts) {
  const places = byId("places");
  const focused = places.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  const row = (props) => placeRow(props, current, acts);
  places.replaceChildren(
    ...world.guilds.map((guild) => guildSection(guild, { world, unread, talk }, row, acts)),
    dmSection(world, unread, speaker, row));
  if (focused) places.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
}

function guildSection(guild, { world, unread, talk }, row, acts) {
  const label = `Add a channel to ${guild.name}`;
  const add = make("button",
    { class: "quiet small", type: "button", "aria-label": label, title: label,
      data: { key: `add ${guild.id}` }, on: { click: () => acts.addChannel(guild) } },
    icon("plus"));
  const rows = world.rows(guild).map(({ channel, depth, heading }) => (heading
    ? make("li", { class: "category", text: channel.name })
    : row({
      key: channel.id,
      label: channel.name,
      mark: make("span", { class: "glyph", "aria-hidden": "true",
        text: isThread(channel) ? "↳" : GLYPHS.get(channel.type) ?? "#" }),
      kind: isThread(channel) ? "thread" : "channel",
      depth: Math.min(depth, 2),
      count: unread.count(channel.id),
      talk: talk.in(channel.id),
    })));
  return make("section", { class: "guild" },
    make("div", { class: "section-head" }, make("h2", { text: guild.name }), add),
    make("ul", {}, ...rows));
}

function dmSection(world, unread, speaker, row) {
  const rows = [...world.bots.values()].map((bot) => {
    const { channelId } = placeOf(world, `@${bot.id}`, speaker);
    return row({
      key: `@${bot.id}`,
      label: bot.name,
      mark: presence(bot),
      kind: `direct message, ${presenceText(bot)}`,
      depth: 0,
      tone: bot.tone,
      count: channelId ? unread.count(channelId) : 0,
    });
  });
  return make("section", { class: "guild" },
    make("div", { class: "section-head" }, make("h2", { text: "Direct messages" })),
    rows.length > 0
      ? make("ul", {}, ...rows)
      : make("p", { class: "none", text: "No bot has been here yet." }));
}

function placeRow({ key, label, mark, kind, depth, tone, count, talk = null }, current, acts) {
  const unreadText = count > 0 ? `, ${count} unread` : "";
  const talkName = talk && { chain: "bots talk", cooldown: "bots rest" }[talk.state];
  return make("li", { data: { depth: String(depth) } },
    make("button",
      {
        class: `place${count > 0 ? " has-unread" : ""}`,
        type: "button",
        data: { key, ...(tone ? { tone } : {}) },
        "aria-current": key === current ? "page" : null,
        "aria-label": `${label}, ${kind}${talkName ? `, ${talkName}` : ""}${unreadText}`,
        on: { click: () => acts.go(key) },
      },
      mark,
      make("span", { class: "place-name", text: label }),
      talkName
        ? make("span", { class: "place-talk", data: { state: talk.state }, title: talkText(talk) },
          talk.state === "chain" ? icon("talk") : icon("rest"))
        : null,
      count > 0 ? make("span", { class: "pill", text: count > 99 ? "99+" : String(count) }) : null));
}

const presenceText = (bot) => (bot.online ? bot.status || "online" : "offline");

/** A dot: filled when online, hollow when not. */
export function presence(bot) {
  const state = presenceText(bot);
  return make("span", { class: "presence", data: { state }, title: state, role: "img", "aria-label": state });
}

/** The bots at the top right of the room, with their colours and presence. */
export function drawFleet(world, mention) {
  byId("fleet").replaceChildren(...[...world.bots.values()].map((bot) => {
    const state = presenceText(bot);
    return make("li", {},
      make("button",
        { class: "fleet-bot", type: "button", data: { tone: bot.tone },
          title: `Mention ${bot.name} (${state})`, "aria-label": `Mention ${bot.name}, ${state}`,
          on: { click: () => mention(bot) } },
        presence(bot), make("span", { text: bot.name })));
  }));
}
