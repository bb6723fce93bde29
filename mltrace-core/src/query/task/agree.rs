//! Holds the metrics of tasks to what scikit-learn said of the same outputs.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{TaskKind, TaskMetric, TaskOptions, TaskWindow};
use crate::config::{Environment, Home};
use crate::model::{TaskFact, TaskSide, TaskValue, Timestamp};
use crate::query::Reader;
use crate::store::{self, Mode, Said, Store};

const CASES: &str = include_str!("../../../tests/cases/tasks/windows.json");
/// Beyond so little numbers differ.
const CLOSE: f64 = 1e-9;

/// A window of outputs and feedback, and what is expected of each metric.
#[derive(Deserialize)]
struct Case {
    name: String,
    kind: TaskKind,
    threshold: Option<f64>,
    positive: Option<String>,
    /// As they are written: not every parser of JSON takes the nearest float.
    pairs: Vec<[Box<RawValue>; 2]>,
    expected: BTreeMap<TaskMetric, Option<f64>>,
}

impl Case {
    fn options(&self) -> TaskOptions {
        TaskOptions { threshold: self.threshold, positive: self.positive.clone(), ..TaskOptions::default() }
    }

    /// Returns what is said of the outputs, each a second after the one before and from `start` on.
    fn facts(&self, task: &str, start: i64) -> Vec<TaskFact> {
        let said = |id: usize, side, given: &RawValue, later: i64| TaskFact {
            task: task.to_owned(),
            id: format!("{start}-{id}"),
            side,
            value: TaskValue::of_json(given).unwrap(),
            at: Timestamp(start + i64::try_from(id).unwrap() * 1_000_000 + later),
            run: None,
        };
        let pairs = self.pairs.iter().enumerate().flat_map(|(id, [output, feedback])| {
            let feedback = (feedback.get() != "null").then(|| said(id, TaskSide::Feedback, feedback, 60_000_000));
            feedback.into_iter().chain([said(id, TaskSide::Output, output, 0)])
        });
        pairs.collect()
    }

    fn check(&self, window: &TaskWindow, what: &str) {
        assert_eq!(window.metrics.keys().collect::<Vec<_>>(), self.expected.keys().collect::<Vec<_>>(), "{what}");
        for (metric, expected) in &self.expected {
            let found = window.metrics.get(metric).copied().flatten();
            let is_close = match (found, expected) {
                (Some(found), Some(expected)) => (found - expected).abs() <= CLOSE * expected.abs().max(1.0),
                (found, expected) => found.is_none() && expected.is_none(),
            };
            assert!(is_close, "{what}: {} is {found:?} and not {expected:?}", metric.as_str());
        }
        let with_feedback = self.pairs.iter().filter(|[_, feedback]| feedback.get() != "null").count();
        assert_eq!((window.outputs, window.with_feedback), (self.pairs.len() as u64, with_feedback as u64), "{what}");
        assert_eq!(window.lag_s.map(|lag| (lag.p50, lag.max)), (with_feedback > 0).then_some((60.0, 60.0)), "{what}");
    }
}

fn cases() -> Vec<Case> {
    serde_json::from_str(CASES).unwrap()
}

struct Kept {
    _folder: tempfile::TempDir,
    store: Box<dyn Store>,
    home: Home,
}

impl Kept {
    fn with(facts: &[TaskFact]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::find(folder.path(), None, &Environment::default());
        let mut store = store::open(&home, Mode::Write).unwrap();
        store
            .write(&mut |writer| {
                let project = writer.project(&home.project, None)?;
                facts.iter().try_for_each(|fact| writer.keep(Said::Task(project, fact)))
            })
            .unwrap();
        Self { _folder: folder, store, home }
    }

    fn reader(&mut self) -> Reader<'_> {
        let folder = self.home.root.clone();
        Reader::new(self.store.as_mut(), &self.home, &folder)
    }
}

