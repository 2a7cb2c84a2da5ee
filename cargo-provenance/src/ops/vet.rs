//! `vet`: what would be said of packages, without adding anything.
//!
//! Nothing is written but what cargo's own index cache gains, unless the result of a comparison with the repository is to be kept
//! in a pin. In a workspace behind the gate its policy counts, anywhere else
//! the defaults. What the repository configures runs nothing here: cargo is started outside of it.

mod facts;
mod keeping;
pub(super) mod missing;
pub mod repository;
pub(super) mod subject;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::OnceLock;

use provenance_build::config::Configuration;
use provenance_build::{
    LockedPackage, Lockfile, Manifest, PackageName, Source, Version, manifest, observe, toml,
};

use self::facts::Contained;
use self::repository::Where;
use self::subject::Subject;
use super::vetting::{self, Vetting};
use crate::advisory::{Coverage, coverage};
use crate::archive::Archive;
use crate::cargo::{CargoCommand, Workspace};
use crate::collect::cooldown;
use crate::collect::entrants::{self, Homes, Proven};
use crate::collect::gate;
use crate::collect::publishers::{Publishers, outside};
use crate::collect::records::{Contents, Record};
use crate::collect::situation::{Situation, resolved};
use crate::finding::{Finding, Weight};
use crate::model::{Evidence, Surroundings};
use crate::policy::Policy;
use crate::report::failure::Failure;
use crate::report::progress::Progress;
use crate::report::{Outcome, Report, plural};
use crate::vet::engine::NOT_JUDGED;
use crate::vet::waiver::{self, Waived};
use crate::vet::{Judgment, not_judged};

/// What `vet` is asked to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// The packages.
    pub targets: Vec<Target>,
    /// `--registry`: where they come from, if not from crates.io.
    pub registry: Option<String>,
    /// The repository to compare them with, if they are to be compared.
    pub repository: Option<Where>,
    /// Whether the pins of those that are what their repository has are to say so.
    pub keep: bool,
}

/// A package to vet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A package of a registry: this version, or the newest that was not yanked.
    Crate(PackageName, Option<Version>),
    /// A `.crate` file, absolute.
    File(PathBuf),
}

/// Runs the use case.
///
/// # Errors
///
/// A policy that is not acceptable, a registry that nobody configured, a file that cannot be read, a cargo that fails.
pub fn run(
    surroundings: &Surroundings,
    options: &Options,
    progress: &dyn Progress,
) -> Result<Report, Failure> {
    let surroundings = &resolved(surroundings)?;
    let mut report = Report::new("vet");
    let mut place = Place::open(surroundings)?;
    let source = entrants::source(&place.situation.configuration, options.registry.as_deref())?;
    let pins = place.manifest.iter().flat_map(|manifest| &manifest.packages).cloned().collect::<Vec<_>>();
    let databases =
        vetting::databases(surroundings, &place.policy, &place.root, &pins, &mut report, progress);
    let registry = (&source, options.registry.as_deref());
    let (mut subjects, missing) =
        subject::all(surroundings, &place, registry, options, &mut report, progress)?;
    // Named twice, once by its version: it is one package.
    let mut known = BTreeSet::new();
    subjects.retain(|it| it.file.is_some() || known.insert(it.package.id.clone()));
    place.situation.lockfile.packages = subjects.iter().map(|subject| subject.package.clone()).collect();

    let Place { situation, policy, manifest, .. } = &place;
    let index_of = |name: &str| situation.index_of(name);
    let used = pins.iter().map(|pin| &pin.name);
    let members = manifest.iter().flat_map(|manifest| &manifest.members).map(|member| &member.name);
    let vetting = Vetting::new(policy, databases.as_ref().map(Vec::as_slice), &index_of, surroundings.clock);
    let cooldown = cooldown::read(&situation.configuration, &place.root)?;
    let reviews = vetting::reviews(policy, &place.root, surroundings.clock, &mut report);
    let vetting = vetting.among(members, used).cooling(cooldown).reviewed(reviews.as_ref());
    let publishers = Publishers::of(&situation.configuration, &situation.cargo_home)?;
    let circumstances =
        subjects.iter().map(|it| (&it.package, subject::circumstances(it, manifest.as_ref())));
    let mut records =
        // Where they come in is not asked: nothing is required less for that.
        vetting.records(&situation.lockfile, &circumstances.collect::<Vec<_>>(), &publishers, &Evidence::Absent)?;
    for (subject, record) in subjects.iter_mut().zip(&mut records) {
        subject.compare_with_index(record, &mut report);
    }
    let compared = options.repository.is_some();
    let (examined, uncompared) =
        examine(surroundings, situation, &vetting, &subjects, &records, compared, progress)?;
    report.not_checked.extend(uncompared);

    let mut kept = vec![];
    let mut tally = Tally::default();
    let mut exceptions = vetting.exceptions();
    for ((subject, record), it) in subjects.iter().zip(&records).zip(examined) {
        let Examined { judgment, proven, contained, archive } = it;
        facts::tell(&mut report, subject, record, manifest.as_ref(), surroundings.clock);
        facts::tell_contents(&mut report, proven.as_ref(), contained.as_ref());
        let mut vetted = vetting.settle(judgment, None, &mut exceptions);
        let compared = match (&options.repository, &archive) {
            (None, _) => repository::Outcome::default(),
            (Some(place), Some(archive)) => {
                let (network, id) = (surroundings.network, &record.id);
                repository::compare(id, archive, place, network, &mut report, progress)?
            }
            (Some(_), None) => {
                let help = "see what else is said of it";
                repository::unknown(&record.id, "its archive is not at hand", help)
            }
        };
        tally.add(&vetted.judgment, &compared);
        if let (Some(Ok(entrant)), Some(matching)) = (&proven, compared.matching) {
            kept.push(keeping::Match { id: record.id.clone(), tree: entrant.tree, matching });
        }
        for Waived { finding, .. } in &vetted.waived {
            report.step("Excepted", finding.message.clone());
        }
        let command = subject.adding(options.registry.as_deref());
        waiver::tell_ways(&mut vetted.judgment.findings, vetting.today(), &command);
        report.findings.append(&mut vetted.judgment.findings);
        report.findings.extend(compared.findings);
        report.findings.extend(not_judged(&vetted.judgment.open));
        if let Coverage::NotCovered(why) = coverage(&record.id) {
            report.not_checked.push(format!("advisories: {} {why}", record.id.short()));
        }
    }
    let databases = databases.known().map(Vec::as_slice).unwrap_or_default();
    let known = place.names();
    for missing in missing {
        let findings = missing.findings(&source, databases, known.iter().map(String::as_str));
        tally.miss(&findings);
        report.findings.extend(findings);
    }
    report.findings.sort_by_key(|finding| finding.weight);
    report.not_checked.extend(subject::dependencies(&records));
    vetting.tell_audits(&mut report);
    tally.conclude(&subjects, &mut report);
    match options.keep {
        true => keeping::keep(surroundings, &place, &kept, report),
        false => Ok(report),
    }
}

