//! A signal's handler that records holds nobody, whenever it comes, and what it cannot record is counted.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::part;
use crate::place::Place;
use crate::promise::{Form, Outcome, Result};

/// Interrupts threads at their allocations, which lie between and under all locks: at any other moment the handler could
/// find the allocator's own lock held, which is nobody's to promise.
struct Interrupting;

#[global_allocator]
static ALLOCATOR: Interrupting = Interrupting;

thread_local! {
    /// After how many allocations of this thread a signal comes; negative: none does.
    static COMES_AFTER: Cell<i64> = const { Cell::new(-1) };
}

#[expect(unsafe_code, reason = "an allocator is")]
// SAFETY: memory is the system's; what is done before touches none of it.
unsafe impl GlobalAlloc for Interrupting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let left = COMES_AFTER.get();
        if left >= 0 {
            COMES_AFTER.set(left - 1);
            if left == 0 {
                // SAFETY: the signal has a handler by now.
                unsafe { libc::raise(libc::SIGUSR1) };
            }
        }
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(pointer, layout) };
    }
}

const THREADS: usize = 8;

/// Counts what became of runs and of handlers' runs.
pub(crate) fn try_it(form: &Form) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let calls = form.count(300, 10_000);
    let how = if form.breaks("waiting-handler") { "waiting" } else { "recording" };
    let place = Place::new()?;
    let output = place.part(&["signals", how, &calls.to_string()])?.output()?;
    let said = String::from_utf8_lossy(&output.stdout);
    let handled = said.lines().find_map(|line| line.strip_prefix("handled ")?.parse::<usize>().ok());
    let Some(handled) = handled.filter(|_| output.status.success()) else {
        outcome.wrong.push(format!("it is held, or ended: {:?}: {said}", output.status));
        return Ok(outcome);
    };
    place.fold()?;
    let number = |sql: &str| -> Result<usize> { Ok(usize::try_from(place.number(sql)?)?) };
    let completed = number("SELECT count(*) FROM runs WHERE component = 'small' AND status = 'completed'")?;
    let stored = number("SELECT count(*) FROM runs WHERE component = 'handler' AND status = 'completed'")?;
    let lost = number("SELECT coalesce(sum(count), 0) FROM tally WHERE name = 'lost'")?;
    let calls = calls * THREADS + 1;
    outcome.hold(completed == calls, || format!("{completed} of {calls} interrupted runs stored"));
    outcome.hold(stored + lost == handled, || format!("{handled} handlers, {stored} stored and {lost} counted lost"));
    outcome.hold(lost > 0 && stored > 0, || format!("no lock was interrupted: {stored} stored and {lost} lost"));
    outcome.figure = format!(
        "{completed} of {calls} interrupted runs stored; {handled} in handlers = {stored} stored + {lost} counted lost"
    );
    Ok(outcome)
}

static HANDLED: AtomicUsize = AtomicUsize::new(0);
static IS_WAITING: AtomicBool = AtomicBool::new(false);
static HELD: Mutex<()> = Mutex::new(());

extern "C" fn handle(_: libc::c_int) {
    HANDLED.fetch_add(1, Ordering::Relaxed);
    let held = IS_WAITING.load(Ordering::Relaxed).then(|| HELD.lock());
    part::handler();
    drop(held);
}

/// Calls on several threads, each interrupted once, and says how many handlers ran. Who is held is ended.
#[expect(unsafe_code, reason = "signals are the kernel's")]
pub(crate) fn play(how: &str, calls: usize) {
    IS_WAITING.store(how == "waiting", Ordering::Relaxed);
    let handler: extern "C" fn(libc::c_int) = handle;
    // SAFETY: the handler takes the signal's number; the alarm ends a process that does not come to its end.
    unsafe {
        libc::signal(libc::SIGUSR1, handler as libc::sighandler_t);
        libc::alarm(if how == "waiting" { 3 } else { 300 });
    }
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                for number in 0..calls {
                    // Spread over all the allocations of a call.
                    COMES_AFTER.set(i64::try_from(number * 7 % 24).unwrap_or_default());
                    let held = (how == "waiting").then(|| HELD.lock());
                    part::small(number);
                    drop(held);
                    COMES_AFTER.set(-1);
                }
            });
        }
    });
    // The count of what was lost last is reported with the next record.
    part::small(0);
    println!("handled {}", HANDLED.load(Ordering::Relaxed));
}
