import { createServer } from "node:http";
import { begun } from "./fixtures.js";

// Words at which the connection breaks, and at which it waits for `goOn`.
export const BREAK = Symbol("break");
export const HOLD = Symbol("hold");

// A server that speaks the protocol of OpenAI and keeps what it was sent.
export class Upstream {
  #server;
  #says;
  // `{ path, key, body }` of each request.
  asked = [];

  constructor() {
    this.say(["A **lantern**", " for", " you."]);
  }

  async start() {
    this.#server = createServer((request, response) => {
      let body = "";
      request.on("data", (chunk) => {
        body += chunk;
      });
      request.on("end", async () => {
        const path = `${request.method} ${request.url}`;
        this.asked.push({ path, key: request.headers.authorization, body });
        if (path === "GET /v1/models") {
          response.end(JSON.stringify({ data: [{ id: "Lantern" }] }));
        } else if (path === "POST /v1/chat/completions") {
          response.setHeader("Content-Type", "text/event-stream");
          const { words, pace, held } = this.#says;
          for (const content of words) {
            if (content === BREAK) return response.destroy();
            if (content === HOLD) {
              await held;
              continue;
            }
            response.write(`data: ${JSON.stringify({ choices: [{ delta: { content } }] })}\n\n`);
            if (pace) await new Promise((resolve) => setTimeout(resolve, pace));
          }
          response.end("data: [DONE]\n\n");
        } else {
          response.statusCode = 404;
          response.end("{}");
        }
      });
    });
    await new Promise((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    this.host = `127.0.0.1:${this.#server.address().port}`;
    return this;
  }

  // Bodies of the requests for a reply.
  get replies() {
    return this.asked.filter(({ path }) => path.startsWith("POST ")).map(({ body }) => body);
  }

  // What it says from the next request on; `pace` is the time between two words, in milliseconds.
  say(words, pace = 0) {
    let goOn;
    const held = new Promise((resolve) => {
      goOn = resolve;
    });
    this.#says = { words, pace, held, goOn };
  }

  goOn() {
    this.#says.goOn();
  }

  async end() {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

// A journal beside another program that may answer, once somebody says yes. Options are what it says, and how fast.
export const withUpstream = begun.extend({
  words: [undefined, { option: true }],
  pace: [undefined, { option: true }],
  upstream: async ({ words, pace }, use) => {
    const upstream = await new Upstream().start();
    if (words) upstream.say(words, pace);
    await use(upstream);
    await upstream.end();
  },
  settings: ({ upstream }, use) => use({ LLAMORA_LLM__UPSTREAM__HOST: `http://${upstream.host}` }),
});
