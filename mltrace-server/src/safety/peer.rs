//! Where a request comes from, and the place among the connections that it holds.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use hyper::body::{Frame, SizeHint};
use tokio::sync::{Notify, OwnedSemaphorePermit};
use tokio::time::Instant;

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

/// How long the body of a request may take while places are short, and how many bytes of it are worth another second.
const BODY_TIME: Duration = Duration::from_secs(2);
const BODY_RATE: f64 = 65_536.0;

/// Whether a request of a connection was let in, and what tells it to leave until then.
#[derive(Debug, Default)]
struct Door {
    is_passed: AtomicBool,
    /// By when the rest of the body must be there that is being read, if others want the place.
    body: Mutex<Option<Instant>>,
    is_told: AtomicBool,
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

    /// Takes note of a body that is read.
    pub(crate) fn read(&self, body: Body) -> Body {
        if body.is_end_stream() {
            return body;
        }
        *self.body_time() = Some(Instant::now() + BODY_TIME);
        Body::new(Reading { body, connection: self.clone() })
    }

    fn body_time(&self) -> MutexGuard<'_, Option<Instant>> {
        self.door.body.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn has_place(&self) -> bool {
        self.place.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// Returns whether it must leave when others want its place: no request of it was let in yet, or the body of one is late.
    fn may_be_told_to_leave(&self) -> bool {
        let is_late = || self.body_time().is_some_and(|until| until <= Instant::now());
        !self.door.is_told.load(Ordering::Relaxed) && (!self.door.is_passed.load(Ordering::Relaxed) || is_late())
    }
}

/// A body of which is known how far it was read.
struct Reading {
    body: Body,
    connection: Connection,
}

impl HttpBody for Reading {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        match &polled {
            Poll::Ready(Some(Ok(frame))) => {
                let bytes = frame.data_ref().map_or(0, Bytes::len);
                let earned = Duration::from_secs_f64(bytes as f64 / BODY_RATE);
                let mut until = self.connection.body_time();
                *until = until.map(|until| until + earned);
            }
            Poll::Ready(Some(Err(_)) | None) => *self.connection.body_time() = None,
            Poll::Pending => {}
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        *self.connection.body_time() = None;
    }
}

/// The connections that have a place, the oldest first.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    connections: VecDeque<Connection>,
}

impl Queue {
    /// Adds one, and forgets those that have left once there are many.
    pub(crate) fn add(&mut self, connection: Connection, most: usize) {
        if self.connections.len() >= most {
            self.connections.retain(Connection::has_place);
        }
        self.connections.push_back(connection);
    }

    /// Tells the oldest to leave of which no request was let in or the body of one is late, if there is one.
    pub(crate) fn make_room(&mut self) {
        self.connections.retain(Connection::has_place);
        if let Some(oldest) = self.connections.iter().find(|connection| connection.may_be_told_to_leave()) {
            oldest.door.is_told.store(true, Ordering::Relaxed);
            oldest.door.leave.notify_one();
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
