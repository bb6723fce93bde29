//! Any bytes as the journal of a process that is gone: they are read, folded once, and put away.

use std::fs;

use mltrace_core::model::ProcessId;
use mltrace_core::upkeep;
use mltrace_core::{ingest, journal};

use super::place::Place;

pub fn check(bytes: &[u8]) {
    let place = Place::new();
    let path = place.home.journal().join(format!("{}.log", ProcessId::new()));
    fs::write(&path, bytes).expect("the journal can be written");
    let records = read(&path, bytes.len());

    let mut store = place.open();
    let report = ingest::fold(&place.home, store.as_mut()).expect("any journal can be folded");
    assert_eq!(report.records, records, "what can be read is folded");
    assert!(!path.exists(), "a journal that is folded is put away");
    let again = ingest::fold(&place.home, store.as_mut()).expect("nothing is left to fold");
    assert_eq!((again.records, again.damaged), (0, 0), "it is folded once");
    place.ask(store.as_mut()).expect("the store answers");
    let checkup = upkeep::doctor(&place.home, true);
    let broken = checkup.wrong.iter().find(|wrong| wrong.contains("damaged:") || wrong.contains("refer to"));
    assert_eq!(broken, None, "the store is whole");
    place.is_done();
}

/// Reads the file to its end and returns how many records it holds; each byte belongs to one thing.
fn read(path: &std::path::Path, length: usize) -> u64 {
    let (mut offset, mut records) = (0, 0);
    loop {
        let piece = journal::read(path, offset).expect("the file can be read");
        records += u64::try_from(piece.records.len()).expect("few records");
        assert!(piece.next > offset || piece.is_end, "reading goes on");
        if piece.is_end {
            let end = usize::try_from(piece.next).expect("a small file") + piece.tail.len();
            assert_eq!(end, length, "every byte is accounted for");
            return records;
        }
        offset = piece.next;
    }
}
