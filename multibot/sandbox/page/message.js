/** What one entry of the transcript looks like: a message, a note, a divider. */

import { avatar, icon, make } from "./dom.js";
import { plain, render } from "./markdown.js";
import { clockText, dayText, isoText } from "./moments.js";

const PREVIEW = 120;
const SYSTEM_TEXTS = new Map([
  [6, "pinned a message"],
  [7, "joined"],
  [18, "started a thread"],
  [21, "opened this thread"],
]);
const COMMAND_ANSWERS = new Set([20, 23]);

export const isSystem = (message) => SYSTEM_TEXTS.has(message.type);

/**
 * One message.
 * `shown`: `{message, author, me, follows, target, targetAuthor}`; `names` as in markdown;
 * `acts`: `reply(message)`, `thread(message)`, `jump(id)`, and for one's own `edit(message)`,
 * `remove(message)`.
 */
export function messageNode(shown, names, acts) {
  const { message, author, me, follows } = shown;
  if (isSystem(message)) return systemNode(message, author, names);
  const kind = author.bot ? "bot" : me ? "me" : "person";
  return make("li",
    {
      class: `message ${kind}${follows ? " follows" : ""}`,
      id: `m-${message.id}`,
      tabindex: "-1",
      data: { id: message.id, ...(author.tone ? { tone: author.tone } : {}) },
    },
    message.reply_to ? replyLine(shown, names, acts) : null,
    follows ? stamp(message, "margin-time") : avatar(author.name, { ...author, me }),
    follows ? null : head(message, author, me),
    content(message, author, names),
    tools(message, me, acts),
  );
}

function content(message, author, names) {
  if (message.content === "" && COMMAND_ANSWERS.has(message.type)) {
    return make("div", { class: "content waiting", text: `${author.name} is thinking` });
  }
  return make("div", { class: "content" }, render(message.content, names), edited(message));
}

function head(message, author, me) {
  return make("div", { class: "head" },
    make("span", { class: "author", text: author.name }),
    author.bot ? make("span", { class: "badge", text: "bot" }) : null,
    me ? make("span", { class: "you", text: "you" }) : null,
    COMMAND_ANSWERS.has(message.type)
      ? make("span", { class: "aside", text: "answers a slash command" }) : null,
    stamp(message, "time"));
}

function stamp(message, name) {
  const iso = isoText(message.timestamp);
  return make("time", {
    class: name, datetime: iso, title: iso, text: clockText(message.timestamp) });
}

function edited(message) {
  if (!message.edited_timestamp) return null;
  return make("span", {
    class: "edited", text: " (edited)", title: isoText(message.edited_timestamp) });
}

function replyLine({ message, target, targetAuthor }, names, acts) {
  if (!target) {
    return make("div", { class: "reply-line" }, make("span", { text: "a message that is not here" }));
  }
  const text = plain(target.content, names);
  return make("button",
    {
      class: "reply-line",
      type: "button",
      tabindex: "-1",
      data: { tone: targetAuthor.tone ?? "none" },
      "aria-label": `In reply to ${targetAuthor.name}: ${text}`,
      on: { click: () => acts.jump(message.reply_to) },
    },
    make("span", { class: "reply-author", text: targetAuthor.name }),
    make("span", { class: "reply-text", text: shortened(text) }));
}

const shortened = (text) => (text.length > PREVIEW ? `${text.slice(0, PREVIEW)}…` : text);

function tools(message, me, acts) {
  const button = (name, label, act) => make("button",
    { class: "quiet small", type: "button", tabindex: "-1", "aria-label": label, title: label,
      on: { click: () => act(message) } },
    icon(name));
  return make("div", { class: "tools" },
    button("reply", "Reply (R)", acts.reply),
    me ? button("edit", "Edit (E)", acts.edit) : null,
    me ? button("bin", "Delete (Del)", acts.remove) : null,
    acts.thread ? button("thread", "New thread (T)", acts.thread) : null);
}

function systemNode(message, author, names) {
  const subject = plain(message.content, names);
  return make("li", { class: "system", id: `m-${message.id}`, data: { id: message.id } },
    make("span", { class: "author", text: author.name }),
    make("span", { text: ` ${SYSTEM_TEXTS.get(message.type)}${subject ? `: ${subject}` : ""} ` }),
    stamp(message, "time"));
}

export function dayNode(iso) {
  return make("li", { class: "divider day" }, make("span", { text: dayText(iso) }));
}

export function unreadNode() {
  return make("li", { class: "divider unread" }, make("span", { text: "New" }));
}

/** An answer that only this speaker sees. */
export function noteNode(note, names, dismiss) {
  const waiting = note.text === null;
  const close = make("button",
    { class: "plain small", type: "button", text: "Dismiss", on: { click: () => dismiss(note.key) } });
  return make("li",
    { class: "note", data: { tone: note.bot.tone } },
    make("p", { class: "note-command" },
      make("span", { text: `${note.speaker} used ` }), make("code", { text: `/${note.command}` })),
    avatar(note.bot.name, { bot: true, tone: note.bot.tone }),
    make("div", { class: "head" },
      make("span", { class: "author", text: note.bot.name }),
      make("span", { class: "badge", text: "bot" })),
    waiting
      ? make("div", { class: "content waiting", text: `${note.bot.name} is thinking` })
      : make("div", { class: "content" }, render(note.text, names)),
    make("p", { class: "note-foot" },
      make("span", { text: waiting ? "No answer yet. " : "Only you can see this. " }), close));
}
