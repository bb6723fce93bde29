//! What a command was called with, as parameters that runs are compared by.

use std::collections::BTreeMap;

use serde_json::Value;

use super::change::number;
use super::mask::mask;
use crate::model::{CUT, value};

/// How many arguments have a name of their own; all others have one together.
const NAMED: usize = 64;
/// From how many bytes on what is made of digits alone is known from the names of a run's own data, and no number by chance.
const TOLD: usize = 6;
/// What parts the words of a text for a shell, a name from its value, and one item of a list from the next.
const BETWEEN: &[char] = &[' ', '\t', '\n', '\'', '"', '`', '=', ',', ';', '|', '&', '<', '>', '(', ')', '{', '}'];

/// Returns what a command was called with, by name: the program as `command`, an option by its own name, what is given as
/// `key=value` by its key, and others by their place, as `argument 1`. `None` where it cannot be read.
///
/// `names` are those of all that the run read and wrote. Where they stand in an argument, they stand without what distinguishes one
/// round of a pipeline from the next: they differ in each, and are compared as what was read and written.
#[must_use]
pub fn arguments(command: &str, names: &[&str]) -> Option<BTreeMap<String, Value>> {
    let words = shlex::split(command).filter(|_| !command.ends_with(CUT))?;
    let (program, rest) = words.split_first()?;
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::from([("command".to_owned(), vec![program.clone()])]);
    let mut tell = |name: String, value: String| {
        let is_known = found.len() <= NAMED || found.contains_key(&name);
        let values = found.entry(if is_known { name } else { "other arguments".to_owned() }).or_default();
        // Of many inputs each stands for all of them, and their number differs from round to round.
        if values.last() != Some(&value) {
            values.push(value);
        }
    };
    let (mut place, mut was_own, mut rest) = (0_usize, false, rest.iter().peekable());
    while let Some(word) = rest.next() {
        let of_next = || rest.next_if(|next| !is_option(next)).map(|next| without_round(next, names));
        let is_own = std::mem::replace(&mut was_own, false);
        match word.split_once('=').filter(|(key, _)| is_key(key)) {
            Some((key, value)) => tell(key.to_owned(), without_round(value, names)),
            None if word == "--" => {}
            None if is_option(word) => tell(word.clone(), { of_next }().unwrap_or_else(|| true.to_string())),
            None => {
                was_own = is_of_round(word, names);
                place += usize::from(!(was_own && is_own));
                tell(format!("argument {place}"), without_round(word, names));
            }
        }
    }
    let values = found.into_iter().map(|(name, values)| (name, value::typed(&values.join(" "))));
    Some(values.collect())
}

/// Returns whether a word is an option, which a negative number is not.
fn is_option(word: &str) -> bool {
    word.len() > 1 && word.starts_with('-') && word.parse::<f64>().is_err()
}

/// Returns whether a word is what a value may be given to.
fn is_key(word: &str) -> bool {
    let is_of_key = |letter: char| letter.is_alphanumeric() || ['-', '_', '.'].contains(&letter);
    word.chars().all(is_of_key) && word.chars().any(char::is_alphabetic)
}

/// Returns an argument in which the names of a run's own data stand without what distinguishes one round from the next.
fn without_round(word: &str, names: &[&str]) -> String {
    if is_of_round(word, names) {
        return mask(word);
    }
    let parts = word.split_inclusive(BETWEEN).map(|part| {
        let name = part.trim_end_matches(BETWEEN);
        let end = part.get(name.len()..).unwrap_or_default();
        if is_of_round(name, names) { mask(name) + end } else { part.to_owned() }
    });
    parts.collect()
}

/// Returns whether a word is the name of something that the run read or wrote, as it is called from some folder, a folder that
/// this lies in, or the date or the identifier in it.
fn is_of_round(word: &str, names: &[&str]) -> bool {
    let mut word = word;
    while let Some(rest) = word.strip_prefix("./").or_else(|| word.strip_prefix("../")) {
        word = rest;
    }
    let ends_with = |one: &str, end: &str| one.strip_suffix(end).is_some_and(|before| before.ends_with('/'));
    let begins_with = |one: &str, start: &str| one.strip_prefix(start).is_some_and(|after| after.starts_with('/'));
    let is_told = word.len() >= TOLD && !mask(word).contains(char::is_alphanumeric);
    let is_path = !word.is_empty() && number(&word.into()).is_none();
    let is_of = |name: &&str| {
        let is_name = *name == word || ends_with(word, name) || ends_with(name, word) || begins_with(name, word);
        is_path && is_name || is_told && holds(name, word)
    };
    names.iter().any(is_of)
}

