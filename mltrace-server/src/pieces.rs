//! An answer on its way: small ones in one piece, long ones as they are found.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::app::App;
use crate::failure::Failure;
use crate::turns::{Demand, TIME};

/// How much of an answer is sent at once.
const PIECE: usize = 64 << 10;
/// How many pieces wait for a client that takes them slowly.
const WAITING: usize = 4;

/// Where an answer is written to. Once the first piece is sent, it can only break off: nobody takes that for its end.
pub(crate) struct Pieces {
    piece: Vec<u8>,
    to: mpsc::Sender<Bytes>,
    until: Instant,
}

impl io::Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.piece.extend_from_slice(bytes);
        if self.piece.len() >= PIECE {
            let piece = std::mem::replace(&mut self.piece, Vec::with_capacity(PIECE)).into();
            let sent = Handle::current().block_on(tokio::time::timeout_at(self.until, self.to.send(piece)));
            // The client is slow, or has gone.
            sent.ok().and_then(Result::ok).ok_or(io::ErrorKind::BrokenPipe)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Returns the response whose JSON `write` writes, in a long turn.
pub(crate) async fn answer(
    app: Arc<App>,
    write: impl FnOnce(&App, &mut Pieces) -> Result<(), Failure> + Send + 'static,
) -> Result<Response, Failure> {
    let (to, mut sent) = mpsc::channel(WAITING);
    let mut rest: Rest = Box::pin(async move {
        app.in_turn(Demand::Long, move |app| {
            let mut pieces = Pieces { piece: Vec::new(), to, until: Instant::now() + TIME };
            write(app, &mut pieces)?;
            Ok(pieces.piece.into())
        })
        .await
    });
    let body = tokio::select! {
        biased;
        Some(first) = sent.recv() => Body::from_stream(Sent { first: Some(first), sent, rest: Some(rest) }),
        whole = &mut rest => {
            let whole = whole?;
            // Pieces may have been sent after it was asked for them, and before the end was seen.
            match sent.try_recv() {
                Ok(first) => {
                    let rest: Rest = Box::pin(std::future::ready(Ok(whole)));
                    Body::from_stream(Sent { first: Some(first), sent, rest: Some(rest) })
                }
                Err(_) => Body::from(whole),
            }
        }
    };
    Ok(([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], body).into_response())
}

/// What is left of an answer when all else is sent, or why it broke off.
type Rest = Pin<Box<dyn Future<Output = Result<Bytes, Failure>> + Send>>;

/// The pieces of an answer. Anyone who drops them ends the question with them.
struct Sent {
    first: Option<Bytes>,
    sent: mpsc::Receiver<Bytes>,
    rest: Option<Rest>,
}

impl tokio_stream::Stream for Sent {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(Ok(first)));
        }
        if let Some(piece) = ready!(self.sent.poll_recv(context)) {
            return Poll::Ready(Some(Ok(piece)));
        }
        let Some(rest) = &mut self.rest else { return Poll::Ready(None) };
        let rest = ready!(rest.as_mut().poll(context));
        self.rest = None;
        Poll::Ready(Some(rest.map_err(|failure| io::Error::other(failure.told.message))))
    }
}
