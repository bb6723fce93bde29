//! How long names are written: the end that tells one apart from the others beside it is whole, the folder before it is quiet,
//! and what is long gives way in the middle. The text of the page stays whole, so that it can be copied and read aloud.

use std::collections::{HashMap, HashSet};

use maud::{Markup, html};
use mltrace_core::escape;

/// A name of no more letters is shown whole.
const SHORT: usize = 44;
/// A folder that is common to a list is said once from so many letters on.
const COMMON: usize = 12;
/// Up to how many folders the names of a list are told apart.
const DEEPEST: usize = 32;

/// The names of one list.
pub(super) struct Names<'n> {
    /// How many of the parts of each name tell it apart, from its end on.
    ends: HashMap<&'n str, usize>,
    /// The folder in which all of them lie, if that is worth saying once.
    common: &'n str,
    /// Whether they are told apart without the folders that are only ids.
    is_without_ids: bool,
}

impl<'n> Names<'n> {
    /// Returns how the names of a list are told apart.
    pub(super) fn of(names: impl IntoIterator<Item = &'n str>) -> Self {
        let all: HashSet<&str> = names.into_iter().collect();
        let known = |is_without_ids| all.iter().map(|name| kept(name, is_without_ids)).collect::<HashSet<_>>().len();
        let is_without_ids = known(true) == all.len();
        let common = common(&all);
        let mut ends: HashMap<&str, usize> = HashMap::new();
        let parts = |name| kept(name, is_without_ids);
        let mut open: Vec<(&str, Vec<&str>, usize)> =
            all.into_iter().map(|name| (name, parts(name), meaning(name, is_without_ids))).collect();
        for _ in 0..DEEPEST {
            let mut count: HashMap<Vec<&str>, usize> = HashMap::new();
            open.iter().for_each(|(_, parts, end)| *count.entry(last(parts, *end)).or_default() += 1);
            let is_alone = |(_, parts, end): &(&str, Vec<&str>, usize)| {
                *end >= parts.len() || count.get(&last(parts, *end)).is_none_or(|count| *count == 1)
            };
            let (apart, same): (Vec<_>, Vec<_>) = open.into_iter().partition(is_alone);
            ends.extend(apart.into_iter().map(|(name, _, end)| (name, end)));
            open = same.into_iter().map(|(name, parts, end)| (name, parts, end + 1)).collect();
        }
        ends.extend(open.into_iter().map(|(name, _, end)| (name, end)));
        Self { ends, common, is_without_ids }
    }

    /// Returns the folder in which all of them lie, if that is worth saying once.
    pub(super) fn common(&self) -> Option<&'n str> {
        Some(self.common).filter(|common| !common.is_empty())
    }

    /// Shows one of them.
    pub(super) fn shown(&self, name: &str) -> Markup {
        let end = self.ends.get(name).copied().unwrap_or_else(|| meaning(name, self.is_without_ids));
        shown(name, end, if name.starts_with(self.common) { self.common.len() } else { 0 }, self.is_without_ids)
    }
}

/// Shows a name that stands alone.
pub(super) fn alone(name: &str) -> Markup {
    shown(name, meaning(name, true), 0, true)
}

/// Returns the end of a name that means something to a person, as plain text for where there is no room for more.
pub(super) fn end(name: &str) -> &str {
    let parts = parts(name);
    let before = parts.len().saturating_sub(meaning(name, false).max(1));
    let from: usize = parts.iter().take(before).map(|part| part.len()).sum();
    name.get(from..).unwrap_or(name)
}

/// Returns the parts of a name: its folders, each with what parts it from the next, and the last one.
fn parts(name: &str) -> Vec<&str> {
    let from = name.find("://").map_or(0, |scheme| scheme + 3);
    let (scheme, rest) = name.split_at_checked(from).unwrap_or(("", name));
    let mut parts: Vec<&str> = rest.split_inclusive('/').collect();
    // The bucket of an address is one part with how it is reached.
    if let Some(bucket) = parts.first_mut() {
        *bucket = name.get(..scheme.len() + bucket.len()).unwrap_or_default();
    }
    parts
}

