//! Checks before and after the body: what they are given, and how one that does not pass stops every shape of function.

use std::io;
use std::path::{Path, PathBuf};

use mltrace::answer::Run;

use crate::{block_on, here, outcome, outputs, run_of};

type AnyError = Box<dyn std::error::Error + Send + Sync>;

fn not_empty(path: &Path) -> io::Result<bool> {
    Ok(std::fs::metadata(path)?.len() > 0)
}

fn no_nulls(path: &Path) -> Result<(), String> {
    let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
    let nulls = text.lines().filter(|line| *line == "null").count();
    if nulls == 0 { Ok(()) } else { Err(format!("{nulls} nulls")) }
}

fn is_short(text: &str) -> bool {
    text.len() < 5
}

/// Writes a file of this test and returns its path.
fn file(name: &str, text: &str) -> PathBuf {
    let path = here().join(name);
    std::fs::write(&path, text).unwrap();
    path
}

fn copied(raw: &Path, to: &str) -> io::Result<PathBuf> {
    let clean = raw.with_file_name(to);
    std::fs::copy(raw, &clean)?;
    Ok(clean)
}

/// What is checked of a run: the check, the artifact, how it came out, how much depends on it.
fn checks(run: &Run) -> Vec<String> {
    let line = |check: &mltrace::answer::Check| {
        let about = check.about.as_ref().map_or(String::new(), |name| format!(" of {name}"));
        let severity = format!("{:?}", check.severity).to_lowercase();
        let message = check.message.as_ref().map_or(String::new(), |message| format!(": {message}"));
        format!("{}{about} {} ({severity}){message}", check.name, check.outcome.as_str())
    };
    run.checks.iter().map(line).collect()
}

#[mltrace::register(
    inputs = [raw], outputs = [clean], params = [month],
    before = [not_empty(raw), is_short(month)], after = [no_nulls(clean), warn(not_empty(clean))],
)]
fn of_files(raw: &Path, month: &str) -> Result<PathBuf, AnyError> {
    let clean = copied(raw, "of_files.csv")?;
    Ok(clean)
}

