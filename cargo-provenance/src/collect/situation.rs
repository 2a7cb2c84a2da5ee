//! A workspace as the writing commands find it: members, cargo configuration and lockfile. No manifest is needed.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use provenance_build::config::Configuration;
use provenance_build::lockfile::LockedPackage;
use provenance_build::{Lockfile, Source, toml};

use super::gate;
use crate::cargo::{self, CargoCommand, Workspace};
use crate::finding::{Place, Role};
use crate::model::{Clock, Surroundings};
use crate::report::failure::{Explain, Kind};

/// A workspace with a lockfile.
#[derive(Clone, Debug)]
pub struct Situation {
    /// Members and path packages.
    pub workspace: Workspace,
    /// The cargo configuration in force at its root.
    pub configuration: Configuration,
    /// The lockfile in force.
    pub lockfile_path: PathBuf,
    /// What it holds.
    pub lockfile: Lockfile,
    /// Its text, for pointing into it.
    pub lockfile_text: String,
    /// The cargo to ask, standing at the root.
    pub cargo: CargoCommand,
    /// The workspace's manifest as that cargo finds it.
    pub manifest: PathBuf,
    /// The cargo home, absolute.
    pub cargo_home: PathBuf,
    /// The time of this run.
    pub clock: Clock,
}

/// Why a workspace could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Cargo did not answer.
    #[error(transparent)]
    Cargo(#[from] cargo::Error),
    /// A file is not acceptable.
    #[error(transparent)]
    Kernel(#[from] provenance_build::Error),
    /// There is no lockfile.
    #[error("there is no `{}`", .0.display())]
    NoLockfile(PathBuf),
    /// Cargo's members and the lockfile disagree.
    #[error("`{}` is not up to date: {what}", lockfile.display())]
    Stale {
        /// The lockfile.
        lockfile: PathBuf,
        /// What it lacks or has too much.
        what: String,
    },
}

impl Explain for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::Cargo(error) => Explain::kind(error),
            Self::Kernel(error) => Explain::kind(error),
            Self::NoLockfile(_) | Self::Stale { .. } => Kind::Usage,
        }
    }

    fn help(&self) -> Vec<String> {
        match self {
            Self::Cargo(error) => Explain::help(error),
            Self::Kernel(error) => Explain::help(error),
            Self::NoLockfile(_) => vec!["run `cargo generate-lockfile`".to_owned()],
            Self::Stale { .. } => vec!["run `cargo fetch`, then `cargo provenance pin`".to_owned()],
        }
    }

    fn place(&self) -> Option<(PathBuf, u32)> {
        match self {
            Self::Kernel(error) => Explain::place(error),
            _ => None,
        }
    }
}

impl Situation {
    /// Reads configuration and lockfile of the workspace that `workspace` describes.
    pub fn read(surroundings: &Surroundings, workspace: Workspace) -> Result<Self, Error> {
        let configuration = configuration(surroundings, &workspace)?;
        let lockfile = configuration.lockfile(&workspace.root)?;
        let text = match toml::read(&lockfile) {
            Ok(text) => text,
            Err(provenance_build::Error::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                return Err(Error::NoLockfile(lockfile));
            }
            Err(error) => return Err(error.into()),
        };
        let cargo = CargoCommand::new(surroundings).within(&workspace.root);
        let manifest = workspace.manifest();
        Self::planned(surroundings, workspace, text, cargo, manifest)
    }

    /// The workspace as it will be: with another lockfile's text, and a cargo that finds its manifest elsewhere.
    pub fn planned(
        surroundings: &Surroundings,
        workspace: Workspace,
        lockfile_text: String,
        cargo: CargoCommand,
        manifest: PathBuf,
    ) -> Result<Self, Error> {
        let configuration = configuration(surroundings, &workspace)?;
        let lockfile_path = configuration.lockfile(&workspace.root)?;
        let lockfile = Lockfile::parse(lockfile_text.as_bytes(), &lockfile_path)?;
        let cargo_home = surroundings.cargo_home.clone();
        Ok(Self {
            workspace,
            configuration,
            lockfile_path,
            lockfile,
            lockfile_text,
            cargo,
            manifest,
            cargo_home,
            clock: surroundings.clock,
        })
    }

