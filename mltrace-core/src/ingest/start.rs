//! The start of a run, which may arrive late, twice, or in parts.

use super::apply::Applier;
use super::ends::{ended, measure};
use super::forget::Left;
use super::touched::Began;
use super::work::Work;
use crate::model::{Header, PROCESS_OF_EVENTS_ON, Start};
use crate::store::{Name, ProcessKey, Result, RunKey, RunRow, Said};

impl<'r> Applier<'_, 'r> {
    pub(super) fn start(&mut self, start: &'r Start) -> Result<()> {
        self.saw(start.at);
        let Some(fresh) = self.started(start)? else { return Ok(()) };
        let work = self.told_work(start)?;
        let first = self.ends.get(&start.run).map_or_else(|| fresh.clone(), |end| ended(&fresh, end));
        let first = RunRow { signature: work.signature(), ..first };
        let is_known = self.runs.contains_key(&start.run);
        if let Some(key) = self.named.runs.get(&start.run).copied().filter(|_| !is_known) {
            self.runs.insert(start.run, (key, first));
            self.known.insert(key, Vec::new());
            self.touched.fresh.insert(key);
            for (name, value) in &start.params {
                self.keep(Said::Param(key, name, value.to_string(), start.at))?;
            }
            let began = Began { at: start.at, is_chosen: fresh.is_start_chosen };
            for read in &start.inputs {
                self.read(key, read, Some(began))?;
            }
            self.works.insert(key, work);
            return Ok(());
        }
        let Some(key) = self.run(start.run)? else { return Ok(()) };
        let Some((_, row)) = self.runs.get_mut(&start.run) else { return Ok(()) };
        if row.component.is_some() {
            // The process that ran it knows more than its events.
            let other = row.process.filter(|process| Some(*process) != fresh.process);
            let other = other.filter(|_| self.header.process.is_some());
            let is_of_events = match other {
                Some(process) => !self.writer.processes_of_events(&[process])?.is_empty(),
                None => false,
            };
            if !is_of_events {
                return self.started_before(key, start, &fresh);
            }
            self.take_back(start.run, Left::Row)?;
        }
        let Some((_, row)) = self.runs.get_mut(&start.run) else { return Ok(()) };
        let began = Began { at: start.at, is_chosen: fresh.is_start_chosen };
        // The end came first: it keeps what it said.
        *row = RunRow {
            status: row.status,
            ended_at: row.ended_at,
            duration_us: row.duration_us,
            error: row.error.take(),
            ..fresh
        };
        self.changed.insert(start.run);
        self.touched.statuses.insert(key);
        self.touched.works.insert(key);
        let mut params = start.params.iter();
        params.try_for_each(|(name, value)| self.set_param(key, name, &value.to_string(), start.at))?;
        start.inputs.iter().try_for_each(|read| self.late_read(key, read, Some(began)))
    }

    /// Returns what the start of a run says that it works on.
    fn told_work(&mut self, start: &'r Start) -> Result<Work<'r>> {
        let mut work = Work::default();
        for read in &start.inputs {
            work.inputs.insert(read.name.0.as_str().into(), self.artifact(&read.name, read.kind)?);
        }
        let params = start.params.iter().map(|(name, value)| (name.as_str().into(), (start.at, value.to_string())));
        work.params.extend(params);
        Ok(work)
    }

    /// Takes what a start says of a run that is known: an import may know inputs and parameters that a former one did not
    /// know, and when the run began where that was a guess.
    fn started_before(&mut self, key: RunKey, start: &'r Start, fresh: &RunRow) -> Result<()> {
        let Some((_, row)) = self.runs.get_mut(&start.run) else { return Ok(()) };
        let is_news = row.is_start_chosen && (!fresh.is_start_chosen || fresh.started_at < row.started_at);
        let is_same = row.started_at == fresh.started_at;
        if !is_news && !is_same && !fresh.is_start_chosen {
            return Ok(());
        }
        if row.process.is_none() && fresh.process.is_some() {
            row.process = fresh.process;
            self.changed.insert(start.run);
            self.touched.moved.entry(key).or_insert(start.at);
        }
        // An earlier version of mltrace may not have understood all that the same start says.
        let parent = row.parent;
        if row.fill_in(fresh) {
            self.changed.insert(start.run);
            // What the runs around it wrote may only name what this one did.
            if row.parent != parent {
                self.touched.statuses.insert(key);
            }
        }
        if is_news {
            self.begins(key, start, fresh.is_start_chosen)?;
        }
        let began = self.runs.get(&start.run).map_or(Began { at: start.at, is_chosen: false }, |(_, row)| Began {
            at: row.started_at.unwrap_or(start.at),
            is_chosen: row.is_start_chosen,
        });
        start.inputs.iter().try_for_each(|read| self.late_read(key, read, Some(began)))?;
        let at = began.at;
        start.params.iter().try_for_each(|(name, value)| self.set_param(key, name, &value.to_string(), at))
    }

    /// Moves the start of a run to when somebody said that it was, and with it what the run read then.
    fn begins(&mut self, key: RunKey, start: &Start, is_start_chosen: bool) -> Result<()> {
        let Some((_, row)) = self.runs.get_mut(&start.run) else { return Ok(()) };
        let before = row.started_at.unwrap_or(start.at);
        *row = RunRow { started_at: Some(start.at), is_start_chosen, ..row.clone() };
        measure(row);
        self.changed.insert(start.run);
        for read in self.touched.new_reads.values_mut().filter(|read| read.run == key && read.is_untimed) {
            read.at = start.at;
            read.is_untimed = is_start_chosen;
        }
        let moved = self.writer.move_untimed(key, start.at, !is_start_chosen)?;
        self.touched.reads.extend(moved.into_iter().map(|n| (key, n)));
        self.touched.moved.entry(key).or_insert(before);
        Ok(())
    }

    /// Returns the row of a run that has just started; `None` when retention removed it.
    fn started(&mut self, start: &'r Start) -> Result<Option<RunRow>> {
        if self.named.removed.contains(&start.run) {
            return Ok(None);
        }
        let component = self.component_key(&start.component)?;
        let declaration = start.declared.as_ref().map(|declared| self.declaration_key(declared)).transpose()?;
        start.declared.iter().try_for_each(|declared| self.amend(component, declared, start.at))?;
        let process = self.process_of(start)?;
        Ok(Some(RunRow {
            component: Some(component),
            started_at: Some(start.at),
            process,
            parent: start.parent,
            code: start.code.as_deref().map(|code| self.code_key(code)).transpose()?,
            git: start.git.as_deref().map(|git| self.git_key(git)).transpose()?,
            declaration,
            is_start_chosen: self.chosen.is_some_and(|chosen| chosen.start),
            ..self.unborn(start.run)
        }))
    }

    /// Returns the process of a run: the journal's, or one that stands for an imported run's host and user and when
    /// its process was last heard of.
    fn process_of(&mut self, start: &'r Start) -> Result<Option<ProcessKey>> {
        let seen = self.header.at.filter(|_| self.header.process.is_none());
        let code = start.code.as_deref();
        let check = code.and_then(|code| Some((code, *self.checks.get(code)?)));
        if start.host.is_none() && start.user.is_none() && seen.is_none() && check.is_none() {
            return Ok(self.process);
        }
        let header =
            Header { host: start.host.clone(), user: start.user.clone(), process: None, ..self.header.clone() };
        let part = |text: &Option<String>| text.clone().unwrap_or_default();
        // Who builds a run from events says which process that is, and no process stands behind it.
        let is_of_events = self.process.is_some() && self.header.process.is_none();
        let origin = if is_of_events { PROCESS_OF_EVENTS_ON } else { "import " };
        let mut key = format!("{origin}{} {}", part(&start.host), part(&start.user));
        if let Some(at) = seen {
            key.push_str(&format!(" {at}"));
        }
        if let Some((_, is_in_work_tree)) = check {
            key.push_str(if is_in_work_tree { " in its work tree" } else { " not in its work tree" });
        }
        let process = ProcessKey(self.writer.key(Name::Process(&key, &header))?);
        if let Some((code, is_in_work_tree)) = check {
            let code = self.code_key(code)?;
            self.keep(Said::CodeCheck(process, code, is_in_work_tree))?;
        }
        if let Some(at) = seen {
            self.keep(Said::Seen(process, at))?;
        }
        Ok(Some(process))
    }
}
