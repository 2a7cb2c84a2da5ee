//! Bills of materials: what a package, a workspace or a program is made of, as documents that other tools read.
//!
//! A [`Bill`] says what is known, and that the rest is not known; [`cyclonedx`] and [`spdx`] write it down. Everything in a
//! bill comes from somebody else (manifests, archives, sections of programs), so text goes through [`text`] before it gets here.
//! Pure: no clock is asked, and equal bills are equal bytes.

pub mod cyclonedx;
mod identity;
pub mod purl;
pub mod spdx;
pub mod text;

use crate::model::{LicenseExpression, Timestamp};

pub use text::Contact;

/// The prefix of every property that this program defines; `docs/guide/sbom.md` explains them.
pub const NAMESPACE: &str = "cargo-provenance";

/// What a supplier, an author or a version is called that nobody knows.
pub const UNKNOWN: &str = "unknown";

/// What something is made of.
#[derive(Clone, Debug)]
pub struct Bill {
    /// What it is about.
    pub subject: Component,
    /// Everything in it.
    pub components: Vec<Component>,
    /// What the bill was made from.
    pub context: Context,
    /// Who answers for the document.
    pub author: Option<Contact>,
    /// When it was made.
    pub made: Timestamp,
    /// Which platforms it is about.
    pub target: Target,
    /// What is not known, a line each.
    pub unknowns: Vec<String>,
}

/// What a bill was made from: CISA's generation context.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Context {
    /// The manifests and the lockfile, before anything was built.
    PreBuild,
    /// A build, by what was really compiled.
    Build,
    /// A program, after it was built.
    PostBuild,
}

/// The platforms that a bill is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// Every platform.
    All,
    /// These ones, by their target triples.
    Triples(Vec<String>),
    /// The program does not say.
    Unknown,
}

/// A part of something, or the whole.
#[derive(Clone, Debug)]
pub struct Component {
    /// Its name within the document; no two are the same.
    pub reference: String,
    /// What it is.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: Option<String>,
    /// Its package URL.
    pub purl: Option<String>,
    /// The digests of the file that it is delivered in.
    pub digests: Digests,
    /// Its license.
    pub license: License,
    /// Who made it.
    pub authors: Vec<Contact>,
    /// Where it was got from.
    pub supplier: Option<Contact>,
    /// What it is for.
    pub description: Option<String>,
    /// When its code runs.
    pub scope: Scope,
    /// Where to find out more.
    pub links: Vec<Link>,
    /// The file that it is delivered in.
    pub file: Option<File>,
    /// What it was made from, where that is another package.
    pub pedigree: Option<Pedigree>,
    /// Further facts: names of properties within [`NAMESPACE`], and values.
    pub facts: Vec<(&'static str, String)>,
    /// What it needs; `None` where nobody knows.
    pub needs: Option<Vec<Need>>,
    /// Whether it may hold code that no list names: native libraries that a build script links.
    pub opaque: bool,
}

/// What a component is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A program, or what is delivered as a whole.
    Application,
    /// A library.
    Library,
}

/// When the code of a component runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Only while others are compiled: build scripts, procedural macros and what they need.
    Build,
    /// In what is delivered.
    Run,
    /// It is what is delivered.
    Subject,
}

/// Something that a component needs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Need {
    /// The reference of another component.
    pub reference: String,
    /// For what.
    pub purpose: Purpose,
}

/// What one component needs another for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Purpose {
    /// It is a part of it.
    Run,
    /// It takes part in compiling it.
    Build,
    /// It was made from it.
    Source,
}

/// Digests of a file, in lowercase hex.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Digests {
    /// SHA-256.
    pub sha256: Option<String>,
    /// SHA-512.
    pub sha512: Option<String>,
}

/// What a package says of its license.
#[derive(Clone, Debug)]
pub enum License {
    /// An expression that SPDX defines.
    Expression(Box<LicenseExpression>),
    /// Words that are no such expression.
    Other(String),
    /// Only the name of a file.
    File(String),
    /// Nothing.
    Unknown,
}

/// A place where there is more.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Link {
    /// What is there.
    pub kind: LinkKind,
    /// Its URL.
    pub url: String,
}

/// What is at the other end of a [`Link`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LinkKind {
    /// The file that the component is delivered in, whose digests are the component's.
    Distribution,
    /// Documentation.
    Documentation,
    /// Version control.
    Vcs,
    /// A website.
    Website,
}

/// The file that a component is delivered in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its name, without a folder.
    pub name: String,
    /// What it is.
    pub form: Form,
}

/// The forms of files that BSI TR-03183-2 tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A `.crate`: an archive whose parts can still be told apart.
    Archive,
    /// A program or a library that can be run.
    Executable,
    /// A static library: an archive of objects.
    Objects,
}

/// What a component was made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pedigree {
    /// The package that it stands for.
    pub ancestor: Option<Ancestor>,
    /// How it came about, for people.
    pub notes: String,
}

/// The package that another was made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ancestor {
    /// Its name.
    pub name: String,
    /// Its version, where it is known.
    pub version: Option<String>,
    /// Its package URL, where it is known.
    pub purl: Option<String>,
}

impl Context {
    /// The phase's name in CycloneDX and in properties.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PreBuild => "pre-build",
            Self::Build => "build",
            Self::PostBuild => "post-build",
        }
    }
}

impl Component {
    /// A component of which nothing more is known than its name.
    pub fn named(kind: Kind, name: impl Into<String>) -> Self {
        Self {
            reference: String::new(),
            kind,
            name: name.into(),
            version: None,
            purl: None,
            digests: Digests::default(),
            license: License::Unknown,
            authors: vec![],
            supplier: None,
            description: None,
            scope: Scope::Run,
            links: vec![],
            file: None,
            pedigree: None,
            facts: vec![],
            needs: None,
            opaque: false,
        }
    }

    /// Adds a fact.
    pub fn fact(&mut self, name: &'static str, value: impl Into<String>) {
        self.facts.push((name, value.into()));
    }
}

impl Bill {
    /// Brings everything into the one order, and drops what is said twice.
    pub fn sort(&mut self) {
        for component in self.components.iter_mut().chain([&mut self.subject]) {
            component.links.sort();
            component.links.dedup();
            if let Some(needs) = &mut component.needs {
                needs.sort();
                // What is a part of something may take part in compiling it too; once is enough.
                needs.dedup_by(|later, first| later.reference == first.reference);
            }
        }
        self.components.sort_by(|a, b| a.reference.cmp(&b.reference));
    }

    /// The subject and everything in it.
    fn all(&self) -> impl Iterator<Item = &Component> {
        [&self.subject].into_iter().chain(&self.components)
    }
}

#[cfg(test)]
pub(crate) mod tests;
