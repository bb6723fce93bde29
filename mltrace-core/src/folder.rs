//! The folder that holds a store: made for its owner's eyes only, and not for git's.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

/// Makes `folder` and a `.gitignore` inside it, unless it is there.
pub(crate) fn prepare(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    if let Some(parent) = folder.parent().filter(|parent| !parent.exists()) {
        fs::create_dir_all(parent)?;
        // Whoever syncs what lies in `folder` does not know that the folders above are new.
        parent.ancestors().filter(|parent| !parent.as_os_str().is_empty()).try_for_each(sync)?;
    }
    match create_private(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    let all = b"*\n";
    let ignore = check_room(0, all, longest_file())
        .and_then(|()| open(private_file().write(true).create_new(true), &folder.join(".gitignore")));
    // Whether git sees the folder must not decide whether a run is recorded.
    let _ = ignore.and_then(|mut file| file.write_all(all));
    Ok(())
}

/// Makes one folder that only its owner may enter.
pub(crate) fn create_private(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)?;
    #[cfg(unix)]
    hand_over::folder(folder);
    Ok(())
}

/// Makes sure that what was made, renamed or removed in `folder` stays so after a power loss.
///
/// A file system that does not sync folders is taken at its word that this need not be asked for.
pub(crate) fn sync(folder: &Path) -> io::Result<()> {
    #[cfg(unix)]
    match fs::File::open(folder).and_then(|folder| folder.sync_all()) {
        Err(error) if !is_refused(&error) => return Err(error),
        _ => {}
    }
    #[cfg(not(unix))]
    let _ = folder;
    Ok(())
}

/// Returns whether a folder may not be opened, as one of somebody else's above ours, or cannot be synced at all.
#[cfg(unix)]
fn is_refused(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported)
}

/// Returns how long a file may get that this process writes. Whoever writes beyond is ended by a signal, as the user's
/// program must not be for what we write.
pub(crate) fn longest_file() -> u64 {
    #[cfg(unix)]
    let limit = rustix::process::getrlimit(rustix::process::Resource::Fsize).current;
    #[cfg(not(unix))]
    let limit = None;
    limit.unwrap_or(u64::MAX)
}

/// Returns why `bytes` more are not written to a file of `length`, if that would end the process.
pub(crate) fn check_room(length: u64, bytes: &[u8], longest: u64) -> io::Result<()> {
    let length = length.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
    if length <= longest { Ok(()) } else { Err(io::ErrorKind::FileTooLarge.into()) }
}

/// Returns options that make files which only their owner may read.
pub(crate) fn private_file() -> OpenOptions {
    let mut options = without_waiting();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Opens a file to be read; what is no file is refused, for it may keep its reader waiting or have no end.
pub(crate) fn open_to_read(path: &Path) -> io::Result<fs::File> {
    let file = without_waiting().read(true).open(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::other("it is no file")) }
}

/// Returns options that wait for nobody: to open a pipe takes someone at its other end.
fn without_waiting() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, rustix::fs::OFlags::NONBLOCK.bits().cast_signed());
    options
}

/// Opens a file, and leaves it to the owner of its folder when the superuser makes it.
pub(crate) fn open(options: &OpenOptions, path: &Path) -> io::Result<fs::File> {
    #[cfg(unix)]
    if let Some(owner) = path.parent().and_then(hand_over::owner) {
        // A file that is there may be anybody's: only what is surely new is given away.
        match options.clone().create_new(true).open(path) {
            Ok(file) => {
                hand_over::to(owner, &file);
                return Ok(file);
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    options.open(path)
}

/// Makes an empty file for another library to fill, where one that it makes would not be its folder's owner's.
#[cfg_attr(not(feature = "store"), allow(dead_code, reason = "only a store makes files through another library"))]
pub(crate) fn make_for_owner(path: &Path) {
    #[cfg(unix)]
    if path.parent().is_some_and(|folder| hand_over::owner(folder).is_some()) {
        // The other library says what keeps it from being made.
        let _ = open(private_file().write(true).create_new(true), path);
    }
    #[cfg(not(unix))]
    let _ = path;
}

/// What the superuser makes in somebody else's folder is that person's, who could not record there otherwise.
#[cfg(unix)]
mod hand_over {
    use std::fs::{self, File};
    use std::os::unix::fs::{MetadataExt, OpenOptionsExt, fchown};
    use std::path::Path;

    /// Whom things belong to.
    #[derive(Clone, Copy)]
    pub(super) struct Owner {
        user: u32,
        group: u32,
    }

    /// Returns whose a folder is, when this is the superuser and the folder somebody else's.
    pub(super) fn owner(folder: &Path) -> Option<Owner> {
        if !rustix::process::geteuid().is_root() {
            return None;
        }
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        let found = fs::metadata(folder).ok()?;
        (found.uid() != 0).then(|| Owner { user: found.uid(), group: found.gid() })
    }

    /// Gives a file away that was made just now. What cannot be given away is kept.
    pub(super) fn to(owner: Owner, made: &File) {
        let _ = fchown(made, Some(owner.user), Some(owner.group));
    }

    /// Gives a folder away that was made just now.
    pub(super) fn folder(made: &Path) {
        let Some(owner) = made.parent().and_then(owner) else { return };
        // Its owner-to-be may put something else in its place meanwhile: no link is followed, and nothing is given away
        // but an empty folder of the superuser.
        let flags = (rustix::fs::OFlags::DIRECTORY | rustix::fs::OFlags::NOFOLLOW).bits();
        let opened = fs::OpenOptions::new().read(true).custom_flags(flags.cast_signed()).open(made);
        if let Ok(opened) = opened
            && opened.metadata().is_ok_and(|found| found.uid() == 0)
            && is_empty(&opened)
        {
            to(owner, &opened);
        }
    }

    fn is_empty(folder: &File) -> bool {
        let own = |name: &[u8]| name == b"." || name == b"..";
        rustix::fs::Dir::read_from(folder)
            .is_ok_and(|mut entries| entries.all(|entry| entry.is_ok_and(|entry| own(entry.file_name().to_bytes()))))
    }
}

/// Takes everybody else's rights off a file that another library made.
#[cfg_attr(not(feature = "store"), allow(dead_code, reason = "only a store makes files through another library"))]
pub(crate) fn make_private(file: &Path) {
    #[cfg(unix)]
    {
        // A file system that knows no rights keeps the file as it is.
        let _ = fs::set_permissions(file, std::os::unix::fs::PermissionsExt::from_mode(0o600));
    }
    #[cfg(not(unix))]
    let _ = file;
}

/// Returns whether nothing can be written in `folder`.
#[cfg_attr(not(feature = "store"), allow(dead_code, reason = "only a store is read from such a folder"))]
pub(crate) fn is_read_only(folder: &Path) -> bool {
    let probe = folder.join(format!(".probe-{}", std::process::id()));
    let written = private_file().write(true).create_new(true).open(&probe).is_ok();
    let _ = fs::remove_file(probe);
    !written
}
