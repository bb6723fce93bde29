//! Work that threads take over from each other, and tasks that go on elsewhere: whose reads they are.
#![allow(clippy::disallowed_methods, reason = "what tries the project makes the files that it needs")]

use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::sync::Once;

use mltrace::answer::Run;
use mltrace::rayon::InRun;
use mltrace::tokio::{SpawnInRun, fs};
use mltrace_core::config::{Environment, Home};
use mltrace_core::upkeep;
use rayon::prelude::*;
use tokio::task::JoinSet;

const STEPS: usize = 200;
const SHARDS: usize = 8;

/// Makes the files that are read, once for all tests, and a project around them.
fn here() {
    static MADE: Once = Once::new();
    MADE.call_once(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("stealing-{}", std::process::id()));
        std::fs::create_dir_all(folder.join(".mltrace")).unwrap();
        #[expect(
            clippy::disallowed_methods,
            reason = "it is what a process is recorded by, and set before the first run"
        )]
        std::env::set_current_dir(&folder).unwrap();
        for step in 0..STEPS {
            for shard in 0..SHARDS {
                std::fs::write(name(step, shard), format!("{step} {shard}").repeat(20)).unwrap();
            }
        }
    });
}

fn name(step: usize, shard: usize) -> String {
    format!("step-{step}-shard-{shard}.csv")
}

/// Checks that each step read its own shards and nothing else, and that it began inside of the driver.
fn check(driver: &str, step: &str, shard: Option<&str>) {
    let drivers = mltrace::history(driver).unwrap().runs;
    assert_eq!((drivers.len(), drivers[0].inputs.len()), (1, 0), "{driver}");
    let steps = mltrace::history(step).unwrap().runs;
    assert_eq!(steps.len(), STEPS, "{step}");
    let inputs = |run: &Run| -> BTreeSet<String> { run.inputs.iter().map(|input| input.name.0.clone()).collect() };
    let mut of_shards: HashMap<_, BTreeSet<String>> = HashMap::new();
    for run in shard.map(|shard| mltrace::history(shard).unwrap().runs).unwrap_or_default() {
        of_shards.entry(run.parent.unwrap()).or_default().extend(inputs(&run));
    }
    for run in steps {
        let number: usize = run.params["number"].as_str().unwrap().parse().unwrap();
        let expected: BTreeSet<String> = (0..SHARDS).map(|shard| name(number, shard)).collect();
        assert_eq!(inputs(&run), expected, "{step} {number}");
        assert_eq!(run.parent, Some(drivers[0].id), "{step} {number}");
        if shard.is_some() {
            assert_eq!(of_shards[&run.id], expected, "the shards of {step} {number}");
        }
    }
}

#[mltrace::register(inputs = [path])]
fn steal_shard(path: &str) -> usize {
    path.len()
}

#[mltrace::register(params = [number])]
fn steal_step(number: usize) -> usize {
    let shards = (0..SHARDS).into_par_iter().in_run();
    let read = shards.map(|shard| {
        let path = name(number, shard);
        mltrace::fs::read(&path).unwrap().len() + steal_shard(&path)
    });
    read.sum()
}

#[mltrace::register]
fn steal_driver() -> usize {
    (0..STEPS).into_par_iter().in_run().map(steal_step).sum()
}

#[test]
fn threads_that_steal_work_record_it_where_it_belongs() {
    here();
    assert!(steal_driver() > 0);
    check("steal_driver", "steal_step", Some("steal_shard"));
}

#[mltrace::register(params = [number])]
async fn spawned_step(number: usize) -> usize {
    let mut shards = JoinSet::new();
    for shard in 0..SHARDS {
        let path = name(number, shard);
        match shard % 2 {
            0 => drop(shards.spawn_in_run(async move { fs::read(path).await.unwrap().len() })),
            _ => drop(shards.spawn_blocking_in_run(move || mltrace::fs::read(path).unwrap().len())),
        }
    }
    shards.join_all().await.into_iter().sum()
}

#[mltrace::register]
async fn spawned_driver() -> usize {
    let steps: Vec<_> = (0..STEPS).map(|number| mltrace::spawn(spawned_step(number))).collect();
    let mut sum = 0;
    for step in steps {
        sum += step.await.unwrap();
    }
    sum
}

#[test]
fn tasks_that_are_spawned_record_where_they_belong() {
    here();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).build().unwrap();
    assert!(runtime.block_on(spawned_driver()) > 0);
    check("spawned_driver", "spawned_step", None);
}

#[mltrace::register]
fn watched(path: &str) {
    let count = |apart: bool| {
        let read = || drop(mltrace::fs::read(path).unwrap());
        std::thread::scope(|scope| drop(scope.spawn(|| if apart { mltrace::no_run(read) } else { read() }).join()));
    };
    count(false);
    count(true);
    mltrace::no_run(|| drop(mltrace::fs::read(path).unwrap()));
}

#[test]
fn what_was_not_carried_along_is_marked_on_the_run() {
    here();
    watched(&name(0, 0));
    let run = mltrace::history("watched").unwrap().runs.remove(0);
    assert_eq!(run.inputs.len(), 0);
    let notes: Vec<&str> = run.notes.iter().map(|note| note.text.as_str()).collect();
    // What somebody said to be nobody's is not missed.
    assert_eq!(notes, ["1 read or write on threads without a run while this run went on, not recorded"]);
    let home = Home::find(&std::env::current_dir().unwrap(), None, &Environment::default());
    let found = upkeep::doctor(&home, false).notes;
    let expected = "1 runs of `watched` went on while threads without a run read or wrote: some inputs may be missing";
    assert!(found.iter().any(|note| note == expected), "{found:?}");
}
