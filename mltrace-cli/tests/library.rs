//! The library answers as the command: what one returns is what the other prints as JSON, byte for byte.

#![allow(clippy::disallowed_methods, reason = "what tries the project makes the files that it needs")]

use std::path::{Path, PathBuf};
use std::process::Command;

use mltrace::answer::{Many, Measure, MetricRequirement, NotWorseThan, Requirements};
use mltrace::{MeasureFilter, RunFilter, TaskOptions};
use serde::Serialize;

/// Makes a table, and checks and measures it.
#[mltrace::register(outputs = [clean], profile = [clean], params = [rows], subject = [customer])]
fn clean(rows: usize, customer: &str) -> PathBuf {
    let clean = PathBuf::from("clean.csv");
    let text: String = (0..rows).map(|row| format!("{row},{}\n", if row % 3 == 0 { "" } else { "card" })).collect();
    std::fs::write(&clean, format!("id,payment\n{text}")).expect("the folder can be written");
    mltrace::check!(rows > 900, "{rows} rows");
    mltrace::check!(name = "payments", Err::<bool, _>("no \u{1b}[31mgate\u{1b}[0m"));
    clean
}

/// Makes a model of it.
#[mltrace::register(inputs = [clean], outputs = [model], params = [lr])]
fn train(clean: &Path, lr: f64) -> PathBuf {
    for epoch in 0..3 {
        mltrace::metric!("loss", lr / f64::from(epoch + 1), step = epoch);
        mltrace::observe!("gradient", f64::from(epoch) * lr);
    }
    mltrace::metric!("train/rmse", "0.70");
    mltrace::metric!("worst", f64::NAN);
    mltrace::metric!("importance", lr, about = clean);
    mltrace::check!(warn(lr < 0.15));
    let model = PathBuf::from("model.json");
    std::fs::write(&model, lr.to_string()).expect("the folder can be written");
    model
}

/// Says how good it is.
#[mltrace::register(inputs = [model])]
fn evaluate(model: &Path, rmse: f64) {
    mltrace::metric!("test/rmse", rmse);
}

fn record() {
    for (rows, lr) in [(1000, 0.1), (800, 0.2)] {
        let model = train(&clean(rows, "ada"), lr);
        evaluate(&model, lr * 3.0);
        mltrace::point_alias("production", "model.json", Some("it is the newest")).expect("it is recorded");
    }
    let fare = mltrace::task("fare");
    for (id, value) in [("1", 10.0), ("2", 12.5), ("3", f64::INFINITY)] {
        fare.output(id, value);
        fare.feedback(id, 11);
    }
    fare.feedback("9", "late");
    let bad = Many { artifacts: vec!["clean.csv".to_owned()], ..Many::default() };
    mltrace::judge(&bad, mltrace::Verdict::Flagged, Some("too few rows")).expect("it is recorded");
}

/// Returns what the command prints as JSON.
fn printed(arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mltrace"));
    let output = command.args(arguments).args(["--format", "json"]).output().expect("the command runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(matches!(output.status.code(), Some(0 | 1)) && !output.stdout.is_empty(), "{arguments:?}: {said}");
    String::from_utf8(output.stdout).expect("text")
}

fn same<A: Serialize>(arguments: &[&str], answer: Result<A, mltrace::Error>) {
    let answer = answer.unwrap_or_else(|error| panic!("{arguments:?}: {error}"));
    let returned = serde_json::to_string(&answer).expect("an answer is JSON") + "\n";
    assert_eq!(printed(arguments), returned, "{arguments:?}");
}

#[test]
fn the_library_answers_as_the_command_prints() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::create_dir(folder.path().join(".mltrace")).expect("a folder");
    #[expect(clippy::disallowed_methods, reason = "it is what a process is recorded by, and set before the first run")]
    std::env::set_current_dir(folder.path()).expect("the folder is there");
    record();

    let last = |limit| MeasureFilter { limit: Some(limit), ..MeasureFilter::default() };
    let train = MeasureFilter { component: Some("train".to_owned()), ..last(1000) };
    same(&["metrics"], mltrace::metrics(None, &last(1000)));
    same(&["metrics", "train", "--name", "loss"], mltrace::metrics(Some("loss"), &train));
    same(&["metrics", "--limit", "1"], mltrace::metrics(None, &last(1)));
    same(&["checks"], mltrace::checks(&last(20)));
    same(&["checks", "--failed"], mltrace::failed_checks(&last(20)));
    same(&["observations"], mltrace::observations(None, &MeasureFilter::default(), None));
    same(&["profile", "clean.csv"], mltrace::profile("clean.csv", None));
    same(&["task"], mltrace::tasks());
    same(&["task", "fare"], mltrace::task("fare").fit(&TaskOptions::default()));
    let by_day = TaskOptions { window_s: Some(86_400), ..TaskOptions::default() };
    same(&["task", "fare", "--window", "1d"], mltrace::task("fare").fit(&by_day));
    same(&["forget", "--subject", "ada"], mltrace::subject("ada"));

    let rmse = MetricRequirement::parse("test/rmse", "<= 0.5").expect("it is one");
    let (metrics, baseline) = (vec![rmse], Some(NotWorseThan::new("production")));
    let required = Requirements { metrics, baseline, is_unflagged: true, is_checked: true, ..Requirements::default() };
    let asked = ["--metric", "test/rmse", "<= 0.5", "--not-worse-than", "production", "--unflagged", "--checks"];
    same(&[&["gate", "model.json"], &asked[..]].concat(), mltrace::gate("model.json", &required));
    same(&["alias"], mltrace::aliases(None));
    same(&["alias", "production"], mltrace::alias("production"));

    let runs = mltrace::history("train").expect("it is recorded").runs;
    let ids: Vec<String> = runs.iter().map(|run| run.id.to_string()).collect();
    let both: Vec<&str> = ids.iter().map(String::as_str).collect();
    same(&["history", "train"], mltrace::history("train"));
    same(&["compare", both[0], both[1]], mltrace::compare(&both));
    same(&["compare", "model.json"], mltrace::compare(&["model.json"]));
    same(&["inspect", both[0]], mltrace::inspect(both[0]));
    let conditions = vec!["param.lr<=0.1".parse().expect("it is one"), "metric.worst=NaN".parse().expect("it is one")];
    let filter = RunFilter { conditions, limit: Some(20), ..RunFilter::default() };
    same(&["recent", "--where", "param.lr<=0.1", "metric.worst=NaN"], mltrace::recent(&filter));
    same(&["blame", "metric:loss"], mltrace::blame(&"metric:loss".parse::<Measure>().expect("it is one"), None));
    same(&["diff", "model.json"], mltrace::diff("model.json", None));
    same(&["last-good", "model.json"], mltrace::last_good("model.json", None));
    same(&["review"], mltrace::review());
}
