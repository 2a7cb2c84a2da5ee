//! What `init` and `pin` share: from the workspace, the policy and what is proven to a new manifest.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use provenance_build::manifest::{Basis, Line, Member, Origin, Pin, Trust, VERSION, Vetted};
use provenance_build::name::CRATES_IO;
use provenance_build::{Drift, LockedPackage, Manifest, PackageId, PackageName, Source, members};

use super::pin::Own;
use crate::cargo;
use crate::collect::entrants::{self, Entrant, Proven};
use crate::collect::publishers::is_vendored;
use crate::collect::situation::{self, Situation};
use crate::finding::{Finding, Place, Role, Weight};
use crate::model::{Clock, Evidence};
use crate::policy::{CHECK_SET, Policy, PolicyError};
use crate::registry::proof::Verdict;
use crate::registry::{Index, Refusal};
use crate::report::failure::{Explain, Kind};
use crate::store;
use crate::vet::entry::{Candidate, Way, judge};

/// Why `init` or `pin` came to no report.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Cargo did not answer.
    #[error(transparent)]
    Cargo(#[from] cargo::Error),
    /// Packages could not be proven.
    #[error(transparent)]
    Entrants(#[from] entrants::Error),
    /// The workspace could not be read.
    #[error(transparent)]
    Situation(#[from] situation::Error),
    /// The policy is not acceptable.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// A file is not acceptable.
    #[error(transparent)]
    Kernel(#[from] provenance_build::Error),
    /// Nothing could be written.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// Somebody else is writing.
    #[error(transparent)]
    Lock(#[from] store::LockError),
    /// The command does not fit the workspace.
    #[error("{what}")]
    Misplaced {
        /// What does not fit.
        what: String,
        /// What to do next.
        help: String,
    },
    /// A manifest cannot be edited.
    #[error("could not edit `{}`", file.display())]
    Edit {
        /// The manifest.
        file: PathBuf,
        /// Why.
        source: crate::helper::EditError,
    },
}

impl Error {
    /// The error that this one only carries.
    fn carried(&self) -> Option<&dyn Explain> {
        match self {
            Self::Cargo(error) => Some(error),
            Self::Entrants(error) => Some(error),
            Self::Kernel(error) => Some(error),
            Self::Policy(error) => Some(error),
            Self::Situation(error) => Some(error),
            Self::Store(_) | Self::Lock(_) | Self::Misplaced { .. } | Self::Edit { .. } => None,
        }
    }
}

impl Explain for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::Misplaced { .. } | Self::Edit { .. } => Kind::Usage,
            _ => self.carried().map_or(Kind::Undecided, Explain::kind),
        }
    }

    fn help(&self) -> Vec<String> {
        match self {
            Self::Misplaced { help, .. } => vec![help.clone()],
            Self::Lock(_) => vec!["wait until it is done, then run this command again".to_owned()],
            Self::Edit { .. } => vec!["make the change by hand".to_owned()],
            _ => self.carried().map(Explain::help).unwrap_or_default(),
        }
    }

    fn place(&self) -> Option<(PathBuf, u32)> {
        self.carried().and_then(Explain::place)
    }
}

/// What a report says of what is not judged yet.
pub(super) const NOT_JUDGED: &str = "advisories, audits and licenses: this version does not judge them";

/// How much the checks weigh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rigor {
    /// What is there already is let in and told of: `init`.
    Baseline,
    /// What the policy does not let in is refused: `pin`.
    Policy,
}

/// Which packages of the lockfile keep their pins, and which must be proven.
#[derive(Debug, Default)]
pub struct Split<'m> {
    /// Packages whose pins stay as they are.
    pub kept: Vec<(usize, &'m Pin)>,
    /// Packages to prove, by their index in the lockfile.
    pub entering: Vec<usize>,
    /// First-party packages outside the workspace: index, directory relative to the root, and why they are the team's own.
    pub own: Vec<(usize, String, String)>,
}

