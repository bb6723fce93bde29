//! The server as a client meets it, without a network: access, answers, recording, pages.

mod client;

mod access;

mod questions;

mod recording;

mod limits;

mod doors;

mod speed;

mod traces;

mod disk;
