//! Which of a run's reads and writes a line of an import means, when others reported the run before.
//!
//! A line that says no numbers counts from the first; so does the next line of the same run, about other things. What a
//! number is of is therefore found by its name.

use std::collections::BTreeSet;

/// A read or write of a run: `N` is how its artifact is named, `V` how its version is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Touch<N, V> {
    pub(super) n: u32,
    pub(super) is_write: bool,
    pub(super) name: N,
    /// The content or declared version, when known.
    pub(super) version: Option<V>,
}

/// What a touch that is reported stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meant {
    /// One that is known, of this number.
    Known(u32),
    /// Another one, of this number.
    New(u32),
    /// None: it says another version of what is known.
    Contradiction,
}

/// Returns what a touch of a line means. `is_chosen`: its number is not its teller's, but was counted; `used`: the numbers
/// that others of the line have.
pub(super) fn meant<N: Eq, V: Eq>(
    known: &[Touch<N, V>],
    used: &BTreeSet<u32>,
    told: &Touch<N, V>,
    is_chosen: bool,
) -> Meant {
    let is_other =
        |touch: &Touch<N, V>| touch.version.is_some() && told.version.is_some() && touch.version != told.version;
    let is_like = |touch: &&Touch<N, V>| touch.is_write == told.is_write && touch.name == told.name;
    let of_number = known.iter().find(|touch| touch.n == told.n);
    match of_number {
        None if !is_chosen => return Meant::New(told.n),
        Some(touch) if is_like(&touch) && !is_chosen => {
            return if is_other(touch) { Meant::Contradiction } else { Meant::Known(told.n) };
        }
        _ => {}
    }
    let free = |touch: &&Touch<N, V>| is_like(touch) && !used.contains(&touch.n);
    let same = known.iter().filter(free).find(|touch| touch.version == told.version);
    let unknown = || known.iter().filter(free).find(|touch| !is_other(touch));
    if let Some(touch) = same.or_else(unknown) {
        return Meant::Known(touch.n);
    }
    if known.iter().filter(free).any(is_other) {
        return Meant::Contradiction;
    }
    let is_free = |n: u32| !used.contains(&n) && known.iter().all(|touch| touch.n != n);
    if is_free(told.n) {
        return Meant::New(told.n);
    }
    // Reads and writes keep apart: an order of their own each.
    let last = known.iter().filter(|touch| touch.is_write == told.is_write).map(|touch| touch.n);
    let after = last.chain([told.n]).max().unwrap_or(told.n);
    Meant::New((after..u32::MAX).find(|n| is_free(*n)).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes touches such as `0<f@1`, a read of `f` in version 1 with number 0, or `7>m`, a write of `m`.
    fn touch(text: &str) -> Touch<&str, &str> {
        let place = text.find(['<', '>']).unwrap();
        let (name, version) = text[place + 1..].split_once('@').unzip();
        Touch {
            n: text[..place].parse().unwrap(),
            is_write: text[place..].starts_with('>'),
            name: name.unwrap_or(&text[place + 1..]),
            version,
        }
    }

    fn check(known: &str, told: &str, is_chosen: bool, expected: Meant) {
        let known: Vec<_> = known.split_whitespace().map(touch).collect();
        assert_eq!(meant(&known, &BTreeSet::new(), &touch(told), is_chosen), expected, "{known:?} {told}");
    }

    #[test]
    fn a_name_that_is_known_keeps_its_number() {
        check("0<f 1<g", "0<g", true, Meant::Known(1));
        check("0<f@1 1<f@2", "0<f@2", true, Meant::Known(1));
        check("0<f", "0<f@1", true, Meant::Known(0));
        check("0<f@1", "0<f", false, Meant::Known(0));
    }

    #[test]
    fn another_name_gets_another_number() {
        check("0<f", "0<g", true, Meant::New(1));
        check("0<f", "0<g", false, Meant::New(1));
        check("0<f 9>m", "9>n", true, Meant::New(10));
        check("0<f", "3<f@1", false, Meant::New(3));
    }

    #[test]
    fn another_version_contradicts() {
        check("0<f@1", "0<f@2", true, Meant::Contradiction);
        check("0<f@1", "0<f@2", false, Meant::Contradiction);
    }
}