#[test]
fn metrics_are_those_of_scikit_learn() {
    for case in cases() {
        let mut kept = Kept::with(&case.facts("t", 0));
        // With all numbers held, and with the store asked in order.
        for most_held in [super::MOST_HELD, 3] {
            let answer = kept.reader().task_within("t", &case.options(), most_held).unwrap();
            let is_told = case.expected.values().any(Option::is_some);
            assert!(answer.kind == Some(case.kind) || !is_told && case.kind == TaskKind::Scores, "{}", case.name);
            let [window] = answer.windows.as_slice() else { panic!("{}: one window", case.name) };
            case.check(window, &format!("{}, {most_held} held", case.name));
        }
    }
}

#[test]
fn each_window_has_its_own_and_empty_ones_have_none() {
    let day = 86_400_000_000;
    for kind in TaskKind::ALL {
        let all = cases();
        let plain = |case: &&Case| case.kind == kind && case.threshold.is_none() && case.positive.is_none();
        let told: Vec<&Case> = all.iter().filter(plain).filter(|case| case.name != "plain yes and no").collect();
        // Every second day is empty, and what comes first is said last.
        let mut facts: Vec<TaskFact> =
            told.iter().zip((0_i64..).step_by(2)).flat_map(|(case, number)| case.facts("t", number * day)).collect();
        facts.reverse();
        let mut kept = Kept::with(&facts);
        let options = TaskOptions { window_s: Some(86_400), kind: Some(kind), ..TaskOptions::default() };
        for most_held in [super::MOST_HELD, 3] {
            let answer = kept.reader().task_within("t", &options, most_held).unwrap();
            assert_eq!(answer.windows.len(), told.len() * 2 - 1);
            for (case, window) in told.iter().zip(answer.windows.iter().step_by(2)) {
                case.check(window, &format!("{} among others, {most_held} held", case.name));
            }
            for empty in answer.windows.iter().skip(1).step_by(2) {
                assert!(empty.outputs == 0 && empty.coverage.is_none() && empty.lag_s.is_none(), "{empty:?}");
                assert!(empty.metrics.values().all(Option::is_none) && empty.metrics.len() == kind.metrics().len());
            }
        }
    }
}

#[test]
fn what_is_no_number_is_counted_and_not_compared() {
    let said = |id: &str, side, text: &str| TaskFact {
        task: "t".to_owned(),
        id: id.to_owned(),
        side,
        value: TaskValue::parse(text).unwrap(),
        at: Timestamp(0),
        run: None,
    };
    let pairs = [("1", "2", "3"), ("2", "NaN", "3"), ("3", "4", "inf"), ("4", "1e400", "1"), ("5", "0.50", "1.50")];
    let facts = pairs.iter().flat_map(|(id, output, feedback)| {
        [said(id, TaskSide::Output, output), said(id, TaskSide::Feedback, feedback)]
    });
    let mut kept = Kept::with(&facts.collect::<Vec<_>>());
    for most_held in [super::MOST_HELD, 1] {
        let answer = kept.reader().task_within("t", &TaskOptions::default(), most_held).unwrap();
        let window = &answer.windows[0];
        assert_eq!((answer.kind, window.left_out, window.with_feedback), (Some(TaskKind::Numbers), 3, 5));
        assert_eq!(window.metrics[&TaskMetric::Mae], Some(1.0));
        assert_eq!(window.metrics[&TaskMetric::MedianAe], Some(1.0), "{most_held} held");
    }
}

