//! The answer of `trace` as a tree of runs and what they wrote.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use mltrace_core::model::{ArtifactName, Bound, Mark, RunId, Status, Version, VersionId, path_inside};
use mltrace_core::query::{Input, Output, Run, RunAtDepth, Trace};

use super::tree::{self, Grove};
use super::{paint, run, runs, subject};
use crate::escape::line;
use crate::output::Talk;
use crate::time;

/// How many outputs of one run, and inputs without a writer, are listed before only those that matter to the trace are.
const MOST_OUTPUTS: usize = 20;
/// How many unusual inputs of one run are marked on the branch to their writer.
const MOST_MARKS: usize = 3;

/// Returns the tree, or who read an artifact that no run wrote. `readers` are those runs, as far as they are named, and
/// `claims` those that said they would write it.
pub(crate) fn text(answer: &Trace, readers: &[Run], claims: &[Run], talk: Talk) -> String {
    if answer.runs.is_empty() {
        return unwritten(answer, readers, claims) + &left(answer);
    }
    let roots = answer.runs.iter().filter(|run| run.depth == 0);
    let mut grove = Runs {
        runs: answer.runs.iter().map(|run| (run.run.id, &run.run)).collect(),
        needed: answer.runs.iter().flat_map(|run| &run.run.inputs).map(|input| &input.name).collect(),
        asked: &answer.artifact.name,
        known: HashSet::new(),
        is_verbose: talk >= Talk::Verbose,
        is_quiet: talk <= Talk::Quiet,
    };
    let mut text = String::new();
    for root in roots {
        text.push_str(&tree::draw(&mut grove, &Branch { id: root.run.id, marks: Vec::new() }));
    }
    text + &elsewhere(answer) + &subjects(answer) + &left(answer)
}

/// Says why these runs made the artifact where none of them wrote it under its name.
fn elsewhere(answer: &Trace) -> String {
    let Version { name, version } = &answer.artifact;
    let roots = answer.runs.iter().filter(|run| run.depth == 0);
    let outputs: Vec<&Output> = roots.flat_map(|root| &root.run.outputs).collect();
    if outputs.iter().any(|output| output.name == *name) {
        return String::new();
    }
    let is_same =
        |output: &&&Output| matches!(version, VersionId::Content(_)) && output.version.as_ref() == Some(version);
    let is_around = |output: &&&Output| path_inside(output.name.as_str(), name.as_str()).is_some();
    let lies_in_it = |output: &Output| path_inside(name.as_str(), output.name.as_str()).is_some();
    let asked = line(name.as_str());
    if let Some(copy) = outputs.iter().find(is_same) {
        return format!("no run wrote `{asked}` under that name: it holds what `{}` held\n", line(copy.name.as_str()));
    }
    if let Some(folder) = outputs.iter().find(is_around) {
        return format!("no run wrote `{asked}` under that name: it lies inside `{}`\n", line(folder.name.as_str()));
    }
    if outputs.iter().any(|output| lies_in_it(output)) {
        return format!("no run wrote `{asked}` as a whole: what was written lies inside it\n");
    }
    String::new()
}

/// Says whose data it holds: those that any of the runs took in.
fn subjects(answer: &Trace) -> String {
    let mut found = BTreeMap::new();
    for RunAtDepth { run, .. } in &answer.runs {
        for of in subject::of_run(&run.subjects) {
            found.entry(of).or_insert((&run.component, run.id));
        }
    }
    let said = found.into_iter();
    said.map(|(of, (component, run))| {
        format!("holds data of {of}: taken in by {} (run {})\n", line(component), run.short())
    })
    .collect()
}

/// Says which runs named the artifact since and did not write it.
fn left(answer: &Trace) -> String {
    let said = answer.left.iter().map(|left| {
        let became = match (left.mark, left.status) {
            (Mark::Unchanged, _) => "left it as it was",
            (Mark::Missing, _) => "was to write it, and it was not there at the end of the run",
            (Mark::Maybe, Status::Running) => "is running and may write it",
            (Mark::Maybe, _) => "may have written it: nobody saw the end of that run",
            (Mark::Unknown, _) => "named it, and only a newer version of mltrace knows what became of it",
        };
        format!("{} (run {}) {became}\n", line(&left.component), left.run.short())
    });
    said.collect()
}

/// Says that no run wrote the artifact, and who read it.
fn unwritten(answer: &Trace, readers: &[Run], claims: &[Run]) -> String {
    let name = line(answer.artifact.name.as_str());
    let mut named: Vec<String> =
        readers.iter().map(|run| format!("{} (run {})", line(&run.component), run.id.short())).collect();
    let more = answer.read_by.len().saturating_sub(readers.len());
    if more > 0 {
        named.push(format!("{more} more"));
    }
    if !answer.declared_by.is_empty() {
        let jobs: Vec<String> = answer.declared_by.iter().map(|job| line(job).into_owned()).collect();
        return format!("`{name}` was declared, never run: an output of {}\n", jobs.join(", "));
    }
    let readers = if named.is_empty() { "nobody".to_owned() } else { named.join(", ") };
    let claims: String = claims.iter().map(claim).collect();
    format!("no recorded run wrote `{name}`; read by {readers}\n{claims}")
}

