//! Requests that were answered before, so that whoever asks again does not have it done again.
//!
//! Knows keys, fingerprints of requests and answers; nothing of what they mean.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How many answers are kept: at ten requests a second those of more than a minute.
const ANSWERS_MAX: usize = 1024;

/// The most bytes of a key.
pub(super) const KEY_BYTES_MAX: usize = 128;

/// Answers by key.
#[derive(Debug)]
pub(crate) struct Answered<A>(Mutex<Answers<A>>);

#[derive(Debug)]
struct Answers<A> {
    by_key: BTreeMap<String, Entry<A>>,
    /// Keys, the oldest first.
    order: VecDeque<String>,
}

impl<A> Default for Answered<A> {
    fn default() -> Self {
        Self(Mutex::new(Answers {
            by_key: BTreeMap::new(),
            order: VecDeque::new(),
        }))
    }
}

#[derive(Debug)]
struct Entry<A> {
    request: [u8; 32],
    /// Nothing until it is known.
    answer: Option<A>,
}

/// What is known of a key.
#[derive(Debug)]
pub(super) enum Known<A> {
    /// Nothing: the request is to be carried out, and [`Turn::end`] told what came of it.
    Nothing(Turn<A>),
    /// The same request was answered so.
    Answer(A),
    /// The same request is being carried out.
    Pending,
    /// It was of another request.
    Other,
}

/// A request that is being carried out. Without an end its key is free again.
#[derive(Debug)]
pub(super) struct Turn<A> {
    answered: Arc<Answered<A>>,
    key: Option<String>,
}

impl<A: Clone> Answered<A> {
    /// What is known of `key`, which comes with this request.
    pub(super) fn begin(self: &Arc<Self>, key: &str, request: [u8; 32]) -> Known<A> {
        let mut answers = self.lock();
        if let Some(entry) = answers.by_key.get(key) {
            return match &entry.answer {
                _ if entry.request != request => Known::Other,
                Some(answer) => Known::Answer(answer.clone()),
                None => Known::Pending,
            };
        }
        while answers.order.len() >= ANSWERS_MAX {
            if let Some(oldest) = answers.order.pop_front() {
                answers.by_key.remove(&oldest);
            }
        }
        let answer = None;
        answers.order.push_back(key.to_owned());
        answers
            .by_key
            .insert(key.to_owned(), Entry { request, answer });
        Known::Nothing(Turn {
            answered: self.clone(),
            key: Some(key.to_owned()),
        })
    }
}

impl<A> Answered<A> {
    fn lock(&self) -> MutexGuard<'_, Answers<A>> {
        // Nothing here panics halfway through a change.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<A> Turn<A> {
    /// It was carried out: whoever asks again is answered so.
    pub(super) fn end(mut self, answer: A) {
        let Some(key) = self.key.take() else { return };
        if let Some(entry) = self.answered.lock().by_key.get_mut(&key) {
            entry.answer = Some(answer);
        }
    }
}

impl<A> Drop for Turn<A> {
    fn drop(&mut self) {
        let Some(key) = self.key.take() else { return };
        let mut answers = self.answered.lock();
        answers.by_key.remove(&key);
        answers.order.retain(|known| *known != key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begin(answered: &Arc<Answered<u32>>, key: &str, request: u8) -> Known<u32> {
        answered.begin(key, [request; 32])
    }

    #[test]
    fn a_request_is_carried_out_once() {
        let answered = Arc::new(Answered::default());
        let Known::Nothing(turn) = begin(&answered, "a", 1) else {
            panic!("nothing is known yet");
        };
        assert!(matches!(begin(&answered, "a", 1), Known::Pending));
        assert!(matches!(begin(&answered, "a", 2), Known::Other));
        turn.end(7);
        assert!(matches!(begin(&answered, "a", 1), Known::Answer(7)));
        assert!(matches!(begin(&answered, "a", 2), Known::Other));
    }

    #[test]
    fn what_came_to_nothing_may_be_tried_again() {
        let answered = Arc::new(Answered::default());
        drop(begin(&answered, "a", 1));
        assert!(matches!(begin(&answered, "a", 2), Known::Nothing(_)));
    }

    #[test]
    fn the_oldest_answers_are_forgotten() {
        let answered = Arc::new(Answered::default());
        for number in 0..2 * ANSWERS_MAX {
            let Known::Nothing(turn) = begin(&answered, &number.to_string(), 1) else {
                panic!("{number} is new");
            };
            turn.end(0);
        }
        assert_eq!(answered.lock().by_key.len(), ANSWERS_MAX);
        assert_eq!(answered.lock().order.len(), ANSWERS_MAX);
        let last = (2 * ANSWERS_MAX - 1).to_string();
        assert!(matches!(begin(&answered, &last, 1), Known::Answer(0)));
        assert!(matches!(begin(&answered, "0", 1), Known::Nothing(_)));
    }
}
