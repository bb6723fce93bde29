//! What programs ask for, and no person looks at.

use crate::api;

/// Where a monitoring system asks.
pub(crate) const METRICS: &str = "/metrics";

/// Returns whether programs ask for what is at a path, which are answered in JSON when there is nothing.
pub(crate) fn is_for_programs(path: &str) -> bool {
    path == METRICS || path == api::SPANS || path.starts_with("/api/")
}
