//! The one way to the folder that holds a store and to all that lies in it: no link leads out of it.
//!
//! A project may come from a stranger, and `.mltrace` with it. So everything in there is reached by one name at a time
//! from a folder that is held open, links are refused, nothing that is there is emptied, only plain files are opened, and
//! the superuser acts with the rights of the folder's owner. SQLite opens its files itself, by paths that were looked at.

mod entry;

mod identity;

#[cfg(unix)]
mod owned;
#[cfg(unix)]
#[path = "unix.rs"]
mod system;
#[cfg(not(unix))]
#[path = "plain.rs"]
mod system;

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use crate::model::ProcessId;

pub(crate) use entry::{Entry, Kind};
pub(crate) use identity::Taken;
use identity::{Identity, take};
pub(crate) use system::Owned;
use system::{Handle, How};

/// The name of the folder that holds a store and its journals.
pub(crate) const FOLDER: &str = ".mltrace";

/// A folder of ours, held open.
#[derive(Debug)]
pub(crate) struct Folder {
    handle: Handle,
    /// Whose rights are taken for whatever is done here.
    identity: Option<Identity>,
}

impl Folder {
    /// Opens a folder that is not itself a link; what leads to it is the user's, and may be.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        Handle::open(plain(path)).map(Self::new)
    }

    /// Opens a folder that lies in one of ours, as the journals do: neither may be a link.
    pub(crate) fn inside(path: &Path) -> io::Result<Self> {
        let (around, name) = split(path)?;
        Self::open(around)?.folder(name)
    }

    /// Opens a folder of the user's, wherever links lead.
    pub(crate) fn of_user(path: &Path) -> io::Result<Self> {
        Handle::follow(plain(path)).map(Self::new)
    }

    /// Opens the folder that `file` lies in: `ours`, which may be no link, or another one of the user's.
    pub(crate) fn around(file: &Path, ours: &Path) -> io::Result<Self> {
        let (around, _) = split(file)?;
        if around == plain(ours) { Self::open(around) } else { Self::of_user(around) }
    }

    /// Opens the folder that holds a store, which is made with a `.gitignore` inside unless it is there.
    pub(crate) fn prepare(path: &Path) -> io::Result<Self> {
        match Self::open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            opened => return opened,
        }
        let (around, name) = split(path)?;
        if name == FOLDER && around.is_absolute() && around.parent().is_none() {
            return Err(io::Error::other("a store there would take everybody's runs"));
        }
        make_above(around)?;
        Self::of_user(around)?.make_folder(name)?;
        let folder = Self::open(path)?;
        let all = b"*\n";
        // Whether git sees the folder must not decide whether a run is recorded.
        if check_room(0, all, longest_file()).is_ok() {
            let _ = folder.make(".gitignore").and_then(|mut file| file.write_all(all));
        }
        Ok(folder)
    }

    fn new(handle: Handle) -> Self {
        let identity = handle.owner().and_then(Identity::of);
        Self { handle, identity }
    }

    /// Returns another handle on the same folder, which stays open while the program closes what it likes, and goes its
    /// way.
    pub(crate) fn again(&self) -> io::Result<Self> {
        Ok(Self { handle: self.handle.again()?, identity: self.identity })
    }

    /// Returns whether this is still the folder that was opened, and was not deleted.
    pub(crate) fn is_there(&self) -> bool {
        self.handle.is_there()
    }

    /// Opens a folder in this one, of the same owner or this user's.
    pub(crate) fn folder(&self, name: impl AsRef<OsStr>) -> io::Result<Self> {
        let handle = self.as_owner(|| self.handle.folder(one(name.as_ref())?))?;
        if !handle.is_trusted_in(&self.handle) {
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, "it belongs to another user"));
        }
        Ok(Self::new(handle))
    }

    /// Opens a folder in this one, which is made for its owner only unless it is there.
    pub(crate) fn folder_or_new(&self, name: impl AsRef<OsStr>) -> io::Result<Self> {
        self.make_folder(name.as_ref())?;
        self.folder(name)
    }

    fn make_folder(&self, name: &OsStr) -> io::Result<()> {
        match self.as_owner(|| self.handle.make_folder(one(name)?)) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            made => made,
        }
    }

    /// Opens a file to be read; what is no file is refused, for it may keep its reader waiting or have no end.
    pub(crate) fn read(&self, name: impl AsRef<OsStr>) -> io::Result<File> {
        self.as_owner(|| self.handle.file(one(name.as_ref())?, How::Read))
    }

    /// Makes a file to be appended to, for its owner only; one that is there is an error.
    pub(crate) fn make(&self, name: impl AsRef<OsStr>) -> io::Result<File> {
        self.as_owner(|| self.handle.file(one(name.as_ref())?, How::New))
    }

    /// Opens a file to be appended to, made unless it is there. One that has another name elsewhere is refused.
    pub(crate) fn append(&self, name: impl AsRef<OsStr>) -> io::Result<File> {
        self.as_owner(|| {
            let name = one(name.as_ref())?;
            match self.handle.file(name, How::Append) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => self.handle.file(name, How::New),
                opened => opened,
            }
        })
        .or_else(|error| match error.kind() {
            // Another process has made it meanwhile.
            io::ErrorKind::AlreadyExists => self.as_owner(|| self.handle.file(one(name.as_ref())?, How::Append)),
            _ => Err(error),
        })
    }

    /// Opens a file that is there to be appended to.
    pub(crate) fn append_to(&self, name: impl AsRef<OsStr>) -> io::Result<File> {
        self.as_owner(|| self.handle.file(one(name.as_ref())?, How::Append))
    }

    /// Opens a file that is there to be read and changed in place. One that has another name elsewhere is refused.
    pub(crate) fn update(&self, name: impl AsRef<OsStr>) -> io::Result<File> {
        self.as_owner(|| self.handle.file(one(name.as_ref())?, How::Update))
    }

    /// Puts a new file in the place of whatever lies under a name, which is not opened.
    pub(crate) fn replace(&self, name: impl AsRef<OsStr>, bytes: &[u8]) -> io::Result<()> {
        check_room(0, bytes, longest_file())?;
        let hidden = hidden_name("new");
        let written = self.make(&hidden).and_then(|mut file| file.write_all(bytes));
        let renamed = written.and_then(|()| self.rename(&hidden, name));
        if renamed.is_err() {
            let _ = self.remove(&hidden);
        }
        renamed
    }

    /// Gives what lies under a name another, in the place of whatever lies there.
    pub(crate) fn rename(&self, from: impl AsRef<OsStr>, to: impl AsRef<OsStr>) -> io::Result<()> {
        self.as_owner(|| self.handle.rename(one(from.as_ref())?, one(to.as_ref())?))
    }

    /// Removes a file, or a link itself.
    pub(crate) fn remove(&self, name: impl AsRef<OsStr>) -> io::Result<()> {
        self.as_owner(|| self.handle.remove(one(name.as_ref())?))
    }

    /// Removes a folder with the files in it, or a link to one itself. Folders inside it keep it from being removed.
    pub(crate) fn remove_folder(&self, name: impl AsRef<OsStr>) -> io::Result<()> {
        let name = name.as_ref();
        if self.entry(name)?.is_some_and(|entry| entry.kind != Kind::Folder) {
            return self.remove(name);
        }
        let folder = self.folder(name)?;
        for inside in folder.names()? {
            // What is no file is reported by the folder that stays.
            let _ = folder.remove(inside);
        }
        self.as_owner(|| self.handle.remove_folder(one(name)?))
    }

    /// Returns the names of what lies here.
    pub(crate) fn names(&self) -> io::Result<Vec<OsString>> {
        self.as_owner(|| self.handle.names())
    }

    /// Returns what lies under a name, which is a link where it is one; `None` when nothing does.
    pub(crate) fn entry(&self, name: impl AsRef<OsStr>) -> io::Result<Option<Entry>> {
        match self.as_owner(|| self.handle.entry(one(name.as_ref())?)) {
            Ok(entry) => Ok(Some(entry)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Returns whether something lies under a name.
    pub(crate) fn holds(&self, name: impl AsRef<OsStr>) -> bool {
        self.entry(name).is_ok_and(|entry| entry.is_some())
    }

    /// Makes a file and removes it: what permissions say is not all that counts.
    pub(crate) fn try_to_write(&self) -> io::Result<()> {
        let probe = hidden_name("probe");
        self.make(&probe)?;
        self.remove(probe)
    }

    /// Returns how many bytes this user can still write to the disk; `None` when nobody knows.
    pub(crate) fn free_bytes(&self) -> Option<u64> {
        self.handle.free_bytes()
    }

    /// Makes sure that what was made, renamed or removed here stays so after a power loss.
    ///
    /// A file system that does not sync folders is taken at its word that this need not be asked for.
    pub(crate) fn sync(&self) -> io::Result<()> {
        match self.handle.sync() {
            Err(error) if !is_refused(&error) => Err(error),
            _ => Ok(()),
        }
    }

    /// Takes the rights of this folder's owner for the files that the thread opens, until what is returned is dropped.
    pub(crate) fn take_identity(&self) -> io::Result<Taken> {
        take(self.identity)
    }

    fn as_owner<T>(&self, act: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        let _taken = take(self.identity)?;
        act()
    }
}

/// Whose rights count for what is read on behalf of a project.
#[derive(Debug)]
pub(crate) struct Whose(Option<Identity>);

impl Whose {
    /// Returns whose they are where the superuser works in somebody else's project: what only the superuser may read is not
    /// to be reported there. The project is that of `ours`, or `root` as long as that is not there.
    pub(crate) fn of_project(ours: &Path, root: &Path) -> io::Result<Self> {
        if !identity::is_superuser() {
            return Ok(Self(None));
        }
        match Folder::open(ours) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self(Folder::of_user(root)?.identity)),
            folder => Ok(Self(folder?.identity)),
        }
    }

    /// Takes them for the files that the thread opens, until what is returned is dropped.
    pub(crate) fn take(&self) -> io::Result<Taken> {
        take(self.0)
    }
}

