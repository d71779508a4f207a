/** The message box: drafts by place, replies, completion of /commands and @mentions. */

import { byId, icon, make } from "./dom.js";
import { restOfLine, usage } from "./commands.js";
import { mentionAt } from "./mentions.js";
import { Suggestions } from "./suggestions.js";

const LIMIT = 2000;
const SHOW_COUNT_FROM = 1700;
const EMPTY = { text: "", reply: null, picked: null, edit: null };

export class Composer {
  #draft = byId("draft");
  #suggestions = new Suggestions();
  #drafts = new Map(); // place key -> {text, reply, picked, edit}
  #key = null;
  #offers = 0;

  /**
   * `acts`: send({text, reply, picked, edit}), offers() -> Promise of [{bot, command}],
   * people() -> those who can be mentioned, typing(), editLast() -> whether there is one to edit.
   */
  constructor(acts) {
    this.acts = acts;
    this.#draft.addEventListener("input", () => this.#typed());
    this.#draft.addEventListener("keydown", (event) => this.#pressed(event));
    this.#draft.addEventListener("blur", () => this.#suggestions.hide());
    byId("composer").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    byId("intent-cancel").append(icon("close"));
    byId("intent-cancel").addEventListener("click", () => {
      this.cancel();
      this.focus();
    });
    byId("send").append(icon("send"));
  }

  /** Go to another place: its own draft comes back. */
  move(key, placeholder) {
    this.#draft.placeholder = placeholder;
    this.#draft.setAttribute("aria-label", placeholder);
    if (key === this.#key) return;
    this.#key = key;
    this.#suggestions.hide();
    this.#show();
  }

  reply(message, preview) {
    this.#stopEdit();
    this.#keep({ reply: { id: message.id, name: message.author.name, preview }, picked: null });
    this.focus();
  }

  /** Change what one has sent; what stands in the box comes back afterwards. */
  edit(message, text) {
    const { edit, text: before, reply } = this.#now();
    const kept = edit ? edit.kept : { text: before, reply };
    this.#keep({ text, reply: null, picked: null, edit: { id: message.id, kept } });
    this.focus();
    this.#draft.setSelectionRange(text.length, text.length);
  }

  /** Put a text in the box, as an example does. */
  fill(text) {
    this.#stopEdit();
    this.#keep({ text, picked: null });
    this.focus();
    this.#typed();
  }

  insert(text) {
    const at = this.#draft.selectionStart;
    const before = this.#draft.value.slice(0, at);
    const gap = before === "" || /\s$/.test(before) ? "" : " ";
    this.#replace(at, at, `${gap}${text} `);
    this.focus();
  }

  /** Give back what could not be sent, unless something new stands there. */
  restore(key, draft) {
    const now = this.#drafts.get(key) ?? EMPTY;
    if (now.text !== "" && !draft.edit) return;
    this.#drafts.set(key, draft);
    if (key === this.#key) this.#show();
  }

  /** Drop the edit, the reply or the picked command; say whether there was one. */
  cancel() {
    if (this.#stopEdit()) return true;
    const { reply, picked } = this.#now();
    this.#keep({ reply: null, picked: null });
    return Boolean(reply || picked);
  }

  /** A message is gone: nobody edits it or replies to it any more. */
  forget(id) {
    const { edit, reply } = this.#now();
    if (edit?.id === id) this.#stopEdit();
    if (reply?.id === id) this.#keep({ reply: null });
  }

  #stopEdit() {
    const { edit } = this.#now();
    if (edit) this.#keep({ ...EMPTY, ...edit.kept });
    return Boolean(edit);
  }

  focus() {
    this.#draft.focus();
  }

  #now() {
    return this.#drafts.get(this.#key) ?? EMPTY;
  }

  #keep(part) {
    this.#drafts.set(this.#key, { ...this.#now(), ...part });
    this.#show();
  }

