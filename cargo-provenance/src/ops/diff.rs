//! `diff`: shows how sources differ, risky files first: those on disk from what was pinned, or one published version from
//! another.

mod between;
mod comparison;
mod content;
mod drifted;
mod loose;
mod manifest;
mod reading;
mod risk;

use provenance_build::{PackageName, Version};

pub(super) use self::between::absent;
pub(super) use self::comparison::FILE_LINES;
use self::content::Content;
pub(super) use self::reading::{Reading, reading};
use self::risk::{Roles, Seen};
use crate::archive::Archive;
use crate::model::Surroundings;
use crate::policy::Glob;
use crate::report::failure::Failure;
use crate::report::files::{Risk, Shown};
use crate::report::progress::Progress;
use crate::report::{Files, Report};

/// What `diff` is asked to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// What is compared.
    pub subject: Subject,
    /// What is shown.
    pub view: View,
}

/// What is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// What was pinned with what lies on disk: of this package, or of all that drifted.
    Drifted(Option<PackageSpec>),
    /// Two published versions.
    Published {
        /// The package.
        name: PackageName,
        /// The older version.
        from: Version,
        /// The newer version; `None` for the one that is pinned, or else the newest that was not yanked.
        to: Option<Version>,
        /// `--registry`: where they come from, if not from crates.io.
        registry: Option<String>,
    },
}

/// `NAME` or `NAME@VERSION`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackageSpec {
    /// The name.
    pub name: PackageName,
    /// The version; `None` for every version.
    pub version: Option<Version>,
}

/// What is shown of a comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// What is shown of each file.
    pub shown: Shown,
    /// Lines around those that differ.
    pub context: usize,
    /// Files and folders, or patterns of paths; empty for everything.
    pub paths: Vec<String>,
}

impl Default for Subject {
    fn default() -> Self {
        Self::Drifted(None)
    }
}

impl Default for View {
    fn default() -> Self {
        Self { shown: Shown::Patch, context: 3, paths: vec![] }
    }
}

impl View {
    /// Whether a file is wanted.
    fn wants(&self, path: &str) -> bool {
        self.paths.is_empty() || self.names(path)
    }

    /// Whether a file was asked for.
    fn names(&self, path: &str) -> bool {
        self.paths.iter().any(|wanted| {
            let wanted = wanted.trim_start_matches("./").trim_end_matches('/');
            let below =
                path.strip_prefix(wanted).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
            below || Glob::parse(wanted).is_some_and(|glob| glob.matches(path))
        })
    }
}

/// Tells what each file of a package could do. `manifest` is the package's.
pub(super) fn risks(manifest: Option<&[u8]>) -> impl Fn(&str, &[u8]) -> Risk + use<> {
    let mut roles = Roles::default();
    roles.add(manifest);
    move |path, bytes| {
        let seen = Seen { bytes, content: Content::of(path, bytes), executable: false };
        risk::of(path, &roles, None, Some(seen)).0
    }
}

/// What changed from one archive to another: how much of each file, and what it could do.
pub(super) fn changes(old: &Archive, new: &Archive) -> Files {
    let mut roles = Roles::default();
    [old, new].into_iter().for_each(|archive| roles.add(archive.file("Cargo.toml")));
    let view = View { shown: Shown::Stat, ..View::default() };
    comparison::compare(between::pairs(Some(old), new), &roles, ("", ""), &view)
}

/// Runs the use case.
///
/// # Errors
///
/// A workspace that cannot be read; a package or a version that is not there; a cargo or git that fails.
pub fn run(
    surroundings: &Surroundings,
    options: &Options,
    progress: &dyn Progress,
) -> Result<Report, Failure> {
    match &options.subject {
        Subject::Drifted(package) => drifted::run(surroundings, package.as_ref(), &options.view, progress),
        Subject::Published { name, from, to, registry } => {
            let asked =
                between::Asked { name, from: Some(from), to: to.as_ref(), registry: registry.as_deref() };
            between::run(surroundings, &asked, &options.view, progress)
        }
    }
}
