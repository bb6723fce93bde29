//! Patterns of names, everywhere the same: `*` for any letters but `/`, `**` for any letters, `**/` for any folders or none, `?` for
//! one letter but `/`, `[a-c7]` for one of some letters, `[!a-c7]` for any other.

/// A pattern of names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    parts: Vec<Part>,
    /// Whether a name that begins with a dot, or a folder of such a name, is like it only where the dot is spelt out.
    hides_dots: bool,
}

/// What stands in a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Letter(char),
    /// One letter but `/`.
    One,
    /// One letter of some ranges, or of none of them, and not `/`.
    Of {
        ranges: Vec<(char, char)>,
        is_not: bool,
    },
    /// Letters but `/`.
    Some,
    /// Any letters.
    All,
    /// The next two parts, or none of them.
    Folders,
}

impl Pattern {
    /// Returns the pattern that a text is.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let letters: Vec<char> = text.chars().collect();
        let mut parts: Vec<Part> = Vec::new();
        let mut rest = letters.as_slice();
        while let Some((letter, after)) = rest.split_first() {
            rest = after;
            let is_first = matches!(parts.last(), None | Some(Part::Letter('/')));
            match (letter, after) {
                ('*', ['*', '/', after @ ..]) if is_first => {
                    parts.extend([Part::Folders, Part::All, Part::Letter('/')]);
                    rest = after;
                }
                ('*', _) => match parts.last_mut() {
                    Some(Part::All) => {}
                    Some(last @ Part::Some) => *last = Part::All,
                    _ => parts.push(Part::Some),
                },
                ('?', _) => parts.push(Part::One),
                ('[', _) => match class(after) {
                    Some((class, after)) => {
                        parts.push(class);
                        rest = after;
                    }
                    None => parts.push(Part::Letter('[')),
                },
                (letter, _) => parts.push(Part::Letter(*letter)),
            }
        }
        Self { parts, hides_dots: false }
    }

    /// Returns the pattern of files that a text is: as in a shell, what begins with a dot is like it only where the dot is spelt
    /// out.
    #[must_use]
    pub fn of_files(text: &str) -> Self {
        Self { hides_dots: true, ..Self::of(text) }
    }

    /// Returns whether it means anything but the text itself.
    #[must_use]
    pub fn is_wild(&self) -> bool {
        self.parts.iter().any(|part| !matches!(part, Part::Letter(_)))
    }

    /// Returns what every name begins with that is like this.
    #[must_use]
    pub fn beginning(&self) -> String {
        let letter = |part: &Part| if let Part::Letter(letter) = part { Some(*letter) } else { None };
        self.parts.iter().map_while(letter).collect()
    }

    /// Returns whether a name is like this.
    #[must_use]
    pub fn fits(&self, name: &str) -> bool {
        self.places_after(name).last() == Some(&true)
    }

    /// Returns whether a name that begins like that may be like this.
    #[must_use]
    pub fn may_begin(&self, beginning: &str) -> bool {
        self.places_after(beginning).contains(&true)
    }

    /// Returns where in the pattern one can be after a text: all such places are followed at once, so that no pattern takes long.
    fn places_after(&self, text: &str) -> Vec<bool> {
        let mut at = vec![false; self.parts.len().saturating_add(1)];
        at.iter_mut().take(1).for_each(|is_at| *is_at = true);
        self.skip(&mut at);
        let mut is_first = true;
        for letter in text.chars() {
            let is_hidden = self.hides_dots && is_first && letter == '.';
            is_first = letter == '/';
            let mut next = vec![false; at.len()];
            for (place, part) in self.parts.iter().enumerate() {
                if at.get(place) != Some(&true) {
                    continue;
                }
                let is_open = letter != '/' && !is_hidden;
                let (stays, goes_on) = match part {
                    Part::Letter(other) => (false, *other == letter),
                    Part::One => (false, is_open),
                    Part::Of { ranges, is_not } => {
                        let is_in = ranges.iter().any(|(from, to)| (*from..=*to).contains(&letter));
                        (false, is_open && is_in != *is_not)
                    }
                    Part::Some => (is_open, false),
                    Part::All => (!is_hidden, false),
                    Part::Folders => (false, false),
                };
                let after = if goes_on { place.saturating_add(1) } else { place };
                if stays || goes_on {
                    next.iter_mut().skip(after).take(1).for_each(|is_at| *is_at = true);
                }
            }
            self.skip(&mut next);
            at = next;
        }
        at
    }

    /// Goes on where no letter is needed.
    fn skip(&self, at: &mut [bool]) {
        for (place, part) in self.parts.iter().enumerate() {
            let further: &[usize] = match part {
                _ if at.get(place) != Some(&true) => &[],
                Part::Some | Part::All => &[1],
                Part::Folders => &[1, 3],
                Part::Letter(_) | Part::One | Part::Of { .. } => &[],
            };
            for by in further {
                at.iter_mut().skip(place.saturating_add(*by)).take(1).for_each(|is_at| *is_at = true);
            }
        }
    }
}

