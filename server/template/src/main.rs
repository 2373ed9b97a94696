//! The server of my-game, and its page.

use std::process::ExitCode;

use my_game::World;
use syncline_server::Games;

fn main() -> ExitCode {
    let page = &[
        ("index.html", include_str!("../page/index.html")),
        ("main.js", include_str!("../page/main.js")),
    ];
    syncline_server::main(Games::new().with::<World>().with_page(page))
}
