//! Servers and bots as processes: started, awaited, ended.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// How long a server may take until it listens, and an answer until it is there.
const PATIENCE: Duration = Duration::from_secs(20);

/// A process that is killed when this is dropped.
pub(crate) struct Process {
    child: Child,
    /// What it said.
    pub(crate) log: PathBuf,
}

impl Process {
    /// Starts `program`, with all that it says in the file `log`.
    pub(crate) fn start(program: &Path, arguments: &[String], log: &Path) -> io::Result<Self> {
        let output = File::create(log)?;
        let child = Command::new(program)
            .args(arguments)
            .env("NO_COLOR", "1")
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn();
        let child = child.map_err(|error| {
            io::Error::new(error.kind(), format!("{}: {error}", program.display()))
        })?;
        Ok(Self {
            child,
            log: log.to_owned(),
        })
    }

    /// Kills it at once.
    pub(crate) fn kill(mut self) -> io::Result<()> {
        self.child.kill()?;
        self.child.wait().map(drop)
    }

    /// Asks it to end, and waits until it has; how long that took.
    #[cfg(unix)]
    pub(crate) fn terminate(mut self) -> io::Result<(Duration, ExitStatus)> {
        use std::process::Command;
        let began = Instant::now();
        let id = self.child.id().to_string();
        Command::new("kill").args(["-TERM", &id]).status()?;
        let status = self.child.wait()?;
        Ok((began.elapsed(), status))
    }

    /// There is no asking elsewhere.
    #[cfg(not(unix))]
    pub(crate) fn terminate(mut self) -> io::Result<(Duration, ExitStatus)> {
        self.child.kill()?;
        Ok((Duration::ZERO, self.child.wait()?))
    }

    /// Waits until it ends by itself, but not for longer than that.
    pub(crate) fn wait(mut self, longest: Duration) -> io::Result<ExitStatus> {
        let end = Instant::now() + longest;
        while Instant::now() < end {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Err(io::Error::other(format!("it did not end; {}", self.said())))
    }

    /// What it said.
    pub(crate) fn said(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Errors mean that it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port of this machine that nobody has.
pub(crate) fn free_port() -> io::Result<SocketAddr> {
    TcpListener::bind(("127.0.0.1", 0))?.local_addr()
}

/// Waits until somebody listens there; since when.
pub(crate) fn opened(address: SocketAddr) -> io::Result<Instant> {
    let end = Instant::now() + PATIENCE;
    while Instant::now() < end {
        if TcpStream::connect(address).is_ok() {
            return Ok(Instant::now());
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    Err(io::Error::other("the server does not listen"))
}

/// A sample of the server's metrics.
pub(crate) fn metric(address: SocketAddr, name: &str) -> io::Result<u64> {
    let mut socket = TcpStream::connect(address)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    write!(
        socket,
        "GET /metrics HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    )?;
    let mut answer = String::new();
    socket.read_to_string(&mut answer)?;
    let line = answer.lines().find_map(|line| line.strip_prefix(name));
    let value = line.and_then(|value| value.trim().parse().ok());
    value.ok_or_else(|| io::Error::other(format!("there is no {name}")))
}

/// Waits until a sample is what it should be.
pub(crate) fn metric_until(address: SocketAddr, name: &str, wanted: u64) -> io::Result<()> {
    let end = Instant::now() + PATIENCE;
    while Instant::now() < end {
        if metric(address, name)? == wanted {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Err(io::Error::other(format!("{name} is not {wanted}")))
}