    /// The member that a package of the lockfile is.
    pub fn member(&self, package: &LockedPackage) -> Option<&cargo::Member> {
        let id = &package.id;
        let is_it = |member: &&cargo::Member| member.name == id.name && member.version == id.version;
        id.source.is_none().then(|| self.workspace.members.iter().find(is_it)).flatten()
    }

    /// The directory of a package that has no source and is no member. Cargo's lockfile does not say where it lies.
    pub fn directory(&self, package: &LockedPackage) -> Option<&Path> {
        let named = |candidate: &&cargo::PathPackage| candidate.name == package.id.name;
        let candidates = self.workspace.path_packages.iter().filter(named).collect::<Vec<_>>();
        match candidates[..] {
            [only] => Some(&only.directory),
            _ => {
                let mut same = candidates
                    .iter()
                    .filter(|candidate| declares(&candidate.manifest, package.id.version.as_str()));
                let first = same.next();
                first.filter(|_| same.next().is_none()).map(|candidate| candidate.directory.as_path())
            }
        }
    }

    /// The same directory relative to the workspace root, as the manifest writes it.
    pub fn place(&self, package: &LockedPackage) -> Option<String> {
        self.relative(self.directory(package)?)
    }

    /// Checks that cargo's members and the lockfile name each other.
    pub fn check_members(&self) -> Result<(), Error> {
        let stale = |what: String| Error::Stale { lockfile: self.lockfile_path.clone(), what };
        let locked = self.lockfile.packages.iter().filter(|package| package.id.source.is_none());
        let locked = locked.map(|package| (&package.id.name, &package.id.version)).collect::<BTreeSet<_>>();
        for member in &self.workspace.members {
            if !locked.contains(&(&member.name, &member.version)) {
                return Err(stale(format!("it does not name member `{} v{}`", member.name, member.version)));
            }
        }
        for package in self.lockfile.packages.iter().filter(|package| package.id.source.is_none()) {
            if self.member(package).is_none() && self.directory(package).is_none() {
                let name = package.id.short();
                return Err(stale(format!("it names `{name}`, and no member and no path leads to it")));
            }
        }
        Ok(())
    }

    /// Places the entry of a package in the lockfile.
    pub fn locked_at(&self, package: &LockedPackage, label: &str) -> Place {
        let lines = self.lockfile_text.lines().skip((package.line as usize).saturating_sub(1));
        let excerpt = lines.take(3).take_while(|line| !line.is_empty()).collect::<Vec<_>>().join("\n");
        let file = self.lockfile_path.strip_prefix(&self.workspace.root).unwrap_or(&self.lockfile_path);
        let (file, label) = (file.to_owned(), label.to_owned());
        Place { file, line: package.line, excerpt, label, role: Role::Primary }
    }

    /// The index URL of a registry's name in the cargo configuration inside the repository.
    pub fn index_of(&self, name: &str) -> Option<String> {
        index_of(&self.configuration, name)
    }

    /// A directory relative to the workspace root, as the manifest writes it; `None` where there is no such way or it is
    /// no UTF-8.
    pub fn relative(&self, directory: &Path) -> Option<String> {
        relative(&self.workspace.root, directory)
    }
}

/// The surroundings with links resolved, so that the paths of cargo, of the kernel and of the user are the same.
pub fn resolved(surroundings: &Surroundings) -> Result<Surroundings, provenance_build::Error> {
    let canonical =
        |path: &Path| path.canonicalize().map_err(|source| provenance_build::Error::io("find", path, source));
    let mut resolved = surroundings.clone();
    resolved.directory = canonical(&surroundings.directory)?;
    if let Some(path) = &surroundings.manifest_path {
        resolved.manifest_path = Some(canonical(path)?);
    }
    Ok(resolved)
}

