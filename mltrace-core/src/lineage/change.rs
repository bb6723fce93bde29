//! What differs between two runs themselves.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::aspects::{Aspect, Aspects};
use super::mask::mask;
use crate::model::value;

/// How far a share of what was observed is, and a number, as a share of how the numbers before were spread.
const MOVED_SHARE: f64 = 0.05;
const MOVED_NUMBER: f64 = 0.25;

/// Returns the number that a value is. Parameters of functions are kept as the text that they show, so a text may be one.
#[must_use]
pub fn number(value: &Value) -> Option<f64> {
    let number = value.as_f64().or_else(|| value.as_str()?.parse().ok())?;
    number.is_finite().then_some(number)
}

/// An aspect that two runs have otherwise.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Of what.
    pub aspect: Aspect,
    /// The value on each side.
    pub values: [Option<Value>; 2],
}

/// An input as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Its name.
    pub name: String,
    /// The argument that named it.
    pub argument: Option<String>,
    /// The version that was read.
    pub version: String,
}

/// Returns which inputs two runs read under one name in other versions, no matter who wrote them, and which only one of them read: of
/// names that differ in what distinguishes one round from the next, each is the other. An argument that named another input in either
/// is one that changed. A run may read several versions of a name.
#[must_use]
pub fn other_inputs(a: &[Reading], b: &[Reading]) -> Vec<Change> {
    let versions = |read: &[Reading]| {
        let mut versions: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for Reading { name, version, .. } in read {
            versions.entry(name.clone()).or_default().insert(version.clone());
        }
        versions
    };
    let told =
        |versions: &BTreeSet<String>| Some(versions.iter().map(String::as_str).collect::<Vec<_>>().join(", ").into());
    let (before, after) = (versions(a), versions(b));
    let mut changed: Vec<Change> = Vec::new();
    for (name, now) in &after {
        if let Some(before) = before.get(name).filter(|before| *before != now) {
            changed.push(Change { aspect: Aspect::Input(name.clone()), values: [told(before), told(now)] });
        }
    }
    let [left, mut right] = [(a, b), (b, a)].map(|(of, other)| only_read(of, other));
    for gone in left {
        let is_other = |came: &&Reading| gone.argument.is_some() && came.argument == gone.argument;
        let came = right.iter().position(is_other).map(|place| right.remove(place));
        let named = |reading: &Reading| Some(format!("{}@{}", reading.name, reading.version).into());
        changed.push(match came {
            Some(came) => Change {
                aspect: Aspect::Input(gone.argument.clone().unwrap_or_default()),
                values: [named(gone), named(came)],
            },
            None => Change {
                aspect: Aspect::Input(gone.name.clone()),
                values: [before.get(&gone.name).and_then(told), None],
            },
        });
    }
    changed.extend(right.into_iter().map(|came| Change {
        aspect: Aspect::Input(came.name.clone()),
        values: [None, after.get(&came.name).and_then(told)],
    }));
    changed
}

/// Returns what was read and not by the other run, each name once.
fn only_read<'r>(of: &'r [Reading], other: &[Reading]) -> Vec<&'r Reading> {
    let masks: BTreeSet<String> = other.iter().map(|reading| mask(&reading.name)).collect();
    let mut only: Vec<&Reading> = of.iter().filter(|reading| !masks.contains(&mask(&reading.name))).collect();
    only.sort_by(|a, b| a.name.cmp(&b.name));
    only.dedup_by(|a, b| a.name == b.name);
    only
}

/// Returns in what two runs differ.
///
/// A parameter may come or go; of anything else that one side lacks nothing is known, which is no difference, and neither is
/// what lies beyond a cut of either side. Each run
/// takes its own time, so that a duration is none either, and what was stale is known of each run by itself. What was
/// measured and checked is an effect: [`effects`].
#[must_use]
pub fn changes(a: &Aspects, b: &Aspects) -> Vec<Change> {
    let all: BTreeSet<&Aspect> = a.keys().chain(b.keys()).collect();
    let changed = |aspect: &Aspect| {
        let values = [a.get(aspect), b.get(aspect)];
        let is_known = matches!(aspect, Aspect::Parameter(_)) || values.iter().all(Option::is_some);
        let is_same = match values {
            [Some(a), Some(b)] => value::is_same(a, b),
            [a, b] => a == b,
        };
        let is_its_own = aspect.is_measure() || matches!(aspect, Aspect::Duration | Aspect::Stale);
        let differs = is_known && !is_same && !is_its_own && a.knows(aspect) && b.knows(aspect);
        differs.then(|| Change { aspect: aspect.clone(), values: values.map(Option::<&Value>::cloned) })
    };
    all.into_iter().filter_map(changed).collect()
}

