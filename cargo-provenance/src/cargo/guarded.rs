//! Starts programs for the user with the guard before rustc: cargo, or anything that calls cargo.
//!
//! Unlike the other commands of this layer they have the user's terminal and environment: it is the user's build.

use std::ffi::{OsStr, OsString};
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use cargo_metadata::Message;

use super::Error;
use crate::model::Surroundings;

/// Names of the variables by which the guard learns what it has to know.
#[derive(Clone, Copy, Debug)]
pub struct Names {
    /// The workspace root.
    pub workspace: &'static str,
    /// The wrapper to call in turn.
    pub inner: &'static str,
}

/// How programs run under the guard.
#[derive(Clone, Debug)]
pub struct Guarded {
    cargo: OsString,
    directory: PathBuf,
    guard: PathBuf,
    names: Names,
    root: PathBuf,
    inner: Option<OsString>,
    build_directory: PathBuf,
    withheld: Vec<OsString>,
}

/// Something that cargo compiled or found compiled.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Artifact {
    /// The `Cargo.toml` of its package.
    pub manifest: PathBuf,
    /// The name of the target.
    pub target: String,
    /// Its package, as cargo writes package ids.
    pub package: String,
    /// What the target is, in cargo's words.
    pub kinds: Vec<String>,
    /// What it is made into.
    pub crate_types: Vec<String>,
    /// Features that were on.
    pub features: Vec<String>,
    /// `opt-level`.
    pub opt_level: String,
    /// `debug-assertions`.
    pub debug_assertions: bool,
    /// Whether it is a test harness.
    pub test: bool,
    /// The files that came of it.
    pub files: Vec<PathBuf>,
}

impl Guarded {
    /// Programs that run where the user stands, for the workspace at `root`. `inner` is the wrapper of rustc that was in
    /// force; `build_directory` is where intermediate artifacts go (`build.build-dir`, cargo 1.91); `withheld` are variables that
    /// nothing needs which compiles, and that give whoever has them a key or an agent that signs.
    pub fn new(
        surroundings: &Surroundings,
        guard: &Path,
        names: Names,
        root: &Path,
        inner: Option<OsString>,
        build_directory: &Path,
        withheld: Vec<OsString>,
    ) -> Self {
        Self {
            cargo: surroundings.cargo.clone(),
            directory: surroundings.directory.clone(),
            guard: guard.to_owned(),
            names,
            root: root.to_owned(),
            inner,
            build_directory: build_directory.to_owned(),
            withheld,
        }
    }

    /// Runs cargo, and returns its exit code.
    pub fn cargo(&self, command: &str, arguments: &[OsString]) -> Result<u8, Error> {
        let mut cargo = self.prepared_cargo(command, arguments);
        Ok(code(cargo.status().map_err(|source| missing(&self.cargo, source))?))
    }

    /// Lets cargo bring what it lacks. No code of a package runs, so that nothing is withheld.
    pub fn fetch(&self, arguments: &[OsString]) -> Result<u8, Error> {
        self.cargo("fetch", arguments)
    }

    /// Lets cargo compile, and returns its exit code and everything that it says came of it. Diagnostics are shown as usual.
    pub fn compile(&self, command: &str, arguments: &[OsString]) -> Result<(u8, Vec<Artifact>), Error> {
        let mut all = vec!["--message-format=json-render-diagnostics".into()];
        all.extend_from_slice(arguments);
        let mut cargo = self.prepared_cargo(command, &all);
        for variable in &self.withheld {
            cargo.env_remove(variable);
        }
        let mut child =
            cargo.stdout(Stdio::piped()).spawn().map_err(|source| missing(&self.cargo, source))?;
        let io = |source| Error::Io { args: command.to_owned(), source };
        let mut artifacts = vec![];
        if let Some(stdout) = child.stdout.take() {
            for message in Message::parse_stream(BufReader::new(stdout)) {
                if let Message::CompilerArtifact(artifact) = message.map_err(io)? {
                    artifacts.push(artifact.into());
                }
            }
        }
        artifacts.sort();
        artifacts.dedup();
        Ok((code(child.wait().map_err(io)?), artifacts))
    }

    /// Runs any program, and returns its exit code.
    pub fn program(&self, program: &OsStr, arguments: &[OsString]) -> Result<u8, Error> {
        let mut command = self.prepared(program);
        let no_program =
            |source| Error::NoProgram { program: program.to_string_lossy().into_owned(), source };
        Ok(code(command.args(arguments).status().map_err(no_program)?))
    }

    fn prepared_cargo(&self, command: &str, arguments: &[OsString]) -> Command {
        let mut cargo = self.prepared(&self.cargo);
        // An entry of `[env]` that says otherwise would win over the environment.
        let root = toml_edit::Value::from(self.root.to_string_lossy().into_owned());
        for (key, value) in [("value", root), ("force", true.into())] {
            cargo.arg("--config").arg(format!("env.{}.{key}={value}", self.names.workspace));
        }
        cargo.arg(command).args(arguments);
        cargo
    }

    #[expect(clippy::disallowed_methods, reason = "this layer starts cargo")]
    fn prepared(&self, program: &OsStr) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(&self.directory)
            .env("RUSTC_WRAPPER", &self.guard)
            .env(self.names.workspace, &self.root)
            .env("CARGO_BUILD_BUILD_DIR", &self.build_directory);
        match &self.inner {
            Some(inner) => command.env(self.names.inner, inner),
            None => command.env_remove(self.names.inner),
        };
        command
    }
}

impl From<cargo_metadata::Artifact> for Artifact {
    fn from(artifact: cargo_metadata::Artifact) -> Self {
        let target = artifact.target;
        Self {
            manifest: artifact.manifest_path.into_std_path_buf(),
            target: target.name,
            package: artifact.package_id.repr,
            kinds: target.kind.iter().map(ToString::to_string).collect(),
            crate_types: target.crate_types.iter().map(ToString::to_string).collect(),
            features: artifact.features,
            opt_level: artifact.profile.opt_level,
            debug_assertions: artifact.profile.debug_assertions,
            test: artifact.profile.test,
            files: artifact.filenames.into_iter().map(Into::into).collect(),
        }
    }
}

fn missing(program: &OsStr, source: std::io::Error) -> Error {
    Error::Missing { program: program.to_string_lossy().into_owned(), source }
}

// What a shell says of a program that a signal ended: 128 and the number of the signal.
fn code(status: ExitStatus) -> u8 {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return u8::try_from(128 + signal).unwrap_or(u8::MAX);
    }
    status.code().map_or(1, |code| u8::try_from(code).unwrap_or(1))
}
