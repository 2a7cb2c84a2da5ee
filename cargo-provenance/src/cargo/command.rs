//! Starts cargo and waits for it.
//!
//! The child never inherits what would make it run or fetch something else without saying so (compiler overrides,
//! wrappers, cargo's test hooks), reads nothing from the terminal, and its last words go into the error when it fails.

use std::ffi::{OsStr, OsString};
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use cargo_metadata::{Metadata, MetadataCommand};

use super::error::{Error, LastWords, OFFLINE};
use crate::model::{Network, Surroundings};
use crate::report::progress::Progress;

/// Variables that swap the compiler or the registry below cargo's configuration. Cargo reads them all; the last two
/// are hooks for its own tests that work in released versions too (`sources/config.rs`, `core/features.rs`).
const NOT_INHERITED: [&str; 12] = [
    "RUSTC",
    "RUSTDOC",
    "RUSTFLAGS",
    "CARGO_ENCODED_RUSTFLAGS",
    "CARGO_BUILD_RUSTC",
    "CARGO_BUILD_RUSTC_WRAPPER",
    "CARGO_BUILD_RUSTC_WORKSPACE_WRAPPER",
    "CARGO_BUILD_RUSTDOC",
    "CARGO_BUILD_RUSTFLAGS",
    "CARGO_RESOLVER_LOCKFILE_PATH",
    "__CARGO_TEST_CRATES_IO_URL_DO_NOT_USE_THIS",
    "__CARGO_TEST_CHANNEL_OVERRIDE_DO_NOT_USE_THIS",
];

/// The verbs of cargo that tell that it waits for something; what it decided is for the report to tell.
const SIGNS_OF_LIFE: [&str; 5] = ["Blocking", "Downloaded", "Downloading", "Fetching", "Updating"];

/// Bytes of standard output: the metadata of 400 packages has 1.6 MB, so this is room for 60,000 packages.
const OUTPUT_BYTES: u64 = 256 * 1024 * 1024;

/// Lines of standard error that are kept: a crate may have 300 features (the limit of crates.io), each a line of
/// `cargo add`.
const KEPT_LINES: usize = 1_000;

/// Bytes of one line of standard error: no line of cargo's own comes near it.
const LINE_BYTES: u64 = 16 * 1024;

/// How much `cargo metadata` shall find out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// The whole graph for all platforms and features; downloads what is missing.
    Graph,
    /// The members alone: no resolution, no download, no compiler is asked.
    Members,
}

/// What cargo may do to the lockfile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lock {
    /// Nothing: a lockfile that would have to change is a failure (`--locked`).
    Keep,
    /// Add what is missing and drop what is unused; locked versions stay.
    Settle,
}

/// What the graph is resolved for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resolution {
    /// Features to activate, as cargo's `--features` takes them.
    pub features: Vec<String>,
    /// Whether all features are activated.
    pub all_features: bool,
    /// Whether `default` is not.
    pub no_default_features: bool,
    /// The only platforms that count, by their target triples; all, where none is named.
    pub targets: Vec<String>,
}

/// Whether a rustc and wrappers of it that the configuration names may run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wrappers {
    /// None, whatever a configuration file says: it may be one of the repository.
    None,
    /// Those of the user's own configuration; no other is in force where the command runs. Only then does cargo keep what
    /// rustc says of itself, and asks it once instead of several times in every run.
    Own,
}

/// What a run left behind.
#[derive(Clone, Debug, Default)]
pub struct Output {
    /// Standard output.
    pub stdout: Vec<u8>,
    /// Standard error without control characters, a line each; only the last ones of a long output.
    pub lines: Vec<String>,
}

/// A cargo that is ready to run: the program, where it runs, and what it may do.
#[derive(Clone, Debug)]
pub struct CargoCommand {
    program: OsString,
    home: PathBuf,
    directory: PathBuf,
    lockfile: Option<PathBuf>,
    network: Network,
    overrides: Vec<String>,
    build_directory: Option<PathBuf>,
    wrappers: Wrappers,
    hidden_prefixes: Vec<String>,
    config: Vec<OsString>,
}

