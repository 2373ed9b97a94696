//! What can end the server, or keep it from starting.
//!
//! What ends one session is a [`syncline_shared::close::CloseReason`], never one of these.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Why the server does not run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A setting has a value that can't be.
    #[error("{name} is {value:?}, but {rule}")]
    Setting {
        /// The setting, as in the file; the flag has two dashes before it.
        name: &'static str,
        /// The value.
        value: String,
        /// What it must be, and what is allowed.
        rule: String,
    },
    /// A game's part of the file is not one of its configs.
    #[error("the config of {game} can't be used: {problem}")]
    GameConfig {
        /// The game.
        game: String,
        /// What is wrong, and where.
        problem: String,
    },
    /// A file can't be read.
    #[error("can't read {}: {source}", path.display())]
    ReadFile {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file can't be written.
    #[error("can't write {}: {source}", path.display())]
    WriteFile {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file is not what it should be.
    #[error("{}: {problem}", path.display())]
    ParseFile {
        /// Which.
        path: PathBuf,
        /// What is wrong, and where.
        problem: String,
    },
    /// The certificate or its key can't be used.
    #[error("can't use {} for TLS: {problem}", path.display())]
    Tls {
        /// The file that is no good, or the certificate's if the two don't fit.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// There is nothing to host.
    #[error("no game is registered")]
    NoGames,
    /// The address can't be listened on.
    #[error("can't listen on {address}: {source}")]
    Bind {
        /// Which.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The system lends no thread or runtime.
    #[error("can't start a thread: {0}")]
    Thread(io::Error),
    /// The system gives no randomness, without which tokens could be forged.
    #[error("the system gives no randomness: {0}")]
    Entropy(getrandom::Error),
}

impl Error {
    /// What whoever started the server can do about it.
    pub fn advice(&self) -> String {
        match self {
            Self::Setting { name, .. } => format!(
                "change it: the flag --{name}, the variable {}, or {name} in the file of --config",
                variable(name)
            ),
            Self::GameConfig { game, .. } => {
                format!("mend [games.{game}] in the file of --config, or what --map names")
            }
            Self::ReadFile { .. } => "check the path and who may read it".to_owned(),
            Self::WriteFile { .. } => "check the path and who may write there".to_owned(),
            Self::ParseFile { .. } => "mend the file; --help lists the settings".to_owned(),
            Self::Tls { .. } => "give --tls-cert and --tls-key one PEM file each: the certificate \
                 with those that lead to its authority, and its private key"
                .to_owned(),
            Self::NoGames => "register one: Games::new().with::<MyGame>()".to_owned(),
            Self::Bind { source, .. } if source.kind() == io::ErrorKind::AddrInUse => {
                "another program listens there: stop it, or choose another port with --bind \
                 (port 0 takes a free one)"
                    .to_owned()
            }
            Self::Bind { .. } => "choose an address of this machine with --bind".to_owned(),
            Self::Thread(_) => "raise the limits on threads and memory".to_owned(),
            Self::Entropy(_) => "see that the system's random device works".to_owned(),
        }
    }

    /// The exit code of a program that ends with this error: 2 if a setting is to blame, else 1.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Setting { .. }
            | Self::GameConfig { .. }
            | Self::ReadFile { .. }
            | Self::WriteFile { .. }
            | Self::ParseFile { .. }
            | Self::Tls { .. } => 2,
            Self::NoGames | Self::Bind { .. } | Self::Thread(_) | Self::Entropy(_) => 1,
        }
    }
}

/// The environment variable of a setting.
pub(crate) fn variable(name: &str) -> String {
    format!("SYNCLINE_{}", name.replace('-', "_").to_uppercase())
}