/// Tells kept packages from entering ones. `old` is the manifest as it was.
pub fn split<'m>(
    situation: &Situation,
    policy: &Policy,
    old: Option<&'m Manifest>,
    declared: &[Own],
) -> Result<Split<'m>, Error> {
    situation.check_members()?;
    let mut split = Split::default();
    for (index, package) in situation.lockfile.packages.iter().enumerate() {
        let pin = old.and_then(|old| old.pin_for(&package.id));
        let Some(source) = &package.id.source else {
            if situation.member(package).is_some() {
                continue;
            }
            let path = situation.directory(package).and_then(|directory| situation.relative(directory));
            let path = path.ok_or_else(|| entrants::Error::Unplaced(package.id.to_string()))?;
            match own_reason(&package.id.name, &path, policy, old, declared) {
                Some(reason) => split.own.push((index, path, reason)),
                None => split.entering.push(index),
            }
            continue;
        };
        let vendored = source.is_git() && is_vendored(&situation.configuration, source)?;
        match pin {
            Some(pin) if pin.checksum == package.checksum && (!vendored || pin.vendor_tree.is_some()) => {
                split.kept.push((index, pin));
            }
            _ => split.entering.push(index),
        }
    }
    Ok(split)
}

/// Why a path package outside the workspace is the team's own, if it is.
fn own_reason(
    name: &PackageName,
    path: &str,
    policy: &Policy,
    old: Option<&Manifest>,
    declared: &[Own],
) -> Option<String> {
    if let Some(own) = declared.iter().find(|own| own.name == *name) {
        return Some(own.reason.clone());
    }
    if policy.own().iter().any(|at| at.value.matches(path)) {
        return Some("listed in the policy".to_owned());
    }
    let listed = old?.members.iter().find(|member| member.name == *name && member.path == path)?;
    // What only the policy's list made the team's own is not once that list has changed.
    listed.own.clone().filter(|reason| reason != "listed in the policy")
}

/// A manifest in the making, and what was noticed on the way.
#[derive(Debug)]
pub struct Draft {
    /// The new manifest.
    pub manifest: Manifest,
    /// Packages that got a pin or another one.
    pub added: Vec<PackageId>,
    /// Pins and members that are no longer needed, as they are shown.
    pub removed: Vec<String>,
    /// New members.
    pub joined: Vec<String>,
    /// How many pins stayed as they were.
    pub kept: usize,
    /// What was noticed.
    pub findings: Vec<Finding>,
    /// Whether something could not be looked up that the answer depends on.
    pub undecided: bool,
}

impl Draft {
    /// Whether the manifest may be written.
    pub fn may_be_written(&self) -> bool {
        !self.undecided && self.findings.iter().all(|finding| finding.weight == Weight::Note)
    }
}

/// Everything that a draft is made of.
#[derive(Clone, Copy, Debug)]
pub struct Material<'a> {
    /// The workspace.
    pub situation: &'a Situation,
    /// What the team trusts.
    pub policy: &'a Policy,
    /// The manifest as it was.
    pub old: Option<&'a Manifest>,
    /// Which packages keep their pins.
    pub split: &'a Split<'a>,
    /// What came of proving the others, in the order of [`Split::entering`].
    pub proven: &'a [Proven],
    /// `--own`.
    pub declared: &'a [Own],
    /// How much the checks weigh.
    pub rigor: Rigor,
    /// The time of the run.
    pub now: Clock,
}

/// Writes the draft of a manifest.
pub fn draft(material: Material<'_>) -> Result<Draft, Error> {
    let Material { situation, policy, old, split, .. } = material;
    let settings = situation.configuration.recorded.values();
    let manifest = Manifest {
        version: old.map_or(VERSION, |old| old.version),
        policy: policy.digest(),
        cargo_config: settings.map(|setting| (setting.key.clone(), setting.value.clone())).collect(),
        members: vec![],
        packages: split.kept.iter().map(|(_, pin)| (*pin).clone()).collect(),
    };
    let mut draft = Draft {
        manifest,
        added: vec![],
        removed: vec![],
        joined: vec![],
        kept: split.kept.len(),
        findings: vec![],
        undecided: false,
    };
    for (&index, proven) in split.entering.iter().zip(material.proven) {
        let package = &situation.lockfile.packages[index];
        match proven {
            Ok(entrant) => draft.admit(package, entrant, &material),
            Err(refusals) => draft.refuse(package, refusals, situation),
        }
    }
    draft.judge_kept(&material);
    draft.members(&material)?;
    draft.settings(old, situation);
    draft.gone(old);
    draft.findings.sort_by_key(|finding| finding.weight);
    Ok(draft)
}

