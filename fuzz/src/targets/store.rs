//! Any bytes as the store's file: it is opened, looked at and written, or there is a word on why not.

use std::fs;

use mltrace_core::ingest;
use mltrace_core::query::QueryError;
use mltrace_core::store::{self, Mode};
use mltrace_core::upkeep;

use super::place::{Place, words};

const RUN: &[u8] = br#"{"component": "train", "started_at": "2026-01-01T00:00:00Z", "inputs": ["s3://x/raw"]}"#;

/// Returns the file of a small store, for a corpus.
pub fn seed(lines: &[u8]) -> Vec<u8> {
    let place = Place::new();
    let mut store = place.open();
    place.import(store.as_mut(), lines);
    drop(store);
    fs::read(place.home.store.file().expect("it is a file")).expect("the store is a file")
}

pub fn check(bytes: &[u8]) {
    let place = Place::new();
    fs::write(place.home.store.file().expect("it is a file"), bytes).expect("the store can be written");
    let checkup = upkeep::doctor(&place.home, true);
    assert!(checkup.fine.len() + checkup.wrong.len() > 0, "the doctor says something");
    match store::open(&place.home, Mode::Read) {
        Ok(mut store) => {
            if let Err(QueryError::Store(error)) = place.ask(store.as_mut()) {
                drop(words(&error));
            }
        }
        Err(error) => drop(words(&error)),
    }
    match store::open(&place.home, Mode::Write) {
        Ok(mut store) => {
            let landed = ingest::import(&place.home, store.as_mut(), &mut &*RUN, &mut |_| {});
            landed.map_or_else(|error| drop(words(&error)), drop);
        }
        Err(error) => drop(words(&error)),
    }
    place.is_done();
}
