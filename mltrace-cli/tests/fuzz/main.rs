//! Every border of the product against broken input: a bounded run of the targets in `fuzz/`, without a fuzzer.

#![allow(clippy::disallowed_methods, reason = "what tries the project makes the files that it needs")]

mod mutator;

#[path = "../../../fuzz/src/targets/mod.rs"]
mod targets;

use std::path::{Path, PathBuf};

use mltrace_core::journal;
use mltrace_core::model::{End, Header, NoteFact, ProcessId, Record, RunId, Start, Status, Timestamp};
use mutator::Mutator;
use targets::{arguments, import, names, store};

/// Lines of every kind that an import knows.
const LINES: &str = r#"{"id":"0190f3a0-0000-7000-8000-000000000001","component":"clean","started_at":"2026-01-01T00:00:00Z","ended_at":"2026-01-01T00:00:01.5Z","inputs":["raw.csv",{"name":"s3://x/y?token=1","version":"v:1","at":"2026-01-01T00:00:00.5Z","kind":"data"}],"outputs":[{"name":"clean.csv","version":"b3:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","size":7,"n":9}],"params":{"month":3,"f":[1e3,null,{"a":true}]},"notes":["slow",{"text":"n","at":"2026-01-01T00:00:00Z","by":"ann"}],"git_commit":"abc","tags":["etl"],"duration_ms":1500.25}
{"component":"train","status":"failed","error":"boom","started_at":"2026-01-01T01:00:00+01:00","ended_at":"2026-01-02T00:00:00Z","inputs":["clean.csv"],"outputs":["model"],"code":{"file":"a.rs","line":3,"hash":"00","source":"fn a() {}"},"git":{"commit":null,"branch":"main","tags":["v1"],"dirty":true,"remote":"https://u:p@h/r"},"parent":"0190f3a0-0000-7000-8000-000000000001","host":"h","user":"u","owner":"o","description":"d","stale_after_s":60}
{"component":"serve","status":"running","started_at":"2026-01-03T00:00:00Z","outputs":[{"name":"id-7","version":"w:0190f3a0-0000-7000-8000-000000000001"}]}
{"type":"label","id":"0190f3a0-0000-7000-8000-0000000000aa","name":"model","version":"none","verdict":"flagged","reason":"r","by":"b","at":"2026-01-03T00:00:00Z"}
{"type":"component","name":"train","at":"2026-01-03T00:00:00Z","owner":"o","tags":["x"],"stale_after_s":3600}
"#;

const NAMES: &[&str] = &[
    "out/model.pkl@b3:aaaa",
    "./a//b/../c",
    "s3://user:secret@bucket/key?X-Amz-Signature=00&token=abc#f",
    "w:0190f3a0-0000-7000-8000-000000000001",
    "v:1",
    "stat:9000-1767-4",
    "2021-05-02T12:07:26.5+02:00",
    "2021-05-02 12:07",
    "2 weeks ago",
    "password=hunter2 AKIAIOSFODNN7EXAMPLE",
    "file:///a%20b",
    "prediction-7",
];

/// Commands as people give them.
const COMMANDS: &[&str] = &[
    "trace model --as-of 2d",
    "trace model --depth 3 --format dot",
    "impact model --format json",
    "flag model --reason bad",
    "flag model --ok",
    "unflag --all",
    "review --limit 3",
    "recent --since 2021-05-02 --status failed",
    "history train",
    "inspect latest",
    "inspect latest --format json",
    "components --owner ann",
    "component train --owner ann --tag etl",
    "tags",
    "note latest slow",
    "log --component train -i raw.csv -o model -p month=3 --started 2h --ended 1h",
    "import -",
    "export --since 2d",
    "ingest",
    "doctor",
    "config",
    "clear --yes",
    "completions bash",
    "man",
];

/// Words that commands know, and some that they do not.
const WORDS: &[&str] = &[
    "model",
    "s3://x/raw",
    "train",
    "latest",
    "model@none",
    "-",
    "--",
    "--format",
    "json",
    "mermaid",
    "--as-of",
    "--since",
    "--limit",
    "-1",
    "99999999999999999999",
    "--depth",
    "0",
    "--ok",
    "--all",
    "--component",
    "-i",
    "-p",
    "=",
    "--tag",
    "--status",
    "--ended",
    "-q",
    "-v",
    "--db",
    "other.db",
    "--color",
    "always",
    "--help",
    "--version",
    "",
    "é\u{202e}",
    "%",
    "9999-12-31",
    "0001-01-01",
];

