//! Runs side by side: what is the same in all of them.

use std::sync::Arc;

use mltrace_core::query::{ComparedField, QueryError, RecordPart};
use mltrace_core::store::{Bounds, StoreError};
use serde_json::{Value, json};

use crate::story::{Story, at, id};

/// Returns what two runs with these fields are side by side.
fn compared(runs: [Value; 2]) -> Vec<ComparedField> {
    let lines = runs.into_iter().enumerate().map(|(number, more)| {
        let mut line = json!({"id": id(number), "component": "train", "started_at": at(10), "ended_at": at(20)});
        line.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        line
    });
    let mut story = Story::told(&lines.collect::<Vec<_>>());
    let [one, other] = [0, 1].map(|number| id(number).to_string());
    story.reader().compare(&[&one, &other]).unwrap().fields
}

fn differs(name: &str, runs: [Value; 2]) -> bool {
    compared(runs).into_iter().find(|field| field.name == name).unwrap().differs
}

#[test]
fn numbers_are_compared_as_they_are_written_and_not_as_floats() {
    let params = |[one, other]: [Value; 2]| differs("n", [one, other].map(|n| json!({"params": {"n": n}})));
    assert!(params([json!(9_007_199_254_740_993_u64), json!(9_007_199_254_740_992_u64)]));
    assert!(params([json!(u64::MAX), json!(u64::MAX - 1)]) && params([json!(i64::MIN), json!(i64::MIN + 1)]));
    assert!(!params([json!(1), json!(1.0)]) && !params([json!(0), json!(-0.0)]) && params([json!(1), json!("1")]));
    let metrics = |texts: [&str; 2]| differs("n", texts.map(|n| json!({"metrics": [{"name": "n", "value": n}]})));
    assert!(metrics(["9007199254740993", "9007199254740992"]) && metrics(["0.1", "-0.1"]) && metrics(["1", "NaN"]));
    for same in
        [["0.70", "0.7"], ["1e3", "1000"], ["+12.50E-1", "1.25"], ["NaN", "nan"], ["inf", "Infinity"], [".5", "0.5"]]
    {
        assert!(!metrics(same), "{same:?}");
    }
}

#[test]
fn what_was_redacted_is_not_known_to_be_the_same() {
    let of = |password: &str| json!({"params": {"password": password, "seed": 7}});
    assert!(differs("password", [of("hunter2"), of("correct horse")]));
    assert!(!differs("seed", [of("hunter2"), of("correct horse")]));
    let mut story = Story::told(&[json!({"id": id(1), "component": "train", "started_at": at(1), "ended_at": at(2),
        "params": {"password": "hunter2"}})]);
    let run = id(1).to_string();
    let twice = story.reader().compare(&[&run, &run]).unwrap();
    assert!(twice.fields.iter().all(|field| !field.differs), "a run is itself");
}

#[test]
fn metrics_that_would_be_one_field_keep_their_names() {
    let of = |names: &[&str]| {
        let metrics: Vec<Value> = (1..).zip(names).map(|(n, name)| json!({"name": name, "value": n})).collect();
        json!({"metrics": metrics})
    };
    let shown = |runs: [Value; 2]| {
        let fields = compared(runs).into_iter().filter(|field| field.part.as_str() == "metrics");
        let shown = fields.map(|field| (field.split.unwrap_or_default(), field.name, field.values));
        shown.collect::<Vec<_>>()
    };
    let field = |split: &str, name: &str, values: [Value; 2]| (split.to_owned(), name.to_owned(), values.to_vec());
    assert_eq!(
        shown([of(&["test/auc", "test.auc", "test/f1"]), of(&["test/auc", "test/f1"])]),
        [
            field("", "test.auc", [json!(2), Value::Null]),
            field("", "test/auc", [json!(1), json!(1)]),
            field("test", "f1", [json!(3), json!(2)]),
        ]
    );
    let one = shown([of(&["test/auc"]), of(&["test.auc"])]);
    assert_eq!(one, [field("test", "auc", [json!(1), json!(1)])], "two ways to write one name");
}

#[test]
fn of_many_fields_those_that_differ_come_first() {
    let of = |odd: &str| {
        let same = (0..300).map(|number| (format!("same-{number:03}"), json!(number)));
        let other = (0..20).map(|number| (format!("zzz-{number:02}"), json!(odd)));
        json!({"params": same.chain(other).collect::<serde_json::Map<_, _>>()})
    };
    let lines = [("a", 1), ("b", 2)].map(|(odd, number)| {
        let mut line = json!({"id": id(number), "component": "train", "started_at": at(10), "ended_at": at(20)});
        line.as_object_mut().unwrap().extend(of(odd).as_object().unwrap().clone());
        line
    });
    let mut story = Story::told(&lines);
    let [one, other] = [1, 2].map(|number| id(number).to_string());
    let whole = story.reader().compare(&[&one, &other]).unwrap();
    assert!(!whole.is_cut && whole.fields.len() > 320);
    let cut = story.reader().compare_most(&[&one, &other], 50).unwrap();
    assert_eq!((cut.is_cut, cut.fields.len()), (true, 50));
    assert_eq!(cut.fields.iter().filter(|field| field.differs).count(), 20, "all that differ");
    let order = whole.fields.iter().filter(|field| cut.fields.contains(field)).collect::<Vec<_>>();
    assert_eq!(order, cut.fields.iter().collect::<Vec<_>>(), "in the same order, with the same values");
}

