//! Who and where this process is, and whether another process of this host is still alive; the systems differ here.

use crate::model::Header;

/// Where a process runs and under which number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Host {
    /// The host's name.
    pub name: Option<String>,
    /// The user's name, or number where the name is not known.
    pub user: Option<String>,
    /// The process' number.
    pub pid: u32,
    /// When the process started, in the kernel's ticks since boot.
    pub pid_start: Option<u64>,
    /// The boot of the machine.
    pub boot: Option<String>,
    /// The namespace that the process' number belongs to.
    pub pid_namespace: Option<String>,
}

/// Whether a process is still there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Liveness {
    /// It is there.
    Alive,
    /// It has ended.
    Gone,
    /// It cannot be seen from here.
    Unknown,
}

/// Returns the host's name.
#[must_use]
pub fn name() -> Option<String> {
    system::host_name()
}

impl Host {
    /// Returns what is known of this process; `user` is what the environment says of the user.
    #[must_use]
    pub fn here(user: Option<&str>) -> Self {
        Self {
            name: system::host_name(),
            user: user.map(str::to_owned).or_else(system::user_name),
            pid: std::process::id(),
            pid_start: system::start_of(None),
            boot: system::boot(),
            pid_namespace: system::pid_namespace(),
        }
    }

    /// Writes these facts into a journal's header.
    pub fn fill(&self, header: &mut Header) {
        header.host.clone_from(&self.name);
        header.user.clone_from(&self.user);
        header.pid = Some(self.pid);
        header.pid_start = self.pid_start;
        header.boot.clone_from(&self.boot);
        header.pid_namespace.clone_from(&self.pid_namespace);
    }
}

/// Returns whether the process that wrote `header` is still there, as seen from `here`.
///
/// Only a process of the same boot and the same pid namespace can be seen: the boot's id is that of a running kernel, so
/// it distinguishes machines better than their names do, which containers and clones share.
#[must_use]
pub fn is_alive(header: &Header, here: &Host) -> Liveness {
    let (Some(pid), Some(boot), Some(namespace)) = (header.pid, &header.boot, &header.pid_namespace) else {
        return Liveness::Unknown;
    };
    if Some(boot) != here.boot.as_ref() || Some(namespace) != here.pid_namespace.as_ref() {
        return Liveness::Unknown;
    }
    if pid == here.pid {
        return compare(header.pid_start, here.pid_start);
    }
    match system::exists(pid) {
        Some(false) => Liveness::Gone,
        Some(true) if system::is_zombie(pid) => Liveness::Gone,
        Some(true) => compare(header.pid_start, system::start_of(Some(pid))),
        None => Liveness::Unknown,
    }
}

/// A number is given again to other processes: only the time of the start says whether it is the same one.
fn compare(recorded: Option<u64>, found: Option<u64>) -> Liveness {
    match (recorded, found) {
        (Some(recorded), Some(found)) if recorded == found => Liveness::Alive,
        (Some(_), Some(_)) => Liveness::Gone,
        _ => Liveness::Unknown,
    }
}

#[cfg(unix)]
mod unix {
    use rustix::process::{Pid, getuid, test_kill_process};

    pub(super) fn host_name() -> Option<String> {
        let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
        (!name.is_empty()).then_some(name)
    }

    /// Returns the user's name as `/etc/passwd` has it, else the number.
    #[expect(clippy::disallowed_methods, reason = "a file of the system")]
    pub(super) fn user_name() -> Option<String> {
        let number = getuid().as_raw().to_string();
        let passwd = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
        Some(name_in(&passwd, &number).map_or(number, str::to_owned))
    }

    /// Lines are `name:password:number:…`.
    pub(super) fn name_in<'a>(passwd: &'a str, number: &str) -> Option<&'a str> {
        passwd.lines().find_map(|line| {
            let mut fields = line.split(':');
            let name = fields.next()?;
            (fields.nth(1)? == number && !name.is_empty()).then_some(name)
        })
    }

    pub(super) fn exists(pid: u32) -> Option<bool> {
        let pid = Pid::from_raw(i32::try_from(pid).ok()?)?;
        match test_kill_process(pid) {
            Ok(()) | Err(rustix::io::Errno::PERM) => Some(true),
            Err(rustix::io::Errno::SRCH) => Some(false),
            Err(_) => None,
        }
    }
}

#[cfg(target_os = "linux")]
mod system {
    pub(super) use super::unix::{exists, host_name, user_name};

    #[expect(clippy::disallowed_methods, reason = "a file of the system")]
    pub(super) fn boot() -> Option<String> {
        let id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
        Some(id.trim().to_owned()).filter(|id| !id.is_empty())
    }

    pub(super) fn pid_namespace() -> Option<String> {
        Some(std::fs::read_link("/proc/self/ns/pid").ok()?.to_string_lossy().into_owned())
    }

    /// Returns when a process, or with `None` this one, started.
    pub(super) fn start_of(pid: Option<u32>) -> Option<u64> {
        parse_start(&stat_of(pid)?)
    }

