//! Runs the pipeline as a user does and asks how a prediction came to be.

use std::process::Command;

const PRINTED: &str = "\
bottles    1599 measured, 240 exact duplicates dropped, 1359 kept
first run  penalty 0.5   root mean squared error 0.743   in production
second run penalty 0.05  root mean squared error 0.639   in production
graded     6 batches in wine-out/predictions

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
    let output = Command::new(env!("CARGO_BIN_EXE_wine-quality"))
        .current_dir(folder.path())
        .env_remove("MLTRACE_DB")
        .env_remove("MLTRACE_DISABLED")
        .output()
        .expect("the pipeline was built");
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

    // The first run's prediction was overwritten, and still has its own trace.
    let predictions = mltrace::history("predict").expect("there were predictions").runs;
    let first = predictions.iter().rev().flat_map(|run| &run.outputs).next().expect("the oldest has an output");
    let version = first.version.as_ref().expect("a finished run has versions");
    let trace = mltrace::trace(&format!("{}@{version}", first.name)).expect("the version is known");
    let train = trace.runs.iter().find(|step| step.run.component == "train").expect("a model was trained");
    assert_eq!(train.run.params["penalty"], "0.5");
}
