//! Cargo's arguments, as far as the guard has to know them.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use super::Command;

/// Options of cargo's compiling commands that take the next argument for their value (`cargo help build`, 1.95).
const TAKE_A_VALUE: [&str; 20] = [
    "--bench",
    "--bin",
    "--color",
    "--config",
    "--example",
    "--exclude",
    "--features",
    "--jobs",
    "--lockfile-path",
    "--manifest-path",
    "--message-format",
    "--package",
    "--profile",
    "--target",
    "--target-dir",
    "--test",
    "-F",
    "-Z",
    "-j",
    "-p",
];

/// What was given after the command's name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Arguments {
    /// Cargo's options.
    options: Vec<OsString>,
    /// What follows: names of tests, arguments of the program, everything from `--` on.
    rest: Vec<OsString>,
    /// `--manifest-path`.
    pub(super) manifest: Option<PathBuf>,
    /// `--target-dir`.
    pub(super) target_directory: Option<PathBuf>,
}

/// An argument that does not go together with the guard.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{flag}` cannot be given to cargo here")]
pub(super) struct Unfit {
    flag: String,
}

impl Unfit {
    pub(super) fn help(&self) -> String {
        format!(
            "run `cargo provenance exec -- cargo …` for `{}`, which confirms nothing afterwards",
            self.flag
        )
    }
}

impl Arguments {
    pub(super) fn read(given: &[OsString]) -> Result<Self, Unfit> {
        let mut arguments = Self::default();
        let mut all = given.iter();
        while let Some(argument) = all.as_slice().first() {
            let text = argument.to_string_lossy();
            if !text.starts_with('-') || text == "--" {
                break;
            }
            all.next();
            arguments.options.push(argument.clone());
            let (flag, mut value) = match text.split_once('=') {
                Some((flag, value)) => (flag.to_owned(), Some(OsString::from(value))),
                None => (text.into_owned(), None),
            };
            if value.is_none() && TAKE_A_VALUE.contains(&flag.as_str()) {
                value = all.next().cloned();
                arguments.options.extend(value.clone());
            }
            match flag.as_str() {
                "--message-format" | "--build-plan" | "--unit-graph" => return Err(Unfit { flag }),
                "--manifest-path" => arguments.manifest = value.map(PathBuf::from),
                "--target-dir" => arguments.target_directory = value.map(PathBuf::from),
                _ => {}
            }
        }
        arguments.rest.extend(all.cloned());
        Ok(arguments)
    }

    /// With `--manifest-path`, unless it is there.
    pub(super) fn with_manifest(&self, manifest: Option<&Path>) -> Self {
        let mut with = self.clone();
        if let (None, Some(manifest)) = (&self.manifest, manifest) {
            with.options.extend(["--manifest-path".into(), manifest.as_os_str().to_owned()]);
        }
        with
    }

    /// The command that compiles what `command` will run, and its arguments.
    pub(super) fn for_compiling(&self, command: Command) -> (&'static str, Vec<OsString>) {
        let locked = self.locked();
        let options = locked.into_iter().chain(self.options.iter().cloned());
        match command {
            Command::Build | Command::Clippy => {
                (command.name(), options.chain(self.rest.iter().cloned()).collect())
            }
            Command::Run => ("build", options.collect()),
            // Cargo cannot compile documentation tests without running them.
            Command::Test if self.has("--doc") => {
                let options = options.map(|option| if option == "--doc" { "--lib".into() } else { option });
                ("build", options.collect())
            }
            Command::Test | Command::Bench => {
                let options = options.filter(|option| option != "--no-run");
                let names = self.rest.iter().take_while(|argument| *argument != "--").cloned();
                (command.name(), std::iter::once("--no-run".into()).chain(options).chain(names).collect())
            }
        }
    }

    /// The arguments of the command itself.
    pub(super) fn for_running(&self) -> Vec<OsString> {
        let options = self.locked().into_iter().chain(self.options.iter().cloned());
        options.chain(self.rest.iter().cloned()).collect()
    }

    /// Whether nothing is left to run when everything is compiled.
    pub(super) fn is_done_by_compiling(&self, command: Command) -> bool {
        matches!(command, Command::Build | Command::Clippy) || self.has("--no-run")
    }

    fn locked(&self) -> Option<OsString> {
        (!self.has("--locked") && !self.has("--frozen")).then(|| "--locked".into())
    }

    fn has(&self, flag: &str) -> bool {
        self.options.iter().any(|option| option == OsStr::new(flag))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<OsString> {
        line.split_whitespace().map(OsString::from).collect()
    }

    fn line(words: &[OsString]) -> String {
        words.join(OsStr::new(" ")).to_string_lossy().into_owned()
    }

    #[test]
    fn what_is_compiled_is_what_will_be_run() {
        for (command, given, compiling, running) in [
            (Command::Build, "--release -p a", "build --locked --release -p a", None),
            (Command::Build, "--frozen", "build --frozen", None),
            (Command::Clippy, "-- -D warnings", "clippy --locked -- -D warnings", None),
            (Command::Run, "--bin a -- x", "build --locked --bin a", Some("--locked --bin a -- x")),
            (
                Command::Run,
                "--features f x --bin",
                "build --locked --features f",
                Some("--locked --features f x --bin"),
            ),
            (
                Command::Test,
                "-p a name -- --nocapture",
                "test --no-run --locked -p a name",
                Some("--locked -p a name -- --nocapture"),
            ),
            (Command::Test, "--no-run", "test --no-run --locked", None),
            (Command::Test, "--doc x", "build --locked --lib", Some("--locked --doc x")),
        ] {
            let arguments = Arguments::read(&words(given)).expect(given);
            let (name, options) = arguments.for_compiling(command);
            assert_eq!(format!("{name} {}", line(&options)).trim(), compiling, "{given}");
            let rest = (!arguments.is_done_by_compiling(command)).then(|| line(&arguments.for_running()));
            assert_eq!(rest.as_deref(), running, "{given}");
        }
    }

    #[test]
    fn places_are_found_and_what_hides_messages_is_refused() {
        let arguments =
            Arguments::read(&words("--manifest-path=a/Cargo.toml --target-dir t x --target-dir u"))
                .expect("fit");
        assert_eq!(arguments.manifest, Some(PathBuf::from("a/Cargo.toml")));
        assert_eq!(arguments.target_directory, Some(PathBuf::from("t")));
        for given in ["--message-format json", "--message-format=short", "--unit-graph"] {
            assert!(Arguments::read(&words(given)).is_err(), "{given}");
        }
    }
}
