//! A statement's text that is put together once.

/// Returns a statement's text that is put together once.
macro_rules! text {
    ($($part:tt)*) => {{
        static TEXT: std::sync::LazyLock<String> = std::sync::LazyLock::new(|| format!($($part)*));
        TEXT.as_str()
    }};
}
pub(super) use text;
