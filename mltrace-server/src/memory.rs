//! Giving memory back: what a long answer took is not kept for the next one.

/// Has all threads take their memory from one heap. The allocator of GNU's C library makes one for each otherwise, and what
/// is left in a heap whose thread does something else keeps its pages: a crowd left 80 MiB in several, and 17 MiB in one.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[expect(unsafe_code, reason = "nothing safe asks the C library for it")]
pub(crate) fn keep_in_one_heap() {
    // SAFETY: it takes two numbers and may be called at any time; heaps that there are already stay.
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, 1);
    }
}

/// Returns what was freed to the system. The allocator of GNU's C library keeps it otherwise, until the process ends.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[expect(unsafe_code, reason = "nothing safe asks the C library for it")]
pub(crate) fn give_back() {
    // SAFETY: it takes a number, may be called from any thread at any time, and moves nothing that is in use.
    unsafe {
        libc::malloc_trim(0);
    }
}

/// Other allocators have their own ways.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(crate) fn keep_in_one_heap() {}

/// Other allocators give back by themselves.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(crate) fn give_back() {}
