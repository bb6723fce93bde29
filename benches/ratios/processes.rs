//! What the command costs as a whole process.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::measure::by_turns;
use crate::table::Report;
use crate::world::{World, chain, name};

pub(crate) fn measure(report: &mut Report) {
    let built = build();
    let command = |program: &str| Command::new(built.join(program));
    let world = World::with_store(&chain(10));

    let pair = by_turns(
        100,
        1,
        || run(command("mltrace").args(["trace", &name(10)]).current_dir(world.folder())),
        || run(command("reader").arg(&world.home.store).arg(name(10))),
    );
    report.pair("`mltrace trace`, 10 runs, the process", "a process that reads the same rows", pair, 2.0);

    let pair = by_turns(200, 1, || run(command("mltrace").arg("--help")), || run(&mut command("empty")));
    report.pair("`mltrace --help`, the process", "an empty Rust program", pair, 3.0);
}

/// Builds the command and the programs beside it as a release is built, and returns where they are.
fn build() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let built = Command::new(env!("CARGO"))
        .args(["build", "--release", "--package", "mltrace-cli", "--package", "mltrace-minimum", "--bins"])
        .current_dir(root)
        .status()
        .expect("cargo starts");
    assert!(built.success(), "the command builds");
    // This program lies in the folder `deps` beside them.
    let this = std::env::current_exe().expect("this program is a file");
    this.ancestors().nth(2).expect("a target folder").to_owned()
}

fn run(command: &mut Command) {
    let status = command.stdout(Stdio::null()).status().expect("the program starts");
    assert!(status.success(), "{command:?} ended with {status}");
}
