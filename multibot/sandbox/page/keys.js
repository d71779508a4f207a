/** Keys that work anywhere on the page. */

import { openHelp } from "./dialogs.js";

const FIELDS = "input, textarea, select, [contenteditable]";

/** `acts`: step(by, onlyUnread), reply(id), edit(id), remove(id), thread(), focusDraft(). */
export function wireKeys(acts) {
  document.addEventListener("keydown", (event) => {
    if (document.querySelector("dialog[open]")) return;
    if (global(event, acts) || (!event.target.matches(FIELDS) && local(event, acts))) {
      event.preventDefault();
    }
  });
}

function global(event, acts) {
  if (event.altKey && (event.key === "ArrowUp" || event.key === "ArrowDown")) {
    acts.step(event.key === "ArrowUp" ? -1 : 1, event.shiftKey);
    return true;
  }
  if ((event.ctrlKey || event.metaKey) && event.key === "/") {
    openHelp();
    return true;
  }
  return false;
}

function local(event, acts) {
  if (event.altKey || event.ctrlKey || event.metaKey) return false;
  const message = event.target.closest(".message");
  if (event.key === "?") openHelp();
  else if (event.key === "Escape") acts.focusDraft();
  else if (message && event.key.toLowerCase() === "r") acts.reply(message.dataset.id);
  else if (message && event.key.toLowerCase() === "t") acts.thread();
  else if (message && event.key.toLowerCase() === "e") acts.edit(message.dataset.id);
  else if (message && event.key === "Delete") acts.remove(message.dataset.id);
  else return false;
  return true;
}
