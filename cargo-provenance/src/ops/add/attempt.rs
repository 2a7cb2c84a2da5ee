//! The attempt in the shadow workspace: cargo edits and resolves there, and what would enter is judged and proven.

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use provenance_build::{Lockfile, Manifest, Version};

use super::change::{Change, Entry};
use super::{Error, Options};
use crate::cargo::{CargoCommand, Shadow, Workspace};
use crate::collect::entrants::{self, Proven};
use crate::collect::gate::Gate;
use crate::collect::publishers::Publishers;
use crate::collect::releases;
use crate::collect::situation::{Situation, index_of};
use crate::model::{Evidence, Surroundings};
use crate::ops::vendoring::{self, Scene, Vendoring};
use crate::report::progress::Progress;
use crate::vet::entry::{Candidate, Judgment, Release, Way, judge};

/// A shadow workspace in which cargo tries what the user wants.
pub(super) struct Attempt<'a> {
    pub(super) gate: &'a Gate,
    pub(super) options: &'a Options,
    pub(super) shadow: Shadow,
    surroundings: &'a Surroundings,
    workspace: Workspace,
    cargo: CargoCommand,
    progress: &'a dyn Progress,
}

/// A package that would enter, with what its registry's index says of it.
#[derive(Debug)]
pub(super) struct Judged {
    pub(super) entry: Entry,
    pub(super) releases: Evidence<Vec<Release>>,
    pub(super) judgment: Judgment,
}

impl<'a> Attempt<'a> {
    /// Makes the shadow of the workspace behind `gate`.
    pub(super) fn begin(
        surroundings: &'a Surroundings,
        options: &'a Options,
        gate: &'a Gate,
        progress: &'a dyn Progress,
    ) -> Result<Self, Error> {
        let cargo = CargoCommand::new(surroundings).with_config(&options.config);
        let mut workspace = Workspace::load(&cargo, surroundings.manifest_path.as_deref())?;
        if workspace.root != gate.root {
            return Err(Error::OtherWorkspace { manifest: gate.root.clone(), workspace: workspace.root });
        }
        workspace.lockfile.clone_from(&gate.seen.lockfile);
        if let (Some(path), None) = (&options.path, &options.base) {
            let found = fs::canonicalize(path).ok().filter(|found| found.join("Cargo.toml").is_file());
            workspace.reach([found.ok_or_else(|| Error::NoPackage(path.clone()))?])?;
        }
        let shadow = Shadow::cast(&workspace, surroundings)?;
        let cargo = shadow.cargo(&cargo);
        Ok(Self { gate, options, shadow, surroundings, workspace, cargo, progress })
    }

    /// Runs `cargo add`, and returns what it said.
    pub(super) fn edit(&self) -> Result<Vec<String>, Error> {
        Ok(self.cargo.add(&self.arguments(), self.progress)?.lines)
    }

    /// Lets cargo resolve, and compares with what is pinned.
    pub(super) fn resolve(&self) -> Result<Change, Error> {
        self.cargo.settle_lockfile(&self.shadow.path(&self.workspace.manifest()), self.progress)?;
        let path = &self.workspace.lockfile;
        let new = Lockfile::parse(&self.shadow.read(path)?.unwrap_or_default(), path)?;
        let change = Change::between(&self.gate.seen.observation.lockfile, new, &self.gate.seen.manifest)?;
        match change.local() {
            Some(local) => Err(Error::Local(local.short())),
            None => Ok(change),
        }
    }

    /// Judges what the indices say of the entrants. Nothing of them is fetched for that.
    pub(super) fn judge(&self, change: &Change) -> Result<Vec<Judged>, Error> {
        let configuration = &self.gate.seen.configuration;
        let publishers = Publishers::of(configuration, &self.surroundings.cargo_home)?;
        let judged = change.entering.iter().map(|entry| {
            let package = &change.lockfile.packages[entry.index];
            let releases = match &package.id.source {
                Some(source) if !source.is_git() => releases(&publishers.entries(source, package)?),
                _ => Evidence::Absent,
            };
            let way = if entry.direct { Way::Named } else { Way::Pulled };
            let candidate = Candidate { id: &entry.id, releases: &releases, way };
            let index_of = |name: &str| index_of(configuration, name);
            let judgment = judge(candidate, &self.gate.policy, index_of, self.surroundings.clock);
            Ok(Judged { entry: entry.clone(), releases, judgment })
        });
        judged.collect()
    }

