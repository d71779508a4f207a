/** The dialogs: one asks for a name, one whether one is sure, one explains the keys. */

import { byId } from "./dom.js";

/**
 * Ask for one name. `act(value)` does the work; when it throws, its message is shown and the
 * dialog stays. Resolves when the dialog closes.
 */
export function askName({ title, label, value = "" }, act) {
  const dialog = byId("ask");
  const field = byId("ask-value");
  byId("ask-title").textContent = title;
  byId("ask-label").textContent = label;
  byId("ask-fault").textContent = "";
  field.value = value;
  byId("ask-form").onsubmit = async (event) => {
    event.preventDefault();
    try {
      await act(field.value.trim());
      dialog.close();
    } catch (fault) {
      byId("ask-fault").textContent = fault.message;
      field.focus();
    }
  };
  dialog.showModal();
  field.focus();
}

/**
 * Ask whether one is sure. `act()` does the work; when it throws, the dialog says so and stays.
 * `after()` comes once it is closed: what had the focus before may be gone.
 */
export function askSure({ title, text, action }, act, after) {
  const dialog = byId("sure");
  byId("sure-title").textContent = title;
  byId("sure-text").textContent = text;
  byId("sure-fault").textContent = "";
  byId("sure-act").textContent = action;
  byId("sure-form").onsubmit = async (event) => {
    event.preventDefault();
    try {
      await act();
      dialog.close();
      after();
    } catch (fault) {
      byId("sure-fault").textContent = fault.message;
    }
  };
  dialog.showModal();
  byId("sure-act").focus();
}

export function openHelp() {
  const dialog = byId("help");
  if (!document.querySelector("dialog[open]")) dialog.showModal();
}

export function wireDialogs() {
  byId("ask-cancel").addEventListener("click", () => byId("ask").close());
  byId("sure-cancel").addEventListener("click", () => byId("sure").close());
  byId("help-close").addEventListener("click", () => byId("help").close());
  byId("help-open").addEventListener("click", openHelp);
  for (const dialog of [byId("ask"), byId("sure"), byId("help")]) {
    dialog.addEventListener("click", (event) => {
      if (event.target === dialog) dialog.close(); // the backdrop
    });
  }
}
