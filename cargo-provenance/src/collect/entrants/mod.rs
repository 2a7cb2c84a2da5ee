//! Proves packages that enter: index = lock = `.crate` for a registry's, the commit for a git repository's, the files
//! for a directory's. What is missing is fetched by cargo, once, into a scratch home; it gets into the user's own when
//! whoever asked says so.

mod described;
mod fetching;
mod files;
mod gathering;
mod named;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use provenance_build::manifest::BuildTime;
use provenance_build::{Checksum, LockedPackage, TreeDigest, threads};

use self::fetching::Fetcher;
pub use self::fetching::Vendored;
use self::gathering::Gathering;
pub use self::named::source;
use super::publishers::Publishers;
use super::records::Contents;
use super::situation::Situation;
use crate::archive::License;
use crate::cargo::{self, ScratchHome};
use crate::git::GitError;
use crate::model::{Evidence, Network, Release};
use crate::registry::Refusal;
use crate::report::failure::{Explain, Kind};
use crate::report::plural;
use crate::report::progress::Progress;
use crate::store::{self, Arrival, admit};
use crate::vet::Judgment;

/// A package whose bytes are known for certain.
#[derive(Clone, Debug)]
pub struct Entrant {
    /// Where it lies, for a path package: relative to the workspace root.
    pub path: Option<String>,
    /// SHA-256 of the `.crate`, for a registry package.
    pub checksum: Option<Checksum>,
    /// Digest of its tree.
    pub tree: TreeDigest,
    /// Digest of what vendoring leaves of it, where that differs and is known.
    pub vendor_tree: Option<TreeDigest>,
    /// Which of its code runs while other packages compile; sorted.
    pub build_time: Vec<BuildTime>,
    /// What it says about its license.
    pub license: License,
    /// What its registry's index lists of it; `Absent` for a package that no registry offers.
    pub releases: Evidence<Vec<Release>>,
    /// What was said of its contents while they were at hand.
    pub judgment: Judgment,
}

/// Judges the contents of a package while they are at hand: the archives of a whole graph do not fit into memory. The number
/// is the package's place among those that are wanted.
pub type Inspect<'a> = dyn Fn(usize, Contents<'_>) -> Judgment + Sync + 'a;

/// What came of proving one package.
pub type Proven = Result<Entrant, Vec<Refusal>>;

/// Why packages could not be proven at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Cargo did not answer.
    #[error(transparent)]
    Cargo(#[from] cargo::Error),
    /// Git did not answer.
    #[error(transparent)]
    Git(#[from] GitError),
    /// A file or directory could not be read, or is not acceptable.
    #[error(transparent)]
    Kernel(#[from] provenance_build::Error),
    /// Cargo does not know a package that the lockfile names.
    #[error("cargo does not know where `{0}` of the lockfile lies")]
    Unplaced(String),
    /// Cargo's configuration names no such registry.
    #[error("cargo's configuration has no registry `{0}`")]
    NoRegistry(String),
    /// What has passed could not be put into cargo's cache.
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl Error {
    fn carried(&self) -> Option<&dyn Explain> {
        match self {
            Self::Cargo(error) => Some(error),
            Self::Git(error) => Some(error),
            Self::Kernel(error) => Some(error),
            Self::Store(error) => Some(error),
            Self::NoRegistry(_) | Self::Unplaced(_) => None,
        }
    }
}

impl Explain for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::NoRegistry(_) => Kind::Usage,
            _ => self.carried().map_or(Kind::Undecided, Explain::kind),
        }
    }

    fn help(&self) -> Vec<String> {
        match self {
            Self::NoRegistry(name) => vec![format!("define `registries.{name}.index` there")],
            Self::Unplaced(_) => {
                vec!["run `cargo metadata --locked` to see what cargo makes of it".to_owned()]
            }
            _ => self.carried().map(Explain::help).unwrap_or_default(),
        }
    }

    fn place(&self) -> Option<(PathBuf, u32)> {
        self.carried().and_then(Explain::place)
    }
}

/// What came of proving several packages.
#[derive(Debug)]
pub struct Entrants {
    /// What came of each, in the order in which they were named.
    pub proven: Vec<Proven>,
    /// Packages that should have been compared with the version before them, and why they were not.
    pub uncompared: Vec<String>,
    arrived: Arrived,
}

