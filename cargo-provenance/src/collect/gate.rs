//! A workspace that is behind the gate, read from disk: root, policy, manifest, lockfile and what lies of the sources.

use std::fs;
use std::path::{Path, PathBuf};

use provenance_build::config;
use provenance_build::manifest;
use provenance_build::observe::{self, Seen};
use provenance_build::{Moment, Verdict, toml};

use crate::finding::drift::Excerpts;
use crate::finding::{Place, Role};
use crate::model::Surroundings;
use crate::policy::{self, Policy, PolicyError};
use crate::report::failure::{Explain, Kind};
use crate::vet;

/// A workspace with a manifest.
#[derive(Debug)]
pub struct Gate {
    /// The directory that holds `Provenance.lock`.
    pub root: PathBuf,
    /// What the team trusts.
    pub policy: Policy,
    /// Manifest, lockfile, configuration and observed sources.
    pub seen: Seen,
    texts: Texts,
}

/// The lines of the two files that findings point into.
#[derive(Clone, Debug, Default)]
struct Texts {
    lock: Vec<String>,
    manifest: Vec<String>,
}

/// Why a workspace could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No directory from here upward holds a manifest.
    #[error("no `{}` in `{}` or any folder above it", manifest::FILE_NAME, from.display())]
    NoManifest {
        /// Where the search began.
        from: PathBuf,
    },
    /// There is a manifest and no policy.
    #[error("there is no `{}`", file.display())]
    NoPolicy {
        /// Where it should be.
        file: PathBuf,
    },
    /// Something could not be read or was not acceptable.
    #[error(transparent)]
    Kernel(#[from] provenance_build::Error),
    /// The policy was not acceptable.
    #[error(transparent)]
    Policy(#[from] PolicyError),
}

impl Explain for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::NoManifest { .. } | Self::NoPolicy { .. } => Kind::Usage,
            Self::Kernel(fault) => fault.kind(),
            Self::Policy(fault) => fault.kind(),
        }
    }

    fn help(&self) -> Vec<String> {
        match self {
            Self::NoManifest { .. } => vec!["run `cargo provenance init` at the workspace root".to_owned()],
            Self::NoPolicy { .. } => {
                vec!["restore it from version control: the manifest was written under it".to_owned()]
            }
            Self::Kernel(fault) => Explain::help(fault),
            Self::Policy(fault) => fault.help(),
        }
    }

    fn place(&self) -> Option<(PathBuf, u32)> {
        match self {
            Self::NoManifest { .. } | Self::NoPolicy { .. } => None,
            Self::Kernel(fault) => Explain::place(fault),
            Self::Policy(fault) => fault.place(),
        }
    }
}

impl Gate {
    /// Reads the workspace that `surroundings` stand in.
    pub fn open(surroundings: &Surroundings) -> Result<Self, Error> {
        let root = root(surroundings)?;
        let policy = read_policy(&root)?;
        let mut seen = observe::observe(kernel_surroundings(surroundings, &root))?;
        seen.observation.policy = Some(policy.digest());
        seen.observation.now = Moment(surroundings.clock.0);
        let texts = Texts { lock: lines(&seen.lockfile)?, manifest: lines(&root.join(manifest::FILE_NAME))? };
        Ok(Self { root, policy, seen, texts })
    }
}

impl Gate {
    /// Compares the manifest with what was seen.
    pub fn verdict(&self) -> Verdict {
        provenance_build::verify(&self.seen.manifest, &self.seen.observation)
    }
}

/// The nearest folder, from the place of the command upward, that holds a manifest.
pub fn root(surroundings: &Surroundings) -> Result<PathBuf, Error> {
    let from = start(surroundings)?;
    holder(&from, manifest::FILE_NAME).ok_or(Error::NoManifest { from })
}

/// The nearest folder, from the place of the command upward, that holds a policy; for commands that need no manifest.
fn policy_root(surroundings: &Surroundings) -> Result<Option<PathBuf>, Error> {
    Ok(holder(&start(surroundings)?, policy::FILE_NAME))
}

/// The nearest policy from the place of the command upward, and its folder. Without one the defaults count, so that much can
/// be asked before there is a workspace.
pub fn policy_in_force(surroundings: &Surroundings) -> Result<(PathBuf, Policy), Error> {
    match policy_root(surroundings)? {
        Some(root) => {
            let policy = read_policy(&root)?;
            Ok((root, policy))
        }
        None => Ok((start(surroundings)?, default_policy()?)),
    }
}