#[test]
fn what_lies_side_by_side_is_held_within_bounds() {
    let params = (0..1000).map(|number| (format!("p{number}"), json!(number))).collect::<serde_json::Map<_, _>>();
    let mut story = Story::told(&[json!({"id": id(1), "component": "train", "started_at": at(1), "ended_at": at(2),
        "params": params})]);
    let run = id(1).to_string();
    let endless = Arc::new(Bounds::new(u64::MAX, u64::MAX, None));
    let mut reader = story.reader();
    reader.bound(Arc::clone(&endless)).unwrap();
    reader.compare(&[&run, &run]).unwrap();
    assert!(endless.held() > 2 * 1000 * 160, "{}", endless.held());
    let mut reader = story.reader();
    reader.bound(Arc::new(Bounds::new(endless.held() - 1, u64::MAX, None))).unwrap();
    let error = reader.compare(&[&run, &run]).unwrap_err();
    assert!(matches!(error, QueryError::Store(StoreError::TooMuch)), "{error}");
}

#[test]
fn what_others_measured_of_what_a_run_wrote_is_beside_what_it_measured_itself() {
    let run = |number: usize, component: &str, more: Value| {
        let mut line = json!({"id": id(number), "component": component, "started_at": at(10 * number), "ended_at": at(10 * number + 5)});
        line.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        line
    };
    let version = |name: &str, version: &str| json!([{"name": name, "version": format!("v:{version}")}]);
    let trained = |v: &str, rmse: f64| json!({"outputs": version("model", v), "metrics": [{"name": "train/rmse", "value": rmse}]});
    let metrics = |inputs: Value, metrics: Value| json!({"inputs": inputs, "metrics": metrics});
    let test =
        |rmse: &str| json!([{"name": "test/rmse", "value": rmse}, {"name": "gain", "value": 1, "about": "zone"}]);
    let both = json!([{"name": "model", "version": "v:a"}, {"name": "model", "version": "v:b"}]);
    let mut story = Story::told(&[
        run(1, "train", trained("a", 0.5)),
        run(2, "train", trained("b", 0.4)),
        run(3, "evaluate", metrics(version("model", "a"), test("0.80"))),
        run(4, "evaluate", metrics(version("model", "a"), test("0.70"))),
        run(5, "evaluate", metrics(version("model", "b"), test("0.60"))),
        // What is said of a version by name counts before what is said of no artifact.
        run(6, "size", metrics(version("model", "b"), json!([{"name": "mb", "value": 7, "about": "model"}]))),
        run(7, "look", metrics(version("model", "b"), json!([{"name": "mb", "value": 9}]))),
        // Which of the two it measured is not known.
        run(8, "rank", metrics(both, json!([{"name": "test/rmse", "value": 9}]))),
        // What reads another version says nothing of these.
        run(9, "evaluate", metrics(version("model", "c"), test("0.1"))),
    ]);
    let asked = [1, 2].map(|number| id(number).to_string());
    let found = story.reader().compare(&[&asked[0], &asked[1]]).unwrap();
    let evaluations = found.fields.iter().filter(|field| field.part == RecordPart::Evaluations);
    let shown: Vec<_> = evaluations
        .map(|field| {
            let by = field.measured_by.iter().map(|by| by.map(|run| run.to_string())).collect::<Vec<_>>();
            (field.split.as_deref(), field.name.as_str(), field.about.as_deref(), field.values.clone(), by)
        })
        .collect();
    let by = |number: usize| Some(id(number).to_string());
    let wanted = [
        (None, "mb", None, vec![Value::Null, json!(7)], vec![None, by(6)]),
        (Some("test"), "rmse", None, vec![json!("0.70"), json!("0.60")], vec![by(4), by(5)]),
    ];
    assert_eq!(shown, wanted);
    let own = found.fields.iter().find(|field| field.part == RecordPart::Metrics).unwrap();
    assert_eq!((own.values.clone(), own.measured_by.len()), (vec![json!(0.5), json!(0.4)], 0));
    let alone = story.reader().compare(&["model@v:a"]).unwrap();
    assert!(alone.fields.iter().any(|field| field.part == RecordPart::Evaluations && field.values == [json!("0.70")]));
}
