//! Real bots beside the load: the program that decodes, predicts and checks, as a child.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::load::Load;

/// How long bots may take to leave.
const LEAVE_MAX: Duration = Duration::from_secs(15);

/// A swarm that plays. It is killed when this is dropped.
pub(crate) struct Bots {
    child: Child,
    report: PathBuf,
}

impl Bots {
    /// Starts `count` bots in the first room of a server, with the program that is beside the
    /// server's.
    ///
    /// # Errors
    ///
    /// If the program is not there.
    pub(crate) fn start(
        server: &Path,
        address: SocketAddr,
        count: usize,
        span: Duration,
    ) -> io::Result<Self> {
        static STARTED: AtomicU32 = AtomicU32::new(0);
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let name = format!("syncline-floor-{}-bots-{number}.json", std::process::id());
        let report = std::env::temp_dir().join(name);
        let child = Command::new(server.with_file_name("syncline-bots"))
            .args(["--url", &format!("ws://{address}/play")])
            .args(["--bots", &count.to_string()])
            .args(["--duration", &format!("{}ms", span.as_millis())])
            .args([
                "--room",
                "1",
                "--decode",
                "all",
                "--seed",
                &number.to_string(),
            ])
            .arg("--json")
            .arg(&report)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        Ok(Self { child, report })
    }

    /// Stops the whole process for a while, or lets it go on.
    ///
    /// # Errors
    ///
    /// If it has ended.
    pub(crate) fn stop(&self, stops: bool) -> io::Result<()> {
        let signal = if stops { Signal::STOP } else { Signal::CONT };
        Ok(kill_process(Pid::from_child(&self.child), signal)?)
    }

    /// Waits until they have ended, while the others play on; their report, or null if there is none.
    ///
    /// # Errors
    ///
    /// What the load says.
    pub(crate) fn finish(mut self, load: &mut Load, left: Duration) -> io::Result<Value> {
        let end = Instant::now() + left + LEAVE_MAX;
        while Instant::now() < end && self.child.try_wait()?.is_none() {
            load.run_for(Duration::from_millis(50))?;
        }
        let text = std::fs::read_to_string(&self.report).unwrap_or_default();
        Ok(serde_json::from_str(&text).unwrap_or_default())
    }
}

impl Drop for Bots {
    fn drop(&mut self) {
        // Errors mean that they have ended, or left nothing.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_file(&self.report);
    }
}
