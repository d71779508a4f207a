/** Slash commands: what the bots here offer, and how a typed line becomes an interaction. */

import { readCommands } from "./api.js";

const FRESH_MS = 10000;
const CHAT_INPUT = 1;
const GROUPS = new Set([1, 2]);
const NUMBERS = new Set([4, 10]);
const BOOLEAN = 5;
const IDS = new Set([6, 7, 8, 9]);

/** The commands of each bot, asked for again when they are older than ten seconds. */
export class CommandBook {
  #byBot = new Map();
  #askedAt = new Map();

  /** Every command of these bots: `[{bot, command}]`. A bot that cannot be asked offers none. */
  async of(bots) {
    const lists = await Promise.all(bots.map((bot) => this.#read(bot)));
    return lists.flatMap((commands, at) =>
      commands.map((command) => ({ bot: bots[at], command })));
  }

  async #read(bot) {
    const age = performance.now() - (this.#askedAt.get(bot.id) ?? -Infinity);
    if (age < FRESH_MS) return this.#byBot.get(bot.id);
    const list = await readCommands(bot.name).catch(() => null);
    if (list === null) return this.#byBot.get(bot.id) ?? [];
    const commands = list.filter((command) => (command.type ?? CHAT_INPUT) === CHAT_INPUT);
    const byName = new Map(commands.flatMap(leaves).map((command) => [command.name, command]));
    this.#byBot.set(bot.id, [...byName.values()]);
    this.#askedAt.set(bot.id, performance.now());
    return this.#byBot.get(bot.id);
  }
}

/** A command with subcommands is several: "forum open", "forum close". */
function leaves(command) {
  const below = (command.options ?? []).filter((option) => GROUPS.has(option.type));
  if (below.length === 0) return [command];
  return below.flatMap((option) => leaves({ ...option, name: `${command.name} ${option.name}` }));
}

/** What follows this command's name in the line; null when the line is not for this command. */
export function restOfLine(text, name) {
  const line = text.trim();
  const head = `/${name}`;
  if (line.slice(0, head.length).toLowerCase() !== head) return null;
  const rest = line.slice(head.length);
  return rest === "" || /^\s/.test(rest) ? rest.trim() : null;
}

/** Say how to write a command's options, or "" when it has none. */
export function usage(command) {
  return (command.options ?? [])
    .map((option) => (option.required ? `${option.name}:` : `[${option.name}:]`))
    .join(" ");
}

/**
 * Read the options out of the rest of the line: `name:value`, `name:"two words"`, or, when the
 * command has a single option, just its value. Throws an Error that says what is wrong.
 */
export function readOptions(command, rest) {
  const known = command.options ?? [];
  const named = namedOptions(rest, known);
  if (named === null && rest && known.length !== 1) throw new Error(misfit(command, known));
  const given = named ?? (rest ? { [known[0].name]: rest } : {});
  const missing = known.find((option) => option.required && !(option.name in given));
  if (missing) throw new Error(`/${command.name} needs ${missing.name}: ${missing.description ?? ""}`);
  return Object.fromEntries(known
    .filter((option) => option.name in given)
    .map((option) => [option.name, typed(option, given[option.name])]));
}

function misfit(command, known) {
  return known.length === 0
    ? `/${command.name} takes no options.`
    : `Write the options of /${command.name} as ${usage(command)}`;
}

function namedOptions(rest, known) {
  const names = known.map((option) => option.name);
  const given = {};
  const left = rest.replace(/([\w-]+):\s*(?:"([^"]*)"|(\S+))/g, (raw, name, quoted, bare) => {
    if (!names.includes(name)) return raw;
    given[name] = quoted ?? bare;
    return "";
  });
  return rest && left.trim() === "" ? given : null;
}

function typed(option, text) {
  if (NUMBERS.has(option.type)) {
    const number = Number(text);
    if (Number.isNaN(number)) throw new Error(`${option.name} must be a number, not "${text}".`);
    return number;
  }
  if (option.type === BOOLEAN) return /^(true|yes|on|1)$/i.test(text);
  if (IDS.has(option.type)) return text.replace(/\D/g, "") || text;
  const choice = (option.choices ?? []).find((one) => one.name.toLowerCase() === text.toLowerCase());
  return choice ? choice.value : text;
}
