//! The text of events whose run is taken back: it goes, and what tells the tries of their run apart stays.

use std::collections::BTreeSet;

use super::room::Room;
use crate::model::{RunId, Timestamp};
use crate::openlineage::{Event, Kind, Tries, later_try};
use crate::store::{Among, BEGAN, ENDED, EventRow, EventsFrom, ProjectKey, Result, Said, Writer};

/// Returns under which id the events of a run are kept that are dated ahead of the clock: none of them counts for the run, and
/// all are found when it is taken back.
pub(super) fn ahead_of(run: RunId) -> RunId {
    RunId(uuid::Uuid::new_v5(&run.0, b"ahead of the clock"))
}

/// Returns what happened; `None` where nobody can read it.
pub(super) fn kind_of(row: &EventRow) -> Option<Kind> {
    match row.body.as_str() {
        BEGAN => Some(Kind::Start),
        ENDED => Some(Kind::Complete),
        "" => Some(Kind::Other),
        body => Event::parse(body).ok().map(|event| event.kind),
    }
}

/// Lets the text of the events go of which runs were built that were taken back, each with when it began if that is known.
pub(super) fn forget_runs(writer: &mut dyn Writer, runs: &[(RunId, Option<Timestamp>)]) -> Result<()> {
    let mut found = BTreeSet::new();
    for (run, began) in runs {
        // The run may be a try of one under whose id all of its events are.
        for (project, of) in writer.runs_with_events(*run, *began)? {
            let is_its_try = || began.is_some_and(|began| later_try(of, began) == *run);
            if of == *run || is_its_try() {
                found.insert((project, of));
            }
        }
        writer.keep(Said::EventsForgotten(None, ahead_of(*run), None))?;
    }
    found.into_iter().try_for_each(|(project, of)| forget_events(writer, project, of))
}

/// Lets the text of those events of a run go that are of tries that were taken back.
pub(super) fn forget_events(writer: &mut dyn Writer, project: ProjectKey, run: RunId) -> Result<()> {
    let (mut tries, mut room) = (Tries::of(run), Room::default());
    let mut events: Vec<(RunId, [u8; 32], Kind, bool)> = Vec::new();
    let mut is_cut = false;
    writer.events_of(project, run, EventsFrom::First, &mut |row| {
        // Those that do not count are of the last try.
        is_cut = !room.take(&row.body) && !events.is_empty();
        if let (false, Some(kind)) = (is_cut, kind_of(&row)) {
            events.push((tries.next(row.at(), kind), row.key, kind, row.is_forgotten()));
        }
        !is_cut
    })?;
    let all: BTreeSet<RunId> = events.iter().map(|(of, ..)| *of).collect();
    let mut gone: BTreeSet<RunId> =
        writer.among(&all.into_iter().collect::<Vec<_>>(), Among::Forgotten)?.into_iter().collect();
    // A try keeps its place among the others, but not its id when an earlier one turns up.
    gone.extend(events.iter().filter(|(.., is_forgotten)| *is_forgotten).map(|(of, ..)| *of));
    if gone.is_empty() {
        return Ok(());
    }
    for (_, key, kind, _) in events.iter().filter(|(of, .., is_forgotten)| gone.contains(of) && !is_forgotten) {
        let left = match kind {
            Kind::Start => BEGAN,
            kind if kind.is_end() => ENDED,
            _ => "",
        };
        writer.keep(Said::EventForgotten(project, *key, left))?;
    }
    if let Some((_, last, ..)) = events.last().filter(|(of, ..)| is_cut && gone.contains(of)) {
        writer.keep(Said::EventsForgotten(Some(project), run, Some(*last)))?;
    }
    writer.keep(Said::EventsForgotten(None, ahead_of(run), None))
}