#[mltrace::register(inputs = [r#type], outputs = [r#move], before = [not_empty(r#type)], after = [no_nulls(r#move)])]
fn of_raw_names(r#type: &Path) -> Result<PathBuf, AnyError> {
    let r#move = copied(r#type, "of_raw_names.csv")?;
    Ok(r#move)
}

#[test]
fn what_is_called_as_a_keyword_is_checked_as_anything_else() {
    let made = of_raw_names(&file("raw_names.txt", "1\n")).unwrap();
    let run = run_of("of_raw_names");
    assert_eq!(run.checks.len(), 2, "{:?}", checks(&run));
    assert!(made.ends_with("of_raw_names.csv"));
}

#[test]
fn a_check_is_given_the_path_of_what_it_names_and_is_about_it() {
    let raw = file("of_files_raw.csv", "1\n2\n");
    assert_eq!(of_files(&raw, "may").unwrap(), here().join("of_files.csv"));
    let wanted = [
        "is_short(month) passed (error)",
        "no_nulls(clean) of of_files.csv passed (error)",
        "not_empty(clean) of of_files.csv passed (warn)",
        "not_empty(raw) of of_files_raw.csv passed (error)",
    ];
    let run = run_of("of_files");
    assert_eq!((run.status.as_str(), checks(&run)), ("completed", wanted.map(str::to_owned).to_vec()));
}

#[mltrace::register(inputs = [raw], outputs = [clean], before = [not_empty(raw)])]
fn stops_early(raw: &Path) -> Result<PathBuf, AnyError> {
    let clean = copied(raw, "stops_early.csv")?;
    Ok(clean)
}

#[test]
fn a_check_before_stops_a_function_before_it_does_anything() {
    let raw = file("empty_raw.csv", "");
    let error = stops_early(&raw).unwrap_err().to_string();
    assert_eq!(error, "the check `not_empty(raw)` did not pass");
    assert!(!here().join("stops_early.csv").exists());
    let run = run_of("stops_early");
    assert_eq!(checks(&run), ["not_empty(raw) of empty_raw.csv failed (error)"]);
    assert!(run.status.as_str() == "failed" && run.error.unwrap().contains("did not pass"));
}

#[mltrace::register(inputs = [raw], outputs = [clean], after = [no_nulls(clean)])]
fn makes_nulls(raw: &Path) -> Result<PathBuf, String> {
    let clean = copied(raw, "makes_nulls.csv").map_err(|error| error.to_string())?;
    Ok(clean)
}

#[test]
fn a_check_after_stops_what_reads_the_output_and_the_output_stays_on_record() {
    let raw = file("makes_nulls_raw.csv", "1\nnull\n");
    let error = makes_nulls(&raw).unwrap_err();
    assert_eq!(error, "the check `no_nulls(clean)` did not pass: 1 nulls");
    let run = run_of("makes_nulls");
    assert_eq!(checks(&run), ["no_nulls(clean) of makes_nulls.csv failed (error): 1 nulls"]);
    assert_eq!((run.status.as_str(), outputs(&run)), ("failed", vec!["makes_nulls.csv"]));
    // The function's own error comes first, and what it did not make is not checked.
    let own = makes_nulls(Path::new("nowhere.csv")).unwrap_err();
    assert!(own.contains("No such file"), "{own}");
    assert!(checks(&run_of("makes_nulls")).is_empty());
}

#[mltrace::register(inputs = [raw], before = [warn(not_empty(raw))])]
fn only_warned(raw: &Path) -> u32 {
    7
}

#[test]
fn a_warning_is_recorded_and_the_function_goes_on() {
    let raw = file("only_warned.csv", "");
    assert_eq!(only_warned(&raw), 7);
    let run = run_of("only_warned");
    let wanted = "not_empty(raw) of only_warned.csv failed (warn)".to_owned();
    assert_eq!((run.status.as_str(), checks(&run)), ("completed", vec![wanted]));
}

#[mltrace::register(before = [rows > 0], after = [*return > 10])]
fn panics(rows: u32) -> u32 {
    rows * 2
}

#[mltrace::register(before = [rows > 0], after = [*return > 10])]
async fn awaits(rows: u32) -> Result<u32, String> {
    std::future::ready(()).await;
    if rows == 99 {
        return Ok(1);
    }
    Ok(rows * 2)
}

#[mltrace::register(after = [return.len() > 1])]
fn by_question_mark(text: &str) -> Result<String, AnyError> {
    let number: u32 = text.parse()?;
    Ok(number.to_string())
}

#[mltrace::register(before = [rows > T::default()], after = [*return > rows])]
fn generic<T: Copy + Default + PartialOrd + std::ops::Add<Output = T>>(rows: T) -> Result<T, String> {
    Ok(rows + rows)
}

#[mltrace::register(before = [rows > 0], after = [return.size_hint().0 > 1])]
fn opaque(rows: usize) -> Result<impl Iterator<Item = usize>, String> {
    Ok((0..rows).map(|row| row + 1))
}

fn below(number: &u32, most: u32) -> bool {
    *number < most
}

struct Model {
    rows: u32,
}

impl Model {
    #[mltrace::register(component = "method", before = [self.rows > 0], after = [*return != 5])]
    fn twice(&self) -> Result<u32, String> {
        Ok(self.rows + self.rows)
    }

    #[mltrace::register(component = "method_mut", before = [self.rows > 0], after = [below(return, 5)])]
    fn grow(&mut self) -> Result<&mut u32, String> {
        self.rows += 1;
        Ok(&mut self.rows)
    }
}

#[test]
fn every_shape_of_function_is_stopped_before_and_after() {
    here();
    let before = |text: &str| format!("the check `{text}` did not pass");
    assert_eq!(outcome(|| panics(6)), Ok(12));
    assert_eq!(outcome(|| panics(0)), Err(before("rows > 0")));
    assert_eq!(outcome(|| panics(1)), Err(before("*return > 10")));
    assert_eq!(run_of("panics").error, Some(before("*return > 10")));
    assert_eq!(block_on(awaits(6)), Ok(12));
    assert_eq!(block_on(awaits(0)), Err(before("rows > 0")));
    assert_eq!(block_on(awaits(99)), Err(before("*return > 10")));
    assert_eq!(by_question_mark("12").unwrap(), "12");
    assert_eq!(by_question_mark("7").unwrap_err().to_string(), before("return.len() > 1"));
    assert_eq!(by_question_mark("x").unwrap_err().to_string(), "invalid digit found in string");
    assert_eq!((generic(2), generic(0)), (Ok(4), Err(before("rows > T::default()"))));
    assert_eq!(opaque(3).unwrap().count(), 3);
    assert_eq!(opaque(1).err(), Some(before("return.size_hint().0 > 1")));
    assert_eq!((Model { rows: 2 }.twice(), Model { rows: 0 }.twice()), (Ok(4), Err(before("self.rows > 0"))));
    assert_eq!(Model { rows: 1 }.grow().copied_text(), Ok(2));
    assert_eq!(Model { rows: 4 }.grow().copied_text(), Err(before("below(return, 5)")));
}

trait CopiedText {
    fn copied_text(self) -> Result<u32, String>;
}

impl CopiedText for Result<&mut u32, String> {
    fn copied_text(self) -> Result<u32, String> {
        self.map(|rows| *rows)
    }
}

fn explodes(_: &Path) -> bool {
    panic!("no such column")
}

#[mltrace::register(inputs = [raw], before = [warn(explodes(raw))])]
fn warned_by_a_panic(raw: &Path) -> u32 {
    7
}

#[mltrace::register(inputs = [raw], before = [explodes(raw)])]
fn stopped_by_a_panic(raw: &Path) -> Result<u32, String> {
    Ok(7)
}

#[test]
fn a_check_that_panics_errored_and_only_a_warning_is_kept() {
    let raw = file("explodes.csv", "1");
    assert_eq!(warned_by_a_panic(&raw), 7);
    assert_eq!(outcome(|| stopped_by_a_panic(&raw)), Err("no such column".to_owned()));
    for (component, status, severity) in
        [("warned_by_a_panic", "completed", "warn"), ("stopped_by_a_panic", "failed", "error")]
    {
        let run = run_of(component);
        let wanted = format!("explodes(raw) of explodes.csv errored ({severity}): it panicked: no such column");
        assert_eq!((run.status.as_str(), checks(&run)), (status, vec![wanted]));
    }
}

#[mltrace::register(outputs = [parts], after = [not_empty(parts)])]
fn many(texts: &[&str]) -> Result<Vec<PathBuf>, String> {
    let mut parts = Vec::new();
    for (at, text) in texts.iter().enumerate() {
        parts.push(file(&format!("part-{at}.csv"), text));
    }
    Ok(parts)
}

#[mltrace::register(outputs = [late], after = [not_empty(late)])]
fn leaves_early(is_early: bool) -> Result<u32, String> {
    if is_early {
        return Ok(1);
    }
    let late = file("late.csv", "1");
    Ok(late.components().count() as u32)
}

#[test]
fn each_of_several_is_checked_and_what_was_never_bound_cannot_be() {
    assert!(many(&["1", "2"]).is_ok() && many(&[]).is_ok());
    assert_eq!(many(&["1", ""]).unwrap_err(), "the check `not_empty(parts)` did not pass");
    let wanted = ["not_empty(parts) of part-0.csv passed (error)", "not_empty(parts) of part-1.csv failed (error)"];
    assert_eq!(checks(&run_of("many")), wanted);
    assert!(leaves_early(false).is_ok());
    let why = "the check `not_empty(late)` did not pass: `late` was bound to nothing";
    assert_eq!(leaves_early(true).unwrap_err(), why);
}
