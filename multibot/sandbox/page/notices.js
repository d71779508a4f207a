/** What went wrong, said in the page: the connection at the top, a refused message at the bottom. */

import { byId, icon } from "./dom.js";

export function wireNotices(retry) {
  byId("refusal-close").append(icon("close"));
  byId("refusal-close").addEventListener("click", clearRefusal);
  byId("connection-retry").addEventListener("click", retry);
}

export function showRefusal(text) {
  byId("refusal-text").textContent = text;
  byId("refusal").hidden = false;
}

export function clearRefusal() {
  byId("refusal").hidden = true;
}

export function showConnection(text) {
  byId("connection-text").textContent = text;
  byId("connection").hidden = false;
}

export function clearConnection() {
  byId("connection").hidden = true;
}

export function announce(text) {
  byId("announcer").textContent = text;
}