/// Returns how many inputs each target gets: few in every test run, as many as asked for in a long one.
#[expect(clippy::disallowed_methods, reason = "whoever wants a long run asks for it")]
fn cases(usual: u64) -> u64 {
    std::env::var("MLTRACE_FUZZ_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(usual)
}

/// Tries a target on so many inputs; the one that breaks it is kept in the target folder and named.
fn fuzz(target: &str, usual: u64, seeds: &[Vec<u8>], make: impl Fn(&mut Mutator) -> Vec<u8>, check: impl Fn(&[u8])) {
    let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("fuzz-{target}"));
    let generated = (1..=cases(usual)).map(|seed| make(&mut Mutator::new(seed)));
    for bytes in seeds.iter().cloned().chain(generated) {
        std::fs::write(&kept, &bytes).unwrap();
        if let Err(panic) = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| check(&bytes))) {
            panic!("`{}` broke `{target}`: {:?}", kept.display(), panic.downcast_ref::<String>());
        }
    }
}

/// Returns a journal with records of several kinds.
fn journal_of_a_run() -> Vec<u8> {
    let run: RunId = "0190f3a0-0000-7000-8000-000000000001".parse().unwrap();
    let at = Timestamp(1_767_225_600_000_000);
    let header = Header { process: Some(ProcessId::new()), project: "fuzz".to_owned(), ..Header::default() };
    let read = |n: u32| {
        serde_json::from_value(
            serde_json::json!({"n": n, "name": "raw.csv", "version": format!("b3:{}", "a".repeat(64))}),
        )
    };
    let start = Start {
        run,
        component: "train".to_owned(),
        at,
        parent: None,
        code: Some("k".to_owned()),
        git: None,
        declared: None,
        params: [("month".to_owned(), 3.into())].into(),
        inputs: vec![read(0).unwrap()],
        host: None,
        user: None,
    };
    let note = NoteFact { id: run.0, run, text: "n".to_owned(), at, by: None };
    let outputs = vec![serde_json::from_value(serde_json::json!({"n": 1, "name": "model"})).unwrap()];
    let end = End { run, at, status: Status::Completed, duration_us: Some(5), error: None, outputs };
    let records = [
        Record::Process(header),
        Record::Start(start),
        Record::Note(note),
        Record::End(end),
        Record::Rotated,
        Record::Lost(2),
    ];
    let mut bytes = Vec::new();
    records.iter().for_each(|record| assert!(journal::encode(record, &mut bytes)));
    bytes
}

#[test]
fn any_bytes_are_a_journal_that_can_be_folded() {
    let seeds = [journal_of_a_run()];
    fuzz("journal", 150, &seeds, |mutator| mutator.input(&seeds), targets::journal::check);
}

#[test]
fn any_bytes_are_lines_that_can_be_refused() {
    let seeds: Vec<Vec<u8>> = LINES.lines().chain([LINES]).map(|text| text.as_bytes().to_vec()).collect();
    fuzz("import", 150, &seeds, |mutator| mutator.input(&seeds), import::check);
}

#[test]
fn any_text_is_a_name_a_version_a_time_or_none() {
    let seeds: Vec<Vec<u8>> = NAMES.iter().map(|text| text.as_bytes().to_vec()).collect();
    fuzz("names", 20_000, &seeds, |mutator| mutator.input(&seeds), names::check);
}

#[test]
fn any_bytes_are_a_store_that_is_opened_or_explained() {
    let seeds = [store::seed(LINES.as_bytes())];
    // Most of a store's bytes mean little, so many are broken at once.
    let make = |mutator: &mut Mutator| {
        let mut bytes = mutator.input(&seeds);
        for _ in 0..mutator.below(60) {
            mutator.flip(&mut bytes);
        }
        bytes
    };
    fuzz("store", 120, &seeds, make, store::check);
}

#[test]
fn any_words_are_arguments_that_end_with_an_exit_code() {
    let exe = PathBuf::from(env!("CARGO_BIN_EXE_mltrace"));
    let commands: Vec<Vec<u8>> = COMMANDS.iter().map(|command| command.replace(' ', "\n").into_bytes()).collect();
    let make = |mutator: &mut Mutator| {
        let mut words: Vec<&str> = mutator.pick(COMMANDS).split(' ').collect();
        for _ in 0..mutator.below(3) {
            let at = mutator.below(words.len());
            words.splice(at..at + mutator.below(2), [mutator.pick(WORDS)]);
        }
        let input = words.join("\n").into_bytes();
        if mutator.below(3) == 0 { mutator.input(&[input]) } else { input }
    };
    fuzz("arguments", 80, &commands, make, |bytes| arguments::check(&exe, bytes));
}
