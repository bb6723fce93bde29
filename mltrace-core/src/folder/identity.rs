//! Whose rights count when files are opened: in somebody else's folder the superuser acts as that person.
//!
//! So whatever that person, or anyone who may write there, puts in the way leads nowhere that this person could not go
//! anyway; and what is made there is that person's. The rights are those of one thread, for files alone.

use std::io;
use std::thread::{self, ThreadId};

/// Whom rights are taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    user: u32,
    group: u32,
}

impl Identity {
    /// Returns whose rights are to be taken where things belong to `user` and `group`: `None` leaves them as they are.
    pub(super) fn of((user, group): (u32, u32)) -> Option<Self> {
        (is_superuser() && user != 0).then_some(Self { user, group })
    }
}

/// Returns whose rights the superuser takes for what is called so: those of the deepest part of the path that is somebody
/// else's, a link itself and not what it leads to.
#[cfg(unix)]
pub(super) fn of_named(path: &std::path::Path) -> Option<Identity> {
    use std::os::unix::fs::MetadataExt;
    let owner = |part: &std::path::Path| part.symlink_metadata().ok().map(|found| (found.uid(), found.gid()));
    let is_needed = is_superuser().then_some(path)?;
    is_needed.ancestors().find_map(|part| Identity::of(owner(part)?))
}

/// Elsewhere nobody's rights are taken.
#[cfg(not(unix))]
pub(super) fn of_named(_path: &std::path::Path) -> Option<Identity> {
    None
}

/// Returns whether this process has the rights of the superuser.
pub(super) fn is_superuser() -> bool {
    #[cfg(unix)]
    let is_superuser = rustix::process::geteuid().is_root();
    #[cfg(not(unix))]
    let is_superuser = false;
    is_superuser
}

/// Rights that a thread has until this is dropped there. Anyone who holds any stays with that thread.
#[derive(Debug)]
pub(crate) struct Taken {
    /// The thread that took them, and gives them back; `None` when nothing was taken.
    thread: Option<ThreadId>,
}

impl Taken {
    /// Returns whether these are the rights of one thread.
    #[cfg(feature = "store")]
    pub(crate) fn is_of_thread(&self) -> bool {
        self.thread.is_some()
    }
}

/// Takes rights for this thread; it may hold the same ones more than once.
pub(super) fn take(identity: Option<Identity>) -> io::Result<Taken> {
    if let Some(identity) = identity {
        system::take(identity)?;
    }
    Ok(Taken { thread: identity.map(|_| thread::current().id()) })
}

impl Drop for Taken {
    fn drop(&mut self) {
        // Another thread has its own rights, which nobody took.
        if self.thread.is_some_and(|taker| taker == thread::current().id()) {
            system::give_back();
        }
    }
}

fn refused() -> io::Error {
    io::Error::new(io::ErrorKind::PermissionDenied, "it belongs to another user, whose rights cannot be taken")
}

#[cfg(target_os = "linux")]
mod system {
    use std::cell::{Cell, RefCell};
    use std::io;

    use rustix::fs::Gid;
    use rustix::process::getgroups;
    use rustix::thread::set_thread_groups;

    use super::{Identity, refused};

    thread_local! {
        /// Whose rights this thread has, and how often they were taken.
        static HELD: Cell<Option<(Identity, u32)>> = const { Cell::new(None) };
        /// The groups that this thread had before, besides the first one.
        static GROUPS: RefCell<Vec<Gid>> = const { RefCell::new(Vec::new()) };
    }

    pub(super) fn take(identity: Identity) -> io::Result<()> {
        let held = HELD.get();
        if held.is_none() {
            // What the superuser's groups may read is not that person's to read.
            let groups = getgroups().map_err(|_| refused())?;
            set_thread_groups(&[]).map_err(|_| refused())?;
            GROUPS.set(groups);
            if let Err(error) = set(identity.user, identity.group) {
                give_back_groups();
                return Err(error);
            }
        }
        match held {
            Some((other, _)) if other != identity => Err(refused()),
            _ => {
                HELD.set(Some((identity, held.map_or(1, |(_, count)| count.saturating_add(1)))));
                Ok(())
            }
        }
    }

    pub(super) fn give_back() {
        match HELD.get() {
            Some((identity, count)) if count > 1 => HELD.set(Some((identity, count.saturating_sub(1)))),
            _ => {
                HELD.set(None);
                // They are this process' own: nobody refuses them.
                let (user, group) = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
                let _ = set(user, group);
                give_back_groups();
            }
        }
    }

    fn give_back_groups() {
        let _ = set_thread_groups(&GROUPS.take());
    }

    #[expect(unsafe_code, reason = "nothing safe changes the rights of one thread, and for files alone")]
    fn set(user: u32, group: u32) -> io::Result<()> {
        /// What nobody is, so that the call only says who one is.
        const NOBODY: u32 = u32::MAX;
        let set = |as_user: u32, as_group: u32| {
            // SAFETY: both take a number and change nothing but the rights of the calling thread.
            unsafe {
                libc::setfsgid(as_group);
                libc::setfsuid(as_user);
                (libc::setfsuid(NOBODY).cast_unsigned(), libc::setfsgid(NOBODY).cast_unsigned())
            }
        };
        if set(user, group) == (user, group) {
            return Ok(());
        }
        let (own_user, own_group) = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
        set(own_user, own_group);
        Err(refused())
    }
}

/// Elsewhere the rights are those of the whole process, which are the user's.
#[cfg(not(target_os = "linux"))]
mod system {
    use std::io;

    use super::{Identity, refused};

    pub(super) fn take(_identity: Identity) -> io::Result<()> {
        Err(refused())
    }

    pub(super) fn give_back() {}
}
