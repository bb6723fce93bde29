//! Listening: connections with limits, and an end that loses nothing.

use std::convert::Infallible;
use std::net::{SocketAddr, TcpListener};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::Request;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::service::Service;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, watch};
use tokio::time::Instant;

use crate::app::App;
use crate::patient::Patient;
use crate::safety::{Connection, Leave, Peer, Scarce};
use crate::{live, memory, routes};

/// How many connections may be open at the same time, besides those that listen for news.
const MOST_CONNECTIONS: usize = 256;
/// How long a client may take to say what it wants.
const HEADER_TIME: Duration = Duration::from_secs(10);
/// How many requests of one connection of HTTP/2 are answered at the same time, and how many bytes of them, and of answers to
/// them, wait at most.
#[cfg(feature = "grpc")]
const MOST_STREAMS: u32 = 4;
#[cfg(feature = "grpc")]
const WINDOW: u32 = 128 << 10;
/// How often a connection of HTTP/2 on which nothing comes is asked whether it is still there, and how long that may take.
#[cfg(feature = "grpc")]
const PING: Duration = Duration::from_secs(20);
/// How many bytes the head of a request may have.
const HEADER_BYTES: usize = 32 << 10;
/// How long requests that are being answered may go on when the server stops.
const FAREWELL: Duration = Duration::from_secs(10);
/// How long the server rests when it cannot take a connection, for want of handles or memory.
const REST: Duration = Duration::from_millis(100);
/// How long one waits for a place before others are looked at again.
const AGAIN: Duration = Duration::from_millis(100);

/// What a client says, and what it is answered.
type Stream = TokioIo<Patient<TcpStream>>;

/// A server that has its address and does not answer yet.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
}

/// Why a server could not be started.
#[derive(Debug)]
pub enum ServeError {
    /// The address is taken, or not this machine's.
    Bind(SocketAddr, std::io::Error),
    /// The system has no thread or handle left.
    Start(std::io::Error),
}

impl std::fmt::Display for ServeError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Bind(address, error) => write!(f, "`{address}` cannot be listened on: {error}"),
            Self::Start(error) => write!(f, "the server cannot be started: {error}"),
        }
    }
}

impl std::error::Error for ServeError {}

impl Server {
    /// Takes an address.
    ///
    /// # Errors
    /// When it is taken, or not this machine's.
    pub fn bind(address: SocketAddr) -> Result<Self, ServeError> {
        let wrong = |error| ServeError::Bind(address, error);
        let listener = TcpListener::bind(address).map_err(wrong)?;
        listener.set_nonblocking(true).map_err(wrong)?;
        let address = listener.local_addr().map_err(wrong)?;
        Ok(Self { listener, address })
    }

    /// Returns the address, with the port that was given when none was asked for.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers until `stop` is there or the process is told to end (SIGINT, SIGTERM); then lets requests finish.
    ///
    /// # Errors
    /// When the system has no thread or handle left.
    pub fn run(self, app: App, stop: impl Future<Output = ()>) -> Result<(), ServeError> {
        memory::keep_in_one_heap();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .thread_name("mltrace-serve")
            .build()
            .map_err(ServeError::Start)?;
        let served = runtime.block_on(self.answer(Arc::new(app), stop));
        // What the store is being asked may take its time; nothing that was acknowledged depends on it.
        runtime.shutdown_timeout(FAREWELL);
        served
    }

