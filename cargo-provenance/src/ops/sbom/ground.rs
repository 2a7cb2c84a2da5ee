//! What the bill of a workspace stands on: the lockfile, the manifest where there is one, and where the packages lie.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use cargo_metadata::{Metadata, Package};
use provenance_build::locate::{self, Located};
use provenance_build::manifest::Pin;
use provenance_build::tree::Layout;
use provenance_build::{LockedPackage, PackageId, Source};

use super::patches::{self, Patch};
use crate::cargo::{CargoCommand, Resolution, Workspace, real};
use crate::collect::gate::{self, Gate};
use crate::collect::situation::{self, Situation};
use crate::model::{Network, Surroundings};
use crate::ops::proving;
use crate::ops::signing::{self, Wanted};
use crate::report::Report;
use crate::report::failure::{Failure, Kind};
use crate::report::progress::Progress;

/// The ground.
pub(super) struct Ground {
    pub(super) situation: Situation,
    /// The workspace behind the gate, where it is behind one.
    pub(super) gate: Option<Gate>,
    pub(super) patches: Vec<Patch>,
    located: Vec<Located>,
    /// Positions in the lockfile by name and version.
    locked: BTreeMap<(String, String), Vec<usize>>,
    /// How many disagreements `verify` would tell of.
    pub(super) drift: usize,
    /// The cargo to ask, where the user stands.
    cargo: CargoCommand,
}

/// A copy of a package in a folder of the workspace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Vendored {
    /// Its files are not those that were pinned.
    Changed,
    /// Nothing is pinned that it could be compared with.
    NotCompared,
    /// Its files are those that were pinned.
    Same,
}

impl Ground {
    /// Reads the workspace. No cargo runs where the repository configures something that was not recorded.
    pub(super) fn read(surroundings: &Surroundings, report: &mut Report) -> Result<Self, Failure> {
        let (gate, drift) = match Gate::open(surroundings) {
            Ok(gate) => {
                let drift = admit(surroundings, &gate, report)?;
                (Some(gate), drift)
            }
            Err(gate::Error::NoManifest { .. }) => (None, 0),
            Err(error) => return Err(error.into()),
        };
        let cargo = CargoCommand::new(surroundings);
        let workspace = Workspace::load(&cargo, surroundings.manifest_path.as_deref())?;
        // A workspace of its own below one that is behind the gate is not.
        let gate = gate.filter(|gate| gate.root == workspace.root);
        let situation = Situation::read(surroundings, workspace)?;
        let patches = patches::read(&situation.workspace.root, &situation.configuration)?;
        let mut locked = BTreeMap::<_, Vec<usize>>::new();
        for (index, LockedPackage { id, .. }) in situation.lockfile.packages.iter().enumerate() {
            locked.entry((id.name.to_string(), id.version.to_string())).or_default().push(index);
        }
        let drift = if gate.is_some() { drift } else { 0 };
        Ok(Self { situation, gate, patches, located: vec![], locked, drift, cargo })
    }

    /// The graph, without the network if everything is at hand. Where the packages lie is known from then on: cargo may bring some.
    pub(super) fn resolve(
        &mut self,
        surroundings: &Surroundings,
        resolution: &Resolution,
        progress: &dyn Progress,
    ) -> Result<Metadata, Failure> {
        let manifest = surroundings.manifest_path.as_deref();
        let metadata = match self.cargo.offline().resolve(manifest, resolution, progress) {
            Err(_) if surroundings.network == Network::Allowed => {
                self.cargo.resolve(manifest, resolution, progress)?
            }
            answer => answer?,
        };
        let Situation { lockfile, configuration, .. } = &self.situation;
        self.located = locate::locate(lockfile, configuration, &surroundings.cargo_home)?;
        Ok(metadata)
    }

    /// Where the lockfile has a package.
    pub(super) fn locked(&self, package: &Package) -> Option<usize> {
        let source = package.source.as_ref().map(|source| source.repr.as_str());
        let candidates = self.locked.get(&(package.name.to_string(), package.version.to_string()))?;
        let is_it = |index: &&usize| is_source(source, self.package(**index).id.source.as_ref());
        candidates.iter().find(is_it).copied()
    }

    /// A package of the lockfile.
    pub(super) fn package(&self, index: usize) -> &LockedPackage {
        &self.situation.lockfile.packages[index]
    }

    /// The cached archives of a package.
    pub(super) fn archives(&self, index: usize) -> &[PathBuf] {
        self.located.get(index).map_or(&[], |located| &located.archives)
    }

    /// The pin of a package.
    pub(super) fn pin(&self, id: &PackageId) -> Option<&Pin> {
        self.gate.as_ref()?.seen.manifest.pin_for(id)
    }

    /// Whether the manifest lists a directory as the team's own.
    pub(super) fn is_own(&self, name: &str, path: &str) -> bool {
        let members = self.gate.iter().flat_map(|gate| &gate.seen.manifest.members);
        members.into_iter().any(|member| member.name.as_str() == name && member.path == path)
    }

    /// What a directory is that cargo takes a package of the lockfile from, where it is one of a directory source.
    pub(super) fn vendored(&self, index: usize, directory: &Path) -> Option<Vendored> {
        let directory = real(directory);
        let mut places = self.located.get(index)?.directories.iter();
        let place = places.find(|it| it.layout == Layout::Directory && real(&it.directory) == directory)?;
        let Some(gate) = &self.gate else { return Some(Vendored::NotCompared) };
        let Some(pin) = self.pin(&self.package(index).id) else { return Some(Vendored::NotCompared) };
        let mut seen = gate.seen.observation.sources.get(index).into_iter().flat_map(|it| &it.trees);
        let digest = seen.find(|tree| tree.place == *place).and_then(|tree| tree.digest.as_ref().ok());
        let is_same = digest.is_some_and(|it| *it == pin.tree || Some(it) == pin.vendor_tree.as_ref());
        Some(if is_same { Vendored::Same } else { Vendored::Changed })
    }

    /// A directory relative to the workspace root.
    pub(super) fn relative(&self, directory: &Path) -> Option<String> {
        situation::relative(&real(&self.situation.workspace.root), &real(directory))
    }
}

/// Refuses a workspace whose manifest nobody trusted, or whose configuration may run code that nobody recorded. Else it is the
/// number of other disagreements.
fn admit(surroundings: &Surroundings, gate: &Gate, report: &mut Report) -> Result<usize, Failure> {
    let verdict = gate.verdict();
    let demand = signing::demand(surroundings, &Wanted::default())?;
    if !signing::judge(gate, &demand, report)? || signing::is_expired(&verdict) {
        let what = "the manifest is not trusted, so that nothing can be said of the workspace";
        return Err(Failure::new(Kind::Distrusted, what).help("run `cargo provenance verify`"));
    }
    if proving::is_configured(&verdict) {
        let what =
            "the cargo configuration of the repository is not what is recorded, so that no cargo was started";
        return Err(Failure::new(Kind::Undecided, what).help("run `cargo provenance verify`"));
    }
    Ok(verdict.drift.len())
}

/// Whether cargo's word for a source is the one in the lockfile, where a branch may be spelled otherwise.
fn is_source(source: Option<&str>, locked: Option<&Source>) -> bool {
    match (source, locked) {
        (None, None) => true,
        (Some(source), Some(locked)) => {
            source == locked.as_str()
                || Source::parse(source).is_some_and(|source| {
                    source.is_git() && source.commit() == locked.commit() && source.url() == locked.url()
                })
        }
        _ => false,
    }
}
