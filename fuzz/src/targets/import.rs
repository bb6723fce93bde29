//! Any bytes as lines of an import: what is taken can be asked about, exported and taken by another store.

use super::place::Place;

pub fn check(bytes: &[u8]) {
    let place = Place::new();
    let mut store = place.open();
    for (_, reason) in place.import(store.as_mut(), bytes) {
        assert!(reason.chars().any(char::is_alphabetic), "a line is refused without a word");
    }
    let lines = place.ask(store.as_mut()).expect("the store answers");

    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let other = Place::new();
    let mut store = other.open();
    let refused = other.import(store.as_mut(), text.as_bytes());
    assert_eq!(refused, [], "what was exported can be imported:\n{text}");
    place.is_done();
}
