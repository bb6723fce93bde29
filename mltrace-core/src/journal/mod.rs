//! The append-only record file of one process: format, writer, reader.
//!
//! `<process>.log` holds frames, one record each, and is the only way into a store; `<process>.lock` is locked for the
//! process' life, so a free lock proves that the writer is dead. A journal that grows large goes on in
//! `<process>.1.log`, `<process>.2.log`, …. `lost` counts what could not be
//! written.

mod frame;

pub mod lost;

mod reserve;

mod lock;

mod place;

mod writer;

mod reader;

pub use frame::{FORMAT, MINOR, Said, decode, encode, parse};
pub(crate) use lock::sweep;
pub use reader::{Journal, Mark, Part, Piece, Unread, is_emptied, list, read, read_from, still_holds};
pub(crate) use reserve::keep_reserve;
pub use writer::Writer;
