//! Where a request comes from, and the place among the connections that it holds.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::Request;
use tokio::sync::{Notify, OwnedSemaphorePermit};

/// The address of a client, or the network of one: who has one address of version 6 has 2⁶⁴.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Peer(IpAddr);

impl Peer {
    /// Whoever asks without a network.
    pub(crate) const HERE: Self = Self(IpAddr::V4(std::net::Ipv4Addr::LOCALHOST));

    /// Returns where an address belongs to.
    pub(crate) fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V6(address) if !address.is_loopback() => {
                let network = u128::from(address) & !u128::from(u64::MAX);
                Self(IpAddr::V6(network.into()))
            }
            address => Self(address),
        }
    }
}

/// A connection: who is at its other end, and its place among those that ask.
#[derive(Clone, Debug)]
pub(crate) struct Connection {
    peer: Peer,
    place: Arc<Mutex<Option<OwnedSemaphorePermit>>>,
    door: Arc<Door>,
}

/// Whether a request of a connection was let in, and what tells it to leave until then.
#[derive(Debug, Default)]
struct Door {
    is_passed: AtomicBool,
    leave: Notify,
}

impl Connection {
    pub(crate) fn new(peer: Peer, place: OwnedSemaphorePermit) -> Self {
        Self { peer, place: Arc::new(Mutex::new(Some(place))), door: Arc::default() }
    }

    /// Leaves the place to those who ask: the connection has another, or is at its end.
    pub(crate) fn leave_place(&self) {
        self.place.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// A request of it was let in: it keeps its place.
    pub(crate) fn pass(&self) {
        self.door.is_passed.store(true, Ordering::Relaxed);
    }

    /// Returns when it is told to leave, for others want its place.
    pub(crate) async fn told_to_leave(&self) {
        self.door.leave.notified().await;
    }

    fn is_at_the_door(&self) -> bool {
        let has_place = self.place.lock().unwrap_or_else(PoisonError::into_inner).is_some();
        has_place && !self.door.is_passed.load(Ordering::Relaxed)
    }
}

/// The connections of which no request was let in yet, the oldest first.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    connections: VecDeque<Connection>,
}

impl Queue {
    /// Adds one, and forgets those that do not belong here any more once there are many.
    pub(crate) fn add(&mut self, connection: Connection, most: usize) {
        if self.connections.len() >= most {
            self.connections.retain(Connection::is_at_the_door);
        }
        self.connections.push_back(connection);
    }

    /// Tells the oldest to leave, if there is one.
    pub(crate) fn make_room(&mut self) {
        while let Some(oldest) = self.connections.pop_front() {
            if oldest.is_at_the_door() {
                return oldest.door.leave.notify_one();
            }
        }
    }
}

/// Returns who sent a request.
pub(crate) fn peer(request: &Request) -> Peer {
    connection(request).map_or(Peer::HERE, |connection| connection.peer)
}

/// Returns the connection that a request came over; `None` without a network.
pub(crate) fn connection(request: &Request) -> Option<&Connection> {
    request.extensions().get()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_of_version_6_is_one_peer() {
        let peer = |text: &str| Peer::of(text.parse().unwrap());
        assert_eq!(peer("2001:db8:0:1::1"), peer("2001:db8:0:1:ffff:ffff:ffff:ffff"));
        assert_ne!(peer("2001:db8:0:1::1"), peer("2001:db8:0:2::1"));
        assert_ne!(peer("10.0.0.1"), peer("10.0.0.2"));
        assert_eq!(peer("::ffff:10.0.0.1"), peer("10.0.0.1"));
        assert_eq!((peer("127.0.0.1"), peer("::1")), (Peer::HERE, Peer("::1".parse().unwrap())));
    }
}