/// Where the command was started: the nearest policy, and what cargo is configured to do there.
pub(super) struct Place {
    pub(super) root: PathBuf,
    policy: Policy,
    pub(super) manifest: Option<Manifest>,
    pub(super) situation: Situation,
}

impl Place {
    pub(super) fn open(surroundings: &Surroundings) -> Result<Self, Failure> {
        let (root, policy) = gate::policy_in_force(surroundings)?;
        let is_gated = root.join(manifest::FILE_NAME).exists();
        let manifest = is_gated.then(|| observe::read_manifest(&root)).transpose()?;
        let configuration = Configuration::read(&gate::kernel_surroundings(surroundings, &root))?;
        let lockfile = root.join("Cargo.lock");
        let mut situation = Situation {
            workspace: Workspace {
                root: root.clone(),
                lockfile: lockfile.clone(),
                members: vec![],
                path_packages: vec![],
            },
            configuration,
            lockfile_path: lockfile,
            lockfile: Lockfile { version: 4, packages: vec![] },
            lockfile_text: String::new(),
            manifest: root.join("Cargo.toml"),
            cargo: CargoCommand::new(surroundings),
            cargo_home: surroundings.cargo_home.clone(),
            clock: surroundings.clock,
        };
        situation.cargo = outside(&situation);
        Ok(Self { root, policy, manifest, situation })
    }
}

impl Place {
    /// The names that the workspace uses.
    fn names(&self) -> BTreeSet<String> {
        let pins = self.manifest.iter().flat_map(|manifest| &manifest.packages);
        let file = &self.situation.lockfile_path;
        let locked = toml::read(file).ok().and_then(|text| Lockfile::parse(text.as_bytes(), file).ok());
        let locked = locked.iter().flat_map(|lockfile| &lockfile.packages);
        pins.map(|pin| &pin.name)
            .chain(locked.map(|package| &package.id.name))
            .map(ToString::to_string)
            .collect()
    }
}

/// What came of one subject.
struct Examined {
    judgment: Judgment,
    /// What came of proving it.
    proven: Option<Proven>,
    /// What it holds.
    contained: Option<Contained>,
    /// The archive, if it is wanted for longer.
    archive: Option<Archive>,
}

