// Tells the server that a person is there, so that the session does not run out under their hands. Watching alone
// does not count: a page that is left open logs itself out.

import { post } from "./api.js";

const everyMs = 5 * 60 * 1000;

export function startActivity() {
  let toldAt = performance.now();
  const tell = () => {
    if (performance.now() - toldAt < everyMs) {
      return;
    }
    toldAt = performance.now();
    post("/api/v1/active").catch(() => {});
  };
  for (const name of ["pointerdown", "keydown"]) {
    addEventListener(name, tell, { passive: true });
  }
}
