//! A trace whose versions have boxes of their own, between the runs that wrote and those that read them.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::drawing::{Content, Drawing, DrawnVersion, Edge};
use crate::model::{ArtifactName, Bound, VersionId};
use crate::query::{Run, Trace};

/// Returns the drawing of a trace with a box for each run and each version; each edge is there once.
#[must_use]
pub fn versions(trace: &Trace) -> Drawing<'_> {
    let mut builder = Builder::default();
    let asked = builder.version(&trace.artifact.name, &trace.artifact.version);
    trace.runs.iter().for_each(|step| builder.run(&step.run));
    if let Some(Content::Version(version)) = builder.drawing.boxes.get_mut(asked) {
        version.is_asked = true;
    }
    builder.drawing
}

#[derive(Default)]
struct Builder<'t> {
    drawing: Drawing<'t>,
    versions: HashMap<(&'t ArtifactName, &'t VersionId), usize>,
    drawn: HashSet<(usize, usize, Bound)>,
}

impl<'t> Builder<'t> {
    fn run(&mut self, run: &'t Run) {
        let place = self.add(Content::Run(run));
        for output in &run.outputs {
            let Some(version) = &output.version else { continue };
            let to = self.version(&output.name, version);
            if let Some(Content::Version(drawn)) = self.drawing.boxes.get_mut(to) {
                drawn.verdict = output.label.or(drawn.verdict);
            }
            self.edge((place, to), &output.name, Bound::Content);
        }
        // What a run wrote and read again came from nobody else.
        for input in run.inputs.iter().filter(|input| input.written_by != Some(run.id)) {
            let from = self.version(&input.name, &input.version);
            // Of a copy the read is as sure as any: it is the edge from the original that says how it is known.
            let bound = if input.bound == Bound::Copy { Bound::Content } else { input.bound };
            self.edge((from, place), &input.name, bound);
            if let (Bound::Copy, Some(original)) = (input.bound, &input.same_content_as) {
                let original = self.version(&original.name, &original.version);
                self.edge((original, from), &input.name, Bound::Copy);
            }
            for part in input.inside.iter().filter(|part| part.written_by != run.id) {
                let part_of = self.version(&part.name, &part.version);
                if part_of != from {
                    self.edge((part_of, from), &part.name, Bound::Inside);
                }
            }
        }
    }

    fn version(&mut self, name: &'t ArtifactName, version: &'t VersionId) -> usize {
        if let Some(place) = self.versions.get(&(name, version)) {
            return *place;
        }
        let place = self.add(Content::Version(DrawnVersion { name, version, verdict: None, is_asked: false }));
        self.versions.insert((name, version), place);
        place
    }

    fn add(&mut self, content: Content<'t>) -> usize {
        self.drawing.boxes.push(content);
        self.drawing.boxes.len() - 1
    }

    fn edge(&mut self, ends: (usize, usize), name: &'t ArtifactName, bound: Bound) {
        if self.drawn.insert((ends.0, ends.1, bound)) {
            self.drawing.edges.push(Edge { ends, names: BTreeSet::from([name.as_str()]), bound });
        }
    }
}