/// The pin of a proven package that nobody has pinned before.
pub(super) fn pin(id: &PackageId, entrant: &Entrant, rigor: Rigor) -> Pin {
    let origin = match (&id.source, &entrant.path) {
        (Some(source), _) => Origin::Source(source.clone()),
        (None, path) => Origin::Path(path.clone().unwrap_or_default()),
    };
    let (basis, vetted) = match rigor {
        Rigor::Baseline => (Basis::Baseline, None),
        Rigor::Policy => (Basis::Policy, Some(Vetted { checks: CHECK_SET, advisories: None })),
    };
    Pin {
        name: id.name.clone(),
        version: id.version.clone(),
        origin,
        checksum: entrant.checksum,
        tree: entrant.tree,
        vendor_tree: entrant.vendor_tree,
        build_time: entrant.build_time.clone(),
        trust: Trust::on(basis),
        vetted,
        accepted: vec![],
        line: Line(0),
    }
}

impl Draft {
    fn admit(&mut self, package: &LockedPackage, entrant: &Entrant, material: &Material<'_>) {
        let id = &package.id;
        let pin = pin(id, entrant, material.rigor);
        let before = material.old.and_then(|old| old.pin_for(id));
        let same = |before: &&Pin| {
            (&before.origin, &before.checksum, &before.tree) == (&pin.origin, &pin.checksum, &pin.tree)
        };
        if let Some(before) = before.filter(same) {
            // The same bytes keep the trust that they have; only what vendoring leaves of them is new.
            let vendor_tree = pin.vendor_tree.or(before.vendor_tree);
            self.manifest.packages.push(Pin { vendor_tree, ..before.clone() });
            self.kept += 1;
            return;
        }
        self.added.push(id.clone());
        self.manifest.packages.push(pin);
        let judgment = judge(
            Candidate { id, releases: &entrant.releases, way: Way::Locked },
            material.policy,
            |name| material.situation.index_of(name),
            material.now,
        );
        let lenient = material.rigor == Rigor::Baseline;
        self.undecided |= judgment.undecided && !lenient;
        for mut finding in judgment.findings {
            if lenient {
                finding.weight = Weight::Note;
                finding.help.clear();
            }
            let place = material.situation.locked_at(package, "locked here");
            finding.places.insert(0, place);
            self.findings.push(finding);
        }
        for (check, what) in &entrant.remarks {
            let message = format!("`{}`: {what}", id.short());
            self.findings.push(Finding::new(check, Weight::Note, message).about(id.clone()));
        }
        if let (None, Some(path)) = (&id.source, &entrant.path) {
            let message = format!("`{}` in `{path}` is pinned as a third party's path package", id.short());
            let help = format!("if it is the team's own, add \"{path}\" to `own` in `Provenance.toml`");
            let finding = Finding::new("path-package", Weight::Note, message).about(id.clone()).help(help);
            self.findings
                .push(finding.at(material.situation.locked_at(package, "locked here, without a source")));
        }
    }

    fn refuse(&mut self, package: &LockedPackage, refusals: &[Refusal], situation: &Situation) {
        for refusal in refusals {
            self.undecided |= refusal.verdict == Verdict::Undecided;
            let message = format!("`{}`: {}", package.id.short(), refusal.what);
            let finding = Finding::new(refusal.check, Weight::Denial, message)
                .about(package.id.clone())
                .at(situation.locked_at(package, "locked here"))
                .help(refusal.help.clone());
            self.findings.push(finding);
        }
    }

