//! Makes names safe to show: the same escapes on a terminal as on a page.

pub(crate) use mltrace_core::escape::{block, is_hidden, line};
