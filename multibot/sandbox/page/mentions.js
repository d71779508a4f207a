/** @names in a draft: found while typing, turned into <@id> when sent, and back to be edited. */

const CODE = /(```[\s\S]*?```|`[^`\n]+`)/;

/** The @word that ends at the cursor: `{from, word}`, or null. */
export function mentionAt(text, cursor) {
  const match = /(^|[\s(,:;])@([\w.-]*)$/.exec(text.slice(0, cursor));
  return match ? { from: cursor - match[2].length - 1, word: match[2].toLowerCase() } : null;
}

/** Replace @name by <@id> outside code, for every name in `people`; longer names first. */
export function withIds(text, people) {
  const byLength = [...people].sort((a, b) => b.name.length - a.name.length);
  return text
    .split(CODE)
    .map((part, at) => (at % 2 === 1 ? part : byLength.reduce(replaced, part)))
    .join("");
}

/** Replace <@id> by @name outside code, for everybody in `people`. */
export function withNames(text, people) {
  const names = new Map([...people].map((person) => [person.id, person.name]));
  return text
    .split(CODE)
    .map((part, at) => (at % 2 === 1 ? part : part.replace(/<@!?(\d+)>/g,
      (raw, id) => (names.has(id) ? `@${names.get(id)}` : raw))))
    .join("");
}

function replaced(text, person) {
  const name = person.name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const pattern = new RegExp(`(?<![\\w<@])@${name}(?![\\w-])`, "giu");
  return text.replace(pattern, `<@${person.id}>`);
}
