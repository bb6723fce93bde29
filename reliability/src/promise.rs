//! A promise: its name, its mark, how to see whether it is kept, and how to break it on purpose.

/// What anything here returns; an error means that the harness itself could not do its work.
pub(crate) type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// How a promise is tried.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Form {
    /// Whether it may take minutes.
    pub(crate) is_long: bool,
    /// Where what is drawn by lot begins.
    pub(crate) seed: u64,
    /// What is broken on purpose.
    pub(crate) sabotage: Option<&'static str>,
}

impl Form {
    /// Returns how often something is done.
    pub(crate) fn count(&self, short: usize, long: usize) -> usize {
        if self.is_long { long } else { short }
    }

    /// Returns whether this is broken on purpose.
    pub(crate) fn breaks(&self, sabotage: &str) -> bool {
        self.sabotage == Some(sabotage)
    }
}

/// What was seen.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outcome {
    /// The figure, in words.
    pub(crate) figure: String,
    /// What missed the mark.
    pub(crate) wrong: Vec<String>,
    /// What could not be tried here, and why.
    pub(crate) skipped: Vec<String>,
}

impl Outcome {
    /// Takes note of what missed the mark, when something did.
    pub(crate) fn hold(&mut self, is_kept: bool, otherwise: impl FnOnce() -> String) {
        if !is_kept {
            self.wrong.push(otherwise());
        }
    }
}

/// A row of the table of promises.
pub(crate) struct Promise {
    /// Its name on the command line.
    pub(crate) name: &'static str,
    /// What it says.
    pub(crate) says: &'static str,
    /// The mark.
    pub(crate) mark: &'static str,
    /// What breaks it.
    pub(crate) sabotages: &'static [&'static str],
    /// Sees whether it is kept.
    pub(crate) try_it: fn(&Form) -> Result<Outcome>,
}
