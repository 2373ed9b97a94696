// The table of rooms, kept current, and commands that name this server.

const PERIOD_MS = 1000;

const rows = document.getElementById("rooms");
const note = document.getElementById("note");

function cell(value, isNumber) {
  const element = document.createElement("td");
  element.textContent = String(value);
  element.classList.toggle("number", isNumber);
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
  for (const value of [room.id, room.code ?? "has a password", room.game, room.phase]) {
    element.append(cell(value, false));
  }
  for (const value of [room.tick, `${room.players} / ${room.players_max}`, room.spectators]) {
    element.append(cell(value, true));
  }
  element.append(costs(room));
  return element;
}

async function refresh() {
  try {
    const answer = await fetch("/api/rooms");
    const rooms = await answer.json();
    rows.replaceChildren(...rooms.map(row));
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
