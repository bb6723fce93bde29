//! Runs in full: everything that an answer shows of them, in a handful of statements for many runs.
//!
//! Rows that many runs share are read once. What runs read was mostly written by others that are asked for too, so reads
//! come last and only the writes that are not known by then are looked up.

use std::collections::BTreeMap;
use std::hash::Hash;

use foldhash::HashMap;
use rusqlite::{OptionalExtension, Row, params};

use super::SqliteStore;
use super::keys::{CHUNK, among, ascending, ranges};
use super::known::Known;
use super::listed::{self, COMPARED, LISTED, Most, PARAMS, Room, SHOWN, first_tags, keep_first_tags, note, param};
use super::map::{size, version_id};
use super::runs::run_row;
use crate::model::{ArtifactName, Declaration, Git, Timestamp, Verdict};
use crate::store::{
    CodeDetail, CodeKey, ComponentKey, ComponentRow, DeclarationKey, Extent, GitKey, LeftOut, Measures, ProcessKey,
    ProjectKey, Result, RunDetail, RunKey, RunRow, StoreError, VersionKey, WriteDetail,
};

/// The run's own columns as `run_row` reads them, and when its work was first done again.
const RUNS: &str = concat!(
    "SELECT r.id, r.uuid, r.project_id, r.component_id, r.status, r.started_at, r.ended_at, r.duration_us,
         r.process_id, r.parent, r.code_id, r.git_id, r.declaration_id, r.error, r.signature, r.is_start_chosen,
         (SELECT y.ended_at FROM run y WHERE y.component_id = r.component_id AND y.signature = r.signature
          AND y.ended_at >= r.ended_at AND y.id <> r.id ORDER BY y.ended_at LIMIT 1)
     FROM json_each($1) AS asked CROSS JOIN run r ON ",
    among!("r.id"),
    " WHERE r.component_id IS NOT NULL"
);

/// With when the artifact was next written.
const WRITES: &str = concat!(
    "SELECT w.run_id, w.id, w.n, w.artifact_id, a.name, a.kind, w.argument_id,
         w.version_id, v.id_kind, v.id_value, v.size, w.at, w.said_at,
         (SELECT q.at FROM write q WHERE q.artifact_id = w.artifact_id AND q.version_id IS NOT NULL
          AND q.at >= w.at AND q.id <> w.id ORDER BY q.at LIMIT 1), w.mark
     FROM json_each($1) AS asked
     CROSS JOIN write w ON ",
    among!("w.run_id"),
    " JOIN artifact a ON a.id = w.artifact_id
     LEFT JOIN version v ON v.id = coalesce(w.version_id, CASE w.mark WHEN 1 THEN w.seen_id END)"
);

const VERDICTS: &str = concat!(
    "SELECT l.version_id, l.verdict FROM json_each($1) AS asked CROSS JOIN label l ON ",
    among!("l.version_id"),
    " ORDER BY l.at, l.uuid"
);

const COUNT_READS: &str = "SELECT count(*) FROM (SELECT 1 FROM read WHERE run_id = $1 LIMIT $2)";
const COUNT_WRITES: &str = "SELECT count(*) FROM (SELECT 1 FROM write WHERE run_id = $1 LIMIT $2)";

const NOTES: &str = concat!(
    "SELECT q.run_id, q.uuid, q.text, q.at, q.by FROM json_each($1) AS asked CROSS JOIN note q ON ",
    among!("q.run_id"),
    " ORDER BY q.at, q.uuid"
);

impl SqliteStore {
    pub(super) fn run_details(&self, runs: &[RunKey], extent: Extent) -> Result<Vec<RunDetail>> {
        let _one_look = self.look()?;
        // In the order of the table, neighbours are found beside each other.
        let keys = ascending(runs.iter().copied());
        let lists: Vec<String> = keys.chunks(CHUNK).map(ranges).collect();
        let (mut gathered, mut room) = (Gathered::new(runs), Room::of(extent));
        for (list, keys) in lists.iter().zip(keys.chunks(CHUNK)) {
            gathered.add_runs(self, list, extent)?;
            match extent {
                Extent::Edges | Extent::FewEdges | Extent::Source => {}
                Extent::Notes => {
                    gathered.add_notes(self, list)?;
                    continue;
                }
                Extent::Listed => {
                    gathered.add_first(self, keys, list)?;
                    gathered.add_subjects(self, list)?;
                }
                Extent::Compared(most) => gathered.add_compared(self, (keys, list), most)?,
                Extent::Whole | Extent::Full => {
                    gathered.add_params(self, list)?;
                    gathered.add_notes(self, list)?;
                    gathered.add_measures(self, list)?;
                    gathered.add_subjects(self, list)?;
                }
            }
            gathered.add_writes(self, (keys, list), &mut room)?;
        }
        let mut room = Room::of(extent);
        for (list, keys) in lists.iter().zip(keys.chunks(CHUNK)).filter(|_| extent != Extent::Notes) {
            gathered.add_reads(self, (keys, list), &mut room)?;
        }
        Ok(gathered.finish())
    }
}

