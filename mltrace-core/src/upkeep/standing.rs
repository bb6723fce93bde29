//! How recording stands: what waits in journals and since when, and what was lost.

use std::collections::BTreeMap;

use crate::config::Home;
use crate::folder;
use crate::ingest::{lost, own};
use crate::journal::{self, Journal};
use crate::model::Timestamp;
use crate::store::{Result, Store};

/// How recording stands.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Standing {
    /// How many bytes of journals are not in the store; `None` where the journals cannot be read.
    pub waiting_bytes: Option<u64>,
    /// For how many seconds, at least, the oldest of them have been waiting; `None` as above.
    pub waiting_s: Option<f64>,
    /// How many records could not be written; `None` where what counts them cannot be read.
    pub lost: Option<u64>,
    /// How many records were damaged and put aside.
    pub damaged: Option<u64>,
    /// How often a journal was found that somebody had cut, replaced or deleted; `None` as for those that are lost.
    pub cut: Option<u64>,
}

/// What was seen of the journals the last time: since when which of them wait, and from where on.
#[derive(Debug, Default)]
pub struct Waiting {
    since: BTreeMap<String, (u64, Timestamp)>,
}

impl Waiting {
    /// Returns how recording stands now. What cannot be read beside the store is not known, which hides nothing else.
    ///
    /// # Errors
    /// When the store does not answer.
    pub fn standing(&mut self, home: &Home, store: &mut dyn Store, now: Timestamp) -> Result<Standing> {
        let mut standing = Standing { damaged: Some(store.upkeep().tally("damaged")?), ..Standing::default() };
        if let Ok(counted) = lost::counted(home) {
            for (name, count) in [("lost", &mut standing.lost), ("cut", &mut standing.cut)] {
                let stored = store.upkeep().tally(name)?;
                *count = Some(stored.saturating_add(lost::beyond(counted.as_ref(), name, store)?));
            }
        }
        let Ok(journals) = journal::list(&home.journal()) else { return Ok(standing) };
        let (mut bytes, mut since) = (0_u64, BTreeMap::new());
        for (name, offset, more, changed) in waiting(home, journals, store)? {
            bytes = bytes.saturating_add(more);
            let known = self.since.get(&name).filter(|(from, _)| *from == offset).map(|(_, since)| *since);
            // What waits was written at the latest when the file last changed.
            since.insert(name, (offset, known.unwrap_or(changed).min(now)));
        }
        self.since = since;
        let oldest = self.since.values().map(|(_, since)| *since).min();
        #[expect(clippy::cast_precision_loss, reason = "a microsecond more or less in three centuries")]
        let seconds = |since: Timestamp| now.micros_since(since).max(0) as f64 / 1e6;
        Ok(Standing { waiting_bytes: Some(bytes), waiting_s: Some(oldest.map_or(0.0, seconds)), ..standing })
    }
}

/// Returns what waits in each file: its name, from where on, how many bytes, and when it last changed.
fn waiting(home: &Home, journals: Vec<Journal>, store: &mut dyn Store) -> Result<Vec<(String, u64, u64, Timestamp)>> {
    let mut found = Vec::new();
    for part in own(home, journals).0.into_iter().flat_map(|journal| journal.parts) {
        // Somebody has folded what is not there any more.
        let Ok(file) = folder::read_inside(&part.path).and_then(|file| file.metadata()) else { continue };
        let offset = store.upkeep().offset(&part.name)?;
        let bytes = file.len().saturating_sub(offset);
        if bytes > 0 {
            let changed = file.modified().map_or_else(|_| Timestamp::now(), Timestamp::of);
            found.push((part.name, offset, bytes, changed));
        }
    }
    Ok(found)
}
