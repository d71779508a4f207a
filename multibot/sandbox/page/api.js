/** The sandbox's JSON API, one function for each address. */

const PATIENCE_MS = 15000;

/** The server said no, or said nothing; `message` is a sentence for the page. */
class Refused extends Error {
  constructor(message, status = 0) {
    super(message);
    this.name = "Refused";
    this.status = status;
  }
}

async function ask(path, body, method = "POST") {
  const answer = await reach(path, body, method);
  const data = await answer.json().catch(() => null);
  if (!answer.ok) throw new Refused(reason(data, answer), answer.status);
  if (data === null) throw new Refused("The sandbox sent an answer that is not JSON.");
  return data;
}

async function reach(path, body, method) {
  const options = { signal: AbortSignal.timeout(PATIENCE_MS), cache: "no-store" };
  if (body !== undefined) {
    options.method = method;
    options.headers = { "Content-Type": "application/json" };
    options.body = JSON.stringify(body);
  }
  try {
    return await fetch(path, options);
  } catch {
    throw new Refused("The sandbox does not answer. Is it still running?");
  }
}

function reason(data, answer) {
  const said = details(data?.errors) || data?.error || data?.message;
  return said || `The sandbox refused this (${answer.status} ${answer.statusText}).`;
}

/** Discord's nested field errors as one line: "content: Must be 2000 or fewer in length." */
function details(errors, field = "") {
  if (errors === null || typeof errors !== "object") return "";
  const here = (errors._errors ?? []).map(({ message }) => (field ? `${field}: ${message}` : message));
  const below = Object.entries(errors)
    .filter(([name]) => name !== "_errors")
    .map(([name, nested]) => details(nested, name));
  return [...here, ...below].filter(Boolean).join(" ");
}

function query(values) {
  const pairs = Object.entries(values).filter(([, value]) => value !== null && value !== undefined);
  return new URLSearchParams(pairs).toString();
}

export const readState = () => ask("/sandbox/state");

/** `channel` is an id or, with `user`, an @bot. Oldest first; the newest ones without `after`. */
export const readMessages = async ({ channel, user, after, limit = 50 }) =>
  (await ask(`/sandbox/messages?${query({ channel, user, after, limit })}`)).messages;

export const postMessage = ({ channel, author, content, replyTo = null }) =>
  ask("/sandbox/messages", {
    channel,
    author,
    content,
    ...(replyTo === null ? {} : { reply_to: replyTo }),
  });

export const editMessage = ({ id, author, content }) =>
  ask(`/sandbox/messages/${id}`, { author, content }, "PATCH");

export const deleteMessage = ({ id, author }) =>
  ask(`/sandbox/messages?${query({ author, id })}`, {}, "DELETE");

export const addUser = (name) => ask("/sandbox/users", { name });

export const addChannel = ({ name, guild }) => ask("/sandbox/channels", { name, guild, type: 0 });

export const addThread = ({ channel, name, author }) =>
  ask("/sandbox/threads", { channel, name, author });

export const sayTyping = ({ channel, author }) => ask("/sandbox/typing", { channel, author });

export const readCommands = async (bot) => {
  const data = await ask(`/sandbox/commands?${query({ bot })}`);
  return Array.isArray(data) ? data : data.commands;
};

export const postInteraction = ({ bot, command, options, channel, author }) =>
  ask("/sandbox/interactions", { bot, command, options, channel, author });