impl CargoCommand {
    /// The user's cargo, run where the user stands.
    pub fn new(surroundings: &Surroundings) -> Self {
        Self {
            program: surroundings.cargo.clone(),
            home: surroundings.cargo_home.clone(),
            directory: surroundings.directory.clone(),
            lockfile: surroundings.lockfile.clone(),
            network: surroundings.network,
            overrides: surroundings.overrides.iter().map(|(name, _)| name.clone()).collect(),
            build_directory: None,
            wrappers: Wrappers::None,
            hidden_prefixes: vec![],
            config: vec![],
        }
    }

    /// The same cargo without the network.
    pub fn offline(&self) -> Self {
        Self { network: Network::Forbidden, ..self.clone() }
    }

    /// The same cargo, run in another directory.
    pub fn within(&self, directory: &Path) -> Self {
        Self { directory: directory.to_owned(), ..self.clone() }
    }

    /// The same cargo with another cargo home.
    pub fn with_home(&self, home: &Path) -> Self {
        Self { home: home.to_owned(), ..self.clone() }
    }

    /// The same cargo, told to keep the lockfile elsewhere than beside the workspace's manifest.
    pub fn with_lockfile(&self, lockfile: Option<&Path>) -> Self {
        Self { lockfile: lockfile.map(Path::to_owned), ..self.clone() }
    }

    /// The same cargo, told where to build. Nothing is built, but what cargo keeps of rustc's answers lies there.
    pub fn with_build_directory(&self, directory: &Path) -> Self {
        Self { build_directory: Some(directory.to_owned()), ..self.clone() }
    }

    /// The same cargo in a place where no configuration of a repository is in force that could name a wrapper of rustc.
    pub fn among_own_wrappers(&self) -> Self {
        Self { wrappers: Wrappers::Own, ..self.clone() }
    }

    /// The same cargo, whose messages shall not show `prefix` before paths.
    pub fn hiding(&self, prefix: &Path) -> Self {
        let mut hiding = self.clone();
        hiding.hidden_prefixes.push(prefix.display().to_string());
        hiding
    }

    /// The same cargo, given these `--config` values too.
    pub fn with_config(&self, config: &[OsString]) -> Self {
        let mut given = self.clone();
        given.config.extend_from_slice(config);
        given
    }

    /// The directory it runs in.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The manifest of the workspace that `manifest` (or the directory it runs in) belongs to.
    pub fn locate_project(&self, manifest: Option<&Path>) -> Result<PathBuf, Error> {
        let mut args = arguments(["locate-project", "--workspace", "--message-format", "plain"]);
        push_manifest(&mut args, manifest);
        let output = self.run(&args, None)?;
        Ok(PathBuf::from(String::from_utf8_lossy(&output.stdout).trim_end_matches(['\r', '\n'])))
    }

    /// What cargo knows of the workspace.
    pub fn metadata(&self, manifest: Option<&Path>, extent: Extent, lock: Lock) -> Result<Metadata, Error> {
        let mut args = arguments(["metadata", "--format-version", "1"]);
        match extent {
            Extent::Graph => args.push("--all-features".into()),
            Extent::Members => args.push("--no-deps".into()),
        }
        push_manifest(&mut args, manifest);
        push_lock(&mut args, lock);
        self.parsed(&args, None)
    }

    fn parsed(&self, args: &[OsString], progress: Option<&dyn Progress>) -> Result<Metadata, Error> {
        let output = self.run(args, progress)?;
        let unreadable = |source| Error::Unreadable { args: self.shown(args), source };
        let text = str::from_utf8(&output.stdout).map_err(|e| unreadable(e.into()))?;
        MetadataCommand::parse(text).map_err(unreadable)
    }

    /// The graph that a build with these features for these platforms draws from, by the lockfile as it is. Downloads what is
    /// missing, where the network may be used.
    pub fn resolve(
        &self,
        manifest: Option<&Path>,
        resolution: &Resolution,
        progress: &dyn Progress,
    ) -> Result<Metadata, Error> {
        let mut args = arguments(["metadata", "--format-version", "1"]);
        args.extend(resolution.features.iter().map(|features| format!("--features={features}").into()));
        args.extend(resolution.all_features.then(|| "--all-features".into()));
        args.extend(resolution.no_default_features.then(|| "--no-default-features".into()));
        args.extend(resolution.targets.iter().map(|triple| format!("--filter-platform={triple}").into()));
        push_manifest(&mut args, manifest);
        push_lock(&mut args, Lock::Keep);
        self.parsed(&args, Some(progress))
    }

