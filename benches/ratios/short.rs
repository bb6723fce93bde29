//! What short processes cost: `mltrace log` beside what else writes one thing down, and a program of two calls in a large
//! tree that git holds.
#![expect(clippy::print_stdout, reason = "a child tells its figures by printing them")]

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use crate::measure::{Pair, by_turns_timed, median, nanos};
use crate::processes::{build, run};
use crate::table::{Report, in_words};

/// The word by which this program is asked to record two runs.
pub(crate) const CHILD: &str = "two-calls";
/// So many files lie in a large tree.
const FILES: usize = 20_000;
const TURNS: usize = 40;

pub(crate) fn measure(report: &mut Report) {
    let built = build();
    log(report, &built);
    tree(report);
}

fn log(report: &mut Report, built: &Path) {
    let [ours, git, sqlite] = [(); 3].map(|()| tempfile::tempdir().expect("a temporary folder"));
    let number = std::cell::Cell::new(0_u32);
    let edit = |folder: &Path| {
        number.set(number.get() + 1);
        fs::write(folder.join("made.csv"), format!("{}\n", number.get())).expect("room for a file");
    };
    let in_git = |arguments: &[&str]| {
        let who = ["-c", "user.name=ada", "-c", "user.email=ada@example.org", "-c", "gc.auto=0"];
        run(Command::new("git").args(who).args(arguments).current_dir(git.path()));
    };
    in_git(&["init", "--quiet"]);
    edit(git.path());
    in_git(&["add", "made.csv"]);
    let timed = |work: &dyn Fn()| {
        let begun = Instant::now();
        work();
        nanos(begun)
    };
    let log = ["log", "--component", "make", "-o", "made.csv"];
    let ours = || {
        edit(ours.path());
        timed(&|| run(Command::new(built.join("mltrace")).args(log).current_dir(ours.path())))
    };
    let commit = || {
        edit(git.path());
        timed(&|| in_git(&["commit", "--quiet", "--all", "--message", "one file"]))
    };
    let pair = by_turns_timed(TURNS, ours, commit);
    report.pair("`mltrace log` of a run that wrote a file, the process", "`git commit` of one file", pair, 1.0);

    let store = sqlite.path().join("runs.db");
    let sql = |text: &str| run(Command::new("sqlite3").arg(&store).arg(text));
    sql("PRAGMA journal_mode = wal; CREATE TABLE run (id INTEGER PRIMARY KEY, component TEXT, made TEXT, at INTEGER);");
    let insert = || timed(&|| sql("INSERT INTO run (component, made, at) VALUES ('make', 'made.csv', 1);"));
    let pair = by_turns_timed(TURNS, ours, insert);
    report.pair("the same", "an insert by `sqlite3`", pair, 2.0);
}

/// Compares a program of two calls in a tree that git holds with the same outside git.
fn tree(report: &mut Report) {
    let [inside, outside] = [(); 2].map(|()| tempfile::tempdir().expect("a temporary folder"));
    [inside.path(), outside.path()].into_iter().for_each(plant);
    let who = ["-c", "user.name=ada", "-c", "user.email=ada@example.org", "-c", "gc.auto=0"];
    for arguments in [&["init", "--quiet"][..], &["add", "."], &["commit", "--quiet", "--message", "all"]] {
        run(Command::new("git").args(who).args(arguments).current_dir(inside.path()));
    }
    let first = std::cell::RefCell::new((Vec::new(), Vec::new()));
    let whole = |folder: &Path| {
        let this = std::env::current_exe().expect("this program is a file");
        let begun = Instant::now();
        let told = Command::new(this).arg(CHILD).current_dir(folder).output().expect("this program starts");
        let took = nanos(begun);
        assert!(told.status.success(), "it ended with {}", told.status);
        (took, String::from_utf8(told.stdout).expect("a figure").trim().parse::<f64>().expect("a figure"))
    };
    let pair = by_turns_timed(
        TURNS,
        || {
            let (took, call) = whole(inside.path());
            first.borrow_mut().0.push(call);
            took
        },
        || {
            let (took, call) = whole(outside.path());
            first.borrow_mut().1.push(call);
            took
        },
    );
    let more = |Pair { ours, minimum, .. }: Pair| (ours - minimum) / 5e6;
    let (what, beside) = ("a program of 2 calls in a tree of 20,000 files in git", "outside git, and 5 ms");
    report.figures(what, &in_words(pair.ours), beside, &in_words(pair.minimum), more(pair), 1.0);
    let (ours, minimum) = first.into_inner();
    let pair = Pair { ours: median(ours.into_iter()), minimum: median(minimum.into_iter()), ratio: 0.0 };
    report.figures("the first of its calls", &in_words(pair.ours), beside, &in_words(pair.minimum), more(pair), 1.0);
}

fn plant(folder: &Path) {
    for number in 0..FILES {
        let place = folder.join(format!("part-{:03}", number / 200));
        if number % 200 == 0 {
            fs::create_dir(&place).expect("room for a folder");
        }
        fs::write(place.join(format!("{number:05}.txt")), format!("{number}\n")).expect("room for a file");
    }
}

/// Records two runs, prints the nanoseconds of the first call, and ends.
pub(crate) fn in_child() {
    let begun = Instant::now();
    mltrace::start("first").input("part-000/00001.txt").finish();
    println!("{}", nanos(begun));
    mltrace::start("second").input("part-000/00002.txt").output("made.txt").finish();
}
