//! Did you mean: the known names that come nearest to an unknown one.

use super::{NameKind, QueryError, Reader};

/// How many known names are looked at: enough for a project, few enough for a moment.
const MOST_NAMES: usize = 50_000;
/// How many names are suggested.
const MOST_SUGGESTIONS: usize = 3;
/// Longer names are never typed by hand.
const LONGEST_NAME: usize = 256;
/// How many names are compared letter by letter: those that look likeliest.
const MOST_COMPARED: usize = 500;
/// How alike names are of which one may have been meant.
const ALIKE: f64 = 0.6;

impl Reader<'_> {
    /// Returns the known names that may have been meant where `error` says that there is no such name, the nearest first.
    pub fn near(&mut self, error: &QueryError) -> Vec<String> {
        let QueryError::NotFound { kind, name } = error else { return Vec::new() };
        // A failure to suggest must not hide the error itself.
        nearest(name, &self.known_names(kind).unwrap_or_default())
    }

    /// Returns the names that may have been meant. Of what a stranger's store holds, long ones are not even loaded.
    fn known_names(&mut self, kind: &str) -> Result<Vec<String>, QueryError> {
        let Some(project) = self.project()? else { return Ok(Vec::new()) };
        match kind {
            "component" => Ok(self.store.short_components(project, LONGEST_NAME, MOST_NAMES)?),
            "artifact" => Ok(self.store.short_artifacts(project, LONGEST_NAME, MOST_NAMES)?),
            "alias" => self.names(NameKind::Alias, "", MOST_NAMES),
            "task" => self.names(NameKind::Task, "", MOST_NAMES),
            _ => Ok(Vec::new()),
        }
    }
}

/// Returns the known names that come nearest to `name`, the nearest first.
fn nearest(name: &str, known: &[String]) -> Vec<String> {
    // The name may have been meant with a version.
    let stem = name.rsplit_once('@').map_or(name, |(stem, _)| stem);
    let mut likely: Vec<(usize, &String)> = known
        .iter()
        .filter(|known| known.len() <= LONGEST_NAME && name.len() <= LONGEST_NAME)
        .map(|known| (common(stem, known), known))
        .collect();
    likely.sort_by(|(a, a_name), (b, b_name)| b.cmp(a).then_with(|| a_name.cmp(b_name)));
    let mut scored: Vec<(f64, &String)> = likely
        .into_iter()
        .take(MOST_COMPARED)
        .map(|(_, known)| {
            let whole = likeness(name, known);
            (if stem == name { whole } else { whole.max(likeness(stem, known)) }, known)
        })
        .filter(|(score, _)| *score >= ALIKE)
        .collect();
    scored.sort_by(|(a, a_name), (b, b_name)| b.total_cmp(a).then_with(|| a_name.cmp(b_name)));
    scored.into_iter().take(MOST_SUGGESTIONS).map(|(_, name)| name.clone()).collect()
}

/// Returns how many letters two names have in common where it takes no more than a look: at their beginnings, at their
/// ends, and when one holds the last part of the other.
fn common(name: &str, known: &str) -> usize {
    let (name, known) = (name.to_lowercase(), known.to_lowercase());
    let begin = name.bytes().zip(known.bytes()).take_while(|(a, b)| a == b).count();
    let end = name.bytes().rev().zip(known.bytes().rev()).take_while(|(a, b)| a == b).count();
    let part = name.rsplit(['/', '\\']).next().filter(|part| known.contains(part)).map_or(0, str::len);
    begin.saturating_add(end).saturating_add(part)
}

/// Returns how alike two names are, from 0 to 1; the last part of a path counts most.
fn likeness(name: &str, known: &str) -> f64 {
    let last = |name: &str| name.trim_end_matches('/').rsplit(['/', '\\']).next().unwrap_or_default().to_lowercase();
    let (name_last, known_last) = (last(name), last(known));
    let (name_lower, known_lower) = (name.to_lowercase(), known.to_lowercase());
    let letters = name_lower.chars().count();
    let slips = strsim::damerau_levenshtein(&name_lower, &known_lower);
    if slips < letters && slips <= letters.max(3) / 3 {
        // Every third letter may be wrong, in short names one.
        return 1.0 - slips as f64 / 100.0;
    }
    let whole = strsim::normalized_damerau_levenshtein(&name_lower, &known_lower);
    if !name_last.is_empty() && name_last == known_last {
        return 0.9 + whole / 10.0;
    }
    // Files that differ in one letter of the folder are nearer than files that share a folder only.
    let last = strsim::normalized_damerau_levenshtein(&name_last, &known_last);
    let is_part = name_last.len() >= 3 && known_last.contains(&name_last);
    let part = if is_part { 0.7 + whole / 10.0 } else { 0.0 };
    (whole * 0.4 + last * 0.6).max(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, known: &[&str], suggested: &[&str]) {
        let known: Vec<String> = known.iter().map(ToString::to_string).collect();
        assert_eq!(nearest(name, &known), suggested, "{name}");
    }

    #[test]
    fn a_slip_of_the_finger_is_found() {
        check("modle.json", &["model.json", "raw.csv"], &["model.json"]);
        check("Cleaning", &["cleaning", "train"], &["cleaning"]);
    }

    #[test]
    fn one_letter_of_a_short_name_may_be_wrong() {
        check("p9", &["p1", "p2", "q"], &["p1", "p2"]);
        check("x", &["a", "b"], &[]);
    }

    #[test]
    fn a_file_is_found_in_another_folder() {
        check("model.json", &["out/2020/model.json", "out/raw.csv"], &["out/2020/model.json"]);
        check("model", &["out/model.json", "x"], &["out/model.json"]);
    }

    #[test]
    fn a_version_does_not_hide_the_name() {
        check("modle.json@b3:12", &["model.json"], &["model.json"]);
    }

    #[test]
    fn the_likeliest_of_many_names_are_compared() {
        let mut known: Vec<String> =
            (0..20_000).map(|number| format!("s3://bucket/{number:05}/{}", "part-".repeat(20))).collect();
        known.push("out/2020/model.json".to_owned());
        for name in ["modle.json", "out/2021/model.json", "model", "out/2020/Model.json@v:1"] {
            assert_eq!(nearest(name, &known), ["out/2020/model.json"], "{name}");
        }
        // Two long names take a hundred thousand steps: a store full of them would take minutes.
        let begun = std::time::Instant::now();
        nearest(&format!("{}x", known[7]), &known);
        nearest(&"x".repeat(LONGEST_NAME), &known);
        assert!(begun.elapsed().as_secs() < 20, "{:?}", begun.elapsed());
    }

    #[test]
    fn nothing_alike_is_no_suggestion() {
        check("zzz", &["model.json", "raw.csv"], &[]);
        check("s3://bucket/a.pkl", &["s3://other/features.pq"], &[]);
    }
}
