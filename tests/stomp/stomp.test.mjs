// @stomp/stompjs on a real server, whose binary SYNCLINE_SERVER names, with a player of the SDK in the
// room.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { after, before, test } from "node:test";
import { createInterface } from "node:readline";
import { Client } from "@stomp/stompjs";
import WebSocket from "ws";

import { connect } from "../../assets/web/sdk/index.js";

const TOKEN = "a-token-of-24-characters";

let server;
let address;
const leaving = [];

before(async () => {
  const settings = ["--bind", "127.0.0.1:0", "--log", "warn", "--no-journal", "--api-token", TOKEN];
  server = spawn(process.env.SYNCLINE_SERVER, ["serve", ...settings], { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = await once(createInterface(server.stdout), "line");
  address = line.split(" ").pop();
});

after(async () => {
  for (const leave of leaving) await leave();
  server.kill();
});

/** Keeps what comes until somebody asks for it. */
class Mailbox {
  waiting = [];
  kept = [];

  put = (letter) => {
    const next = this.waiting.shift();
    if (next) next(letter);
    else this.kept.push(letter);
  };

  take(what) {
    if (this.kept.length > 0) return Promise.resolve(this.kept.shift());
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`waited in vain: ${what}`)), 20000);
      this.waiting.push((letter) => {
        clearTimeout(timer);
        resolve(letter);
      });
    });
  }
}

/** A player in a room of its own, and what it hears. */
async function player(name) {
  const heard = new Mailbox();
  const client = connect(`ws://${address}/play`, { WebSocket, game: "arena", name, room: { create: true }, environment: null });
  leaving.push(() => client.leave());
  client.on("chat", heard.put);
  const joined = new Mailbox();
  client.on("joined", joined.put);
  await joined.take("a seat");
  return { client, heard, room: client.room.id };
}

/** A client of STOMP that is greeted, and what came of it. */
async function stomp(options = {}) {
  const greeted = new Mailbox();
  const errors = new Mailbox();
  const closed = new Mailbox();
  const client = new Client({
    webSocketFactory: () => new WebSocket(`ws://${address}/stomp`, ["v12.stomp", "v11.stomp"]),
    reconnectDelay: 0,
    onConnect: greeted.put,
    onStompError: errors.put,
    onWebSocketClose: closed.put,
    ...options,
  });
  leaving.push(() => client.deactivate());
  client.activate();
  if (options.isRefused) return { client, errors, closed };
  const frame = await greeted.take("CONNECTED");
  return { client, frame, errors, closed };
}

/** What a subscription is told. */
function subscription(client, destination, headers) {
  const messages = new Mailbox();
  const { unsubscribe } = client.subscribe(destination, messages.put, headers);
  return { unsubscribe, next: () => messages.take(`a message for ${destination}`) };
}

/** Comes with the receipt of what `act` does with its id. */
function receipt(client, act) {
  const id = `r${Math.random()}`;
  const come = new Mailbox();
  client.watchForReceipt(id, come.put);
  act(id);
  return come.take("a receipt");
}

test("a player and a client of STOMP hear each other", async () => {
  const ada = await player("Ada");
  const bob = await stomp({ connectHeaders: { login: "Bob", passcode: TOKEN } });
  assert.equal(bob.client.connectedVersion, "1.2");
  const chat = subscription(bob.client, `/topic/room.${ada.room}.chat`);
  ada.client.chat("hi all");
  const message = await chat.next();
  assert.equal(message.headers.event, "chat");
  const { kind, name, text } = JSON.parse(message.body);
  assert.deepEqual([kind, name, text], ["player", "Ada", "hi all"]);
  assert.equal((await ada.heard.take("her own words")).text, "hi all");

  const destination = `/topic/room.${ada.room}.chat`;
  await receipt(bob.client, (receipt) => bob.client.publish({ destination, body: "grüß dich: Ada", headers: { receipt } }));
  const line = await ada.heard.take("Bob");
  assert.deepEqual([line.from.kind, line.from.name, line.text], ["spectator", "Bob", "grüß dich: Ada"]);
  assert.equal(JSON.parse((await chat.next()).body).text, "grüß dich: Ada");

  chat.unsubscribe();
  await bob.client.deactivate();
  assert.equal((await bob.closed.take("the end")).code, 1000);
});

test("events tell of the room, and announcements", async () => {
  const ada = await player("Ada");
  const bob = await stomp();
  const events = subscription(bob.client, `/topic/room.${ada.room}.events`);
  const state = await events.next();
  assert.equal(state.headers.event, "room");
  assert.equal(JSON.parse(state.body).roster[0].name, "Ada");
  await fetch(`http://${address}/api/rooms/${ada.room}/announce`, {
    method: "POST",
    headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" },
    body: JSON.stringify({ text: "five minutes left" }),
  });
  let message;
  do message = await events.next();
  while (message.headers.event === "room");
  assert.equal(message.headers.event, "announcement");
  assert.equal(JSON.parse(message.body).text, "five minutes left");
});

test("both give signs of life", async () => {
  const received = new Mailbox();
  const bob = await stomp({
    heartbeatIncoming: 1000,
    heartbeatOutgoing: 1000,
    debug: (text) => {
      if (/<<< PONG|send PING|check PONG/.test(text)) received.put(text);
    },
  });
  assert.equal(bob.frame.headers["heart-beat"].split(",").length, 2);
  const seen = new Set();
  while (!["send PING every", "check PONG every", "<<< PONG"].every((it) => [...seen].some((text) => text.includes(it)))) {
    seen.add(await received.take("heart-beats"));
  }
  assert.ok(bob.client.connected);
});

test("acknowledgements and transactions", async () => {
  const ada = await player("Ada");
  const bob = await stomp({ connectHeaders: { login: "Bob", passcode: TOKEN } });
  const destination = `/topic/room.${ada.room}.chat`;
  const chat = subscription(bob.client, destination, { ack: "client-individual" });
  const kept = bob.client.begin();
  bob.client.publish({ destination, body: "one", headers: { transaction: kept.id } });
  bob.client.publish({ destination, body: "two", headers: { transaction: kept.id } });
  const dropped = bob.client.begin();
  bob.client.publish({ destination, body: "never", headers: { transaction: dropped.id } });
  dropped.abort();
  kept.commit();
  const first = await chat.next();
  assert.equal(JSON.parse(first.body).text, "one");
  first.ack();
  const second = await chat.next();
  assert.equal(JSON.parse(second.body).text, "two");
  second.nack();
  // Neither is an error: it answers still.
  bob.client.publish({ destination, body: "three" });
  assert.equal(JSON.parse((await chat.next()).body).text, "three");
});

test("what is wrong is an error and the end", async () => {
  const ada = await player("Ada");
  const guest = await stomp();
  const destination = `/topic/room.${ada.room}.chat`;
  guest.client.publish({ destination, body: "hi", headers: { receipt: "mine" } });
  const error = await guest.errors.take("ERROR");
  assert.match(error.headers.message, /needs the token/);
  assert.equal(error.headers["receipt-id"], "mine");
  assert.equal((await guest.closed.take("the end")).code, 4007);

  const lost = await stomp();
  lost.client.subscribe("/topic/room.4000000.chat", () => {});
  assert.match((await lost.errors.take("ERROR")).headers.message, /no such room/);
  assert.equal((await lost.closed.take("the end")).code, 4004);

  const liar = await stomp({ connectHeaders: { passcode: "guess" }, isRefused: true });
  assert.match((await liar.errors.take("ERROR")).headers.message, /not the token/);
  assert.equal((await liar.closed.take("the end")).code, 4007);
});
