// The page where no WebSocket comes through: it plays all the same, and comes back by the same way.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startProxy } from "../sdk/support/proxy.mjs";
import { freeWay, play, shipOf, startBrowser, until } from "./support/browser.mjs";
import { startServer } from "./support/server.mjs";

let server;
let browser;

before(async () => {
  server = await startServer();
  browser = await startBrowser();
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

for (const [collects, transport] of [[false, "stream"], [true, "poll"]]) {
  test(`arena is played by ${transport}`, async () => {
    const proxy = await startProxy(server.port, { upgrades: "refuse", collects });
    try {
      const page = await play(await browser.person(), `http://127.0.0.1:${proxy.port}/`);
      assert.equal(await page.evaluate(() => window.arena.client.transport), transport);
      const who = await page.evaluate(() => window.arena.client.player);
      const flies = async () => {
        const from = await shipOf(page, who);
        const key = await freeWay(page);
        await page.keyboard.down(key);
        await until(
          page,
          "the server moves the ship",
          ({ who, from }) => {
            const { client } = window.arena;
            const ship = client.world.all("Ship").find(({ owner }) => owner === who);
            return ship && Math.hypot(ship.position[0] - from.x, ship.position[1] - from.y) > 15;
          },
          { who, from },
        );
        await page.keyboard.up(key);
      };
      await flies();
      const session = await page.evaluate(() => String(window.arena.client.room.session));
      proxy.cut();
      await flies();
      assert.equal(await page.evaluate(() => String(window.arena.client.room.session)), session);
      assert.equal(await page.evaluate(() => window.arena.client.room.attach), 1, "what was cut was asked for again");
      assert.equal(await page.evaluate(() => window.arena.client.player), who);
      await page.close();
    } finally {
      proxy.close();
    }
  });
}

test("nothing was complained of but what the proxy refused", () => {
  const refused = /WebSocket connection to .* failed|Failed to load resource|net::ERR_/;
  assert.deepEqual(browser.complaints.filter((text) => !refused.test(text)), []);
});
