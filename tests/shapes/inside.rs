//! What is reported from inside a run: the macros, files, other threads, and runs without the attribute.

use std::io::Write;
use std::path::PathBuf;

use mltrace::fs;

use crate::{block_on, here, inputs, outputs, run_of};

fn deeper() {
    mltrace::input!("zones", PathBuf::from("table"));
    mltrace::output!(format!("made-{}", 1));
    mltrace::param!("rate", 0.5);
    let depth = 7;
    mltrace::param!(depth);
    mltrace::note!("dropped {} rows of {depth}", 3);
}

#[mltrace::register]
fn tells() {
    deeper();
}

#[test]
fn macros_tell_the_run_from_any_depth() {
    here();
    tells();
    let run = run_of("tells");
    assert_eq!((inputs(&run), outputs(&run)), (vec!["zones", "table"], vec!["made-1"]));
    assert_eq!((run.params["rate"].as_str(), run.params["depth"].as_str()), (Some("0.5"), Some("7")));
    assert_eq!(run.notes[0].text, "dropped 3 rows of 7");
    assert!(run.outputs[0].at < run.ended_at);
}

#[test]
fn outside_any_run_macros_do_nothing() {
    here();
    deeper();
    mltrace::current().note("nothing");
}

#[mltrace::register]
fn files(folder: &std::path::Path) -> std::io::Result<u64> {
    let text = fs::read_to_string(folder.join("raw.txt"))?;
    fs::write(folder.join("written.txt"), &text)?;
    fs::copy(folder.join("raw.txt"), folder.join("copied.txt"))?;
    fs::rename(folder.join("written.txt"), folder.join("renamed.txt"))?;
    fs::File::create(folder.join("created.txt"))?.write_all(b"created")?;
    fs::File::options().append(true).create(true).open(folder.join("log.txt"))?.write_all(b"logged")?;
    assert!(fs::read(folder.join("missing.txt")).is_err());
    fs::metadata(folder.join("created.txt")).map(|metadata| metadata.len())
}

#[test]
fn files_are_recorded_when_they_were_touched() {
    let folder = here().join("files");
    fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("raw.txt"), "a,b,c").unwrap();
    assert_eq!(files(&folder).unwrap(), 7);
    let run = run_of("files");
    assert_eq!(inputs(&run)[0], "files/raw.txt");
    assert!(!inputs(&run).contains(&"files/missing.txt"));
    assert!(!inputs(&run).contains(&"files/log.txt"), "it was made by this run");
    for name in ["written", "copied", "renamed", "created", "log"] {
        assert!(outputs(&run).contains(&format!("files/{name}.txt").as_str()), "{name}: {:?}", outputs(&run));
    }
    let created = run.outputs.iter().find(|output| output.name.as_str() == "files/created.txt").unwrap();
    assert_eq!((created.at, created.version.is_some()), (run.ended_at, true));
}

#[mltrace::register]
fn spawns() {
    let run = mltrace::current();
    std::thread::scope(|scope| {
        for part in ["p0", "p1"] {
            let run = run.clone();
            scope.spawn(move || run.scope(|| mltrace::output!(part)));
        }
    });
    std::thread::spawn(move || run.input("from-a-thread")).join().unwrap();
}

#[mltrace::register]
async fn spawns_a_task() {
    let run = mltrace::current();
    tokio::spawn(run.scope_async(async { mltrace::note!("from a task") })).await.unwrap();
}

#[test]
fn the_current_run_can_be_sent_elsewhere() {
    here();
    spawns();
    let run = run_of("spawns");
    let mut names = outputs(&run);
    names.sort_unstable();
    assert_eq!((names, inputs(&run)), (vec!["p0", "p1"], vec!["from-a-thread"]));
    block_on(spawns_a_task());
    assert_eq!(run_of("spawns_a_task").notes[0].text, "from a task");
}

#[test]
fn a_run_can_be_told_without_the_attribute() {
    here();
    let run = mltrace::start("explicit").owner("shreya").description("by hand").tag("etl").input("in").param("k", 3);
    run.scope(tells);
    let id = run.id();
    run.output(vec!["out-1", "out-2"]).note("done").finish();
    let told = run_of("explicit");
    assert_eq!(told.id.to_string(), id);
    assert_eq!(
        (told.status.as_str(), inputs(&told), outputs(&told)),
        ("completed", vec!["in"], vec!["out-1", "out-2"])
    );
    assert_eq!((told.owner.as_deref(), told.description.as_deref()), (Some("shreya"), Some("by hand")));
    assert_eq!((told.params["k"].as_str(), told.notes[0].text.as_str()), (Some("3"), "done"));
    assert!(mltrace::history("tells").unwrap().runs.iter().any(|inner| inner.parent == Some(told.id)));
}

#[test]
fn a_run_that_is_not_finished_did_not_complete() {
    here();
    mltrace::start("explicit_failed").fail("no rows");
    let run = run_of("explicit_failed");
    assert_eq!((run.status.as_str(), run.error.as_deref()), ("failed", Some("no rows")));
    drop(mltrace::start("explicit_dropped"));
    assert_eq!(run_of("explicit_dropped").status.as_str(), "cancelled");
    let caught = std::panic::catch_unwind(|| {
        let _run = mltrace::start("explicit_panicked");
        panic!("by hand");
    });
    assert!(caught.is_err());
    assert_eq!(run_of("explicit_panicked").status.as_str(), "failed");
}
