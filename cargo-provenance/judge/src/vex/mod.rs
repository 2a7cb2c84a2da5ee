//! OpenVEX 0.2.0 documents: what somebody says of whether an advisory applies to a product.
//!
//! They can only take a finding out that they name exactly: the product by package URL or digest, the package in it, the
//! vulnerability. What cannot be compared matches nothing.

mod moment;
mod purl;
mod read;

use provenance_build::PackageId;

pub use moment::Moment;
pub use purl::Purl;

/// Bytes of one document.
pub const FILE_BYTES: u64 = 16 * 1024 * 1024;

/// Statements of several documents.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Vex {
    statements: Vec<Statement>,
}

/// What is said of a vulnerability in some products.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The document that it stands in.
    pub file: String,
    /// Who says so.
    pub author: String,
    /// What it says.
    pub status: Status,
    /// Why: the justification, the impact, notes; a lowercase fragment.
    pub reason: String,
    /// Since when it is said.
    pub moment: Moment,
    names: Vec<String>,
    products: Vec<Product>,
}

/// What is said of a vulnerability.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It applies.
    Affected,
    /// It applied before, and does not any more.
    Fixed,
    /// It does not apply.
    NotAffected,
    /// Nobody knows yet.
    UnderInvestigation,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Product {
    this: Identity,
    parts: Vec<Identity>,
}

/// What identifies a product or a part of one. Everything that is given must fit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Identity {
    /// `None` where something is given that cannot be compared.
    purls: Option<Vec<Purl>>,
    sha256: Option<String>,
}

/// What was found, as statements name it.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The package that the program was built from, where the program says so.
    pub root: Option<&'a PackageId>,
    /// The SHA-256 of the program in lowercase hex, where it was asked for.
    pub sha256: Option<&'a str>,
    /// The package that the advisory is about.
    pub package: &'a PackageId,
    /// The ids of the advisory here and elsewhere.
    pub ids: &'a [&'a str],
}

impl Vex {
    /// Reads a document and adds its statements; the error is a lowercase fragment that reads after the file's name.
    ///
    /// # Errors
    ///
    /// Anything that is no OpenVEX 0.2.0, a key that is not known, `not_affected` without a reason.
    pub fn add(&mut self, file: &str, bytes: &[u8]) -> Result<(), String> {
        self.statements.extend(read::read(file, bytes)?);
        Ok(())
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.statements.is_empty()
    }

    /// Whether a product is named by its digest, so that the programs have to be hashed.
    pub fn names_digests(&self) -> bool {
        self.statements.iter().flat_map(|it| &it.products).any(|product| product.this.sha256.is_some())
    }

    /// What is in force for a finding: the latest statement; of several at one time, one that does not mute.
    pub fn of(&self, subject: &Subject<'_>) -> Option<&Statement> {
        let fitting = self.statements.iter().filter(|statement| statement.is_about(subject));
        fitting.max_by_key(|statement| (statement.moment, !statement.status.mutes()))
    }
}

impl Status {
    /// Whether it takes a finding out.
    pub fn mutes(self) -> bool {
        matches!(self, Self::Fixed | Self::NotAffected)
    }

    /// The word of the format.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Affected => "affected",
            Self::Fixed => "fixed",
            Self::NotAffected => "not_affected",
            Self::UnderInvestigation => "under_investigation",
        }
    }
}

impl Statement {
    fn is_about(&self, subject: &Subject<'_>) -> bool {
        let named =
            || self.names.iter().any(|name| subject.ids.iter().any(|id| id.eq_ignore_ascii_case(name)));
        named() && self.products.iter().any(|product| product.fits(subject))
    }
}

impl Product {
    fn fits(&self, subject: &Subject<'_>) -> bool {
        let is_program = self.this.fits(subject.root, subject.sha256);
        match &self.parts[..] {
            // The product may be the package itself, in whatever it was built into.
            [] => is_program || self.this.fits(Some(subject.package), None),
            parts => is_program && parts.iter().any(|part| part.fits(Some(subject.package), None)),
        }
    }
}

impl Identity {
    fn fits(&self, package: Option<&PackageId>, sha256: Option<&str>) -> bool {
        let Some(purls) = &self.purls else { return false };
        let named = !purls.is_empty() || self.sha256.is_some();
        let purls_fit = purls.iter().all(|purl| package.is_some_and(|package| purl.is(package)));
        let digest_fits = self.sha256.as_deref().is_none_or(|wanted| sha256 == Some(wanted));
        named && purls_fit && digest_fits
    }
}

#[cfg(test)]
mod tests;