    /// Downloads every package of the lockfile, for all platforms, and unpacks it below its cargo home: for a scratch home.
    pub fn fetch(&self, manifest: &Path, progress: &dyn Progress) -> Result<Output, Error> {
        let mut args = arguments(["fetch"]);
        push_manifest(&mut args, Some(manifest));
        self.run(&args, Some(progress))
    }

    /// Checks that the lockfile follows the manifests. On the way cargo brings what the registries' indices say of the
    /// locked packages, and git repositories, where it lacks them; it downloads no archive.
    pub fn check_lockfile(&self, manifest: &Path, progress: &dyn Progress) -> Result<Output, Error> {
        let mut args = arguments(["update", "--workspace"]);
        push_manifest(&mut args, Some(manifest));
        push_lock(&mut args, Lock::Keep);
        self.run(&args, Some(progress))
    }

    /// Asks a registry what it has of a package, named as `NAME`, and changes nothing but cargo's own copy of the index.
    pub fn ask_index(
        &self,
        manifest: &Path,
        package: &str,
        registry: Option<&str>,
        progress: &dyn Progress,
    ) -> Result<Output, Error> {
        let mut args = arguments(["add", "--dry-run", package]);
        if let Some(registry) = registry {
            args.extend(arguments(["--registry", registry]));
        }
        push_manifest(&mut args, Some(manifest));
        self.run(&args, Some(progress))
    }

    /// Writes a lockfile with the newest versions that fit. Versions that were locked are not kept.
    pub fn generate_lockfile(&self, manifest: &Path, progress: &dyn Progress) -> Result<Output, Error> {
        let mut args = arguments(["generate-lockfile"]);
        push_manifest(&mut args, Some(manifest));
        self.run(&args, Some(progress))
    }

    /// Brings the lockfile in line with the manifests; locked versions that still fit stay.
    pub fn settle_lockfile(&self, manifest: &Path, progress: &dyn Progress) -> Result<Output, Error> {
        let mut args = arguments(["update", "--workspace"]);
        push_manifest(&mut args, Some(manifest));
        self.run(&args, Some(progress))
    }

    /// Asks the registries again what they say of the locked packages. Nothing of the workspace changes: cargo only brings
    /// its own copy of the indexes up to date.
    pub fn refresh_index(&self, manifest: &Path, progress: &dyn Progress) -> Result<Output, Error> {
        let mut args = arguments(["update", "--dry-run"]);
        push_manifest(&mut args, Some(manifest));
        self.run(&args, Some(progress))
    }

    /// Locks a package of the lockfile, named as `NAME@VERSION`, to another version.
    pub fn hold(
        &self,
        manifest: &Path,
        package: &str,
        version: &str,
        progress: &dyn Progress,
    ) -> Result<Output, Error> {
        let mut args = arguments(["update", package, "--precise", version]);
        push_manifest(&mut args, Some(manifest));
        self.run(&args, Some(progress))
    }

    /// `cargo add`, `update` or `remove` with the user's arguments.
    pub fn edit(&self, command: &str, user: &[OsString], progress: &dyn Progress) -> Result<Output, Error> {
        let mut args = arguments([command]);
        args.extend_from_slice(user);
        self.run(&args, Some(progress))
    }

    /// Copies the sources of all dependencies into `target`, the way `cargo vendor` lays them out. They come from where
    /// the configuration in force in the directory it runs in says, mirrors included.
    pub fn vendor(&self, manifest: &Path, target: &Path, progress: &dyn Progress) -> Result<Output, Error> {
        let mut args = arguments(["vendor", "--versioned-dirs", "--respect-source-config"]);
        push_manifest(&mut args, Some(manifest));
        push_lock(&mut args, Lock::Keep);
        args.push(target.as_os_str().to_owned());
        self.run(&args, Some(progress))
    }

    fn run(&self, args: &[OsString], progress: Option<&dyn Progress>) -> Result<Output, Error> {
        let args = &self.completed(args);
        let mut child = self.prepared(args).spawn().map_err(|source| Error::Missing {
            program: self.program.to_string_lossy().into_owned(),
            source,
        })?;
        let io = |source| Error::Io { args: self.shown(args), source };
        let heard = self.listen(&mut child, progress);
        let status = child.wait().map_err(io)?;
        let output = heard.map_err(io)?;
        if status.success() {
            return Ok(output);
        }
        Err(Error::Failed {
            args: self.shown(args),
            code: status.code(),
            stderr: LastWords::of(output.lines),
        })
    }

