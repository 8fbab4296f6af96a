import { spawn } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";

const BINARY = resolve(process.env.LLAMORA_BIN ?? "../../dist/llamora");

// The real program on a data folder of its own. Stopping and starting it again keeps the folder.
export class Program {
  #folder = mkdtempSync(join(tmpdir(), "llamora-browser-"));
  #command;
  #host;
  #settings;
  #child;
  #log = "";

  url;
  // Whether it was stopped and started again under open pages.
  wasAway = false;

  // `command` is what it is told, the way to its templates among it. `host` is where it listens; it is always reached by
  // loopback. `settings` are variables of its environment. `data` is a data folder to begin with a copy of.
  constructor({ command = ["serve"], host = "127.0.0.1", settings = {}, data } = {}) {
    this.#command = command;
    this.#host = host;
    this.#settings = settings;
    if (data) cpSync(data, this.data, { recursive: true });
  }

  async start(port = 0) {
    if (!existsSync(BINARY)) throw new Error(`${BINARY} is missing: make dist`);
    const flags = [...this.#command, "--host", this.#host, "--port", String(port), "--data", this.data];
    this.#child = spawn(BINARY, flags, {
      stdio: ["ignore", "pipe", "pipe"],
      env: { PATH: process.env.PATH, HOME: this.#folder, TMPDIR: this.#folder, ...this.#settings },
    });
    this.#child.stderr.on("data", (chunk) => {
      this.#log += chunk;
    });
    const lines = createInterface({ input: this.#child.stdout });
    const first = await Promise.race([
      new Promise((resolve) => lines.once("line", resolve)),
      new Promise((_, reject) => this.#child.once("exit", () => reject(new Error(`ended early:\n${this.#log}`)))),
    ]);
    const match = /^Listening on http:\/\/([0-9.]+):(\d+)$/.exec(first);
    if (match?.[1] !== this.#host) throw new Error(`the first line is ${first}`);
    this.url = `http://127.0.0.1:${match[2]}`;
    return this;
  }

  // SIGTERM; gives the exit code.
  async stop() {
    const child = this.#child;
    if (!child || child.exitCode !== null) return child?.exitCode;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGTERM");
    return ended;
  }

  // The same folder, the same address. `between` happens while it does not run.
  async restart(between = () => {}) {
    this.wasAway = true;
    const port = Number(new URL(this.url).port);
    const code = await this.stop();
    await between();
    await this.start(port);
    return code;
  }

  // The data folder.
  get data() {
    return join(this.#folder, "data");
  }

  get log() {
    return this.#log;
  }

  async end() {
    await this.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
