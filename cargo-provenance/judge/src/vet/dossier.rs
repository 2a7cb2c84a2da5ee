//! Everything that is known of one package version when it is judged.

use provenance_build::{PackageId, PackageName, Source, Version};

use super::check::Observation;
use super::reviews::{Demand, Known};
use crate::advisory::Hits;
use crate::archive::{Archive, License};
use crate::model::{Evidence, Release};
use crate::policy::Level;
use crate::survey::Survey;

/// What is known of a package. What could not be looked up says why, and is never a pass.
#[derive(Clone, Debug)]
pub struct Dossier<'a> {
    /// Name, version and source.
    pub id: &'a PackageId,
    /// Its bytes, as far as they are known: the archive's digest stands in the lockfile, the tree's in the pin or in the proof.
    pub bytes: Known,
    /// How it comes in, which decides what a person can do about a finding.
    pub way: Way,
    /// Whether a first-party package depends on it directly.
    pub direct: bool,
    /// Which versions of it the members of the workspace ask for.
    pub asked: &'a [Asked],
    /// The version of the same package that it takes the place of.
    pub replaces: Option<&'a Version>,
    /// Whether its pin says that its contents were judged when the name of its publisher was taken for it. Only for who
    /// judges kept pins: what judges the contents needs no memory.
    pub is_vouched: bool,
    /// A source that the same version was pinned from before.
    pub pinned_from: Option<&'a Source>,
    /// Every release that its registry's index lists. `Absent` for a package that no registry offers.
    pub history: Evidence<&'a [Release]>,
    /// What the index says of this version. `Absent` where it lists others but not this one.
    pub release: Evidence<&'a Release>,
    /// Who vouches for it by its pin, where nobody looks at its contents again. `None` where somebody does.
    pub on_record: Option<&'a [String]>,
    /// Its archive. `Absent` for a package that has none.
    pub archive: Evidence<&'a Archive>,
    /// What its files hold.
    pub survey: Evidence<&'a Survey>,
    /// What the files of the version before it hold. `Absent` where there is none to compare with.
    pub previous: Evidence<Previous<'a>>,
    /// What it says about its license.
    pub license: Evidence<&'a License>,
    /// What came of proving and reading it.
    pub faults: &'a [Fault],
    /// What the advisory databases say; the engine looks them up.
    pub hits: Evidence<Hits>,
    /// The advisories that concern the version which it replaces, and not this one.
    pub mends: &'a [String],
    /// When the packages were first published that this version cannot do without and the one before it could, as far as
    /// they were found. `None` where nobody looked, which is so for versions that were not resolved.
    pub births: Option<&'a [Birth]>,
    /// Which reviews are required of it. `Absent` where nobody looked at what needs it: then the most that could be.
    pub demand: Evidence<&'a Demand>,
    /// Whether it comes in with a change that is judged, although a pin names it.
    pub comes_anew: bool,
    /// The other versions of the same package in the lockfile.
    pub twins: &'a [Version],
    /// The other registries in use that list a package of this name with other bytes.
    pub elsewhere: &'a [String],
}

/// When a package was first published. `Absent` where no registry offers it, or says when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Birth {
    /// The package.
    pub name: PackageName,
    /// When, in seconds since the Unix epoch.
    pub at: Evidence<u64>,
}

/// The version that a package is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Previous<'a> {
    /// Which one.
    pub version: &'a Version,
    /// What its files hold.
    pub survey: &'a Survey,
}

/// Something that proving or reading a package came upon, under the id of its check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The check's id.
    pub check: &'static str,
    /// What was seen: a printable lowercase fragment.
    pub what: String,
    /// What to do next.
    pub help: Option<String>,
    /// Whether it only deserves a look.
    pub remark: bool,
}

/// What a member of the workspace asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The member.
    pub by: String,
    /// The versions that will do.
    pub versions: semver::VersionReq,
}

/// How a package comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// It is pinned already, with these bytes.
    Kept,
    /// It stands in `Cargo.lock` already: `pin` meets it there.
    Locked,
    /// The user named it.
    Named,
    /// Another package pulls it in.
    Pulled,
}

impl<'a> Dossier<'a> {
    /// A dossier of which nothing is known but the name.
    pub fn new(id: &'a PackageId, way: Way) -> Self {
        let unknown = || "it was not looked up".to_owned();
        Self {
            id,
            bytes: Known::default(),
            way,
            direct: false,
            asked: &[],
            replaces: None,
            is_vouched: false,
            pinned_from: None,
            history: Evidence::Unavailable(unknown()),
            release: Evidence::Unavailable(unknown()),
            on_record: None,
            archive: Evidence::Unavailable(unknown()),
            survey: Evidence::Unavailable(unknown()),
            previous: Evidence::Absent,
            license: Evidence::Unavailable(unknown()),
            faults: &[],
            hits: Evidence::Unavailable(unknown()),
            mends: &[],
            births: None,
            demand: Evidence::Absent,
            comes_anew: false,
            twins: &[],
            elsewhere: &[],
        }
    }

    /// What proving and reading it came upon, under the id of a check.
    pub fn faults_of(&self, check: &str) -> Vec<Observation> {
        let faults = self.faults.iter().filter(|fault| fault.check == check);
        faults
            .map(|fault| {
                let seen = Observation::new(format!("`{}`: {}", self.id.short(), fault.what));
                let seen = fault.help.iter().fold(seen, |seen, help| seen.help(help));
                if fault.remark { seen.at(Level::Note) } else { seen }
            })
            .collect()
    }

    /// The advisories that it mends, for messages.
    pub fn mends(&self) -> &'a [String] {
        self.mends
    }

    /// What the index says of this version, for checks that need it.
    pub fn listed(&self) -> Option<&'a Release> {
        self.release.known().copied()
    }

    /// Every release, for checks that need them.
    pub fn releases(&self) -> &'a [Release] {
        self.history.known().copied().unwrap_or_default()
    }
}