    fn completed(&self, args: &[OsString]) -> Vec<OsString> {
        let mut all = vec![];
        for value in &self.config {
            all.extend(["--config".into(), value.clone()]);
        }
        all.extend_from_slice(args);
        all.extend((self.network == Network::Forbidden).then(|| OFFLINE.into()));
        all
    }

    #[expect(clippy::disallowed_methods, reason = "this is the place that starts cargo")]
    fn prepared(&self, args: &[OsString]) -> Command {
        let mut command = Command::new(&self.program);
        for name in NOT_INHERITED.into_iter().chain(self.overrides.iter().map(String::as_str)) {
            command.env_remove(name);
        }
        command
            .args(args)
            .current_dir(&self.directory)
            .env("CARGO_HOME", &self.home)
            // Cleaning up is for the user's own commands; in a scratch home it could reach what that links to.
            .env("CARGO_CACHE_AUTO_CLEAN_FREQUENCY", "never")
            .env("CARGO_TERM_COLOR", "never")
            .env("CARGO_TERM_PROGRESS_WHEN", "never")
            .env("CARGO_TERM_QUIET", "false")
            .env("CARGO_TERM_VERBOSE", "false")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        for name in ["RUSTC_WRAPPER", "RUSTC_WORKSPACE_WRAPPER"] {
            match self.wrappers {
                // Empty means: no wrapper, whatever a configuration file says.
                Wrappers::None => command.env(name, ""),
                Wrappers::Own => command.env_remove(name),
            };
        }
        if self.wrappers == Wrappers::None {
            // The variable goes before `build.rustc` of any configuration file.
            command.env("RUSTC", self.compiler());
        }
        if let Some(lockfile) = &self.lockfile {
            command.env("CARGO_RESOLVER_LOCKFILE_PATH", lockfile);
        }
        if let Some(directory) = &self.build_directory {
            command.env("CARGO_TARGET_DIR", directory);
        }
        command
    }

    /// The rustc that belongs to this cargo: the one beside it, else the one that it would find itself.
    fn compiler(&self) -> OsString {
        let name = format!("rustc{}", std::env::consts::EXE_SUFFIX);
        let program = Path::new(&self.program);
        let beside = program.parent().filter(|_| program.is_absolute()).map(|folder| folder.join(&name));
        beside.filter(|beside| beside.is_file()).map_or_else(|| "rustc".into(), PathBuf::into_os_string)
    }

    /// Reads both streams to their end, each in its own thread, so that neither can fill up and stop the child.
    fn listen(&self, child: &mut Child, progress: Option<&dyn Progress>) -> io::Result<Output> {
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        std::thread::scope(|scope| {
            let answer = scope.spawn(move || {
                let mut bytes = vec![];
                let Some(mut stdout) = stdout else { return Ok(bytes) };
                stdout.by_ref().take(OUTPUT_BYTES).read_to_end(&mut bytes)?;
                // What is beyond the limit is drained, so that the child can end, and then refused.
                match io::copy(&mut stdout, &mut io::sink())? {
                    0 => Ok(bytes),
                    _ => {
                        Err(io::Error::new(io::ErrorKind::InvalidData, "more output than cargo ever writes"))
                    }
                }
            });
            let lines = match stderr {
                Some(stderr) => self.read_lines(BufReader::new(stderr), progress)?,
                None => vec![],
            };
            let stdout = answer.join().map_err(|_| io::Error::other("the reading thread stopped"))??;
            Ok(Output { stdout, lines })
        })
    }

    fn read_lines(
        &self,
        mut stderr: impl BufRead,
        progress: Option<&dyn Progress>,
    ) -> io::Result<Vec<String>> {
        let mut lines = std::collections::VecDeque::new();
        let mut line = vec![];
        while stderr.by_ref().take(LINE_BYTES).read_until(b'\n', &mut line)? > 0 {
            let text = self.made_readable(&line);
            line.clear();
            match (progress, status(&text)) {
                // `Updating` tells of an index and of a version; what becomes of versions is not cargo's to say.
                (Some(progress), Some((verb, message)))
                    if SIGNS_OF_LIFE.contains(&verb) && !message.contains(" -> ") =>
                {
                    progress.status(verb, message);
                }
                _ => {}
            }
            if lines.len() == KEPT_LINES {
                lines.pop_front();
            }
            lines.push_back(text);
        }
        Ok(lines.into())
    }

