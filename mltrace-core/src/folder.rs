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
    let ignore = private_file().write(true).create_new(true).open(folder.join(".gitignore"));
    // Whether git sees the folder must not decide whether a run is recorded.
    let _ = ignore.and_then(|mut file| file.write_all(b"*\n"));
    Ok(())
}

/// Makes one folder that only its owner may enter.
pub(crate) fn create_private(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
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

/// Returns options that make files which only their owner may read.
pub(crate) fn private_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
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
