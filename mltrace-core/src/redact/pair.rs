//! Names that are made of a namespace and a name in it, as those of datasets and jobs are.

use super::scan::put;
use super::tree::{Fields, Json};
use super::{project, text};

/// Returns whether a field is half of such a name.
pub(super) fn is_half(field: &str) -> bool {
    matches!(field, "namespace" | "name")
}

/// Takes the secrets out of the name that the two are together, as out of the row that is called so: what follows an
/// address is its path, in which `token=1` is a partition. Returns `None` where an object has no such name, and otherwise
/// whether there were any.
pub(super) fn clean(fields: &mut Fields) -> Option<bool> {
    let half = |field: &str| fields.get(field)?.as_str().map(str::to_owned);
    let (mut namespace, mut name) = (half("namespace")?, half("name")?);
    let mut is_other = put(&mut namespace, project);
    let joint = match namespace.as_str() {
        "" => "",
        address if address.contains("://") => "/",
        _ => ":",
    };
    // Alone it is what a job of this project is called.
    is_other |= joint == ":" && put(&mut name, text);
    let mut whole = format!("{namespace}{joint}{name}");
    if put(&mut whole, project) {
        is_other = true;
        let rest = whole.strip_prefix(&namespace).and_then(|rest| rest.strip_prefix(joint));
        match rest.map(str::to_owned) {
            Some(rest) => name = rest,
            // The secret reaches from one half into the other.
            None => (namespace, name) = (String::new(), whole),
        }
    }
    if is_other {
        for (half, cleaned) in [("namespace", namespace), ("name", name)] {
            if let Some(half) = fields.get_mut(half) {
                *half = Json::String(cleaned);
            }
        }
    }
    Some(is_other)
}
