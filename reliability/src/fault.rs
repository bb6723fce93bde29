//! What can be wrong with a store, done to a place before a pipeline runs in it.

use std::fs::{self, File, Permissions};
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use mltrace_core::store::{self, Mode};

use crate::place::{Place, is_root};
use crate::promise::Result;

/// A user whom nothing belongs to.
const NOBODY: u32 = 65_534;

/// What a pipeline leaves behind under a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Leaves {
    /// Its run, in the store.
    Run,
    /// Its run, in its journal.
    Journal,
    /// One line on stderr.
    Warning,
}

/// Something wrong with a store.
pub(crate) struct Fault {
    /// Its name.
    pub(crate) name: &'static str,
    /// What a pipeline leaves all the same: the proof that the fault was there.
    pub(crate) leaves: Leaves,
    /// Whether only the superuser can make it.
    pub(crate) needs_root: bool,
    /// Makes it, and returns what must be held for it to last.
    pub(crate) make: fn(&Place, &mut Command) -> Result<Held>,
}

/// What keeps a fault up.
pub(crate) enum Held {
    /// Nothing.
    Nothing,
    /// A locked file.
    Lock(#[expect(dead_code, reason = "held, not looked at")] File),
    /// A file system.
    Mount(#[expect(dead_code, reason = "held, not looked at")] Mount),
}

/// A small file system in memory, until it is dropped.
pub(crate) struct Mount(PathBuf);

impl Mount {
    /// Mounts one of so many KiB over `folder`.
    pub(crate) fn new(folder: &Path, kib: usize) -> Result<Self> {
        let options = std::ffi::CString::new(format!("size={kib}k,mode=0777"))?;
        let flags = rustix::mount::MountFlags::NOSUID | rustix::mount::MountFlags::NODEV;
        rustix::mount::mount("tmpfs", folder, "tmpfs", flags, Some(options.as_c_str()))?;
        Ok(Self(folder.to_owned()))
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let _ = rustix::mount::unmount(&self.0, rustix::mount::UnmountFlags::DETACH);
    }
}

/// Writes `path` until the disk is full, to the last byte.
pub(crate) fn fill(path: &Path) -> Result<()> {
    let mut file = File::options().create(true).append(true).open(path)?;
    let mut size = 64 << 10;
    // A full disk takes the part of a write that still fits.
    while size > 0 {
        if file.write_all(&vec![b'x'; size]).is_err() {
            size /= 2;
        }
    }
    Ok(())
}

/// The twelve faults of the promise.
pub(crate) const FAULTS: [Fault; 12] = [
    Fault { name: "missing folder", leaves: Leaves::Run, needs_root: false, make: missing_folder },
    Fault { name: "read-only folder", leaves: Leaves::Warning, needs_root: false, make: read_only_folder },
    Fault { name: "read-only file", leaves: Leaves::Journal, needs_root: false, make: read_only_file },
    Fault { name: "full disk", leaves: Leaves::Warning, needs_root: true, make: full_disk },
    Fault { name: "store locked for long", leaves: Leaves::Journal, needs_root: false, make: locked },
    Fault { name: "corrupt header", leaves: Leaves::Journal, needs_root: false, make: corrupt_header },
    Fault { name: "not a database", leaves: Leaves::Journal, needs_root: false, make: not_a_database },
    Fault { name: "newer schema", leaves: Leaves::Journal, needs_root: false, make: newer_schema },
    Fault { name: "wrong owner", leaves: Leaves::Warning, needs_root: true, make: wrong_owner },
    Fault { name: "folder in place of the file", leaves: Leaves::Journal, needs_root: false, make: folder_as_file },
    Fault { name: "store unreachable", leaves: Leaves::Warning, needs_root: false, make: unreachable },
    Fault { name: "journal folder unwritable", leaves: Leaves::Warning, needs_root: false, make: journal_unwritable },
];

fn missing_folder(place: &Place, command: &mut Command) -> Result<Held> {
    command.env("MLTRACE_DB", place.path("no/such/folder/mltrace.db"));
    Ok(Held::Nothing)
}

fn read_only_folder(place: &Place, command: &mut Command) -> Result<Held> {
    fs::set_permissions(place.path(".mltrace"), Permissions::from_mode(0o555))?;
    as_nobody(place, command)
}

fn read_only_file(place: &Place, command: &mut Command) -> Result<Held> {
    drop(store::open(&place.home(), Mode::Write)?);
    if is_root() {
        give_all(&place.path(".mltrace"))?;
    }
    fs::set_permissions(place.path(".mltrace/mltrace.db"), Permissions::from_mode(0o444))?;
    as_nobody(place, command)
}

fn full_disk(place: &Place, _: &mut Command) -> Result<Held> {
    let mount = Mount::new(&place.path(".mltrace"), 1024)?;
    fill(&place.path(".mltrace/filler"))?;
    Ok(Held::Mount(mount))
}

fn locked(place: &Place, _: &mut Command) -> Result<Held> {
    drop(store::open(&place.home(), Mode::Write)?);
    let lock = File::options().create(true).append(true).open(place.path(".mltrace/write.lock"))?;
    lock.lock()?;
    Ok(Held::Lock(lock))
}

fn corrupt_header(place: &Place, _: &mut Command) -> Result<Held> {
    drop(store::open(&place.home(), Mode::Write)?);
    let path = place.path(".mltrace/mltrace.db");
    let mut bytes = fs::read(&path)?;
    bytes[..100].fill(0xA5);
    fs::write(path, bytes)?;
    Ok(Held::Nothing)
}

fn not_a_database(place: &Place, _: &mut Command) -> Result<Held> {
    fs::write(place.path(".mltrace/mltrace.db"), "time,temperature\n".repeat(500))?;
    Ok(Held::Nothing)
}

fn newer_schema(place: &Place, _: &mut Command) -> Result<Held> {
    drop(store::open(&place.home(), Mode::Write)?);
    place.tamper("PRAGMA user_version = 99; UPDATE meta SET value = '99' WHERE key LIKE 'min_%';")?;
    Ok(Held::Nothing)
}

fn wrong_owner(place: &Place, command: &mut Command) -> Result<Held> {
    fs::set_permissions(place.path(".mltrace"), Permissions::from_mode(0o700))?;
    as_nobody(place, command)
}

fn folder_as_file(place: &Place, _: &mut Command) -> Result<Held> {
    fs::create_dir(place.path(".mltrace/mltrace.db"))?;
    Ok(Held::Nothing)
}

fn unreachable(_: &Place, command: &mut Command) -> Result<Held> {
    command.env("MLTRACE_DB", "/proc/nowhere/mltrace.db");
    Ok(Held::Nothing)
}

fn journal_unwritable(place: &Place, command: &mut Command) -> Result<Held> {
    if is_root() {
        give_all(&place.path(".mltrace"))?;
    }
    fs::create_dir(place.path(".mltrace/journal"))?;
    fs::set_permissions(place.path(".mltrace/journal"), Permissions::from_mode(0o555))?;
    as_nobody(place, command)
}

/// Rights do not bind the superuser: its pipelines run as nobody, from a copy that nobody may run.
fn as_nobody(place: &Place, command: &mut Command) -> Result<Held> {
    if !is_root() {
        return Ok(Held::Nothing);
    }
    fs::set_permissions(place.folder(), Permissions::from_mode(0o777))?;
    fs::set_permissions(place.path("raw.csv"), Permissions::from_mode(0o666))?;
    let exe = place.path("pipeline");
    if !exe.exists() {
        fs::copy(command.get_program(), &exe)?;
        fs::set_permissions(&exe, Permissions::from_mode(0o755))?;
    }
    let arguments: Vec<_> = command.get_args().map(std::ffi::OsStr::to_owned).collect();
    let mut other = place.part_of(&exe, &[]);
    // The first argument is there already.
    other.args(arguments.iter().skip(1)).uid(NOBODY).gid(NOBODY);
    *command = other;
    Ok(Held::Nothing)
}

fn give_all(folder: &Path) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        chown(entry?.path(), Some(NOBODY), Some(NOBODY))?;
    }
    Ok(chown(folder, Some(NOBODY), Some(NOBODY))?)
}
