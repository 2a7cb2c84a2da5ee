//! The attempt in the shadow workspace: cargo edits and resolves there, and what would enter is looked up and proven.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;

use provenance_build::manifest::{Member, Pin};
use provenance_build::{LockedPackage, Manifest, PackageId, PackageName, Version};

use super::super::asking::{self, Exhibit, Pending};
use super::super::limiting::change::{Change, Entry};
use super::super::limiting::{Limits, Place, Resolver, is_without_solution};
use super::super::pinning;
use super::super::vendoring::{self, Scene, Vendoring};
use super::super::vetting::Vetting;
use super::{Edit, Error, Naming};
use crate::cargo::{self, CargoCommand, ScratchHome, Shadow, Workspace};
use crate::collect::entrants::{Entrants, Homes};
use crate::collect::gate::Gate;
use crate::collect::indices::{self, When};
use crate::collect::publishers::Publishers;
use crate::collect::records::{Circumstances, Record};
use crate::collect::situation::Situation;
use crate::model::{Evidence, Surroundings};
use crate::report::dialog::Dialog;
use crate::report::progress::Progress;
use crate::vet::waiver::Accept;
use crate::vet::{Demand, Demands, Way};

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
    // Where that is at home.
    _home: Option<ScratchHome>,
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
        // Cargo checks out the commits that it resolves to.
        let home =
            ScratchHome::for_resolving(&surroundings.cargo_home, cargo.directory(), surroundings.clock)?;
        let cargo = home.as_ref().map_or_else(|| cargo.clone(), |home| home.cargo(&cargo));
        Ok(Self {
            gate,
            edit,
            shadow,
            surroundings,
            workspace,
            cargo,
            _home: home,
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

    fn limited(&self, limits: &Limits, anew: bool) -> Result<Vec<String>, Error> {
        let mut said = vec![];
        if anew {
            self.shadow.reset()?;
            said = self.run(&limits.named)?;
        }
        // From where the user's own cargo would start, so that the newest versions are taken of all that is not limited.
        self.shadow.reset_lockfile()?;
        self.place().resolve(limits, || {
            if self.edit.command() == UPDATE {
                self.run(&limits.named)?;
            } else {
                self.cargo.settle_lockfile(&self.manifest(), self.progress)?;
            }
            Ok::<_, Error>(())
        })?;
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
        let mut change = Change::between(old, self.place().locked::<Error>()?, manifest)?;
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

    /// The members of the workspace.
    pub(super) fn members(&self) -> impl Iterator<Item = &PackageName> {
        self.workspace.members.iter().map(|member| &member.name)
    }

    /// What a person should know of the registries' answers, a line each.
    pub(super) fn notes(&self) -> Vec<String> {
        self.notes.take()
    }

    /// Looks up what is known of packages that are locked now, as they stand.
    pub(super) fn look_up_locked(
        &self,
        change: &Change,
        packages: &[(&LockedPackage, Circumstances)],
        vetting: &Vetting<'_>,
    ) -> Result<Vec<Record>, Error> {
        let locked = packages.iter().map(|(package, _)| *package).collect::<Vec<_>>();
        // Each may have a newer release since a minute ago, which cargo has not been asked about.
        self.ask_about(change, &locked, When::Always)?;
        let publishers = Publishers::of(&self.gate.seen.configuration, &self.surroundings.cargo_home)?;
        let demands = demands(change, vetting, &self.members_to_be(vetting));
        Ok(vetting.records(&change.lockfile, packages, &publishers, &demands)?)
    }

    /// The members as they are in the shadow. `Absent` where it does not matter who needs whom.
    fn members_to_be(&self, vetting: &Vetting<'_>) -> Evidence<Vec<cargo::Member>> {
        // Cargo is not asked for what nobody wants to know.
        if !vetting.may_go_by_the_tree() {
            return Evidence::Absent;
        }
        match Workspace::load(&self.cargo, Some(&self.manifest())) {
            Ok(workspace) => Evidence::Known(workspace.members),
            Err(error) => Evidence::Unavailable(error.to_string()),
        }
    }

    /// The packages that stay as they are pinned, and of which more is required than before.
    fn raised(
        &self,
        change: &Change,
        vetting: &Vetting<'_>,
        members: &Evidence<Vec<cargo::Member>>,
    ) -> Vec<Entry> {
        let manifest = &self.gate.seen.manifest;
        let old = (&self.gate.seen.observation.lockfile, self.workspace.members.as_slice());
        let raised = match members {
            Evidence::Absent => return vec![],
            Evidence::Known(members) => vetting.raised((&change.lockfile, members), old),
            // Whoever needs what: nobody can tell.
            Evidence::Unavailable(_) => {
                (0..change.lockfile.packages.len()).map(|index| (index, Demand::default())).collect()
            }
        };
        let enters = |index: usize| change.entering.iter().any(|entry| entry.index == index);
        let is_pinned = |index: usize| manifest.pin_for(&change.lockfile.packages[index].id).is_some();
        let raised = raised.into_iter().filter(|(index, _)| !enters(*index) && is_pinned(*index));
        raised.map(|(index, before)| change.staying(index, before, manifest)).collect()
    }

    /// The pin of a package that stays.
    pub(super) fn pin(&self, entry: &Entry) -> Option<&'a Pin> {
        entry.asked_before.as_ref().and_then(|_| self.gate.seen.manifest.pin_for(&entry.id))
    }

    /// The members that ask for a package by themselves: each with its manifest and the versions that will do.
    pub(super) fn asking(&self, name: &PackageName) -> Vec<(&cargo::Member, &semver::VersionReq)> {
        let members = self.workspace.members.iter();
        let asks = members.flat_map(|member| member.asks.iter().map(move |asked| (member, asked)));
        asks.filter(|(_, asked)| asked.name == name.as_str())
            .map(|(member, asked)| (member, &asked.versions))
            .collect()
    }

    /// Lets cargo ask about entrants whose registries were not asked for a day: it resolves with what it has.
    fn freshen(&self, change: &Change) -> Result<(), Error> {
        let packages = change.entering.iter().map(|entry| &change.lockfile.packages[entry.index]);
        self.ask_about(change, &packages.collect::<Vec<_>>(), When::Daily)
    }

    fn ask_about(&self, change: &Change, packages: &[&LockedPackage], when: When) -> Result<(), Error> {
        // Whoever could not be reached is not tried again for every version that is tried.
        if !self.notes.borrow().is_empty() {
            return Ok(());
        }
        let (situation, network) = (self.situation(change)?, self.surroundings.network);
        let notes = indices::freshen(&situation, packages, when, network, self.progress)?;
        self.notes.replace(notes);
        Ok(())
    }

    /// Looks up what is known of the entrants, and of what stays and is required to be more. Nothing of them is fetched for that.
    pub(super) fn look_up(
        &self,
        change: &Change,
        vetting: &Vetting<'_>,
    ) -> Result<Vec<(Entry, Record)>, Error> {
        self.freshen(change)?;
        let publishers = Publishers::of(&self.gate.seen.configuration, &self.surroundings.cargo_home)?;
        let manifest = &self.gate.seen.manifest;
        let members = self.members_to_be(vetting);
        let raised = self.raised(change, vetting, &members);
        let entries = change.entering.iter().cloned().chain(raised).collect::<Vec<_>>();
        let packages = entries.iter().map(|entry| {
            let named = entry.direct && self.edit.naming(entry.id.name.as_str()) != Naming::Not;
            let id = &entry.id;
            let mut twins =
                manifest.packages.iter().filter(|pin| pin.name == id.name && pin.version == id.version);
            let stays = |id: &PackageId| change.lockfile.packages.iter().any(|package| package.id == *id);
            let circumstances = Circumstances {
                direct: entry.direct,
                replaces: entry.replaces.clone(),
                pinned_from: twins.find(|twin| !stays(&twin.id())).and_then(|twin| twin.source().cloned()),
                way: match entry.asked_before {
                    Some(_) => Way::Kept,
                    None if named => Way::Named,
                    None => Way::Pulled,
                },
                judged_by: None,
            };
            (&change.lockfile.packages[entry.index], circumstances)
        });
        let packages = packages.collect::<Vec<_>>();
        let demands = demands(change, vetting, &members);
        let mut records = vetting.records(&change.lockfile, &packages, &publishers, &demands)?;
        // For what it is required to be now, it comes in now.
        records.iter_mut().for_each(|record| record.comes_anew |= record.circumstances.way == Way::Kept);
        Ok(entries.into_iter().zip(records).collect())
    }

    /// Fetches and proves packages that were looked up: index = lock = `.crate`.
    pub(super) fn prove(
        &self,
        change: &Change,
        found: Vec<(Entry, Record)>,
        vetting: &Vetting<'_>,
    ) -> Result<Entrants, Error> {
        let (wanted, records): (Vec<_>, Vec<_>) =
            found.into_iter().map(|(entry, record)| (entry.index, record)).unzip();
        let network = self.surroundings.network;
        let homes = self.homes.take();
        Ok(vetting.prove(&self.situation(change)?, network, &wanted, &records, homes, self.progress)?)
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

    /// Asks a person, who is shown what there is to see of each finding.
    pub(super) fn ask(
        &self,
        dialog: &dyn Dialog,
        change: &Change,
        pending: &[Pending<'_>],
    ) -> Result<Option<Vec<Accept>>, Error> {
        let situation = &self.situation(change)?;
        let exhibit = Exhibit { situation, network: self.surroundings.network, progress: self.progress };
        Ok(asking::ask(dialog, pending, &|pending| exhibit.show(pending)))
    }

    /// Keeps what was fetched, for the versions that are tried next.
    pub(super) fn keep(&self, entrants: Entrants) {
        self.homes.replace(entrants.into_homes());
    }

    fn place(&self) -> Place<'_> {
        Place {
            shadow: &self.shadow,
            cargo: &self.cargo,
            manifest: self.manifest(),
            lockfile: &self.workspace.lockfile,
            member: self.workspace.members.first().map(|member| member.manifest.as_path()),
            progress: self.progress,
        }
    }

    fn manifest(&self) -> std::path::PathBuf {
        self.shadow.path(&self.workspace.manifest())
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

/// Which reviews are required once the members are as they are in the shadow. What cargo is about to add only for tests is asked
/// no more than tests need.
fn demands(
    change: &Change,
    vetting: &Vetting<'_>,
    members: &Evidence<Vec<cargo::Member>>,
) -> Evidence<Demands> {
    match members {
        Evidence::Absent => Evidence::Absent,
        Evidence::Known(members) => vetting.demands(&change.lockfile, members),
        Evidence::Unavailable(why) => Evidence::Unavailable(why.clone()),
    }
}

impl Resolver for Attempt<'_> {
    type Error = Error;

    fn naming(&self, name: &str) -> Naming {
        self.edit.naming(name)
    }

    fn limit(&self, limits: &Limits, anew: bool) -> Result<Option<Vec<String>>, Error> {
        let before = self.shadow.snapshot()?;
        match self.limited(limits, anew) {
            Ok(said) => Ok(Some(said)),
            Err(Error::Cargo(error)) if is_without_solution(&error, self.surroundings.network) => {
                self.shadow.restore(&before)?;
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    fn is_locked(&self, id: &PackageId) -> Result<bool, Error> {
        Ok(self.place().locked::<Error>()?.packages.iter().any(|package| package.id == *id))
    }
}
