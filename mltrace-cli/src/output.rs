//! The one place that prints: the answer to stdout, talk to stderr.

use std::io::{BufWriter, IsTerminal as _, StdoutLock, Write};

use anstream::AutoStream;
use anstream::ColorChoice;
use anstream::adapter::strip_str;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::args::{Color, Format, Global};
use crate::error::{Error, Kind};
use crate::escape;
use crate::render::{cut, json, paint};

/// Where an answer goes, and how it looks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    /// The format that was asked for.
    pub(crate) format: Format,
    /// How much is said beside the answer.
    pub(crate) talk: Talk,
    color: Color,
}

/// How much is said beside the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Talk {
    /// Errors only.
    Quiet,
    /// What one should know.
    Normal,
    /// All there is.
    Verbose,
}

impl Output {
    /// Returns the output that the global options ask for.
    pub(crate) fn new(global: &Global) -> Self {
        let talk = match (global.quiet, global.verbose) {
            (true, _) => Talk::Quiet,
            (_, true) => Talk::Verbose,
            _ => Talk::Normal,
        };
        Self { format: global.format, talk, color: global.color }
    }

    /// Prints an answer: as JSON when that was asked for, else what `render` makes of it, as much as fits a screen unless
    /// more is asked for.
    pub(crate) fn answer<T: Serialize>(&self, answer: &T, render: impl FnOnce(&T) -> String) -> Result<(), Error> {
        self.whole_answer(answer, |answer| if self.is_whole() { render(answer) } else { cut::lines(&render(answer)) })
    }

    /// Prints an answer however long it is.
    pub(crate) fn whole_answer<T: Serialize>(
        &self,
        answer: &T,
        render: impl FnOnce(&T) -> String,
    ) -> Result<(), Error> {
        match self.format {
            Format::Json => self.json(answer),
            _ => self.text(&render(answer)),
        }
    }

    /// Prints what was asked for to a limit: as much as fits a screen where nobody named the limit.
    pub(crate) fn limited<T: Serialize>(
        &self,
        is_named: bool,
        answer: &T,
        render: impl FnOnce(&T) -> String,
    ) -> Result<(), Error> {
        if is_named { self.whole_answer(answer, render) } else { self.answer(answer, render) }
    }

    /// Returns whether all of an answer is asked for.
    pub(crate) fn is_whole(&self) -> bool {
        self.talk >= Talk::Verbose
    }

    /// Prints text, with its colours when they are wanted.
    pub(crate) fn text(&self, text: &str) -> Result<(), Error> {
        if self.choice(&std::io::stdout()) == ColorChoice::Never {
            // In one piece: a stream that takes the colours out writes what is between them one by one.
            return self.bytes(strip_str(text).to_string().as_bytes());
        }
        let mut stdout = AutoStream::new(std::io::stdout().lock(), self.choice(&std::io::stdout()));
        stdout.write_all(text.as_bytes()).map_err(|error| Error::from_writing(&error))
    }

    /// Prints one object as JSON on one line.
    pub(crate) fn json<T: Serialize>(&self, answer: &T) -> Result<(), Error> {
        let mut writer = Self::pieces();
        json::line(answer, &mut writer).and_then(|()| writer.flush()).map_err(|error| Error::from_writing(&error))
    }

