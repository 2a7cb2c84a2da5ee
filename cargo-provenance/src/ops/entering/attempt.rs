//! The attempt in the shadow workspace: cargo edits and resolves there, and what would enter is looked up and proven.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;

use provenance_build::manifest::Member;
use provenance_build::{Lockfile, Manifest, PackageId, Version};

use super::super::pinning;
use super::super::vendoring::{self, Scene, Vendoring};
use super::super::vetting::Vetting;
use super::change::Change;
use super::holding::{self, Limits};
use super::{Edit, Error, Naming};
use crate::cargo::{self, CargoCommand, Shadow, Workspace};
use crate::collect::entrants::{Entrants, Homes};
use crate::collect::gate::Gate;
use crate::collect::indices::{self, When};
use crate::collect::publishers::Publishers;
use crate::collect::records::{Circumstances, Record};
use crate::collect::situation::Situation;
use crate::model::{Network, Surroundings};
use crate::report::failure::{Explain, Kind};
use crate::report::progress::Progress;
use crate::vet::Way;

/// The one command that resolves by itself.
const UPDATE: &str = "update";

/// A shadow workspace in which cargo tries what the user wants.
pub(super) struct Attempt<'a> {
    pub(super) gate: &'a Gate,
    pub(super) edit: &'a dyn Edit,
    pub(super) shadow: Shadow,
    pub(super) surroundings: &'a Surroundings,
    workspace: Workspace,
    cargo: CargoCommand,
    progress: &'a dyn Progress,
    /// What a person should know of the registries' answers.
    notes: RefCell<Vec<String>>,
    /// What was fetched for versions that were tried.
    homes: RefCell<Homes>,
}

/// What cargo resolved.
pub(super) struct Resolved {
    pub(super) change: Change,
    /// Path packages that would enter and are the team's own.
    pub(super) own: Vec<Member>,
}

impl<'a> Attempt<'a> {
    /// Makes the shadow of the workspace behind `gate`.
    pub(super) fn begin(
        surroundings: &'a Surroundings,
        edit: &'a dyn Edit,
        gate: &'a Gate,
        progress: &'a dyn Progress,
    ) -> Result<Self, Error> {
        let cargo = CargoCommand::new(surroundings).with_config(&edit.common().config);
        let mut workspace = Workspace::load(&cargo, surroundings.manifest_path.as_deref())?;
        if workspace.root != gate.root {
            return Err(Error::OtherWorkspace { manifest: gate.root.clone(), workspace: workspace.root });
        }
        workspace.lockfile.clone_from(&gate.seen.lockfile);
        if let Some(path) = edit.local() {
            let found = fs::canonicalize(path).ok().filter(|found| found.join("Cargo.toml").is_file());
            workspace.reach([found.ok_or_else(|| Error::NoPackage(path.to_owned()))?])?;
        }
        let shadow = Shadow::cast(&workspace, surroundings)?;
        let cargo = shadow.cargo(&cargo);
        Ok(Self {
            gate,
            edit,
            shadow,
            surroundings,
            workspace,
            cargo,
            progress,
            notes: RefCell::default(),
            homes: RefCell::default(),
        })
    }

    /// Lets cargo edit and bring the lockfile in line, and returns what it said. `held` are versions to take of
    /// dependencies that were named without one.
    pub(super) fn edit(&self, held: &BTreeMap<String, Version>) -> Result<Vec<String>, Error> {
        let said = self.run(held)?;
        if self.edit.command() != UPDATE {
            self.cargo.settle_lockfile(&self.manifest(), self.progress)?;
        }
        Ok(said)
    }

