//! The command line before clap sees it: cargo's way of calling a subcommand, and the two flags that even a usage error
//! has to obey.

use std::ffi::{OsStr, OsString};

use super::global::{ColorWhen, MessageFormat};

/// What is needed to show an error about the command line itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Early {
    /// `--color`.
    pub color: Option<ColorWhen>,
    /// `--message-format`.
    pub format: Option<MessageFormat>,
}

/// Takes out the word `provenance` that cargo passes on as the first argument: `cargo provenance X` runs
/// `cargo-provenance provenance X`, and `cargo help provenance` runs `cargo-provenance provenance --help`.
pub fn normalize(mut arguments: Vec<OsString>) -> Vec<OsString> {
    if arguments.get(1).is_some_and(|first| first == "provenance") {
        arguments.remove(1);
    }
    if let Some(separator) = swallowed_separator(&arguments) {
        arguments.insert(separator, "--".into());
    }
    arguments
}

/// Commands whose arguments are another program's.
const PASS_ON: [&str; 5] = ["bench", "build", "clippy", "run", "test"];

/// Flags of this program that take the next argument for their value.
const TAKE_A_VALUE: [&str; 3] = ["--color", "--manifest-path", "--message-format"];

/// The `--` that clap would take for its own instead of passing it on: one before which nothing stands that is not ours.
fn swallowed_separator(arguments: &[OsString]) -> Option<usize> {
    let mut rest = arguments.iter().enumerate().skip(1);
    let mut passes_on = false;
    while let Some((at, argument)) = rest.next() {
        match argument.to_str()? {
            "--" => return passes_on.then_some(at),
            flag if TAKE_A_VALUE.contains(&flag) => {
                rest.next();
            }
            "-q" | "--quiet" | "-v" | "-vv" | "--verbose" | "--locked" | "--offline" | "--frozen" => {}
            flag if TAKE_A_VALUE
                .iter()
                .any(|ours| flag.strip_prefix(ours).is_some_and(|it| it.starts_with('='))) => {}
            command if !passes_on && PASS_ON.contains(&command) => passes_on = true,
            _ => return None,
        }
    }
    None
}

/// Looks for the early flags without judging the rest; what cannot be read is left for clap to complain about.
pub fn early(arguments: &[OsString]) -> Early {
    let mut early = Early::default();
    let mut arguments = arguments.iter().skip(1).take_while(|argument| *argument != "--").peekable();
    while let Some(argument) = arguments.next() {
        let Some(text) = argument.to_str() else { continue };
        let (flag, value) = match text.split_once('=') {
            Some((flag, value)) => (flag, Some(value)),
            None => (text, arguments.peek().and_then(|next| OsStr::to_str(next))),
        };
        match flag {
            "--color" => early.color = value.and_then(parse).or(early.color),
            "--message-format" => early.format = value.and_then(parse).or(early.format),
            _ => {}
        }
    }
    early
}

fn parse<T: clap::ValueEnum>(value: &str) -> Option<T> {
    T::from_str(value, false).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<OsString> {
        line.split(' ').map(OsString::from).collect()
    }

    #[test]
    fn every_way_to_call_is_the_same() {
        for (line, expected) in [
            ("cargo-provenance provenance verify --full", "cargo-provenance verify --full"),
            ("cargo-provenance verify --full", "cargo-provenance verify --full"),
            ("cargo-provenance provenance --help", "cargo-provenance --help"),
            ("cargo-provenance", "cargo-provenance"),
            ("cargo-provenance add provenance", "cargo-provenance add provenance"),
            // Clap keeps the second one.
            ("cargo-provenance run -- x -- y", "cargo-provenance run -- -- x -- y"),
            (
                "cargo-provenance -q run --color never -v -- x",
                "cargo-provenance -q run --color never -v -- -- x",
            ),
            ("cargo-provenance run --release -- x", "cargo-provenance run --release -- x"),
            ("cargo-provenance exec -- x", "cargo-provenance exec -- x"),
        ] {
            assert_eq!(normalize(words(line)), words(expected), "{line}");
        }
    }

    #[test]
    fn early_flags_are_found_wherever_they_stand() {
        let found = |line: &str| early(&words(line));
        assert_eq!(found("x verify --color=never --nonsense").color, Some(ColorWhen::Never));
        assert_eq!(found("x --color always verify").color, Some(ColorWhen::Always));
        assert_eq!(found("x --message-format json verify").format, Some(MessageFormat::Json));
        assert_eq!(found("x verify --color"), Early::default());
        assert_eq!(found("x verify --color purple"), Early::default());
        assert_eq!(found("x -- --color never"), Early::default());
    }
}