    pub(super) fn is_zombie(pid: u32) -> bool {
        stat_of(Some(pid)).as_deref().and_then(parse_state).is_some_and(|state| matches!(state, "Z" | "X" | "x"))
    }

    #[expect(clippy::disallowed_methods, reason = "a file of the system")]
    fn stat_of(pid: Option<u32>) -> Option<String> {
        let pid = pid.map_or_else(|| "self".to_owned(), |pid| pid.to_string());
        let bytes = std::fs::read(format!("/proc/{pid}/stat")).ok()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// `pid (name) state ppid …`: the name may hold spaces and brackets, so fields are counted from its last bracket.
    pub(super) fn parse_state(stat: &str) -> Option<&str> {
        stat.rsplit_once(')')?.1.split_whitespace().next()
    }

    /// The start is field 22, the twentieth behind the name.
    pub(super) fn parse_start(stat: &str) -> Option<u64> {
        stat.rsplit_once(')')?.1.split_whitespace().nth(19)?.parse().ok()
    }
}

#[cfg(all(unix, not(target_os = "linux")))]
mod system {
    pub(super) use super::unix::{exists, host_name, user_name};

    pub(super) fn boot() -> Option<String> {
        None
    }

    pub(super) fn pid_namespace() -> Option<String> {
        None
    }

    pub(super) fn start_of(_pid: Option<u32>) -> Option<u64> {
        None
    }

    pub(super) fn is_zombie(_pid: u32) -> bool {
        false
    }
}

#[cfg(not(unix))]
mod system {
    pub(super) fn host_name() -> Option<String> {
        None
    }

    pub(super) fn user_name() -> Option<String> {
        None
    }

    pub(super) fn boot() -> Option<String> {
        None
    }

    pub(super) fn pid_namespace() -> Option<String> {
        None
    }

    pub(super) fn start_of(_pid: Option<u32>) -> Option<u64> {
        None
    }

    pub(super) fn is_zombie(_pid: u32) -> bool {
        false
    }

    pub(super) fn exists(_pid: u32) -> Option<bool> {
        None
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    fn header_of(host: &Host) -> Header {
        let mut header = Header::default();
        host.fill(&mut header);
        header
    }

    #[test]
    fn this_process_is_alive_and_everything_about_it_is_known() {
        let here = Host::here(None);
        assert!(here.name.is_some() && here.user.is_some() && here.boot.is_some() && here.pid_namespace.is_some());
        assert_eq!(is_alive(&header_of(&here), &here), Liveness::Alive);
        assert_eq!(Host::here(Some("ada")).user.as_deref(), Some("ada"));
    }

    #[test]
    fn a_child_is_alive_until_it_ends_and_gone_while_a_zombie() {
        let here = Host::here(None);
        let mut child = std::process::Command::new("sleep").arg("600").spawn().unwrap();
        let mut header = header_of(&here);
        header.pid = Some(child.id());
        header.pid_start = system::start_of(Some(child.id()));
        assert_eq!(is_alive(&header, &here), Liveness::Alive);

        header.pid_start = header.pid_start.map(|start| start + 1);
        assert_eq!(is_alive(&header, &here), Liveness::Gone, "the number was given to another process");
        header.pid_start = system::start_of(Some(child.id()));

        child.kill().unwrap();
        while !system::is_zombie(child.id()) {
            std::thread::yield_now();
        }
        assert_eq!(is_alive(&header, &here), Liveness::Gone);
        child.wait().unwrap();
        assert_eq!(is_alive(&header, &here), Liveness::Gone);
    }

    #[test]
    fn another_boot_or_namespace_cannot_be_seen() {
        let here = Host::here(None);
        let changes: [fn(&mut Header); 5] = [
            |header| header.boot = Some("another".to_owned()),
            |header| header.boot = None,
            |header| header.pid_namespace = Some("pid:[1]".to_owned()),
            |header| header.pid = None,
            |header| header.pid_start = None,
        ];
        for change in changes {
            let mut header = header_of(&here);
            change(&mut header);
            assert_eq!(is_alive(&header, &here), Liveness::Unknown);
        }
    }

    #[test]
    fn the_name_of_a_process_does_not_shift_its_fields() {
        let stat = "12 (a) S (b) Z 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4711 20";
        assert_eq!(system::parse_state(stat), Some("Z"));
        assert_eq!(system::parse_start(stat), Some(4711));
        assert_eq!(system::parse_start("12 (a"), None);
    }

    #[test]
    fn a_user_is_looked_up_by_number() {
        let passwd = "root:x:0:0::/:/bin/sh\nbroken\n:x:7::\nada:x:1000:1000::/home/ada:/bin/sh\n";
        assert_eq!(unix::name_in(passwd, "1000"), Some("ada"));
        assert_eq!(unix::name_in(passwd, "7"), None);
        assert_eq!(unix::name_in(passwd, "12"), None);
    }
}
