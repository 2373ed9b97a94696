//! A client's subscriptions, as tasks that read rooms for it.
//!
//! Each holds one look at its room until the client's connection takes it: a client that does not
//! read costs that, and nobody waits for it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc};
use tokio::task::{AbortHandle, JoinSet};

use super::session::UNACKNOWLEDGED_MAX;
use crate::http::watch::{News, Watch};
use crate::runtime::inbox::Unvisited;

/// How long a room that does not respond is left alone.
const PAUSE: Duration = Duration::from_millis(250);

/// The subscriptions of one client, by their numbers.
pub(super) struct Followings {
    tasks: JoinSet<()>,
    followed: BTreeMap<u64, Following>,
    news: mpsc::Receiver<(u64, News)>,
    sender: mpsc::Sender<(u64, News)>,
}

struct Following {
    task: AbortHandle,
    /// How many messages may be sent, where they are acknowledged.
    credit: Option<Arc<Semaphore>>,
}

impl Followings {
    /// None yet.
    pub(super) fn new() -> Self {
        let (sender, news) = mpsc::channel(1);
        Self {
            tasks: JoinSet::new(),
            followed: BTreeMap::new(),
            news,
            sender,
        }
    }

    /// Follows a room under this number.
    pub(super) fn follow(&mut self, number: u64, watch: Watch, credited: bool) {
        let credit = credited.then(|| Arc::new(Semaphore::new(UNACKNOWLEDGED_MAX)));
        let task = tell(number, watch, credit.clone(), self.sender.clone());
        let task = self.tasks.spawn(task);
        self.followed.insert(number, Following { task, credit });
    }

    /// Lets a subscription be sent as many more messages as were acknowledged.
    pub(super) fn allow(&mut self, number: u64, messages: usize) {
        let following = self.followed.get(&number);
        if let Some(credit) = following.and_then(|following| following.credit.as_ref()) {
            credit.add_permits(messages);
        }
    }

    /// Follows no more.
    pub(super) fn unfollow(&mut self, number: u64) {
        if let Some(following) = self.followed.remove(&number) {
            following.task.abort();
        }
        while self.tasks.try_join_next().is_some() {}
    }

    /// What is new, and for which subscription, once there is something. Nothing is lost if it is
    /// not waited for.
    pub(super) async fn news(&mut self) -> (u64, News) {
        let news = self.news.recv().await;
        news.expect("a sender is kept")
    }
}

/// Tells what is new until the room is over.
async fn tell(
    number: u64,
    mut watch: Watch,
    credit: Option<Arc<Semaphore>>,
    news: mpsc::Sender<(u64, News)>,
) {
    loop {
        if let Some(credit) = &credit
            && let Ok(permit) = credit.acquire().await
        {
            permit.forget();
        }
        let next = loop {
            match watch.next().await {
                Ok(next) => break next,
                Err(Unvisited::Busy) => tokio::time::sleep(PAUSE).await,
                Err(Unvisited::Over) => return,
            }
        };
        if news.send((number, next)).await.is_err() {
            return;
        }
    }
}
