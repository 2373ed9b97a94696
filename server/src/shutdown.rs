//! When to end, and when to read files anew: the switch that everything long-lived listens to, and
//! the system's signals.

use tokio::sync::watch;

/// Throws the switch.
#[derive(Debug)]
pub(crate) struct ShutdownSwitch(watch::Sender<bool>);

/// Tells whether the switch has been thrown.
#[derive(Clone, Debug)]
pub(crate) struct Shutdown(watch::Receiver<bool>);

/// A switch, and what listens to it.
pub(crate) fn shutdown() -> (ShutdownSwitch, Shutdown) {
    let (sender, receiver) = watch::channel(false);
    (ShutdownSwitch(sender), Shutdown(receiver))
}

impl ShutdownSwitch {
    /// Everything ends now.
    pub(crate) fn throw(&self) {
        self.0.send_replace(true);
    }
}

impl Shutdown {
    /// Whether everything is ending.
    pub(crate) fn is_thrown(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until everything ends.
    pub(crate) async fn thrown(&self) {
        // An error means that the switch is gone, and with it the server.
        let _ = self.0.clone().wait_for(|thrown| *thrown).await;
    }
}

/// Resolves at the first signal to end: Ctrl-C, or SIGTERM where there is one.
///
/// It listens from the call on, so that no signal is missed between this and the first poll. A
/// system that lets nobody listen never resolves it.
///
/// # Panics
///
/// Outside a tokio runtime.
pub fn signal() -> impl Future<Output = ()> + Send {
    let (interrupt, terminate) = (interrupts(), terminations());
    async move {
        tokio::select! {
            () = interrupt => {}
            () = terminate => {}
        }
    }
}

/// The signals by which an operator asks to read files anew: SIGHUP where there is one.
pub(crate) struct Hangups(#[cfg(unix)] Option<tokio::signal::unix::Signal>);

/// Listens from the call on. A system that lets nobody listen has none.
#[cfg(unix)]
pub(crate) fn hangups() -> Hangups {
    let kind = tokio::signal::unix::SignalKind::hangup();
    Hangups(tokio::signal::unix::signal(kind).ok())
}

/// There are none.
#[cfg(not(unix))]
pub(crate) fn hangups() -> Hangups {
    Hangups()
}

impl Hangups {
    /// Resolves at the next one.
    pub(crate) async fn next(&mut self) {
        #[cfg(unix)]
        if let Some(signals) = &mut self.0 {
            signals.recv().await;
            return;
        }
        std::future::pending::<()>().await;
    }
}

#[cfg(unix)]
fn interrupts() -> impl Future<Output = ()> + Send {
    unix_signal(tokio::signal::unix::SignalKind::interrupt())
}

#[cfg(unix)]
fn terminations() -> impl Future<Output = ()> + Send {
    unix_signal(tokio::signal::unix::SignalKind::terminate())
}

#[cfg(unix)]
fn unix_signal(kind: tokio::signal::unix::SignalKind) -> impl Future<Output = ()> + Send {
    let signals = tokio::signal::unix::signal(kind);
    async move {
        match signals {
            Ok(mut signals) => {
                signals.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    }
}

#[cfg(not(unix))]
async fn interrupts() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

#[cfg(not(unix))]
async fn terminations() {
    std::future::pending().await
}
