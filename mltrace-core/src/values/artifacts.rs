//! Which values name artifacts, and how: paths, text, and whatever holds them.
//!
//! `Artifact<M>` is one trait with a marker parameter: `AsRef<Path>` and "a collection of artifacts" are two blanket
//! impls that would overlap without it. The compiler works the marker out; nobody writes it.

use std::any::type_name;
use std::borrow::Cow;
use std::collections::{BTreeSet, HashSet, VecDeque};
use std::ffi::OsStr;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use super::{Given, Named};
use crate::kept::kept;
use crate::model::ArtifactKind;

/// A value that names artifacts: a path, a text, or an `Option`, a collection, a tuple or a reference of these.
///
/// A type becomes an artifact by implementing `AsRef<Path>`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not name an artifact",
    label = "this is neither a path nor a name",
    note = "an artifact is a `Path`, `PathBuf`, `str`, `String`, `Url`, anything that is `AsRef<Path>`, or a reference, `Option`, `Vec`, slice, array or tuple of these",
    note = "name the path or the text inside the value: `inputs = [value.path]`, or `mltrace::output!(value.path)` in the body"
)]
pub trait Artifact<M> {
    /// Adds the artifacts that this value names.
    fn give(&self, to: &mut Vec<Given>);
}

/// A value that holds artifacts; by way of it, it is an [`Artifact`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not hold artifacts",
    label = "this is no collection of paths or names"
)]
pub trait Artifacts<M> {
    /// Adds the artifacts that this value holds.
    fn give_each(&self, to: &mut Vec<Given>);
}

/// How a value names artifacts; the compiler fills these in.
pub mod marker {
    use std::marker::PhantomData;

    /// By `AsRef<Path>`.
    #[derive(Debug)]
    pub enum AsPath {}
    /// By what it holds.
    #[derive(Debug)]
    pub struct Holds<M>(PhantomData<M>);
    /// By what it points to.
    #[derive(Debug)]
    pub struct Refers<M>(PhantomData<M>);
    /// By a slice that it owns or shares.
    #[derive(Debug)]
    pub struct Slice<M>(PhantomData<M>);
    /// By the text that it holds.
    #[derive(Debug)]
    pub enum Text {}
    /// By what the caller said of it.
    #[derive(Debug)]
    pub enum Declared {}
}

impl<T: AsRef<Path> + ?Sized> Artifact<marker::AsPath> for T {
    fn give(&self, to: &mut Vec<Given>) {
        let path = self.as_ref();
        // `str` and `String` are `AsRef<Path>` too, but a text may as well be a URI or an identifier.
        let named = match path.to_str() {
            Some(text) if is_text::<T>() => Named::Text(text.to_owned()),
            _ => Named::Path(path.to_owned()),
        };
        to.push(Given::new(named));
    }
}

impl<T: Artifacts<M> + ?Sized, M> Artifact<marker::Holds<M>> for T {
    fn give(&self, to: &mut Vec<Given>) {
        self.give_each(to);
    }
}

/// Returns whether `T` is `str`, `String` or a reference to one of them.
///
/// Types that borrow have no `TypeId`. Their names serve as well, as both sides come from the same compiler.
fn is_text<T: ?Sized>() -> bool {
    let mut name = type_name::<T>();
    while let Some(inner) = name.strip_prefix('&').or_else(|| name.strip_prefix("mut ")) {
        name = inner;
    }
    name == type_name::<str>() || name == type_name::<String>()
}

/// Collections of artifacts name each of them.
macro_rules! each {
    ($([$($generics:tt)*] $collection:ty),+ $(,)?) => {$(
        impl<T: Artifact<M>, M, $($generics)*> Artifacts<M> for $collection {
            fn give_each(&self, to: &mut Vec<Given>) {
                self.iter().for_each(|value| value.give(to));
            }
        }
    )+};
}

each!([] Option<T>, [] [T], [const N: usize] [T; N], [] Vec<T>, [] VecDeque<T>, [] BTreeSet<T>, [S] HashSet<T, S>);

