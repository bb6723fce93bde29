//! Giving memory back: what a long answer took is not kept for the next one.

/// Returns what was freed to the system. The allocator of GNU's C library keeps it otherwise, in one heap for each
/// thread, until the process ends.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[expect(unsafe_code, reason = "nothing safe asks the C library for it")]
pub(crate) fn give_back() {
    // SAFETY: it takes a number, may be called from any thread at any time, and moves nothing that is in use.
    unsafe {
        libc::malloc_trim(0);
    }
}

/// Other allocators give back by themselves.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(crate) fn give_back() {}