/// Opens a file that somebody names, wherever its links lead; the superuser, with the rights of whose folder it lies in.
#[expect(clippy::disallowed_methods, reason = "the file that the user names, wherever its links lead")]
pub(crate) fn open_named(path: &Path) -> io::Result<File> {
    let path = std::path::absolute(path)?;
    let _taken = take(identity::of_named(&path))?;
    File::open(path)
}

/// Opens a file of a folder that lies in one of ours, to be read.
pub(crate) fn read_inside(path: &Path) -> io::Result<File> {
    let (around, name) = split(path)?;
    Folder::inside(around)?.read(name)
}

/// Returns a name that nobody can have foreseen, nor made.
fn hidden_name(what: &str) -> String {
    format!(".{}.{what}", ProcessId::new().0.simple())
}

/// Returns the path without the separator at its end, behind which a link would be followed.
fn plain(path: &Path) -> &Path {
    let path = path.components().as_path();
    if path.as_os_str().is_empty() { Path::new(".") } else { path }
}

/// Returns the folder that a path lies in, and its name there.
fn split(path: &Path) -> io::Result<(&Path, &OsStr)> {
    let name = path.file_name().ok_or_else(|| io::Error::other("it has no name"))?;
    Ok((plain(path.parent().unwrap_or(Path::new("."))), name))
}