    /// Returns stdout for an answer that is written piece by piece.
    pub(crate) fn pieces() -> BufWriter<StdoutLock<'static>> {
        BufWriter::with_capacity(1 << 16, std::io::stdout().lock())
    }

    /// Returns stdout for an answer that is written while it is found. Up to some MiB of it wait until all is found: a pager
    /// takes what it shows, and a store that waits for one keeps all that others write in its log.
    pub(crate) fn held() -> BufWriter<StdoutLock<'static>> {
        BufWriter::with_capacity(8 << 20, std::io::stdout().lock())
    }

    /// Prints text that a program reads as it is; on a terminal without what a terminal would obey.
    pub(crate) fn exact(&self, text: &str) -> Result<(), Error> {
        let shown = if std::io::stdout().is_terminal() { escape::block(text) } else { text.into() };
        self.bytes(shown.as_bytes())
    }

    /// Prints bytes as they are.
    pub(crate) fn bytes(&self, bytes: &[u8]) -> Result<(), Error> {
        std::io::stdout().lock().write_all(bytes).map_err(|error| Error::from_writing(&error))
    }

    /// Makes sure that the whole answer has left the process.
    pub(crate) fn finish(&self) -> Result<(), Error> {
        std::io::stdout().lock().flush().map_err(|error| Error::from_writing(&error))
    }

    /// Says something that one should know beside the answer.
    pub(crate) fn say(&self, text: &str) {
        if self.talk >= Talk::Normal {
            self.talk_line("", text);
        }
    }

    /// Asks something of who types, however little else is said.
    pub(crate) fn ask(&self, text: &str) {
        self.talk_line("", text);
    }

    /// Says something that only a curious user wants to know.
    pub(crate) fn say_more(&self, text: &str) {
        if self.talk >= Talk::Verbose {
            self.talk_line("", text);
        }
    }

    /// Says how to go on.
    pub(crate) fn hint(&self, text: &str) {
        if self.talk >= Talk::Normal {
            self.talk_line(&format!("{}hint:{} ", paint::HINT, paint::PLAIN), text);
        }
    }

    /// Warns of something that does not keep the command from answering.
    pub(crate) fn warn(&self, text: &str) {
        if self.talk >= Talk::Normal {
            self.talk_line(&format!("{}warning:{} ", paint::WARNING, paint::PLAIN), text);
        }
    }

    /// Reports an error with its hint.
    pub(crate) fn error(&self, error: &Error) {
        if error.kind == Kind::BrokenPipe {
            return;
        }
        self.talk_line(&format!("{}error:{} ", paint::BAD, paint::PLAIN), &error.message);
        if !error.did_you_mean.is_empty() {
            let names: Vec<_> = error.did_you_mean.iter().map(|name| format!("`{name}`")).collect();
            self.talk_line("  ", &format!("did you mean {}?", names.join(" or ")));
        }
        if let Some(hint) = &error.hint {
            self.talk_line(&format!("{}hint:{} ", paint::HINT, paint::PLAIN), hint);
        }
    }

    /// Returns a line of progress on stderr, shown from its first tick on and only where somebody looks.
    pub(crate) fn progress(&self, template: &str) -> ProgressBar {
        if self.talk == Talk::Quiet || !std::io::stderr().is_terminal() {
            return ProgressBar::hidden();
        }
        let bar = ProgressBar::new_spinner();
        // A template that is not understood leaves a plain spinner.
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar
    }

    /// Returns how many columns an answer may take; `None`: as many as it likes.
    pub(crate) fn columns() -> Option<u16> {
        terminal_size::terminal_size_of(std::io::stdout()).map(|(width, _)| width.0)
    }

    /// Writes one line to stderr; the prefix is ours and may hold colours, the text may hold names.
    fn talk_line(&self, prefix: &str, text: &str) {
        let mut stderr = AutoStream::new(std::io::stderr().lock(), self.choice(&std::io::stderr()));
        // When stderr is gone, there is nobody to tell.
        let _ = writeln!(stderr, "{prefix}{}", escape::line(text));
    }

    fn choice<S: anstream::stream::RawStream>(&self, stream: &S) -> ColorChoice {
        match self.color {
            Color::Auto => AutoStream::choice(stream),
            Color::Always => ColorChoice::Always,
            Color::Never => ColorChoice::Never,
        }
    }
}

/// Warns of what keeps this process from recording.
pub(crate) fn warn_of_recording(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "warning: {}", escape::line(text));
}

/// Prints what clap has to say; text that repeats a hostile argument comes escaped and without colours.
pub(crate) fn clap_error(error: &clap::Error, is_hostile: bool) {
    // Help into a pipe that nobody reads is no error.
    let _ = if is_hostile && error.use_stderr() {
        writeln!(std::io::stderr().lock(), "{}", escape::block(error.render().to_string().trim_end()))
    } else {
        error.print()
    };
}

/// Prints what to type in place of what clap did not understand.
pub(crate) fn clap_hint(hint: &str) {
    let _ = writeln!(std::io::stderr().lock(), "hint: {hint}");
}

/// Makes a panic say that it is a bug of ours, in one line that a user can report; the exit code is 101.
pub(crate) fn explain_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let payload = panic.payload();
        let text = payload.downcast_ref::<&str>().copied().or_else(|| payload.downcast_ref().map(String::as_str));
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let _ = writeln!(
            std::io::stderr().lock(),
            "error: this is a bug in mltrace {}: {} ({place})\nhint: report it with the command that you ran",
            env!("CARGO_PKG_VERSION"),
            escape::line(text.unwrap_or("no message")),
        );
    }));
}