    /// A source that the policy does not list any more is refused for kept pins too.
    fn judge_kept(&mut self, material: &Material<'_>) {
        if material.rigor == Rigor::Baseline {
            return;
        }
        let Material { situation, policy, .. } = *material;
        for (index, pin) in &material.split.kept {
            let package = &situation.lockfile.packages[*index];
            // Without releases nothing but the source is judged; a git package has none anyway.
            let none = Evidence::Unavailable(String::new());
            let candidate = Candidate { id: &pin.id(), releases: &none, way: Way::Locked };
            let judgment = judge(candidate, policy, |name| situation.index_of(name), material.now);
            for mut finding in judgment.findings.into_iter().filter(|finding| finding.id == "source") {
                finding.places.insert(0, situation.locked_at(package, "locked here"));
                self.findings.push(finding);
            }
        }
    }

    fn members(&mut self, material: &Material<'_>) -> Result<(), Error> {
        let Material { situation, old, split, .. } = *material;
        let mut entries = BTreeMap::new();
        for member in &situation.workspace.members {
            let path = situation.relative(&member.directory).ok_or_else(|| Error::Misplaced {
                what: format!("member `{}` has a directory that no manifest can name", member.name),
                help: "give it a path of UTF-8 characters, on the same drive as the workspace".to_owned(),
            })?;
            entries.insert(member.name.clone(), (path, None));
        }
        for (index, path, reason) in &split.own {
            let name = situation.lockfile.packages[*index].id.name.clone();
            entries.insert(name, (path.clone(), Some(reason.clone())));
        }
        if let Some(stray) = material.declared.iter().find(|own| !entries.contains_key(&own.name)) {
            return Err(Error::Misplaced {
                what: format!("`--own {}` names no member and no path package of this workspace", stray.name),
                help: "name a package that `Cargo.lock` lists without a source".to_owned(),
            });
        }
        let known = Known::gather(situation, old);
        for (name, (path, reason)) in entries {
            let before = old.and_then(|old| old.members.iter().find(|member| member.name == name));
            let declared = material.declared.iter().find(|own| own.name == name);
            let mut own = declared
                .map(|own| own.reason.clone())
                .or(reason)
                .or_else(|| before.and_then(|member| member.own.clone()));
            if before.is_none() {
                self.joined.push(format!("{name} ({path})"));
                match known.why(&name) {
                    Some(why) if own.is_none() && material.rigor == Rigor::Baseline => {
                        own = Some("there at init".to_owned());
                        let message = format!("member `{name}` bears a known name: {why}");
                        self.findings.push(Finding::new("member-name-known", Weight::Note, message));
                    }
                    Some(why) if own.is_none() => {
                        let message = format!("new member `{name}` bears a known name: {why}");
                        self.doubt(situation, &name, &path, "member-name-known", message);
                    }
                    _ => {}
                }
            }
            self.manifest.members.push(Member { name, path, own });
        }
        self.detours(material)
    }

    /// The kernel's own look at members and patches, so that a fresh manifest never drifts at once.
    fn detours(&mut self, material: &Material<'_>) -> Result<(), Error> {
        // Where the manifests lie as they will be.
        let situation = material.situation;
        let root = situation.manifest.parent().unwrap_or(&situation.workspace.root);
        if material.rigor == Rigor::Baseline {
            for drift in members::inspect(root, &self.manifest, &situation.lockfile)? {
                if let Drift::Detour { name, .. } = &drift
                    && let Some(member) = self.manifest.members.iter_mut().find(|m| m.name.as_str() == name)
                {
                    member.own.get_or_insert_with(|| "there at init".to_owned());
                }
            }
        }
        for drift in members::inspect(root, &self.manifest, &situation.lockfile)? {
            let mut finding = Finding::new(drift.code(), Weight::Denial, drift.to_string());
            finding.notes = drift.details();
            if let Drift::Detour { name, .. } = &drift {
                finding = finding
                    .help(format!("if it is the team's own, run `cargo provenance pin --own {name}=REASON`"));
            }
            self.findings.push(finding);
        }
        Ok(())
    }