    /// Locks the version that the user named where cargo took a newer one that is refused: `serde@1.0.200` means
    /// `^1.0.200` to cargo, so that naming an older version would never get past a newest one that is too new. Tells
    /// whether there is something to judge again.
    pub(super) fn hold_back(&self, judged: &[Judged]) -> bool {
        let manifest = self.shadow.path(&self.workspace.manifest());
        let mut held = false;
        for Judged { entry, judgment, .. } in judged {
            let named = self.options.named_version(entry.id.name.as_str());
            let Some(version) = named.filter(|named| *named != entry.id.version) else { continue };
            if entry.direct && judgment.refuses() {
                let spec = format!("{}@{}", entry.id.name, entry.id.version);
                // If something else needs the newer one, the refusal stands.
                held |= self.cargo.hold(&manifest, &spec, version.as_str(), self.progress).is_ok();
            }
        }
        held
    }

    /// Fetches and proves the entrants: index = lock = `.crate`.
    pub(super) fn prove(&self, change: &Change) -> Result<Vec<Proven>, Error> {
        let lockfile_path = self.shadow.path(&self.workspace.lockfile);
        let situation = Situation {
            workspace: Workspace {
                root: self.shadow.path(&self.workspace.root),
                lockfile: lockfile_path.clone(),
                members: vec![],
                path_packages: vec![],
            },
            configuration: self.gate.seen.configuration.clone(),
            lockfile_path,
            lockfile: change.lockfile.clone(),
            lockfile_text: String::new(),
            manifest: self.shadow.path(&self.workspace.manifest()),
            cargo: self.cargo.clone(),
            cargo_home: self.surroundings.cargo_home.clone(),
        };
        let wanted: Vec<usize> = change.entering.iter().map(|entry| entry.index).collect();
        Ok(entrants::prove(&situation, self.surroundings.network, &wanted, self.progress)?)
    }

    /// Finds out what becomes of the vendored packages. `pins` is the new manifest.
    pub(super) fn vendor(&self, change: &Change, pins: &Manifest) -> Result<Vendoring, Error> {
        let scene = Scene {
            gate: self.gate,
            shadow: &self.shadow,
            cargo: &self.cargo,
            manifest: &self.shadow.path(&self.workspace.manifest()),
            cargo_home: &self.surroundings.cargo_home,
            progress: self.progress,
        };
        Ok(vendoring::plan(scene, &change.lockfile, pins)?)
    }

    /// The user's words for `cargo add`, with the places that they name moved into the shadow.
    fn arguments(&self) -> Vec<OsString> {
        let Options { dependencies, flags, package, path, base, git, registry, .. } = self.options;
        let mut arguments: Vec<OsString> = dependencies.iter().map(OsString::from).collect();
        arguments.extend(flags.iter().cloned());
        let mut push = |flag: &str, value: OsString| arguments.extend([flag.into(), value]);
        for (flag, value) in
            [("--package", package), ("--base", base), ("--git", git), ("--registry", registry)]
        {
            if let Some(value) = value {
                push(flag, value.into());
            }
        }
        let shadowed =
            |path: &Path| self.shadow.path(&fs::canonicalize(path).unwrap_or_else(|_| path.into()));
        if let Some(path) = path {
            let path = if base.is_some() { path.clone() } else { shadowed(path) };
            push("--path", path.into_os_string());
        }
        if let Some(manifest) = &self.surroundings.manifest_path {
            push("--manifest-path", self.shadow.path(manifest).into_os_string());
        }
        arguments.extend(self.options.locked.then(|| "--locked".into()));
        arguments
    }
}

impl Options {
    /// The full version that the user named for a dependency: `1.0.200` of `serde@1.0.200`.
    fn named_version(&self, name: &str) -> Option<Version> {
        let mut specs = self.dependencies.iter().filter_map(|spec| spec.split_once('@'));
        specs.find(|(named, _)| *named == name).and_then(|(_, version)| Version::parse(version))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_full_version_is_a_named_version() {
        let dependencies = ["a@1.2.3", "b@1", "c@=1.0.0", "d"].map(str::to_owned).to_vec();
        let options = Options { dependencies, ..Options::default() };
        let named = |name: &str| options.named_version(name).map(|version| version.to_string());
        assert_eq!(named("a").as_deref(), Some("1.2.3"));
        for name in ["b", "c", "d", "e"] {
            assert_eq!(named(name), None, "{name}");
        }
    }
}