/// Proves the subjects and judges them; also says what was not compared with the version before it. Those of which the index has no checksum are judged by what is known.
fn examine(
    surroundings: &Surroundings,
    situation: &Situation,
    vetting: &Vetting<'_>,
    subjects: &[Subject],
    records: &[Record],
    keeps_archives: bool,
    progress: &dyn Progress,
) -> Result<(Vec<Examined>, Vec<String>), Failure> {
    let contained = subjects.iter().map(|_| OnceLock::new()).collect::<Vec<_>>();
    let look = |at: usize, contents: Contents<'_>| {
        let archive = contents.archive.filter(|_| keeps_archives).cloned();
        let _ = contained[at].set((Contained::of(contents), archive));
        vetting.of_contents(&records[at], contents)
    };
    let wanted = subjects.iter().enumerate().filter(|(_, subject)| subject.is_fetched());
    let wanted = wanted.map(|(at, _)| at).collect::<Vec<_>>();
    let inspect = |number: usize, contents: Contents<'_>| look(wanted[number], contents);
    // What is fetched lies in a scratch home and is gone with this: nothing is added to cargo's cache.
    let before = wanted.iter().map(|at| records[*at].before(surroundings.clock)).collect::<Vec<_>>();
    let entrants = entrants::prove_once_more(
        situation,
        surroundings.network,
        &wanted,
        &before,
        Homes::default(),
        &inspect,
        progress,
    )?;
    let mut proven = wanted.iter().copied().zip(entrants.proven).collect::<BTreeMap<_, _>>();
    let mut examined = vec![];
    for (at, (subject, record)) in subjects.iter().zip(records).enumerate() {
        let proven = match &subject.file {
            Some(file) => Some(subject.prove_file(file, &|contents| look(at, contents))),
            None => proven.remove(&at),
        };
        let judgment = match &proven {
            Some(proven) => vetting.judged(record, proven),
            None => vetting.before_fetching(record),
        };
        let mut judgment = judgment;
        judgment.extend(subject.said(vetting, record));
        let (contained, archive) = contained[at].get().cloned().unzip();
        examined.push(Examined { judgment, proven, contained, archive: archive.flatten() });
    }
    Ok((examined, entrants.uncompared))
}

/// How many subjects came to what.
#[derive(Default)]
struct Tally {
    passing: usize,
    refused: usize,
    undecided: usize,
}

impl Tally {
    fn add(&mut self, judgment: &Judgment, compared: &repository::Outcome) {
        if judgment.refuses() || compared.refuses() {
            self.refused += 1;
        } else if judgment.admits() && !compared.is_open {
            self.passing += 1;
        } else {
            self.undecided += 1;
        }
    }

    /// Counts what is not there to be judged.
    fn miss(&mut self, findings: &[Finding]) {
        let refuses = |finding: &Finding| finding.weight != Weight::Note && finding.id != NOT_JUDGED;
        match findings.iter().any(refuses) {
            true => self.refused += 1,
            false => self.undecided += 1,
        }
    }

    fn conclude(&self, subjects: &[Subject], report: &mut Report) {
        let all = self.passing + self.refused + self.undecided;
        report.outcome = match (self.refused, self.undecided) {
            (1.., _) => Outcome::Refused,
            (0, 1..) => Outcome::Undecided,
            (0, 0) => Outcome::Fine,
        };
        for (name, number) in
            [("passing", self.passing), ("refused", self.refused), ("not-judged", self.undecided)]
        {
            report.count(name, number);
        }
        let named = match subjects {
            [only] if all == 1 => format!("`{}`", only.package.id.short()),
            _ => plural(all, "package"),
        };
        let notes = report.weighing(Weight::Note);
        report.conclusion = match report.outcome {
            Outcome::Fine if notes > 0 => format!("{named} would pass, with {}", plural(notes, "note")),
            Outcome::Fine => format!("{named} would pass"),
            Outcome::Refused => format!("to let in {named}: {}", report.tally()),
            _ => format!("{named} could not be judged"),
        };
    }
}

/// A package as a lockfile would name it.
fn locked(
    name: &PackageName,
    version: &Version,
    source: &Source,
    checksum: Option<provenance_build::Checksum>,
) -> LockedPackage {
    let id = provenance_build::PackageId {
        name: name.clone(),
        version: version.clone(),
        source: Some(source.clone()),
    };
    LockedPackage { id, checksum, dependencies: vec![], line: 0 }
}

/// What there is to say of a package that the registry lists, or does not.
fn listed(record: &Record) -> Option<&crate::model::Release> {
    match &record.release {
        Evidence::Known(release) => Some(release),
        Evidence::Absent | Evidence::Unavailable(_) => None,
    }
}
