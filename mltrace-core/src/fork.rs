//! Which process this is, which a forked child must find out: at each call, and without a call to the system.

use std::sync::atomic::{AtomicU32, Ordering};

/// Returns the number of this process.
///
/// On Linux it is kept in memory that the kernel wipes in a forked child, however it was forked: a call to the system
/// costs as much as a tenth of a record's way to the disk, and a run asks often.
///
/// ```
/// assert_eq!(mltrace_core::fork::id(), std::process::id());
/// ```
#[must_use]
pub fn id() -> u32 {
    let Some(known) = wiped_in_children() else { return std::process::id() };
    match known.load(Ordering::Relaxed) {
        0 => {
            let id = std::process::id();
            known.store(id, Ordering::Relaxed);
            id
        }
        id => id,
    }
}

/// Returns a number that is zero in every new child; `None` where there is no such memory.
#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "nothing safe maps memory that is wiped in a forked child")]
fn wiped_in_children() -> Option<&'static AtomicU32> {
    use std::ptr::{NonNull, null_mut};
    use std::sync::atomic::{AtomicBool, AtomicPtr};

    use rustix::mm::{Advice, MapFlags, ProtFlags, madvise, mmap_anonymous, munmap};

    /// The least that can be mapped is a page, and no page is smaller.
    const BYTES: usize = 4096;
    // No lock: a child that is forked while it is held would wait for ever.
    static PAGE: AtomicPtr<AtomicU32> = AtomicPtr::new(null_mut());
    static IS_REFUSED: AtomicBool = AtomicBool::new(false);

    let mut page = PAGE.load(Ordering::Acquire);
    if page.is_null() {
        if IS_REFUSED.load(Ordering::Relaxed) {
            return None;
        }
        // SAFETY: new memory, of which nobody else knows.
        let made = unsafe { mmap_anonymous(null_mut(), BYTES, ProtFlags::READ | ProtFlags::WRITE, MapFlags::PRIVATE) };
        let made = made.and_then(|made| {
            // SAFETY: the memory was mapped above with this length; wiping leaves zeros, which are an `AtomicU32`.
            let advised = unsafe { madvise(made, BYTES, Advice::LinuxWipeOnFork) };
            if advised.is_err() {
                // SAFETY: nothing refers to it.
                let _ = unsafe { munmap(made, BYTES) };
            }
            advised.map(|()| made.cast::<AtomicU32>())
        });
        let Ok(made) = made else {
            IS_REFUSED.store(true, Ordering::Relaxed);
            return None;
        };
        page = match PAGE.compare_exchange(null_mut(), made, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => made,
            Err(first) => {
                // SAFETY: another thread was first, and nothing refers to this one.
                let _ = unsafe { munmap(made.cast(), BYTES) };
                first
            }
        };
    }
    // SAFETY: it points to the beginning of a page of zeros that stays mapped for ever and is only used through atomics.
    NonNull::new(page).map(|page| unsafe { page.as_ref() })
}

#[cfg(not(target_os = "linux"))]
fn wiped_in_children() -> Option<&'static AtomicU32> {
    None
}
