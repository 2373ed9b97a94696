// The table of rooms, kept current, ways into those of arena, and commands that name this server.

const PERIOD_MS = 1000;

const rows = document.getElementById("rooms");
const note = document.getElementById("note");
const own = document.getElementById("own");

function cell(value, isNumber) {
  const element = document.createElement("td");
  element.textContent = String(value);
  element.classList.toggle("number", isNumber);
  return element;
}

// The room's code, which leads there if there is a page that plays it. One with a password is entered
// by its code, which its players pass on.
function entrance(room) {
  const element = document.createElement("td");
  if (room.code === null || room.game !== "arena") {
    element.textContent = room.code ?? "has a password";
    return element;
  }
  for (const [text, title, query] of [[room.code, "Play", ""], ["watch", `Watch ${room.code}`, "&spectate"]]) {
    const link = document.createElement("a");
    link.href = `/arena/?room=${room.code}${query}`;
    link.textContent = text;
    link.title = title;
    element.append(link, " ");
  }
  return element;
}

// What each field of the room's snapshots costs.
function costs(room) {
  const link = document.createElement("a");
  link.href = `/api/rooms/${room.id}/bandwidth`;
  link.textContent = "by field";
  const element = document.createElement("td");
  element.append(link);
  return element;
}

function row(room) {
  const element = document.createElement("tr");
  element.append(cell(room.id, false), entrance(room), cell(room.game, false), cell(room.phase, false));
  for (const value of [room.tick, `${room.players} / ${room.players_max}`, room.spectators]) {
    element.append(cell(value, true));
  }
  element.append(costs(room));
  return element;
}

// The table is made anew; the keyboard keeps its place in it.
function show(rooms) {
  const focused = document.activeElement?.href;
  rows.replaceChildren(...rooms.map(row));
  if (focused) [...rows.querySelectorAll("a")].find((link) => link.href === focused)?.focus();
  // Not every server has arena.
  own.hidden = !rooms.some(({ game }) => game === "arena");
}

async function refresh() {
  try {
    const answer = await fetch("/api/rooms");
    const rooms = await answer.json();
    show(rooms);
    note.textContent = rooms.length === 0 ? "No room is open: the first player opens one." : "";
  } catch {
    note.textContent = "The server does not answer.";
  }
  setTimeout(refresh, PERIOD_MS);
}

const scheme = location.protocol === "https:" ? "wss" : "ws";
const play = `${scheme}://${location.host}/play`;
document.getElementById("play").textContent = play;
const bots = document.getElementById("bots");
bots.textContent = bots.textContent.replace("--bots", `--url ${play} --bots`);
refresh();