  #show() {
    const { text, reply, picked, edit } = this.#now();
    if (this.#draft.value !== text) this.#draft.value = text;
    this.#drawIntent(reply, picked, edit);
    this.#fit();
    const left = LIMIT - text.length;
    byId("count").textContent = text.length > SHOW_COUNT_FROM ? String(left) : "";
    byId("count").classList.toggle("over", left < 0);
    byId("send").disabled = text.trim() === "";
  }

  #drawIntent(reply, picked, edit) {
    byId("intent").hidden = !reply && !picked && !edit;
    if (edit) {
      byId("intent-text").replaceChildren(
        make("strong", { text: "Editing your message" }),
        make("span", { class: "intent-hint", text: "Enter saves, Esc cancels" }));
    }
    if (reply) {
      byId("intent-text").replaceChildren(
        "Replying to ",
        make("strong", { text: reply.name }),
        make("span", { class: "intent-hint", text: reply.preview }));
    }
    if (picked) {
      const { bot, command } = picked;
      byId("intent-text").replaceChildren(
        make("strong", { text: bot.name, data: { tone: bot.tone } }),
        ` /${command.name} ${usage(command)}`.trimEnd(),
        make("span", { class: "intent-hint", text: command.description ?? "" }));
    }
  }

  #fit() {
    this.#draft.style.height = "auto";
    this.#draft.style.height = `${this.#draft.scrollHeight}px`;
  }

  #typed() {
    const text = this.#draft.value;
    const { picked, edit } = this.#now();
    const still = picked && restOfLine(text, picked.command.name) !== null;
    this.#keep({ text, picked: still ? picked : null });
    if (text.trim() !== "" && !text.startsWith("/") && !edit) this.acts.typing();
    this.#offer(text);
  }

  async #offer(text) {
    this.#offers += 1;
    const turn = this.#offers;
    const mention = mentionAt(text, this.#draft.selectionStart);
    if (mention) {
      this.#suggestions.show(this.#mentions(mention));
    } else if (/^\/\S* ?\S*$/.test(text) && !this.#now().edit) {
      const offers = await this.acts.offers();
      if (turn === this.#offers) this.#suggestions.show(this.#commands(text.slice(1), offers));
    } else {
      this.#suggestions.hide();
    }
  }

  #mentions({ from, word }) {
    return this.acts.people()
      .filter((person) => person.name.toLowerCase().startsWith(word))
      .map((person) => ({
        label: `@${person.name}`,
        hint: person.online === false ? "offline" : "",
        tone: person.tone,
        take: () => this.#replace(from, this.#draft.selectionStart, `@${person.name} `),
      }));
  }

  #commands(word, offers) {
    return offers
      .filter(({ command }) => command.name.startsWith(word.toLowerCase()))
      .sort((a, b) => a.command.name.localeCompare(b.command.name))
      .map((picked) => ({
        label: `/${picked.command.name} ${usage(picked.command)}`.trimEnd(),
        hint: picked.command.description,
        bot: picked.bot.name,
        tone: picked.bot.tone,
        take: (how) => this.#pick(picked, how),
      }));
  }

  /** Enter on a command without options runs it; anything else writes it out first. */
  #pick(picked, how) {
    this.#keep({ text: `/${picked.command.name} `, picked, reply: null });
    this.focus();
    if (how === "enter" && (picked.command.options ?? []).length === 0) this.#submit();
  }

  #replace(from, to, text) {
    this.#draft.setRangeText(text, from, to, "end");
    this.#typed();
  }

  #pressed(event) {
    if (event.isComposing || this.#suggestions.key(event)) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      this.#submit();
    } else if (event.key === "Escape" && this.cancel()) {
      event.preventDefault();
    } else if (event.key === "ArrowUp" && isPlain(event) && this.#draft.value === "") {
      if (this.acts.editLast()) event.preventDefault();
    }
  }

  #submit() {
    const draft = this.#now();
    if (draft.text.trim() === "") return;
    this.#suggestions.hide();
    this.#offers += 1;
    this.#keep(draft.edit ? { ...EMPTY, ...draft.edit.kept } : EMPTY);
    this.acts.send(this.#key, draft);
  }
}

const isPlain = (event) => !(event.altKey || event.ctrlKey || event.metaKey || event.shiftKey);
