//! Where a request comes from, and the place among the connections that it holds.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use axum::http::{HeaderValue, Version, header};
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
    /// Which of its requests it is about.
    number: u64,
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

/// For how long a part of an answer may wait over HTTP/2, and how long such a part is.
const STUCK: Duration = Duration::from_secs(30);
const PART: usize = 16 << 10;

/// How long a connection may go on asking while others want its place.
pub(super) const SHARE: Duration = Duration::from_secs(1);

/// Whether a request of a connection was let in, and what tells it to leave.
#[derive(Debug)]
struct Door {
    began: Instant,
    is_passed: AtomicBool,
    /// Whether it speaks HTTP/2, and has several requests at the same time.
    is_shared: AtomicBool,
    /// Whether the next answer is the last one.
    is_at_end: AtomicBool,
    /// The bodies that are being read, by request.
    bodies: Mutex<BTreeMap<u64, Arriving>>,
    asked: Mutex<Asked>,
    told: OnceLock<Leave>,
    leave: Notify,
}

/// The requests of a connection.
#[derive(Debug, Default)]
struct Asked {
    /// How many there were.
    count: u64,
    /// Those that are not answered yet, each with since when a part of its answer waits to be taken.
    open: BTreeMap<u64, Option<Instant>>,
    /// Since when all are answered.
    rests: Option<Instant>,
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
            is_shared: AtomicBool::new(false),
            is_at_end: AtomicBool::new(false),
            bodies: Mutex::default(),
            asked: Mutex::default(),
            told: OnceLock::new(),
            leave: Notify::new(),
        };
        Self { peer, number: 0, place: Arc::new(Mutex::new(Some(place))), door: Arc::new(door) }
    }

    /// Leaves the place to those who ask: the connection has another, or is at its end.
    pub(crate) fn leave_place(&self) {
        self.place.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// It listens for news from now on: it has another place, and is at its end when the stream is.
    pub(crate) fn listens(&self) {
        self.leave_place();
        self.tell_to(Leave::WhenAnswered);
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
            let is_shared = request.version() == Version::HTTP_2;
            connection.door.is_shared.fetch_or(is_shared, Ordering::Relaxed);
            let open = Open(connection.begins());
            request.extensions_mut().insert(open.0.clone());
            let answered = service.call(request);
            async move {
                let mut answer = answered.await?;
                // It learns so with the answer: a request that is on its way would be lost when the connection closed.
                if !is_shared && open.0.door.is_at_end.load(Ordering::Relaxed) {
                    answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
                }
                Ok(answer.map(|body| Body::new(Answering { body, rest: Bytes::new(), is_shared, open })))
            }
        })
    }

    /// Returns the connection as its next request has it.
    fn begins(&self) -> Self {
        let mut asked = self.asked();
        asked.count = asked.count.saturating_add(1);
        asked.rests = None;
        let number = asked.count;
        asked.open.insert(number, None);
        Self { number, ..self.clone() }
    }

    /// Returns whether it asked anything yet.
    pub(crate) fn has_asked(&self) -> bool {
        self.asked().count > 0
    }

    /// Returns whether a part of an answer has not been taken for too long. Over HTTP/1 the stream below sees to that; a stream
    /// of HTTP/2 may stand still while the connection goes on.
    pub(crate) fn is_stuck(&self) -> bool {
        let since = self.asked().open.values().flatten().min().copied();
        self.door.is_shared.load(Ordering::Relaxed) && since.is_some_and(|since| since.elapsed() >= STUCK)
    }

    fn asked(&self) -> MutexGuard<'_, Asked> {
        self.door.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes note of a body that is read.
    pub(crate) fn read(&self, body: Body) -> Body {
        if body.is_end_stream() {
            return body;
        }
        self.arriving().insert(self.number, Arriving { until: Instant::now() + BODY_TIME, has_room: false });
        Body::new(Reading { body, connection: self.clone() })
    }

    /// Takes note that the body that is read has room. It was not late while it waited for that.
    pub(crate) fn take_room(&self) {
        if let Some(body) = self.arriving().get_mut(&self.number) {
            *body = Arriving { until: Instant::now() + BODY_TIME, has_room: true };
        }
    }

    fn arriving(&self) -> MutexGuard<'_, BTreeMap<u64, Arriving>> {
        self.door.bodies.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn has_place(&self) -> bool {
        self.place.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// Returns what it was told, and whether its next answer is the last one.
    #[cfg(test)]
    pub(super) fn is_told(&self) -> (Option<Leave>, bool) {
        (self.door.told.get().copied(), self.door.is_at_end.load(Ordering::Relaxed))
    }

    /// Tells it to leave, once.
    pub(super) fn tell_to(&self, leave: Leave) {
        if self.door.told.set(leave).is_ok() {
            self.door.leave.notify_one();
        }
    }

    /// Takes note that its next answer is the last one, as others want its place and it had its share; returns whether it was
    /// not yet.
    pub(super) fn end(&self) -> bool {
        let is_told = self.door.began.elapsed() >= SHARE && !self.door.is_at_end.swap(true, Ordering::Relaxed);
        // HTTP/2 says by itself which requests are still answered.
        if is_told && self.door.is_shared.load(Ordering::Relaxed) {
            self.tell_to(Leave::WhenAnswered);
        }
        is_told
    }

    /// Returns whether it has to leave when others want what it has: a body is late, no request was let in yet, or it rests.
    pub(super) fn must_leave(&self, scarce: Scarce) -> Option<Leave> {
        if self.door.told.get().is_some() {
            return None;
        }
        let now = Instant::now();
        let is_late =
            |has_room: bool| self.arriving().values().any(|body| body.until <= now && (body.has_room || !has_room));
        let has_to_go = match scarce {
            Scarce::Places => is_late(false) || !self.door.is_passed.load(Ordering::Relaxed),
            Scarce::Room => is_late(true),
        };
        let rests = || scarce == Scarce::Places && self.asked().rests.is_some_and(|since| since.elapsed() >= REST);
        if has_to_go { Some(Leave::Now) } else { rests().then_some(Leave::WhenAnswered) }
    }
}

