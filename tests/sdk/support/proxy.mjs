// A way to a server on which not everything comes through, as in some networks.

import { Agent, createServer, request } from "node:http";
import { connect } from "node:net";

/**
 * @typedef {object} Rules what may be changed at any time
 * @property {"pass" | "refuse" | "hang"} upgrades what happens to WebSockets
 * @property {boolean} collects whether an answer is passed on once all of it is there
 */

/** Starts one before the server at a port of this machine. */
export async function startProxy(target, rules) {
  const sockets = new Set();
  const counts = { upgrades: 0, requests: 0 };
  const agent = new Agent({ keepAlive: true });
  const server = createServer((asked, answer) => {
    counts.requests += 1;
    const { method, url: path, headers } = asked;
    const onward = request({ host: "127.0.0.1", port: target, method, path, headers, agent }, (answered) => {
      if (!rules.collects) {
        answer.writeHead(answered.statusCode, answered.headers);
        answered.pipe(answer);
        return;
      }
      const parts = [];
      answered.on("data", (part) => parts.push(part));
      answered.on("end", () => {
        const { "transfer-encoding": _, ...rest } = answered.headers;
        answer.writeHead(answered.statusCode, rest);
        answer.end(Buffer.concat(parts));
      });
    });
    onward.on("error", () => answer.destroy());
    answer.on("close", () => onward.destroy());
    asked.pipe(onward);
  });
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  server.on("upgrade", (asked, socket, head) => {
    counts.upgrades += 1;
    socket.on("error", () => {});
    if (rules.upgrades === "hang") return;
    if (rules.upgrades === "refuse") {
      socket.end("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
      return;
    }
    const onward = connect(target, "127.0.0.1", () => {
      const lines = asked.rawHeaders.map((word, at) => (at % 2 ? `${word}\r\n` : `${word}: `)).join("");
      onward.write(`${asked.method} ${asked.url} HTTP/1.1\r\n${lines}\r\n`);
      onward.write(head);
      socket.pipe(onward).pipe(socket);
    });
    onward.on("error", () => socket.destroy());
    socket.on("close", () => onward.destroy());
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(null)));
  const { port } = server.address();
  /** Ends everything that is open. */
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: `ws://127.0.0.1:${port}/play`,
    port,
    rules,
    counts,
    cut,
    close: () => {
      server.close();
      cut();
      agent.destroy();
    },
  };
}
