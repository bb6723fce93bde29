//! How runs fail: panics, and errors of every kind.

use std::error::Error;
use std::fmt;
use std::path::Path;

use crate::{here, outcome, outputs, run_of, twins};

#[derive(Debug)]
struct Outer(Inner);

#[derive(Debug)]
struct Inner;

impl fmt::Display for Outer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the table cannot be read")
    }
}

impl fmt::Display for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no such column")
    }
}

impl Error for Outer {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}

impl Error for Inner {}

#[derive(Debug)]
struct OnlyDebug;

struct Silent;

struct Explodes;

impl fmt::Display for Explodes {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("while shown")
    }
}

impl AsRef<Path> for Explodes {
    fn as_ref(&self) -> &Path {
        panic!("while named")
    }
}

type Alias<T, E = Outer> = Result<T, E>;

#[mltrace::register]
fn by_error() -> Alias<u8> {
    Err(Outer(Inner))
}

#[mltrace::register]
fn by_box() -> Result<u8, Box<dyn Error>> {
    Err(Outer(Inner))?
}

#[mltrace::register]
fn by_send_box() -> Result<u8, Box<dyn Error + Send + Sync>> {
    Err(Outer(Inner))?
}

#[mltrace::register]
fn by_text() -> Alias<u8, &'static str> {
    Err("nothing there")
}

#[mltrace::register]
fn by_debug() -> Alias<u8, OnlyDebug> {
    Err(OnlyDebug)
}

#[mltrace::register]
fn by_type() -> Alias<u8, Silent> {
    Err(Silent)
}

#[mltrace::register]
fn by_explosion() -> Alias<u8, Explodes> {
    Err(Explodes)
}

#[mltrace::register]
fn by_generic<E: fmt::Display>(error: E) -> Result<u8, E> {
    Err(error)
}

#[test]
fn an_error_is_told_as_well_as_it_can_be() {
    here();
    let (_, _, _) = (by_error(), by_box(), by_send_box());
    for component in ["by_error", "by_box", "by_send_box"] {
        assert_eq!(run_of(component).error.as_deref(), Some("the table cannot be read: no such column"), "{component}");
    }
    let (_, _, _) = (by_text(), by_debug(), by_generic(7));
    assert_eq!(run_of("by_text").error.as_deref(), Some("nothing there"));
    assert_eq!(run_of("by_debug").error.as_deref(), Some("OnlyDebug"));
    assert_eq!(run_of("by_generic").error.as_deref(), Some("7"));
    let _ = by_type();
    assert!(run_of("by_type").error.unwrap().ends_with("failing::Silent"));
    let _ = by_explosion();
    assert_eq!(run_of("by_explosion").error.as_deref(), Some("<panicked while shown>"));
}

#[mltrace::register]
fn nothing_found(found: bool) -> Option<u8> {
    found.then_some(3)
}

#[test]
fn only_an_error_fails_a_run() {
    here();
    nothing_found(false);
    assert_eq!(run_of("nothing_found").status.as_str(), "completed");
}

mod panics {
    use super::*;

    twins! {
        [component = "panics", outputs = [path]]
        pub(super) fn index(at: usize) -> u8 {
            let path = "partial";
            let _ = path;
            let nothing: Vec<u8> = Vec::new();
            nothing[at]
        }
    }

    #[mltrace::register]
    fn with_a_value() {
        std::panic::panic_any(7_u8);
    }

    #[test]
    fn a_panic_goes_on_and_is_recorded() {
        here();
        let (plain, recorded) = (outcome(|| plain::index(3)), outcome(|| recorded::index(3)));
        assert_eq!(plain, recorded);
        let run = run_of("panics");
        assert_eq!((run.status.as_str(), run.error.as_ref()), ("failed", plain.as_ref().err()));
        assert_eq!(outputs(&run), ["partial"]);
    }

    #[test]
    fn a_panic_keeps_its_payload() {
        here();
        let payload = std::panic::catch_unwind(with_a_value).unwrap_err();
        assert_eq!(payload.downcast_ref::<u8>(), Some(&7));
        assert_eq!(run_of("with_a_value").error.as_deref(), Some("panicked with a value that is no text"));
    }
}

mod hostile {
    use super::*;

    /// A text that cannot be known.
    struct Untold;

    impl AsRef<str> for Untold {
        fn as_ref(&self) -> &str {
            panic!("while told")
        }
    }

    impl From<Untold> for String {
        fn from(_: Untold) -> Self {
            panic!("while told")
        }
    }

    #[mltrace::register(inputs = [value, "fine"], outputs = [value], params = [value, 1 + 1])]
    fn hostile(value: &Explodes) -> u8 {
        let _ = value;
        3
    }

    #[test]
    fn values_that_panic_while_recorded_reach_nobody() {
        here();
        assert_eq!(hostile(&Explodes), 3);
        let run = run_of("hostile");
        assert_eq!(run.status.as_str(), "completed");
        assert_eq!(crate::inputs(&run), ["fine"]);
        assert_eq!(run.params["1 + 1"].as_str(), Some("2"));
        assert_eq!(run.params["value"].as_str(), Some("<panicked while shown>"));
        assert!(run.notes.iter().all(|note| note.text.contains("`value` is not recorded")), "{:?}", run.notes);
    }

    #[test]
    fn values_that_panic_while_told_by_hand_reach_nobody() {
        here();
        let run = mltrace::start("told").owner(Untold).input(Explodes).param("p", Explodes).param(Untold, 1);
        let run = run.note(Untold).tag(Untold).output(Explodes);
        run.scope(|| {
            mltrace::input!(Explodes);
            mltrace::output!(Explodes);
            mltrace::param!("inside", Explodes);
            mltrace::note!("{}", Explodes);
        });
        run.handle().input(Explodes);
        run.handle().param(Untold, Explodes);
        run.handle().note(Untold);
        run.finish();
        mltrace::start(Untold).fail(Explodes);
        assert_eq!(run_of("told").status.as_str(), "completed");
        assert_eq!(run_of("<panicked while told>").error.as_deref(), Some("<panicked while shown>"));
    }
}