/// Returns the letters that `[…]` means, of which this is what follows the bracket, and what comes after it; `None` when it has
/// no end and the bracket stands for itself.
fn class(text: &[char]) -> Option<(Part, &[char])> {
    let (is_not, inner) = match text {
        ['!' | '^', inner @ ..] => (true, inner),
        inner => (false, inner),
    };
    // A `]` that comes first is one of them.
    let end = inner.iter().skip(1).position(|letter| *letter == ']')?.saturating_add(1);
    let (mut letters, after) = (inner.get(..end)?, inner.get(end.saturating_add(1)..)?);
    let mut ranges = Vec::new();
    while let Some((first, rest)) = letters.split_first() {
        let (last, rest) = match rest {
            ['-', last, rest @ ..] => (last, rest),
            rest => (first, rest),
        };
        ranges.push((*first, *last));
        letters = rest;
    }
    Some((Part::Of { ranges, is_not }, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_fits_whole_names() {
        let fits = |pattern: &str, name: &str| Pattern::of(pattern).fits(name);
        assert!(fits("out/*.csv", "out/p1.csv") && fits("out/p?.csv", "out/p1.csv") && fits("*", "p1"));
        assert!(
            !fits("out/*.csv", "out/deep/p1.csv") && !fits("out/p?.csv", "out/p10.csv") && !fits("*.csv", "p.csv2")
        );
        assert!(fits("out/**.csv", "out/deep/er/p1.csv") && fits("**", "any/thing") && fits("s3://b/*/x", "s3://b//x"));
        assert!(!fits("a?b", "a/b") && !fits("", "a") && fits("", ""));
        assert!(!fits(&format!("{}b", "a*".repeat(300)), &"a".repeat(3000)), "it ends");
        assert_eq!(Pattern::of("out/p*.csv").beginning(), "out/p");
    }

    #[test]
    fn letters_are_named_one_by_one_or_as_ranges() {
        for (pattern, name, is_meant) in [
            ("out/[678].csv", "out/7.csv", true),
            ("out/[678].csv", "out/5.csv", false),
            ("out/[678].csv", "out/67.csv", false),
            ("part-[0-9][0-9]", "part-17", true),
            ("part-[0-9][0-9]", "part-1a", false),
            ("[a-cx]", "x", true),
            ("[!a-c]x", "bx", false),
            ("[^a-c]x", "dx", true),
            ("a[!b]c", "a/c", false),
            ("[]]x", "]x", true),
            ("[a", "[a", true),
            ("[a]", "[", false),
            ("x[[]0]", "x[0]", true),
            ("[]", "[]", true),
        ] {
            assert_eq!(Pattern::of(pattern).fits(name), is_meant, "{pattern} {name}");
        }
        assert!(Pattern::of("x[0]").is_wild() && !Pattern::of("x[0").is_wild() && Pattern::of("**").is_wild());
    }

    #[test]
    fn two_asterisks_and_a_slash_are_folders_or_none() {
        let fits = |pattern: &str, name: &str| Pattern::of(pattern).fits(name);
        assert!(fits("a/**/b", "a/b") && fits("a/**/b", "a/x/y/b") && fits("**/b", "b") && fits("**/b", "x/b"));
        assert!(!fits("a/**/b", "a/xb") && !fits("a/**/b", "ab") && !fits("**/b", "xb"));
        assert!(fits("**/*.csv", "deep/er/p.csv") && fits("a/**/**/b", "a/b"));
    }

    #[test]
    fn of_files_those_with_a_dot_are_meant_where_it_is_spelt_out() {
        let fits = |pattern: &str, name: &str| Pattern::of_files(pattern).fits(name);
        assert!(!fits("*", ".a") && fits(".*", ".a") && !fits("?a", ".a") && !fits("[.]a", ".a") && fits("*", "a.b"));
        assert!(!fits("**/a", ".git/a") && !fits("x/**", "x/y/.z") && fits("x/**/.z", "x/y/.z") && fits("./*", "./a"));
        assert!(Pattern::of("*").fits(".a") && Pattern::of("**").fits("x/.y"));
    }

    #[test]
    fn where_a_pattern_can_go_on_is_known() {
        let may_begin = |pattern: &str, beginning: &str| Pattern::of(pattern).may_begin(beginning);
        assert!(may_begin("a/*/c", "a/b/") && may_begin("a/**/c", "a/b/d/") && may_begin("a", ""));
        assert!(!may_begin("a/*/c", "b/") && !may_begin("a/*", "a/b/"));
    }
}
