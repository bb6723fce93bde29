//! Search, held against every name looked at by itself.

use mltrace_core::model::RunId;
use proptest::prelude::*;
use serde_json::json;

use crate::story::{Story, at, cases};

/// Returns those of these names that hold `text`, shortest first; letters of ASCII are the same in both cases.
fn holding(names: &[String], text: &str) -> Vec<String> {
    let text = text.to_ascii_lowercase();
    let mut found: Vec<String> =
        names.iter().filter(|name| name.to_ascii_lowercase().contains(&text)).cloned().collect();
    found.sort_by_key(|name| (name.chars().count(), name.clone()));
    found.dedup();
    found
}

/// Returns the ids that begin or end with these digits.
fn like(ids: &[RunId], digits: &str) -> Vec<RunId> {
    let plain = |id: &RunId| id.to_string().replace('-', "");
    let mut found: Vec<RunId> =
        ids.iter().filter(|id| plain(id).starts_with(digits) || plain(id).ends_with(digits)).copied().collect();
    found.sort_unstable();
    found
}

proptest! {
    #![proptest_config(cases(48))]

    #[test]
    fn a_search_finds_every_name_that_holds_the_text(
        names in prop::collection::vec("[aB%_\\\\.]{1,6}", 1..12),
        text in "[aAbB%_\\\\.]{1,3}",
    ) {
        let names: Vec<String> = names.iter().map(|name| format!("xy://{name}")).collect();
        let line = json!({"component": "c", "started_at": at(1), "ended_at": at(2), "outputs": names});
        let found = Story::told(&[line]).reader().search(&text, 100).unwrap();
        let found: Vec<String> = found.artifacts.into_iter().map(|name| name.0).collect();
        prop_assert_eq!(found, holding(&names, &text));
    }

    #[test]
    fn a_search_finds_every_run_by_its_first_and_last_digits(
        ids in prop::collection::vec("[01]{4}0000-0000-7000-8000-00000000[0f]{4}", 1..12),
        digits in "[01]{4,6}|[0f]{4,7}|0{20,33}[0f]{2}",
    ) {
        let mut ids: Vec<RunId> = ids.iter().map(|id| id.parse().unwrap()).collect();
        ids.sort_unstable();
        ids.dedup();
        let lines: Vec<_> = ids
            .iter()
            .map(|id| json!({"id": id, "component": "c", "started_at": at(1), "ended_at": at(2), "outputs": ["y"]}))
            .collect();
        let mut found = Story::told(&lines).reader().search(&digits, 100).unwrap().runs;
        found.sort_unstable();
        prop_assert_eq!(found, like(&ids, &digits));
    }
}
