//! Breaks one step of one run, judges a few predictions as a user does, and asks whom to suspect.

use std::process::Command;

use mltrace::Verdict;
use mltrace::answer::{Many, Review};

#[test]
#[expect(clippy::disallowed_methods, reason = "a name in a question is meant from the working directory")]
fn the_run_with_the_wrong_unit_is_found_and_the_reason_told() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let output = Command::new(env!("CARGO_BIN_EXE_wine-quality"))
        .args(["wine-out", "1"])
        .current_dir(folder.path())
        .env_remove("MLTRACE_DB")
        .env_remove("MLTRACE_DISABLED")
        .output()
        .expect("the pipeline was built");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    std::env::set_current_dir(folder.path()).expect("the folder is there");

    // What the second run predicted is fine, what the third one did in its place is not.
    let predictions = mltrace::history("predict").expect("there were predictions").runs;
    let written: Vec<String> = predictions
        .iter()
        .flat_map(|run| &run.outputs)
        .filter_map(|output| Some(format!("{}@{}", output.name, output.version.as_ref()?)))
        .collect();
    assert_eq!(written.len(), 18, "three runs of six batches, the last first");
    judge(Verdict::Flagged, &written[..3]);
    judge(Verdict::Ok, &written[6..8]);

    let review: Review = mltrace::review().expect("the verdicts are known");
    assert_eq!((review.flagged.len(), review.ok.len()), (3, 2));
    let first = &review.suspects[0];
    assert_eq!(first.components[0], "featuregen", "{first:?}");
    assert_eq!(first.evidence[0], "upstream of 3 of 3 flagged and 0 of 2 ok outputs");
    assert!(first.evidence[1].contains("parameter `milligrams_per_gram` = 1, before 1000"), "{:?}", first.evidence);
    let blamed = mltrace::inspect(&first.runs[0].to_string()).expect("the run is known");
    assert_eq!(blamed.params["milligrams_per_gram"], "1");
    assert_eq!(review.look_next[0].name.as_str(), "wine-out/data/features.csv", "its output is the one to look at");
}

/// Judges versions, as `mltrace flag` does.
fn judge(verdict: Verdict, versions: &[String]) {
    let many = Many { artifacts: versions.to_vec(), ..Many::default() };
    let review = mltrace::judge(&many, verdict, Some("a taste")).expect("the store takes it");
    let judged = if verdict == Verdict::Ok { review.ok } else { review.flagged };
    assert_eq!(judged.len(), versions.len());
    assert_eq!(judged[0].reason.as_deref(), Some("a taste"));
}
