//! How wide a text gets, and texts that are cut in the middle so that they fit.
//!
//! Nobody knows here which font a browser takes. So a letter is as wide as in the widest of the usual ones: what fits in that
//! fits in all.

use std::borrow::Cow;

/// How wide the letters from the blank to the tilde are, in thousandths of their size.
const WIDTHS: [u16; 95] = [
    318, 401, 460, 838, 636, 951, 780, 275, 391, 391, 500, 838, 318, 361, 318, 337, 637, 637, 637, 637, 637, 637, 637,
    637, 637, 637, 337, 337, 838, 838, 838, 531, 1000, 685, 687, 699, 771, 632, 576, 775, 752, 295, 295, 656, 558, 863,
    749, 788, 604, 788, 695, 635, 611, 732, 685, 989, 686, 611, 686, 391, 337, 391, 838, 500, 500, 613, 635, 550, 635,
    616, 353, 635, 634, 278, 278, 580, 278, 975, 634, 612, 635, 635, 412, 521, 393, 634, 592, 818, 592, 592, 525, 637,
    337, 637, 838,
];
/// How wide any other letter is that is no wider than high, and one that may be.
const OTHER: f64 = 1.0;
const WIDE: f64 = 1.3;
/// Where the wide letters begin: East Asian ones, and pictures.
const FIRST_WIDE: char = '\u{2e80}';
/// How much wider a bold letter is.
const BOLD: f64 = 0.12;

/// How large letters are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Letters {
    /// Their size, in the units of a drawing.
    pub size: f64,
    /// Whether they are bold.
    pub is_bold: bool,
}

impl Letters {
    /// Returns how wide a text is at most.
    #[must_use]
    pub fn width(self, text: &str) -> f64 {
        text.chars().map(|letter| self.width_of(letter)).sum()
    }

    fn width_of(self, letter: char) -> f64 {
        let place = (letter as usize).checked_sub(usize::from(b' '));
        let width = match place.and_then(|place| WIDTHS.get(place)) {
            Some(thousandths) => f64::from(*thousandths) / 1000.0,
            None if letter >= FIRST_WIDE => WIDE,
            None => OTHER,
        };
        self.size * (width + if self.is_bold { BOLD } else { 0.0 })
    }

    /// Returns a text that is no wider than `room`. What is left out is left out of the middle: names begin with what they
    /// are and end with what distinguishes them, so more of the end is kept.
    #[must_use]
    pub fn fitted(self, text: &str, room: f64) -> Cow<'_, str> {
        if self.width(text) <= room {
            return text.into();
        }
        let letters: Vec<char> = text.chars().collect();
        let left = room - self.width_of('…');
        let (mut head, mut used) = (0, 0.0);
        let mut add = |letter: Option<&char>, most: f64, count: &mut usize| {
            let Some(width) = letter.map(|letter| self.width_of(*letter)) else { return false };
            let is_room = used + width <= most;
            if is_room {
                used += width;
                *count += 1;
            }
            is_room
        };
        while add(letters.get(head), left * 0.4, &mut head) {}
        let mut tail = 0;
        while add(letters.len().checked_sub(tail + 1).and_then(|place| letters.get(place)), left, &mut tail) {}
        let (head, tail) = (letters.iter().take(head), letters.iter().skip(letters.len() - tail));
        head.chain(std::iter::once(&'…')).chain(tail).collect::<String>().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Letters = Letters { size: 10.0, is_bold: false };

    #[test]
    fn a_text_is_as_wide_as_its_letters() {
        let near = |text: &str, expected: f64| assert!((PLAIN.width(text) - expected).abs() < 1e-9, "{text}");
        near("", 0.0);
        near("il", 5.56);
        near("…✓日", 10.0 + 10.0 + 13.0);
        assert!(Letters { is_bold: true, ..PLAIN }.width("mean") > PLAIN.width("mean"));
    }

    #[test]
    fn a_long_text_keeps_its_begin_and_more_of_its_end() {
        assert_eq!(PLAIN.fitted("train", 100.0), "train");
        assert_eq!(PLAIN.fitted("features-2026-03-06-0000.parquet", 120.0), "features…0000.parquet");
        for room in [0.0, 5.0, 30.0, 60.0] {
            let fitted = PLAIN.fitted("/data/ünïcode/日本語/file.csv", room);
            assert!(PLAIN.width(&fitted) <= room.max(10.0), "{fitted}");
            assert!(fitted.contains('…'));
        }
    }
}
