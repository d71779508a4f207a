/** The two dialogs: one asks for a name, one explains the keys. */

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

export function openHelp() {
  const dialog = byId("help");
  if (!dialog.open && !byId("ask").open) dialog.showModal();
}

export function wireDialogs() {
  byId("ask-cancel").addEventListener("click", () => byId("ask").close());
  byId("help-close").addEventListener("click", () => byId("help").close());
  byId("help-open").addEventListener("click", openHelp);
  for (const dialog of [byId("ask"), byId("help")]) {
    dialog.addEventListener("click", (event) => {
      if (event.target === dialog) dialog.close(); // the backdrop
    });
  }
}
