//! Everything that the proofs of several packages need, gathered once: archives, commits, vendored forms.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use cargo_metadata::Metadata;
use provenance_build::manifest::BuildTime;
use provenance_build::tree::{self, Layout, Tree};
use provenance_build::{LockedPackage, Lockfile, Source, TreeDigest};

use super::described::{build_time, declared, described, folder, license, strayed, strays};
use super::fetching::{Fetcher, Vendored};
use super::files::{self, Held, Roots};
use super::{Arrived, Entrant, Error, Homes, Proven};
use crate::archive;
use crate::cargo::{self, ScratchHome};
use crate::collect::publishers::{Publishers, is_vendored};
use crate::collect::records::{Before, Contents};
use crate::collect::situation::Situation;
use crate::git::{Databases, Export, GitError};
use crate::index::Entries;
use crate::model::{Evidence, Network};
use crate::registry::proof::Verdict;
use crate::registry::{self, Refusal};
use crate::report::failure::Explain;
use crate::report::progress::Progress;
use crate::survey::{Sources, Survey};
use crate::vet::Judgment;

/// Collects what the packages' proofs need.
pub(super) struct Gathering<'a> {
    situation: &'a Situation,
    network: Network,
    progress: &'a dyn Progress,
    publishers: &'a Publishers<'a>,
    archives: Vec<Vec<PathBuf>>,
    vendored: Option<Vendored>,
    commits: BTreeMap<String, Result<Export, Vec<Refusal>>>,
    before: BTreeMap<usize, Earlier>,
    /// Why comparisons were not made.
    faults: Mutex<BTreeSet<String>>,
}

/// A version that a package is compared with, and its archives.
struct Earlier {
    package: LockedPackage,
    archives: Vec<PathBuf>,
}

