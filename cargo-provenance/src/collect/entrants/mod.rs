//! Proves packages that enter: index = lock = `.crate` for a registry's, the commit for a git repository's, the files
//! for a directory's. What is missing is fetched by cargo, once, into a scratch home; it gets into the user's own when
//! whoever asked says so.

mod described;
mod fetching;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use cargo_metadata::Metadata;
use provenance_build::manifest::BuildTime;
use provenance_build::tree::{self, Layout, Tree};
use provenance_build::{Checksum, LockedPackage, Source, TreeDigest, threads};

use self::described::{build_time, declared, described, license};
use self::fetching::{Fetcher, Vendored};
use super::publishers::{Publishers, is_vendored};
use super::records::Contents;
use super::situation::Situation;
use crate::archive::License;
use crate::cargo::{self, ScratchHome};
use crate::git::{Databases, GitError};
use crate::model::{Evidence, Network, Release};
use crate::registry::proof::Verdict;
use crate::registry::{self, Refusal};
use crate::report::failure::{Explain, Kind};
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
            Self::Unplaced(_) => None,
        }
    }
}

impl Explain for Error {
    fn kind(&self) -> Kind {
        self.carried().map_or(Kind::Undecided, Explain::kind)
    }

    fn help(&self) -> Vec<String> {
        match self {
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
    arrived: Arrived,
}

/// The archives that were fetched for a proof. They lie in a scratch home and are gone with this, unless they are settled.
#[derive(Debug, Default)]
struct Arrived {
    home: Option<ScratchHome>,
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
    cargo::sweep(&situation.cargo_home, situation.clock);
    let publishers = Publishers::of(&situation.configuration, &situation.cargo_home)?;
    let mut gathering = Gathering::new(situation, network, &publishers, progress)?;
    let arrived = gathering.complete(wanted)?;
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
    Ok(Entrants { proven: proven.into_iter().collect::<Result<_, _>>()?, arrived })
}

impl Entrants {
    /// Puts the archives that were fetched into the user's cache, for those packages of the lockfile that have passed whatever
    /// is asked of them. Cargo unpacks them when it builds.
    pub fn settle(&self, has_passed: impl Fn(usize) -> bool, progress: &dyn Progress) -> Result<(), Error> {
        let Arrived { home: Some(home), archives } = &self.arrived else { return Ok(()) };
        let passed =
            archives.iter().filter(|(index, _)| has_passed(**index)).flat_map(|(_, archives)| archives);
        let arrivals = passed.filter_map(|from| Some(Arrival { from: from.clone(), to: home.place(from)? }));
        let wait = |lock: &Path| {
            progress
                .status("Blocking", &format!("waiting for another cargo that holds `{}`", lock.display()));
        };
        Ok(admit(home.user(), &arrivals.collect::<Vec<_>>(), &wait)?)
    }
}

struct Gathering<'a> {
    situation: &'a Situation,
    network: Network,
    progress: &'a dyn Progress,
    publishers: &'a Publishers<'a>,
    archives: Vec<Vec<PathBuf>>,
    vendored: Option<Vendored>,
    commits: BTreeMap<String, Result<Tree, Vec<Refusal>>>,
}

impl<'a> Gathering<'a> {
    fn new(
        situation: &'a Situation,
        network: Network,
        publishers: &'a Publishers<'a>,
        progress: &'a dyn Progress,
    ) -> Result<Self, Error> {
        Ok(Self {
            situation,
            network,
            progress,
            publishers,
            archives: publishers.archives(&situation.lockfile)?,
            vendored: None,
            commits: BTreeMap::new(),
        })
    }

    fn package(&self, index: usize) -> &'a LockedPackage {
        &self.situation.lockfile.packages[index]
    }

