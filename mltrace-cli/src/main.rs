//! The `mltrace` command: reads the arguments, asks the library, shows the answer, and reports by its exit code how it went.

#![cfg_attr(test, allow(clippy::disallowed_methods, reason = "tests make the files that they need"))]

mod args;

mod cli;

mod session;

mod commands;

mod render;

mod output;

mod error;

mod time;

mod escape;

mod complete;

mod child;

mod glob;

use std::process::ExitCode;

use clap::CommandFactory as _;

use cli::Cli;
use error::Exit;
use session::Session;

fn main() -> ExitCode {
    output::explain_panics();
    // A file that may not grow is an error like another. A child is given the signal as ever: a handler ends where another
    // program begins.
    #[cfg(unix)]
    let _ = signal_hook::flag::register(rustix::process::Signal::XFSZ.as_raw(), std::sync::Arc::default());
    if let Some(code) = cli::answer_the_shell() {
        return code;
    }
    let cli = match Cli::read() {
        Ok(cli) => cli,
        Err(code) => return code,
    };
    let session = Session::new(&cli.global, Cli::command);
    match cli.command.run(&session).and_then(|exit| session.output.finish().map(|()| exit)) {
        Ok(exit) => exit.code(),
        Err(error) => {
            session.output.error(&error);
            Exit::from(&error).code()
        }
    }
}
