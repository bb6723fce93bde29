//! Every shape of function beside its twin without the attribute: the same values, errors, panics and order of drops,
//! and a run that says what happened.
#![allow(clippy::disallowed_methods, reason = "what tries the project makes the files that it needs")]
#![cfg(feature = "store")]
#![allow(clippy::unused_async, clippy::redundant_closure_call, reason = "shapes, not style")]

mod awaiting;
mod checking;
mod failing;
mod functions;
mod inside;
mod loading;
mod measuring;
mod observing;
mod outputs;
mod profiles;
mod subjects;
mod tasks;

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use mltrace::answer::Run;

/// The folder that all tests of this process record in: nothing removes it at their end, but processes that come later do.
static HERE: LazyLock<PathBuf> = LazyLock::new(|| {
    let all = Path::new(env!("CARGO_TARGET_TMPDIR")).join("shapes");
    let lives = |name: &std::ffi::OsStr| Path::new("/proc").join(name).exists();
    for left in std::fs::read_dir(&all).into_iter().flatten().flatten().filter(|left| !lives(&left.file_name())) {
        let _ = std::fs::remove_dir_all(left.path());
    }
    let folder = all.join(std::process::id().to_string());
    std::fs::create_dir_all(folder.join(".mltrace")).unwrap();
    #[expect(clippy::disallowed_methods, reason = "it is what a process is recorded by, and set before the first run")]
    std::env::set_current_dir(&folder).unwrap();
    folder
});

fn here() -> &'static Path {
    &HERE
}

/// Returns the newest run of a component.
fn run_of(component: &str) -> Run {
    mltrace::history(component).unwrap().runs.into_iter().next().unwrap()
}

fn inputs(run: &Run) -> Vec<&str> {
    run.inputs.iter().map(|input| input.name.as_str()).collect()
}

fn outputs(run: &Run) -> Vec<&str> {
    run.outputs.iter().map(|output| output.name.as_str()).collect()
}

/// What became of a call: its value, or the text of its panic.
fn outcome<T>(call: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(call)).map_err(|payload| panic_text(&*payload))
}

fn panic_text(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no text".to_owned())
}

/// Runs a future to its end.
fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

/// Writes a function twice: in `plain` as it is, in `recorded` with the attribute.
macro_rules! twins {
    ([$($arguments:tt)*] $($item:tt)*) => {
        mod plain {
            #[allow(unused_imports)]
            use super::*;
            $($item)*
        }

        mod recorded {
            #[allow(unused_imports)]
            use super::*;
            #[mltrace::register($($arguments)*)]
            $($item)*
        }
    };
}
use twins;
