/** Applies the server's live events to our copy. */

import { plain } from "./markdown.js";

/** `app`: world, messages, unread, typing, notes, sync, room, speaker, names, talk, announce(text). */
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
    talk: (_, { channels }) => app.talk.take(channels),
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
  const shown = app.room.shows(channelId);
  if ((!shown || document.hidden) && !app.speaker.wrote(message)) app.unread.add(channelId, message.id);
  if (shown) app.announce(`${message.author.name}: ${plain(message.content, app.names)}`);
}

function typed(app, { channel_id: channelId, user }) {
  if (!app.world.person(user.id)) app.sync.state();
  app.typing.start(channelId, user);
}

/** What all may see comes as a message too; only what is for one speaker becomes a note. */
function answered(app, { id, message, response }) {
  if (response.ephemeral) app.notes.hear(id, message?.id ?? "", response.content);
  else app.notes.drop(id);
}