/// Returns whether a name holds a text that is no part of a longer word or number.
fn holds(name: &str, text: &str) -> bool {
    name.match_indices(text).any(|(start, _)| {
        let before = name.get(..start).and_then(|before| before.chars().next_back());
        let after = name.get(start.saturating_add(text.len())..).and_then(|after| after.chars().next());
        ![before, after].into_iter().flatten().any(char::is_alphanumeric)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(command: &str, names: &[&str]) -> String {
        let arguments = arguments(command, names).unwrap();
        arguments.iter().map(|(name, value)| format!("{name}: {value}")).collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn arguments_are_parameters_and_the_names_of_own_data_are_the_same_in_each_round() {
        let names = ["raw/2026-11-14.csv", "s3://b/day=2026-11-14/out.csv"];
        let told = told("sh step.sh raw/2026-11-14.csv s3://b/day=2026-11-14/out.csv --scale 100", &names);
        let data = r#"argument 2: "raw/#-#-#.csv s3://b/day=#-#-#/out.csv""#;
        assert_eq!(told, format!(r#"--scale: 100; argument 1: "step.sh"; {data}; command: "sh""#));
    }

    #[test]
    fn an_argument_is_found_in_whatever_way_it_is_given() {
        let names = ["raw/2026-11-14.csv"];
        let scale = |command: &str, name: &str| arguments(command, &names).unwrap().remove(name);
        for (command, name) in [
            ("step --scale 100 raw/2026-11-14.csv", "--scale"),
            ("step --fast --scale=100", "--scale"),
            ("step in=raw/2026-11-14.csv scale=100", "scale"),
            ("step -s 100 -v", "-s"),
            ("step ../raw/2026-11-14.csv 100", "argument 2"),
            ("step -- 100", "argument 1"),
        ] {
            assert_eq!(scale(command, name), Some(100.into()), "{command}");
        }
        assert_eq!(scale("step --offset -5", "--offset"), Some((-5).into()));
        assert_eq!(scale("step --fast --slow", "--fast"), Some(true.into()));
        assert_eq!(scale("step --col a --col b", "--col"), Some("a b".into()));
        assert_eq!(
            scale("sh -c 'step raw/2026-11-14.csv>x --scale 100'", "-c"),
            Some("step raw/#-#-#.csv>x --scale 100".into())
        );
    }

    #[test]
    fn what_the_names_of_own_data_do_not_tell_stands_as_it_was_given() {
        let names = ["/data/part/1/2026-11-14.csv", "models/v2/m.bin"];
        let kept = |word: &str| assert_eq!(without_round(word, &names), word);
        ["1", "2026", "2026-11-13", "models/v3/m.bin", "v2", "100", "part-1", ""].into_iter().for_each(kept);
        let masked = |word: &str, expected: &str| assert_eq!(without_round(word, &names), expected);
        masked("2026-11-14", "#-#-#");
        masked("./part/1/2026-11-14.csv", "./part/#/#-#-#.csv");
        masked("/data/part/1", "/data/part/#");
        masked("/home/ada/models/v2/m.bin", "/home/ada/models/v#/m.bin");
        masked("sed s/1/2/ <2026-11-14.csv >'models/v2/m.bin'", "sed s/1/2/ <#-#-#.csv >'models/v#/m.bin'");
    }

    #[test]
    fn any_number_of_own_data_is_one_argument_and_many_others_share_one() {
        let names: Vec<String> = (0..300).map(|part| format!("raw/{part}.csv")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let cat = format!("cat {} last", names.join(" "));
        assert_eq!(told(&cat, &names), "argument 1: \"raw/#.csv\"; argument 2: \"last\"; command: \"cat\"");
        let many = format!("echo {}", (0..999).map(|word| format!("w{word}")).collect::<Vec<_>>().join(" "));
        assert_eq!(arguments(&many, &[]).unwrap().len(), NAMED + 2);
        assert_eq!(arguments("echo 'open", &[]), None);
        assert_eq!(arguments(&format!("echo a{CUT}"), &[]), None);
    }
}
