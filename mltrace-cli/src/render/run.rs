//! One run in full.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use mltrace_core::model::{Bound, RunId, Status, Verdict, path_inside};
use mltrace_core::query::{Input, Note, Output, Run};
use mltrace_core::words;

use serde_json::Value;

use super::{cut, measures, observations, paint, runs, subject};
use crate::escape::{block, line};
use crate::time;

/// How many digits of a content hash are shown.
pub(super) const DIGITS: usize = 12;

/// How many of each sort, such as inputs, are shown when nobody asks for all.
const MOST: usize = 6;
/// How many changes since the run before are.
const MOST_CHANGES: usize = 12;

/// What is shown of a run beside what it says itself.
pub(crate) struct Beside {
    /// What changed since the run before, in words.
    pub(crate) changes: Vec<String>,
    /// Whether anything else is known of the run inside which it was.
    pub(crate) is_parent_recorded: bool,
    /// Whether nothing is to be left out.
    pub(crate) is_whole: bool,
}

/// Returns everything that is recorded of the run; of many inputs and the like the first ones, unless nothing is to be left
/// out. Its error and its source text are never cut.
pub(crate) fn text(run: &Run, beside: &Beside) -> String {
    let Beside { changes, is_parent_recorded, is_whole } = beside;
    let is_whole = *is_whole;
    let style = if matches!(run.status, Status::Failed | Status::Died) { paint::BAD } else { paint::STRONG };
    let mut text =
        format!("{}  {}\n", paint::paint(paint::STRONG, line(&run.component)), paint::paint(style, runs::status(run)),);
    facts(&mut text, run, if *is_parent_recorded { "" } else { " (not recorded)" });
    changed(&mut text, (run, changes.as_slice()), is_whole);
    let note = |note: &Note| {
        let by = note.by.as_ref().map(|by| format!(", {}", line(by))).unwrap_or_default();
        format!("{} ({}{by})", block(&note.text), time::show(note.at))
    };
    let sorts: [(&str, Vec<String>); 10] = [
        ("inputs", run.inputs.iter().map(input).collect()),
        ("outputs", run.outputs.iter().map(output).collect()),
        ("parameters", run.params.iter().map(|(name, value)| param(name, value)).collect()),
        ("metrics", measures::metrics(&run.metrics).collect()),
        ("checks", measures::checks(&run.checks).collect()),
        ("observations", observations::of_run(&run.observations).collect()),
        ("subjects", subject::of_run(&run.subjects).collect()),
        ("stale", run.stale.iter().map(|stale| line(&stale.message).into_owned()).collect()),
        ("still differs", run.still_differs.iter().map(|words| line(words).into_owned()).collect()),
        ("notes", run.notes.iter().map(note).collect()),
    ];
    for (heading, all) in sorts {
        let (shown, left) = cut::first(&all, MOST, is_whole);
        let more = (left > 0).then(|| cut::more(left));
        section(&mut text, heading, shown.iter().cloned().chain(more));
    }
    let mut text = if is_whole { text } else { cut::lines(&text) };
    section(&mut text, "error", run.error.iter().map(|error| block(error).into_owned()));
    let source = run.code.as_ref().and_then(|code| code.source.as_ref());
    section(&mut text, "source", source.iter().map(|source| block(source).into_owned()));
    text
}

/// Says what changed since the run before: it is why a review names the run.
fn changed(text: &mut String, (run, changes): (&Run, &[String]), is_whole: bool) {
    let Some(since) = &run.changed else { return };
    let (shown, left) = cut::first(changes, MOST_CHANGES, is_whole);
    let mut lines: Vec<String> = shown.iter().map(|change| line(change).into_owned()).collect();
    if lines.is_empty() {
        lines.push("nothing that is recorded".to_owned());
    }
    lines.extend((left > 0).then(|| cut::more(left)));
    lines.extend(since.is_cut.then(|| words::NOT_ALL_COMPARED.to_owned()));
    section(text, &format!("changed since run {}", since.run.short()), lines.into_iter());
}

fn param(name: &str, value: &Value) -> String {
    format!("{} = {}", line(name), block(&runs::param(value)))
}

/// Returns text whose further lines start under its first one, which stands `columns` to the right.
pub(super) fn indent(text: &str, columns: usize) -> String {
    text.trim_end().replace('\n', &format!("\n{}", " ".repeat(columns)))
}

fn facts(text: &mut String, run: &Run, parent: &str) {
    let mut row = |name: &str, value: Option<String>| {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            // Writing to a `String` cannot fail.
            let value = if name == "description" { block(&value) } else { line(&value) };
            let _ = writeln!(text, "  {name:<12} {}", indent(&value, 15));
        }
    };
    row("run", Some(run.id.to_string()));
    row("parent", run.parent.map(|id| format!("{id}{parent}")));
    row("project", Some(run.project.clone()));
    row("started", Some(time::show(run.started_at)));
    row("ended", run.ended_at.map(time::show));
    row("took", Some(runs::took(run)));
    let is_open = run.ended_at.is_none();
    row("last seen", run.last_seen.filter(|_| is_open).map(time::show));
    row("description", run.description.clone());
    row("owner", run.owner.clone());
    row("tags", Some(run.tags.join(" ")));
    row("host", run.host.clone());
    row("user", run.user.clone());
    if let Some(git) = &run.git {
        let dirty = if git.dirty == Some(true) { " (the work tree differed)" } else { "" };
        row("commit", git.commit.as_ref().map(|commit| format!("{commit}{dirty}")));
        row("branch", git.branch.clone());
        row("git tags", Some(git.tags.join(" ")));
        row("remote", git.remote.clone());
    }
    if let Some(code) = &run.code {
        let differs = if code.is_in_work_tree == Some(false) { " (the work tree differed)" } else { "" };
        // A command has no line.
        let at = if code.line == 0 { String::new() } else { format!(":{}", code.line) };
        row("code", Some(format!("{}{at}{differs}", code.file)));
    }
    row("depends on", Some(run.depends_on.iter().map(|run| run.short()).collect::<Vec<_>>().join(" ")));
}

