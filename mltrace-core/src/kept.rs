//! Code that is the caller's, such as a `Display`, or that may be wrong: a panic in it is kept here.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Does what may panic; a panic is returned as its text.
///
/// # Errors
/// When it panicked.
pub fn kept<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|payload| {
        let text = panic_text(&*payload).to_owned();
        // To drop it is to run the caller's code once more, which may panic once more.
        std::mem::forget(payload);
        text
    })
}

/// Returns the text that a panic was raised with.
#[must_use]
pub fn panic_text(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<&'static str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("panicked with a value that is no text")
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Bomb;

    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("in drop");
        }
    }

    #[test]
    fn a_panic_is_kept_with_its_text_and_so_is_one_that_would_panic_again() {
        assert_eq!(kept(|| 7), Ok(7));
        assert_eq!(kept(|| panic!("of {}", "text")), Err::<(), _>("of text".to_owned()));
        assert!(kept(|| std::panic::panic_any(Bomb)).is_err());
    }
}