/// Returns the parts of a name that are shown: without the folders that are only ids, if they are not.
fn kept(name: &str, is_without_ids: bool) -> Vec<&str> {
    let parts = parts(name);
    let count = parts.len();
    let is_kept = |place: usize, part: &str| place + 1 >= count || !(is_without_ids && is_id(part));
    parts.into_iter().enumerate().filter(|(place, part)| is_kept(*place, part)).map(|(_, part)| part).collect()
}

fn last<'p>(parts: &[&'p str], count: usize) -> Vec<&'p str> {
    parts.get(parts.len().saturating_sub(count)..).unwrap_or_default().to_vec()
}

/// Shows a name of which so many parts are its end; what is before `said` was said above the list.
fn shown(name: &str, end: usize, said: usize, is_without_ids: bool) -> Markup {
    let is_long = name.chars().count() > SHORT;
    let parts = parts(name);
    let count = kept(name, is_without_ids).len();
    let first_of_end = count.saturating_sub(end.max(1));
    // Each part in its way: quiet, given way, or whole.
    let (mut place, mut at) = (0, 0);
    let mut pieces: Vec<(Way, String)> = Vec::new();
    for (number, part) in parts.iter().enumerate() {
        let is_gone_id = is_long && is_without_ids && number + 1 < parts.len() && is_id(part);
        let is_said = at + part.len() <= said;
        let is_between = is_long && said == 0 && number > 0 && place < first_of_end;
        let way = match place >= first_of_end {
            _ if is_gone_id || (is_said && place < first_of_end) => Way::Between,
            true => Way::Whole,
            false if is_between => Way::Between,
            false => Way::Quiet,
        };
        if !(is_without_ids && number + 1 < parts.len() && is_id(part)) {
            place += 1;
        }
        at += part.len();
        match pieces.last_mut() {
            Some((last, text)) if *last == way => text.push_str(part),
            _ => pieces.push((way, (*part).to_owned())),
        }
    }
    let is_cut = pieces.iter().any(|(way, _)| *way == Way::Between);
    html! {
        bdi.name title=[is_cut.then(|| escape::line(name))] {
            @for (way, text) in &pieces {
                @match way {
                    Way::Quiet => span.folder { (escape::line(text)) },
                    Way::Between => span.folder.between { (escape::line(text)) },
                    Way::Whole => (escape::line(text)),
                }
            }
        }
    }
}

/// How a part of a name is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Quiet,
    /// It gives way to a sign.
    Between,
    Whole,
}

/// Returns how many of the last parts of a name mean something to a person.
fn meaning(name: &str, is_without_ids: bool) -> usize {
    let parts = kept(name, is_without_ids);
    let is_meant = |part: &&str| !is_meaningless(part.trim_end_matches('/'));
    parts.iter().rev().position(is_meant).map_or(1, |before| before + 1).min(2)
}

/// Returns whether a part is an id that nobody chose.
fn is_id(part: &str) -> bool {
    let part = part.trim_end_matches('/');
    let value = part.rsplit('=').next().unwrap_or_default();
    value.len() >= 16 && value.chars().all(|letter| letter.is_ascii_hexdigit() || letter == '-')
}

/// Returns whether a part is only a number, an id, or what a program calls all of its files.
fn is_meaningless(part: &str) -> bool {
    let stem = part.split('.').next().unwrap_or_default();
    let is_id = stem.len() >= 8 && stem.chars().all(|letter| letter.is_ascii_hexdigit() || letter == '-');
    let is_number = stem.chars().all(|letter| letter.is_ascii_digit() || matches!(letter, '-' | '_'));
    let is_usual = matches!(stem, "data" | "output" | "index" | "latest");
    is_id || is_number || stem.starts_with("part-") || stem.starts_with('_') || is_usual
}

