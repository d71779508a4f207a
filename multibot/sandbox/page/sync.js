/** Keeps our copy the same as the server's: the first load, and what was missed while away. */

import * as api from "./api.js";
import { compareIds, idBefore } from "./messages.js";

const PAGE = 50;
const MOST_PAGES = 10;

export class Sync {
  #asking = null;

  /** `mine(message)` says whether the speaker wrote it, so that it does not count as unread. */
  constructor({ world, messages, unread, talk, mine }) {
    this.mine = mine;
    this.world = world;
    this.messages = messages;
    this.unread = unread;
    this.talk = talk;
  }

  /** Ask for the state again; calls while one is under way share its answer. */
  state() {
    this.#asking ??= api.readState()
      .then((state) => {
        this.world.take(state);
        this.talk.take(state.talk ?? []);
      })
      .finally(() => { this.#asking = null; });
    return this.#asking;
  }

  /** Load a channel's newest messages, once. */
  async open(channelId) {
    if (channelId === null || this.messages.isLoaded(channelId)) return;
    const list = await api.readMessages({ channel: channelId, limit: PAGE });
    this.messages.merge(channelId, list, { loaded: true });
  }

  /** After a lost connection: the state, then each channel's messages since then. */
  async catchUp(currentId) {
    const since = this.messages.highest;
    await this.state();
    const ids = [...this.world.channels.keys(), ...this.world.dms.map((dm) => dm.id)];
    for (const id of ids) {
      if (this.messages.isLoaded(id)) await this.#refresh(id, id === currentId);
      else if (since !== "0") await this.#countMissed(id, since);
    }
  }

  async #refresh(id, isCurrent) {
    const newest = this.messages.newest(id);
    if (newest === null) {
      this.#take(id, await this.#after(id, "0"), isCurrent);
      return;
    }
    const [same, ...missed] = await this.#after(id, idBefore(newest.id));
    if (same?.id === newest.id) {
      this.#take(id, missed, isCurrent);
      return;
    }
    // Our newest message is not there: it was deleted, or the sandbox started afresh.
    this.messages.forget(id);
    await this.open(id);
  }

  async #countMissed(id, since) {
    const channel = this.world.channels.get(id);
    if (channel && channel.type !== 0 && channel.type < 10) return;
    this.#take(id, await this.#after(id, since), false);
  }

  #take(id, list, isCurrent) {
    const fresh = this.messages.merge(id, list);
    if (isCurrent) return;
    for (const message of fresh) {
      if (!this.mine(message)) this.unread.add(id, message.id);
    }
  }

  async #after(channel, id) {
    const all = [];
    let after = id;
    for (let page = 0; page < MOST_PAGES; page += 1) {
      const list = await api.readMessages({ channel, after, limit: PAGE });
      all.push(...list);
      if (list.length < PAGE) break;
      after = list.at(-1).id;
    }
    return all.sort((a, b) => compareIds(a.id, b.id));
  }
}