/// Returns the name if it is one: nothing that is asked for by it lies elsewhere.
fn one(name: &OsStr) -> io::Result<&OsStr> {
    if Path::new(name).file_name() == Some(name) { Ok(name) } else { Err(io::Error::other("it is no name of a file")) }
}

/// Makes the folders above ours that are missing, in somebody's folder as that person.
#[expect(clippy::disallowed_methods, reason = "what lies above our folder is the user's, links and all")]
pub(crate) fn make_above(folder: &Path) -> io::Result<()> {
    if folder.exists() {
        return Ok(());
    }
    if let Some(above) = folder.ancestors().find(|above| plain(above).exists()) {
        let _taken = Folder::of_user(above)?.take_identity()?;
        fs::create_dir_all(folder)?;
    }
    // Anyone who syncs what lies in our folder does not know that the folders above are new.
    folder.ancestors().filter(|above| !above.as_os_str().is_empty()).try_for_each(sync)
}

/// Makes sure that what was made, renamed or removed in a folder of the user's stays so after a power loss.
pub(crate) fn sync(folder: &Path) -> io::Result<()> {
    match Folder::of_user(folder).and_then(|folder| folder.sync()) {
        Err(error) if !is_refused(&error) => Err(error),
        _ => Ok(()),
    }
}

/// Returns whether a folder may not be opened, as one of somebody else's above ours, or cannot be synced at all.
fn is_refused(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported)
}

/// Returns what distinguishes this process' root from another; `None` where there is but one.
pub(crate) fn root_number() -> Option<(u64, u64)> {
    #[cfg(unix)]
    return fs::metadata("/").ok().map(|root| {
        use std::os::unix::fs::MetadataExt;
        (root.dev(), root.ino())
    });
    #[cfg(not(unix))]
    return None;
}

/// Returns how long a file may get that this process writes. Anyone who writes beyond is ended by a signal, as the user's
/// program must not be for what we write.
pub(crate) fn longest_file() -> u64 {
    #[cfg(unix)]
    return rustix::process::getrlimit(rustix::process::Resource::Fsize).current.unwrap_or(u64::MAX);
    #[cfg(not(unix))]
    u64::MAX
}

/// Returns why `bytes` more are not written to a file of `length`, if that would end the process.
pub(crate) fn check_room(length: u64, bytes: &[u8], longest: u64) -> io::Result<()> {
    let length = length.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
    if length <= longest { Ok(()) } else { Err(io::ErrorKind::FileTooLarge.into()) }
}

