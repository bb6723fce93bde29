//! Any text as a name, a version, a time or a secret: parsing ends, and what was understood is shown so that it is
//! understood again.

use std::path::Path;

use mltrace_core::model::{ArtifactKind, RunId, Timestamp, VersionId};
use mltrace_core::naming::{self, Root};
use mltrace_core::redact;

#[path = "../../../mltrace-cli/src/time.rs"]
#[allow(dead_code, reason = "what shows times to people is not asked for here")]
mod time;

pub fn check(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let root = Root::new(Path::new("/project"));
    for name in naming::on_command_line(&text, &root, Path::new("/project/sub")) {
        assert!(!name.as_str().is_empty() || text.is_empty(), "a name vanished: {text:?}");
        let _ = ArtifactKind::guess(name.as_str());
    }
    path(bytes);
    if let Ok(version) = text.parse::<VersionId>() {
        assert_eq!(version.to_string().parse(), Ok(version.clone()), "{text:?}");
        let _ = version.short(8);
    }
    if let Ok(run) = text.parse::<RunId>() {
        assert_eq!(run.to_string().parse(), Ok(run), "{text:?}");
    }
    for moment in [text.parse::<Timestamp>().ok(), time::parse(&text).ok()].into_iter().flatten() {
        let within = moment.clamp(Timestamp::MIN, Timestamp::MAX);
        assert_eq!(within.to_string().parse(), Ok(within), "{text:?}");
        let _ = time::show(moment);
    }
    let _ = time::parse_span(&text);
    let _ = (redact::text(&text), redact::uri(&text), redact::tokens(&text));
}

/// A path of any bytes comes back from its name.
#[cfg(unix)]
fn path(bytes: &[u8]) {
    use std::os::unix::ffi::OsStrExt as _;

    let given = std::ffi::OsStr::from_bytes(bytes);
    assert_eq!(naming::decode(&naming::encode(given)).as_os_str(), given);
}

#[cfg(not(unix))]
fn path(_: &[u8]) {}
