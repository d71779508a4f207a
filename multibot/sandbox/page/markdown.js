/** Discord's markdown, the everyday part of it, as DOM nodes. Content never becomes markup. */

import { make } from "./dom.js";
import { agoText, isoText } from "./moments.js";

const FENCE = /```(?:([\w+#.-]*)\n)?([\s\S]*?)```\n?/g;

const INLINE = new RegExp([
  /\\(?<escaped>[\\*_~`>|<@#])/,
  /(?<ticks>`+)(?!`)(?<code>[\s\S]*?[^`])\k<ticks>(?!`)/,
  /<@!?(?<user>\d+)>/,
  /<#(?<channel>\d+)>/,
  /<t:(?<moment>\d{1,11})(?::[tTdDfFR])?>/,
  /<a?(?<emoji>:\w+:)\d+>/,
  /(?<url>https?:\/\/[^\s<>]+)/,
  /\*\*(?<strong>[\s\S]+?)\*\*(?!\*)/,
  /__(?<under>[\s\S]+?)__(?!_)/,
  /~~(?<struck>[\s\S]+?)~~/,
  /\*(?<star>[^\s*](?:[^*]|\*\*)*?)(?<!\s)\*(?!\*)/,
  /(?<!\w)_(?<dash>[^\s_](?:[^_]|__)*?)_(?!\w)/,
].map((part) => part.source).join("|"), "g");

const WRAPS = [["strong", "strong"], ["under", "u"], ["struck", "s"], ["star", "em"], ["dash", "em"]];
const BLOCKS = new Set(["PRE", "BLOCKQUOTE"]);
const DEEPEST = 5;

/**
 * Render a message.
 * `names` looks ids up: `person(id)` and `channel(id)` return `{name, ...}` or null;
 * `open(id)` is called when a channel's name is pressed.
 */
export function render(text, names) {
  const out = document.createDocumentFragment();
  let from = 0;
  for (const match of text.matchAll(FENCE)) {
    out.append(...lines(text.slice(from, match.index), names), fence(match[1], match[2]));
    from = match.index + match[0].length;
  }
  out.append(...lines(text.slice(from), names));
  return out;
}

/** The same as one line of plain words, for previews and announcements. */
export function plain(text, names) {
  return [...render(text, names).childNodes]
    .map((node) => (BLOCKS.has(node.nodeName) ? ` ${node.textContent} ` : node.textContent))
    .join("")
    .replace(/\s+/g, " ")
    .trim();
}

function fence(language, code) {
  const body = make("code", { text: code.replace(/\n$/, "") });
  return make("pre", { data: language ? { language } : {}, tabindex: "0" }, body);
}

function lines(text, names) {
  const nodes = [];
  let prose = [];
  const flush = () => {
    if (prose.length > 0) nodes.push(...inline(prose.join("\n"), names));
    prose = [];
  };
  const rest = text.split("\n");
  while (rest.length > 0) {
    const quoted = quote(rest);
    if (quoted === null) {
      prose.push(rest.shift());
    } else {
      flush();
      nodes.push(make("blockquote", {}, ...inline(quoted, names)));
    }
  }
  flush();
  return nodes;
}

/** Take the quoted lines off the front; null when there are none. */
function quote(rest) {
  if (rest[0].startsWith(">>> ")) {
    return rest.splice(0).join("\n").slice(4);
  }
  const taken = [];
  while (rest.length > 0 && /^> ?/.test(rest[0]) && rest[0] !== ">") {
    taken.push(rest.shift().replace(/^> ?/, ""));
  }
  return taken.length > 0 ? taken.join("\n") : null;
}

function inline(text, names, depth = 0) {
  if (depth > DEEPEST) return [text];
  const nodes = [];
  let from = 0;
  for (const match of text.matchAll(INLINE)) {
    if (match.index > from) nodes.push(text.slice(from, match.index));
    nodes.push(...token(match, names, depth));
    from = match.index + match[0].length;
  }
  if (from < text.length) nodes.push(text.slice(from));
  return nodes;
}

function token(match, names, depth) {
  const found = match.groups;
  for (const [group, tag] of WRAPS) {
    if (found[group] !== undefined) {
      return [make(tag, {}, ...inline(found[group], names, depth + 1))];
    }
  }
  if (found.code !== undefined) return [make("code", { text: found.code.replace(/^ (.+) $/, "$1") })];
  if (found.moment) return [momentNode(Number(found.moment))];
  if (found.user) return [mention(found.user, match[0], names)];
  if (found.channel) return [channelLink(found.channel, match[0], names)];
  return [found.escaped ?? found.emoji ?? found.url];
}

function momentNode(seconds) {
  const iso = isoText(seconds * 1000);
  return make("time", { datetime: iso, title: iso, text: agoText(seconds * 1000) });
}

function mention(id, raw, names) {
  const person = names.person(id);
  if (!person) return raw;
  const data = person.tone ? { tone: person.tone } : {};
  return make("span", { class: "mention", data, text: `@${person.name}` });
}

function channelLink(id, raw, names) {
  const channel = names.channel(id);
  if (!channel) return raw;
  return make("button", {
    class: "channel-link",
    type: "button",
    text: `#${channel.name}`,
    on: { click: () => names.open(id) },
  });
}
