//! The CPU time of this thread: what others on the machine do doesn't count.

#[cfg(unix)]
pub(crate) fn nanoseconds() -> f64 {
    use rustix::time::{ClockId, clock_gettime};
    let now = clock_gettime(ClockId::ThreadCPUTime);
    #[expect(
        clippy::cast_precision_loss,
        reason = "a thread runs for less than 2^53 ns"
    )]
    let nanoseconds = (now.tv_sec * 1_000_000_000 + now.tv_nsec) as f64;
    nanoseconds
}

/// Elsewhere, the time of the wall clock has to do.
#[cfg(not(unix))]
pub(crate) fn nanoseconds() -> f64 {
    use std::sync::LazyLock;
    use std::time::Instant;
    #[allow(clippy::disallowed_methods, reason = "a bench reads the clock")]
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    START.elapsed().as_secs_f64() * 1e9
}
