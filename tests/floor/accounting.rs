//! What the operating system says that a process has used.
//!
//! Reads `/proc` alone: nothing here asks the process itself.

use std::fs;
use std::io;
use std::time::Duration;

/// What a process has used since it began, and what it holds now.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Usage {
    /// Time on a core, over all threads that are alive.
    pub(crate) cpu: Duration,
    /// Of the same: in the system's code rather than its own, in hundredths of a second, and both.
    system_ticks: u64,
    all_ticks: u64,
    /// How often it gave its core away because it had nothing to do, and how often it was taken.
    pub(crate) waits: u64,
    pub(crate) preemptions: u64,
    /// Memory in use, in KiB.
    pub(crate) rss_kib: u64,
    /// Open descriptors.
    pub(crate) descriptors: u64,
}

impl Usage {
    /// What the process `pid` has used until now.
    ///
    /// # Errors
    ///
    /// If there is no such process.
    pub(crate) fn of(pid: u32) -> io::Result<Self> {
        let process = format!("/proc/{pid}");
        let stat = fs::read_to_string(format!("{process}/stat"))?;
        // Fields are counted behind the name, which may hold anything.
        let fields: Vec<u64> = stat
            .rsplit(')')
            .next()
            .unwrap_or_default()
            .split_whitespace()
            .map(|field| field.parse().unwrap_or(0))
            .collect();
        let field = |place: usize| fields.get(place).copied().unwrap_or(0);
        let mut usage = Self {
            system_ticks: field(12),
            all_ticks: field(11) + field(12),
            rss_kib: status(&format!("{process}/status"), "VmRSS:"),
            descriptors: fs::read_dir(format!("{process}/fd"))?.count() as u64,
            ..Self::default()
        };
        for thread in fs::read_dir(format!("{process}/task"))?.flatten() {
            let thread = thread.path().display().to_string();
            // A thread that ended meanwhile has nothing to say.
            let schedule = fs::read_to_string(format!("{thread}/schedstat")).unwrap_or_default();
            let nanos = schedule
                .split_whitespace()
                .next()
                .and_then(|first| first.parse().ok());
            usage.cpu += Duration::from_nanos(nanos.unwrap_or(0));
            let status_path = format!("{thread}/status");
            usage.waits += status(&status_path, "voluntary_ctxt_switches:");
            usage.preemptions += status(&status_path, "nonvoluntary_ctxt_switches:");
        }
        Ok(usage)
    }

    /// What was used since `before`; memory and descriptors as they are now.
    pub(crate) fn since(self, before: Self) -> Self {
        Self {
            cpu: self.cpu.saturating_sub(before.cpu),
            system_ticks: self.system_ticks.saturating_sub(before.system_ticks),
            all_ticks: self.all_ticks.saturating_sub(before.all_ticks),
            waits: self.waits.saturating_sub(before.waits),
            preemptions: self.preemptions.saturating_sub(before.preemptions),
            ..self
        }
    }

    /// How much of the time was spent in the system's code, as far as its coarse clock tells.
    pub(crate) fn system_share(self) -> f64 {
        self.system_ticks as f64 / self.all_ticks.max(1) as f64
    }
}

/// The first number behind `name` at the beginning of a line.
fn status(path: &str, name: &str) -> u64 {
    let text = fs::read_to_string(path).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let number = line.and_then(|rest| rest.split_whitespace().next());
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}
