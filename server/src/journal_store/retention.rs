//! Which journals go when there are too many.
//!
//! A decision about a list; deleting is another's. Journals without a closing record go only if they
//! are too old: the next start may go on with them.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::disk::Kept;

/// How much is kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// How long a journal is kept after its last record.
    pub(super) age: Duration,
    /// Bytes of all journals together.
    pub(super) bytes: u64,
}

/// What goes at `now`: what is too old, and of the finished the oldest until the rest fits. Those that
/// `is_written` now stay.
pub(super) fn surplus(
    kept: &[Kept],
    limits: Limits,
    now: SystemTime,
    is_written: impl Fn(&Path) -> bool,
) -> Vec<PathBuf> {
    let mut bytes: u64 = kept.iter().map(|one| one.bytes).sum();
    let mut free: Vec<&Kept> = kept.iter().filter(|one| !is_written(&one.path)).collect();
    free.sort_by_key(|one| (one.written, &one.path));
    let mut gone = Vec::new();
    for one in free {
        let age = now.duration_since(one.written).unwrap_or_default();
        if age > limits.age || bytes > limits.bytes && !one.open {
            bytes -= one.bytes;
            gone.push(one.path.clone());
        }
    }
    gone
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(name: &str, bytes: u64, day: u64, open: bool) -> Kept {
        Kept {
            path: PathBuf::from(name),
            bytes,
            written: SystemTime::UNIX_EPOCH + Duration::from_hours(24 * day),
            open,
        }
    }

    fn gone(kept: &[Kept], days: u64, bytes: u64) -> Vec<String> {
        let limits = Limits {
            age: Duration::from_hours(24 * days),
            bytes,
        };
        let now = SystemTime::UNIX_EPOCH + Duration::from_hours(24 * 100);
        let written = |path: &Path| path.to_string_lossy().starts_with("written");
        let paths = surplus(kept, limits, now, written).into_iter();
        paths
            .map(|path| path.to_string_lossy().into_owned())
            .collect()
    }

    #[test]
    fn the_oldest_finished_go_first() {
        let all = [
            kept("c", 10, 97, false),
            kept("a", 10, 95, false),
            kept("open", 10, 94, true),
            kept("written", 10, 90, true),
            kept("b", 10, 96, false),
        ];
        assert_eq!(gone(&all, 30, 50), [""; 0]);
        assert_eq!(gone(&all, 30, 49), ["a"]);
        assert_eq!(gone(&all, 30, 31), ["a", "b"]);
        // Those that may go on stay, whatever they take.
        assert_eq!(gone(&all, 30, 0), ["a", "b", "c"]);
    }

    #[test]
    fn what_is_too_old_goes_even_if_it_was_never_finished() {
        let all = [
            kept("old", 10, 60, false),
            kept("open", 10, 69, true),
            kept("written", 10, 10, true),
            kept("young", 10, 71, false),
        ];
        assert_eq!(gone(&all, 30, 1000), ["old", "open"]);
    }
}
