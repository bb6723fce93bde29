//! Runs the pipeline as a user does and asks how a prediction came to be.

use std::process::{Command, Output};

const PRINTED: &str = "\
first run   penalty 0.5   1000 mg a gram  240 duplicates  rmse 0.743  in production, 6 batches graded
second run  penalty 0.05  1000 mg a gram  240 duplicates  rmse 0.639  in production, 6 batches graded
checked     1599 bottles in 12 columns, 0 gaps, graded(raw) passed
measured    train/rmse 0.665, test/rmse 0.639
tasted      50 of 150 bottles, 0.55 off on average

How did a prediction come to be?
    mltrace trace wine-out/predictions/batch-01.csv
";

const TRACE: &str = "\
0 predict    reads wine-out/model.json, wine-out/bottles/batch-01.csv
1 split      reads wine-out/data/features.csv
1 train      reads wine-out/data/train.csv
2 featuregen reads wine-out/data/clean.csv
3 clean      reads wine-out/data/raw.csv
4 ingest     reads uci-wine-quality-red
";

#[test]
#[expect(clippy::disallowed_methods, reason = "a name in a question is meant from the working directory")]
fn a_prediction_is_traced_to_the_laboratory() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let output = run(folder.path(), &[]);
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(String::from_utf8_lossy(&output.stdout), PRINTED);
    assert!(output.status.success());

    std::env::set_current_dir(folder.path()).expect("the folder is there");
    let trace = mltrace::trace("wine-out/predictions/batch-01.csv").expect("the prediction is known");
    let mut told = String::new();
    for step in &trace.runs {
        let inputs: Vec<_> = step.run.inputs.iter().map(|input| input.name.as_str()).collect();
        told += &format!("{} {:10} reads {}\n", step.depth, step.run.component, inputs.join(", "));
    }
    assert_eq!(told, TRACE);

    let train = trace.runs.iter().find(|step| step.run.component == "train").expect("a model was trained");
    assert_eq!(train.run.params["penalty"], "0.05", "the prediction on disk is the second run's");
    assert_eq!(train.run.outputs[0].kind.as_str(), "model");
    let clean = trace.runs.iter().find(|step| step.run.component == "clean").expect("the data were cleaned");
    assert_eq!(clean.run.notes[0].text, "dropped 240 exact duplicates");
    assert_eq!(clean.run.owner.as_deref(), Some("laboratory"));

    let alias = mltrace::alias("production").expect("a model is in production");
    let live = alias.current.artifact.as_ref().expect("it points to a version");
    assert_eq!(live.name.as_str(), "wine-out/model.json");
    assert_eq!(alias.history.len(), 2, "the second run's model took the place of the first's");
    let before = mltrace::trace_with(
        "@production",
        &mltrace::TraceOptions { as_of: Some(alias.history[1].at), ..Default::default() },
    );
    let before = before.expect("what was live then");
    assert_eq!(before.runs[0].run.params["penalty"], "0.5");

    // What experts said joins what the model in production said of the same bottles.
    let fit = mltrace::task("grade").fit(&mltrace::TaskOptions::default()).expect("bottles were graded");
    assert_eq!((fit.windows[0].outputs, fit.windows[0].with_feedback), (150, 50));
    let ingest = trace.runs.iter().find(|step| step.run.component == "ingest").expect("data came from somewhere");
    assert_eq!(ingest.run.checks[0].about.as_ref().expect("of the file").as_str(), "wine-out/data/raw.csv");

    // The first run's prediction was overwritten, and still has its own trace.
    let predictions = mltrace::history("predict").expect("there were predictions").runs;
    let first = predictions.iter().rev().flat_map(|run| &run.outputs).next().expect("the oldest has an output");
    let version = first.version.as_ref().expect("a finished run has versions");
    let trace = mltrace::trace(&format!("{}@{version}", first.name)).expect("the version is known");
    let train = trace.runs.iter().find(|step| step.run.component == "train").expect("a model was trained");
    assert_eq!(train.run.params["penalty"], "0.5");
}

#[test]
fn the_pipeline_runs_where_nothing_is_recorded() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let output = Command::new(env!("CARGO_BIN_EXE_wine-quality"))
        .current_dir(folder.path())
        .env("MLTRACE_DISABLED", "1")
        .output()
        .expect("the pipeline was built");
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(told.contains("rmse 0.639  not in production: "), "{told}");
}

fn run(folder: &std::path::Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wine-quality"));
    command.args(arguments).current_dir(folder).env_remove("MLTRACE_DB").env_remove("MLTRACE_DISABLED");
    command.output().expect("the pipeline was built")
}
