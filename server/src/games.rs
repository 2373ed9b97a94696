//! The games that a server hosts, each with its config.
//!
//! A game's config comes as TOML from the operator and leaves as bytes by value, as rooms take it.
//! Nothing here knows a particular game.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use syncline_server_core::replay::Recording;
use syncline_server_core::{GameKind, game_kind};
use syncline_shared::codec;
use syncline_shared::error::DecodeError;
use syncline_shared::game::{Game, Seats};
use syncline_shared::journal::FileHeader;
use syncline_shared::limits::{ROOM_MEMBERS_MAX, RULES_MAX};

use crate::config::Config;
use crate::error::Error;

/// The games to host, the default one first.
///
/// ```
/// use syncline_games::{Arena, Pong};
/// use syncline_server::Games;
///
/// let games = Games::new().with::<Arena>().with::<Pong>();
/// assert_eq!(games.names().collect::<Vec<_>>(), ["arena", "pong"]);
/// ```
#[derive(Clone, Default)]
pub struct Games {
    entries: Vec<Entry>,
    page: WebFiles,
}

/// Files for browsers, by their names.
pub(crate) type WebFiles = &'static [(&'static str, &'static str)];

#[derive(Clone)]
struct Entry {
    kind: Arc<dyn GameKind>,
    type_name: &'static str,
    configure: fn(toml::Table) -> Result<Vec<u8>, String>,
}

impl fmt::Debug for Games {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}

impl Games {
    /// No game yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the game `G`, instead of an earlier one of its name.
    ///
    /// An operator may set part of its config in a file if the config type has `#[serde(default)]`.
    #[must_use]
    pub fn with<G: Game>(mut self) -> Self {
        self.entries.retain(|entry| entry.kind.name() != G::NAME);
        self.entries.push(Entry {
            kind: game_kind::<G>(),
            type_name: std::any::type_name::<G>(),
            configure: configure::<G>,
        });
        self
    }

    /// Adds a page that plays them, instead of the list of rooms: text files by their names, of which
    /// `index.html` is at `/`, and each at `/page/` and its name. Modules and styles have to be files
    /// of their own: nothing inline is allowed to run. The client is at `/sdk/index.js`.
    #[must_use]
    pub fn with_page(mut self, files: &'static [(&'static str, &'static str)]) -> Self {
        self.page = files;
        self
    }

    /// The games' names, in the order in which they were added.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.entries.iter().map(|entry| entry.kind.name())
    }

    /// The game called `name`.
    pub(crate) fn kind(&self, name: &str) -> Option<Arc<dyn GameKind>> {
        let mut entries = self.entries.iter();
        let entry = entries.find(|entry| entry.kind.name() == name)?;
        Some(entry.kind.clone())
    }

    /// What Rust calls the game called `name`, its modules included.
    pub(crate) fn type_name(&self, name: &str) -> Option<&'static str> {
        let mut entries = self.entries.iter();
        let entry = entries.find(|entry| entry.kind.name() == name)?;
        Some(entry.type_name)
    }

    /// The games with the configs that `config` gives them.
    ///
    /// # Errors
    ///
    /// [`Error::NoGames`], [`Error::Setting`] for a game, snapshot rate or number of players that
    /// can't be, and [`Error::GameConfig`].
    pub(crate) fn resolve(self, config: &Config) -> Result<Hosted, Error> {
        let first = self.names().next().ok_or(Error::NoGames)?;
        let default = config.game.as_deref().unwrap_or(first);
        let names = self.names().collect::<Vec<_>>().join(", ");
        if !self.names().any(|name| name == default) {
            return Err(Error::Setting {
                name: "game",
                value: default.to_owned(),
                rule: format!("this server has {names}"),
            });
        }
        if let Some(game) = config
            .games
            .keys()
            .find(|name| !self.names().any(|n| n == *name))
        {
            return Err(Error::GameConfig {
                game: game.clone(),
                problem: format!("there is no such game; this server has {names}"),
            });
        }
        let default = default.to_owned();
        let games = self.entries.into_iter().map(|entry| {
            let game = entry.resolve(config, &default)?;
            Ok((game.kind.name(), Arc::new(game)))
        });
        Ok(Hosted {
            games: games.collect::<Result<_, Error>>()?,
            default,
            page: self.page,
        })
    }
}

