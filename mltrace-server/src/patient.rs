//! A connection that ends when its other end does not take what it asked for.

use std::io::{Error, ErrorKind, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

/// For how long a client may take nothing.
const PATIENCE: Duration = Duration::from_secs(30);
/// How many bytes a second a client must take that is served for longer than that.
const SLOWEST: f64 = 4096.0;

/// A stream whose writes fail when they have waited for too long.
pub(crate) struct Patient<S> {
    stream: S,
    /// By when more must have been taken, while something waits to be.
    until: Option<Instant>,
    alarm: Pin<Box<Sleep>>,
}

impl<S> Patient<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self { stream, until: None, alarm: Box::pin(tokio::time::sleep(PATIENCE)) }
    }

    /// Returns what comes of a write of `length` bytes, which may be of more than were taken.
    fn wrote(
        &mut self,
        context: &mut Context<'_>,
        length: usize,
        written: Poll<Result<usize, Error>>,
    ) -> Poll<Result<usize, Error>> {
        match &written {
            Poll::Ready(Ok(taken)) if *taken >= length => self.until = None,
            Poll::Ready(Ok(taken)) => {
                let now = Instant::now();
                let earned = Duration::from_secs_f64(*taken as f64 / SLOWEST);
                self.until = Some(self.until.map_or(now + PATIENCE, |until| (until + earned).min(now + PATIENCE)));
            }
            Poll::Ready(Err(_)) => {}
            Poll::Pending => {
                let until = *self.until.get_or_insert_with(|| Instant::now() + PATIENCE);
                if self.alarm.deadline() != until {
                    self.alarm.as_mut().reset(until);
                }
                ready!(self.alarm.as_mut().poll(context));
                return Poll::Ready(Err(Error::new(ErrorKind::TimedOut, "nobody takes the answer")));
            }
        }
        written
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<Result<(), Error>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize, Error>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.wrote(context, bytes.len(), written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<Result<usize, Error>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, parts);
        self.wrote(context, parts.iter().map(|part| part.len()).sum(), written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    /// Returns how long a client is served that takes `bytes` every second, of an answer of a mebibyte; and whether it
    /// got all.
    async fn served(bytes: usize) -> (Duration, bool) {
        let (ours, mut theirs) = tokio::io::duplex(8 << 10);
        let client = tokio::spawn(async move {
            loop {
                tokio::time::sleep(Duration::from_secs(1)).await;
                if bytes == 0 {
                    continue;
                }
                if theirs.read_exact(&mut vec![0; bytes]).await.is_err() {
                    return;
                }
            }
        });
        let begun = Instant::now();
        let all = Patient::new(ours).write_all(&vec![0; 1 << 20]).await;
        client.abort();
        (begun.elapsed(), all.is_ok())
    }

    #[tokio::test(start_paused = true)]
    async fn who_takes_nothing_or_drop_by_drop_is_left() {
        assert_eq!(served(0).await, (PATIENCE, false));
        let (took, is_all) = served(100).await;
        assert!(!is_all && took < PATIENCE * 3 / 2, "{took:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn who_takes_it_slowly_gets_all() {
        let (took, is_all) = served(5 << 10).await;
        assert!(is_all && took > PATIENCE * 5, "{took:?}");
    }
}
