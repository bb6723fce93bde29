//! What the command, the server and the library do alike: open a store and fold, ask, and put what people say on record.

mod ask;

mod monitor;

mod say;

pub use ask::{Desk, Unanswered};
pub use monitor::{Watch, Watched};
pub use say::{TooLong, all_judged, check_length, note, of_answering};
