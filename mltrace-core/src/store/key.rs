//! The keys by which rows refer to each other, each inside one store.

macro_rules! keys {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub i64);

        impl From<$name> for i64 {
            fn from(key: $name) -> Self {
                key.0
            }
        }
    )*};
}

keys! {
    /// A project inside one store.
    ProjectKey
    /// A component inside one store.
    ComponentKey
    /// An artifact inside one store.
    ArtifactKey
    /// A version inside one store.
    VersionKey
    /// A run inside one store.
    RunKey
    /// A write inside one store.
    WriteKey
    /// A recording process inside one store.
    ProcessKey
    /// A function's source inside one store.
    CodeKey
    /// A git state inside one store.
    GitKey
    /// What runs say of their component, inside one store.
    DeclarationKey
    /// A task inside one store.
    TaskKey
}
