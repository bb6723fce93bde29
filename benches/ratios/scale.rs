//! How the time of commands grows with the store: import with contents, and questions whose answers do not grow.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use mltrace_core::model::Timestamp;

use crate::measure::{median, nanos, timed};
use crate::processes::{build, run};
use crate::table::{Report, in_words};

const SIZES: [u32; 3] = [10_000, 100_000, 1_000_000];
const TURNS: usize = 5;
/// By so much may time grow: an exponent.
const MARK: f64 = 1.1;
/// One of so many runs failed.
const FAILED: u32 = 1_000;
/// How many components there are, and how many runs follow one another.
const COMPONENTS: u32 = 40;
const CHAIN: u32 = 10;

/// A question by its name, and how it is put of the last run.
type Question = (&'static str, fn(u32) -> Vec<String>);

const QUESTIONS: [Question; 5] = [
    ("`recent --status failed`", |_| words(["recent", "--status", "failed"])),
    ("`stale` of one artifact", |runs| words(["stale", &name(runs - 1)])),
    ("`stale`", |_| words(["stale"])),
    ("`review` after one verdict was taken back", |_| words(["review"])),
    ("`doctor --full`", |_| words(["doctor", "--full"])),
];

fn words<const N: usize>(words: [&str; N]) -> Vec<String> {
    words.map(str::to_owned).to_vec()
}

pub(crate) fn measure(report: &mut Report) {
    let mltrace = build().join("mltrace");
    let worlds = SIZES.map(|_| tempfile::tempdir().expect("a temporary folder"));
    let mut rows: Vec<(&str, Vec<f64>)> = Vec::new();
    let ask = |folder: &Path, words: &[String]| run(Command::new(&mltrace).args(words).current_dir(folder));

    let imports = SIZES.iter().zip(&worlds).map(|(&runs, world)| {
        let file = world.path().join("runs.ndjson");
        write_lines(&file, runs);
        let begun = Instant::now();
        ask(world.path(), &words(["import", "runs.ndjson"]));
        let took = nanos(begun);
        fs::remove_file(file).expect("it was written");
        took
    });
    rows.push(("`import` of all runs, each with a content of its own", imports.collect()));
    for (&runs, world) in SIZES.iter().zip(&worlds) {
        for back in 1..=10 {
            ask(world.path(), &words(["flag", &name(runs - back)]));
        }
        ask(world.path(), &words(["unflag", &name(runs - 5)]));
    }
    for (what, question) in QUESTIONS {
        let by_size = SIZES.iter().zip(&worlds).map(|(&runs, world)| {
            let question = question(runs);
            ask(world.path(), &question);
            median((0..TURNS).map(|_| timed(1, &mut || ask(world.path(), &question))))
        });
        rows.push((what, by_size.collect()));
    }

    let mut text = "| runs in the store |".to_owned();
    SIZES.iter().for_each(|runs| write!(text, " {runs} |").expect("text"));
    write!(text, "\n|---|{}", "---:|".repeat(SIZES.len())).expect("text");
    for (what, figures) in &rows {
        write!(text, "\n| {what} |").expect("text");
        figures.iter().for_each(|figure| write!(text, " {} |", in_words(*figure)).expect("text"));
        let [.., before, last] = figures[..] else { unreachable!("there are three sizes") };
        let told = format!("{what}: growth, an exponent");
        report.figures(&told, &in_words(last), "a tenth of the runs", &in_words(before), (last / before).log10(), MARK);
    }
    report.add(text);
}

fn name(run: u32) -> String {
    format!("s3://lake/{}.parquet", &blake3::hash(&run.to_le_bytes()).to_hex()[..24])
}

/// Writes so many runs as lines to import: names and contents by chance, and each made from an earlier one, up to so many in a row.
fn write_lines(file: &Path, runs: u32) {
    let mut file = BufWriter::new(fs::File::create(file).expect("room for a file"));
    for run in 0..runs {
        let at = |seconds: u32| Timestamp(1_780_000_000_000_000 + i64::from(run * 2 + seconds) * 1_000_000).to_string();
        let content = |number: u32| format!("b3:{}", blake3::hash(&(!number).to_le_bytes()).to_hex());
        let is_first = (run / COMPONENTS).is_multiple_of(CHAIN);
        let inputs = match run.checked_sub(COMPONENTS).filter(|_| !is_first) {
            Some(before) => serde_json::json!([{ "name": name(before), "version": content(before) }]),
            None => serde_json::json!([]),
        };
        let is_bad = run % FAILED == 0;
        let outputs = serde_json::json!([{ "name": name(run), "version": content(run) }]);
        let line = serde_json::json!({
            "component": format!("step-{:02}", run % COMPONENTS), "started_at": at(0), "ended_at": at(1),
            "status": if is_bad { "failed" } else { "completed" }, "params": { "seed": run % 7 },
            "inputs": inputs, "outputs": outputs,
        });
        writeln!(file, "{line}").expect("room for a file");
    }
    file.flush().expect("room for a file");
}