    fn doubt(
        &mut self,
        situation: &Situation,
        name: &PackageName,
        path: &str,
        id: &'static str,
        message: String,
    ) {
        let file = situation.workspace.root.join(path).join("Cargo.toml");
        let text = provenance_build::toml::read(&file).unwrap_or_default();
        let line = text.lines().position(|line| line.trim_start().starts_with("name"));
        let mut finding = Finding::new(id, Weight::Denial, message);
        if let Some(line) = line {
            let excerpt = text.lines().nth(line).unwrap_or_default().to_owned();
            let file = file.strip_prefix(&situation.workspace.root).map_or(file.clone(), PathBuf::from);
            let (line, label) = (line as u32 + 1, "a copy would be compiled unpinned".to_owned());
            finding = finding.at(Place { file, line, excerpt, label, role: Role::Primary });
        }
        self.findings.push(
            finding.help(format!("if it is the team's own, run `cargo provenance pin --own {name}=REASON`")),
        );
    }

    fn settings(&mut self, old: Option<&Manifest>, situation: &Situation) {
        let Some(old) = old else { return };
        for setting in situation.configuration.recorded.values() {
            let before = old.cargo_config.get(&setting.key);
            if before == Some(&setting.value) {
                continue;
            }
            let verb = if before.is_some() { "another value of" } else { "new" };
            let message = format!("recorded {verb} cargo setting `{}`: {}", setting.key, setting.value);
            self.findings.push(
                Finding::new("cargo-setting", Weight::Note, message)
                    .note("it can run or swap code; review it like code"),
            );
        }
        for key in old.cargo_config.keys() {
            if !situation.configuration.recorded.contains_key(key) {
                self.removed.push(format!("cargo setting `{key}`"));
            }
        }
    }

    fn gone(&mut self, old: Option<&Manifest>) {
        let Some(old) = old else { return };
        let pins = self.manifest.packages.iter().map(Pin::id).collect::<BTreeSet<_>>();
        let members = self.manifest.members.iter().map(|member| &member.name).collect::<BTreeSet<_>>();
        let gone = old.packages.iter().map(Pin::id).filter(|id| !pins.contains(id));
        self.removed.extend(gone.map(|id| id.to_string()));
        let left = old.members.iter().filter(|member| !members.contains(&member.name));
        self.removed.extend(left.map(|member| format!("member `{}`", member.name)));
    }
}

/// Names that registries or the old manifest know.
struct Known<'a> {
    index: Index,
    sources: BTreeSet<&'a Source>,
    crates_io: Option<Source>,
    locked: BTreeMap<&'a str, &'a Source>,
    pinned: BTreeMap<&'a str, &'a Source>,
}

impl<'a> Known<'a> {
    fn gather(situation: &'a Situation, old: Option<&'a Manifest>) -> Self {
        let packages = situation.lockfile.packages.iter();
        let locked =
            packages.filter_map(|package| Some((package.id.name.as_str(), package.id.source.as_ref()?)));
        let locked = locked.collect::<BTreeMap<_, _>>();
        let pins = old.into_iter().flat_map(|old| &old.packages);
        Self {
            index: Index::open(&situation.cargo_home),
            sources: locked.values().copied().filter(|source| !source.is_git()).collect(),
            crates_io: Source::parse(CRATES_IO),
            pinned: pins.filter_map(|pin| Some((pin.name.as_str(), pin.source()?))).collect(),
            locked,
        }
    }

    fn why(&self, name: &PackageName) -> Option<String> {
        if let Some(source) = self.locked.get(name.as_str()) {
            return Some(format!("`Cargo.lock` has a package of this name from {}", source.display_name()));
        }
        if let Some(source) = self.pinned.get(name.as_str()) {
            return Some(format!("a package of this name was pinned from {}", source.display_name()));
        }
        let registries = self.sources.iter().copied().chain(&self.crates_io);
        let known = |source: &&Source| matches!(self.index.entries(source, name), Evidence::Known(_));
        let source = registries.into_iter().find(known)?;
        Some(format!("{} has a package of this name", source.display_name()))
    }
}
