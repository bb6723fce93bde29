//! Words that are known, looked up in whatever case they stand.

use std::sync::OnceLock;

use foldhash::{HashSet, HashSetExt as _};

/// No known word is longer.
const LONGEST: usize = 16;

/// A set of words in small letters, parted by spaces. Each word of each name is looked for in several of them.
pub(super) struct Known {
    words: &'static str,
    set: OnceLock<HashSet<&'static [u8]>>,
}

impl Known {
    pub(super) const fn new(words: &'static str) -> Self {
        Self { words, set: OnceLock::new() }
    }

    /// Returns whether a word is one of them.
    pub(super) fn has(&self, word: &str) -> bool {
        let mut small = [0; LONGEST];
        let Some(small) = small.get_mut(..word.len()) else { return false };
        small.copy_from_slice(word.as_bytes());
        small.make_ascii_lowercase();
        self.set().contains(&*small)
    }

    fn set(&self) -> &HashSet<&'static [u8]> {
        self.set.get_or_init(|| {
            let mut set = HashSet::new();
            set.extend(self.words.split(' ').map(str::as_bytes));
            set
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_known_in_any_case_and_no_part_of_it() {
        static SOME: Known = Known::new("api token");
        assert!(SOME.has("api") && SOME.has("ToKen") && SOME.has("API"));
        assert!(!SOME.has("ap") && !SOME.has("apitoken") && !SOME.has("") && !SOME.has(&"api".repeat(9)));
    }
}