impl Entry {
    fn resolve(self, config: &Config, default: &str) -> Result<HostedGame, Error> {
        let name = self.kind.name();
        let is_default = name == default;
        let problem = |problem| Error::GameConfig {
            game: name.to_owned(),
            problem,
        };
        let mut table = config.games.get(name).cloned().unwrap_or_default();
        if let Some(map) = config.map.clone().filter(|_| is_default) {
            table.insert("map".to_owned(), toml::Value::Table(map));
        }
        let encoded = if table.is_empty() {
            self.kind.default_config()
        } else {
            (self.configure)(table).map_err(problem)?
        };
        let seats = self
            .kind
            .seats(&encoded)
            .map_err(|error| problem(error.to_string()))?;
        let rate = self.kind.tick_rate().as_hz();
        let snapshot_interval = match config.snapshot_rate {
            Some(wanted) if wanted != 0 && rate.is_multiple_of(wanted) => rate / wanted,
            Some(wanted) if is_default => return Err(no_divisor(name, rate, wanted)),
            Some(_) | None => 1,
        };
        if is_default && config.max_players < seats.min {
            return Err(too_few(name, seats, config.max_players));
        }
        let places = config.max_players.max(seats.min);
        let seats = Seats {
            max: seats.max.min(places),
            ..seats
        };
        let snapshot_interval = u32::from(snapshot_interval);
        Ok(HostedGame {
            kind: self.kind,
            config: encoded,
            seats,
            snapshot_interval,
            shows: None,
        })
    }
}

fn too_few(game: &str, seats: Seats, players: u16) -> Error {
    let (least, most) = (seats.min, ROOM_MEMBERS_MAX);
    Error::Setting {
        name: "max-players",
        value: players.to_string(),
        rule: format!("it must be between {least} and {most}, since {game} needs {least}"),
    }
}

fn no_divisor(game: &str, rate: u16, wanted: u16) -> Error {
    let divisors = (1..=rate).filter(|divisor| rate.is_multiple_of(*divisor));
    let allowed = divisors
        .map(|divisor| divisor.to_string())
        .collect::<Vec<_>>()
        .join(", ");
    Error::Setting {
        name: "snapshot-rate",
        value: wanted.to_string(),
        rule: format!("it must divide the {rate} Hz of {game}: {allowed}"),
    }
}

/// The encoded config of `G` that `table` describes. Keys that mean nothing to it are an error,
/// since a misspelt setting would else be a silent default.
fn configure<G: Game>(table: toml::Table) -> Result<Vec<u8>, String> {
    let mut unknown = Vec::new();
    let config: G::Config = serde_ignored::deserialize(toml::Value::Table(table), |path| {
        unknown.push(path.to_string());
    })
    .map_err(|error| error.to_string().trim_end().to_owned())?;
    if unknown.is_empty() {
        Ok(codec::encode(&config))
    } else {
        Err(format!("it has no setting called {}", unknown.join(" or ")))
    }
}

/// One game as this server hosts it.
pub(crate) struct HostedGame {
    /// Makes its matches.
    pub(crate) kind: Arc<dyn GameKind>,
    /// Its config, encoded.
    pub(crate) config: Vec<u8>,
    /// How many may play under this config and this server's limit.
    pub(crate) seats: Seats,
    /// Ticks from one snapshot to the next.
    pub(crate) snapshot_interval: u32,
    /// The match that all its rooms show, if they play none.
    pub(crate) shows: Option<Arc<Recording>>,
}

impl HostedGame {
    /// The same game with rules of these names and values.
    ///
    /// # Errors
    ///
    /// What is wrong with them, in words.
    pub(crate) fn with_rules(&self, rules: &[(String, String)]) -> Result<Self, String> {
        if rules.len() > RULES_MAX {
            return Err(format!("at most {RULES_MAX} rules may be chosen"));
        }
        let config = self.kind.with_rules(&self.config, rules);
        let config = config.map_err(|refused| refused.to_string())?;
        let seats = self
            .kind
            .seats(&config)
            .map_err(|error| error.to_string())?;
        Ok(Self {
            kind: self.kind.clone(),
            config,
            seats: Seats {
                max: seats.max.min(self.seats.max.max(seats.min)),
                ..seats
            },
            snapshot_interval: self.snapshot_interval,
            shows: None,
        })
    }

    /// The same game as it was in the room of a journal, whatever its config is now.
    ///
    /// # Errors
    ///
    /// What is wrong with the journal's config.
    pub(crate) fn restored(&self, header: &FileHeader) -> Result<Self, DecodeError> {
        let config = header.start.config.clone();
        let seats = self.kind.seats(&config)?;
        let places = header.room.players_max.max(seats.min);
        Ok(Self {
            kind: self.kind.clone(),
            config,
            seats: Seats {
                max: seats.max.min(places),
                ..seats
            },
            snapshot_interval: header.room.snapshot_interval,
            shows: None,
        })
    }
}

/// All games of a server.
pub(crate) struct Hosted {
    games: BTreeMap<&'static str, Arc<HostedGame>>,
    default: String,
    page: WebFiles,
}

impl Hosted {
    /// The page that plays them, if there is one of their own.
    pub(crate) fn page(&self) -> WebFiles {
        self.page
    }

