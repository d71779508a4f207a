/** DOM nodes: looked up by id, built from values. Content only ever becomes text nodes. */

export function byId(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`index.html has no #${id}`);
  return found;
}

/**
 * Build one element.
 * `props`: `class`, `text`, `data` (dataset), `on` (listeners); anything else is an attribute,
 * where false, null and undefined leave it out.
 */
export function make(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) set(node, name, value);
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

function set(node, name, value) {
  if (value === null || value === undefined || value === false) return;
  if (name === "class") node.className = value;
  else if (name === "text") node.textContent = value;
  else if (name === "data") Object.assign(node.dataset, value);
  else if (name === "on") listen(node, value);
  else node.setAttribute(name, value === true ? "" : value);
}

function listen(node, listeners) {
  for (const [event, listener] of Object.entries(listeners)) node.addEventListener(event, listener);
}

export function icon(name) {
  const drawn = byId("icons").content.querySelector(`[data-icon="${name}"]`);
  return drawn.cloneNode(true);
}

/** A short picture of a person or bot: initials, round for people, square for bots. */
export function avatar(name, { bot = false, tone = null, me = false } = {}) {
  const kind = bot ? "bot" : "person";
  return make("span", {
    class: `avatar ${kind}${me ? " me" : ""}`,
    data: tone === null ? {} : { tone },
    "aria-hidden": "true",
    text: initials(name),
  });
}

export function initials(name) {
  const words = name.trim().split(/[\s_.-]+/).filter(Boolean).map((word) => [...word]);
  const [first = ["?"], second] = words;
  if (second) return (first[0] + second[0]).toUpperCase();
  const last = first.at(-1); // of "user1" and "user2" the number tells more than the "s"
  return first[0].toUpperCase() + (/\d/.test(last) && first.length > 1 ? last : first[1] ?? "");
}