/// Pointers name what they point to. `Box<Path>` and its like are `AsRef<Path>` themselves: hence sized `T` only.
macro_rules! pointers {
    ($($pointer:ident),+) => {$(
        impl<T: Artifact<M>, M> Artifacts<marker::Refers<M>> for $pointer<T> {
            fn give_each(&self, to: &mut Vec<Given>) {
                (**self).give(to);
            }
        }

        impl<T: Artifact<M>, M> Artifacts<marker::Slice<M>> for $pointer<[T]> {
            fn give_each(&self, to: &mut Vec<Given>) {
                (**self).give_each(to);
            }
        }

        impl Artifacts<marker::Text> for $pointer<str> {
            fn give_each(&self, to: &mut Vec<Given>) {
                (**self).give(to);
            }
        }

        impl Artifacts<marker::AsPath> for $pointer<OsStr> {
            fn give_each(&self, to: &mut Vec<Given>) {
                (**self).give(to);
            }
        }
    )+};
}

pointers!(Box, Rc, Arc);

impl Artifacts<marker::Text> for Cow<'_, str> {
    fn give_each(&self, to: &mut Vec<Given>) {
        (**self).give(to);
    }
}

impl<T: Artifact<M> + Clone, M> Artifacts<marker::Slice<M>> for Cow<'_, [T]> {
    fn give_each(&self, to: &mut Vec<Given>) {
        (**self).give_each(to);
    }
}

impl<T: Artifacts<M> + ?Sized, M> Artifacts<marker::Refers<M>> for &T {
    fn give_each(&self, to: &mut Vec<Given>) {
        (**self).give_each(to);
    }
}

impl<T: Artifacts<M> + ?Sized, M> Artifacts<marker::Refers<M>> for &mut T {
    fn give_each(&self, to: &mut Vec<Given>) {
        (**self).give_each(to);
    }
}

/// Tuples name what each of their fields names.
macro_rules! tuples {
    ($(($($field:ident $marker:ident $value:ident),+)),+ $(,)?) => {$(
        impl<$($field: Artifact<$marker>, $marker),+> Artifacts<($($marker,)+)> for ($($field,)+) {
            fn give_each(&self, to: &mut Vec<Given>) {
                let ($($value,)+) = self;
                $($value.give(to);)+
            }
        }
    )+};
}

tuples!(
    (A MA a),
    (A MA a, B MB b),
    (A MA a, B MB b, C MC c),
    (A MA a, B MB b, C MC c, D MD d),
    (A MA a, B MB b, C MC c, D MD d, E ME e),
    (A MA a, B MB b, C MC c, D MD d, E ME e, F MF f),
    (A MA a, B MB b, C MC c, D MD d, E ME e, F MF f, G MG g),
    (A MA a, B MB b, C MC c, D MD d, E ME e, F MF f, G MG g, H MH h),
);

/// An artifact of which the caller declares more than its name: see [`artifact`].
#[derive(Clone, Debug)]
#[must_use = "it is recorded where an artifact is expected: in `inputs`, in a `let` that `outputs` names, in `output!`"]
pub struct Declared {
    given: Vec<Given>,
}

/// Returns an artifact whose version or kind is declared.
///
/// ```
/// use mltrace_core::values::artifact;
/// use mltrace_core::model::ArtifactKind;
///
/// let model = artifact("s3://models/taxi").version("2021-05").kind(ArtifactKind::Model);
/// # let _ = model;
/// ```
#[expect(
    clippy::needless_pass_by_value,
    reason = "an artifact is handed over as any other argument: by value or by reference"
)]
pub fn artifact<M>(named: impl Artifact<M>) -> Declared {
    Declared { given: taken(|to| named.give(to)).unwrap_or_default() }
}

impl Declared {
    /// Returns, for our own use, the artifact with what `look` finds out of each name, to be known from now on.
    #[doc(hidden)]
    pub fn loaded(mut self, look: impl Fn(Given) -> Given) -> Self {
        self.given = self.given.into_iter().map(look).collect();
        self
    }

    /// Declares the version: reads bind to the write that declared the same one.
    pub fn version(mut self, version: impl std::fmt::Display) -> Self {
        let version = super::shown(|to| write!(to, "{version}"));
        for given in &mut self.given {
            given.version = Some(version.clone());
        }
        self
    }

    /// Declares that it is an identifier and no file, whatever its name looks like: a table, a prediction, a record.
    pub fn id(mut self) -> Self {
        self.given = self.given.into_iter().map(Given::as_id).collect();
        self
    }

    /// Declares the kind, which is otherwise guessed from the name.
    pub fn kind(mut self, kind: ArtifactKind) -> Self {
        for given in &mut self.given {
            given.kind = Some(kind);
        }
        self
    }
}

