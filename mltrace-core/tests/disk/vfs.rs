//! A file layer under SQLite that asks a watched folder's [`Disk`] before it reads or changes a file.
//!
//! It is the default of this process, so the product opens its connections as it always does. SQLite's own layer does
//! the work: an open file is its file, in which the table of methods is replaced by a copy with six of ours.

#![expect(unsafe_code, reason = "SQLite's file layer is a table of C functions over raw pointers")]

use std::ffi::{CStr, OsStr, c_char, c_int, c_void};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use rusqlite::ffi;

use crate::disk::{Change, Disk, Request};

/// What stands behind SQLite's own file.
struct Ours {
    methods: ffi::sqlite3_io_methods,
    original: *const ffi::sqlite3_io_methods,
    disk: Arc<Disk>,
    name: String,
}

struct Original(*mut ffi::sqlite3_vfs);
// SAFETY: SQLite's own layers are registered for the process' life and used from every thread.
unsafe impl Send for Original {}
// SAFETY: as above.
unsafe impl Sync for Original {}

static ORIGINAL: OnceLock<Original> = OnceLock::new();

/// Puts this layer under every connection that is opened from now on.
pub(crate) fn install() {
    ORIGINAL.get_or_init(|| {
        // SAFETY: the layer that is found lives for ever, and so does the leaked copy of it that is registered.
        unsafe {
            let original = ffi::sqlite3_vfs_find(std::ptr::null());
            let mut layer = *original;
            layer.pNext = std::ptr::null_mut();
            layer.zName = c"watched".as_ptr();
            layer.szOsFile = c_int::try_from(behind(&*original) + size_of::<*mut Ours>()).unwrap();
            layer.xOpen = Some(open);
            layer.xDelete = Some(delete);
            assert_eq!(ffi::sqlite3_vfs_register(Box::leak(Box::new(layer)), 1), ffi::SQLITE_OK);
            Original(original)
        }
    });
}

fn original() -> *mut ffi::sqlite3_vfs {
    ORIGINAL.get().unwrap().0
}

/// Returns where, behind SQLite's own file, the pointer to ours stands.
fn behind(layer: &ffi::sqlite3_vfs) -> usize {
    usize::try_from(layer.szOsFile).unwrap().next_multiple_of(align_of::<*mut Ours>())
}

/// # Safety
/// `file` is one that [`open`] has given our methods.
unsafe fn ours(file: *mut ffi::sqlite3_file) -> *mut *mut Ours {
    // SAFETY: SQLite allocates `szOsFile` bytes a file, which [`install`] made large enough, aligned to 8.
    unsafe { file.cast::<u8>().add(behind(&*original())).cast() }
}

/// # Safety
/// `name` is null or a path that ends with a NUL.
unsafe fn watched(name: *const c_char) -> Option<(Arc<Disk>, String, PathBuf)> {
    if name.is_null() {
        return None;
    }
    // SAFETY: the caller's promise.
    let path = Path::new(OsStr::from_bytes(unsafe { CStr::from_ptr(name) }.to_bytes())).to_owned();
    let disk = Disk::of(path.parent()?)?;
    Some((disk, path.file_name()?.to_str()?.to_owned(), path))
}

unsafe extern "C" fn open(
    _: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    out: *mut c_int,
) -> c_int {
    // SAFETY: the arguments are SQLite's, for a file of the size that this layer asks for.
    unsafe {
        let open = (*original()).xOpen.unwrap();
        let Some((disk, stem, path)) = watched(name) else { return open(original(), name, file, flags, out) };
        (*file).pMethods = std::ptr::null();
        if let Some(code) = disk.refuses(Request::Open) {
            return code;
        }
        let is_new = !path.exists();
        let code = open(original(), name, file, flags, out);
        if code != ffi::SQLITE_OK {
            return code;
        }
        if is_new {
            disk.changed(&stem, Change::Made);
        }
        let methods = ffi::sqlite3_io_methods {
            // The third version adds memory maps, which would pass our methods by.
            iVersion: (*(*file).pMethods).iVersion.min(2),
            xClose: Some(close),
            xRead: Some(read),
            xWrite: Some(write),
            xTruncate: Some(truncate),
            xSync: Some(sync),
            ..*(*file).pMethods
        };
        let made = Box::into_raw(Box::new(Ours { methods, original: (*file).pMethods, disk, name: stem }));
        ours(file).write(made);
        (*file).pMethods = &raw const (*made).methods;
        code
    }
}

