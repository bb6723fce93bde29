//! Where outputs are bound, and what counts of them at the end.

use std::path::{Path, PathBuf};

use mltrace_core::model::Mark;

use crate::{here, outputs, run_of};

/// Runs the call and returns the outputs of the component's newest run.
fn outputs_of<T>(component: &str, call: impl FnOnce() -> T) -> Vec<String> {
    here();
    let _ = call();
    outputs(&run_of(component)).into_iter().map(str::to_owned).collect()
}

fn eat<T>(_: T) {}

fn fill(_: &Path, names: &mut Vec<String>) -> Result<(), String> {
    names.push("filled".to_owned());
    Ok(())
}

#[mltrace::register(outputs = [rows])]
fn shadowed() -> usize {
    let rows = vec![1, 2, 3];
    let rows = format!("rows-{}", rows.len());
    {
        let rows = 5;
        eat(rows);
    }
    rows.len()
}

#[mltrace::register(outputs = [name, rest])]
fn patterns(pair: (String, Option<Vec<String>>)) -> usize {
    let (name, Some(rest)) = pair else { return 0 };
    name.len() + rest.len()
}

#[mltrace::register(outputs = [name])]
fn deferred(at: u8) -> String {
    let name;
    match at {
        0 => name = "zero".to_owned(),
        1 => {
            name = "one".to_owned();
        }
        mut left => loop {
            left -= 1;
            if left == 1 {
                name = "more".to_owned();
                break;
            }
        },
    }
    name
}

#[test]
fn lets_of_every_kind_are_followed() {
    assert_eq!(outputs_of("shadowed", shadowed), ["rows-3"]);
    assert_eq!(
        outputs_of("patterns", || patterns(("n".into(), Some(vec!["r1".into(), "r2".into()])))),
        ["n", "r1", "r2"]
    );
    for (at, name) in [(0, "zero"), (1, "one"), (2, "more")] {
        assert_eq!(outputs_of("deferred", || deferred(at)), [name]);
    }
}

#[mltrace::register(outputs = [names])]
fn growing(count: u8, fails: bool) -> Result<(), String> {
    let mut names = Vec::new();
    for at in 0..count {
        names.push(format!("g{at}"));
    }
    if fails { Err("told to".to_owned()) } else { Ok(()) }
}

#[mltrace::register(outputs = [names])]
fn filled() -> Result<(), String> {
    let mut names = Vec::new();
    fill(Path::new("d"), &mut names)?;
    Ok(())
}

#[mltrace::register(outputs = [names])]
fn left_early(count: u8) -> Option<Vec<String>> {
    let mut names = vec!["first".to_owned()];
    for at in 0..count {
        names.push(at.to_string());
        if at == 2 {
            return Some(names);
        }
    }
    None
}

#[mltrace::register(outputs = [names])]
fn moved_into_a_loop() {
    let mut names = vec!["m0".to_owned()];
    names.push("m1".to_owned());
    for name in names {
        eat(name);
    }
}

#[test]
fn a_list_counts_with_what_it_held_at_last() {
    assert_eq!(outputs_of("growing", || growing(3, false)), ["g0", "g1", "g2"]);
    assert_eq!(outputs_of("growing", || growing(2, true)), ["g0", "g1"]);
    assert_eq!(outputs_of("filled", filled), ["filled"]);
    assert_eq!(outputs_of("left_early", || left_early(9)), ["first", "0", "1", "2"]);
    assert_eq!(outputs_of("moved_into_a_loop", moved_into_a_loop), ["m0", "m1"]);
}

#[mltrace::register(outputs = [name])]
fn one_each_turn(count: u8) {
    for at in 0..count {
        let name = format!("turn-{at}");
        eat(&name);
    }
}

#[mltrace::register(outputs = [name])]
fn changed_each_turn(count: u8) {
    for at in 0..count {
        let mut name = String::from("turn");
        name.push_str(&at.to_string());
        eat(&name);
    }
}

#[mltrace::register(outputs = [name])]
fn loop_pattern(names: &[&str]) {
    for name in names {
        eat(name);
    }
}

#[test]
fn each_turn_of_a_loop_is_one_more() {
    assert_eq!(outputs_of("one_each_turn", || one_each_turn(3)), ["turn-0", "turn-1", "turn-2"]);
    assert_eq!(outputs_of("changed_each_turn", || changed_each_turn(3)), ["turn0", "turn1", "turn2"]);
    assert_eq!(outputs_of("loop_pattern", || loop_pattern(&["p0", "p1"])), ["p0", "p1"]);
}

#[mltrace::register(outputs = [target, "constant", target.with_extension("index")])]
fn parameters(target: &Path) {
    eat(target);
}

#[mltrace::register(outputs = [names])]
fn borrowed_parameter(names: &mut Vec<String>) -> &mut String {
    names.push("1".to_owned());
    fill(Path::new("p"), names).unwrap();
    names.last_mut().unwrap()
}