/// Scratch homes with what was fetched for earlier proofs; gone when dropped.
#[derive(Debug, Default)]
pub struct Homes(Vec<ScratchHome>);

/// The archives that were fetched for a proof. They lie in scratch homes and are gone with this, unless they are settled.
#[derive(Debug, Default)]
struct Arrived {
    homes: Homes,
    /// By the package's place in the lockfile.
    archives: BTreeMap<usize, Vec<PathBuf>>,
}

/// Proves packages of the lockfile, named by their indices.
pub fn prove(
    situation: &Situation,
    network: Network,
    wanted: &[usize],
    inspect: &Inspect<'_>,
    progress: &dyn Progress,
) -> Result<Entrants, Error> {
    prove_once_more(situation, network, wanted, &[], Homes::default(), inspect, progress)
}

/// Proves packages of the lockfile, after others were. What lies in their `homes` is not fetched again. `before` has the versions
/// that they are compared with, if any, in the same order; what of these cannot be had does not keep anything from being proven.
pub fn prove_once_more(
    situation: &Situation,
    network: Network,
    wanted: &[usize],
    before: &[Option<LockedPackage>],
    homes: Homes,
    inspect: &Inspect<'_>,
    progress: &dyn Progress,
) -> Result<Entrants, Error> {
    cargo::sweep(&situation.cargo_home, situation.clock);
    let publishers = Publishers::of(&situation.configuration, &situation.cargo_home)?;
    let mut gathering = Gathering::new(situation, network, &publishers, progress)?;
    let arrived = gathering.complete(wanted, before, homes)?;
    gathering.checkouts(wanted)?;
    gathering.vendor(wanted)?;
    let metadata = gathering.metadata(wanted)?;
    progress.begin("Proving", wanted.len());
    let numbered = wanted.iter().copied().enumerate().collect::<Vec<_>>();
    let proven = threads::map(&numbered, |&(number, index)| {
        let proven = gathering.prove(index, metadata.as_ref(), &|contents| inspect(number, contents));
        progress.tick();
        proven
    });
    progress.end();
    let uncompared = gathering.uncompared();
    Ok(Entrants { proven: proven.into_iter().collect::<Result<_, _>>()?, uncompared, arrived })
}

/// Lets cargo vendor packages of the lockfile, named by their indices, into a scratch folder. `entrants` are those that were
/// proven before; their archives do not travel twice.
pub fn vendor(
    situation: &Situation,
    wanted: &BTreeSet<usize>,
    entrants: Option<&Entrants>,
    progress: &dyn Progress,
) -> Result<Vendored, Error> {
    let publishers = Publishers::of(&situation.configuration, &situation.cargo_home)?;
    let mut archives = publishers.archives(&situation.lockfile)?;
    for (index, arrived) in entrants.iter().flat_map(|entrants| &entrants.arrived.archives) {
        archives[*index].extend_from_slice(arrived);
    }
    let first = |index: &usize| Some((*index, archives.get(*index)?.first()?.clone()));
    let archives = wanted.iter().filter_map(first).collect();
    progress.status("Vendoring", &plural(wanted.len(), "package"));
    Fetcher { situation, publishers: &publishers, progress }.vendor(wanted, &archives)
}

impl Entrants {
    /// Where the archives lie, for another proof.
    pub fn into_homes(self) -> Homes {
        self.arrived.homes
    }

    /// Puts the archives that were fetched into the user's cache, for those packages of the lockfile that have passed whatever
    /// is asked of them. Cargo unpacks them when it builds.
    pub fn settle(&self, has_passed: impl Fn(usize) -> bool, progress: &dyn Progress) -> Result<(), Error> {
        let Arrived { homes: Homes(homes), archives } = &self.arrived;
        let Some(user) = homes.first().map(ScratchHome::user) else { return Ok(()) };
        let passed =
            archives.iter().filter(|(index, _)| has_passed(**index)).flat_map(|(_, archives)| archives);
        let place = |from| homes.iter().find_map(|home| home.place(from));
        let arrivals = passed.filter_map(|from| Some(Arrival { from: from.clone(), to: place(from)? }));
        let wait = |lock: &Path| {
            progress
                .status("Blocking", &format!("waiting for another cargo that holds `{}`", lock.display()));
        };
        Ok(admit(user, &arrivals.collect::<Vec<_>>(), &wait)?)
    }
}