/// Opens a file of the user's to be read, such as settings, wherever links lead; what is no file is refused.
pub(crate) fn open_to_read(path: &Path) -> io::Result<File> {
    system::read_of_user(path)
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{MetadataExt, chown, symlink};
    use std::path::PathBuf;

    use super::*;

    fn place() -> (tempfile::TempDir, PathBuf, Folder) {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("ours");
        let folder = Folder::prepare(&path).unwrap();
        fs::write(place.path().join("theirs"), "theirs").unwrap();
        (place, path, folder)
    }

    #[test]
    fn a_name_that_leads_elsewhere_is_no_name() {
        let (_place, _, folder) = place();
        for name in ["../theirs", "..", ".", "", "/", "a/b", "a/", "/etc/passwd", "./a"] {
            assert!(folder.read(name).is_err() && folder.make(name).is_err() && folder.append(name).is_err(), "{name}");
            assert!(folder.remove(name).is_err() && folder.rename("a", name).is_err(), "{name}");
            assert!(folder.folder_or_new(name).is_err() && folder.replace(name, b"x").is_err(), "{name}");
        }
        assert_eq!(folder.names().unwrap(), [".gitignore"]);
    }

    #[test]
    fn no_link_is_followed_by_whatever_is_done_with_it() {
        let (place, path, folder) = place();
        for target in ["theirs", "nothing", "ours"] {
            let lay = || {
                let _ = fs::remove_file(path.join("link"));
                symlink(place.path().join(target), path.join("link")).unwrap();
            };
            lay();
            assert!(folder.read("link").is_err() && folder.append("link").is_err() && folder.make("link").is_err());
            assert!(folder.update("link").is_err() && folder.folder("link").is_err());
            assert!(folder.folder_or_new("link").is_err());
            assert!(Folder::open(&path.join("link")).is_err() && Folder::open(&path.join("link/")).is_err());
            assert!(Folder::inside(&path.join("link/journal")).is_err(), "{target}");
            folder.replace("link", b"ours").unwrap();
            assert_eq!(fs::read(path.join("link")).unwrap(), b"ours");
            lay();
            folder.remove_folder("link").unwrap();
            assert!(!folder.holds("link") && !place.path().join("nothing").exists());
            assert_eq!(fs::read_to_string(place.path().join("theirs")).unwrap(), "theirs");
        }
    }

    #[test]
    fn what_has_another_name_elsewhere_is_read_and_not_written() {
        let (place, path, folder) = place();
        fs::hard_link(place.path().join("theirs"), path.join("shared")).unwrap();
        assert!(folder.append("shared").is_err() && folder.append_to("shared").is_err());
        assert!(folder.update("shared").is_err());
        assert!(folder.read("shared").is_ok());
    }

    #[test]
    fn what_is_no_file_is_refused_without_waiting() {
        let (_place, path, folder) = place();
        assert!(std::process::Command::new("mkfifo").arg(path.join("pipe")).status().unwrap().success());
        fs::create_dir(path.join("folder")).unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(path.join("socket")).unwrap();
        for name in ["pipe", "folder", "socket"] {
            assert!(folder.read(name).is_err() && folder.append(name).is_err() && folder.make(name).is_err(), "{name}");
        }
    }

    #[test]
    fn a_folder_of_somebody_else_in_ours_is_refused() {
        let (_place, path, folder) = place();
        if fs::metadata(&path).unwrap().uid() != 0 {
            // Said aloud by the test that records in somebody's folder.
            return;
        }
        fs::create_dir(path.join("journal")).unwrap();
        chown(path.join("journal"), Some(65534), None).unwrap();
        assert_eq!(folder.folder("journal").unwrap_err().kind(), io::ErrorKind::PermissionDenied);
        // Somebody's folder gives this thread that person's rights, for as long as something is done there.
        fs::write(path.join("secret"), "").unwrap();
        fs::set_permissions(path.join("secret"), std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        chown(&path, Some(65534), Some(65534)).unwrap();
        let theirs = Folder::open(&path).unwrap();
        assert_eq!(theirs.read("secret").unwrap_err().kind(), io::ErrorKind::PermissionDenied);
        let (outer, inner) = (theirs.take_identity().unwrap(), theirs.take_identity().unwrap());
        drop(outer);
        assert!(fs::read(path.join("secret")).is_err(), "it is held once more");
        drop(inner);
        assert!(fs::read(path.join("secret")).is_ok());
        assert_eq!(theirs.make("made").unwrap().metadata().unwrap().uid(), 65534);
    }
}