/// A request, until its answer is sent or nobody waits for it.
struct Open(Connection);

impl Open {
    /// Takes note of whether a part of the answer waits to be taken.
    fn hands_over(&self, is_waiting: bool) {
        if let Some(since) = self.0.asked().open.get_mut(&self.0.number) {
            *since = is_waiting.then(Instant::now);
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let mut asked = self.0.asked();
        asked.open.remove(&self.0.number);
        asked.rests = asked.open.is_empty().then(Instant::now);
    }
}

/// The body of an answer: once all of it is taken to be sent, which hyper does before it is, the connection rests.
struct Answering {
    body: Body,
    /// What was not handed over yet of the last part.
    rest: Bytes,
    is_shared: bool,
    open: Open,
}

impl HttpBody for Answering {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = match self.rest.is_empty() {
            true => Pin::new(&mut self.body).poll_frame(context),
            false => Poll::Ready(Some(Ok(Frame::data(std::mem::take(&mut self.rest))))),
        };
        self.open.hands_over(matches!(polled, Poll::Ready(Some(Ok(_)))));
        match polled {
            Poll::Ready(Some(Ok(frame))) if self.is_shared => match frame.into_data() {
                // Of what is handed over whole nobody sees whether it is taken.
                Ok(mut part) => {
                    self.rest = part.split_off(part.len().min(PART));
                    Poll::Ready(Some(Ok(Frame::data(part))))
                }
                Err(trailers) => Poll::Ready(Some(Ok(trailers))),
            },
            polled => polled,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (of_body, rest) = (self.body.size_hint(), self.rest.len() as u64);
        let mut hint = SizeHint::new();
        hint.set_lower(of_body.lower().saturating_add(rest));
        if let Some(upper) = of_body.upper() {
            hint.set_upper(upper.saturating_add(rest));
        }
        hint
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
                if let Some(body) = self.connection.arriving().get_mut(&self.connection.number) {
                    body.until = (body.until + earned).min(latest);
                }
            }
            Poll::Ready(Some(Err(_)) | None) => _ = self.connection.arriving().remove(&self.connection.number),
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
        self.connection.arriving().remove(&self.connection.number);
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

    fn connection() -> Connection {
        let places = Arc::new(tokio::sync::Semaphore::new(1));
        Connection::new(Peer::HERE, places.try_acquire_owned().unwrap())
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_rests_once_all_of_its_requests_are_answered() {
        let connection = connection();
        assert!(!connection.has_asked());
        let [first, second] = [(); 2].map(|()| Open(connection.begins()));
        let bodies = [&first, &second].map(|open| open.0.read(Body::from("late")));
        tokio::time::advance(BODY_TIME).await;
        connection.pass();
        drop(first);
        assert_eq!(connection.must_leave(Scarce::Places), Some(Leave::Now), "the body of the second is late");
        let [_, body] = bodies;
        drop(body);
        tokio::time::advance(REST).await;
        assert_eq!(connection.must_leave(Scarce::Places), Some(Leave::Now), "and so is that of the first");
        second.0.arriving().clear();
        assert_eq!(connection.must_leave(Scarce::Places), None, "the second is not answered yet");
        drop(second);
        tokio::time::advance(REST).await;
        assert_eq!(connection.must_leave(Scarce::Places), Some(Leave::WhenAnswered));
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_over_http_2_that_is_not_taken_is_noticed_however_it_comes() {
        let connection = connection();
        connection.door.is_shared.store(true, Ordering::Relaxed);
        let all = vec![7_u8; 5 * PART / 2];
        let open = Open(connection.begins());
        let mut answer = Answering { body: Body::from(all.clone()), rest: Bytes::new(), is_shared: true, open };
        let mut context = Context::from_waker(std::task::Waker::noop());
        let mut taken = Vec::new();
        while !answer.is_end_stream() {
            assert_eq!(answer.size_hint().exact(), Some((all.len() - taken.len()) as u64));
            tokio::time::advance(STUCK / 2).await;
            assert!(!connection.is_stuck());
            let Poll::Ready(Some(Ok(frame))) = Pin::new(&mut answer).poll_frame(&mut context) else { panic!("a part") };
            let part = frame.into_data().unwrap();
            assert!(part.len() <= PART);
            taken.extend_from_slice(&part);
        }
        assert_eq!(taken, all);
        tokio::time::advance(STUCK).await;
        assert!(connection.is_stuck(), "nobody took the last part");
        drop(answer);
        assert!(!connection.is_stuck());
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