/// Runs as far as they are known, each in its place.
struct Gathered {
    details: Vec<Option<RunDetail>>,
    places: HashMap<RunKey, usize>,
    shared: Shared,
    known: Known,
}

impl Gathered {
    fn new(runs: &[RunKey]) -> Self {
        let mut places = HashMap::default();
        places.reserve(runs.len());
        for (place, run) in runs.iter().enumerate() {
            places.entry(*run).or_insert(place);
        }
        let details = runs.iter().map(|_| None).collect();
        Self { details, places, shared: Shared::default(), known: Known::with_capacity(runs.len()) }
    }

    fn add_runs(&mut self, store: &SqliteStore, list: &str, extent: Extent) -> Result<()> {
        let mut statement = store.connection.prepare_cached(RUNS)?;
        let mut rows = statement.query([list])?;
        while let Some(row) = rows.next()? {
            let (key, own) = (row.get(0)?, run_row(row)?);
            self.known.add_run(key, &own, row.get(16)?);
            if let Some(place) = self.places.get(&key).and_then(|place| self.details.get_mut(*place)) {
                let detail = self.shared.detail(store, key, own, extent)?;
                store.hold_bytes(|| weight(&detail))?;
                *place = Some(detail);
            }
        }
        Ok(())
    }

    fn add_params(&mut self, store: &SqliteStore, list: &str) -> Result<()> {
        let mut statement = store.connection.prepare_cached(PARAMS)?;
        let mut rows = statement.query([list])?;
        while let Some(row) = rows.next()? {
            store.hold(row)?;
            if let Some(detail) = self.detail(row.get(0)?) {
                detail.params.insert(row.get(1)?, param(store, row, 2)?);
            }
        }
        Ok(())
    }

    fn add_notes(&mut self, store: &SqliteStore, list: &str) -> Result<()> {
        let mut statement = store.connection.prepare_cached(NOTES)?;
        let mut rows = statement.query([list])?;
        while let Some(row) = rows.next()? {
            store.hold(row)?;
            if let Some(detail) = self.detail(row.get(0)?) {
                detail.notes.push(note(row)?);
            }
        }
        Ok(())
    }

    fn add_subjects(&mut self, store: &SqliteStore, list: &str) -> Result<()> {
        for (run, subject) in store.subjects_of(list)? {
            self.detail(run).into_iter().for_each(|detail| detail.subjects.push(subject.clone()));
        }
        Ok(())
    }

    fn add_measures(&mut self, store: &SqliteStore, list: &str) -> Result<()> {
        let mut found = HashMap::default();
        store.add_metrics(list, &mut found)?;
        store.add_checks(list, &mut found)?;
        let mut observed = HashMap::default();
        store.add_observations(list, &mut observed)?;
        for (run, observations) in observed {
            self.detail(run).into_iter().for_each(|detail| detail.observations.clone_from(&observations));
        }
        for (run, measures) in found {
            self.detail(run).into_iter().for_each(|detail| detail.measures.clone_from(&measures));
        }
        Ok(())
    }

    /// Adds of each sort what a list shows.
    fn add_first(&mut self, store: &SqliteStore, keys: &[RunKey], list: &str) -> Result<()> {
        let (places, details) = (&self.places, &mut self.details);
        store.first_of(&LISTED, (keys, list), SHOWN, &mut |sort, run, found| {
            if let Some(detail) = detail_of(places, details, run) {
                listed::add(store, detail, sort, &found)?;
            }
            Ok(())
        })
    }