/// The policy in a file, and its folder.
pub fn policy_of(file: &Path) -> Result<(PathBuf, Policy), Error> {
    let root = file.parent().unwrap_or(file);
    let fetch = |path: &Path| base(&root.join(path));
    let policy = Policy::read(toml::read(file)?.as_bytes(), file, vet::catalogue(), &fetch)?;
    Ok((root.to_owned(), policy))
}

/// What counts where somebody else may have written what lies in the folder or above it: the policy of the workspace that
/// the command line names, else the defaults. And the file that was left alone.
pub fn policy_if_named(surroundings: &Surroundings) -> Result<(PathBuf, Policy, Option<PathBuf>), Error> {
    if surroundings.manifest_path.is_some() {
        return policy_in_force(surroundings).map(|(root, policy)| (root, policy, None));
    }
    let ignored = policy_root(surroundings)?.map(|root| root.join(policy::FILE_NAME));
    Ok((start(surroundings)?, default_policy()?, ignored))
}

fn default_policy() -> Result<Policy, Error> {
    Ok(Policy::parse(b"version = 1\n", Path::new(policy::FILE_NAME), vet::catalogue())?)
}

fn start(surroundings: &Surroundings) -> Result<PathBuf, Error> {
    let given = surroundings.manifest_path.as_deref().and_then(Path::parent);
    let from = given.unwrap_or(&surroundings.directory);
    Ok(fs::canonicalize(from).map_err(|source| provenance_build::Error::io("find", from, source))?)
}

fn holder(from: &Path, file: &str) -> Option<PathBuf> {
    from.ancestors().find(|folder| folder.join(file).exists()).map(Path::to_owned)
}

/// Reads `Provenance.toml` at `root`.
pub fn read_policy(root: &Path) -> Result<Policy, Error> {
    let file = root.join(policy::FILE_NAME);
    if !file.exists() {
        return Err(Error::NoPolicy { file });
    }
    Ok(parse_policy(&toml::read(&file)?, root)?)
}

/// Reads the text of the policy at `root`, and the file that it extends.
pub fn parse_policy(text: &str, root: &Path) -> Result<Policy, PolicyError> {
    let fetch = |path: &Path| base(&root.join(path));
    Policy::read(text.as_bytes(), &root.join(policy::FILE_NAME), vet::catalogue(), &fetch)
}

/// The bytes of a file that a policy extends, or why they cannot be read.
pub fn base(file: &Path) -> Result<Vec<u8>, String> {
    let read = toml::read(file).map(String::into_bytes);
    read.map_err(|error| match error {
        provenance_build::Error::Io { source, .. } => source.to_string(),
        other => other.to_string(),
    })
}

/// What the kernel is to look at, for a command of the tool.
pub fn kernel_surroundings(surroundings: &Surroundings, root: &Path) -> config::Surroundings {
    config::Surroundings {
        root: root.to_owned(),
        starts: vec![surroundings.directory.clone()],
        members: vec![],
        cargo_home: surroundings.cargo_home.clone(),
        arguments: vec![],
        lockfile: surroundings.lockfile.clone(),
    }
}

impl Excerpts for Gate {
    fn locked(&self, line: u32, label: String, role: Role) -> Place {
        Place { file: "Cargo.lock".into(), line, excerpt: entry(&self.texts.lock, line), label, role }
    }

    fn pinned(&self, line: u32, label: String, role: Role) -> Place {
        Place {
            file: manifest::FILE_NAME.into(),
            line,
            excerpt: entry(&self.texts.manifest, line),
            label,
            role,
        }
    }

    fn other(&self, file: &Path, line: u32, label: String, role: Role) -> Option<Place> {
        let text = toml::read(file).ok()?;
        let excerpt = text.lines().nth((line as usize).checked_sub(1)?)?.to_owned();
        let file = file.strip_prefix(&self.root).unwrap_or(file).to_owned();
        Some(Place { file, line, excerpt, label, role })
    }
}

fn lines(file: &Path) -> Result<Vec<String>, Error> {
    Ok(toml::read(file)?.lines().map(str::to_owned).collect())
}

/// The lines from `line` (counted from 1) that name the package: the header, its name and its version.
fn entry(lines: &[String], line: u32) -> String {
    let start = (line as usize).saturating_sub(1);
    let named = lines.iter().skip(start).take(3).take_while(|line| !line.is_empty());
    named.map(String::as_str).collect::<Vec<_>>().join("\n")
}
