//! Where the web files are found: the game at `/`, the rooms, and the client that games are built on.
//!
//! A server whose game is not arena has no page that plays it, unless its program brings one, so that
//! `/` shows its rooms; one that hosts arena beside it has that at `/arena/`, and one that doesn't has
//! no such page.

use axum::body::Body;
use axum::http::header::LOCATION;
use axum::http::{HeaderMap, HeaderValue, Method, Response, StatusCode, Uri};
use axum::response::IntoResponse;

use crate::games::WebFiles;
use crate::http::assets::Assets;

/// The game that there is a page for.
const GAME: &str = "arena";

/// The folder of a page that a program brings.
const OWN: &str = "page";

/// What stands in the rooms' page for the bots' options.
const BOT_OPTIONS: &str = "<!-- bot options -->";

/// The web files of one server.
pub(crate) struct Pages {
    assets: Assets,
    /// The folder whose index is at `/`.
    front: &'static str,
    /// Where people should begin.
    entry: &'static str,
}

impl Pages {
    /// The pages of a server that hosts `games`, `default` among them, whose bots need
    /// `bot_options`, and whose program may bring a page of its `own`.
    pub(crate) fn new<'a>(
        mut games: impl Iterator<Item = &'a str>,
        default: &str,
        bot_options: &str,
        own: WebFiles,
    ) -> Self {
        let mut assets = Assets::embedded();
        for (name, text) in own {
            assets.add(&format!("{OWN}/{name}"), text);
        }
        assets.fill_in("rooms/index.html", BOT_OPTIONS, bot_options);
        let plays = games.any(|game| game == GAME);
        if !plays {
            assets.remove_folder("arena/");
        }
        let front = match default {
            _ if !own.is_empty() => OWN,
            GAME => GAME,
            _ => "rooms",
        };
        Self {
            assets,
            front,
            entry: if plays && front == "rooms" {
                "/arena/"
            } else {
                "/"
            },
        }
    }

    /// The path that people should open.
    pub(crate) fn entry(&self) -> &'static str {
        self.entry
    }

    /// Answers a request that is for no other route.
    pub(super) fn answer(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> Response<Body> {
        let path = uri.path();
        if let Some(asset) = self.assets.find(&self.name(path)) {
            return asset.answer(method, headers);
        }
        let is_folder = self.assets.find(&self.name(&format!("{path}/"))).is_some();
        let moved = if is_folder { moved(uri) } else { None };
        moved.unwrap_or_else(|| {
            let words = "there is nothing here; / leads on\n";
            (StatusCode::NOT_FOUND, words).into_response()
        })
    }

    /// The name of the file that a path means.
    fn name(&self, path: &str) -> String {
        match path.strip_prefix('/').unwrap_or(path) {
            "" => format!("{}/index.html", self.front),
            folder if folder.ends_with('/') => format!("{folder}index.html"),
            file => file.to_owned(),
        }
    }
}

/// Leads from a folder's name to its index, with what the address asks for.
fn moved(uri: &Uri) -> Option<Response<Body>> {
    let query = uri.query().map(|query| format!("?{query}"));
    let location = format!("{}/{}", uri.path(), query.unwrap_or_default());
    let location = HeaderValue::from_str(&location).ok()?;
    Some((StatusCode::PERMANENT_REDIRECT, [(LOCATION, location)]).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(pages: &Pages, path: &'static str) -> StatusCode {
        let uri = Uri::from_static(path);
        pages.answer(&Method::GET, &uri, &HeaderMap::new()).status()
    }

    #[test]
    fn a_page_of_ones_own_is_at_the_front_and_its_files_are_beside_it() {
        let own = &[
            ("index.html", "<p>snails</p>"),
            ("main.js", "go()"),
            ("a.exe", ""),
        ];
        let pages = Pages::new(["arena", "snails"].into_iter(), "snails", "", own);
        assert_eq!((pages.front, pages.entry()), ("page", "/"));
        for path in [
            "/",
            "/page/main.js",
            "/page/",
            "/sdk/index.js",
            "/rooms/",
            "/arena/",
        ] {
            assert_eq!(status(&pages, path), StatusCode::OK, "{path}");
        }
        // Nothing is shown whose kind nobody knows.
        assert_eq!(status(&pages, "/page/a.exe"), StatusCode::NOT_FOUND);
        let pages = Pages::new(["snails"].into_iter(), "snails", "", &[]);
        assert_eq!((pages.front, pages.entry()), ("rooms", "/"));
        assert_eq!(status(&pages, "/page/main.js"), StatusCode::NOT_FOUND);
    }
}