#[mltrace::register(outputs = [return])]
fn returned(fails: bool) -> Result<(PathBuf, Option<String>), String> {
    if fails { Err("told to".to_owned()) } else { Ok(("one".into(), Some("two".to_owned()))) }
}

#[test]
fn parameters_and_returned_values_are_outputs() {
    assert_eq!(outputs_of("parameters", || parameters(Path::new("t"))), ["t", "constant", "t.index"]);
    assert_eq!(outputs_of("borrowed_parameter", || borrowed_parameter(&mut Vec::new()).push('!')), ["1", "filled"]);
    assert_eq!(outputs_of("returned", || returned(false)), ["one", "two"]);
    assert!(outputs_of("returned", || returned(true)).is_empty());
}

#[mltrace::register(outputs = [x])]
fn borrows(again: bool) -> Vec<String> {
    let mut x = vec!["a".to_owned()];
    let last = x.last_mut().unwrap();
    last.push('1');
    if again {
        last.push('2');
    }
    let mut add = |text: &str| x.push(text.to_owned());
    add("b");
    add("c");
    let old = std::mem::take(&mut x);
    eat(&old);
    x = old;
    x
}

/// A path whose changes can be chained.
#[derive(Clone, Default)]
struct Chained(PathBuf);

impl AsRef<Path> for Chained {
    fn as_ref(&self) -> &Path {
        &self.0
    }
}

impl Chained {
    fn push(&mut self, part: &str) -> &mut Self {
        self.0.push(part);
        self
    }
}

#[mltrace::register(outputs = [slot])]
fn borrows_by_inserting() -> Option<PathBuf> {
    let mut slot = None;
    let inside: &mut PathBuf = slot.insert(PathBuf::from("a"));
    inside.push("b");
    slot
}

#[mltrace::register(outputs = [chained])]
fn borrows_by_writing() -> Chained {
    let mut chained = Chained::default();
    let more = chained.push("c");
    more.push("d");
    chained
}

#[test]
fn what_is_borrowed_is_recorded_when_it_is_free() {
    assert_eq!(outputs_of("borrows_by_writing", borrows_by_writing), ["c/d"]);
    assert_eq!(outputs_of("borrows_by_inserting", borrows_by_inserting), ["a/b"]);
    assert_eq!(outputs_of("borrows", || borrows(true)), ["a12", "b", "c"]);
}

/// Stands for the URL types of other crates: text, and no path.
#[derive(Clone)]
struct Url(String);

impl AsRef<str> for Url {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

#[mltrace::register(inputs = [url], outputs = [copies, declared])]
fn of_other_crates(url: &Url) {
    let copies = vec![url.clone(), Url("s3://bucket/copy".to_owned())];
    let declared = mltrace::artifact("s3://models/taxi").version("2021-05").kind(mltrace::Kind::Model);
    eat((copies, declared));
}

#[test]
fn urls_and_declared_artifacts_are_artifacts() {
    let names = outputs_of("of_other_crates", || of_other_crates(&Url("s3://bucket/key".to_owned())));
    assert_eq!(names, ["s3://bucket/key", "s3://bucket/copy", "s3://models/taxi"]);
    let run = run_of("of_other_crates");
    assert_eq!(crate::inputs(&run), ["s3://bucket/key"]);
    let model = run.outputs.last().unwrap();
    assert_eq!((model.version.as_ref().unwrap().to_string().as_str(), model.kind.as_str()), ("v:2021-05", "model"));
}

#[mltrace::register(outputs = [path, table, report], id = [table])]
fn cached(path: &Path, table: &str, content: Option<&str>) {
    let report = "cached-report.html";
    if let Some(content) = content {
        std::fs::write(path, content).unwrap();
    }
}

#[test]
fn an_output_says_whether_it_was_written_left_as_it_was_or_is_missing() {
    let path = here().join("cached.bin");
    let marks = || -> Vec<_> {
        run_of("cached").outputs.iter().map(|output| (output.version.is_some(), output.mark)).collect()
    };
    let (missing, unchanged) = ((false, Some(Mark::Missing)), (true, Some(Mark::Unchanged)));
    let written = (true, None);
    cached(&path, "cached.table.sql", Some("model"));
    assert_eq!(marks(), [written, written, missing]);
    let before = std::time::Instant::now();
    while before.elapsed() < std::time::Duration::from_millis(25) {
        std::thread::yield_now();
    }
    cached(&path, "cached.table.sql", None);
    assert_eq!(marks(), [unchanged, written, missing]);
    cached(&path, "cached.table.sql", Some("model"));
    assert_eq!(marks(), [written, written, missing]);
    std::fs::remove_file(&path).unwrap();
    cached(&path, "cached.table.sql", None);
    assert_eq!(marks(), [missing, written, missing]);
}
