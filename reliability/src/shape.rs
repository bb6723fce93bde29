//! Functions of every shape, each twice: registered, and as it would stand without mltrace.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// The names of the shapes.
pub(crate) const NAMES: [&str; 8] = ["ok", "err", "panic", "async", "cancelled", "question", "generic", "exit"];

/// Runs a future to its end on this thread.
fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return value;
        }
    }
}

/// Polls a future once and drops it.
fn cancel<F: Future>(future: F) -> bool {
    pin!(future).as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending()
}

/// Is pending the first time.
async fn yield_once() {
    let mut is_first = true;
    std::future::poll_fn(|_| if std::mem::take(&mut is_first) { Poll::Pending } else { Poll::Ready(()) }).await;
}

/// The same functions, with the attribute where `$is_registered` holds.
macro_rules! shapes {
    ($twin:ident, $($is_registered:tt)*) => {
        /// Functions of every shape.
        mod $twin {
            use std::fmt::Debug;
            use std::fs;
            use std::path::{Path, PathBuf};

            use super::{block_on, cancel, yield_once};

            #[cfg_attr($($is_registered)*, mltrace::register(inputs = [raw], outputs = [clean], params = [month]))]
            fn ok(raw: &Path, month: u32) -> Result<PathBuf, String> {
                let text = fs::read_to_string(raw).map_err(|error| error.to_string())?;
                let clean = raw.with_file_name("clean.csv");
                fs::write(&clean, text.to_uppercase()).map_err(|error| error.to_string())?;
                println!("cleaned month {month}");
                Ok(clean)
            }

            #[cfg_attr($($is_registered)*, mltrace::register(inputs = [raw], outputs = [return]))]
            fn err(raw: &Path) -> Result<PathBuf, String> {
                Err(format!("no rows in {}", raw.display()))
            }

            #[cfg_attr($($is_registered)*, mltrace::register(inputs = [raw]))]
            fn panics(raw: &Path) -> usize {
                let text = fs::read_to_string(raw).unwrap_or_default();
                assert!(text.is_empty(), "rows where none may be");
                text.len()
            }

            #[cfg_attr($($is_registered)*, mltrace::register(inputs = [raw], outputs = [clean]))]
            async fn steps(raw: &Path) -> std::io::Result<PathBuf> {
                yield_once().await;
                let clean = raw.with_file_name("async.csv");
                fs::write(&clean, fs::read(raw)?)?;
                yield_once().await;
                Ok(clean)
            }

            #[cfg_attr($($is_registered)*, mltrace::register(inputs = [raw], outputs = [return]))]
            fn question(raw: &Path) -> Result<PathBuf, std::num::ParseIntError> {
                let count: usize = "many".parse()?;
                Ok(raw.with_extension(count.to_string()))
            }

            #[cfg_attr($($is_registered)*, mltrace::register(inputs = [raw]))]
            fn generic<T: Clone + Debug, const N: usize>(raw: &Path, value: T) -> [T; N] {
                let _ = raw;
                std::array::from_fn(|_| value.clone())
            }

            #[cfg_attr($($is_registered)*, mltrace::register(inputs = [raw]))]
            #[expect(clippy::disallowed_methods, reason = "a shape of function is one that never returns")]
            fn exits(raw: &Path) -> usize {
                println!("leaving {}", raw.display());
                std::process::exit(7);
            }

            /// Calls the function of a shape and shows what it returns.
            pub(super) fn call(shape: &str) -> String {
                let raw = Path::new("raw.csv");
                match shape {
                    "ok" => format!("{:?}", ok(raw, 3)),
                    "err" => format!("{:?}", err(raw)),
                    "panic" => format!("{:?}", panics(raw)),
                    "async" => format!("{:?}", block_on(steps(raw)).map_err(|error| error.to_string())),
                    "cancelled" => format!("pending {:?}", cancel(steps(raw))),
                    "question" => format!("{:?}", question(raw)),
                    "generic" => format!("{:?}", generic::<_, 3>(raw, "x")),
                    "exit" => format!("{:?}", exits(raw)),
                    other => format!("no shape is called {other}"),
                }
            }
        }
    };
}

shapes!(registered, all());
shapes!(plain, any());

/// Calls the function of a shape, registered or as its plain twin.
pub(crate) fn call(twin: &str, shape: &str) -> String {
    if twin == "registered" { registered::call(shape) } else { plain::call(shape) }
}
