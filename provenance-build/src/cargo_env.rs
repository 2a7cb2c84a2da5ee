//! The environment of a build script: the only place of this crate that reads it.
//!
//! Cargo tells a build script neither the workspace root nor its own arguments (rust-lang/cargo#3946), so what it does
//! tell, and on Linux what `/proc` knows of the parent process, which is cargo itself, is put together here.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::config::Surroundings;
use crate::error::Error;

/// What cargo told a build script.
#[derive(Clone, Debug)]
pub struct BuildEnvironment {
    /// The `file!()` of the build script, as rustc was given it.
    pub caller: PathBuf,
    /// `CARGO_MANIFEST_DIR`, canonical.
    pub package: PathBuf,
    /// `CARGO_PKG_NAME`.
    pub name: String,
    /// `CARGO_PKG_VERSION`.
    pub version: String,
    /// `OUT_DIR`.
    pub out_dir: PathBuf,
    /// `TARGET`.
    pub target: String,
    /// The cargo home as cargo spells it.
    pub cargo_home: PathBuf,
    /// Whether the package has a `links` key.
    pub links: bool,
    /// Whether rustc may have been told to remap the paths that `file!()` gives.
    pub remapped: bool,
    /// Directories that cargo may have been started in.
    pub starts: Vec<PathBuf>,
    /// `--config` arguments of the cargo that runs this script, where the system shows them.
    pub arguments: Vec<String>,
    /// `CARGO_RESOLVER_LOCKFILE_PATH`.
    pub lockfile: Option<PathBuf>,
    /// `RUSTC_WRAPPER`: the wrapper of rustc in force, wherever it was named.
    pub wrapper: Option<PathBuf>,
    /// Whether cargo-auditable writes a list of packages into what is built.
    #[cfg(feature = "signatures")]
    pub auditable: bool,
    cargo: OsString,
}

/// Variables whose change must run the script again.
pub const WATCHED: [&str; 4] = [AUDITABLE, "CARGO_HOME", "CARGO_RESOLVER_LOCKFILE_PATH", "RUSTC_WRAPPER"];

/// By this variable cargo-auditable tells itself, as rustc's wrapper, what it was asked for.
const AUDITABLE: &str = "CARGO_AUDITABLE_ORIG_ARGS";