    async fn answer(self, app: Arc<App>, stop: impl Future<Output = ()>) -> Result<(), ServeError> {
        let listener = tokio::net::TcpListener::from_std(self.listener).map_err(ServeError::Start)?;
        let told_to_end = told_to_end().map_err(ServeError::Start)?;
        let (router, _) = routes::service(Arc::clone(&app));
        let watcher = tokio::spawn(live::watch(Arc::clone(&app)));
        let places = Arc::new(Semaphore::new(MOST_CONNECTIONS));
        let queue = app.room.queue.clone();
        let ending = watch::Sender::new(());
        let http = http();
        let (mut stop, mut told_to_end) = (pin!(stop), pin!(told_to_end));
        loop {
            let (stream, address) = tokio::select! {
                taken = listener.accept() => match taken {
                    Ok(taken) => taken,
                    Err(_) => {
                        tokio::time::sleep(REST).await;
                        continue;
                    }
                },
                () = &mut stop => break,
                () = &mut told_to_end => break,
            };
            // Small answers go out at once.
            let _ = stream.set_nodelay(true);
            if places.available_permits() == 0 {
                queue.make_room(Scarce::Places);
            }
            // The others wait in the system's queue.
            let mut waiting = pin!(Arc::clone(&places).acquire_owned());
            let place = loop {
                tokio::select! {
                    place = &mut waiting => break place.ok(),
                    // By now a body may be late.
                    () = tokio::time::sleep(AGAIN) => queue.make_room(Scarce::Places),
                    () = &mut stop => break None,
                    () = &mut told_to_end => break None,
                }
            };
            let Some(place) = place else { break };
            let connection = Connection::new(Peer::of(address.ip()), place);
            queue.add(connection.clone(), 2 * MOST_CONNECTIONS);
            let service = connection.marked(TowerToHyperService::new(router.clone()));
            let served = http.serve_connection(TokioIo::new(Patient::new(stream)), service).into_owned();
            let (app, ending) = (Arc::clone(&app), ending.subscribe());
            tokio::spawn(async move {
                serve(served, &connection, ending).await;
                connection.leave_place();
                // The body of its request may have been long, and may not have come to its end.
                app.give_back_soon();
            });
        }
        drop(listener);
        watcher.abort();
        app.news.send_replace(None);
        ending.send_replace(());
        // It is closed once all who listen to it are gone.
        let _ = tokio::time::timeout(FAREWELL, ending.closed()).await;
        Ok(())
    }
}

/// Returns what speaks HTTP with clients: each says by its first bytes which version it means.
fn http() -> auto::Builder<TokioExecutor> {
    let mut http = auto::Builder::new(TokioExecutor::new());
    http.http1().timer(TokioTimer::new()).header_read_timeout(HEADER_TIME).max_buf_size(HEADER_BYTES);
    #[cfg(feature = "grpc")]
    http.http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(MOST_STREAMS)
        .initial_stream_window_size(WINDOW)
        .initial_connection_window_size(WINDOW)
        .max_send_buf_size(WINDOW as usize)
        .max_header_list_size(HEADER_BYTES as u32)
        .keep_alive_interval(PING)
        .keep_alive_timeout(PING);
    http
}

/// Serves a connection until its client breaks off, which is no concern of the others, or it has to leave, or all end.
async fn serve<S>(
    served: auto::Connection<'static, Stream, S, TokioExecutor>,
    connection: &Connection,
    mut ending: watch::Receiver<()>,
) where
    S: Service<Request<Incoming>, Response = Response, Error = Infallible, Future: Send + 'static>,
{
    let mut served = pin!(served);
    let mut looks = tokio::time::interval_at(Instant::now() + HEADER_TIME, HEADER_TIME);
    loop {
        tokio::select! {
            _ = served.as_mut() => return,
            // Who has not even said which version it means, or does not take its answers.
            _ = looks.tick() => if !connection.has_asked() || connection.is_stuck() { return },
            leave = connection.told_to_leave() => match leave {
                Leave::Now => return,
                Leave::WhenAnswered => served.as_mut().graceful_shutdown(),
            },
            Ok(()) = ending.changed() => served.as_mut().graceful_shutdown(),
        }
    }
}

/// Returns what is there when the process is told to end.
fn told_to_end() -> std::io::Result<impl Future<Output = ()>> {
    #[cfg(unix)]
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    Ok(async move {
        #[cfg(unix)]
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        }
        #[cfg(not(unix))]
        let _ = tokio::signal::ctrl_c().await;
    })
}
