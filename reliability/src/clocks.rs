//! A wall clock that stands before 1970, or beyond the calendar, ends nobody, and every run is recorded.

use std::ffi::c_void;
use std::mem::transmute;
use std::path::Path;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicI64, AtomicPtr, Ordering};
use std::time::SystemTime;

use mltrace_core::ingest;
use mltrace_core::model::{Status, Timestamp};
use mltrace_core::query::{Reader, Run, RunFilter};

use crate::part;
use crate::place::Place;
use crate::promise::{Form, Outcome, Result};

/// The second at which the wall clock of this process stands; the least one: it goes as the system's does.
static STANDS_AT: AtomicI64 = AtomicI64::new(i64::MIN);

type Clock = unsafe extern "C" fn(libc::clockid_t, *mut libc::timespec) -> libc::c_int;

/// Takes the place of the C library's clock in this process.
///
/// # Safety
/// `time` points to a time that may be written.
#[expect(unsafe_code, reason = "the clock of a process is the C library's")]
#[unsafe(no_mangle)]
unsafe extern "C" fn clock_gettime(clock: libc::clockid_t, time: *mut libc::timespec) -> libc::c_int {
    static REAL: AtomicPtr<c_void> = AtomicPtr::new(null_mut());
    let mut real = REAL.load(Ordering::Relaxed);
    if real.is_null() {
        // SAFETY: the name ends with a zero.
        real = unsafe { libc::dlsym(libc::RTLD_NEXT, c"clock_gettime".as_ptr()) };
        REAL.store(real, Ordering::Relaxed);
    }
    // SAFETY: this is the function of that name, of the type that this one has; without it the null is a `None`.
    let answered = unsafe { transmute::<*mut c_void, Option<Clock>>(real).map_or(-1, |real| real(clock, time)) };
    let seconds = STANDS_AT.load(Ordering::Relaxed);
    if clock == libc::CLOCK_REALTIME && seconds != i64::MIN {
        // SAFETY: as the caller promises.
        unsafe { (*time).tv_sec = seconds };
    }
    answered
}

/// Seconds since 1970: around its beginning, in other centuries, at the calendar's ends and at those of the number.
const CLOCKS: [i64; 10] =
    [-1, 0, -86_400, -2_500_000_000, -62_167_219_201, i64::MIN + 1, 4_102_444_800, 253_402_300_800, 1 << 44, i64::MAX];

/// Records under each clock.
pub(crate) fn try_it(form: &Form) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let runs_each = form.count(5, 200);
    let (mut ended, mut stored) = (0, 0);
    for seconds in CLOCKS {
        let place = Place::new()?;
        let how = if form.breaks("plain-clock") { "plain" } else { "clamped" };
        let output = place.part(&["clock", how, &seconds.to_string(), &runs_each.to_string()])?.output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        let is_well = output.status.success() && said.is_empty() && output.stdout == b"over\n";
        ended += usize::from(!is_well);
        outcome.hold(is_well, || format!("at {seconds}: {:?}, {said}", output.status));
        let at = Timestamp(seconds.saturating_mul(1_000_000)).clamp(Timestamp::MIN, Timestamp::MAX);
        let right = completed_at(&place, at)?;
        outcome.hold(right == runs_each, || format!("at {seconds}: {right} of {runs_each} runs at their moment"));
        stored += right;
    }
    let (clocks, runs) = (CLOCKS.len(), CLOCKS.len() * runs_each);
    outcome.figure = format!("{clocks} clocks: {stored} of {runs} runs stored, {ended} pipelines ended or disturbed");
    Ok(outcome)
}

/// Returns how many runs of a place completed and began within two seconds of a moment.
fn completed_at(place: &Place, at: Timestamp) -> Result<usize> {
    let home = place.home();
    if !home.journal().exists() {
        return Ok(0);
    }
    let mut folded = ingest::open_folded(&home, &|_| {})?;
    let filter = RunFilter { limit: Some(10_000), ..RunFilter::default() };
    let runs = Reader::new(folded.store.as_mut(), &home, place.folder()).recent(&filter)?.runs;
    let is_right = |run: &&Run| run.status == Status::Completed && run.started_at.micros_since(at).abs() < 2_000_000;
    Ok(runs.iter().filter(is_right).count())
}

/// Records with the wall clock at that second.
#[expect(clippy::disallowed_methods, reason = "the broken form asks the clock as a library would")]
pub(crate) fn play(how: &str, seconds: i64, runs: usize) {
    STANDS_AT.store(seconds, Ordering::Relaxed);
    for _ in 0..runs {
        if how == "plain" {
            let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
            assert!(since.is_ok(), "the clock stands before 1970");
        }
        part::daemon(Path::new("raw.csv"));
    }
    println!("over");
}