/// Says why a run left no version of what it was to write.
fn claim(run: &Run) -> String {
    let (id, component) = (run.id.short(), line(&run.component));
    let became = match run.status {
        Status::Failed => "failed and left no version",
        Status::Cancelled => "was cancelled and left no version",
        Status::Died => "died and left no version",
        Status::Running => "is running and has left no version yet",
        Status::Completed => "left no version",
        Status::Unknown => "ended in a way that only a newer version of mltrace knows, and left no version",
    };
    format!("run {id} of `{component}` {became}\n")
}

/// The runs of a trace.
struct Runs<'a> {
    runs: HashMap<RunId, &'a Run>,
    needed: HashSet<&'a ArtifactName>,
    asked: &'a ArtifactName,
    known: HashSet<RunId>,
    is_verbose: bool,
    is_quiet: bool,
}

/// A run as the run that read from it sees it.
struct Branch {
    id: RunId,
    marks: Vec<String>,
}

impl Grove for Runs<'_> {
    type Node = Branch;

    fn is_known(&self, node: &Branch) -> bool {
        self.known.contains(&node.id)
    }

    fn line(&self, node: &Branch) -> String {
        let Some(run) = self.runs.get(&node.id) else { return "…".to_owned() };
        let mut line = paint::paint(paint::STRONG, line(&run.component));
        if self.is_verbose {
            let facts = format!("  run {}, {}, {}", run.id.short(), time::show(run.started_at), runs::took(run));
            line.push_str(&paint::paint(paint::FAINT, facts.trim_end_matches(", ")));
        }
        if run.status != Status::Completed {
            line.push_str(&format!(" {}", paint::paint(paint::BAD, format_args!("[{}]", run.status.as_str()))));
        }
        if !run.stale.is_empty() {
            line.push_str(&format!(" {}", paint::paint(paint::WARNING, "[stale]")));
        }
        for mark in &node.marks {
            line.push_str(&format!(" {}", paint::paint(paint::WARNING, format_args!("[{mark}]"))));
        }
        line
    }

    fn grow(&mut self, node: &Branch) -> (Vec<String>, Vec<Branch>) {
        self.known.insert(node.id);
        let Some(&run) = self.runs.get(&node.id) else { return (Vec::new(), Vec::new()) };
        let mut leaves = self.outputs(run);
        leaves.extend(self.unwritten_inputs(run));
        let (branches, is_cut) = self.upstream(run);
        if is_cut {
            leaves.push("…".to_owned());
        }
        (leaves, branches)
    }
}

