//! What programs ask for, and no person looks at.

/// Where a monitoring system asks.
pub(crate) const METRICS: &str = "/metrics";

/// Below this the clients of Marquez ask.
const MARQUEZ: &str = "/marquez/";

/// Returns whether programs ask for what is at a path, which are answered in JSON when there is nothing.
pub(crate) fn is_for_programs(path: &str) -> bool {
    path == METRICS || path.starts_with("/api/") || path.starts_with(MARQUEZ)
}
