//! What was found in a table: what is known of it, and what is only compared.

use super::tally::Known;
use crate::model::Profile;

/// What was found in a table.
pub struct Table {
    /// What is known of it.
    pub profile: Profile,
    /// Of each column the values that were counted one by one.
    pub(super) known: Vec<Known>,
}