/// The way from one directory to another, `/`-separated, `.` for the same; `None` where there is no such way or it is no
/// UTF-8. Both are absolute and normal.
pub fn relative(from: &Path, to: &Path) -> Option<String> {
    let from = from.components().collect::<Vec<_>>();
    let to = to.components().collect::<Vec<_>>();
    let shared = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    if shared == 0 {
        return None;
    }
    let up = from[shared..].iter().map(|_| Some(".."));
    let down = to[shared..].iter().map(|part| part.as_os_str().to_str());
    let parts = up.chain(down).collect::<Option<Vec<_>>>()?;
    Some(if parts.is_empty() { ".".to_owned() } else { parts.join("/") })
}

/// The cargo configuration in force at a workspace's root.
pub fn configuration(
    surroundings: &Surroundings,
    workspace: &Workspace,
) -> Result<Configuration, provenance_build::Error> {
    let mut kernel = gate::kernel_surroundings(surroundings, &workspace.root);
    kernel.members = workspace.members.iter().map(|member| member.directory.clone()).collect();
    Configuration::read(&kernel)
}

/// The index URL of a registry's name in the cargo configuration inside the repository. What a machine's own
/// configuration says does not count.
pub fn index_of(configuration: &Configuration, name: &str) -> Option<String> {
    index_among(configuration.recorded.values().map(|setting| (&setting.key, &setting.value)), name)
}

/// The name of a registry in the cargo configuration in force, by its source.
pub fn registry_name(configuration: &Configuration, source: &Source) -> Option<String> {
    let settings = configuration.recorded.values().chain(&configuration.outside);
    let mut names = settings.filter_map(|setting| {
        let key = setting.key.rsplit_once('#').map_or(setting.key.as_str(), |(_, key)| key);
        let name = key.strip_prefix("registries.")?.strip_suffix(".index")?;
        let index = setting.value.parse::<toml_edit::Value>().ok()?;
        let id = source.as_str();
        (index.as_str() == Some(id) || index.as_str() == id.strip_prefix("registry+"))
            .then(|| name.to_owned())
    });
    names.next()
}

/// The same from settings as the manifest records them.
pub fn index_among<'s>(
    mut settings: impl Iterator<Item = (&'s String, &'s String)>,
    name: &str,
) -> Option<String> {
    let wanted = format!("registries.{name}.index");
    settings.find_map(|(key, value)| {
        let key = key.rsplit_once('#').map_or(key.as_str(), |(_, key)| key);
        let value = value.parse::<toml_edit::Value>().ok()?;
        (key == wanted).then(|| value.as_str().map(str::to_owned))?
    })
}

/// Whether a manifest says that its package has this version.
fn declares(manifest: &Path, version: &str) -> bool {
    let text = toml::read(manifest).unwrap_or_default();
    let document = text.parse::<toml_edit::DocumentMut>().unwrap_or_default();
    let declared = document.get("package").and_then(|package| package.get("version"));
    declared.and_then(|declared| declared.as_str()) == Some(version)
}

#[cfg(test)]
mod tests {
    use provenance_build::config::Setting;

    use super::*;

    #[test]
    fn paths_lead_from_one_directory_to_another() {
        for (from, to, expected) in [
            ("/w", "/w/guard", "guard"),
            ("/w/crates/a", "/w/guard", "../../guard"),
            ("/w/crates/a", "/helper", "../../../helper"),
            ("/w", "/w", "."),
        ] {
            assert_eq!(relative(Path::new(from), Path::new(to)).as_deref(), Some(expected), "{from} to {to}");
        }
    }

    #[test]
    fn a_registry_is_what_the_repository_says() {
        let setting = |key: &str, value: &str| {
            let setting = Setting { key: key.into(), value: value.into(), file: "c".into(), line: 1 };
            (key.to_owned(), setting)
        };
        let configuration = Configuration {
            recorded: [
                setting("registries.corp.index", "\"sparse+https://h/i/\""),
                setting("crates/a/.cargo/config.toml#registries.deep.index", "\"https://h/deep\""),
            ]
            .into(),
            outside: vec![setting("registries.mine.index", "\"https://h/mine\"").1],
            ..Configuration::default()
        };
        assert_eq!(index_of(&configuration, "corp").as_deref(), Some("sparse+https://h/i/"));
        assert_eq!(index_of(&configuration, "deep").as_deref(), Some("https://h/deep"));
        assert_eq!(index_of(&configuration, "mine"), None);
    }
}
