//! Patterns of names: `*` for any letters but `/`, `**` for any letters, `?` for one.

/// A pattern of names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(Vec<Part>);

/// What stands in a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Letter(char),
    /// One letter but `/`.
    One,
    /// Letters but `/`.
    Some,
    /// Any letters.
    All,
}

impl Pattern {
    /// Returns the pattern that a text is.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let mut parts: Vec<Part> = Vec::new();
        for letter in text.chars() {
            match (letter, parts.last()) {
                ('*', Some(Part::All)) => {}
                ('*', Some(Part::Some)) => {
                    parts.pop();
                    parts.push(Part::All);
                }
                ('*', _) => parts.push(Part::Some),
                ('?', _) => parts.push(Part::One),
                _ => parts.push(Part::Letter(letter)),
            }
        }
        Self(parts)
    }

    /// Returns what every name begins with that is like this.
    #[must_use]
    pub fn beginning(&self) -> String {
        let letter = |part: &Part| if let Part::Letter(letter) = part { Some(*letter) } else { None };
        self.0.iter().map_while(letter).collect()
    }

    /// Returns whether a name is like this: by all the places in the pattern where one can be after each letter, so that
    /// no pattern takes long.
    #[must_use]
    pub fn fits(&self, name: &str) -> bool {
        let mut at = vec![false; self.0.len().saturating_add(1)];
        at.iter_mut().take(1).for_each(|is_at| *is_at = true);
        self.skip(&mut at);
        for letter in name.chars() {
            let mut next = vec![false; at.len()];
            for (place, part) in self.0.iter().enumerate() {
                if at.get(place) != Some(&true) {
                    continue;
                }
                let (stays, goes_on) = match part {
                    Part::Letter(other) => (false, *other == letter),
                    Part::One => (false, letter != '/'),
                    Part::Some => (letter != '/', false),
                    Part::All => (true, false),
                };
                let after = if goes_on { place.saturating_add(1) } else { place };
                if stays || goes_on {
                    next.iter_mut().skip(after).take(1).for_each(|is_at| *is_at = true);
                }
            }
            self.skip(&mut next);
            at = next;
        }
        at.last() == Some(&true)
    }

    /// Goes on where no letter is needed.
    fn skip(&self, at: &mut [bool]) {
        for (place, part) in self.0.iter().enumerate() {
            if at.get(place) == Some(&true) && matches!(part, Part::Some | Part::All) {
                at.iter_mut().skip(place.saturating_add(1)).take(1).for_each(|is_at| *is_at = true);
            }
        }
    }
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
}
