//! Synchronous functions and methods beside their twins.

use std::cell::RefCell;
use std::fmt::Debug;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use mltrace::answer::Run;

use crate::{block_on, here, inputs, outcome, outputs, run_of, twins};

/// Checks that both twins end alike.
fn same<T: PartialEq + Debug>(plain: impl FnOnce() -> T, recorded: impl FnOnce() -> T) -> Result<T, String> {
    here();
    let (plain, recorded) = (outcome(plain), outcome(recorded));
    assert_eq!(plain, recorded);
    plain
}

mod steps {
    use super::*;

    twins! {
        [component = "functions", inputs = [raw, "zones"], outputs = [clean], params = [month, raw], tags = ["etl"],
         owner = "shreya", description = concat!("drops ", "rows"), stale_after = "2 weeks", kind(model = [clean])]
        pub(super) fn clean(raw: &Path, month: u32) -> Result<PathBuf, String> {
            let clean = raw.with_file_name(format!("clean-{month}"));
            if month > 12 {
                return Err(format!("there is no month {month}"));
            }
            Ok(clean)
        }
    }

    #[test]
    fn a_function_is_recorded_as_it_says() {
        let raw = Path::new("raw-1");
        same(|| plain::clean(raw, 3), || recorded::clean(raw, 3)).unwrap().unwrap();
        let run = run_of("functions");
        assert_eq!(run.status.as_str(), "completed");
        assert_eq!(inputs(&run), ["raw-1", "zones"]);
        assert_eq!(run.inputs[0].argument.as_deref(), Some("raw"));
        assert_eq!(outputs(&run), ["clean-3"]);
        assert_eq!(run.outputs[0].kind.as_str(), "model");
        assert_eq!((run.params["month"].as_str(), run.params["raw"].as_str()), (Some("3"), Some("raw-1")));
        assert_eq!((run.owner.as_deref(), run.description.as_deref()), (Some("shreya"), Some("drops rows")));
        assert_eq!(run.tags, ["etl"]);

        // An early error fails the run.
        same(|| plain::clean(raw, 13), || recorded::clean(raw, 13)).unwrap().unwrap_err();
        let run = run_of("functions");
        assert_eq!(run.status.as_str(), "failed");
        assert_eq!(run.error.as_deref(), Some("there is no month 13"));
        assert_eq!(outputs(&run), ["clean-13"]);
    }
}

mod methods {
    use super::*;

    #[derive(Clone, Debug, PartialEq)]
    struct Store {
        folder: PathBuf,
        last: Option<String>,
    }

    trait Fetch {
        fn fetch(&self) -> String;

        #[mltrace::register(component = "default_method")]
        fn twice(&self) -> String {
            self.fetch() + &self.fetch()
        }
    }

    impl Fetch for Store {
        #[mltrace::register(component = "trait_method", inputs = [self.folder])]
        fn fetch(&self) -> String {
            self.folder.display().to_string()
        }
    }

    impl Store {
        fn plain_put(&mut self, name: &str) -> &mut Option<String> {
            self.last = Some(name.to_owned());
            &mut self.last
        }

        #[mltrace::register(component = "mut_method", inputs = [self.folder.join("in")], outputs = [path])]
        fn put(&mut self, name: &str) -> &mut Option<String> {
            let path = self.folder.join(name);
            let _ = &path;
            self.last = Some(name.to_owned());
            &mut self.last
        }

        #[mltrace::register(component = "value_method", outputs = [return])]
        fn into_last(mut self) -> Option<String> {
            self.last.get_or_insert_with(String::new).push_str("-last");
            self.last
        }

        #[mltrace::register(component = "constructor")]
        fn new(folder: impl Into<PathBuf>) -> Self {
            Self { folder: folder.into(), last: None }
        }
    }

    #[test]
    fn methods_return_what_they_borrow() {
        here();
        let (mut one, mut other) = (Store::new("dir"), Store::new("dir"));
        *one.put("a").as_mut().unwrap() += "!";
        *other.plain_put("a").as_mut().unwrap() += "!";
        assert_eq!(one, other);
        let run = run_of("mut_method");
        assert_eq!((inputs(&run), outputs(&run)), (vec!["dir/in"], vec!["dir/a"]));
        assert_eq!(run.inputs[0].argument.as_deref(), Some("self.folder.join(\"in\")"));
        assert_eq!(one.into_last().as_deref(), Some("a!-last"));
        assert_eq!(outputs(&run_of("value_method")), ["a!-last"]);
    }

    #[test]
    fn a_run_inside_a_run_is_its_child() {
        here();
        assert_eq!(Store::new("d").twice(), "dd");
        assert_eq!(run_of("trait_method").parent, Some(run_of("default_method").id));
    }
}

mod generics {
    use super::*;

    twins! {
        [component = "generics", inputs = [paths], params = [label, N], outputs = [joined]]
        pub(super) fn join<'a, P, L, const N: usize>(paths: &'a [P; N], label: L) -> (&'a P, String)
        where
            P: AsRef<Path> + 'a,
            L: Debug,
        {
            let joined: String = paths.iter().map(|path| path.as_ref().display().to_string()).collect();
            (&paths[0], format!("{joined}{label:?}"))
        }
    }

