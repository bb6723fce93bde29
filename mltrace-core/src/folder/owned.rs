//! A handle that stays open across calls, in a program that may close it and open something else under its number.
//!
//! A daemon closes all descriptors that it inherited, ours among them, and the files that it opens then get the lowest
//! numbers that are free. So ours has a higher one, where a write to it fails rather than reaches the program's file, and
//! before it is closed, or written to after a while, it is compared with what was opened.

use std::io;
use std::mem::ManuallyDrop;
use std::ops::Deref;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::Stat;

/// The lowest number of a handle that stays open. The kernel has room for 64 numbers in each process; to make more takes
/// it milliseconds where threads run.
const HIGH: i32 = 48;

/// A handle of ours, which is only closed while it is ours.
#[derive(Debug)]
pub(crate) struct Owned<F: AsFd> {
    handle: ManuallyDrop<F>,
    opened: (u64, u64),
}

impl<F: AsFd + From<OwnedFd>> Owned<F> {
    /// Takes a handle that was opened just now; one of which the system does not know is not closed.
    pub(crate) fn new(handle: F) -> io::Result<Self> {
        let handle = ManuallyDrop::new(handle);
        let opened = identity(&rustix::fs::fstat(&*handle)?);
        Ok(Self { handle, opened })
    }

    /// Takes a handle that was opened just now and will stay open: it gets a number that the program's next files do not
    /// get.
    pub(crate) fn to_stay(handle: F) -> io::Result<Self> {
        match rustix::io::fcntl_dupfd_cloexec(&handle, HIGH) {
            Ok(high) => Self::new(F::from(high)),
            // Where no number is that high, the look before it is used must do.
            Err(_) => Self::new(handle),
        }
    }

    /// Returns another handle on the same, which stays open.
    pub(crate) fn again(&self) -> io::Result<Self> {
        self.check()?;
        Self::new(F::from(rustix::io::fcntl_dupfd_cloexec(&*self.handle, HIGH)?))
    }
}

impl<F: AsFd> Owned<F> {
    /// Returns whether the number still stands for what was opened.
    pub(crate) fn is_ours(&self) -> bool {
        rustix::fs::fstat(&*self.handle).is_ok_and(|stat| identity(&stat) == self.opened)
    }

    /// Returns the handle while it is ours.
    #[expect(unsafe_code, reason = "nothing safe leaves it to a value whether it is dropped")]
    pub(crate) fn into_ours(self) -> Option<F> {
        let mut owned = ManuallyDrop::new(self);
        // SAFETY: `owned` is neither dropped nor used any more.
        owned.is_ours().then(|| unsafe { ManuallyDrop::take(&mut owned.handle) })
    }

    fn check(&self) -> io::Result<()> {
        if self.is_ours() { Ok(()) } else { Err(io::Error::other("the program has closed it")) }
    }
}

impl<F: AsFd> Deref for Owned<F> {
    type Target = F;

    fn deref(&self) -> &F {
        &self.handle
    }
}

impl<F: AsFd> AsFd for Owned<F> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.handle.as_fd()
    }
}

impl<F: AsFd> Drop for Owned<F> {
    #[expect(unsafe_code, reason = "nothing safe leaves it to a value whether it is dropped")]
    fn drop(&mut self) {
        if self.is_ours() {
            // SAFETY: the value is dropped once, here, and nobody uses it afterwards.
            unsafe { ManuallyDrop::drop(&mut self.handle) };
        }
    }
}

/// Returns device and number: what distinguishes a file from another.
#[allow(clippy::cast_sign_loss, clippy::unnecessary_cast, reason = "systems differ in how they number devices")]
pub(super) fn identity(stat: &Stat) -> (u64, u64) {
    (stat.st_dev as u64, stat.st_ino as u64)
}
