//! Which of all that a store holds is meant, where several questions are about the same noun.

use super::key::{ArtifactKey, ComponentKey, ProjectKey, RunKey, TaskKey, VersionKey, WriteKey};
use super::measure::WhatOfRuns;
use super::row::{RunSelection, VersionAt};
use crate::model::{DataSubject, RunId, Timestamp, VersionId};

/// Which projects are meant.
#[derive(Clone, Copy, Debug)]
pub enum Projects<'a> {
    /// The one of this identity, else the one that has or had this name. Where an identity is given, a project with another
    /// identity does not count, whatever its name.
    Called(&'a str, Option<&'a str>),
    /// That of the root that the store lies in, where somebody said so.
    Own,
    /// All, by name.
    All,
}

/// Which components are meant.
#[derive(Clone, Copy, Debug)]
pub enum Components<'a> {
    /// The one of this name, with nothing of its runs, which may be many.
    Named(ProjectKey, &'a str),
    /// The one of this name, with how many runs it has and which is its last.
    WithRuns(ProjectKey, &'a str),
    /// All, by name, with how many runs each has and which is its last.
    All(ProjectKey),
    /// All, by name, with nothing of their runs, which may be many.
    Said(ProjectKey),
    /// Those whose names have no more than so many bytes, by name, with nothing but these, at most so many.
    Short(ProjectKey, usize, usize),
}

/// Which artifacts are meant.
#[derive(Clone, Copy, Debug)]
pub enum Artifacts<'a> {
    /// The one of this name.
    Named(ProjectKey, &'a str),
    /// Those whose names start so, sorted, at most so many.
    Starting(ProjectKey, &'a str, usize),
    /// Those whose names hold this, whatever the case of its ASCII letters; shortest first, at most so many.
    Holding(ProjectKey, &'a str, usize),
    /// Those whose names have no more than so many bytes, sorted, at most so many.
    Short(ProjectKey, usize, usize),
    /// Those that had this content, the one that was written or read last first.
    With(ProjectKey, &'a VersionId),
}

/// Which versions of an artifact are meant.
#[derive(Clone, Copy, Debug)]
pub enum Versions<'a> {
    /// Those that were written or read at or before `at`, or never, newest first: those that follow `after`, if one is named,
    /// at most `limit`.
    By {
        /// The moment.
        at: Timestamp,
        /// The last one that is known.
        after: Option<&'a VersionAt>,
        /// At most so many.
        limit: usize,
    },
    /// The one of this id, if it is among those by then.
    Of(&'a VersionId, Timestamp),
    /// The one whose last write at or before then is the latest; when nobody had written it, the one that was read last.
    Latest(Timestamp),
}

/// Which runs are meant.
#[derive(Clone, Copy, Debug)]
pub enum Runs<'a> {
    /// The one of this id.
    Of(RunId),
    /// Those of these that are built from events alone.
    OfEvents(&'a [RunKey]),
    /// Those whose id, written without hyphens, starts or ends with these digits; newest first, at most so many.
    Like(ProjectKey, &'a str, usize),
    /// Those selected, newest first.
    Selected(ProjectKey, &'a RunSelection),
    /// Those of a component that began then or later, newest first.
    Since(ComponentKey, Timestamp),
    /// Those of a component that began later, oldest first, at most so many.
    After(ComponentKey, Timestamp, usize),
    /// Those that read a version, under its own name or as a copy, each once.
    Reading(ArtifactKey, &'a VersionId),
    /// Those that read a version under its own name, oldest first, at most so many.
    FirstReading(ArtifactKey, &'a VersionId, usize),
    /// Those that named an artifact as theirs and left no version of it, newest first, at most so many.
    Claiming(ArtifactKey, usize),
    /// Those selected with metrics or checks, newest first.
    Measured(ProjectKey, &'a RunSelection, WhatOfRuns<'a>),
    /// Those that wrote or read artifacts, each once.
    Touching(Touched<'a>),
    /// Those inside these runs that wrote what these name too.
    WritingInside(&'a [RunKey]),
    /// Those that wrote what the last reader of a version by then saw: what it is a copy of, folders around it, parts of it.
    ReadBeside(ArtifactKey, &'a VersionId, Timestamp),
    /// Those that read what these writes made, each once.
    Seeing(&'a [WriteKey]),
    /// Those of a project that took in data of a subject.
    OfSubject(ProjectKey, &'a DataSubject),
}

/// Which runs wrote or read something.
#[derive(Clone, Copy, Debug)]
pub struct Touched<'a> {
    /// The artifacts.
    pub artifacts: &'a [ArtifactKey],
    /// Whether those are meant that wrote them, or were to.
    pub is_written: bool,
    /// At most so many.
    pub limit: usize,
}

/// Of which folders it is meant what lies in them.
#[derive(Clone, Copy, Debug)]
pub enum Folders<'a> {
    /// All of a project, by their contents.
    In(ProjectKey),
    /// Those of this content.
    Of(&'a VersionId),
    /// Those of this content, with nothing but what lies at this path; where nothing does, with something that lies below it.
    At(&'a VersionId, &'a str),
}

/// Which outputs of tasks are meant.
#[derive(Clone, Copy, Debug)]
pub enum Cases<'a> {
    /// The one of this id, of the task of this name.
    One(ProjectKey, &'a str, &'a str),
    /// All of a task, by id.
    Of(TaskKey),
}

/// Near what.
#[derive(Clone, Copy, Debug)]
pub enum NearOf<'a> {
    /// An artifact.
    Artifact(ArtifactKey),
    /// What is called so, whether anybody named it or not.
    Named(ProjectKey, &'a str),
}

/// Which writes are meant.
#[derive(Clone, Copy, Debug)]
pub enum Writes<'a> {
    /// Those of these runs that count, run by run in the order of writing.
    By(&'a [RunKey]),
    /// Those of these runs that count, in the order of writing, beside the last write of each artifact.
    BesideLast(&'a [RunKey]),
    /// The first of each of these versions: who makes the same bytes again repeats what another one began.
    First(&'a [VersionKey]),
}

/// Which runs are meant that were to write something and did not, as far as anybody knows.
#[derive(Clone, Copy, Debug)]
pub enum Marks<'a> {
    /// Those that ended after `since` and named the artifact as theirs without writing it, newest first, at most `limit`: those
    /// that left this version as it was, and, if wanted, those of which it is not known what they left.
    Left {
        /// The artifact.
        artifact: ArtifactKey,
        /// The moment.
        since: Timestamp,
        /// The version.
        version: &'a VersionId,
        /// Whether those about which nobody knows are wanted.
        with_unknown: bool,
        /// At most so many.
        limit: usize,
    },
    /// The last run of each artifact of which the last word is that it was missing at the end of a run.
    Missing(ProjectKey),
}

/// Which verdicts are meant.
#[derive(Clone, Copy, Debug)]
pub enum Labels<'a> {
    /// All.
    In(ProjectKey),
    /// Those on these versions.
    On(&'a [VersionKey]),
    /// Those on the versions of an artifact.
    Of(ArtifactKey),
}

/// From runs to others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// To those that wrote what they read.
    Upstream,
    /// To those that read what they wrote.
    Downstream,
}