fn section(text: &mut String, heading: &str, lines: impl Iterator<Item = String>) {
    let mut lines = lines.peekable();
    if lines.peek().is_some() {
        let _ = writeln!(text, "\n{}", paint::paint(paint::STRONG, heading));
    }
    for line in lines {
        let _ = writeln!(text, "  {}", indent(&line, 2));
    }
}

fn input(input: &Input) -> String {
    let mut words = vec![input.version.short(DIGITS)];
    let writer = input.written_by.map(|run| format!("run {}", run.short())).unwrap_or_default();
    words.push(match input.bound {
        // It was declared, and nobody wrote what was declared.
        Bound::Declaration if input.written_by.is_none() => "unknown writer".to_owned(),
        Bound::Content | Bound::Declaration => format!("written by {writer}"),
        Bound::Time => format!("last written before by {writer}"),
        Bound::Copy => {
            let original = input.same_content_as.as_ref().map(|copy| line(copy.name.as_str()).into_owned());
            format!("a copy of {}, written by {writer}", original.unwrap_or_default())
        }
        Bound::UnknownWriter => elsewhere(input).unwrap_or_else(|| "unknown writer".to_owned()),
        Bound::Inside => String::new(),
    });
    words.retain(|word| !word.is_empty());
    words.extend(inside(input, None));
    if let (Bound::UnknownWriter, Some(copy)) = (input.bound, &input.same_content_as) {
        words.push(format!("same content as {}", line(copy.name.as_str())));
    }
    words.extend(clocks(input));
    words.extend(input.changed_since.map(|run| format!("changed since run {} wrote it", run.short())));
    words.extend(input.argument.as_ref().map(|argument| format!("as {}", line(argument))));
    described(input.name.as_str(), &words)
}

/// Says that nobody of this project wrote an input, and who wrote one of its name in another project of the store, or on
/// another host.
pub(super) fn elsewhere(input: &Input) -> Option<String> {
    let first = input.elsewhere.first()?;
    let (project, run) = (line(&first.project), first.run.short());
    let others = input.elsewhere.len().saturating_sub(1);
    if let Some(host) = &first.host {
        let more = if others == 0 { String::new() } else { format!(", and {others} others elsewhere") };
        return Some(format!("unknown writer; run {run} wrote the same name on host {}{more}", line(host)));
    }
    let more = match others {
        0 => String::new(),
        more => format!(", and {more} other projects have one"),
    };
    Some(format!("unknown writer here; in the project {project} run {run} wrote it{more}"))
}

/// Says that an input was read before it was written, which the content proves to be a matter of two clocks.
pub(super) fn clocks(input: &Input) -> Option<String> {
    let apart = input.clocks_apart_ms?;
    Some(format!("the clocks of the two hosts are {} s apart or more", (apart / 1000.0).ceil()))
}

/// Returns what lies in a folder that was read, or which folder lies around what was read, of all writers or of one: any
/// number of files is one line.
pub(super) fn inside(input: &Input, writer: Option<RunId>) -> Option<String> {
    let parts = || input.inside.iter().filter(|part| writer.is_none_or(|writer| part.written_by == writer));
    let first = parts().next()?;
    let by = match writer {
        None => {
            let runs: BTreeSet<RunId> = parts().map(|part| part.written_by).collect();
            match runs.first() {
                Some(run) if runs.len() == 1 => format!(", written by run {}", run.short()),
                _ => format!(", written by {} runs", runs.len()),
            }
        }
        Some(_) => String::new(),
    };
    let name = line(input.name.as_str());
    Some(match parts().count() {
        1 if path_inside(first.name.as_str(), input.name.as_str()).is_some() => {
            format!("{name} inside {}{by}", line(first.name.as_str()))
        }
        1 => format!("{} inside {name}{by}", line(first.name.as_str())),
        count => format!("{count} files inside {name}{by}"),
    })
}

fn output(output: &Output) -> String {
    let mut words: Vec<String> = output.version.iter().map(|version| version.short(DIGITS)).collect();
    words.extend(output.mark.map(|mark| mark.says().to_owned()));
    if words.is_empty() {
        words.push("no version".to_owned());
    }
    words.extend(label(output).map(str::to_owned));
    words.extend(output.inner.map(|run| format!("written by run {} inside this one", run.short())));
    words.extend(within(output));
    words.extend(output.argument.as_ref().map(|argument| format!("as {}", line(argument))));
    described(output.name.as_str(), &words)
}

fn described(name: &str, words: &[String]) -> String {
    format!("{}  {}", line(name), paint::paint(paint::FAINT, line(&words.join(", "))))
}

/// Says which runs around the one that wrote an output name it too.
pub(super) fn within(output: &Output) -> Option<String> {
    let around: Vec<_> = output.within.iter().map(|around| line(&around.component)).collect();
    (!around.is_empty()).then(|| format!("within {}", around.join(", ")))
}

/// Returns the word for the verdict on an output.
pub(super) fn label(output: &Output) -> Option<&'static str> {
    verdict(output.label)
}

/// Returns the word for a verdict.
pub(super) fn verdict(verdict: Option<Verdict>) -> Option<&'static str> {
    match verdict {
        Some(Verdict::Flagged) => Some("flagged"),
        Some(Verdict::Ok) => Some("ok"),
        Some(Verdict::None) | None => None,
    }
}
