//! What the command costs as a whole process.

use std::fmt::Write;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::measure::{by_turns, nanos};
use crate::memory::resident;
use crate::table::{Report, in_mib, in_words};
use crate::world::{World, chain, fan, name};

/// How many runs a large answer mentions.
const MANY: u32 = 100_000;

pub(crate) fn measure(report: &mut Report) {
    let built = build();
    let command = |program: &str| Command::new(built.join(program));
    let world = World::with_store(&chain(10));

    let pair = by_turns(
        100,
        1,
        || run(command("mltrace").args(["trace", &name(10)]).current_dir(world.folder())),
        || run(command("reader").arg(world.home.store.file().expect("it is a file")).arg(name(10))),
    );
    report.pair("`mltrace trace`, 10 runs, the process", "a process that reads the same rows", pair, 2.0);

    let pair = by_turns(200, 1, || run(command("mltrace").arg("--help")), || run(&mut command("empty")));
    report.pair("`mltrace --help`, the process", "an empty Rust program", pair, 3.0);
    large(report, || command("mltrace"));
}

/// Says how long large answers take, and how much memory.
fn large(report: &mut Report, command: impl Fn() -> Command) {
    let mut text = format!("| trace of {MANY} runs, the process | format | time | memory |\n|---|---|---:|---:|");
    let (mut slowest, mut largest) = (0.0_f64, 0.0_f64);
    for (what, steps) in [("chain", chain(MANY)), ("fan-in", fan(MANY))] {
        let world = World::with_store(&steps);
        for format in ["text", "json"] {
            let mut trace = command();
            trace.args(["--format", format, "trace", &name(MANY)]).current_dir(world.folder());
            let most = |(time, memory): (f64, f64), one: (f64, f64)| (time.max(one.0), memory.max(one.1));
            let (time, memory) = (0..3).map(|_| peak(&mut trace)).fold((0.0, 0.0), most);
            write!(text, "\n| {what} | {format} | {} | {} |", in_words(time), in_mib(memory)).expect("text");
            (slowest, largest) = (slowest.max(time), largest.max(memory));
        }
    }
    report.add(text);
    let what = format!("`mltrace trace` of {MANY} runs, the process: the slowest");
    report.figures(&what, &in_words(slowest), "", "2 s", slowest / 2e9, 1.0);
    let mark = f64::from(300 << 20);
    report.figures("the same: most memory", &in_mib(largest), "", "300 MiB", largest / mark, 1.0);
}

/// Returns how many nanoseconds a program takes, and how many bytes of memory it held at most when it reported its answer.
fn peak(command: &mut Command) -> (f64, f64) {
    let begun = Instant::now();
    let mut child = command.stdout(Stdio::piped()).spawn().expect("the program starts");
    let status = format!("/proc/{}/status", child.id());
    let mut stdout = child.stdout.take().expect("it was asked for");
    let (mut bytes, mut most) = (vec![0; 1 << 20], 0);
    while stdout.read(&mut bytes).expect("an answer") > 0 {
        most = most.max(resident(&status, "VmHWM:"));
    }
    assert!(child.wait().expect("it ends").success(), "{command:?} fails");
    assert!(most > 0, "the system tells how much memory a process held");
    // Exact for any memory of this world.
    (nanos(begun), most as f64)
}

/// Builds the command and the programs beside it as a release is built, and returns where they are.
pub(crate) fn build() -> PathBuf {
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

pub(crate) fn run(command: &mut Command) {
    let status = command.stdout(Stdio::null()).status().expect("the program starts");
    assert!(status.success(), "{command:?} ended with {status}");
}
