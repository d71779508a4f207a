/** Puts the page together: one copy of the server's state, views that follow it, acts that change it. */

import { addChannel, addThread } from "./api.js";
import { CommandBook } from "./commands.js";
import { Composer } from "./composer.js";
import { askName, askSure, wireDialogs } from "./dialogs.js";
import { byId, icon } from "./dom.js";
import { setDrawer, wireDrawer } from "./drawer.js";
import { applyEvent } from "./events.js";
import { wireKeys } from "./keys.js";
import { Live } from "./live.js";
import { plain } from "./markdown.js";
import { withNames } from "./mentions.js";
import { Messages, Unread } from "./messages.js";
import { Notes } from "./notes.js";
import * as notices from "./notices.js";
import { Outbox } from "./outbox.js";
import { Room } from "./room.js";
import { drawFleet, drawSidebar } from "./sidebar.js";
import { Speaker } from "./speaker.js";
import { Sync } from "./sync.js";
import { Talk, talkText } from "./talk.js";
import { Transcript } from "./transcript.js";
import { Typing } from "./typing.js";
import { World } from "./world.js";

function build() {
  const app = {
    world: new World(),
    messages: new Messages(),
    unread: new Unread(),
    typing: new Typing(),
    notes: new Notes(),
    talk: new Talk(),
    book: new CommandBook(),
    live: new Live(),
    refuse: notices.showRefusal,
    clearRefusal: notices.clearRefusal,
    announce: notices.announce,
  };
  app.speaker = new Speaker(app.world);
  app.sync = new Sync({ ...app, mine: (message) => app.speaker.wrote(message) });
  app.names = {
    person: (id) => app.world.person(id),
    channel: (id) => app.world.channels.get(id) ?? null,
    open: (id) => app.room.goToChannel(id),
  };
  app.room = new Room(app);
  app.outbox = new Outbox(app);
  app.composer = new Composer({
    send: (key, draft) => app.outbox.send(key, draft),
    offers: () => app.book.of(app.room.bots(app.room.place)),
    people: () => [...app.world.bots.values(), ...app.world.users.values()],
    typing: () => app.outbox.typing(),
    editLast: () => editLast(app),
  });
  app.transcript = new Transcript({
    names: app.names,
    reply: (message) => app.composer.reply(message, plain(message.content, app.names)),
    thread: () => newThread(app),
    edit: (message) => edit(app, message),
    remove: (message) => remove(app, message),
    jump: (id) => app.transcript.jumpTo(id),
    dismiss: (key) => app.notes.drop(key),
  });
  return app;
}

function wireViews(app) {
  const { world, messages, unread, typing, notes, room, speaker, talk } = app;
  const sidebar = () => drawAround(app);
  world.addEventListener("change", () => {
    speaker.settle();
    sidebar();
    if (room.place) room.draw();
  });
  unread.addEventListener("change", sidebar);
  speaker.addEventListener("change", () => {
    sidebar();
    if (room.key) room.go(room.key);
  });
  const ifHere = (draw) => ({ detail }) => {
    if (room.shows(detail)) draw();
  };
  messages.addEventListener("change", ifHere(() => room.drawMessages()));
  notes.addEventListener("change", ifHere(() => room.drawMessages()));
  typing.addEventListener("change", ifHere(() => room.drawTyping()));
  talk.addEventListener("tick", () => room.drawTalk());
  talk.addEventListener("change", () => {
    sidebar();
    room.drawTalk();
    tellTalk(app);
  });
  document.addEventListener("visibilitychange", () => room.seen());
}

/** Draw what stands around the messages: the sidebar, the fleet, the window's title. */
function drawAround(app) {
  const { world, unread, speaker, room, talk } = app;
  drawSidebar({ world, unread, talk, speaker: speaker.name, current: room.key }, {
    go: (key) => go(app, key),
    addChannel: (guild) => newChannel(app, guild),
  });
  drawFleet(world, (bot) => app.composer.insert(`@${bot.name}`));
  const mine = [...world.channels.keys(),
    ...world.dms.filter((dm) => dm.user_id === speaker.user?.id).map((dm) => dm.id)];
  const total = mine.reduce((sum, id) => sum + unread.count(id), 0);
  document.title = `${total > 0 ? `(${total}) ` : ""}${room.place?.title ?? ""} · multibot sandbox`;
  byId("sidebar-open").classList.toggle("has-unread", total > 0);
}

