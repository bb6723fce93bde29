//! Reads the numbers of a JSON file of metrics, as DVC and MLflow have programs write them.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;

use mltrace_core::config;
use mltrace_core::model::Number;
use serde_json::value::RawValue;

use crate::args;

/// The longest file of metrics, and the most metrics of one.
const LONGEST_FILE: u64 = 16 << 20;
const MOST: usize = 10_000;
/// The deepest object of one.
const DEEPEST: usize = 32;
/// So many entries that are left out are named.
const NAMED: usize = 3;

/// What stands in a file of metrics.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    /// The numbers by name; those of objects within others have the names of both, with a dot between.
    pub(super) found: Vec<(String, Number)>,
    /// What was left out, and why, as far as it is named.
    pub(super) left_out: Vec<String>,
    /// How many more were left out.
    pub(super) more_left_out: usize,
}

/// Returns the numbers in a file, or why it is none of numbers.
pub(super) fn read(path: &Path) -> Result<Numbers, String> {
    let cannot = |error: std::io::Error| format!("cannot be read: {error}");
    // A pipe or a device might keep whoever opens it waiting.
    if !path.metadata().map_err(cannot)?.is_file() {
        return Err("is not a file".to_owned());
    }
    let mut text = String::new();
    config::open_named(path).map_err(cannot)?.take(LONGEST_FILE + 1).read_to_string(&mut text).map_err(cannot)?;
    if text.len() as u64 > LONGEST_FILE {
        return Err(format!("is longer than {} MiB", LONGEST_FILE >> 20));
    }
    of_json(&text)
}

fn of_json(text: &str) -> Result<Numbers, String> {
    let text = quoted(text.strip_prefix('\u{FEFF}').unwrap_or(text));
    let json: &RawValue = serde_json::from_str(&text).map_err(|error| format!("is not JSON: {error}"))?;
    if !json.get().starts_with('{') {
        return Err("is not an object".to_owned());
    }
    let mut numbers = Numbers::default();
    numbers.gather(None, json, DEEPEST)?;
    match numbers.says().filter(|_| numbers.found.is_empty()) {
        Some(said) => Err(format!("holds no number that can be kept: {said}")),
        None => Ok(numbers),
    }
}

impl Numbers {
    /// Gathers the numbers of an object and of those in it; what is no number is not meant.
    fn gather(&mut self, name: Option<&str>, json: &RawValue, deepest: usize) -> Result<(), String> {
        if json.get().starts_with('{') {
            let Some(below) = deepest.checked_sub(1) else {
                self.leave_out(name.unwrap_or_default(), "is nested too deeply");
                return Ok(());
            };
            let fields: BTreeMap<String, &RawValue> =
                serde_json::from_str(json.get()).map_err(|error| format!("is not JSON: {error}"))?;
            for (field, value) in fields {
                let inner = name.map_or_else(|| field.clone(), |name| format!("{name}.{field}"));
                self.gather(Some(&inner), value, below)?;
            }
            return Ok(());
        }
        let name = name.unwrap_or_default();
        let is_number = json.get().starts_with(|sign: char| sign == '-' || sign.is_ascii_digit());
        match (Number::of_json(json), args::name(name)) {
            (None, _) if is_number => self.leave_out(name, "has more digits than a number may have"),
            // A curve, or a number of each class: which of them counts is not for us to say.
            (None, _) if is_list_of_numbers(json) => self.leave_out(name, "is a list of numbers"),
            (None, _) => {}
            (Some(_), Err(why)) => self.leave_out(name, &why),
            (Some(_), Ok(name)) if self.found.len() >= MOST => {
                self.leave_out(&name, &format!("is beyond {MOST} numbers"));
            }
            (Some(number), Ok(name)) => self.found.push((name, number)),
        }
        Ok(())
    }

    fn leave_out(&mut self, name: &str, why: &str) {
        if self.left_out.len() < NAMED {
            let start: String = name.chars().take(60).collect();
            let dots = if start.len() < name.len() { "…" } else { "" };
            self.left_out.push(format!("`{start}{dots}` {why}"));
        } else {
            self.more_left_out += 1;
        }
    }

    /// Returns in words what was left out, if anything was.
    pub(super) fn says(&self) -> Option<String> {
        let named = (!self.left_out.is_empty()).then(|| self.left_out.join("; "))?;
        let more = if self.more_left_out == 0 { String::new() } else { format!("; and {} more", self.more_left_out) };
        Some(format!("{named}{more}"))
    }
}

