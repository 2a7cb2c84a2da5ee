//! Cargo's arguments, as far as the guard has to know them.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use super::Command;
use crate::attest::record::Request;

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

/// Options that change what is said, where it lies, how fast it is made, or which of several programs are made, and nothing of what
/// each is made of.
const CHANGE_NOTHING: [&str; 18] = [
    "--bin",
    "--bins",
    "--color",
    "--frozen",
    "--future-incompat-report",
    "--jobs",
    "--keep-going",
    "--lib",
    "--locked",
    "--manifest-path",
    "--offline",
    "--quiet",
    "--target-dir",
    "--timings",
    "--verbose",
    "-j",
    "-q",
    "-v",
];

/// Letters of options that take a value: what follows such a letter in the same argument is it.
const LETTERS: [char; 4] = ['F', 'Z', 'j', 'p'];

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
    /// `--record`, our own: that a record of the build is wanted, and where, if not in its usual place.
    pub(super) record: Option<Option<PathBuf>>,
    /// The options with their values.
    pairs: Vec<(String, Option<String>)>,
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
            if let Some(record) =
                text.strip_prefix("--record").filter(|rest| rest.is_empty() || rest.starts_with('='))
            {
                arguments.record = Some(record.strip_prefix('=').map(PathBuf::from));
                continue;
            }
            arguments.options.push(argument.clone());
            let (flag, mut value) = match (cluster(&text, &mut arguments.pairs), text.split_once('=')) {
                (Some((flag, value)), _) => (flag, value.map(OsString::from)),
                (None, Some((flag, value))) => (flag.to_owned(), Some(OsString::from(value))),
                (None, None) => (text.into_owned(), None),
            };
            if value.is_none() && TAKE_A_VALUE.contains(&flag.as_str()) {
                value = all.next().cloned();
                arguments.options.extend(value.clone());
            }
            arguments
                .pairs
                .push((flag.clone(), value.as_ref().map(|value| value.to_string_lossy().into_owned())));
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

    /// The arguments of `cargo fetch` for the same workspace.
    pub(super) fn for_fetching(&self) -> Vec<OsString> {
        let mut arguments = vec!["--locked".into()];
        for (flag, value) in &self.pairs {
            if matches!(flag.as_str(), "--config" | "--manifest-path" | "--target" | "--lockfile-path" | "-Z")
            {
                arguments.push(flag.into());
                arguments.extend(value.as_ref().map(OsString::from));
            }
        }
        arguments
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

    /// What was asked for.
    pub(super) fn request(&self) -> Request {
        let mut request = Request { profile: "dev".to_owned(), ..Request::default() };
        let split = |text: &str| -> Vec<String> {
            text.split([',', ' ']).filter(|part| !part.is_empty()).map(str::to_owned).collect()
        };
        for (flag, value) in &self.pairs {
            let (flag, value) = (flag.as_str(), value.as_deref());
            match (flag, value) {
                ("-p" | "--package", Some(package)) => request.packages.push(package.to_owned()),
                ("-F" | "--features", Some(features)) => request.features.extend(split(features)),
                ("--all-features", _) => request.all_features = true,
                ("--no-default-features", _) => request.no_default_features = true,
                ("-r" | "--release", _) => "release".clone_into(&mut request.profile),
                ("--profile", Some(profile)) => profile.clone_into(&mut request.profile),
                ("--target", Some(target)) if request.target.is_none() => {
                    request.target = Some(target.to_owned())
                }
                (flag, _) if CHANGE_NOTHING.contains(&flag) => {}
                (flag, Some(value)) => request.others.push(format!("{flag}={value}")),
                (flag, None) => request.others.push(flag.to_owned()),
            }
        }
        // What is no option is none of cargo's, unless a later cargo takes it for the value of one.
        request.others.extend(self.rest.iter().map(|argument| argument.to_string_lossy().into_owned()));
        request.features.sort();
        request.features.dedup();
        request
    }

    fn locked(&self) -> Option<OsString> {
        (!self.has("--locked") && !self.has("--frozen")).then(|| "--locked".into())
    }

    fn has(&self, flag: &str) -> bool {
        self.options.iter().any(|option| option == OsStr::new(flag))
    }
}

/// Takes letters apart that stand behind one hyphen, as cargo does: `-vrFx` is `-v -r -F x`. All but the last go to `before`.
fn cluster(text: &str, before: &mut Vec<(String, Option<String>)>) -> Option<(String, Option<String>)> {
    let mut letters = text.strip_prefix('-').filter(|rest| !rest.starts_with('-'))?.chars();
    while let Some(letter) = letters.next() {
        let rest = letters.as_str();
        let flag = format!("-{letter}");
        if rest.is_empty() {
            return Some((flag, None));
        }
        if LETTERS.contains(&letter) {
            return Some((flag, Some(rest.strip_prefix('=').unwrap_or(rest).to_owned())));
        }
        before.push((flag, None));
    }
    None
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
    fn what_was_asked_for_is_told_apart_from_how() {
        let given = "-v --release -pa --package b -F x,y --features=z --target t --locked -j4 --bin a --config k=1 --workspace";
        let arguments = Arguments::read(&words(given)).expect("fit");
        let request = Request {
            packages: vec!["a".to_owned(), "b".to_owned()],
            profile: "release".to_owned(),
            target: Some("t".to_owned()),
            features: vec!["x".to_owned(), "y".to_owned(), "z".to_owned()],
            others: vec!["--config=k=1".to_owned(), "--workspace".to_owned()],
            ..Request::default()
        };
        assert_eq!(arguments.request(), request);
        assert_eq!(Arguments::read(&[]).expect("fit").request().profile, "dev");
    }

    #[test]
    fn no_letter_hides_behind_another() {
        for given in ["-vFx", "-vF x", "-qvFx", "-vF=x", "-F=x -v", "-Fx", "-vvF x --locked"] {
            let request = Arguments::read(&words(given)).expect("fit").request();
            assert_eq!((request.features, request.others), (vec!["x".to_owned()], vec![]), "{given}");
        }
        for given in ["-vr", "-rq", "-vrFx", "-rj4", "-qrj 4"] {
            assert_eq!(Arguments::read(&words(given)).expect("fit").request().profile, "release", "{given}");
        }
        let request = Arguments::read(&words("-vxp a b --config k=1")).expect("fit").request();
        assert_eq!(
            (request.packages, request.others),
            (vec!["a".to_owned()], ["-x", "b", "--config", "k=1"].map(str::to_owned).to_vec())
        );
    }

    #[test]
    fn the_record_is_no_option_of_cargo() {
        for (given, record) in [
            ("--release", None),
            ("--record --release", Some(None)),
            ("--release --record=r.json", Some(Some(PathBuf::from("r.json")))),
        ] {
            let arguments = Arguments::read(&words(given)).expect("fit");
            assert_eq!(arguments.record, record, "{given}");
            assert_eq!(line(&arguments.for_compiling(Command::Build).1), "--locked --release");
        }
        assert_eq!(Arguments::read(&words("--records")).expect("fit").record, None);
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