    /// Nothing but the game of `recording`, to show that.
    pub(crate) fn showing(mut self, recording: &Arc<Recording>) -> Self {
        let name = &recording.header().start.game;
        self.games.retain(|game, _| game == name);
        for game in self.games.values_mut() {
            *game = Arc::new(HostedGame {
                kind: game.kind.clone(),
                config: recording.header().start.config.clone(),
                seats: game.seats,
                snapshot_interval: 1,
                shows: Some(recording.clone()),
            });
        }
        self
    }

    /// The game called `name`.
    pub(crate) fn find(&self, name: &str) -> Option<&Arc<HostedGame>> {
        self.games.get(name)
    }

    /// The game of a hello that names none.
    pub(crate) fn default_game(&self) -> &Arc<HostedGame> {
        self.games
            .get(self.default.as_str())
            .expect("resolved from a registered name")
    }

    /// All names, in order.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.games.keys().copied()
    }
}

#[cfg(test)]
mod tests {
    use syncline_games::{Arena, Pong};

    use super::*;

    fn resolve(config: &Config) -> Result<Hosted, String> {
        let games = Games::new().with::<Arena>().with::<Pong>();
        games.resolve(config).map_err(|error| error.to_string())
    }

    fn config(games: &str) -> Config {
        let games: BTreeMap<String, toml::Table> = toml::from_str(games).unwrap();
        Config {
            games,
            ..Config::default()
        }
    }

    fn problem(config: &Config) -> String {
        resolve(config).err().expect("refused")
    }

    #[test]
    fn the_first_game_is_the_default_unless_one_is_named() {
        let first = resolve(&Config::default()).unwrap();
        assert_eq!(first.default_game().kind.name(), "arena");
        let named = Config {
            game: Some("pong".to_owned()),
            ..Config::default()
        };
        assert_eq!(resolve(&named).unwrap().default_game().kind.name(), "pong");
    }

    #[test]
    fn an_unknown_game_is_refused_with_those_that_there_are() {
        let named = Config {
            game: Some("chess".to_owned()),
            ..Config::default()
        };
        assert_eq!(
            problem(&named),
            r#"game is "chess", but this server has arena, pong"#
        );
        assert!(problem(&config("[chess]\nboard = 8")).contains("this server has arena, pong"));
    }

    #[test]
    fn a_snapshot_rate_that_does_not_divide_is_refused_with_those_that_do() {
        let wanted = |rate| Config {
            game: Some("pong".to_owned()),
            snapshot_rate: Some(rate),
            ..Config::default()
        };
        let pong = |rate| {
            resolve(&wanted(rate))
                .unwrap()
                .default_game()
                .snapshot_interval
        };
        assert_eq!((pong(60), pong(20), pong(1)), (1, 3, 60));
        for rate in [0, 7, 61] {
            let allowed = "it must divide the 60 Hz of pong: \
                           1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60";
            assert!(problem(&wanted(rate)).ends_with(allowed), "{rate}");
        }
    }

    /// Only of the default game: another one's rooms are made as large as it needs.
    #[test]
    fn too_few_players_for_the_default_game_are_refused_with_what_is_allowed() {
        let players = |game: &str, max_players| Config {
            game: Some(game.to_owned()),
            max_players,
            ..Config::default()
        };
        assert!(problem(&players("pong", 1)).contains("between 2 and 4096"));
        assert!(resolve(&players("pong", 2)).is_ok());
        assert!(resolve(&players("arena", 1)).is_ok());
    }

    #[test]
    fn a_game_takes_its_settings_and_refuses_others() {
        let set = resolve(&config("[pong]\npoints = 3")).unwrap();
        let default = resolve(&Config::default()).unwrap();
        let pong = |hosted: &Hosted| hosted.find("pong").unwrap().config.clone();
        assert_ne!(pong(&set), pong(&default));
        assert!(problem(&config("[pong]\npionts = 3")).contains("pionts"));
        assert!(problem(&config("[pong]\npoints = \"many\"")).contains("points"));
    }

    #[test]
    fn a_map_goes_into_the_default_games_config() {
        let map: toml::Table = include_str!("../../assets/maps/courtyard.toml")
            .parse()
            .unwrap();
        let with_map = |game: &str, map| Config {
            game: Some(game.to_owned()),
            map: Some(map),
            ..Config::default()
        };
        let arena = resolve(&with_map("arena", map.clone())).unwrap();
        let default = resolve(&Config::default()).unwrap();
        assert_ne!(arena.default_game().config, default.default_game().config);
        assert!(problem(&with_map("pong", map)).contains("map"));
        let broken = toml::Table::from_iter([("walls".to_owned(), toml::Value::Integer(1))]);
        assert!(problem(&with_map("arena", broken)).starts_with("the config of arena"));
    }

    #[test]
    fn a_server_without_games_is_none() {
        assert!(matches!(
            Games::new().resolve(&Config::default()),
            Err(Error::NoGames)
        ));
    }
}
