/** The list above the composer: choices for what is being typed. */

import { byId, make } from "./dom.js";

const MOST = 10;

/** Choices: `{label, hint, tone, bot, take(how)}`; `how` is "enter", "tab" or "click". */
export class Suggestions {
  #list = byId("suggestions");
  #draft = byId("draft");
  #choices = [];
  #at = 0;

  get open() {
    return !this.#list.hidden;
  }

  show(choices) {
    this.#choices = choices.slice(0, MOST);
    this.#at = 0;
    this.#list.hidden = this.#choices.length === 0;
    this.#draw();
  }

  hide() {
    this.show([]);
  }

  /** Use a key of the draft; say whether it was ours. */
  key(event) {
    if (!this.open) return false;
    const act = {
      ArrowDown: () => this.#move(1),
      ArrowUp: () => this.#move(-1),
      Escape: () => this.hide(),
      Tab: () => this.#take("tab"),
      Enter: () => this.#take("enter"),
    }[event.key];
    if (!act || event.altKey || event.shiftKey) return false;
    event.preventDefault();
    act();
    return true;
  }

  #move(step) {
    this.#at = (this.#at + step + this.#choices.length) % this.#choices.length;
    this.#draw();
  }

  #take(how, at = this.#at) {
    const choice = this.#choices[at];
    this.hide();
    choice.take(how);
  }

  #draw() {
    this.#list.replaceChildren(...this.#choices.map((choice, at) => this.#option(choice, at)));
    const active = this.open ? `choice-${this.#at}` : "";
    if (active) {
      this.#draft.setAttribute("aria-activedescendant", active);
      this.#list.children[this.#at].scrollIntoView({ block: "nearest" });
    } else {
      this.#draft.removeAttribute("aria-activedescendant");
    }
  }

  #option(choice, at) {
    return make("li",
      {
        id: `choice-${at}`,
        role: "option",
        "aria-selected": String(at === this.#at),
        data: choice.tone ? { tone: choice.tone } : {},
        on: {
          mousedown: (event) => event.preventDefault(), // keep the focus in the draft
          click: () => this.#take("click", at),
        },
      },
      make("span", { class: "choice-label", text: choice.label }),
      make("span", { class: "choice-hint", text: choice.hint ?? "" }),
      choice.bot ? make("span", { class: "choice-bot", text: choice.bot }) : null);
  }
}
