//! What may be observed: numbers, texts, truth values, and what may be missing.

use mltrace_core::record::Sighting;

/// A value that [`observe!`](crate::observe) counts.
///
/// ```
/// use mltrace::Observable;
///
/// fn takes(_: &impl Observable) {}
/// takes(&0.5);
/// takes(&"JFK");
/// takes(&Some(3_u8));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be observed",
    note = "a number, a text, a `bool` and an `Option` of one of these can"
)]
pub trait Observable {
    /// Returns the value as it is counted.
    #[doc(hidden)]
    fn sighting(&self) -> Sighting<'_>;
}

macro_rules! numbers {
    ($($number:ty),+) => {
        $(impl Observable for $number {
            #[inline]
            #[allow(clippy::cast_precision_loss, clippy::cast_lossless, trivial_numeric_casts, reason = "a sketch is no count")]
            fn sighting(&self) -> Sighting<'_> {
                Sighting::Number(*self as f64)
            }
        })+
    };
}

numbers!(i8, i16, i32, i64, i128, isize, u8, u16, u32, u64, u128, usize, f32, f64);

impl Observable for str {
    fn sighting(&self) -> Sighting<'_> {
        Sighting::Text(self)
    }
}

impl Observable for String {
    fn sighting(&self) -> Sighting<'_> {
        Sighting::Text(self)
    }
}

impl Observable for bool {
    fn sighting(&self) -> Sighting<'_> {
        Sighting::Text(if *self { "true" } else { "false" })
    }
}

impl<T: Observable> Observable for Option<T> {
    fn sighting(&self) -> Sighting<'_> {
        self.as_ref().map_or(Sighting::Nothing, Observable::sighting)
    }
}

impl<T: Observable + ?Sized> Observable for &T {
    #[inline]
    fn sighting(&self) -> Sighting<'_> {
        (**self).sighting()
    }
}
