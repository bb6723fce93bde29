//! How names stand in forms: a browser changes the ends of lines in a field and drops what it cannot show, so a value
//! with anything hidden in it is percent-encoded.

use std::borrow::Cow;

use maud::{Markup, html};

use crate::asked;

/// How the fields of one name send their values: as they are, or percent-encoded, which the name of the field says.
#[derive(Clone, Copy)]
pub(super) struct Field<'n> {
    name: &'n str,
    is_coded: bool,
}

impl<'n> Field<'n> {
    /// Returns a field that sends this value, or another that a person types.
    pub(super) fn of(name: &'n str, value: &str) -> Self {
        Self::of_any(name, [value])
    }

    /// Returns a field that sends one of these values.
    pub(super) fn of_any<'v>(name: &'n str, values: impl IntoIterator<Item = &'v str>) -> Self {
        Self { name, is_coded: values.into_iter().any(asked::is_to_be_coded) }
    }

    /// Returns a field of several lines.
    pub(super) fn of_lines(name: &'n str, value: &str) -> Self {
        Self { name, is_coded: value.chars().any(|letter| letter != '\n' && mltrace_core::escape::is_hidden(letter)) }
    }

    /// Returns what the field is called.
    pub(super) fn name(self) -> String {
        format!("{}{}", self.name, if self.is_coded { asked::CODED } else { "" })
    }

    /// Returns what stands in it.
    pub(super) fn value(self, value: &str) -> Cow<'_, str> {
        if self.is_coded { asked::coded(value).into() } else { value.into() }
    }

    /// Shows who types into it how it is written.
    pub(super) fn told(self) -> Markup {
        html! { @if self.is_coded { p.quiet-text { "It holds something that does not show itself, so it is percent-encoded here: a new line is " code { "%0A" } "." } } }
    }
}

/// A field that nobody sees.
pub(super) fn hidden(name: &str, value: &str) -> Markup {
    let field = Field::of(name, value);
    html! { input type="hidden" name=(field.name()) value=(field.value(value)); }
}
