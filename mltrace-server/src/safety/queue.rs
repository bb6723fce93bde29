//! The connections that have a place, and which of them leaves when there are too few.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::peer::{Connection, Scarce};

/// The connections that have a place, the oldest first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Queue(Arc<Mutex<VecDeque<Connection>>>);

impl Queue {
    /// Adds one, and forgets those that have left once there are many.
    pub(crate) fn add(&self, connection: Connection, most: usize) {
        let mut connections = self.lock();
        if connections.len() >= most {
            connections.retain(Connection::has_place);
        }
        connections.push_back(connection);
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Connection>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells the oldest to leave that must when there is too little of something, if there is one. If all that have a place go
    /// on asking, the oldest of them gets one more answer.
    pub(crate) fn make_room(&self, scarce: Scarce) {
        let mut connections = self.lock();
        connections.retain(Connection::has_place);
        let found = connections.iter().find_map(|connection| Some((connection, connection.must_leave(scarce)?)));
        match found {
            Some((oldest, leave)) => oldest.tell_to(leave),
            None if scarce == Scarce::Places => _ = connections.iter().find(|connection| connection.end()),
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::safety::Peer;
    use crate::safety::peer::SHARE;

    #[tokio::test(start_paused = true)]
    async fn where_all_go_on_asking_the_oldest_gets_one_more_answer_after_its_share() {
        let places = Arc::new(tokio::sync::Semaphore::new(2));
        let queue = Queue::default();
        let asking = [(); 2].map(|()| {
            let connection = Connection::new(Peer::HERE, Arc::clone(&places).try_acquire_owned().unwrap());
            connection.pass();
            queue.add(connection.clone(), 2);
            connection
        });
        let check = |scarce: Scarce, expected: [bool; 2]| {
            queue.make_room(scarce);
            assert_eq!(
                asking.each_ref().map(Connection::is_told),
                expected.map(|is_at_end| (None, is_at_end)),
                "a request may be on its way"
            );
        };
        check(Scarce::Places, [false, false]);
        tokio::time::advance(SHARE).await;
        check(Scarce::Room, [false, false]);
        check(Scarce::Places, [true, false]);
        check(Scarce::Places, [true, true]);
    }
}