/// Returns in which measures two runs differ. What only one of them measured or checked is no difference, and neither are
/// the numbers of a profile: two tables hardly ever have the same. A figure of what was observed is one where it moved far.
#[must_use]
pub fn effects(a: &Aspects, b: &Aspects) -> Vec<Change> {
    let changed = |(aspect, now): (&Aspect, &Value)| {
        let is_of_table = matches!(aspect, Aspect::Profile { .. }) && number(now).is_some();
        let is_told = aspect.is_measure() && !is_of_table && has_moved(a, aspect, now);
        let before = a.get(aspect).filter(|before| is_told && !value::is_same(before, now))?;
        Some(Change { aspect: aspect.clone(), values: [Some(before.clone()), Some(now.clone())] })
    };
    b.iter().filter_map(changed).collect()
}

/// Returns whether a figure of what was observed is far from what it was: a share by a twentieth, a number by a quarter of
/// what lay between the lowest and the highest twentieth of the numbers before. Of anything else each difference counts.
fn has_moved(before: &Aspects, aspect: &Aspect, now: &Value) -> bool {
    let Aspect::Observed { name, figure } = aspect else { return true };
    let of = |figure: &str| {
        let aspect = Aspect::Observed { name: name.clone(), figure: figure.to_owned() };
        before.get(&aspect).and_then(number)
    };
    let (Some(then), Some(now)) = (of(figure), number(now)) else { return false };
    let is_of_numbers = ["mean", "p5", "p50", "p95"].contains(&figure.as_str());
    let far = match (is_of_numbers, of("p5"), of("p95")) {
        (true, Some(low), Some(high)) => (high - low) * MOVED_NUMBER,
        _ => MOVED_SHARE,
    };
    (now - then).abs() > far
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(a: &[(&str, &str, &str)], b: &[(&str, &str, &str)]) -> Vec<(String, [Option<Value>; 2])> {
        let [a, b] = [a, b].map(|read| -> Vec<Reading> {
            let reading = |(name, argument, version): &(&str, &str, &str)| Reading {
                name: (*name).to_owned(),
                argument: Some((*argument).to_owned()).filter(|argument| !argument.is_empty()),
                version: (*version).to_owned(),
            };
            read.iter().map(reading).collect()
        });
        other_inputs(&a, &b).into_iter().map(|change| (change.aspect.field(), change.values)).collect()
    }

    #[test]
    fn what_was_observed_differs_where_it_moved_far() {
        let observed = |figures: &[(&str, f64)]| -> Aspects {
            let aspect = |figure: &str| Aspect::Observed { name: "fare".to_owned(), figure: figure.to_owned() };
            figures.iter().map(|(figure, number)| (aspect(figure), (*number).into())).collect()
        };
        let before = observed(&[("p5", 10.0), ("p50", 20.0), ("p95", 30.0), ("missing", 0.01)]);
        let moved = |now: &[(&str, f64)]| -> Vec<String> {
            effects(&before, &observed(now)).into_iter().map(|change| change.aspect.field()).collect()
        };
        assert_eq!(moved(&[("p5", 9.0), ("p50", 24.0), ("p95", 34.0), ("missing", 0.04)]), [""; 0]);
        assert_eq!(moved(&[("p50", 26.0), ("missing", 0.2)]), ["observed:fare.missing", "observed:fare.p50"]);
        assert_eq!(moved(&[("mean", 90.0)]), [""; 0], "what was not known before is no difference");
    }

    #[test]
    fn an_input_differs_where_another_version_of_the_name_was_read() {
        let found = told(&[("a", "", "1"), ("b", "", "1")], &[("a", "", "2"), ("a", "", "1"), ("b", "", "1")]);
        assert_eq!(found, [("input:a".to_owned(), [Some("1".into()), Some("1, 2".into())])]);
    }

    #[test]
    fn an_input_comes_and_goes_unless_it_is_that_of_another_round() {
        let found = told(&[("a", "", "1"), ("x-1", "", "1")], &[("x-2", "", "2"), ("x-3", "", "3"), ("b", "", "1")]);
        let expected = [("input:a", [Some("1".into()), None]), ("input:b", [None, Some("1".into())])];
        assert_eq!(found, expected.map(|(field, values)| (field.to_owned(), values)));
        let found = told(&[("eu.csv", "zones", "1")], &[("us.csv", "zones", "1")]);
        assert_eq!(found, [("input:zones".to_owned(), [Some("eu.csv@1".into()), Some("us.csv@1".into())])]);
    }

    #[test]
    fn a_text_may_be_a_number() {
        assert_eq!(
            [Value::from("0.5"), 2.into(), "mg".into(), "NaN".into()].map(|value| number(&value)),
            [Some(0.5), Some(2.0), None, None]
        );
    }
}
