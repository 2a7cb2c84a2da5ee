//! What is shown when there is no report: a command line that clap refuses, an output that cannot be written, a bug.

use std::io;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::sync::{Mutex, PoisonError};

use clap::error::ErrorKind;

use crate::exit_code::{self, ExitCode};
use crate::render::{self, Format, View, json};
use crate::report::failure::{Failure, Kind};
use crate::shell::Shell;

/// The first panic, with its place: the later ones only follow from it.
static FIRST_PANIC: Mutex<Option<String>> = Mutex::new(None);

/// Shows what clap has to say: help and version on standard output, everything else as an error.
pub(super) fn usage(error: &clap::Error, shell: &Shell, view: &View) -> ExitCode {
    let text = error.render();
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        return match shell.out(&text.ansi().to_string()) {
            Ok(()) => exit_code::FINE,
            Err(error) => unwritten(&error, shell),
        };
    }
    shell.err(&text.ansi().to_string());
    if view.format == Format::Json || view.format.is_document() {
        let plain = text.to_string();
        let message = plain.lines().next().unwrap_or_default().trim_start_matches("error: ");
        let document = render::failure(&Failure::new(Kind::Usage, message), view).output;
        let start = if view.format == Format::Json { json::start(None) } else { String::new() };
        if let Err(error) = shell.out(&(start + &document)) {
            return unwritten(&error, shell);
        }
    }
    exit_code::USAGE
}

/// Says that a result did not arrive. Nobody may take the silence for a pass.
pub(super) fn unwritten(error: &io::Error, shell: &Shell) -> ExitCode {
    let failure = Failure::new(Kind::Undecided, "could not write to standard output").caused_by(error);
    shell.err(&render::human::failure(&failure));
    failure.kind.into()
}

/// Runs `job` and turns a panic into a failure, so that a bug ends as `could not decide`: never as a pass, and never
/// without the last line that machines wait for.
pub(super) fn guarded<T>(job: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    panic::set_hook(Box::new(record));
    let result = panic::catch_unwind(AssertUnwindSafe(job));
    let _ = panic::take_hook();
    result.unwrap_or_else(|_| {
        let what = FIRST_PANIC.lock().unwrap_or_else(PoisonError::into_inner).take();
        Err(Failure::new(Kind::Bug, what.unwrap_or_else(|| "panic without a message".into())).help(format!(
            "this is a bug in {} {}; please report it at {}/issues with what you ran",
            env!("CARGO_PKG_NAME"),
            env!("CARGO_PKG_VERSION"),
            env!("CARGO_PKG_REPOSITORY"),
        )))
    })
}

fn record(panic: &PanicHookInfo<'_>) {
    let payload = panic.payload();
    let message = payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("panic without a message");
    let place = panic.location().map_or_else(String::new, |place| format!(", at {place}"));
    FIRST_PANIC.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(format!("{message}{place}"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_a_bug_and_never_a_pass() {
        let failure = guarded(|| -> Result<(), Failure> { panic!("boom") }).expect_err("panicked");
        assert_eq!(failure.kind, Kind::Bug);
        assert!(failure.message.starts_with("boom, at "), "{}", failure.message);
        assert!(failure.help[0].contains("/issues"), "{}", failure.help[0]);
        assert_eq!(ExitCode::from(failure.kind), exit_code::UNDECIDED);
    }
}
