//! Asynchronous functions beside their twins.

use std::future::poll_fn;
use std::num::ParseIntError;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use crate::{block_on, here, outcome, outputs, run_of, twins};

/// Gives the other tasks a turn.
async fn pause() {
    let mut is_due = false;
    poll_fn(|context| {
        context.waker().wake_by_ref();
        if std::mem::replace(&mut is_due, true) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

fn is_send<T: Send>(value: T) -> T {
    value
}

mod functions {
    use super::*;

    twins! {
        [component = "async_functions", inputs = [text], outputs = [path], params = [early]]
        pub(super) async fn number(text: &str, early: bool) -> Result<Box<dyn Fn() -> u8 + Send + '_>, ParseIntError> {
            let mut path = String::from("a");
            pause().await;
            if early {
                return Ok(Box::new(|| 1));
            }
            path.push('b');
            pause().await;
            let number: u8 = text.parse()?;
            path.push_str(text);
            Ok(Box::new(move || number))
        }
    }

    #[test]
    fn values_and_errors_are_the_same() {
        here();
        for (text, early) in [("2", false), ("2", true), ("x", false)] {
            let plain = block_on(is_send(plain::number(text, early))).map(|number| number());
            let recorded = block_on(is_send(recorded::number(text, early))).map(|number| number());
            assert_eq!(plain, recorded);
        }
        let runs = mltrace::history("async_functions").unwrap().runs;
        let status: Vec<_> = runs.iter().map(|run| run.status.as_str()).collect();
        assert_eq!(status, ["failed", "completed", "completed"]);
        let paths: Vec<_> = runs.iter().map(outputs).collect();
        assert_eq!(paths, [["ab"], ["a"], ["ab2"]]);
        assert_eq!(runs[0].error.as_deref(), Some("invalid digit found in string"));
    }

    #[mltrace::register]
    async fn never_polled() {}

    #[test]
    fn a_future_that_is_never_polled_is_no_run() {
        here();
        drop(never_polled());
        assert!(mltrace::history("never_polled").is_err());
    }
}

mod methods {
    use super::*;

    struct Service {
        names: Vec<String>,
    }

    impl Service {
        #[mltrace::register(component = "async_method", outputs = [name])]
        async fn add(&mut self, name: impl Into<String>) -> &mut String {
            let name = name.into();
            pause().await;
            self.names.push(name);
            self.names.last_mut().unwrap()
        }
    }

    #[test]
    fn a_method_may_return_a_borrow() {
        here();
        let mut service = Service { names: Vec::new() };
        block_on(async { service.add("n").await.push('!') });
        assert_eq!(service.names, ["n!"]);
        assert_eq!(outputs(&run_of("async_method")), ["n"]);
    }
}

mod ends {
    use super::*;

    twins! {
        [component = "async_panic", outputs = [path]]
        pub(super) async fn panics(at: usize) -> u8 {
            let path = "partial";
            let _ = path;
            pause().await;
            let nothing: Vec<u8> = Vec::new();
            nothing[at]
        }
    }

    #[test]
    fn a_panic_goes_on_and_is_recorded() {
        here();
        let (plain, recorded) = (outcome(|| block_on(plain::panics(3))), outcome(|| block_on(recorded::panics(3))));
        assert_eq!(plain, recorded);
        let run = run_of("async_panic");
        assert_eq!((run.status.as_str(), run.error), ("failed", plain.err()));
        assert_eq!(outputs(&run_of("async_panic")), ["partial"]);
    }

    #[mltrace::register(component = "async_cancelled", outputs = [path])]
    async fn waits() {
        let path = "never-written";
        let _ = path;
        std::future::pending::<()>().await;
    }

    #[test]
    fn a_future_dropped_before_its_end_was_cancelled() {
        here();
        {
            let mut waits = pin!(waits());
            assert!(waits.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        }
        let run = run_of("async_cancelled");
        assert_eq!((run.status.as_str(), outputs(&run)), ("cancelled", vec!["never-written"]));
        assert_eq!(run.outputs[0].version, None);
    }
}

mod tasks {
    use super::*;

    #[mltrace::register(component = "task_outer", params = [name])]
    async fn outer(name: &str) {
        for _ in 0..3 {
            pause().await;
        }
        mltrace::note!("{name}");
        inner(name).await;
    }

    #[mltrace::register(component = "task_inner", params = [name])]
    async fn inner(name: &str) {
        pause().await;
        mltrace::output!(format!("of-{name}"));
    }

    #[test]
    fn tasks_that_take_turns_keep_their_own_run() {
        here();
        block_on(async {
            let (a, b) = (tokio::spawn(outer("a")), tokio::spawn(outer("b")));
            a.await.unwrap();
            b.await.unwrap();
        });
        let outers = mltrace::history("task_outer").unwrap().runs;
        for inner in mltrace::history("task_inner").unwrap().runs {
            let outer = outers.iter().find(|outer| Some(outer.id) == inner.parent).unwrap();
            assert_eq!(inner.params["name"], outer.params["name"]);
            assert_eq!(outer.notes[0].text.as_str(), outer.params["name"].as_str().unwrap());
            assert_eq!(outputs(&inner), [format!("of-{}", outer.notes[0].text)]);
        }
    }
}