    /// Adds of each sort what runs are compared by.
    fn add_compared(&mut self, store: &SqliteStore, of: (&[RunKey], &str), most: u64) -> Result<()> {
        let (places, details) = (&self.places, &mut self.details);
        store.first_of(&COMPARED, of, Most::compared(most), &mut |sort, run, found| match detail_of(
            places, details, run,
        ) {
            Some(RunDetail { params, measures, observations, cut, .. }) => {
                let cut = cut.get_or_insert_default();
                listed::add_compared(store, (params, measures, observations, cut), sort, &found)
            }
            None => Ok(()),
        })
    }

    fn add_writes(&mut self, store: &SqliteStore, of: (&[RunKey], &str), room: &mut Room) -> Result<()> {
        let mut written: Vec<(VersionKey, RunKey, usize)> = Vec::new();
        let mut nesting = store.nesting(of.1)?;
        let full = store.edges_of(WRITES, of, room, &mut |row| {
            let (run, version) = (row.get(0)?, row.get(7)?);
            let Some(detail) = detail_of(&self.places, &mut self.details, run) else { return Ok(run) };
            let mut write = write_detail(row, self.known.argument(store, row.get(6)?)?)?;
            nesting.add_to(run, &mut write);
            self.known.add_write(row.get(1)?, run, (row.get(3)?, version), row.get(13)?, &write);
            // Most runs write one thing, and a vector of them begins with room for four.
            detail.writes.reserve_exact(usize::from(detail.writes.is_empty()));
            written.extend(version.map(|version| (version, run, detail.writes.len())));
            detail.writes.push(write);
            Ok(run)
        })?;
        self.leave_out(store, COUNT_WRITES, &full, |out| &mut out.outputs)?;
        self.add_verdicts(store, written)
    }

    /// Adds the last verdict on each version.
    fn add_verdicts(&mut self, store: &SqliteStore, mut written: Vec<(VersionKey, RunKey, usize)>) -> Result<()> {
        written.sort_unstable();
        let mut versions: Vec<VersionKey> = written.iter().map(|(version, ..)| *version).collect();
        versions.dedup();
        let verdicts = store.each(VERDICTS, &versions, |row| Ok((row.get(0)?, row.get(1)?)))?;
        let last: HashMap<VersionKey, Verdict> = verdicts.into_iter().collect();
        if last.is_empty() {
            return Ok(());
        }
        for (version, run, place) in written {
            let write = self.detail(run).and_then(|detail| detail.writes.get_mut(place));
            if let (Some(write), verdict @ Some(_)) = (write, last.get(&version)) {
                write.label = verdict.copied();
            }
        }
        Ok(())
    }

    /// Takes note that of these runs only so many edges were taken of those that `sql` counts.
    fn leave_out(
        &mut self,
        store: &SqliteStore,
        sql: &str,
        full: &[(RunKey, i64)],
        sort: fn(&mut LeftOut) -> &mut u64,
    ) -> Result<()> {
        for (run, taken) in full {
            let (left, is_all) = store.count_after(sql, *run, *taken)?;
            let Some(detail) = self.detail(*run).filter(|_| left > 0) else { continue };
            let out = detail.left_out.get_or_insert_default();
            out.is_at_least |= !is_all;
            *sort(out) = left;
        }
        Ok(())
    }

    fn add_reads(&mut self, store: &SqliteStore, of: (&[RunKey], &str), room: &mut Room) -> Result<()> {
        let (reads, full) = self.known.reads(store, of, room)?;
        self.leave_out(store, COUNT_READS, &full, |out| &mut out.inputs)?;
        for reads in reads.chunk_by(|one, other| one.run == other.run) {
            let Some(run) = reads.first().map(|read| read.run) else { continue };
            let Some(detail) = detail_of(&self.places, &mut self.details, run) else { continue };
            detail.reads.reserve_exact(reads.len());
            for read in reads {
                let read = self.known.read_detail(store, read)?;
                store.hold_bytes(|| size_of_val(&read).saturating_add(read.name.as_str().len()))?;
                detail.reads.push(read);
            }
        }
        Ok(())
    }

    fn detail(&mut self, run: RunKey) -> Option<&mut RunDetail> {
        detail_of(&self.places, &mut self.details, run)
    }