impl Artifacts<marker::Declared> for Declared {
    fn give_each(&self, to: &mut Vec<Given>) {
        to.extend(self.given.iter().cloned());
    }
}

/// Returns what `fill` adds, or nothing when it panics: the code behind `AsRef` is the caller's.
pub fn taken(fill: impl FnOnce(&mut Vec<Given>)) -> Option<Vec<Given>> {
    kept(|| {
        let mut given = Vec::new();
        fill(&mut given);
        given
    })
    .ok()
}

/// A value of which it is found out what it can do, by method calls that try the strongest way first.
///
/// `(&&&Probe(&value)).__mltrace_artifact()` is the value itself when it is an [`Artifact`], else its text when it is
/// `AsRef<str>` (URL types of any crate), else the texts that it holds, else an error that names its type.
#[derive(Debug)]
pub struct Probe<'a, T: ?Sized>(pub &'a T);

impl<T: ?Sized> Clone for Probe<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: ?Sized> Copy for Probe<'_, T> {}

/// What a [`Probe`] found.
pub trait Found<M> {
    /// Adds the artifacts that it names.
    fn give(self, to: &mut Vec<Given>);
}

/// The value itself.
#[derive(Debug)]
pub struct Itself<'a, T: ?Sized>(&'a T);

/// A value that is text.
#[derive(Debug)]
pub struct ItsText<'a, T: ?Sized>(&'a T);

/// A value that holds texts.
#[derive(Debug)]
pub struct ItsTexts<'a, T: ?Sized>(&'a T);

/// A value that names nothing.
#[derive(Debug)]
pub struct Nothing;

impl<T: Artifact<M> + ?Sized, M> Found<M> for Itself<'_, T> {
    fn give(self, to: &mut Vec<Given>) {
        self.0.give(to);
    }
}

impl<T: AsRef<str> + ?Sized> Found<marker::Text> for ItsText<'_, T> {
    fn give(self, to: &mut Vec<Given>) {
        self.0.as_ref().give(to);
    }
}

impl<'a, T: ?Sized> Found<marker::Text> for ItsTexts<'a, T>
where
    &'a T: IntoIterator<Item: AsRef<str>>,
{
    fn give(self, to: &mut Vec<Given>) {
        self.0.into_iter().for_each(|text| text.as_ref().give(to));
    }
}

impl Found<marker::Text> for Nothing {
    fn give(self, _: &mut Vec<Given>) {}
}

/// Adds what a probe found.
pub fn give<M>(found: impl Found<M>, to: &mut Vec<Given>) {
    found.give(to);
}

/// The tries of a [`Probe`], as traits to be brought into scope; the strongest one that applies is called.
pub mod probe {
    use super::{Artifact, ItsText, ItsTexts, Itself, Nothing, Probe};

