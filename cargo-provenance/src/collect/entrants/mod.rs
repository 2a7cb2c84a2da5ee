//! Proves packages that enter: index = lock = `.crate` for a registry's, the commit for a git repository's, the files
//! for a directory's. What is missing is fetched by cargo, once.

mod described;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use cargo_metadata::Metadata;
use provenance_build::manifest::BuildTime;
use provenance_build::tree::{self, Layout, Tree};
use provenance_build::{Checksum, LockedPackage, Source, TreeDigest, threads};

use self::described::{build_time, declared, described, license};
use super::publishers::{Publishers, is_vendored};
use super::records::Contents;
use super::situation::Situation;
use crate::archive::License;
use crate::cargo::{self, Extent, Lock};
use crate::git::{Databases, GitError};
use crate::model::{Evidence, Network, Release};
use crate::registry::proof::Verdict;
use crate::registry::{self, Refusal};
use crate::report::failure::{Explain, Kind};
use crate::report::progress::Progress;
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
    /// No scratch directory could be made.
    #[error("could not make a scratch directory")]
    Scratch(#[source] std::io::Error),
}

impl Error {
    fn carried(&self) -> Option<&dyn Explain> {
        match self {
            Self::Cargo(error) => Some(error),
            Self::Git(error) => Some(error),
            Self::Kernel(error) => Some(error),
            Self::Scratch(_) | Self::Unplaced(_) => None,
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

/// Proves packages of the lockfile, named by their indices. The answers come in the same order.
pub fn prove(
    situation: &Situation,
    network: Network,
    wanted: &[usize],
    inspect: &Inspect<'_>,
    progress: &dyn Progress,
) -> Result<Vec<Proven>, Error> {
    let mut gathering = Gathering::new(situation, network, progress)?;
    gathering.complete(wanted)?;
    gathering.checkouts(wanted)?;
    let metadata = gathering.metadata(wanted)?;
    progress.begin("Proving", wanted.len());
    let numbered = wanted.iter().copied().enumerate().collect::<Vec<_>>();
    let proven = threads::map(&numbered, |&(number, index)| {
        let proven = gathering.prove(index, metadata.as_ref(), &|contents| inspect(number, contents));
        progress.tick();
        proven
    });
    progress.end();
    proven.into_iter().collect()
}

struct Gathering<'a> {
    situation: &'a Situation,
    network: Network,
    progress: &'a dyn Progress,
    publishers: Publishers<'a>,
    archives: Vec<Vec<PathBuf>>,
    fetched: bool,
    vendored: Option<tempfile::TempDir>,
    commits: BTreeMap<String, Result<Tree, Vec<Refusal>>>,
}

impl<'a> Gathering<'a> {
    fn new(situation: &'a Situation, network: Network, progress: &'a dyn Progress) -> Result<Self, Error> {
        let publishers = Publishers::of(&situation.configuration, &situation.cargo_home)?;
        Ok(Self {
            situation,
            network,
            progress,
            archives: publishers.archives(&situation.lockfile)?,
            publishers,
            fetched: false,
            vendored: None,
            commits: BTreeMap::new(),
        })
    }

    fn package(&self, index: usize) -> &'a LockedPackage {
        &self.situation.lockfile.packages[index]
    }

    /// Lets cargo fetch what is missing of registry packages, and vendor git packages where a directory takes their place.
    fn complete(&mut self, wanted: &[usize]) -> Result<(), Error> {
        let is_missing =
            |index: &usize| self.package(*index).checksum.is_some() && self.archives[*index].is_empty();
        if wanted.iter().any(is_missing) {
            self.fetch(wanted)?;
        }
        for &index in wanted {
            if self.needs_vendoring(index)? && self.vendored.is_none() {
                self.vendor()?;
            }
        }
        Ok(())
    }

    fn needs_vendoring(&self, index: usize) -> Result<bool, Error> {
        match &self.package(index).id.source {
            Some(source) if source.is_git() => Ok(is_vendored(&self.situation.configuration, source)?),
            _ => Ok(false),
        }
    }

    fn fetch(&mut self, wanted: &[usize]) -> Result<(), Error> {
        self.fetched = true;
        if self.network == Network::Forbidden {
            // Each package that is missing is told of on its own.
            return Ok(());
        }
        let configuration = &self.situation.configuration;
        let mut replaced = false;
        for source in wanted.iter().filter_map(|index| self.package(*index).id.source.as_ref()) {
            replaced |= is_vendored(configuration, source)?;
        }
        if replaced {
            // Cargo fetches nothing where a directory takes the registry's place; vendoring asks the registry itself.
            self.vendor()?;
        } else {
            self.situation.cargo.fetch(&self.situation.manifest, Lock::Keep, self.progress)?;
        }
        self.archives = self.publishers.archives(&self.situation.lockfile)?;
        Ok(())
    }

    /// Lets cargo vendor into a scratch directory. It runs outside the repository, so that the directory that stands in
    /// for the registries there does not count, and a mirror that the user configured does.
    fn vendor(&mut self) -> Result<(), Error> {
        let scratch = tempfile::tempdir().map_err(Error::Scratch)?;
        let target = scratch.path().join("vendor");
        let outside = self.situation.cargo_home.ancestors().find(|directory| directory.is_dir());
        let registries = self.situation.configuration.views.iter().flat_map(|view| &view.registries);
        let registries = registries.map(|(name, index)| {
            let name = toml_edit::Key::new(name.as_str());
            format!("registries.{}.index={}", name.display_repr(), toml_edit::Value::from(index.as_str()))
                .into()
        });
        let cargo = self.situation.cargo.with_config(&registries.collect::<Vec<OsString>>());
        let cargo = cargo.within(outside.unwrap_or(scratch.path()));
        cargo.vendor(&self.situation.manifest, &target, self.progress)?;
        self.vendored = Some(scratch);
        Ok(())
    }

    /// Reads the files of every commit that is wanted, each commit once.
    fn checkouts(&mut self, wanted: &[usize]) -> Result<(), Error> {
        let commits = wanted
            .iter()
            .filter_map(|index| self.package(*index).id.source.as_ref()?.commit())
            .collect::<BTreeSet<_>>();
        for commit in commits {
            self.progress.status("Reading", &format!("commit {commit}"));
            let mut tree = Databases::of(&self.situation.cargo_home)?.commit_tree(commit);
            if matches!(tree, Err(GitError::Incomplete { .. })) && !self.fetched {
                self.fetch(wanted)?;
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
        Ok(Some(self.situation.cargo.metadata(Some(&self.situation.manifest), Extent::Graph, Lock::Keep)?))
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
            Some(scratch) if is_vendored(&self.situation.configuration, source)? => {
                match self.vendored_tree(scratch.path(), package, source, digest)? {
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
        scratch: &Path,
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
        let directory = scratch.join("vendor").join(package.id.file_stem());
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
        let (build_time, license) = declared(&document, directory);
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
