// A running system for the browser tests: the one that WICK_URL and WICK_PASSWORD name, or one of our own.
// SPDX-License-Identifier: MIT

import { spawn } from "node:child_process";
import { createServer } from "node:net";
import { join } from "node:path";

const startDeadlineMs = 180000; // `./wick up` may have to build first

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

// Resolves with { url, password } once the system has printed them.
function announced(child) {
  return new Promise((resolve, reject) => {
    let output = "";
    const timer = setTimeout(() => reject(new Error(`no URL and password came:\n${output}`)), startDeadlineMs);
    const take = (bytes) => {
      output += bytes;
      const found = /(http:\/\/\S+)\s+password\s+(\S+)/.exec(output);
      if (found !== null) {
        clearTimeout(timer);
        resolve({ url: found[1], password: found[2] });
      }
    };
    child.stdout.on("data", take);
    child.stderr.on("data", take);
    child.on("exit", (code) => {
      clearTimeout(timer);
      reject(new Error(`the system ended with ${code}:\n${output}`));
    });
  });
}

async function startOwn(directory) {
  const [program, ...verb] = process.env.WICK_UP ? [process.env.WICK_UP] : ["./wick", "up"];
  const flags = {
    for: 280,
    data: join(directory, "data"),
    port: await freePort(),
    symbols: 30,
    analyzers: 3,
    speed: 600,
  };
  const words = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, `${value}`]);
  const ours = Object.entries(process.env).filter(([name]) => !name.startsWith("WICK_")); // those would be options
  const child = spawn(program, [...verb, ...words], { env: Object.fromEntries(ours) });
  const ended = new Promise((resolve) => child.on("exit", resolve));
  const stop = async () => {
    child.kill("SIGINT");
    await ended;
  };
  try {
    return { ...(await announced(child)), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

// { url, password, stop() }
export async function startSystem(directory) {
  const { WICK_URL: url, WICK_PASSWORD: password } = process.env;
  return url && password ? { url: url.replace(/\/$/, ""), password, stop: async () => {} } : startOwn(directory);
}
