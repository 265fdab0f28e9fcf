// The stream of events: it opens after the state was loaded, resumes by itself, and says how it is.

import { getJson } from "./api.js";

const eventNames = ["pnl", "position", "order", "signal", "process"];
const reloadAfterMs = 2000;
const patienceMs = 2500; // a stream ends every now and then and is back at once; that is not worth a word

export class Connection {
  #model;
  #onState;
  #source = null;
  #worry = null; // timer

  // `onState` is called with "live" or "lost".
  constructor(model, onState) {
    this.#model = model;
    this.#onState = onState;
  }

  // Loads the state and listens from there on; tries again until it works.
  async start() {
    this.#source?.close();
    try {
      const state = await getJson("/api/v1/state");
      this.#model.load(state);
      this.#listen(state.last_event_id);
    } catch {
      this.#lose();
    }
  }

  #listen(after) {
    const source = new EventSource(`/api/v1/stream?after=${encodeURIComponent(after)}`);
    this.#source = source;
    source.addEventListener("open", () => {
      clearTimeout(this.#worry);
      this.#worry = null;
      this.#onState("live");
    });
    source.addEventListener("error", () => this.#onError(source));
    source.addEventListener("resync", () => this.start());
    for (const name of eventNames) {
      source.addEventListener(name, (event) => this.#model.apply(name, JSON.parse(event.data)));
    }
  }

  // A stream that only ended is opened again by the browser. One that was refused is not: then the session is over,
  // which the next request finds out, or the server has too many pages. One that does not come back is given up.
  #onError(source) {
    if (source.readyState === EventSource.CLOSED) {
      this.#lose();
    } else {
      this.#worry ??= setTimeout(() => this.#lose(), patienceMs);
    }
  }

  #lose() {
    this.#source?.close();
    clearTimeout(this.#worry);
    this.#worry = null;
    this.#onState("lost");
    setTimeout(() => this.start(), reloadAfterMs);
  }
}
