/** Who one speaks as: chosen from the server's users, remembered in this browser. */

import { addUser } from "./api.js";
import { askName } from "./dialogs.js";
import { byId, icon, initials, make } from "./dom.js";

const MEMORY = "multibot-sandbox-speaker";
const FIRST_NAME = "guest";

/** Dispatches `change` when another name is chosen. */
export class Speaker extends EventTarget {
  #select = byId("speaker");
  #chosen = false;

  constructor(world) {
    super();
    this.world = world;
    this.#chosen = recall() !== null;
    this.name = recall() ?? FIRST_NAME;
    byId("speaker-add").append(icon("plus"));
    byId("speaker-add").addEventListener("click", () => this.add());
    this.#select.addEventListener("change", () => this.choose(this.#select.value));
  }

  /** The user we speak as; null until the server has one of that name. */
  get user() {
    return this.world.userNamed(this.name);
  }

  wrote(message) {
    return !message.author.bot && message.author.name === this.name;
  }

  /** After a new state: who chose no name speaks as the first user there is. */
  settle() {
    const [first] = this.world.users.values();
    if (!this.#chosen && first) this.name = first.name;
    this.draw();
  }

  choose(name) {
    this.#chosen = true;
    if (name === this.name) return;
    this.name = name;
    remember(name);
    this.draw();
    this.dispatchEvent(new Event("change"));
  }

  add() {
    askName({ title: "Speak as somebody else", label: "Name" }, async (name) => {
      if (!name) throw new Error("A name needs at least one letter.");
      if (!this.world.userNamed(name)) this.world.addUser(await addUser(name));
      this.choose(name);
    });
  }

  draw() {
    const names = [...this.world.users.values()].map((user) => user.name);
    if (!names.includes(this.name)) names.unshift(this.name);
    this.#select.replaceChildren(...names.map((name) => make("option", { value: name, text: name })));
    this.#select.value = this.name;
    byId("speaker-avatar").textContent = initials(this.name);
  }
}

function recall() {
  try {
    return localStorage.getItem(MEMORY);
  } catch {
    return null; // storage may be switched off; nothing depends on it
  }
}

function remember(name) {
  try {
    localStorage.setItem(MEMORY, name);
  } catch {
    // see recall
  }
}
