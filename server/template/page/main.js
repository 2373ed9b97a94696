// The page of my-game: says what is pressed, and draws what there is.

import { connect } from "/sdk/index.js";

const address = new URL("/play", location.href);
address.protocol = address.protocol.replace("http", "ws");
const client = connect(address.href, { game: "my-game", name: "guest" });

const screen = document.getElementById("field").getContext("2d");
const status = document.getElementById("status");
const keys = new Set();
addEventListener("keydown", ({ code }) => keys.add(code));
addEventListener("keyup", ({ code }) => keys.delete(code));
addEventListener("blur", () => keys.clear());

/** -1, 0 or 1: which of two ways is pressed. */
const way = (back, forth) => Number(forth.some((key) => keys.has(key))) - Number(back.some((key) => keys.has(key)));

function dot(x, y, radius, colour) {
  screen.fillStyle = colour;
  screen.beginPath();
  screen.arc(x, y, radius, 0, 2 * Math.PI);
  screen.fill();
}

requestAnimationFrame(function draw(now) {
  requestAnimationFrame(draw);
  client.setInput({ x: way(["ArrowLeft", "KeyA"], ["ArrowRight", "KeyD"]), y: way(["ArrowUp", "KeyW"], ["ArrowDown", "KeyS"]) });
  screen.fillStyle = "#223";
  screen.fillRect(0, 0, 400, 400);
  const view = client.interpolate(now);
  if (!view) return;
  for (const coin of view.all("Coin")) dot(coin.x, coin.y, 5, "gold");
  const scores = [];
  for (const walker of view.all("Walker")) {
    const own = walker.owner === client.player;
    dot(walker.x, walker.y, 9, own ? "#6cf" : "#c66");
    scores.push(`${own ? "you" : `player ${walker.owner}`}: ${walker.coins}`);
  }
  status.textContent = scores.join(", ") || "waiting …";
});