impl<'a> Gathering<'a> {
    pub(super) fn new(
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
            before: BTreeMap::new(),
            faults: Mutex::default(),
        })
    }

    fn package(&self, index: usize) -> &'a LockedPackage {
        &self.situation.lockfile.packages[index]
    }

    fn fetcher(&self) -> Fetcher<'a> {
        Fetcher { situation: self.situation, publishers: self.publishers, progress: self.progress }
    }

    /// Lets cargo fetch what is missing of registry packages, and lies in none of `homes` either, in as few runs as can be: one
    /// graph cannot have two versions of the same semver line.
    pub(super) fn complete(
        &mut self,
        wanted: &[usize],
        before: &[Option<LockedPackage>],
        mut homes: Homes,
    ) -> Result<Arrived, Error> {
        let mut archives = BTreeMap::new();
        let earlier =
            wanted.iter().zip(before).filter_map(|(index, package)| Some((*index, package.clone()?)));
        self.before =
            earlier.map(|(index, package)| (index, Earlier { package, archives: vec![] })).collect();
        let cargo_home = self.situation.cargo_home.clone();
        self.find_before(&cargo_home)?;
        for home in &homes.0 {
            self.find(home, &self.missing(wanted), &mut archives)?;
            self.find_before(home.path())?;
        }
        let missing = self.missing(wanted);
        // Where the network may not be used, each package that is missing is told of on its own.
        if self.network == Network::Allowed {
            let needed = missing.iter().map(|index| self.package(*index)).collect::<Vec<_>>();
            let before = self.before.values().filter(|earlier| earlier.archives.is_empty());
            let before = before.map(|earlier| earlier.package.clone()).collect::<Vec<_>>();
            let all = needed.iter().copied().chain(&before).collect::<Vec<_>>();
            let home = match all.is_empty() {
                true => None,
                false => match self.fetcher().archives(&all) {
                    // What is only compared with may be gone; what is not compared is told of.
                    Err(_) if needed.is_empty() => None,
                    Err(_) if !before.is_empty() => Some(self.fetcher().archives(&needed)?),
                    home => Some(home?),
                },
            };
            if let Some(home) = home {
                self.find(&home, &missing, &mut archives)?;
                self.find_before(home.path())?;
                homes.0.push(home);
            }
        }
        Ok(Arrived { homes, archives })
    }

    /// Finds the archives of the versions that packages are compared with.
    fn find_before(&mut self, cargo_home: &Path) -> Result<(), Error> {
        let missing =
            self.before.values_mut().filter(|earlier| earlier.archives.is_empty()).collect::<Vec<_>>();
        let packages = missing.iter().map(|earlier| earlier.package.clone()).collect();
        let found = self.publishers.archives_in(cargo_home, &Lockfile { version: 4, packages })?;
        for (earlier, archives) in missing.into_iter().zip(found) {
            earlier.archives = archives;
        }
        Ok(())
    }

    /// The version that a package is compared with. It is only looked at: what is wrong with it is no fault of the package.
    fn before(&self, index: usize, entries: &Evidence<Entries>) -> Evidence<Before> {
        let Some(Earlier { package, archives }) = self.before.get(&index) else { return Evidence::Absent };
        match registry::prove(package, archives, entries) {
            Ok(proof) => Evidence::Known(Before {
                version: package.id.version.clone(),
                survey: Survey::of(&Sources::of_archive(&proof.contents)),
            }),
            Err(refusals) => {
                let why = refusals.into_iter().map(|refusal| refusal.what).collect::<Vec<_>>().join("; ");
                let id = self.package(index).id.short();
                let why = format!("of `{}`, which it is compared with: {why}", package.id.short());
                let mut faults = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
                faults.insert(format!("what is new in {id}: {why}"));
                Evidence::Unavailable(why)
            }
        }
    }

    /// Why comparisons were not made.
    pub(super) fn uncompared(&self) -> Vec<String> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    fn missing(&self, wanted: &[usize]) -> Vec<usize> {
        let is_missing =
            |index: &usize| self.package(*index).checksum.is_some() && self.archives[*index].is_empty();
        wanted.iter().copied().filter(is_missing).collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// Finds the archives of packages in a scratch home.
    fn find(
        &mut self,
        home: &ScratchHome,
        missing: &[usize],
        archives: &mut BTreeMap<usize, Vec<PathBuf>>,
    ) -> Result<(), Error> {
        let mut fetched = self.publishers.archives_in(home.path(), &self.situation.lockfile)?;
        for index in missing {
            let found = std::mem::take(&mut fetched[*index]);
            if !found.is_empty() {
                self.archives[*index].clone_from(&found);
                archives.insert(*index, found);
            }
        }
        Ok(())
    }

    /// Vendors git packages where a directory takes their place.
    pub(super) fn vendor(&mut self, wanted: &[usize]) -> Result<(), Error> {
        let mut vendored = BTreeSet::new();
        for &index in wanted {
            if let Some(source) = &self.package(index).id.source
                && source.is_git()
                && is_vendored(&self.situation.configuration, source)?
            {
                vendored.insert(index);
            }
        }
        if !vendored.is_empty() {
            self.vendored = Some(self.fetcher().vendor(&vendored, &BTreeMap::new())?);
        }
        Ok(())
    }

    /// Reads the files of every commit that is wanted, each commit once.
    pub(super) fn checkouts(&mut self, wanted: &[usize]) -> Result<(), Error> {
        let commits = wanted
            .iter()
            .filter_map(|index| self.package(*index).id.source.as_ref()?.commit())
            .collect::<BTreeSet<_>>();
        let mut fetched = self.network == Network::Forbidden;
        for commit in commits {
            self.progress.status("Reading", &format!("commit {commit}"));
            let mut tree = Databases::of(&self.situation.cargo_home)?.export(commit);
            if matches!(tree, Err(GitError::Incomplete { .. })) && !fetched {
                let packages = wanted.iter().map(|index| self.package(*index)).collect::<Vec<_>>();
                self.fetcher().repositories(&packages)?;
                fetched = true;
                tree = Databases::of(&self.situation.cargo_home)?.export(commit);
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
    pub(super) fn metadata(&self, wanted: &[usize]) -> Result<Option<Metadata>, Error> {
        let is_git = |index: &usize| self.package(*index).id.source.as_ref().is_some_and(Source::is_git);
        if !wanted.iter().any(is_git) {
            return Ok(None);
        }
        Ok(Some(self.fetcher().metadata()?))
    }

    pub(super) fn prove(
        &self,
        index: usize,
        metadata: Option<&Metadata>,
        inspect: &dyn Fn(Contents<'_>) -> Judgment,
    ) -> Result<Proven, Error> {
        let package = self.package(index);
        match &package.id.source {
            Some(source) if source.is_git() => self.git(package, source, metadata, inspect),
            Some(source) => self.published(index, package, source, &self.archives[index], inspect),
            None => self.path(package, inspect),
        }
    }

    fn published(
        &self,
        index: usize,
        package: &LockedPackage,
        source: &Source,
        archives: &[PathBuf],
        inspect: &dyn Fn(Contents<'_>) -> Judgment,
    ) -> Result<Proven, Error> {
        let entries = self.publishers.entries(source, &package.id.name)?;
        let previous = self.before(index, &entries);
        Ok(registry::prove(package, archives, &entries).map(|proof| Entrant {
            path: None,
            checksum: Some(proof.checksum),
            tree: proof.tree,
            vendor_tree: proof.vendor_tree,
            build_time: proof.build_time,
            judgment: inspect(Contents {
                archive: Some(&proof.contents),
                sources: &Evidence::Known(Sources::of_archive(&proof.contents)),
                previous: &previous,
                license: &proof.license,
            }),
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
        let export = match source.commit().and_then(|commit| self.commits.get(commit)) {
            Some(Ok(export)) => export,
            Some(Err(refusals)) => return Ok(Err(refusals.clone())),
            None => return Err(Error::Unplaced(package.id.to_string())),
        };
        let digest = export.tree().digest();
        let vendored = match &self.vendored {
            Some(vendored) if is_vendored(&self.situation.configuration, source)? => {
                match self.vendored_tree(vendored, package, source, digest)? {
                    Ok(tree) => Some((vendored.package(&package.id), tree)),
                    Err(refusal) => return Ok(Err(vec![refusal])),
                }
            }
            _ => None,
        };
        let described = described(metadata, package)?;
        let license = license(described);
        let outside = strays(described, source);
        if !outside.is_empty() {
            return Ok(Err(strayed(&outside)));
        }
        let roots = Roots::described(described);
        // What cargo builds of a vendored package is what vendoring left of it.
        let held = match &vendored {
            Some((directory, tree)) => files::read(directory, tree, "", roots),
            None => folder(described, source, export.tree())
                .and_then(|folder| files::read(&export.directory(), export.tree(), &folder, roots)),
        };
        Ok(Ok(Entrant {
            path: None,
            checksum: None,
            tree: digest,
            vendor_tree: vendored.map(|(_, tree)| tree.digest()),
            build_time: build_time(described),
            judgment: inspect(Contents {
                archive: None,
                sources: &evidence(&held),
                previous: &Evidence::Absent,
                license: &license,
            }),
            license,
            releases: Evidence::Absent,
        }))
    }

    /// What cargo's own vendoring made of a git package. It copies from the checkout, which therefore must be
    /// the commit.
    fn vendored_tree(
        &self,
        vendored: &Vendored,
        package: &LockedPackage,
        source: &Source,
        commit: TreeDigest,
    ) -> Result<Result<Tree, Refusal>, Error> {
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
        let directory = vendored.package(&package.id);
        Ok(tree::read(&directory, Layout::Directory)?.map_err(|odd| {
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
        // `target` is not hashed: builds write to it.
        let outside = archive::strays(&document, &["target"]);
        if !outside.is_empty() {
            return Ok(Err(strayed(&outside)));
        }
        let packages = &self.situation.workspace.path_packages;
        let workspace =
            packages.iter().find(|it| it.directory == directory).and_then(|it| it.workspace.as_ref());
        let workspace = workspace.map(|manifest| cargo::read_manifest(manifest)).transpose()?;
        let (build_time, license) = declared(&document, workspace.as_ref(), directory);
        let roots = Roots::declared(&document, directory, build_time.contains(&BuildTime::ProcMacro));
        Ok(tree::read(directory, Layout::Path)?
            .map(|tree| {
                let held = files::read(directory, &tree, "", roots);
                Entrant {
                    path: Some(path.clone()),
                    checksum: None,
                    tree: tree.digest(),
                    vendor_tree: None,
                    build_time,
                    judgment: inspect(Contents {
                        archive: None,
                        sources: &evidence(&held),
                        previous: &Evidence::Absent,
                        license: &license,
                    }),
                    license,
                    releases: Evidence::Absent,
                }
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

fn evidence(held: &Result<Held, String>) -> Evidence<Sources<'_>> {
    match held {
        Ok(held) => Evidence::Known(held.sources()),
        Err(why) => Evidence::Unavailable(why.clone()),
    }
}