    fn shown(&self, args: &[OsString]) -> String {
        self.without_prefix(args.join(OsStr::new(" ")).to_string_lossy().into_owned())
    }

    fn made_readable(&self, line: &[u8]) -> String {
        let text = String::from_utf8_lossy(line);
        self.without_prefix(text.trim_end().chars().filter(|c| !c.is_control()).collect())
    }

    fn without_prefix(&self, text: String) -> String {
        self.hidden_prefixes.iter().fold(text, |text, prefix| text.replace(prefix.as_str(), ""))
    }
}

/// The verb and the message of a status line: a capitalised verb, right-aligned in 12 columns.
fn status(line: &str) -> Option<(&str, &str)> {
    let (verb, message) = (line.get(..12)?.trim_start(), line.get(12..)?.strip_prefix(' ')?);
    let is_verb = verb.starts_with(|c: char| c.is_ascii_uppercase())
        && verb.bytes().all(|b| b.is_ascii_alphabetic())
        && !message.trim().is_empty();
    is_verb.then_some((verb, message))
}

fn arguments<const N: usize>(args: [&str; N]) -> Vec<OsString> {
    args.iter().map(OsString::from).collect()
}

fn push_manifest(args: &mut Vec<OsString>, manifest: Option<&Path>) {
    if let Some(manifest) = manifest {
        args.push("--manifest-path".into());
        args.push(manifest.as_os_str().to_owned());
    }
}

fn push_lock(args: &mut Vec<OsString>, lock: Lock) {
    if lock == Lock::Keep {
        args.push("--locked".into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Clock;
    use crate::report::failure::{Explain, Kind};

    fn surroundings(directory: &Path) -> Surroundings {
        Surroundings {
            directory: directory.to_owned(),
            manifest_path: None,
            cargo_home: directory.join("cargo-home"),
            cargo: "cargo".into(),
            lockfile: None,
            overrides: vec![],
            agent: None,
            network: Network::Forbidden,
            offline_by: None,
            transport: Default::default(),
            clock: Clock(1_795_392_000),
            user: "tester".into(),
        }
    }

    #[test]
    fn status_lines_are_told_from_other_lines() {
        assert_eq!(status("    Updating crates.io index"), Some(("Updating", "crates.io index")));
        assert_eq!(status("      Adding serde v1.0.0"), Some(("Adding", "serde v1.0.0")));
        for other in
            ["error: no such thing", "             + derive", "", "warning: a b c d e", "    12345678 x"]
        {
            assert_eq!(status(other), None, "{other:?}");
        }
    }

    #[test]
    fn a_missing_cargo_is_named() {
        let directory = tempfile::tempdir().expect("a scratch directory");
        let mut surroundings = surroundings(directory.path());
        surroundings.cargo = "cargo-that-is-not-there".into();
        let error = CargoCommand::new(&surroundings).locate_project(None).expect_err("nothing to run");
        assert_eq!(error.to_string(), "could not start `cargo-that-is-not-there`");
        assert!(!error.help().is_empty());
    }

    #[test]
    fn the_last_words_of_cargo_are_in_the_error() {
        let directory = tempfile::tempdir().expect("a scratch directory");
        let error =
            CargoCommand::new(&surroundings(directory.path())).locate_project(None).expect_err("no manifest");
        assert_eq!(error.kind(), Kind::Usage);
        assert!(error.help()[0].contains("--manifest-path"));
        let failure = crate::report::failure::Failure::from(error);
        assert!(failure.message.ends_with("failed (exit code 101)"), "{failure:?}");
        assert!(failure.causes[0].contains("could not find `Cargo.toml`"), "{failure:?}");
    }

    #[test]
    fn messages_have_no_control_characters_and_no_scratch_paths() {
        let directory = tempfile::tempdir().expect("a scratch directory");
        let command = CargoCommand::new(&surroundings(directory.path())).hiding(Path::new("/scratch/x"));
        assert_eq!(command.made_readable(b"at `/scratch/x/srv/p`\x1b[31m\r\n"), "at `/srv/p`[31m");
    }
}
