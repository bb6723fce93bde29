//! Which file system a path lies on: shared memory and locks can be trusted on a local one only.

use std::path::Path;

/// Returns whether `path`, or the nearest folder above it that exists, lies on a local file system.
///
/// Network and user-space file systems, and whatever is not known, are not local: the answer decides whether SQLite
/// may use its write-ahead log, which needs memory that all its users share.
#[must_use]
pub fn is_local(path: &Path) -> bool {
    let existing = path.ancestors().find(|ancestor| ancestor.exists());
    match existing {
        // A relative path without any folder of its own lies in the working directory.
        Some(folder) if folder.as_os_str().is_empty() => ask(Path::new(".")),
        Some(folder) => ask(folder),
        None => ask(Path::new(".")),
    }
}

/// The file systems of Linux that are known to be local, by the number that `statfs` reports.
///
/// Absent on purpose: NFS, SMB and CIFS, 9p, FUSE and virtiofs (which share a number), Lustre, Ceph, GPFS, AFS, GFS2,
/// OCFS2, vboxsf, and everything that nobody has heard of yet.
const LOCAL: &[u64] = &[
    0xEF53,      // ext2, ext3, ext4
    0x5846_5342, // XFS
    0x9123_683E, // Btrfs
    0x0102_1994, // tmpfs
    0x8584_58F6, // ramfs
    0x2FC1_2FC1, // ZFS
    0xF2F5_2010, // F2FS
    0x794C_7630, // overlayfs
    0xCA45_1A4E, // bcachefs
    0x3153_464A, // JFS
    0x5265_4973, // ReiserFS
    0x3434,      // NILFS2
    0xF15F,      // eCryptfs
    0x4D44,      // FAT
    0x2011_BAB0, // exFAT
    0x7366_746E, // NTFS in the kernel
    0x2405_1905, // UBIFS
    0x7275,      // romfs
    0x7371_7368, // squashfs
];

/// Returns whether the number that Linux reports as a file system's type belongs to a local one.
#[must_use]
pub fn is_local_type(number: u64) -> bool {
    // The kernel reports a word whose upper half is a sign extension on some architectures.
    LOCAL.contains(&(number & 0xFFFF_FFFF))
}

#[cfg(target_os = "linux")]
fn ask(folder: &Path) -> bool {
    rustix::fs::statfs(folder).is_ok_and(|answer| u64::try_from(answer.f_type).is_ok_and(is_local_type))
}

#[cfg(any(target_os = "macos", target_os = "freebsd"))]
fn ask(folder: &Path) -> bool {
    const MNT_LOCAL: u64 = 0x1000;
    rustix::fs::statfs(folder).is_ok_and(|answer| u64::from(answer.f_flags) & MNT_LOCAL != 0)
}

/// On Windows a share is reached by a path of the form `\\server\share`; a mapped drive letter cannot be distinguished from a
/// disk without asking the system, but SQLite refuses shared memory there by itself.
#[cfg(windows)]
fn ask(folder: &Path) -> bool {
    use std::path::{Component, Prefix};
    let Ok(absolute) = std::path::absolute(folder) else {
        return false;
    };
    let is_disk = |prefix: Prefix<'_>| matches!(prefix, Prefix::Disk(_) | Prefix::VerbatimDisk(_));
    matches!(absolute.components().next(), Some(Component::Prefix(prefix)) if is_disk(prefix.kind()))
}

#[cfg(not(any(target_os = "linux", target_os = "macos", target_os = "freebsd", windows)))]
fn ask(_folder: &Path) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn local_file_systems_are_told_from_the_others_by_number() {
        for local in [0xEF53, 0x5846_5342, 0x9123_683E, 0x0102_1994, 0x2FC1_2FC1, 0x794C_7630, 0xFFFF_FFFF_9123_683E] {
            assert!(is_local_type(local), "{local:#x}");
        }
        let network = [
            0x6969,      // NFS
            0x517B,      // SMB
            0xFF53_4D42, // CIFS
            0xFE53_4D42, // SMB2
            0x0102_1997, // 9p
            0x6573_5546, // FUSE, virtiofs
            0x0BD0_0BD0, // Lustre
            0x00C3_6400, // Ceph
            0x4750_4653, // GPFS
            0x5346_414F, // AFS
            0x0116_1970, // GFS2
            0x7461_636F, // OCFS2
            0x786F_4256, // vboxsf
            0xDEAD_BEEF,
        ];
        for other in network {
            assert!(!is_local_type(other), "{other:#x}");
        }
    }

    #[test]
    fn a_path_that_does_not_exist_is_judged_by_the_folder_above() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(is_local(&folder.path().join("a/b/c")), is_local(folder.path()));
        assert_eq!(is_local(Path::new("no/such/folder")), is_local(Path::new(".")));
    }
}