async function go(app, key) {
  setDrawer(false);
  const going = app.room.go(key);
  drawAround(app);
  showCurrent();
  app.composer.focus();
  await going;
}

function step(app, by, onlyUnread) {
  const key = app.room.neighbour(by, onlyUnread);
  if (key) go(app, key);
}

function showCurrent() {
  byId("places").querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" });
}

function newThread(app) {
  const { place } = app.room;
  if (!place?.channel || byId("thread-new").hidden) return;
  askName({ title: `New thread in ${place.title}`, label: "Thread name" }, async (name) => {
    const thread = await addThread({ channel: place.channelId, name, author: app.speaker.name });
    await app.sync.state();
    await go(app, thread.id);
  });
}

function edit(app, message) {
  if (!app.speaker.wrote(message)) return;
  const people = [...app.world.bots.values(), ...app.world.users.values()];
  app.composer.edit(message, withNames(message.content, people));
}

/** Edit the last thing we said here; say whether there is one. */
function editLast(app) {
  const last = app.messages.list(app.room.place?.channelId).findLast((one) => app.speaker.wrote(one));
  if (last) edit(app, last);
  return Boolean(last);
}

function remove(app, message) {
  if (!app.speaker.wrote(message)) return;
  const text = plain(message.content, app.names);
  askSure({ title: "Delete this message?", text, action: "Delete" },
    () => app.outbox.remove(message), () => app.composer.focus());
}

/** Say aloud when bots begin or stop talking here, not with every message. */
function tellTalk(app) {
  const now = app.room.place?.channelId ? app.talk.in(app.room.place.channelId) : null;
  const told = `${app.room.key} ${now?.state} ${now?.bots.join()}`;
  if (now && told !== app.told) app.announce(talkText(now));
  app.told = told;
}

function newChannel(app, guild) {
  askName({ title: `New channel in ${guild.name}`, label: "Channel name" }, async (name) => {
    const plain = name.toLowerCase().replace(/\s+/g, "-");
    const channel = await addChannel({ name: plain, guild: guild.id });
    await app.sync.state();
    await go(app, channel.id);
  });
}

function wireLive(app) {
  const { live } = app;
  live.addEventListener("up", () => begin(app));
  live.addEventListener("down", ({ detail }) => {
    const seconds = Math.max(1, Math.round(detail / 1000));
    notices.showConnection(`The sandbox does not answer. Trying again in ${seconds} s.`);
  });
  live.addEventListener("message", async ({ detail }) => {
    try {
      await applyEvent(app, detail);
    } catch (fault) {
      app.refuse(fault.message);
    }
  });
  document.addEventListener("visibilitychange", () => document.hidden || live.retry());
  addEventListener("online", () => live.retry());
}

/** After each connect: fetch what we do not have, then stand where one stood before. */
async function begin(app) {
  try {
    await app.sync.catchUp(app.room.place?.channelId ?? null);
    await app.room.settle();
    drawAround(app);
    app.live.settled();
    notices.clearConnection();
  } catch (fault) {
    notices.showConnection(fault.message);
    app.live.drop();
  }
}

function start() {
  const app = build();
  wireDialogs();
  wireDrawer();
  notices.wireNotices(() => app.live.retry());
  byId("thread-new").append(icon("thread"));
  byId("thread-new").addEventListener("click", () => newThread(app));
  byId("help-open").append(icon("help"));
  byId("skip").addEventListener("click", (event) => {
    event.preventDefault(); // the address keeps naming the channel
    app.composer.focus();
  });
  byId("jump").prepend(icon("down"));
  wireViews(app);
  wireLive(app);
  const withMessage = (act) => (id) => {
    const message = app.messages.find(app.room.place.channelId, id);
    if (message) act(message);
  };
  wireKeys({
    step: (by, onlyUnread) => step(app, by, onlyUnread),
    reply: withMessage((message) => app.composer.reply(message, plain(message.content, app.names))),
    edit: withMessage((message) => edit(app, message)),
    remove: withMessage((message) => remove(app, message)),
    thread: () => newThread(app),
    focusDraft: () => app.composer.focus(),
  });
  app.composer.focus();
  app.live.start();
}

start();
