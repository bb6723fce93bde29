//! How a run begins.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use foldhash::HashSet;
use serde_json::Value;

use super::guard::ours;
use super::later::Later;
use super::lock::Lock;
use super::look::standing;
use super::observed::Observed;
use super::open_run::{Inner, OpenRun, State, append_with, subject_of};
use super::outputs::{BoundOutput, Outputs};
use super::seen::Seen;
use super::{Recorder, Site, clock, context, origin, split};
use crate::fork;
use crate::model::{Declaration, Record, RunId, Start, Timestamp};
use crate::naming::{self, Here, Naming};
use crate::values::Given;

/// What is known when a run begins.
#[derive(Clone, Debug, Default)]
pub struct Opening {
    /// The component.
    pub component: Cow<'static, str>,
    /// The registered function, when it is one.
    pub site: Option<&'static Site>,
    /// What is said of the component, besides what the site says.
    pub declared: Declaration,
    /// When it began; `None`: now.
    pub started_at: Option<Timestamp>,
    /// The commit of its code, when the caller knows it; `None`: it is looked up.
    pub git_commit: Option<String>,
    /// The run inside which it begins; `None`: the current run of this thread or task.
    pub parent: Option<RunId>,
    /// What it reads.
    pub inputs: Vec<Given>,
    /// Outputs whose names are known already: their state is looked at before the body.
    pub outputs: Vec<Given>,
    /// Outputs of its end whose names are known already, each with its place in the attribute's list. Their state is looked
    /// at before the body, too.
    pub bound: Vec<(usize, Vec<Given>)>,
    /// Its parameters.
    pub params: Vec<(String, Value)>,
    /// The names of those whose data it takes in; none of them is kept.
    pub subjects: Vec<String>,
    /// Outputs that are recorded at its start too, as maybe written: anyone who waits for a command may be killed.
    pub early_outputs: Vec<Given>,
    /// Whether each output is to have a profile, if it is a table.
    pub are_outputs_profiled: bool,
}

impl OpenRun {
    /// Begins a run: names and looks at its inputs and appends its START.
    #[must_use]
    pub fn begin(recorder: &'static Recorder, opening: Opening) -> Self {
        if !recorder.takes_run() {
            return Self::disabled();
        }
        ours(recorder, || Self::begin_inside(recorder, opening)).unwrap_or_else(Self::disabled)
    }

    fn begin_inside(recorder: &'static Recorder, opening: Opening) -> Self {
        let id = RunId::new();
        let started_at = opening.started_at.unwrap_or_else(clock::now);
        let pid = fork::id();
        let mut state =
            State { pid, next: 0, outputs: Outputs::default(), early: BTreeMap::new(), read: HashSet::default() };
        let mut later = Later::new(recorder, opening.site, opening.are_outputs_profiled);
        let mut inputs = Vec::with_capacity(opening.inputs.len());
        let here = Here::default();
        for given in opening.inputs {
            let Some(seen) = Seen::here(recorder, given, &here) else { continue };
            let linked = seen.read_behind_links(recorder, &here);
            inputs.extend(state.read(id, opening.site, seen, None, &mut later));
            inputs.extend(linked.and_then(|seen| state.read(id, opening.site, seen, None, &mut later)));
        }
        for given in &opening.outputs {
            if let Some(Naming { path: Some(path), .. }) = naming::name_here(&given.named, &recorder.root, &here) {
                let standing = standing(recorder, &path);
                state.outputs.stood_at_start(path, standing);
            }
        }
        for (slot, given) in opening.bound {
            let bound = BoundOutput::all(slot, given, recorder, &here);
            state.outputs.bind_at_start(slot, bound);
        }
        let mut early = Vec::new();
        for given in &opening.early_outputs {
            let naming = naming::name_here(&given.named, &recorder.root, &here);
            early.extend(naming.and_then(|naming| state.early(id, naming.name, given.kind)));
        }
        let (git, git_record) = git_of(recorder, opening.site, opening.git_commit);
        let start = Start {
            run: id,
            component: opening.component.into_owned(),
            at: started_at,
            parent: opening.parent.or_else(|| context::current().map(|run| run.id())).or(recorder.parent()),
            code: opening.site.map(|site| origin::code(recorder, site)),
            git,
            declared: declaration(opening.declared, opening.site),
            params: opening.params.into_iter().collect::<BTreeMap<_, _>>(),
            inputs,
            host: None,
            user: None,
        };
        let mut records: Vec<Record> = git_record.into_iter().collect();
        records.extend(split::start(start));
        records.extend(early);
        records.extend(opening.subjects.iter().map(|name| subject_of(id, name, started_at)));
        append_with(recorder, records, later);
        let inner = Inner {
            id,
            pid,
            recorder,
            site: opening.site,
            are_outputs_profiled: opening.are_outputs_profiled,
            begun: Instant::now(),
            loose: recorder.loose(),
            started_at,
            is_over: AtomicBool::new(false),
            state: Lock::new(state),
            observed: Observed::lock(),
        };
        Self { inner: Some(Arc::new(inner)) }
    }
}

fn git_of(
    recorder: &'static Recorder,
    site: Option<&'static Site>,
    commit: Option<String>,
) -> (Option<String>, Option<Record>) {
    match commit {
        None => (origin::git(recorder, site), None),
        Some(commit) => {
            let key = format!("commit {commit}");
            let git = crate::model::Git { key: key.clone(), commit: Some(commit), ..crate::model::Git::default() };
            (Some(key), Some(Record::Git(git)))
        }
    }
}

/// Returns what the caller says of the component, filled up with what the site says.
fn declaration(declared: Declaration, site: Option<&Site>) -> Option<Declaration> {
    let own = |text: Option<&'static str>| text.map(str::to_owned);
    let mut declared = declared;
    if let Some(site) = site {
        declared.owner = declared.owner.or_else(|| own(site.owner));
        declared.description = declared.description.or_else(|| own(site.description));
        declared.stale_after_s = declared.stale_after_s.or(site.stale_after_s);
        declared.tags.extend(site.tags.iter().map(|tag| (*tag).to_owned()));
    }
    (declared != Declaration::default()).then_some(declared)
}
