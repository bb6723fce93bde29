//! Room for long bodies: how many bytes of them all requests together may hold.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::HttpBody as _;
use axum::extract::Request;
use axum::http::StatusCode;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_stream::StreamExt as _;

use crate::asked;
use crate::failure::Failure;
use crate::routes::BODY_LIMIT;
use crate::safety::{self, Connection, Queue, Scarce};
use crate::turns::PATIENCE;

/// How many bytes long bodies may hold at once: six of the longest.
const MOST: usize = 96 << 20;
/// How many bytes a permit stands for.
const UNIT: usize = 1 << 10;
/// How long one waits for room before others are looked at again.
const AGAIN: Duration = Duration::from_millis(100);

/// The room that is left, and the connections whose late bodies have to leave it to others.
#[derive(Clone)]
pub(crate) struct Room {
    left: Arc<Semaphore>,
    pub(crate) queue: Queue,
}

/// A body, with the room that it takes until it is dropped.
pub(crate) struct LongBody {
    pub(crate) bytes: Vec<u8>,
    _room: Option<OwnedSemaphorePermit>,
}

impl AsRef<[u8]> for LongBody {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Default for Room {
    fn default() -> Self {
        Self { left: Arc::new(Semaphore::new(MOST / UNIT)), queue: Queue::default() }
    }
}

impl Room {
    /// Reads the body of a request, of at most so many bytes.
    ///
    /// As many bytes as any request may bring need no room. A longer body takes room for all that its head announces:
    /// bodies that took it bit by bit could wait for each other.
    pub(crate) async fn read(&self, request: Request, most: usize) -> Result<LongBody, Failure> {
        let connection = safety::connection(&request).cloned();
        let body = request.into_body();
        let announced = body.size_hint().upper().and_then(|length| usize::try_from(length).ok());
        let announced = announced.unwrap_or(most).min(most);
        let mut parts = body.into_data_stream();
        let mut bytes = Vec::with_capacity(announced.min(BODY_LIMIT));
        let (mut length, mut room, mut is_turned_away) = (0_usize, None, false);
        while let Some(part) = parts.next().await {
            let part = part.map_err(|_| asked::body(StatusCode::BAD_REQUEST))?;
            length = length.saturating_add(part.len());
            if length > most {
                return Err(asked::body(StatusCode::PAYLOAD_TOO_LARGE));
            }
            if length > BODY_LIMIT && room.is_none() && !is_turned_away {
                room = self.take(announced, connection.as_ref()).await;
                is_turned_away = room.is_none();
                bytes.reserve_exact(if is_turned_away { 0 } else { announced.saturating_sub(bytes.len()) });
            }
            // Who is turned away sends on, and sees the answer only once everything is sent.
            if is_turned_away {
                bytes = Vec::new();
            } else {
                bytes.extend_from_slice(&part);
            }
        }
        if is_turned_away { Err(Failure::no_room()) } else { Ok(LongBody { bytes, _room: room }) }
    }

    /// Takes room for what a body may be once it is unpacked.
    #[cfg(feature = "grpc")]
    pub(crate) async fn take_for_unpacked(&self, bytes: usize) -> Result<OwnedSemaphorePermit, Failure> {
        self.take(bytes, None).await.ok_or_else(Failure::no_room)
    }

    /// Takes room for so many bytes; `None` when there is none for too long.
    async fn take(&self, bytes: usize, connection: Option<&Connection>) -> Option<OwnedSemaphorePermit> {
        let permits = u32::try_from(bytes.div_ceil(UNIT)).unwrap_or(u32::MAX);
        let mut waiting = pin!(Arc::clone(&self.left).acquire_many_owned(permits));
        let taken = async {
            loop {
                tokio::select! {
                    room = &mut waiting => break room.ok(),
                    () = tokio::time::sleep(AGAIN) => self.queue.make_room(Scarce::Room),
                }
            }
        };
        let room = tokio::time::timeout(PATIENCE, taken).await.ok().flatten()?;
        connection.inspect(|connection| connection.take_room());
        Some(room)
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    const LONG: usize = 16 << 20;

    fn request(bytes: usize) -> Request {
        Request::new(Body::from(vec![b' '; bytes]))
    }

    #[tokio::test(start_paused = true)]
    async fn who_finds_no_room_is_told_to_come_back_and_short_bodies_need_none() {
        let room = Room::default();
        let mut held = Vec::new();
        for _ in 0..MOST / LONG {
            held.push(room.read(request(LONG), LONG).await.unwrap());
        }
        let late = room.read(request(BODY_LIMIT + 1), LONG).await.err().unwrap();
        assert_eq!(late.status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(room.read(request(BODY_LIMIT), LONG).await.unwrap().bytes.len(), BODY_LIMIT);
        held.pop();
        assert_eq!(room.read(request(LONG), LONG).await.unwrap().bytes.len(), LONG);
        let too_long = room.read(request(LONG + 1), LONG).await.err().unwrap();
        assert_eq!(too_long.status, StatusCode::PAYLOAD_TOO_LARGE);
    }
}
