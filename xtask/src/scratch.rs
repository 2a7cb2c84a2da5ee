//! A workspace apart: its own cargo home and a clean environment, so that nothing of the developer's is touched.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::repository::{self, Failure};

/// A cargo home of its own and the tool on the path.
#[derive(Debug)]
pub(crate) struct Scratch {
    /// The cargo home.
    pub(crate) cargo_home: PathBuf,
    path: OsString,
}

impl Scratch {
    /// Makes the cargo home below `folder`. How the registry is reached (mirror, proxy) is the developer's own
    /// configuration, which is copied.
    pub(crate) fn new(folder: &Path, tool: &Path) -> Result<Self, Failure> {
        let cargo_home = folder.join("cargo-home");
        std::fs::create_dir_all(&cargo_home).map_err(|error| Failure::file("create", &cargo_home, &error))?;
        let own = std::env::var_os("CARGO_HOME")
            .map(PathBuf::from)
            .or_else(|| std::env::home_dir().map(|home| home.join(".cargo")));
        if let Some(configuration) = own.map(|own| own.join("config.toml")).filter(|file| file.is_file()) {
            std::fs::copy(&configuration, cargo_home.join("config.toml"))
                .map_err(|error| Failure::file("copy", &configuration, &error))?;
        }
        // The tool stands first, then the cargo that runs this command.
        let folders = tool.parent().map(Path::to_path_buf).into_iter();
        let old = std::env::var_os("PATH").unwrap_or_default();
        let path = std::env::join_paths(folders.chain(std::env::split_paths(&old)))
            .map_err(|error| Failure::new(format!("`PATH` cannot be extended: {error}")))?;
        Ok(Self { cargo_home, path })
    }

    /// A program in `directory` that sees this cargo home and nothing of the cargo that runs this command.
    pub(crate) fn command(&self, program: impl Into<OsString>, directory: &Path) -> Command {
        let mut command = Command::new(program.into());
        command.current_dir(directory);
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("CARGO")
                || text.starts_with("RUSTC")
                || text.starts_with("RUSTFLAGS")
                || text == "OUT_DIR"
            {
                command.env_remove(&name);
            }
        }
        command.env("CARGO_HOME", &self.cargo_home).env("PATH", &self.path);
        command
    }

    /// Cargo, the one that runs this command.
    pub(crate) fn cargo(&self, directory: &Path) -> Command {
        self.command(repository::cargo().get_program(), directory)
    }

    /// The directory that holds the unpacked source of a package.
    pub(crate) fn source_of(&self, package: &str) -> Result<PathBuf, Failure> {
        self.sources()?
            .into_iter()
            .map(|registry| registry.join(package))
            .find(|directory| directory.is_dir())
            .ok_or_else(|| Failure::new(format!("`{package}` was not unpacked")))
    }

    /// The directories of `registry/src`, one per registry.
    pub(crate) fn sources(&self) -> Result<Vec<PathBuf>, Failure> {
        let all = self.cargo_home.join("registry/src");
        std::fs::read_dir(&all)
            .and_then(|entries| entries.map(|entry| entry.map(|entry| entry.path())).collect())
            .map_err(|error| Failure::file("list", &all, &error))
    }
}
