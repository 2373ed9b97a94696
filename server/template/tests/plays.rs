//! Bots play on a server of this game, and see the world that the server has, bit for bit.

use std::time::Duration;

use my_game::World;
use syncline_bot_client::SwarmConfig;
use syncline_server::{Config, Games, Server};
use tokio::sync::oneshot;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bots_play_it() {
    let config = Config { bind: ([127, 0, 0, 1], 0).into(), ..Config::default() };
    let server = Server::bind(&config, Games::new().with::<World>()).expect("a free port");
    let url = format!("ws://{}/play", server.local_addr());
    let (stop, stopped) = oneshot::channel::<()>();
    let server = tokio::spawn(server.run(async { drop(stopped.await) }));

    let swarm = SwarmConfig {
        bots: 3,
        duration: Duration::from_secs(2),
        game: "my-game".to_owned(),
        ..SwarmConfig::new(url)
    };
    let report = syncline_bot_client::run(swarm).await.expect("the server is there");
    assert_eq!(report.failures(), Vec::<String>::new());
    assert_eq!(report.connected, 3);

    stop.send(()).expect("the server still runs");
    server.await.expect("no panic").expect("an orderly end");
}