unsafe extern "C" fn delete(_: *mut ffi::sqlite3_vfs, name: *const c_char, is_synced: c_int) -> c_int {
    // SAFETY: the arguments are SQLite's.
    unsafe {
        let watched = watched(name);
        if let Some(code) = watched.as_ref().and_then(|(disk, ..)| disk.refuses(Request::Delete)) {
            return code;
        }
        let code = ((*original()).xDelete.unwrap())(original(), name, is_synced);
        if let (ffi::SQLITE_OK, Some((disk, name, _))) = (code, watched) {
            disk.changed(&name, Change::Deleted { is_synced: is_synced != 0 });
        }
        code
    }
}

unsafe extern "C" fn close(file: *mut ffi::sqlite3_file) -> c_int {
    // SAFETY: the file was given our methods by `open`, and SQLite closes it once.
    unsafe {
        let ours = Box::from_raw(ours(file).read());
        (*file).pMethods = ours.original;
        ((*ours.original).xClose.unwrap())(file)
    }
}

unsafe extern "C" fn read(file: *mut ffi::sqlite3_file, bytes: *mut c_void, count: c_int, at: i64) -> c_int {
    // SAFETY: the file was given our methods by `open`; the rest is passed on.
    unsafe {
        let ours = &**ours(file);
        match ours.disk.refuses(Request::Read) {
            Some(code) => code,
            None => ((*ours.original).xRead.unwrap())(file, bytes, count, at),
        }
    }
}

unsafe extern "C" fn write(file: *mut ffi::sqlite3_file, bytes: *const c_void, count: c_int, at: i64) -> c_int {
    // SAFETY: the file was given our methods by `open`; `bytes` holds `count` bytes.
    unsafe {
        let ours = &**ours(file);
        let write = (*ours.original).xWrite.unwrap();
        if let Some(code) = ours.disk.refuses(Request::Write) {
            // What does not fit is often written in part.
            write(file, bytes, count / 2, at);
            return code;
        }
        let code = write(file, bytes, count, at);
        if code == ffi::SQLITE_OK {
            let bytes = std::slice::from_raw_parts(bytes.cast::<u8>(), usize::try_from(count).unwrap());
            let at = usize::try_from(at).unwrap();
            ours.disk.changed(&ours.name, Change::Written { at, bytes: bytes.to_vec() });
        }
        code
    }
}

unsafe extern "C" fn truncate(file: *mut ffi::sqlite3_file, size: i64) -> c_int {
    // SAFETY: the file was given our methods by `open`; the rest is passed on.
    unsafe {
        let ours = &**ours(file);
        if let Some(code) = ours.disk.refuses(Request::Truncate) {
            return code;
        }
        let code = ((*ours.original).xTruncate.unwrap())(file, size);
        if code == ffi::SQLITE_OK {
            ours.disk.changed(&ours.name, Change::Cut { size: usize::try_from(size).unwrap() });
        }
        code
    }
}

/// The disk below is never asked: what power loss would leave is worked out from the changes.
unsafe extern "C" fn sync(file: *mut ffi::sqlite3_file, _: c_int) -> c_int {
    // SAFETY: the file was given our methods by `open`.
    let ours = unsafe { &**ours(file) };
    ours.disk.refuses(Request::Sync).unwrap_or_else(|| {
        ours.disk.changed(&ours.name, Change::Synced);
        ffi::SQLITE_OK
    })
}
