import { open, stat } from "node:fs/promises";
import { createServer } from "node:http";

const BLOCK = 1 << 20;

// Serves one model file by ranges. While it is `broken`, an answer ends after `piece` bytes, once `letGo` was called.
export class ModelServer {
  #file;
  #size;
  #server;
  #held = [];

  broken = true;
  piece = 0;
  // The first byte of each answer.
  asked = [];

  async start(path) {
    this.#file = await open(path);
    this.#size = (await stat(path)).size;
    this.piece = Math.floor(this.#size / 2);
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch(() => response.destroy());
    });
    await new Promise((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return this;
  }

  url(name) {
    return `http://127.0.0.1:${this.#server.address().port}/${name}`;
  }

  // Breaks off the answers that are held, and does not hold later ones.
  letGo() {
    for (const response of this.#held.splice(0)) response.destroy();
    this.piece = 0;
  }

  async #answer(request, response) {
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
    this.asked.push(from);
    response.writeHead(from ? 206 : 200, {
      etag: '"1"',
      "content-length": this.#size - from,
      "content-range": `bytes ${from}-${this.#size - 1}/${this.#size}`,
    });
    const end = this.broken ? from + this.piece : this.#size;
    for (let at = from; at < end && !response.destroyed; at += BLOCK) {
      const block = Buffer.alloc(Math.min(BLOCK, end - at));
      await this.#file.read(block, 0, block.length, at);
      if (!response.write(block)) await new Promise((resolve) => response.once("drain", resolve).once("close", resolve));
    }
    if (!this.broken) response.end();
    else if (this.piece > 0) this.#held.push(response);
    else response.destroy();
  }

  async end() {
    this.letGo();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    await this.#file.close();
  }
}
