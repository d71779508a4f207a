/** The server's events over a websocket that comes back by itself. */

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 10000;

/**
 * Connect and stay connected.
 * Dispatches `up` (after each connect), `down` (detail: milliseconds until the next try) and
 * `message` (detail: one event of the server).
 */
export class Live extends EventTarget {
  #socket = null;
  #wait = FIRST_WAIT_MS;
  #timer = 0;

  start() {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}/sandbox/events`);
    this.#socket = socket;
    socket.addEventListener("open", () => this.dispatchEvent(new Event("up")));
    socket.addEventListener("message", (event) => this.#heard(event.data));
    socket.addEventListener("close", () => this.#lost(socket));
  }

  /** Try at once instead of waiting out the pause. */
  retry() {
    const open = this.#socket?.readyState;
    if (open === WebSocket.OPEN || open === WebSocket.CONNECTING) return;
    clearTimeout(this.#timer);
    this.start();
  }

  /** What follows a connect went well: the next pause is a short one again. */
  settled() {
    this.#wait = FIRST_WAIT_MS;
  }

  /** What follows a connect failed: hang up and try again after the pause. */
  drop() {
    this.#socket?.close();
  }

  #heard(text) {
    let event;
    try {
      event = JSON.parse(text);
    } catch {
      return; // a frame that is not JSON is none of ours
    }
    this.dispatchEvent(new CustomEvent("message", { detail: event }));
  }

  #lost(socket) {
    if (socket !== this.#socket) return;
    const pause = this.#wait * (0.8 + Math.random() * 0.4);
    this.#wait = Math.min(this.#wait * 2, LONGEST_WAIT_MS);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.start(), pause);
    this.dispatchEvent(new CustomEvent("down", { detail: pause }));
  }
}
