//! Text from a caller's `Display` or `Debug` that neither panics nor grows without bound.

use std::fmt::{self, Write};

use crate::kept::kept;
use crate::model::{LIMIT_TEXT, cut};

/// What is recorded instead of a text that could not be made.
pub const PANICKED: &str = "<panicked while shown>";

/// Returns the text that `write` writes, cut at the limit of a parameter, a note or an error.
///
/// It is the caller's code that writes, so a panic in it is kept here.
pub fn shown(write: impl FnOnce(&mut dyn Write) -> fmt::Result) -> String {
    let mut text = Bounded { text: String::new() };
    // An error says only that the text ends here: it was long enough, or its writer gave up.
    match kept(|| write(&mut text)) {
        Ok(_) => {
            let mut text = text.text;
            cut(&mut text, LIMIT_TEXT);
            text
        }
        Err(_) => PANICKED.to_owned(),
    }
}

/// Takes text until there is more than will be kept, and then asks its writer to stop.
struct Bounded {
    text: String,
}

impl Write for Bounded {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        let room = (LIMIT_TEXT + 1).saturating_sub(self.text.len());
        if part.len() <= room {
            self.text.push_str(part);
            return Ok(());
        }
        // At least one character more than is kept, so that `cut` puts its mark.
        let end = (room..=part.len()).find(|end| part.is_char_boundary(*end)).unwrap_or(part.len());
        self.text.push_str(part.get(..end).unwrap_or(part));
        Err(fmt::Error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_kept_as_written() {
        assert_eq!(shown(|to| write!(to, "{:02}-a", 1)), "01-a");
    }

    #[test]
    fn a_panic_leaves_a_mark() {
        assert_eq!(shown(|_| panic!("in Display")), PANICKED);
    }

    #[test]
    fn endless_text_is_stopped_and_cut() {
        let text = shown(|to| {
            loop {
                to.write_str("é")?;
            }
        });
        assert!(text.len() <= LIMIT_TEXT && text.ends_with("[cut]"), "{}", text.len());
    }

    #[test]
    fn what_was_written_before_an_error_is_kept() {
        assert_eq!(shown(|to| to.write_str("so far").and(Err(fmt::Error))), "so far");
    }
}
