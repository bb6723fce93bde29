//! The door between the caller's code and ours: what goes wrong behind it is lost, counted, and over.
//!
//! A signal's handler that records may have interrupted this very thread behind the door, where locks are held and memory
//! is being allocated; so may an allocator or a panic hook of the program's. Such a call is turned away before it touches
//! anything.

use std::sync::atomic::{AtomicBool, Ordering, compiler_fence};

use crate::kept::kept;

/// Who counts what is lost behind the door.
pub(super) trait Counts {
    /// Counts one record that could not be made.
    fn lose_one(&'static self);
    /// Says once that something of ours panicked.
    fn say_bug(&self, message: &str);
}

thread_local! {
    /// Whether this thread is behind the door. It has no destructor, so that it is there while the thread ends.
    static IS_INSIDE: AtomicBool = const { AtomicBool::new(false) };
}

/// Does our work behind the door; `None` when it panicked, or when this thread is there already. That is counted as one
/// lost record.
#[inline]
pub(super) fn ours<T>(recorder: &'static impl Counts, work: impl FnOnce() -> T) -> Option<T> {
    let Some(_inside) = Inside::enter() else {
        recorder.lose_one();
        return None;
    };
    let work = || {
        #[cfg(test)]
        tests::fail_if_asked();
        work()
    };
    kept(work).map_err(|text| panicked(recorder, &text)).ok()
}

#[cold]
fn panicked(recorder: &'static impl Counts, text: &str) {
    recorder.lose_one();
    recorder.say_bug(&format!("a bug in mltrace kept something from being recorded: {text}"));
}

/// While it lives, this thread is behind the door.
struct Inside;

impl Inside {
    fn enter() -> Option<Self> {
        let was_inside = IS_INSIDE.try_with(|inside| {
            let was_inside = inside.load(Ordering::Relaxed);
            inside.store(true, Ordering::Relaxed);
            was_inside
        });
        // A handler runs on this thread: it is the compiler that must not move what follows up.
        compiler_fence(Ordering::SeqCst);
        (was_inside != Ok(true)).then(|| Self)
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        compiler_fence(Ordering::SeqCst);
        let _ = IS_INSIDE.try_with(|inside| inside.store(false, Ordering::Relaxed));
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::path::Path;
    use std::sync::atomic::AtomicU64;

    use super::*;
    use crate::config::{Environment, Home};
    use crate::model::{Record, Status};
    use crate::record::{Call, Hooks, Joins, OpenRun, Opening, Recorder, Site, SiteState};
    use crate::values::{Given, Named};

    thread_local! {
        static IS_TO_FAIL: Cell<bool> = const { Cell::new(false) };
    }

    pub(super) fn fail_if_asked() {
        assert!(!IS_TO_FAIL.get(), "a bug of ours");
    }

    static SITE: Site = Site {
        component: "c",
        file: "",
        line: 0,
        source: "",
        manifest_folder: "",
        owner: None,
        description: None,
        tags: &[],
        stale_after_s: None,
        kinds: &[],
        ids: &[],
        profiles: &[],
        state: SiteState::new(),
    };

    fn no_other() -> &'static Recorder {
        panic!("nobody forks here")
    }

    fn recorder_in(folder: &Path, warn: fn(&str)) -> &'static Recorder {
        std::fs::create_dir(folder.join(".mltrace")).unwrap();
        let home = Home::find(folder, None, &Environment::default());
        let hooks = Hooks { warn, appended: || {}, here: no_other };
        Box::leak(Box::new(Recorder::new(home, &Environment::default(), hooks)))
    }

    fn begin(recorder: &'static Recorder) -> OpenRun {
        OpenRun::begin(recorder, Opening { component: "c".into(), ..Opening::default() })
    }

    fn given() -> Given {
        Given::new(Named::Text("s3://b/x".to_owned()))
    }

    /// What a caller may do.
    type Door = fn(&'static Recorder, &OpenRun);

    const DOORS: [(&str, Door); 9] = [
        ("begin", |recorder, _| drop(begin(recorder))),
        ("append", |recorder, _| {
            recorder.append(Record::Rotated);
        }),
        ("read", |_, run| run.read(given())),
        ("wrote", |_, run| run.wrote(given())),
        ("moved", |_, run| run.moved(given(), given())),
        ("opened", |_, run| run.opened(given())),
        ("param", |_, run| run.param("lr", serde_json::Value::Null)),
        ("note", |_, run| run.note("text")),
        ("end", |_, run| {
            run.end(Status::Completed, None, None);
        }),
    ];

    #[test]
    fn a_bug_behind_any_door_is_counted_and_reaches_nobody() {
        static WARNED: AtomicU64 = AtomicU64::new(0);
        let folder = tempfile::tempdir().unwrap();
        let recorder = recorder_in(folder.path(), |_| {
            WARNED.fetch_add(1, Ordering::Relaxed);
        });
        for (at, (door, call)) in (1..).zip(DOORS) {
            let run = begin(recorder);
            IS_TO_FAIL.set(true);
            call(recorder, &run);
            IS_TO_FAIL.set(false);
            assert!(run.end(Status::Completed, None, None), "{door}: the run goes on");
            assert_eq!(recorder.lost(), 0, "{door}: the count is told with the next record");
            assert_eq!(lost_in(recorder), at, "{door}");
        }
        assert_eq!(WARNED.load(Ordering::Relaxed), 1, "it is said once");
    }

    #[test]
    fn a_call_from_behind_the_door_is_turned_away_and_counted() {
        let folder = tempfile::tempdir().unwrap();
        let recorder = recorder_in(folder.path(), |_| {});
        for (at, (door, call)) in (1..).zip(DOORS) {
            let run = begin(recorder);
            // As a signal's handler that comes while this thread has the journal.
            ours(recorder, || call(recorder, &run));
            assert!(run.end(Status::Completed, None, None), "{door}: the run goes on");
            assert_eq!(lost_in(recorder), at, "{door}");
        }
    }

    #[test]
    fn a_function_behind_a_broken_recorder_returns_and_panics_as_it_would() {
        let folder = tempfile::tempdir().unwrap();
        let recorder = recorder_in(folder.path(), |_| {});
        let call = |body: fn() -> u32| {
            IS_TO_FAIL.set(true);
            let call = Call::begin(recorder, &SITE, |entry| entry.input("x", |to| to.push(given())));
            call.bind(0, "y", Joins::AppendsForNow, |to| to.push(given()));
            let value = call.body(body);
            call.end(|| None);
            IS_TO_FAIL.set(false);
            value
        };
        assert_eq!(call(|| 7), 7);
        let payload = std::panic::catch_unwind(|| call(|| std::panic::panic_any(7_u8))).unwrap_err();
        IS_TO_FAIL.set(false);
        assert_eq!(payload.downcast_ref::<u8>(), Some(&7));
        assert!(recorder.lost() > 0);
    }

    /// Returns how many records the journal says are lost.
    fn lost_in(recorder: &Recorder) -> u64 {
        let folder = recorder.home().journal();
        let parts = crate::journal::list(&folder).unwrap().into_iter().flat_map(|journal| journal.parts);
        let records = parts.flat_map(|part| crate::journal::read(&part.path, 0).unwrap().records);
        records.map(|record| if let Record::Lost(count) = record { count } else { 0 }).sum()
    }
}
