//! Texts that a thread has lately found to hold no secret: names and keys come again with each call of a function, and
//! each passes two doors.

use std::cell::RefCell;

use super::scope::Scope;

/// How many texts are remembered, in places that their hash chooses.
const PLACES: usize = 64;
/// A longer text is not remembered.
const LONGEST: usize = 128;

struct Remembered {
    scope: Scope,
    text: String,
}

thread_local! {
    static CLEAN: RefCell<[Remembered; PLACES]> =
        const { RefCell::new([const { Remembered { scope: Scope::Text, text: String::new() } }; PLACES]) };
}

/// Returns whether this very text was found clean in this scope.
pub(super) fn is_known(text: &str, scope: Scope) -> bool {
    text.is_empty() || with_place(text, scope, |place| place.scope == scope && place.text == text).unwrap_or(false)
}

/// Remembers that a text is clean in this scope.
pub(super) fn remember(text: &str, scope: Scope) {
    with_place(text, scope, |place| {
        place.scope = scope;
        place.text.clear();
        place.text.push_str(text);
    });
}

/// Does nothing for a long text, and while the thread ends.
fn with_place<T>(text: &str, scope: Scope, then: impl FnOnce(&mut Remembered) -> T) -> Option<T> {
    if text.len() > LONGEST {
        return None;
    }
    let bytes = text.as_bytes();
    let eight = |chunk: Option<&[u8; 8]>| chunk.map(|chunk| u64::from_le_bytes(*chunk));
    let mixed = |hash: u64, part: u64| (hash.rotate_left(5) ^ part).wrapping_mul(0x517C_C1B7_2722_0A95);
    let hash = match (eight(bytes.first_chunk()), eight(bytes.last_chunk())) {
        (Some(first), Some(last)) => mixed(first, last),
        _ => bytes.iter().fold(0, |hash, byte| mixed(hash, u64::from(*byte))),
    };
    let hash = mixed(hash, (bytes.len() as u64) << 8 | scope as u64);
    let place = usize::try_from(hash >> 32).unwrap_or_default() % PLACES;
    CLEAN.try_with(|clean| clean.try_borrow_mut().ok()?.get_mut(place).map(then)).ok().flatten()
}