/// Returns whether a list begins with a number, or with a list that does.
fn is_list_of_numbers(json: &RawValue) -> bool {
    let first = json.get().trim_start_matches(|letter: char| letter == '[' || letter.is_ascii_whitespace());
    let is_number = |text: &str| {
        text.starts_with(|letter: char| letter == '-' || letter.is_ascii_digit())
            || ["NaN", "Infinity", "-Infinity"].iter().any(|word| text.starts_with(&format!("\"{word}\"")))
    };
    json.get().starts_with('[') && is_number(first)
}

/// Returns a text with quotes around what Python's `json` writes for numbers that JSON does not have.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['"', 'N', 'I', '-']) {
        let (before, from) = rest.split_at(at);
        quoted.push_str(before);
        let length = match ["NaN", "Infinity", "-Infinity"].into_iter().find(|word| from.starts_with(word)) {
            Some(word) => {
                quoted.extend(["\"", word, "\""]);
                rest = &from[word.len()..];
                continue;
            }
            None if from.starts_with('"') => string_length(from),
            None => 1,
        };
        quoted.push_str(&from[..length]);
        rest = &from[length..];
    }
    quoted + rest
}

/// Returns how long the string is that a text begins with.
fn string_length(text: &str) -> usize {
    let mut is_escaped = false;
    let end = text.bytes().enumerate().skip(1).find(|(_, byte)| {
        let is_end = *byte == b'"' && !is_escaped;
        is_escaped = *byte == b'\\' && !is_escaped;
        is_end
    });
    end.map_or(text.len(), |(at, _)| at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, wanted: &[(&str, &str)]) -> Numbers {
        let numbers = of_json(text).unwrap();
        let found: Vec<_> = numbers.found.iter().map(|(name, number)| (&**name, number.as_str())).collect();
        assert_eq!(found, wanted, "{text}");
        numbers
    }

    #[test]
    fn numbers_of_python_keep_their_text() {
        check(
            r#"{"a": NaN, "b": -Infinity, "c": {"d": Infinity, "e": 3.10}, "f": "NaN", "g": -1e-05}"#,
            &[("a", "NaN"), ("b", "-Infinity"), ("c.d", "Infinity"), ("c.e", "3.10"), ("f", "NaN"), ("g", "-1e-05")],
        );
        check(
            r#"{"NaN \" Infinity": 1, "b\\": NaN, "é-Infinity": [NaN], "s": "x NaN"}"#,
            &[("NaN \" Infinity", "1"), ("b\\", "NaN")],
        );
        check("\u{FEFF}{\"rmse\": 1}", &[("rmse", "1")]);
        for wrong in ["{\"a\": NaNa}", "{\"a\": NaN", "[1]", "NaN", "{\"a\": \"", "{'a': 1}"] {
            assert!(of_json(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_cannot_be_kept_is_named_and_loses_nothing_else() {
        let (long, digits) = ("n".repeat(20_000), "9".repeat(500));
        let deep = "{\"x\": ".repeat(40) + "1" + &"}".repeat(40);
        let text = format!(r#"{{"a": 1, "{long}": 2, "": 3, "b": {digits}, "c": {deep}, "d": {deep}, "z": 4}}"#);
        let numbers = check(&text, &[("a", "1"), ("z", "4")]);
        let said = numbers.says().unwrap();
        assert!(said.contains("a name may not be empty") && said.ends_with("and 2 more"), "{said}");
        assert_eq!(check(r#"{"name": "wine", "ok": true, "none": null}"#, &[]).says(), None);
        let lists = r#"{"loss": [0.9, 0.5], "worst": [NaN], "confusion": [[3, 1], [0, 2]], "names": ["a", 1], "none": [], "z": 4}"#;
        let said = "`confusion` is a list of numbers; `loss` is a list of numbers; `worst` is a list of numbers";
        assert_eq!(check(lists, &[("z", "4")]).says().as_deref(), Some(said));
        let many: Vec<String> = (0..=MOST).map(|n| format!("\"{n}\": {n}")).collect();
        let numbers = of_json(&format!("{{{}}}", many.join(","))).unwrap();
        assert_eq!((numbers.found.len(), numbers.left_out.len()), (MOST, 1));
    }
}
