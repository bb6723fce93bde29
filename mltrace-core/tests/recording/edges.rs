//! What a run says of its reads and writes.

use std::fs;

use mltrace_core::journal;
use mltrace_core::model::{Bound, Record, Status};
use mltrace_core::query::Run;
use mltrace_core::record::OpenRun;
use mltrace_core::values::{Given, Named};

use crate::project::{Project, text};

fn named(text: &str) -> Given {
    Given::new(Named::Text(text.to_owned()))
}

fn writes(run: &Run) -> Vec<(&str, bool)> {
    run.outputs.iter().map(|output| (output.name.as_str(), output.version.is_some())).collect()
}

fn completed(run: &OpenRun) {
    assert!(run.end(Status::Completed, None, None));
}

/// Begins a run that says beforehand that it will write the folder `out`, in which there is a file.
fn writer_of_a_folder(project: &Project) -> OpenRun {
    fs::create_dir(project.path("out")).unwrap();
    fs::write(project.path("out/part"), text("old")).unwrap();
    let run = project.begin("writer", Vec::new());
    run.bind(0, vec![project.file("out")], false);
    run
}

#[test]
fn a_file_that_changes_deep_in_a_folder_makes_a_failed_run_its_writer() {
    let project = Project::new();
    let run = writer_of_a_folder(&project);
    fs::write(project.path("out/part"), text("new")).unwrap();
    run.end(Status::Failed, Some("late".to_owned()), None);
    assert_eq!(writes(&project.run("writer")), [("out", true)]);
}

#[test]
fn a_folder_that_changes_after_it_was_told_is_written_again() {
    let project = Project::new();
    let run = writer_of_a_folder(&project);
    run.wrote(project.file("out"));
    fs::write(project.path("out/part"), text("stays")).unwrap();
    completed(&run);
    let reader = project.begin("reader", vec![project.file("out")]);
    completed(&reader);
    assert_eq!(writes(&project.run("writer")), [("out", true), ("out", true)]);
    assert_eq!(project.run("reader").inputs[0].bound, Bound::Content);
}

#[test]
fn an_opaque_name_is_read_again_when_it_was_written_meanwhile() {
    let project = Project::new();
    let reader = project.begin("reader", Vec::new());
    reader.read(named("s3://b/x"));
    let writer = project.begin("writer", Vec::new());
    writer.bind(0, vec![named("s3://b/x")], false);
    completed(&writer);
    reader.read(named("s3://b/x"));
    completed(&reader);
    let bound: Vec<Bound> = project.run("reader").inputs.iter().map(|input| input.bound).collect();
    assert_eq!(bound, [Bound::UnknownWriter, Bound::Time]);
}

#[test]
fn an_opaque_name_that_was_told_is_one_write() {
    let project = Project::new();
    let run = project.begin("writer", Vec::new());
    run.bind(0, vec![named("s3://b/x"), named("s3://b/y")], false);
    run.wrote(Given { version: Some("7".to_owned()), ..named("s3://b/x") });
    completed(&run);
    assert_eq!(writes(&project.run("writer")), [("s3://b/x", true), ("s3://b/y", true)]);
}

#[test]
fn a_file_that_was_renamed_is_read_as_what_it_was() {
    let project = Project::new();
    let maker = project.begin("maker", Vec::new());
    fs::write(project.path("a.bin"), text("x")).unwrap();
    maker.wrote(project.file("a.bin"));
    completed(&maker);
    // Somebody else changes it: what is renamed is not what the maker wrote.
    fs::write(project.path("a.bin"), text("z")).unwrap();
    let mover = project.begin("mover", Vec::new());
    fs::rename(project.path("a.bin"), project.path("b.bin")).unwrap();
    mover.moved(project.file("a.bin"), project.file("b.bin"));
    completed(&mover);
    let run = project.run("mover");
    assert_eq!((run.inputs[0].name.as_str(), run.inputs[0].bound), ("a.bin", Bound::UnknownWriter));
    assert_eq!(Some(&run.inputs[0].version), run.outputs[0].version.as_ref());
}

#[test]
fn what_a_run_reads_back_is_what_it_wrote_itself() {
    let project = Project::new();
    let earlier = project.begin("earlier", Vec::new());
    fs::write(project.path("other.csv"), text("a")).unwrap();
    earlier.wrote(project.file("other.csv"));
    completed(&earlier);

    let run = project.begin("step", Vec::new());
    // As `fs::write` and `fs::read` report, as `fs::write` and `fs::rename` do, and as `File::create` and `fs::copy`.
    fs::write(project.path("a.csv"), text("a")).unwrap();
    run.wrote(project.file("a.csv"));
    run.read(project.file("a.csv"));
    fs::rename(project.path("a.csv"), project.path("b.csv")).unwrap();
    run.moved(project.file("a.csv"), project.file("b.csv"));
    fs::write(project.path("c.csv"), "").unwrap();
    run.opened(project.file("c.csv"));
    fs::write(project.path("c.csv"), text("c")).unwrap();
    fs::copy(project.path("c.csv"), project.path("d.csv")).unwrap();
    run.read(project.file("c.csv"));
    run.wrote(project.file("d.csv"));
    completed(&run);

    let told = project.run("step");
    let reads: Vec<_> = told.inputs.iter().map(|input| (input.name.as_str(), input.bound)).collect();
    assert_eq!(reads, [("a.csv", Bound::Content), ("c.csv", Bound::Content)]);
    assert!(told.inputs.iter().all(|input| input.written_by == Some(run.id())));
    assert_eq!(writes(&told), [("a.csv", true), ("b.csv", true), ("c.csv", true), ("d.csv", true)]);
}

#[test]
fn the_edges_of_a_large_run_are_told_in_records_of_their_own() {
    let project = Project::new();
    let many = |letter: &str| (0..2000).map(|n| named(&format!("s3://{}/{n}", letter.repeat(900)))).collect::<Vec<_>>();
    let run = project.begin("large", many("i"));
    run.bind(0, many("o"), false);
    completed(&run);
    let piece = journal::read(&project.journal(), 0).unwrap();
    let told = |record: &Record| match record {
        Record::Start(start) => start.inputs.len(),
        Record::End(end) => end.outputs.len(),
        _ => 0,
    };
    assert!(piece.records.iter().all(|record| told(record) < 1000));
    let run = project.run("large");
    assert_eq!((run.inputs.len(), run.outputs.len()), (2000, 2000));
    assert!(run.inputs.iter().all(|input| input.at == run.started_at));
    assert!(run.outputs.iter().all(|output| output.at == run.ended_at));
}