    /// Returns the runs that are there, with their reads and writes in the order of their numbers.
    fn finish(self) -> Vec<RunDetail> {
        let in_order = |mut detail: RunDetail| {
            detail.reads.sort_by_key(|read| read.n);
            detail.writes.sort_by_key(|write| write.n);
            detail
        };
        // Unlike `flatten`, this leaves them where they are.
        self.details.into_iter().filter_map(|detail| detail.map(in_order)).collect()
    }
}

fn detail_of<'d>(
    places: &HashMap<RunKey, usize>,
    details: &'d mut [Option<RunDetail>],
    run: RunKey,
) -> Option<&'d mut RunDetail> {
    details.get_mut(*places.get(&run)?)?.as_mut()
}

/// Returns how many bytes a run takes without its parameters, edges and notes: what many runs share, each has for itself.
fn weight(detail: &RunDetail) -> usize {
    let length = |text: &Option<String>| text.as_ref().map_or(0, String::len);
    let lengths = |texts: &[String]| texts.iter().map(|text| text.len().saturating_add(size_of::<String>())).sum();
    let component = &detail.component;
    let own = [size_of::<RunDetail>(), detail.project.len(), component.name.len(), lengths(&component.tags)];
    let texts = [&component.owner, &component.description, &detail.row.error, &detail.host, &detail.user].map(length);
    let said = detail.declared.iter();
    let said = said.flat_map(|said| [length(&said.owner), length(&said.description), lengths(&said.tags)]);
    let git = detail.git.iter().flat_map(|git| [length(&git.branch), length(&git.remote), lengths(&git.tags)]);
    let code = detail.code.iter().flat_map(|code| [code.file.len(), code.hash.len(), length(&code.source)]);
    own.into_iter().chain(texts).chain(said).chain(git).chain(code).fold(0, usize::saturating_add)
}

fn write_detail(row: &Row<'_>, argument: Option<String>) -> rusqlite::Result<WriteDetail> {
    Ok(WriteDetail {
        n: row.get(2)?,
        artifact: row.get(3)?,
        name: ArtifactName(row.get(4)?),
        kind: row.get(5)?,
        argument,
        made: row.get(7)?,
        version: version_id(row, 8)?,
        size: size(row, 10)?,
        at: row.get(11)?,
        said_at: row.get(12)?,
        mark: row.get(14)?,
        label: None,
        echo: None,
        within: Vec::new(),
    })
}

/// Rows that many runs point to, each read once.
#[derive(Default)]
struct Shared {
    projects: HashMap<ProjectKey, String>,
    /// With how many of their tags are left out, as of the two below.
    components: HashMap<ComponentKey, (ComponentRow, u64)>,
    declarations: HashMap<DeclarationKey, (Option<Declaration>, u64)>,
    processes: HashMap<ProcessKey, Process>,
    gits: HashMap<GitKey, (Option<Git>, u64)>,
    codes: HashMap<(CodeKey, Option<ProcessKey>), Option<CodeDetail>>,
}

#[derive(Clone, Default)]
struct Process {
    host: Option<String>,
    user: Option<String>,
    last_seen: Option<Timestamp>,
    is_imported: bool,
}

impl Shared {
    fn detail(&mut self, store: &SqliteStore, key: RunKey, row: RunRow, extent: Extent) -> Result<RunDetail> {
        let (with_source, is_whole) = (extent.has_source(), matches!(extent, Extent::Whole | Extent::Full));
        let few = |tags: &mut Vec<String>| if is_whole { 0 } else { keep_first_tags(tags) };
        let component = row.component.ok_or_else(|| StoreError::Corrupt(format!("run {} has no component", key.0)))?;
        let (component, of_component) = once(&mut self.components, component, || {
            let missing = || StoreError::Corrupt(format!("component {} is missing", component.0));
            let mut found = store.component_row(component, false)?.ok_or_else(missing)?;
            let left = few(&mut found.tags);
            Ok((found, left))
        })?;
        let project = once(&mut self.projects, row.project, || {
            let found = store.one("SELECT name FROM project WHERE id = $1", [row.project], |row| row.get(0))?;
            found.ok_or_else(|| StoreError::Corrupt(format!("project {} is missing", row.project.0)))
        })?;
        let declared = row.declaration.map(|key| {
            once(&mut self.declarations, key, || {
                let mut found = declaration(store, key)?;
                let left = found.as_mut().map_or(0, |found| few(&mut found.tags));
                Ok((found, left))
            })
        });
        let (declared, of_declared) = declared.transpose()?.unwrap_or_default();
        let Process { host, user, last_seen, is_imported } = match row.process {
            Some(key) => once(&mut self.processes, key, || process(store, key))?,
            None => Process::default(),
        };
        let git = row.git.map(|key| once(&mut self.gits, key, || git(store, key, is_whole)));
        let (git, of_git) = git.transpose()?.unwrap_or_default();
        let tags = of_component.saturating_add(of_declared).saturating_add(of_git);
        let code = row
            .code
            .map(|key| once(&mut self.codes, (key, row.process), || code(store, key, row.process, with_source)));
        Ok(RunDetail {
            key,
            project,
            component,
            declared,
            host,
            user,
            last_seen,
            is_imported,
            git,
            code: code.transpose()?.flatten(),
            row,
            params: BTreeMap::new(),
            reads: Vec::new(),
            writes: Vec::new(),
            notes: Vec::new(),
            measures: Measures::default(),
            observations: Vec::new(),
            subjects: Vec::new(),
            left_out: (tags > 0).then(|| Box::new(LeftOut { tags, ..LeftOut::default() })),
            cut: None,
        })
    }
}

