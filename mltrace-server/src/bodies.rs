//! Bodies that other tools send, packed or not: a short one is read at once, the rest one after the other.

use std::borrow::Cow;
use std::io::Read as _;
use std::sync::Arc;

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use flate2::read::MultiGzDecoder;
use mltrace_core::model::Record;
use tokio::runtime::Handle;

use crate::app::App;
use crate::asked;
use crate::failure::Failure;
use crate::turns::Demand;

/// The longest body as it is sent.
pub(crate) const LIMIT: usize = 16 << 20;
/// The longest body, and the longest one unpacked, that takes no turn, and the longest that is read at once.
const SHORT: usize = 64 << 10;
const QUICK: usize = 8 << 10;

/// Writes records of about so many bytes into the journal.
pub(crate) type Keep<'k> = &'k mut dyn FnMut(Vec<Record>, usize) -> Result<(), Failure>;

/// What reads a body.
pub(crate) trait Reading: Send + 'static {
    /// What is answered.
    type Answer: Send + 'static;

    /// Returns how long a body may be once it is unpacked.
    fn limit(&self) -> usize;

    /// Reads a body, and has what it says kept. What may be long is kept a part at a time.
    fn read(self, app: &App, body: &[u8], keep: Keep<'_>) -> Result<Self::Answer, Failure>;
}

/// Records what a request brings.
pub(crate) async fn take<R: Reading>(app: Arc<App>, request: Request, reading: R) -> Result<R::Answer, Failure> {
    let is_packed = is_packed(request.headers())?;
    let body = app.room.read(request, LIMIT).await?;
    read(app, body, is_packed, reading).await
}

/// Records what a body brings. What takes less than a millisecond is read at once, and what is short on a thread of its own;
/// the rest takes a turn, one after the other.
pub(crate) async fn read<R: Reading>(
    app: Arc<App>,
    body: impl AsRef<[u8]> + Send + 'static,
    is_packed: bool,
    reading: R,
) -> Result<R::Answer, Failure> {
    if body.as_ref().len() <= SHORT
        && let Some(plain) = plain(body.as_ref(), is_packed, SHORT)?
    {
        if plain.len() <= QUICK {
            let (mut all, mut length) = (Vec::new(), 0_usize);
            let answer = reading.read(&app, &plain, &mut |records, bytes| {
                all.extend(records);
                length = length.saturating_add(bytes);
                Ok(())
            })?;
            keep(&app, all, length).await?;
            return Ok(answer);
        }
        let plain = plain.into_owned();
        let record = move || reading.read(&app, &plain, &mut |records, bytes| waiting(&app, records, bytes));
        return tokio::task::spawn_blocking(record).await.map_err(|_| Failure::late())?;
    }
    let record = move |app: &App| {
        let plain = plain(body.as_ref(), is_packed, reading.limit())?;
        let plain = plain.ok_or_else(|| asked::body(StatusCode::PAYLOAD_TOO_LARGE))?;
        reading.read(app, &plain, &mut |records, bytes| waiting(app, records, bytes))
    };
    app.work_as(Demand::Import, record).await
}

/// Waits until records are in the journal, on a thread that may wait.
fn waiting(app: &App, records: Vec<Record>, bytes: usize) -> Result<(), Failure> {
    Handle::current().block_on(keep(app, records, bytes))
}

async fn keep(app: &App, records: Vec<Record>, bytes: usize) -> Result<(), Failure> {
    if !app.home.is_enabled || !app.inbox.keep(records, bytes).await? {
        return Err(Failure::unrecorded(&app.home));
    }
    Ok(())
}

/// Returns a body, unpacked; `None` when it is longer than `most` bytes.
fn plain(body: &[u8], is_packed: bool, most: usize) -> Result<Option<Cow<'_, [u8]>>, Failure> {
    if !is_packed {
        return Ok(Some(body.into()));
    }
    let mut unpacked = Vec::new();
    let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    let read = MultiGzDecoder::new(body).take(limit).read_to_end(&mut unpacked);
    read.map_err(|error| Failure::usage(format!("the body cannot be unpacked: {error}")))?;
    Ok((unpacked.len() <= most).then_some(unpacked.into()))
}

/// Returns whether a body is packed by gzip.
fn is_packed(headers: &HeaderMap) -> Result<bool, Failure> {
    let codings = headers.get_all(header::CONTENT_ENCODING).iter().map(HeaderValue::as_bytes);
    let codings: Vec<_> = codings.map(|coding| coding.trim_ascii().to_ascii_lowercase()).collect();
    match codings.iter().map(Vec::as_slice).collect::<Vec<_>>().as_slice() {
        [] | [b"identity" | b""] => Ok(false),
        [b"gzip" | b"x-gzip"] => Ok(true),
        _ => {
            let failure =
                Failure::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "the body is packed in a way that is not known here");
            Err(failure.hint("send it as it is, or with the header `Content-Encoding: gzip`"))
        }
    }
}