    /// Lets cargo resolve within limits, after it has edited once more if that is to be done `anew`. Returns what it said of
    /// that. Where no versions fit, the shadow stays as it is.
    pub(super) fn limit(&self, limits: &Limits, anew: bool) -> Result<Option<Vec<String>>, Error> {
        let before = self.shadow.snapshot()?;
        match self.limited(limits, anew) {
            Ok(said) => Ok(Some(said)),
            // Offline, cargo cannot tell what it does not know from what there is not.
            Err(Error::Cargo(error @ cargo::Error::Failed { .. }))
                if self.surroundings.network == Network::Forbidden || error.kind() != Kind::Undecided =>
            {
                self.shadow.restore(&before)?;
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    fn limited(&self, limits: &Limits, anew: bool) -> Result<Vec<String>, Error> {
        let mut said = vec![];
        if anew {
            self.shadow.reset()?;
            said = self.run(&limits.named)?;
        }
        // From where the user's own cargo would start, so that the newest versions are taken of all that is not limited.
        self.shadow.reset_lockfile()?;
        let bounds = limits.bounds.values().cloned().collect::<Vec<_>>();
        let resolve = || -> Result<(), Error> {
            if self.edit.command() == UPDATE {
                self.run(&limits.named)?;
            } else {
                self.cargo.settle_lockfile(&self.manifest(), self.progress)?;
            }
            for (line, id) in &limits.yanked {
                let locked = self.lockfile()?.packages;
                let mut others =
                    locked.iter().filter(|it| it.id != *id && holding::line(&it.id) == Some(line.clone()));
                if let Some(other) = others.next() {
                    let spec = format!("{}@{}", other.id.name, other.id.version);
                    self.cargo.hold(&self.manifest(), &spec, id.version.as_str(), self.progress)?;
                }
            }
            Ok(())
        };
        let members = &self.workspace.members;
        match members.first().filter(|_| !bounds.is_empty()) {
            Some(member) => {
                self.shadow.within(&bounds, &member.manifest, resolve)?;
                // Everything is locked, so that there is nothing to choose: what nothing but the bounds asked for goes.
                let offline = self.cargo.offline().settle_lockfile(&self.manifest(), self.progress);
                offline.or_else(|_| self.cargo.settle_lockfile(&self.manifest(), self.progress))?;
            }
            None => resolve()?,
        }
        Ok(said)
    }

    fn run(&self, held: &BTreeMap<String, Version>) -> Result<Vec<String>, Error> {
        let mut arguments = self.edit.arguments(held, &|path| self.shadow.path(path));
        if let Some(manifest) = &self.surroundings.manifest_path {
            arguments.extend(["--manifest-path".into(), self.shadow.path(manifest).into_os_string()]);
        }
        arguments.extend(self.edit.common().locked.then(|| "--locked".into()));
        Ok(self.cargo.edit(self.edit.command(), &arguments, self.progress)?.lines)
    }

    /// Compares what is locked in the shadow now with what is pinned.
    pub(super) fn resolved(&self) -> Result<Resolved, Error> {
        let old = &self.gate.seen.observation.lockfile;
        let manifest = &self.gate.seen.manifest;
        let mut change = Change::between(old, self.lockfile()?, manifest)?;
        let mut own = vec![];
        for entry in change.entering.clone().into_iter().filter(|entry| entry.id.source.is_none()) {
            let path = self.situation(&change)?.place(&change.lockfile.packages[entry.index]);
            let path = path.ok_or_else(|| Error::Local(entry.id.short()))?;
            let reason = pinning::own_reason(&entry.id.name, &path, &self.gate.policy, Some(manifest), &[]);
            if let Some(reason) = reason {
                own.push(Member { name: entry.id.name, path, own: Some(reason) });
                change.leave_out(entry.index);
            }
        }
        Ok(Resolved { change, own })
    }

    /// What a person should know of the registries' answers, a line each.
    pub(super) fn notes(&self) -> Vec<String> {
        self.notes.take()
    }

    /// Lets cargo ask about entrants whose registries were not asked for a day: it resolves with what it has.
    fn freshen(&self, change: &Change) -> Result<(), Error> {
        // Whoever could not be reached is not tried again for every version that is tried.
        if !self.notes.borrow().is_empty() {
            return Ok(());
        }
        let packages = change.entering.iter().map(|entry| &change.lockfile.packages[entry.index]);
        let (situation, packages) = (self.situation(change)?, packages.collect::<Vec<_>>());
        let network = self.surroundings.network;
        let notes = indices::freshen(&situation, &packages, When::Daily, network, self.progress)?;
        self.notes.replace(notes);
        Ok(())
    }

    /// Looks up what is known of the entrants. Nothing of them is fetched for that.
    pub(super) fn look_up(&self, change: &Change, vetting: &Vetting<'_>) -> Result<Vec<Record>, Error> {
        self.freshen(change)?;
        let publishers = Publishers::of(&self.gate.seen.configuration, &self.surroundings.cargo_home)?;
        let manifest = &self.gate.seen.manifest;
        let packages = change.entering.iter().map(|entry| {
            let named = entry.direct && self.edit.naming(entry.id.name.as_str()) != Naming::Not;
            let id = &entry.id;
            let mut twins =
                manifest.packages.iter().filter(|pin| pin.name == id.name && pin.version == id.version);
            let stays = |id: &PackageId| change.lockfile.packages.iter().any(|package| package.id == *id);
            let circumstances = Circumstances {
                direct: entry.direct,
                replaces: entry.replaces.clone(),
                pinned_from: twins.find(|twin| !stays(&twin.id())).and_then(|twin| twin.source().cloned()),
                way: if named { Way::Named } else { Way::Pulled },
                judged_by: None,
            };
            (&change.lockfile.packages[entry.index], circumstances)
        });
        Ok(vetting.records(&packages.collect::<Vec<_>>(), &publishers)?)
    }

    /// Fetches and proves the entrants: index = lock = `.crate`.
    pub(super) fn prove(
        &self,
        change: &Change,
        records: &[Record],
        vetting: &Vetting<'_>,
    ) -> Result<Entrants, Error> {
        let wanted: Vec<usize> = change.entering.iter().map(|entry| entry.index).collect();
        let network = self.surroundings.network;
        let homes = self.homes.take();
        Ok(vetting.prove(&self.situation(change)?, network, &wanted, records, homes, self.progress)?)
    }

    /// Finds out what becomes of the vendored packages under the new manifest.
    pub(super) fn vendor(
        &self,
        change: &Change,
        entrants: Option<&Entrants>,
        manifest: &Manifest,
    ) -> Result<Vendoring, Error> {
        let situation = &self.situation(change)?;
        let scene = Scene { gate: self.gate, situation, entrants, manifest };
        Ok(vendoring::plan(scene, self.progress)?)
    }

    /// Keeps what was fetched, for the versions that are tried next.
    pub(super) fn keep(&self, entrants: Entrants) {
        self.homes.replace(entrants.into_homes());
    }

    /// Whether a package is still locked in the shadow.
    pub(super) fn is_locked(&self, id: &PackageId) -> Result<bool, Error> {
        Ok(self.lockfile()?.packages.iter().any(|package| package.id == *id))
    }

    fn manifest(&self) -> std::path::PathBuf {
        self.shadow.path(&self.workspace.manifest())
    }

    fn lockfile(&self) -> Result<Lockfile, Error> {
        let path = &self.workspace.lockfile;
        Ok(Lockfile::parse(&self.shadow.read(path)?.unwrap_or_default(), path)?)
    }

    /// The workspace as it would be: the sources of path packages lie where they are, everything else in the shadow.
    fn situation(&self, change: &Change) -> Result<Situation, Error> {
        Ok(Situation {
            workspace: self.workspace.clone(),
            configuration: self.gate.seen.configuration.clone(),
            lockfile_path: self.shadow.path(&self.workspace.lockfile),
            lockfile: change.lockfile.clone(),
            lockfile_text: String::new(),
            manifest: self.manifest(),
            cargo: self.cargo.clone(),
            cargo_home: self.surroundings.cargo_home.clone(),
            clock: self.surroundings.clock,
        })
    }
}
