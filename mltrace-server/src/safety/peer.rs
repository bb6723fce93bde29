//! Where a request comes from, and the place among the connections that it holds.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use hyper::body::{Frame, Incoming, SizeHint};
use hyper::service::Service;
use tokio::sync::{Notify, OwnedSemaphorePermit};
use tokio::time::Instant;

/// The address of a client, or the network of one: who has one address of version 6 has 2⁶⁴.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Peer(IpAddr);

impl Peer {
    /// Anyone who asks without a network.
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
/// How long it may pause at most, however fast it came before.
const BODY_PAUSE: Duration = Duration::from_secs(5);

/// How long a connection may rest between two requests while places are short.
const REST: Duration = Duration::from_millis(250);

/// How long a connection may go on asking while others want its place.
const SHARE: Duration = Duration::from_secs(1);

/// Whether a request of a connection was let in, and what tells it to leave.
#[derive(Debug)]
struct Door {
    began: Instant,
    is_passed: AtomicBool,
    /// Whether the next answer is the last one.
    is_at_end: AtomicBool,
    /// The body that is being read.
    body: Mutex<Option<Arriving>>,
    /// Since when all of its requests are answered.
    rests: Mutex<Option<Instant>>,
    told: OnceLock<Leave>,
    leave: Notify,
}

/// When a connection has to leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Leave {
    /// At once.
    Now,
    /// As soon as it has the answer that it waits for, if it waits for one.
    WhenAnswered,
}

/// A body on its way.
#[derive(Clone, Copy, Debug)]
struct Arriving {
    /// By when more of it must be there, if others want what it takes.
    until: Instant,
    /// Whether it takes room that others may need.
    has_room: bool,
}

/// What there is too little of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scarce {
    /// Places of connections.
    Places,
    /// Room for long bodies.
    Room,
}

impl Connection {
    pub(crate) fn new(peer: Peer, place: OwnedSemaphorePermit) -> Self {
        let door = Door {
            began: Instant::now(),
            is_passed: AtomicBool::new(false),
            is_at_end: AtomicBool::new(false),
            body: Mutex::default(),
            rests: Mutex::default(),
            told: OnceLock::new(),
            leave: Notify::new(),
        };
        Self { peer, place: Arc::new(Mutex::new(Some(place))), door: Arc::new(door) }
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
    pub(crate) async fn told_to_leave(&self) -> Leave {
        self.door.leave.notified().await;
        self.door.told.get().copied().unwrap_or(Leave::WhenAnswered)
    }

    /// Returns a service that lets each request know its connection, and the connection whether it is being answered.
    pub(crate) fn marked<S>(
        &self,
        service: S,
    ) -> impl Service<Request<Incoming>, Response = Response, Error = Infallible, Future: Send> + use<S>
    where
        S: Service<Request<Incoming>, Response = Response, Error = Infallible, Future: Send>,
    {
        let connection = self.clone();
        hyper::service::service_fn(move |mut request: Request<Incoming>| {
            *connection.rests() = None;
            request.extensions_mut().insert(connection.clone());
            let (answered, connection) = (service.call(request), connection.clone());
            async move {
                let mut answer = answered.await?;
                // It learns so with the answer: a request that is on its way would be lost when the connection closed.
                if connection.door.is_at_end.load(Ordering::Relaxed) {
                    answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
                }
                Ok(answer.map(|body| Body::new(Answering { body, connection })))
            }
        })
    }

    fn rests(&self) -> MutexGuard<'_, Option<Instant>> {
        self.door.rests.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes note of a body that is read.
    pub(crate) fn read(&self, body: Body) -> Body {
        if body.is_end_stream() {
            return body;
        }
        *self.arriving() = Some(Arriving { until: Instant::now() + BODY_TIME, has_room: false });
        Body::new(Reading { body, connection: self.clone() })
    }

    /// Takes note that the body that is read has room. It was not late while it waited for that.
    pub(crate) fn take_room(&self) {
        let mut arriving = self.arriving();
        *arriving = arriving.map(|_| Arriving { until: Instant::now() + BODY_TIME, has_room: true });
    }

    fn arriving(&self) -> MutexGuard<'_, Option<Arriving>> {
        self.door.body.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn has_place(&self) -> bool {
        self.place.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// Tells it to leave, once.
    fn tell_to(&self, leave: Leave) {
        if self.door.told.set(leave).is_ok() {
            self.door.leave.notify_one();
        }
    }

    /// Takes note that its next answer is the last one, as others want its place and it had its share; returns whether it was
    /// not yet.
    fn end(&self) -> bool {
        self.door.began.elapsed() >= SHARE && !self.door.is_at_end.swap(true, Ordering::Relaxed)
    }

    /// Returns whether it has to leave when others want what it has: a body is late, no request was let in yet, or it rests.
    fn must_leave(&self, scarce: Scarce) -> Option<Leave> {
        if self.door.told.get().is_some() {
            return None;
        }
        let late = *self.arriving();
        let late = late.filter(|body| body.until <= Instant::now());
        let has_to_go = match scarce {
            Scarce::Places => late.is_some() || !self.door.is_passed.load(Ordering::Relaxed),
            Scarce::Room => late.is_some_and(|body| body.has_room),
        };
        let rests = || scarce == Scarce::Places && self.rests().is_some_and(|since| since.elapsed() >= REST);
        if has_to_go { Some(Leave::Now) } else { rests().then_some(Leave::WhenAnswered) }
    }
}

/// The body of an answer: once all of it is taken to be sent, which hyper does before it is, the connection rests.
struct Answering {
    body: Body,
    connection: Connection,
}

impl HttpBody for Answering {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        *self.connection.rests() = Some(Instant::now());
    }
}

/// A body, and how far it was read.
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
                let latest = Instant::now() + BODY_PAUSE;
                if let Some(body) = self.connection.arriving().as_mut() {
                    body.until = (body.until + earned).min(latest);
                }
            }
            Poll::Ready(Some(Err(_)) | None) => *self.connection.arriving() = None,
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
        *self.connection.arriving() = None;
    }
}

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
            assert_eq!(asking.each_ref().map(|asking| asking.door.is_at_end.load(Ordering::Relaxed)), expected);
            assert!(asking.iter().all(|asking| asking.door.told.get().is_none()), "a request may be on its way");
        };
        check(Scarce::Places, [false, false]);
        tokio::time::advance(SHARE).await;
        check(Scarce::Room, [false, false]);
        check(Scarce::Places, [true, false]);
        check(Scarce::Places, [true, true]);
    }

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