/// Returns the folder in which all names lie, if it is worth saying once.
fn common<'n>(names: &HashSet<&'n str>) -> &'n str {
    let (Some(least), Some(greatest)) = (names.iter().min(), names.iter().max()) else { return "" };
    let same = least.bytes().zip(greatest.bytes()).take_while(|(one, other)| one == other).count();
    let folder = least.as_bytes().get(..same).unwrap_or_default().iter().rposition(|byte| *byte == b'/');
    let common = folder.and_then(|slash| least.get(..=slash)).unwrap_or_default();
    if names.len() > 2 && common.len() >= COMMON { common } else { "" }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the text of a name as it is shown: what gives way in brackets, what is quiet in parentheses.
    fn seen(markup: &Markup) -> String {
        let text = markup.0.replace("<span class=\"folder\">", "(").replace("<span class=\"folder between\">", "[");
        let mut seen = String::new();
        let mut open = Vec::new();
        for (number, part) in text.split("</span>").enumerate() {
            seen.extend((number > 0).then(|| open.pop()).flatten());
            open.extend(part.chars().rev().find_map(|letter| match letter {
                '(' => Some(')'),
                '[' => Some(']'),
                _ => None,
            }));
            seen.push_str(part);
        }
        let seen = seen.replace("</bdi>", "");
        seen.split_once('>').map_or(String::new(), |(_, seen)| seen.to_owned())
    }

    #[test]
    fn the_last_part_that_means_something_is_whole() {
        for (name, meant) in [
            ("model.json", "model.json"),
            ("out/model.json", "(out/)model.json"),
            ("s3://lake/orders/part-00000-c000.parquet", "(s3://lake/)orders/part-00000-c000.parquet"),
            (
                "s3://lake/curated/region=eu/0195e2a1-7c1e-7d30-9a52-3f1d5c0b8a11.parquet",
                "(s3://lake/)[curated/]region=eu/0195e2a1-7c1e-7d30-9a52-3f1d5c0b8a11.parquet",
            ),
            (
                "s3://lake/curated/0195e2a1-7c1e-7d30-9a52-3f1d5c0b8a11/model.bin",
                "(s3://lake/)[curated/0195e2a1-7c1e-7d30-9a52-3f1d5c0b8a11/]model.bin",
            ),
            ("folder/", "folder/"),
            ("/", "/"),
            ("", ""),
        ] {
            assert_eq!(seen(&alone(name)), meant, "{name}");
        }
    }

    #[test]
    fn names_of_a_list_keep_what_tells_them_apart() {
        let names = ["a/day=1/x/p.csv", "a/day=2/x/p.csv", "b/q.csv"];
        let of = Names::of(names);
        assert_eq!(names.map(|name| seen(&of.shown(name))), ["(a/)day=1/x/p.csv", "(a/)day=2/x/p.csv", "(b/)q.csv"]);
        assert_eq!(of.common(), None);
    }

    #[test]
    fn an_id_gives_way_where_a_day_tells_them_apart() {
        let ids = ["0195e2a1-7c1e-7d30-9a52-3f1d5c0b8a11", "0195e2a1-7c1e-7d30-9a52-3f1d5c0b8a12"];
        let name = |day: &str, id: &str| format!("s3://lake/curated/day={day}/{id}/p.csv");
        let by_day = [name("1", ids[0]), name("2", ids[1])];
        let of = Names::of(by_day.iter().map(String::as_str));
        assert_eq!(seen(&of.shown(&by_day[1])), format!("(s3://lake/)[curated/]day=2/[{}/]p.csv", ids[1]));
        let by_id = [name("1", ids[0]), name("1", ids[1])];
        let of = Names::of(by_id.iter().map(String::as_str));
        assert_eq!(seen(&of.shown(&by_id[1])), format!("(s3://lake/)[curated/day=1/]{}/p.csv", ids[1]));
    }

    #[test]
    fn a_folder_that_all_share_is_said_once() {
        let names = ["s3://lake/curated/a.csv", "s3://lake/curated/b.csv", "s3://lake/curated/c/d.csv"];
        let of = Names::of(names);
        assert_eq!(of.common(), Some("s3://lake/curated/"));
        assert_eq!(seen(&of.shown(names[2])), "[s3://lake/curated/](c/)d.csv");
    }
}
