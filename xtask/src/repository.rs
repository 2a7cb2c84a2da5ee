//! Where the repository lies, how its programs are started, and how a command fails.

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Why a command stopped, with the exit code that tells it.
#[derive(Debug)]
pub(crate) struct Failure {
    message: String,
    /// The exit code of the process.
    pub(crate) code: u8,
}

impl Failure {
    /// What was to be shown does not hold.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), code: 1 }
    }

    /// The command line cannot be understood.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self { message: message.into(), code: 2 }
    }

    /// An operation on a file failed.
    pub(crate) fn file(what: &str, path: &Path, error: &std::io::Error) -> Self {
        Self::new(format!("could not {what} `{}`: {error}", path.display()))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// The repository's root, absolute.
pub(crate) fn root() -> PathBuf {
    // The manifest directory of this package is `<root>/xtask`; cargo sets the variable for `cargo run`, the constant
    // serves where the program is started by hand.
    let package = std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    package.parent().map(Path::to_path_buf).unwrap_or(package)
}

/// Cargo, the one that runs this command.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")));
    command.current_dir(root());
    // `cargo run` sets these for its child, and a nested cargo would take them for its own.
    for name in ["CARGO_MANIFEST_DIR", "CARGO_MANIFEST_PATH", "CARGO_PKG_NAME", "CARGO_PKG_VERSION"] {
        command.env_remove(name);
    }
    command
}

/// The folder that cargo builds this repository into.
pub(crate) fn target() -> Result<PathBuf, Failure> {
    Ok(metadata()?.target_directory.into_std_path_buf())
}

/// What cargo knows of this workspace and its dependencies for the host.
pub(crate) fn metadata() -> Result<cargo_metadata::Metadata, Failure> {
    let mut command = cargo();
    command.args(["metadata", "--format-version=1", "--filter-platform", &host()?]);
    let text = output(&mut command)?;
    cargo_metadata::MetadataCommand::parse(text)
        .map_err(|error| Failure::new(format!("`cargo metadata` cannot be read: {error}")))
}

/// Builds the tool and returns its path.
pub(crate) fn build_tool(profile: &str) -> Result<PathBuf, Failure> {
    succeed(cargo().args(["build", "--quiet", "--package", "cargo-provenance", "--profile", profile]))?;
    let folder = if profile == "dev" { "debug" } else { profile };
    Ok(target()?.join(folder).join(format!("cargo-provenance{}", std::env::consts::EXE_SUFFIX)))
}

/// Runs a program to its end, its output on the terminal; anything but exit 0 is a failure.
pub(crate) fn succeed(command: &mut Command) -> Result<(), Failure> {
    let status = command.status().map_err(|error| not_started(command, &error))?;
    if status.success() { Ok(()) } else { Err(Failure::new(format!("`{}` failed: {status}", line(command)))) }
}

/// Runs a program and returns its standard output; anything but exit 0 is a failure that shows its error output.
pub(crate) fn output(command: &mut Command) -> Result<String, Failure> {
    let result = command.output().map_err(|error| not_started(command, &error))?;
    if result.status.success() {
        return Ok(String::from_utf8_lossy(&result.stdout).into_owned());
    }
    let (said, errors) = (String::from_utf8_lossy(&result.stdout), String::from_utf8_lossy(&result.stderr));
    Err(Failure::new(format!("`{}` failed: {}\n{said}{errors}", line(command), result.status)))
}

/// The failure of a program that could not be started.
pub(crate) fn not_started(command: &Command, error: &std::io::Error) -> Failure {
    Failure::new(format!("could not start `{}`: {error}", line(command)))
}

/// A command the way one would type it: the program's file name and its arguments.
pub(crate) fn line(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    std::iter::once(program)
        .chain(command.get_args())
        .map(|part| part.to_string_lossy().into_owned())
        .collect::<Vec<_>>()
        .join(" ")
}

/// A file's text.
pub(crate) fn read(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| Failure::file("read", path, &error))
}

/// Removes a file or a directory, if it is there.
pub(crate) fn remove(path: &Path) -> Result<(), Failure> {
    let result = if path.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) };
    match result {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Failure::file("remove", path, &error))
        }
        _ => Ok(()),
    }
}

/// Writes a file and the folders above it.
pub(crate) fn write(path: &Path, text: &str) -> Result<(), Failure> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|error| Failure::file("create", folder, &error))?;
    }
    std::fs::write(path, text).map_err(|error| Failure::file("write", path, &error))
}

/// The triple of this machine.
pub(crate) fn host() -> Result<String, Failure> {
    let text = output(
        Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| OsString::from("rustc"))).arg("-vV"),
    )?;
    text.lines()
        .find_map(|line| line.strip_prefix("host: "))
        .map(str::to_owned)
        .ok_or_else(|| Failure::new("`rustc -vV` names no host"))
}
