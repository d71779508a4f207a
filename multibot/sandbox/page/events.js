/** Applies the server's live events to our copy. */

import { plain } from "./markdown.js";

/** `app`: world, messages, unread, typing, notes, sync, room, names, announce(text). */
export function applyEvent(app, { type, data }) {
  const apply = {
    message_create: created,
    message_update: (_, message) => app.messages.update(message),
    message_delete: (_, { id, channel_id: channelId }) => app.messages.remove(channelId, id),
    typing: typed,
    presence: (_, change) => app.world.setPresence(change) || app.sync.state(),
    channel_create: () => app.sync.state(),
    user_create: () => app.sync.state(),
    interaction_response: answered,
  }[type];
  return apply?.(app, data);
}

/** A new message, from an event or from the answer to our own post. */
export async function created(app, message) {
  const channelId = message.channel_id;
  if (!app.world.knowsChannel(channelId)) await app.sync.state();
  const [fresh] = app.messages.merge(channelId, [message]);
  app.typing.stop(channelId, message.author.id);
  if (!fresh) return;
  if (!app.room.shows(channelId)) {
    app.unread.add(channelId, message.id);
    return;
  }
  if (document.hidden) app.unread.add(channelId, message.id);
  app.announce(`${message.author.name}: ${plain(message.content, app.names)}`);
}

function typed(app, { channel_id: channelId, user }) {
  if (!app.world.person(user.id)) app.sync.state();
  app.typing.start(channelId, user);
}

function answered(app, data) {
  const response = data.response ?? data;
  const key = data.interaction_id ?? data.id;
  if (typeof response.content !== "string") return;
  app.notes.answer(key, response.content, Boolean(response.ephemeral));
}