    #[test]
    fn generic_parameters_are_artifacts_by_what_they_are() {
        let paths = ["a1", "b1"];
        same(|| plain::join(&paths, 'x'), || recorded::join(&paths, 'x')).unwrap();
        let run = run_of("generics");
        assert_eq!((inputs(&run), outputs(&run)), (vec!["a1", "b1"], vec!["a1b1"]));
        assert_eq!((run.params["label"].as_str(), run.params["N"].as_str()), (Some("'x'"), Some("2")));
    }
}

mod opaque {
    use super::*;

    twins! {
        [component = "opaque", outputs = [name]]
        pub(super) fn names(count: &str) -> Result<impl Iterator<Item = Box<dyn Fn() -> String>>, std::num::ParseIntError> {
            let count: usize = count.parse()?;
            let mut all: Vec<Box<dyn Fn() -> String>> = Vec::new();
            for at in 0..count {
                let name = format!("part-{at}");
                all.push(Box::new(move || name.clone()));
            }
            Ok(all.into_iter())
        }
    }

    #[test]
    fn opaque_values_pass_through() {
        let all = |names: Result<_, std::num::ParseIntError>| match names {
            Ok(names) => Vec::from_iter(names).into_iter().map(|name: Box<dyn Fn() -> String>| name()).collect(),
            Err(error) => vec![error.to_string()],
        };
        let collected =
            same(|| all(plain::names("2").map(Vec::from_iter)), || all(recorded::names("2").map(Vec::from_iter)));
        assert_eq!(collected.unwrap(), ["part-0", "part-1"]);
        assert_eq!(outputs(&run_of("opaque")), ["part-0", "part-1"]);
        same(|| all(plain::names("x").map(Vec::from_iter)), || all(recorded::names("x").map(Vec::from_iter))).unwrap();
    }
}

mod coercions {
    use super::*;

    twins! {
        [component = "coercions"]
        pub(super) fn boxed(early: bool) -> Box<dyn Fn() -> u8> {
            if early {
                return Box::new(|| 1);
            }
            let two = 2;
            Box::new(move || two)
        }
    }

    #[test]
    fn returned_values_are_coerced() {
        for early in [false, true] {
            same(|| plain::boxed(early)(), || recorded::boxed(early)()).unwrap();
        }
    }
}

mod drops {
    use super::*;