/// Any number that a float can be, the greatest and the least among them.
fn extreme() -> impl Strategy<Value = f64> {
    let ends = prop_oneof![Just(f64::MAX), Just(f64::MIN), Just(f64::MIN_POSITIVE), Just(0.0), Just(1e308)];
    prop_oneof![ends, proptest::num::f64::NORMAL, -10.0..10.0]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn no_metric_of_extreme_numbers_is_without_end(pairs in proptest::collection::vec((extreme(), extreme()), 2..20)) {
        let said = |id: usize, side, number: f64| TaskFact {
            task: "t".to_owned(),
            id: id.to_string(),
            side,
            value: TaskValue::parse(&format!("{number:?}")).unwrap(),
            at: Timestamp(0),
            run: None,
        };
        let facts = pairs.iter().enumerate().flat_map(|(id, (output, truth))| {
            [said(id, TaskSide::Output, *output), said(id, TaskSide::Feedback, *truth)]
        });
        let mut kept = Kept::with(&facts.collect::<Vec<_>>());
        let options = TaskOptions { kind: Some(TaskKind::Numbers), ..TaskOptions::default() };
        let [held, in_order] = [super::MOST_HELD, 1].map(|most| kept.reader().task_within("t", &options, most).unwrap());
        prop_assert_eq!(&held, &in_order);
        let metrics = &held.windows[0].metrics;
        prop_assert!(metrics.values().flatten().all(|value| value.is_finite()), "{:?}", metrics);
        // Where no error and no square is too large, halves say half, and the root says the square.
        let errors: Vec<f64> = pairs.iter().map(|(output, truth)| (output / 4.0 - truth / 4.0).abs()).collect();
        let mean = errors.iter().map(|error| error / errors.len() as f64).sum::<f64>();
        let greatest = errors.iter().copied().fold(0.0, f64::max);
        // Beside a number that is summed up in a smaller measure, one whose square is nothing there is nothing.
        let is_large = pairs.iter().any(|(output, truth)| output.abs().max(truth.abs()) > super::sum::LARGE);
        let nothing = if is_large { 1e32 } else { 1e-300 };
        let told = metrics[&TaskMetric::Mae];
        let is_mean = |told: f64| (told / 4.0 - mean).abs() <= mean * 1e-9 + nothing;
        prop_assert!(told.map_or(mean > f64::MAX / 4.1, is_mean), "{:?} {}", told, mean);
        let root = metrics[&TaskMetric::Rmse].map(|root| root / 4.0);
        let within = |root: f64| root >= mean * (1.0 - 1e-9) - nothing && root <= greatest * (1.0 + 1e-9);
        prop_assert!(root.map_or(greatest > f64::MAX / 4.1, within), "{:?} {} {}", root, mean, greatest);
    }
}

#[test]
fn what_the_outputs_are_is_seen_from_all_of_them() {
    let kind = |pairs: &[(&str, &str)], options: &TaskOptions| {
        let facts = pairs.iter().enumerate().flat_map(|(id, (output, feedback))| {
            let said = |side, text: &str, at| TaskFact {
                task: "t".to_owned(),
                id: id.to_string(),
                side,
                value: TaskValue::parse(text).unwrap(),
                at: Timestamp(at),
                run: None,
            };
            let at = i64::try_from(id).unwrap();
            [said(TaskSide::Output, output, at), said(TaskSide::Feedback, feedback, at)]
        });
        let mut kept = Kept::with(&facts.collect::<Vec<_>>());
        let answer = kept.reader().task("t", options).unwrap();
        (answer.kind.unwrap(), answer.windows[0].left_out)
    };
    let seen = |pairs: &[(&str, &str)]| kind(pairs, &TaskOptions::default()).0;
    assert_eq!(seen(&[("0.5", "1"), ("true", "false"), ("0", "0")]), TaskKind::Scores);
    assert_eq!(seen(&[("0.5", "1"), ("0.5", "0.5")]), TaskKind::Numbers);
    assert_eq!(seen(&[("0.5", "1"), ("1.5", "1")]), TaskKind::Numbers);
    assert_eq!(seen(&[("1", "1"), ("2", "7"), ("none", "1")]), TaskKind::Classes);
    assert_eq!(seen(&[("true", "1"), ("2", "7")]), TaskKind::Classes, "`true` is no number beside 2");
    let as_numbers = TaskOptions { kind: Some(TaskKind::Numbers), ..TaskOptions::default() };
    assert_eq!(kind(&[("1", "1"), ("none", "1")], &as_numbers), (TaskKind::Numbers, 1), "as somebody says it");
}
