//! Listening: connections with limits, and an end that loses nothing.

use std::net::{SocketAddr, TcpListener};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::service::Service as _;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::sync::Semaphore;

use crate::app::App;
use crate::patient::Patient;
use crate::safety::{Connection, Peer, Scarce};
use crate::{live, memory, routes};

/// How many connections may be open at the same time, besides those that listen for news.
const MOST_CONNECTIONS: usize = 256;
/// How long a client may take to say what it wants.
const HEADER_TIME: Duration = Duration::from_secs(10);
/// How many bytes the head of a request may have.
const HEADER_BYTES: usize = 32 << 10;
/// How long requests that are being answered may go on when the server stops.
const FAREWELL: Duration = Duration::from_secs(10);
/// How long the server rests when it cannot take a connection, for want of handles or memory.
const REST: Duration = Duration::from_millis(100);
/// How long one waits for a place before others are looked at again.
const AGAIN: Duration = Duration::from_millis(100);

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
        let graceful = GracefulShutdown::new();
        let mut http = hyper::server::conn::http1::Builder::new();
        http.timer(TokioTimer::new()).header_read_timeout(HEADER_TIME).max_buf_size(HEADER_BYTES);
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
            let service = TowerToHyperService::new(router.clone());
            queue.add(connection.clone(), 2 * MOST_CONNECTIONS);
            let told = connection.clone();
            let service = hyper::service::service_fn(move |mut request: hyper::Request<hyper::body::Incoming>| {
                request.extensions_mut().insert(told.clone());
                service.call(request)
            });
            let served = graceful.watch(http.serve_connection(TokioIo::new(Patient::new(stream)), service));
            let app = Arc::clone(&app);
            tokio::spawn(async move {
                // A client that breaks off is no concern of the others.
                tokio::select! {
                    _ = served => {}
                    () = connection.told_to_leave() => {}
                }
                connection.leave_place();
                // The body of its request may have been long, and may not have come to its end.
                app.give_back_soon();
            });
        }
        drop(listener);
        watcher.abort();
        app.news.send_replace(None);
        let _ = tokio::time::timeout(FAREWELL, graceful.shutdown()).await;
        Ok(())
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