    thread_local!(static DROPPED: RefCell<Vec<&'static str>> = const { RefCell::new(Vec::new()) });

    pub(super) struct Dropped(pub(super) &'static str);

    impl Drop for Dropped {
        fn drop(&mut self) {
            DROPPED.with(|dropped| dropped.borrow_mut().push(self.0));
        }
    }

    twins! {
        [component = "drops"]
        pub(super) fn three(a: Dropped, (b, c): (Dropped, Dropped), mut d: Dropped, panics: bool) -> Dropped {
            let _local = Dropped("local");
            let _moved = c;
            d.0 = "d, changed";
            let _ = (&b, &d);
            assert!(!panics, "as it was told");
            a
        }
    }

    pub(super) fn dropped(call: &dyn Fn()) -> (Result<(), String>, Vec<&'static str>) {
        let outcome = outcome(call);
        (outcome, DROPPED.with(RefCell::take))
    }

    #[test]
    fn parameters_are_dropped_in_the_same_order() {
        let tuple = || (Dropped("b"), Dropped("c"));
        for panics in [false, true] {
            assert_eq!(
                dropped(&|| drop(plain::three(Dropped("a"), tuple(), Dropped("d"), panics))),
                dropped(&|| drop(recorded::three(Dropped("a"), tuple(), Dropped("d"), panics))),
            );
        }
    }
}

mod unbound {
    use super::drops::{Dropped, dropped};
    use super::*;

    pub(super) struct Pair {
        #[expect(dead_code, reason = "it is dropped, and that is all")]
        b: Dropped,
        a: Dropped,
    }

    twins! {
        [component = "unbound"]
        #[allow(clippy::needless_pass_by_value, clippy::toplevel_ref_arg)]
        pub(super) fn unbound(_a: Dropped, _: Dropped, (b, _): (Dropped, Dropped), Pair { a, .. }: Pair, ref mut e: Dropped) {
            e.0 = "e, changed";
            let _ = (&b, &a);
        }
    }

    impl Pair {
        fn plain(self, _last: Dropped) {
            let _ = &self.a;
        }

        #[mltrace::register]
        fn recorded(self, _last: Dropped) {
            let _ = &self.a;
        }

        #[mltrace::register]
        async fn awaited(self, _: Dropped) {
            let _ = &self.a;
        }
    }

    fn pair() -> Pair {
        Pair { b: Dropped("b"), a: Dropped("a") }
    }

    #[test]
    fn what_a_parameter_leaves_unbound_is_dropped_in_its_turn() {
        here();
        let two = || (Dropped("b"), Dropped("rest"));
        let plain = dropped(&|| plain::unbound(Dropped("a"), Dropped("_"), two(), pair(), Dropped("e")));
        let recorded = dropped(&|| recorded::unbound(Dropped("a"), Dropped("_"), two(), pair(), Dropped("e")));
        assert_eq!(plain.1.len(), 7);
        assert_eq!(plain, recorded);
    }

    #[test]
    fn self_is_dropped_whole() {
        here();
        let plain = dropped(&|| pair().plain(Dropped("last")));
        assert_eq!(plain.1, ["last", "b", "a"]);
        assert_eq!(plain, dropped(&|| pair().recorded(Dropped("last"))));
        assert_eq!(plain, dropped(&|| block_on(pair().awaited(Dropped("last")))));
    }
}

mod temporaries {
    use super::*;

    twins! {
        [component = "temporaries"]
        #[allow(clippy::needless_pass_by_value)]
        pub(super) fn locked(shared: &Mutex<Vec<u8>>, own: Mutex<u8>) -> usize {
            let _ = &own;
            shared.lock().unwrap().len() + usize::from(*own.lock().unwrap())
        }
    }

    #[test]
    fn temporaries_of_the_last_expression_may_borrow_parameters() {
        let shared = Mutex::new(vec![1, 2]);
        same(|| plain::locked(&shared, Mutex::new(3)), || recorded::locked(&shared, Mutex::new(3))).unwrap();
    }
}

mod attributes {
    use super::*;

    /// Documented.
    #[mltrace::register]
    #[inline]
    #[must_use]
    pub(super) fn with_attributes(
        #[allow(unused_variables)] unused: u8,
        #[cfg(any())] (_, gone): (u8, u8),
        #[cfg(any())] _: u8,
    ) -> u8 {
        #![allow(unused_variables)]
        let also_unused = 3;
        4
    }

    #[mltrace::register]
    #[allow(unsafe_code)]
    pub(super) unsafe fn with_unsafe(pointer: *const u8) -> u8 {
        // SAFETY: the caller's promise.
        unsafe { *pointer }
    }

    #[mltrace::register]
    pub(super) extern "C" fn with_abi(value: u8) -> u8 {
        value
    }

    #[mltrace::register]
    pub(super) fn r#match(r#type: &str) -> usize {
        r#type.len()
    }

    #[test]
    #[allow(unsafe_code)]
    fn attributes_and_qualifiers_stay() {
        here();
        assert_eq!((with_attributes(1), with_abi(5), r#match("ab")), (4, 5, 2));
        // SAFETY: a reference is a valid pointer.
        assert_eq!(unsafe { with_unsafe(&7) }, 7);
        let id = run_of("with_attributes").id.to_string();
        let run = mltrace::run(&id).unwrap();
        let compared = mltrace::inspect(&id).unwrap();
        assert!(run.changed.is_none() && run.still_differs.is_empty(), "nothing is compared");
        // The process is seen again meanwhile.
        assert_eq!(run, Run { changed: None, still_differs: Vec::new(), last_seen: run.last_seen, ..compared });
        let source = run.code.unwrap().source.unwrap();
        assert!(source.starts_with("/// Documented.") && source.ends_with("    4\n}"), "{source}");
        assert_eq!(run_of("match").status.as_str(), "completed");
    }

    #[test]
    fn without_arguments_the_name_is_the_component() {
        here();
        with_abi(1);
        assert_eq!(run_of("with_abi").component, "with_abi");
    }
}

struct Scaler<T>(T);

trait Step {
    #[mltrace::register]
    fn prepare(&self) -> &'static str {
        "prepared"
    }

    fn work(&self) -> &'static str;
}

impl<T> Scaler<T> {
    #[mltrace::register]
    fn made(value: T) -> Self {
        Self(value)
    }

    #[mltrace::register(component = "named")]
    fn named(&self) -> &'static str {
        "named"
    }

    #[mltrace::register]
    async fn later(&self) -> &'static str {
        "later"
    }
}

impl Step for Scaler<f32> {
    #[mltrace::register]
    fn work(&self) -> &'static str {
        "worked"
    }
}

impl Step for Scaler<&str> {
    #[mltrace::register]
    fn work(&self) -> &'static str {
        "worked otherwise"
    }
}

struct Plain;

impl Step for Plain {
    #[mltrace::register]
    fn work(&self) -> &'static str {
        "worked plainly"
    }
}

#[test]
fn a_method_is_a_component_of_its_type() {
    here();
    let scaler = Scaler::made(1.0_f32);
    assert_eq!([scaler.prepare(), scaler.work(), scaler.named()], ["prepared", "worked", "named"]);
    assert_eq!([Scaler("x").work(), Plain.prepare(), Plain.work()], ["worked otherwise", "prepared", "worked plainly"]);
    assert_eq!(block_on(scaler.later()), "later");
    for (component, runs) in [
        ("Scaler::made", 1),
        ("Scaler::prepare", 1),
        ("Scaler::work", 2),
        ("named", 1),
        ("Scaler::later", 1),
        ("Plain::prepare", 1),
        ("Plain::work", 1),
    ] {
        assert_eq!(mltrace::history(component).unwrap().runs.len(), runs, "{component}");
    }
}