    /// The first try: it is an artifact.
    pub trait ProbeArtifact<'a, M> {
        /// What is found.
        type Found;
        /// Returns the value.
        fn __mltrace_artifact(self) -> Self::Found;
    }

    /// The second try: it is text.
    pub trait ProbeText<'a> {
        /// What is found.
        type Found;
        /// Returns the text.
        fn __mltrace_artifact(self) -> Self::Found;
    }

    /// The third try: it holds texts.
    pub trait ProbeTexts<'a> {
        /// What is found.
        type Found;
        /// Returns the texts.
        fn __mltrace_artifact(self) -> Self::Found;
    }

    /// The last resort: an error that names the value's type, as its bound cannot hold.
    pub trait ProbeAnything<T: ?Sized> {
        /// Never called.
        fn __mltrace_artifact<M>(self) -> Nothing
        where
            T: Artifact<M>;
    }

    /// The last resort where a value need not be an artifact: nothing.
    pub trait ProbeNoArtifact {
        /// Returns nothing.
        fn __mltrace_artifact(self) -> Nothing;
    }

    impl<'a, T: Artifact<M> + ?Sized, M> ProbeArtifact<'a, M> for &&&Probe<'a, T> {
        type Found = Itself<'a, T>;

        fn __mltrace_artifact(self) -> Itself<'a, T> {
            Itself(self.0)
        }
    }

    impl<'a, T: AsRef<str> + ?Sized> ProbeText<'a> for &&Probe<'a, T> {
        type Found = ItsText<'a, T>;

        fn __mltrace_artifact(self) -> ItsText<'a, T> {
            ItsText(self.0)
        }
    }

    impl<'a, T: ?Sized> ProbeTexts<'a> for &Probe<'a, T>
    where
        &'a T: IntoIterator<Item: AsRef<str>>,
    {
        type Found = ItsTexts<'a, T>;

        fn __mltrace_artifact(self) -> ItsTexts<'a, T> {
            ItsTexts(self.0)
        }
    }

    impl<T: ?Sized> ProbeAnything<T> for Probe<'_, T> {
        fn __mltrace_artifact<M>(self) -> Nothing
        where
            T: Artifact<M>,
        {
            Nothing
        }
    }

    impl<T: ?Sized> ProbeNoArtifact for Probe<'_, T> {
        fn __mltrace_artifact(self) -> Nothing {
            Nothing
        }
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::path::PathBuf;

    use super::*;

    /// Checks what a value names: `p:` a path, `t:` a text.
    #[expect(clippy::needless_pass_by_value, reason = "as a call takes it")]
    fn check<M>(value: impl Artifact<M>, expected: &[&str]) {
        let given = taken(|to| value.give(to)).unwrap();
        let names: Vec<String> = given
            .iter()
            .map(|given| match &given.named {
                Named::Path(path) => format!("p:{}", path.display()),
                Named::Text(text) => format!("t:{text}"),
                Named::Id(text) => format!("i:{text}"),
            })
            .collect();
        assert_eq!(names, expected);
    }

    fn generic<P: AsRef<Path>>(path: P, expected: &[&str]) {
        check(&path, expected);
        check(vec![Some(path)], expected);
    }

    #[test]
    #[expect(clippy::needless_borrows_for_generic_args, reason = "the references are the point")]
    fn paths_are_paths_and_text_is_text() {
        check("a", &["t:a"]);
        check(String::from("a"), &["t:a"]);
        check(&&mut String::from("a"), &["t:a"]);
        check(Path::new("a"), &["p:a"]);
        check(&&PathBuf::from("a"), &["p:a"]);
        check(OsString::from("a"), &["p:a"]);
        check(OsStr::new("a"), &["p:a"]);
        check(Path::new("a/b").components(), &["p:a/b"]);
        generic("a", &["t:a"]);
        generic(String::from("a"), &["t:a"]);
        generic(Path::new("a"), &["p:a"]);
    }

    #[test]
    fn pointers_name_what_they_point_to() {
        check(Box::new(PathBuf::from("a")), &["p:a"]);
        check(Box::<Path>::from(Path::new("a")), &["p:a"]);
        check(Rc::<str>::from("a"), &["t:a"]);
        check(Arc::new(String::from("a")), &["t:a"]);
        check(Arc::<OsStr>::from(OsStr::new("a")), &["p:a"]);
        check(Cow::Borrowed("a"), &["t:a"]);
        check(Cow::from(Path::new("a")), &["p:a"]);
        check(Cow::from(&["a", "b"][..]), &["t:a", "t:b"]);
        check(Rc::<[String]>::from(vec![String::from("a")]), &["t:a"]);
    }

    #[test]
    fn collections_name_what_they_hold() {
        check(None::<&str>, &[]);
        check(&Some(PathBuf::from("a")), &["p:a"]);
        check([["a"], ["b"]], &["t:a", "t:b"]);
        check(&["a", "b"][..], &["t:a", "t:b"]);
        check(&mut vec![Path::new("a")], &["p:a"]);
        check(BTreeSet::from(["b", "a"]), &["t:a", "t:b"]);
        check(VecDeque::from([Box::new(vec![Some("a")])]), &["t:a"]);
        check(("a", Path::new("b"), [Some("c")]), &["t:a", "p:b", "t:c"]);
        check(&("a", "b", "c", "d", "e", "f", "g", ("h",)), &["t:a", "t:b", "t:c", "t:d", "t:e", "t:f", "t:g", "t:h"]);
    }

    #[test]
    fn what_is_declared_holds_for_all_it_names() {
        let declared = artifact(vec!["a", "b"]).version(7).kind(ArtifactKind::Model);
        let given = taken(|to| (&declared, "c").give(to)).unwrap();
        let versions: Vec<_> = given.iter().map(|given| given.version.as_deref()).collect();
        let kinds: Vec<_> = given.iter().map(|given| given.kind).collect();
        assert_eq!(versions, [Some("7"), Some("7"), None]);
        assert_eq!(kinds, [Some(ArtifactKind::Model), Some(ArtifactKind::Model), None]);
    }
}
