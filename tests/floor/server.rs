//! A server as a child process: started, found, asked, stopped.
//!
//! Knows both servers by their command lines alone.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use crate::accounting::Usage;

/// How long a server may take until it says where it listens.
const START_MAX: Duration = Duration::from_secs(15);

/// How long an answer may take.
const ANSWER_MAX: Duration = Duration::from_secs(10);

/// A server that runs. It is killed when this is dropped.
pub(crate) struct Server {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    child: Child,
    log: PathBuf,
}

impl Server {
    /// Starts `program`, and waits until it says at which port of this machine it listens.
    ///
    /// # Errors
    ///
    /// If it can't be started or says nothing; with its output.
    pub(crate) fn start(program: &Path, arguments: &[String]) -> io::Result<Self> {
        static STARTED: AtomicU32 = AtomicU32::new(0);
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let name = format!("syncline-floor-{}-{number}.log", std::process::id());
        let log = std::env::temp_dir().join(name);
        let output = File::create(&log)?;
        let child = Command::new(program)
            .args(arguments)
            .env("NO_COLOR", "1")
            // What it costs to record is a question of its own, and the bare loop does not.
            .env("SYNCLINE_NO_JOURNAL", "true")
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()
            .map_err(|error| {
                io::Error::new(error.kind(), format!("{}: {error}", program.display()))
            })?;
        let mut server = Self {
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            child,
            log,
        };
        let end = Instant::now() + START_MAX;
        while Instant::now() < end && server.child.try_wait()?.is_none() {
            if let Some(address) = address_in(&fs::read_to_string(&server.log)?) {
                server.address = address;
                return Ok(server);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let said = fs::read_to_string(&server.log)?;
        Err(io::Error::other(format!(
            "{} does not listen; it said:\n{said}",
            program.display()
        )))
    }

    /// What it has used until now.
    ///
    /// # Errors
    ///
    /// If it has ended.
    pub(crate) fn usage(&self) -> io::Result<Usage> {
        Usage::of(self.child.id())
    }

    /// The body of the answer to a GET.
    ///
    /// # Errors
    ///
    /// If there is none.
    pub(crate) fn get(&self, path: &str) -> io::Result<String> {
        let mut socket = TcpStream::connect(self.address)?;
        socket.set_read_timeout(Some(ANSWER_MAX))?;
        write!(
            socket,
            "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
            self.address
        )?;
        let mut answer = String::new();
        socket.read_to_string(&mut answer)?;
        let body = answer
            .split_once("\r\n\r\n")
            .map(|(_, body)| body.to_owned());
        body.ok_or_else(|| io::Error::other("no answer"))
    }

    /// The lines of its log that warn or worse.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let is_bad = |line: &&str| line.contains(" WARN ") || line.contains("ERROR");
        log.lines().filter(is_bad).map(str::to_owned).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Errors mean that it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_file(&self.log);
    }
}

/// The first address of this machine with a port in `text`.
fn address_in(text: &str) -> Option<SocketAddr> {
    let host = "127.0.0.1:";
    text.match_indices(host).find_map(|(at, _)| {
        let port = &text[at + host.len()..];
        let end = port.find(|letter: char| !letter.is_ascii_digit())?;
        let port: u16 = port[..end].parse().ok().filter(|&port| port > 0)?;
        Some(SocketAddr::from(([127, 0, 0, 1], port)))
    })
}