    fn fetcher(&self) -> Fetcher<'a> {
        Fetcher { situation: self.situation, publishers: self.publishers, progress: self.progress }
    }

    /// Lets cargo fetch what is missing of registry packages.
    fn complete(&mut self, wanted: &[usize]) -> Result<Arrived, Error> {
        let is_missing =
            |index: &usize| self.package(*index).checksum.is_some() && self.archives[*index].is_empty();
        let missing = wanted.iter().copied().filter(is_missing).collect::<BTreeSet<_>>();
        if missing.is_empty() || self.network == Network::Forbidden {
            // Each package that is missing is told of on its own.
            return Ok(Arrived::default());
        }
        let packages = missing.iter().map(|index| self.package(*index)).collect::<Vec<_>>();
        let home = self.fetcher().archives(&packages)?;
        let mut fetched = self.publishers.archives_in(home.path(), &self.situation.lockfile)?;
        let archives = missing.into_iter().map(|index| (index, std::mem::take(&mut fetched[index])));
        let archives = archives.collect::<BTreeMap<_, _>>();
        for (index, archives) in &archives {
            self.archives[*index].clone_from(archives);
        }
        Ok(Arrived { home: Some(home), archives })
    }

    /// Vendors git packages where a directory takes their place.
    fn vendor(&mut self, wanted: &[usize]) -> Result<(), Error> {
        for &index in wanted {
            if let Some(source) = &self.package(index).id.source
                && source.is_git()
                && is_vendored(&self.situation.configuration, source)?
            {
                self.vendored = Some(self.fetcher().vendor()?);
                break;
            }
        }
        Ok(())
    }

    /// Reads the files of every commit that is wanted, each commit once.
    fn checkouts(&mut self, wanted: &[usize]) -> Result<(), Error> {
        let commits = wanted
            .iter()
            .filter_map(|index| self.package(*index).id.source.as_ref()?.commit())
            .collect::<BTreeSet<_>>();
        let mut fetched = self.network == Network::Forbidden;
        for commit in commits {
            self.progress.status("Reading", &format!("commit {commit}"));
            let mut tree = Databases::of(&self.situation.cargo_home)?.commit_tree(commit);
            if matches!(tree, Err(GitError::Incomplete { .. })) && !fetched {
                let packages = wanted.iter().map(|index| self.package(*index)).collect::<Vec<_>>();
                self.fetcher().repositories(&packages)?;
                fetched = true;
                tree = Databases::of(&self.situation.cargo_home)?.commit_tree(commit);
            }
            let tree = match tree {
                Ok(tree) => Ok(tree),
                Err(error @ GitError::Incomplete { .. }) => Err(vec![Refusal {
                    check: "archive-missing",
                    verdict: Verdict::Undecided,
                    what: error.to_string(),
                    help: Explain::help(&error).join("; "),
                }]),
                Err(error @ GitError::Unacceptable { .. }) => Err(vec![Refusal {
                    check: "archive-path",
                    verdict: Verdict::Refused,
                    what: error.to_string(),
                    help: Explain::help(&error).join("; "),
                }]),
                Err(error) => return Err(error.into()),
            };
            self.commits.insert(commit.to_owned(), tree);
        }
        Ok(())
    }

    /// What cargo knows of git packages: where in its repository each lies is for cargo to find.
    fn metadata(&self, wanted: &[usize]) -> Result<Option<Metadata>, Error> {
        let is_git = |index: &usize| self.package(*index).id.source.as_ref().is_some_and(Source::is_git);
        if !wanted.iter().any(is_git) {
            return Ok(None);
        }
        Ok(Some(self.fetcher().metadata()?))
    }

    fn prove(
        &self,
        index: usize,
        metadata: Option<&Metadata>,
        inspect: &dyn Fn(Contents<'_>) -> Judgment,
    ) -> Result<Proven, Error> {
        let package = self.package(index);
        match &package.id.source {
            Some(source) if source.is_git() => self.git(package, source, metadata, inspect),
            Some(source) => self.published(package, source, &self.archives[index], inspect),
            None => self.path(package, inspect),
        }
    }

    fn published(
        &self,
        package: &LockedPackage,
        source: &Source,
        archives: &[PathBuf],
        inspect: &dyn Fn(Contents<'_>) -> Judgment,
    ) -> Result<Proven, Error> {
        let entries = self.publishers.entries(source, package)?;
        Ok(registry::prove(package, archives, &entries).map(|proof| Entrant {
            path: None,
            checksum: Some(proof.checksum),
            tree: proof.tree,
            vendor_tree: proof.vendor_tree,
            build_time: proof.build_time,
            judgment: inspect(Contents { archive: Some(&proof.contents), license: &proof.license }),
            license: proof.license,
            releases: entries.map(|entries| entries.versions),
        }))
    }

    fn git(
        &self,
        package: &LockedPackage,
        source: &Source,
        metadata: Option<&Metadata>,
        inspect: &dyn Fn(Contents<'_>) -> Judgment,
    ) -> Result<Proven, Error> {
        let tree = match source.commit().and_then(|commit| self.commits.get(commit)) {
            Some(Ok(tree)) => tree,
            Some(Err(refusals)) => return Ok(Err(refusals.clone())),
            None => return Err(Error::Unplaced(package.id.to_string())),
        };
        let digest = tree.digest();
        let vendor_tree = match &self.vendored {
            Some(vendored) if is_vendored(&self.situation.configuration, source)? => {
                match self.vendored_tree(vendored, package, source, digest)? {
                    Ok(tree) => Some(tree),
                    Err(refusal) => return Ok(Err(vec![refusal])),
                }
            }
            _ => None,
        };
        let described = described(metadata, package)?;
        let license = license(described);
        Ok(Ok(Entrant {
            path: None,
            checksum: None,
            tree: digest,
            vendor_tree,
            build_time: build_time(described),
            judgment: inspect(Contents { archive: None, license: &license }),
            license,
            releases: Evidence::Absent,
        }))
    }

    /// Digest of what cargo's own vendoring made of a git package. It copies from the checkout, which therefore must be
    /// the commit.
    fn vendored_tree(
        &self,
        vendored: &Vendored,
        package: &LockedPackage,
        source: &Source,
        commit: TreeDigest,
    ) -> Result<Result<TreeDigest, Refusal>, Error> {
        let refused = |what: String, help: &str| Refusal {
            check: "checksum-changed",
            verdict: Verdict::Refused,
            what,
            help: help.to_owned(),
        };
        for directory in self.publishers.checkouts(package)? {
            let found = tree::read(&directory, Layout::Checkout)?.map(|tree| tree.digest());
            if found != Ok(commit) {
                let what = format!("its checkout `{}` is not commit `{source}`", directory.display());
                return Ok(Err(refused(what, "remove the checkout; cargo makes it anew")));
            }
        }
        let directory = vendored.directory().join(package.id.file_stem());
        Ok(tree::read(&directory, Layout::Directory)?.map(|tree| tree.digest()).map_err(|odd| {
            refused(format!("it cannot be vendored: `{}` {}", odd.path, odd.what), "use a commit without it")
        }))
    }

    fn path(
        &self,
        package: &LockedPackage,
        inspect: &dyn Fn(Contents<'_>) -> Judgment,
    ) -> Result<Proven, Error> {
        let unplaced = || Error::Unplaced(package.id.to_string());
        let directory = self.situation.directory(package).ok_or_else(unplaced)?;
        let path = self.situation.relative(directory).ok_or_else(unplaced)?;
        let file = directory.join("Cargo.toml");
        let document = cargo::read_manifest(&file)?;
        let packages = &self.situation.workspace.path_packages;
        let workspace =
            packages.iter().find(|it| it.directory == directory).and_then(|it| it.workspace.as_ref());
        let workspace = workspace.map(|manifest| cargo::read_manifest(manifest)).transpose()?;
        let (build_time, license) = declared(&document, workspace.as_ref(), directory);
        Ok(tree::read(directory, Layout::Path)?
            .map(|tree| Entrant {
                path: Some(path.clone()),
                checksum: None,
                tree: tree.digest(),
                vendor_tree: None,
                build_time,
                judgment: inspect(Contents { archive: None, license: &license }),
                license,
                releases: Evidence::Absent,
            })
            .map_err(|odd| {
                vec![Refusal {
                    check: "archive-path",
                    verdict: Verdict::Refused,
                    what: format!("`{}` in `{path}` {}", odd.path, odd.what),
                    help: "remove it, or list the directory in `own` if it is the team's own".to_owned(),
                }]
            }))
    }
}
