//! What a compiled file says about itself: the list of packages that cargo-auditable's format puts into it (`.dep-v0`), and
//! the pins that this project's helper adds (`.provenance-v1`).
//!
//! Whoever can write the file can write its sections: what they hold is a claim, and every byte of it hostile.

mod inflate;
mod limits;
mod list;
mod pins;
mod sections;

use std::collections::BTreeSet;

use provenance_build::manifest::Origin;
use provenance_build::{Checksum, PackageName, TreeDigest, Version};

pub use sections::Format;

/// The section of cargo-auditable's list, in every format.
pub const LIST: &str = ".dep-v0";

/// The section of the pins, but in Windows programs, whose section names have eight bytes.
pub const PINS: &str = ".provenance-v1";

/// The section of the pins in Windows programs.
pub const PINS_PE: &str = ".prov-v1";

/// What a file carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Embedded {
    /// What kind of file it is.
    pub format: Format,
    /// The packages that it was built from. No cycles, no index out of range, at most one root, no package twice.
    pub packages: Vec<EmbeddedPackage>,
    /// What this project's helper added; every package of it is in `packages`.
    pub provenance: Option<ProvenanceSection>,
}

/// A package of the list.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EmbeddedPackage {
    /// Its name.
    pub name: PackageName,
    /// Its version.
    pub version: Version,
    /// Where it comes from, as far as the list says.
    pub source: EmbeddedSource,
    /// Whether its code can be in the file.
    pub kind: EmbeddedKind,
    /// Positions in the list; sorted, none twice.
    pub dependencies: Vec<usize>,
    /// Whether it is the package that the file was built for.
    pub root: bool,
}

/// Where a package of the list comes from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EmbeddedSource {
    /// The public registry.
    CratesIo,
    /// A git repository.
    Git,
    /// A directory.
    Local,
    /// Another word: printable ASCII.
    Other(String),
    /// Another registry.
    Registry,
}

/// Whether a package's code can be in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EmbeddedKind {
    /// It ran while the file was built.
    Build,
    /// It can be in the file.
    Runtime,
}

/// `.provenance-v1`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvenanceSection {
    /// SHA-256 of the bytes of `Provenance.lock`.
    pub manifest: Checksum,
    /// The keys whose signatures over it were good when the file was built (`SHA256:…`), sorted. A claim: the signatures are not in
    /// the file.
    pub keys: Vec<String>,
    /// The pinned packages of the list, sorted.
    pub packages: Vec<PinnedPackage>,
}

/// A pinned package.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PinnedPackage {
    /// Its name.
    pub name: PackageName,
    /// Its version.
    pub version: Version,
    /// Where it comes from, as `Provenance.lock` has it.
    pub origin: Origin,
    /// SHA-256 of the `.crate`, of a registry package.
    pub checksum: Option<Checksum>,
    /// The tree digest that the build demanded.
    pub tree: TreeDigest,
}

/// Why there is nothing to tell about a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArtifactError {
    /// It is a program or library whose structure cannot be followed.
    #[error("this {format} file is damaged: {why}")]
    Damaged {
        /// What it is by its first bytes.
        format: Format,
        /// Why it cannot be followed.
        why: String,
    },
    /// It is neither a program nor a library of a format that can carry a section.
    #[error("neither an ELF, Mach-O, PE nor WebAssembly file")]
    NotExecutable,
    /// It is one, and carries neither section.
    #[error("this {0} file has no `{LIST}` section")]
    NoSection(Format),
    /// It carries a section that cannot be relied on.
    #[error("its `{section}` section is unreadable: {why}")]
    Unreadable {
        /// The section.
        section: &'static str,
        /// Why not.
        why: String,
    },
}

/// Reads what a file carries.
///
/// # Errors
///
/// Says apart what carries nothing ([`ArtifactError::NotExecutable`], [`ArtifactError::NoSection`]) and what is not known: a damaged file,
/// an unreadable section.
pub fn read(bytes: &[u8]) -> Result<Embedded, ArtifactError> {
    let (format, parts) = sections::find(bytes)?;
    let whole = parts.len();
    let mut lists = Vec::new();
    let mut pins = Vec::new();
    // What all programs of a universal file may unpack to, so that no small file takes much memory.
    let (mut list_budget, mut pins_budget) = (limits::INFLATED, limits::INFLATED);
    for part in &parts {
        if let Some(section) = part.list {
            lists.push(list::parse(&inflate::inflate(LIST, section, &mut list_budget)?)?);
        }
        if let Some(section) = part.pins {
            pins.push(pins::parse(&inflate::inflate(PINS, section, &mut pins_budget)?)?);
        }
    }
    if lists.is_empty() && pins.is_empty() {
        return Err(ArtifactError::NoSection(format));
    }
    // A universal file holds a program for each processor; what one of them does not say, the file does not say.
    if lists.len() != whole {
        return Err(unreadable(LIST, "a part of the file has none"));
    }
    if !pins.is_empty() && pins.len() != whole {
        return Err(unreadable(PINS, "a part of the file has none"));
    }
    let packages = list::merge(lists)?;
    let provenance = pins::merge(pins)?;
    if let Some(section) = &provenance {
        let listed =
            packages.iter().map(|package| (&package.name, &package.version)).collect::<BTreeSet<_>>();
        if let Some(alien) = section.packages.iter().find(|pin| !listed.contains(&(&pin.name, &pin.version)))
        {
            let why = format!("it pins `{} v{}`, which `{LIST}` does not list", alien.name, alien.version);
            return Err(unreadable(PINS, why));
        }
    }
    Ok(Embedded { format, packages, provenance })
}

impl Embedded {
    /// The package that the file was built for.
    pub fn root(&self) -> Option<&EmbeddedPackage> {
        self.packages.iter().find(|package| package.root)
    }

    /// The pin of a package of the list; the first of several with its name and version.
    pub fn pin_of(&self, package: &EmbeddedPackage) -> Option<&PinnedPackage> {
        let pins = &self.provenance.as_ref()?.packages;
        let key = (&package.name, &package.version);
        let first = pins.partition_point(|pin| (&pin.name, &pin.version) < key);
        let mut twins = pins.get(first..)?.iter().take_while(|pin| (&pin.name, &pin.version) == key);
        twins.find(|pin| EmbeddedSource::of(&pin.origin) == package.source)
    }
}

impl EmbeddedSource {
    /// The word in the list.
    pub fn as_str(&self) -> &str {
        match self {
            Self::CratesIo => "crates.io",
            Self::Git => "git",
            Self::Local => "local",
            Self::Other(word) => word,
            Self::Registry => "registry",
        }
    }

    /// The word for where a pinned package comes from.
    pub fn of(origin: &Origin) -> Self {
        match origin {
            Origin::Path(_) => Self::Local,
            Origin::Source(source) if source.is_crates_io() => Self::CratesIo,
            Origin::Source(source) if source.is_git() => Self::Git,
            Origin::Source(_) => Self::Registry,
        }
    }
}

fn unreadable(section: &'static str, why: impl Into<String>) -> ArtifactError {
    ArtifactError::Unreadable { section, why: why.into() }
}

#[cfg(test)]
mod tests;