impl Runs<'_> {
    fn outputs(&self, run: &Run) -> Vec<String> {
        let matters = |output: &Output| self.needed.contains(&output.name) || output.name == *self.asked;
        let is_long = run.outputs.len() > MOST_OUTPUTS && !self.is_verbose;
        let mut room = MOST_OUTPUTS.saturating_sub(run.outputs.iter().filter(|output| matters(output)).count());
        let mut shown = Vec::new();
        for output in &run.outputs {
            if is_long && !matters(output) {
                if room == 0 {
                    continue;
                }
                room -= 1;
            }
            shown.push(self.output(output));
        }
        let more = run.outputs.len() - shown.len();
        if more > 0 {
            shown.push(format!("… and {more} more outputs"));
        }
        shown
    }

    fn output(&self, output: &Output) -> String {
        let mut text = line(output.name.as_str()).into_owned();
        if let (true, Some(version)) = (self.is_verbose, &output.version) {
            text.push_str(&paint::paint(paint::FAINT, format_args!("  {}", line(&version.short(run::DIGITS)))));
        }
        if let Some(within) = run::within(output) {
            text.push_str(&format!(" {}", paint::paint(paint::FAINT, format_args!("[{within}]"))));
        }
        match (run::label(output), &output.version) {
            (Some("flagged"), _) => text.push_str(&format!(" {}", paint::paint(paint::BAD, "[flagged]"))),
            (Some(label), _) => text.push_str(&format!(" {}", paint::paint(paint::GOOD, format_args!("[{label}]")))),
            (None, _) if output.mark == Some(Mark::Unchanged) => {
                text.push_str(&format!(" {}", paint::paint(paint::FAINT, "[left as it was]")));
            }
            (None, _) if output.mark.is_some() => {
                let word = if output.mark == Some(Mark::Maybe) { "[maybe written]" } else { "[missing]" };
                text.push_str(&format!(" {}", paint::paint(paint::WARNING, word)));
            }
            (None, None) => text.push_str(&format!(" {}", paint::paint(paint::WARNING, "[not written]"))),
            (None, Some(_)) => {}
        }
        text
    }

    /// Returns the lines for the inputs that no recorded run wrote, where the record ends.
    fn unwritten_inputs(&self, run: &Run) -> Vec<String> {
        let mut lines: Vec<String> = run.inputs.iter().filter_map(|input| self.unwritten_input(input)).collect();
        if lines.len() > MOST_OUTPUTS && !self.is_verbose {
            let more = lines.len().saturating_sub(MOST_OUTPUTS);
            lines.truncate(MOST_OUTPUTS);
            lines.push(format!("… and {more} more inputs that no recorded run wrote"));
        }
        lines
    }

    /// Returns the line for an input without a known writer.
    fn unwritten_input(&self, input: &Input) -> Option<String> {
        if input.written_by.is_some() || !input.inside.is_empty() {
            return None;
        }
        let name = line(input.name.as_str());
        if let Some(writer) = input.changed_since {
            let mark = format!("[changed since run {} wrote it]", writer.short());
            return Some(format!("{name} {}", paint::paint(paint::BAD, mark)));
        }
        let alike =
            input.same_content_as.as_ref().map(|alike| format!(", same content as {}", line(alike.name.as_str())));
        // A cut at the border of a project is none that one may leave out.
        if let Some(elsewhere) = run::elsewhere(input) {
            return Some(format!("{name} {}", paint::paint(paint::WARNING, format_args!("[{elsewhere}]"))));
        }
        let mark = format!("[unknown writer{}]", alike.unwrap_or_default());
        (!self.is_quiet).then(|| format!("{name} {}", paint::paint(paint::FAINT, mark)))
    }

    /// Returns the runs that wrote what this one read, and whether some are left out of the trace.
    fn upstream(&self, run: &Run) -> (Vec<Branch>, bool) {
        let mut branches: Vec<Branch> = Vec::new();
        let mut places: HashMap<RunId, usize> = HashMap::new();
        let mut is_cut = false;
        // What a run wrote and read again came from nobody else.
        let writers = run.inputs.iter().filter_map(|input| Some((input.written_by?, Some(input))));
        let writers = writers.filter(|(id, _)| *id != run.id);
        let parts = run.inputs.iter().flat_map(|input| {
            let runs: BTreeSet<RunId> = input.inside.iter().map(|part| part.written_by).collect();
            runs.into_iter().map(move |id| (id, Some(input)))
        });
        let parts = parts.filter(|(id, _)| *id != run.id);
        let others = run.depends_on.iter().map(|id| (*id, None));
        let named = writers.map(|(id, input)| (id, input, false));
        for (id, input, is_part) in named.chain(parts.chain(others).map(|(id, input)| (id, input, true))) {
            if !self.runs.contains_key(&id) {
                is_cut = true;
                continue;
            }
            let other = self.runs.get(&id).map(|other| &other.project).filter(|project| **project != run.project);
            let place = *places.entry(id).or_insert_with(|| {
                let marks = other.map(|project| format!("in the project {}", line(project))).into_iter().collect();
                branches.push(Branch { id, marks });
                branches.len() - 1
            });
            let mark = input.and_then(|input| match is_part {
                true => run::inside(input, Some(id)),
                false => self.edge_mark(input),
            });
            if let (Some(branch), Some(mark)) = (branches.get_mut(place), mark) {
                match branch.marks.len() {
                    count if count < MOST_MARKS || self.is_verbose => branch.marks.push(mark),
                    MOST_MARKS => branch.marks.push("…".to_owned()),
                    _ => {}
                }
            }
        }
        (branches, is_cut)
    }

    /// Returns how an input was bound to its writer, when that is not what one would expect.
    fn edge_mark(&self, input: &Input) -> Option<String> {
        let name = line(input.name.as_str());
        if let Some(clocks) = run::clocks(input) {
            return Some(format!("{name} read before it was written: {clocks}"));
        }
        match input.bound {
            Bound::Copy => {
                let original = input.same_content_as.as_ref().map(|copy| line(copy.name.as_str()).into_owned());
                Some(format!("{name} is a copy of {}", original.unwrap_or_default()))
            }
            // Of a URI or an identifier nobody knows the content; of a file it should be known.
            Bound::Time if is_path(input.name.as_str()) || self.is_verbose => Some(format!("{name} by time")),
            Bound::Declaration if self.is_verbose => Some(format!("{name} by declaration")),
            Bound::Content if self.is_verbose => Some(format!("{name} by content")),
            // What lies inside is marked by itself.
            Bound::Content | Bound::Time | Bound::Declaration | Bound::UnknownWriter | Bound::Inside => None,
        }
    }
}

/// Returns whether the name is that of a local file or folder.
fn is_path(name: &str) -> bool {
    let is_uri = name.split_once(':').is_some_and(|(scheme, _)| {
        scheme.len() >= 2 && scheme.chars().all(|letter| letter.is_ascii_alphanumeric() || "+-.".contains(letter))
    });
    !is_uri && name.contains(['/', '\\'])
}