impl BuildEnvironment {
    /// Reads the environment of a build script; `caller` is the `file!()` of the script.
    pub fn read(caller: &str) -> Result<Self, Error> {
        let package = PathBuf::from(required("CARGO_MANIFEST_DIR")?);
        let package = package.canonicalize().map_err(|source| Error::io("find", &package, source))?;
        let (directory, arguments) = parent();
        let mut starts = directory.into_iter().collect::<Vec<_>>();
        starts.extend(env::var_os("PWD").map(PathBuf::from).filter(|directory| directory.is_absolute()));
        starts.push(package.clone());
        let base = starts.first().cloned().unwrap_or_else(|| package.clone());
        Ok(Self {
            caller: PathBuf::from(caller),
            name: text("CARGO_PKG_NAME")?,
            version: text("CARGO_PKG_VERSION")?,
            out_dir: PathBuf::from(required("OUT_DIR")?),
            target: text("TARGET")?,
            cargo_home: cargo_home(&base)?,
            links: env::var_os("CARGO_MANIFEST_LINKS").is_some(),
            remapped: remaps(&env::var_os("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default().to_string_lossy()),
            lockfile: env::var_os("CARGO_RESOLVER_LOCKFILE_PATH").map(|path| base.join(path)),
            arguments,
            wrapper: env::var_os("RUSTC_WRAPPER").filter(|name| !name.is_empty()).map(PathBuf::from),
            #[cfg(feature = "signatures")]
            auditable: env::var_os(AUDITABLE).is_some(),
            cargo: env::var_os("CARGO").unwrap_or_else(|| "cargo".into()),
            package,
            starts,
        })
    }

    /// What the configuration in force is read with, for the workspace at `root`.
    pub fn surroundings(&self, root: &Path) -> Surroundings {
        Surroundings {
            root: root.to_owned(),
            starts: self.starts.clone(),
            members: vec![],
            cargo_home: self.cargo_home.clone(),
            arguments: self.arguments.clone(),
            lockfile: self.lockfile.clone(),
        }
    }

    /// Asks cargo for the root of the workspace that the package itself belongs to (20 to 40 ms; takes no lock).
    pub fn own_workspace(&self) -> Result<PathBuf, Error> {
        let unclear = |why: String| {
            let what =
                format!("`cargo locate-project --workspace` in `{}` failed: {why}", self.package.display());
            Error::unclear(what, "build from a directory that cargo can read, without `--remap-path-prefix`")
        };
        let output = Command::new(&self.cargo)
            .args(["locate-project", "--workspace", "--message-format", "plain"])
            .current_dir(&self.package)
            .output()
            .map_err(|fault| unclear(fault.to_string()))?;
        let manifest = String::from_utf8_lossy(&output.stdout);
        let root = Path::new(manifest.trim_end()).parent().filter(|_| output.status.success());
        let root = root.ok_or_else(|| unclear(String::from_utf8_lossy(&output.stderr).trim().to_owned()))?;
        root.canonicalize().map_err(|source| Error::io("find", root, source))
    }
}

/// Whether encoded rustc flags can change what `file!()` gives: directly, or through an argument file.
fn remaps(encoded: &str) -> bool {
    encoded.split('\u{1f}').any(|flag| flag.contains("remap-path-prefix") || flag.starts_with('@'))
}

fn cargo_home(base: &Path) -> Result<PathBuf, Error> {
    // The fallback is cargo's own (the `home` crate): a cargo that was not started through rustup's proxy sets nothing.
    let home = env::var_os("CARGO_HOME").filter(|home| !home.is_empty()).map(PathBuf::from);
    let home = home.or_else(|| Some(env::home_dir()?.join(".cargo")));
    let home = home.ok_or_else(|| Error::unclear("neither CARGO_HOME nor HOME is set", "set CARGO_HOME"))?;
    Ok(base.join(home))
}

fn required(variable: &'static str) -> Result<OsString, Error> {
    let help = "call `provenance_build::enforce()` from a build script";
    env::var_os(variable).ok_or_else(|| Error::unclear(format!("{variable} is not set"), help))
}

fn text(variable: &'static str) -> Result<String, Error> {
    let help = "build with a UTF-8 environment";
    let value = required(variable)?.into_string();
    value.map_err(|_| Error::unclear(format!("{variable} is not UTF-8"), help))
}

/// What the system shows of the parent process: its directory and its `--config` arguments. Nothing where it shows nothing:
/// the files in force still count.
#[cfg(target_os = "linux")]
fn parent() -> (Option<PathBuf>, Vec<String>) {
    let process = PathBuf::from(format!("/proc/{}", std::os::unix::process::parent_id()));
    let arguments = std::fs::read(process.join("cmdline")).unwrap_or_default();
    let arguments = arguments.split(|byte| *byte == 0).map(|text| String::from_utf8_lossy(text).into_owned());
    (std::fs::read_link(process.join("cwd")).ok(), config_arguments(arguments))
}

#[cfg(not(target_os = "linux"))]
fn parent() -> (Option<PathBuf>, Vec<String>) {
    (None, vec![])
}

#[cfg(any(target_os = "linux", test))]
fn config_arguments(arguments: impl Iterator<Item = String>) -> Vec<String> {
    let mut found = Vec::new();
    // What follows `--` is for the program that `cargo run` starts.
    let mut arguments = arguments.take_while(|argument| argument != "--");
    while let Some(argument) = arguments.next() {
        if argument == "--config" {
            found.extend(arguments.next());
        } else if let Some(value) = argument.strip_prefix("--config=") {
            found.push(value.to_owned());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn config_arguments_are_those_of_cargo_itself() {
        let given = ["cargo", "build", "--config", "a=1", "--config=b=2", "--", "--config", "c=3"];
        assert_eq!(config_arguments(given.into_iter().map(str::to_owned)), ["a=1", "b=2"]);
    }

    #[test]
    fn argument_files_count_as_remapping() {
        assert!(remaps("-Copt-level=3\u{1f}--remap-path-prefix=a=b"));
        assert!(remaps("--remap-path-prefix\u{1f}a=b"));
        assert!(remaps("@flags"));
        assert!(!remaps("-Copt-level=3\u{1f}-Cdebuginfo=0"));
        assert!(!remaps(""));
    }
}