/// Returns what is known of `key`, found first when it is not.
fn once<K: Copy + Eq + Hash, V: Clone>(
    known: &mut HashMap<K, V>,
    key: K,
    find: impl FnOnce() -> Result<V>,
) -> Result<V> {
    if let Some(known) = known.get(&key) {
        return Ok(known.clone());
    }
    let found = find()?;
    known.insert(key, found.clone());
    Ok(found)
}

fn declaration(store: &SqliteStore, key: DeclarationKey) -> Result<Option<Declaration>> {
    let content: Option<String> =
        store.one("SELECT content FROM declaration WHERE id = $1", [key], |row| row.get(0))?;
    Ok(content.and_then(|content| serde_json::from_str(&content).ok()))
}

fn process(store: &SqliteStore, key: ProcessKey) -> Result<Process> {
    let sql = "SELECT host, user, last_seen, key LIKE 'import %' FROM process WHERE id = $1";
    let found = store.one(sql, [key], |row| {
        Ok(Process { host: row.get(0)?, user: row.get(1)?, last_seen: row.get(2)?, is_imported: row.get(3)? })
    })?;
    Ok(found.unwrap_or_default())
}

/// Returns a git state with all of its tags, or with the first ones and how many there are beside.
fn git(store: &SqliteStore, key: GitKey, is_whole: bool) -> Result<(Option<Git>, u64)> {
    let sql = "SELECT key, commit_id, branch, tags, dirty, remote FROM git WHERE id = $1";
    let found = store.one(sql, [key], |row| {
        let json = row.get_ref(3)?.as_str_or_null()?.unwrap_or("[]");
        let (tags, left) =
            if is_whole { (serde_json::from_str(json).unwrap_or_default(), 0) } else { first_tags(json) };
        let (key, commit, branch) = (row.get(0)?, row.get(1)?, row.get(2)?);
        Ok((Git { key, commit, branch, tags, dirty: row.get(4)?, remote: row.get(5)? }, left))
    })?;
    Ok(found.map_or((None, 0), |(git, left)| (Some(git), left)))
}

/// Returns a source, and whether the work tree of that process held it.
fn code(
    store: &SqliteStore,
    key: CodeKey,
    process: Option<ProcessKey>,
    with_source: bool,
) -> Result<Option<CodeDetail>> {
    let sql = "SELECT c.file, c.line, c.hash, CASE WHEN $1 THEN c.source END, k.is_in_work_tree
         FROM code c LEFT JOIN code_check k ON k.process_id = $2 AND k.code_id = c.id WHERE c.id = $3";
    let mut statement = store.connection.prepare_cached(sql)?;
    let found = statement.query_row(params![with_source, process, key], |row| {
        Ok(match (row.get(0)?, row.get(1)?, row.get(2)?) {
            (Some(file), Some(line), Some(hash)) => {
                Some(CodeDetail { file, line, hash, source: row.get(3)?, is_in_work_tree: row.get(4)? })
            }
            // Its text has not arrived yet.
            _ => None,
        })
    });
    Ok(found.optional()?.flatten())
}
