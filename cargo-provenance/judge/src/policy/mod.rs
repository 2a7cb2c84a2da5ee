//! `Provenance.toml`: what the team trusts, written by people.
//!
//! The reader is strict: a misspelt `deny` must not weaken the gate, so an unknown key is an error, and a setting that
//! asks for something this version cannot do is an error too, never ignored. Every value remembers its line, so that
//! a finding can point at the line that decided.

mod advisories;
mod audits;
mod catalogue;
mod exceptions;
mod extends;
pub mod glob;
mod names;
mod read;
pub mod reader;
mod source;
pub mod takeover;
mod template;

use std::path::{Path, PathBuf};

use provenance_build::name::{CRATES_IO, PackageName, Source};
use provenance_build::signing::Trust;

use crate::finding::{Place, Role, Weight};
use crate::model::LicenseName;
use crate::report::failure::{Explain, Kind};

pub use advisories::{Database, MaxAge, Origin, RUSTSEC};
pub use audits::{
    Agents, AuditImport, AuditRules, Auditor, CrevReviewer, EntryKind, ImportEditError, Required, address,
    identity, with_import, with_pin,
};
pub use catalogue::{Firmness, Known, Parameter, ParameterKind};
pub use exceptions::{Ban, Exception};
pub use extends::Fetch;
pub use glob::Glob;
pub use names::Internal;
pub use reader::nearest;
pub use source::SourceRules;
pub use takeover::Taken;
pub use template::{PERMISSIVE, Template, write_template};

/// The file's name, beside `Cargo.lock` at the workspace root.
pub const FILE_NAME: &str = "Provenance.toml";

/// The newest format version that this reader knows.
pub const VERSION: i64 = 1;

/// Bytes of one policy: a hundred times what a large organisation writes; a line for every package of the largest
/// published workspace has 200 kB.
pub const POLICY_BYTES: usize = 1024 * 1024;

/// The team's policy.
#[derive(Clone, Debug)]
pub struct Policy {
    lines: Vec<String>,
    digest: provenance_build::Checksum,
    own: Vec<At<Glob>>,
    bans: Vec<At<Ban>>,
    checks: Vec<(&'static str, catalogue::Setting)>,
    exceptions: Vec<At<Exception>>,
    registries: Option<Vec<At<Registry>>>,
    git: Option<Vec<At<String>>>,
    sources_line: Option<u32>,
    licenses: Option<At<Vec<At<LicenseName>>>>,
    advisories: advisories::Advisories,
    advisories_line: Option<u32>,
    audits: Option<AuditRules>,
    signing: Trust,
    sbom_author: Option<String>,
    names: names::Names,
    source: Option<SourceRules>,
    extends: Option<At<extends::Extends>>,
    /// What it locks, if it is one that others extend, and the line that says so.
    locks: Vec<extends::Lock>,
    locked_line: u32,
    /// The file that it extends, relative to its own, and the lines of that, which are counted on after its own.
    base: Option<(PathBuf, Vec<String>)>,
}

/// A value with the line it stands in, counted from 1. The lines of a policy that is extended are counted on after those of the
/// policy's own file: [`Policy::place`] and [`Policy::spot`] tell which is which.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct At<T> {
    /// The value.
    pub value: T,
    /// Its line.
    pub line: u32,
}

/// What a finding of a check leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Nothing is shown.
    Allow,
    /// It is shown.
    Note,
    /// It refuses until a person accepts it for these bytes.
    Review,
    /// It refuses.
    Deny,
}

/// A registry that packages may come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registry {
    /// `crates-io`, a name from `[registries]` of the repository's own cargo configuration, or a source id as
    /// `Cargo.lock` writes it (`sparse+https://…`).
    pub name: String,
    /// Whether its index is known to have no publication times.
    pub pubtime: Pubtime,
}

/// Whether a registry's index says when a version was published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pubtime {
    /// It never does, and the team knows.
    Absent,
    /// It should; a version without it is a finding.
    Expected,
}

/// What the policy says about a package source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceRuling {
    /// Packages may come from it.
    Listed(Pubtime),
    /// It is not in the list that stands at this line, or by default where there is none.
    Unlisted(Option<u32>),
}

/// Why a policy cannot be used. All of these end with exit code 2.
#[derive(Debug, thiserror::Error)]
#[error("{}: {what}", place(file, *line))]
pub struct PolicyError {
    /// The policy's file.
    pub file: PathBuf,
    /// The line, counted from 1; 0 for the whole file.
    pub line: u32,
    /// Which kind of error it is.
    pub kind: PolicyErrorKind,
    /// What is wrong: a lowercase fragment without a final period.
    pub what: String,
    /// What to do next.
    pub help: String,
}

/// The kinds of [`PolicyError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyErrorKind {
    /// The text is not acceptable as a policy of the known format.
    Invalid,
    /// The text is fine, and asks for something that this version of the tool cannot do.
    Unsupported,
}

impl Explain for PolicyError {
    fn kind(&self) -> Kind {
        Kind::Usage
    }

    fn help(&self) -> Vec<String> {
        vec![self.help.clone()]
    }

    fn place(&self) -> Option<(PathBuf, u32)> {
        Some((self.file.clone(), self.line))
    }
}

impl Policy {
    /// Reads the bytes of a policy that stands alone; `file` is for messages only. One that extends another is refused.
    ///
    /// `catalogue` lists the checks that it may name.
    pub fn parse(bytes: &[u8], file: &Path, catalogue: &[Known]) -> Result<Self, PolicyError> {
        Self::read(bytes, file, catalogue, &|_| Err("nothing but this file is read here".to_owned()))
    }

    /// Reads the bytes of a policy, and through `fetch` the policy that it extends.
    pub fn read(
        bytes: &[u8],
        file: &Path,
        catalogue: &[Known],
        fetch: Fetch<'_>,
    ) -> Result<Self, PolicyError> {
        let policy = read::read(bytes, file, catalogue, extends::Role::Own)?;
        let Some(At { value: extends, line }) = policy.extends.clone() else { return Ok(policy) };
        let base = extends.fetch(file, line, fetch)?;
        let base = read::read(&base, &extends.file(file), catalogue, extends::Role::Base)?;
        policy.put_upon(base, file, &extends.path)
    }

    /// SHA-256 over the policy as written, in canonical form: comments, white space, the order of keys and the
    /// spelling of values make no difference. Defaults are not filled in: a default that a newer version of the tool
    /// changes must not turn every manifest red.
    pub fn digest(&self) -> provenance_build::Checksum {
        self.digest
    }

    /// Path packages outside the workspace that are the team's own.
    pub fn own(&self) -> &[At<Glob>] {
        &self.own
    }

    /// The licenses that packages may have, and the line where the list stands; `None` where the policy has none.
    pub fn licenses(&self) -> Option<At<&[At<LicenseName>]>> {
        self.licenses.as_ref().map(|at| At { value: at.value.as_slice(), line: at.line })
    }

    /// The advisory databases that count, and the lines that name them; line 0 for the default, the public one.
    pub fn databases(&self) -> Vec<At<Database>> {
        self.advisories.databases()
    }

    /// Whether packages must have been reviewed, and whose reviews count; `None` where the policy does not speak of it.
    pub fn audits(&self) -> Option<&AuditRules> {
        self.audits.as_ref()
    }

    /// What the team lives with.
    pub fn exceptions(&self) -> &[At<Exception>] {
        &self.exceptions
    }

    /// Packages that must not be in the graph.
    pub fn bans(&self) -> &[At<Ban>] {
        &self.bans
    }

    /// Packages that the team means when it writes their names.
    pub fn known_names(&self) -> &[At<PackageName>] {
        &self.names.known
    }

    /// Names that belong to the team.
    pub fn internal(&self) -> &[At<Internal>] {
        &self.names.internal
    }

    /// Whose signatures of the manifest count, and whether it must be signed.
    pub fn signing(&self) -> &Trust {
        &self.signing
    }

    /// Who answers for the bills of materials, as `NAME <ADDRESS>`.
    pub fn sbom_author(&self) -> Option<&str> {
        self.sbom_author.as_deref()
    }

    /// The level that the policy sets for a check.
    pub fn level(&self, id: &str) -> Option<At<Level>> {
        self.setting(id)?.level
    }

    /// A number of days that the policy sets for a check.
    pub fn days(&self, id: &str, key: &str) -> Option<At<u32>> {
        match self.parameter(id, key)? {
            At { value: catalogue::Value::Days(value), line } => Some(At { value, line }),
            _ => None,
        }
    }

    /// A flag that the policy sets for a check.
    pub fn flag(&self, id: &str, key: &str) -> Option<At<bool>> {
        match self.parameter(id, key)? {
            At { value: catalogue::Value::Flag(value), line } => Some(At { value, line }),
            _ => None,
        }
    }

    /// The level that the policy sets for a part of what a check finds.
    pub fn part_level(&self, id: &str, key: &str) -> Option<At<Level>> {
        match self.parameter(id, key)? {
            At { value: catalogue::Value::Level(value), line } => Some(At { value, line }),
            _ => None,
        }
    }

    /// Whether packages may come from `source`. `index_of` gives the index URL of a registry's name from the cargo
    /// configuration inside the repository; what a machine's own configuration calls a registry decides nothing.
    pub fn source(&self, source: &Source, index_of: impl Fn(&str) -> Option<String>) -> SourceRuling {
        if source.is_git() {
            let git = self.git.as_deref().unwrap_or_default();
            let listed = git.iter().any(|at| at.value == source.url());
            return if listed {
                SourceRuling::Listed(Pubtime::Absent)
            } else {
                SourceRuling::Unlisted(git.first().map(|at| at.line).or(self.sources_line))
            };
        }
        let Some(registries) = &self.registries else {
            return match source.is_crates_io() {
                true => SourceRuling::Listed(Pubtime::Expected),
                false => SourceRuling::Unlisted(self.sources_line),
            };
        };
        match registries.iter().find(|at| is_registry(source, &at.value.name, &index_of)) {
            Some(at) => SourceRuling::Listed(at.value.pubtime),
            None => SourceRuling::Unlisted(registries.first().map(|at| at.line).or(self.sources_line)),
        }
    }

    /// A context place at a line of the policy, for a finding that this line decided.
    pub fn place(&self, line: u32, label: impl Into<String>) -> Place {
        let (file, lines, line) = self.located(line);
        let index = usize::try_from(line).unwrap_or(0).saturating_sub(1);
        let excerpt = lines.get(index).cloned().unwrap_or_default();
        Place { file: file.to_owned(), line, excerpt, label: label.into(), role: Role::Context }
    }

    /// A line of the policy for messages, such as `Provenance.toml:3`.
    pub fn spot(&self, line: u32) -> String {
        let (file, _, line) = self.located(line);
        place(file, line)
    }

    /// Whether a line stands in the policy that this one extends.
    pub fn is_of_base(&self, line: u32) -> bool {
        self.located(line).0 != Path::new(FILE_NAME)
    }

    /// The file that a line stands in, the lines of that file, and the line's number there.
    fn located(&self, line: u32) -> (&Path, &[String], u32) {
        let own = u32::try_from(self.lines.len()).unwrap_or(u32::MAX);
        match &self.base {
            Some((file, lines)) if line > own => (file, lines, line - own),
            _ => (Path::new(FILE_NAME), &self.lines, line),
        }
    }

    fn setting(&self, id: &str) -> Option<&catalogue::Setting> {
        self.checks.iter().find(|(check, _)| *check == id).map(|(_, setting)| setting)
    }

    fn parameter(&self, id: &str, key: &str) -> Option<At<catalogue::Value>> {
        self.setting(id)?.parameters.iter().find(|(name, _)| *name == key).map(|(_, at)| *at)
    }
}

impl Level {
    /// Reads `deny`, `review`, `note` or `allow`.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "allow" => Some(Self::Allow),
            "note" => Some(Self::Note),
            "review" => Some(Self::Review),
            "deny" => Some(Self::Deny),
            _ => None,
        }
    }

    /// The word that the policy uses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Note => "note",
            Self::Review => "review",
            Self::Deny => "deny",
        }
    }

    /// The weight of a finding at this level; `None` where nothing is shown.
    pub fn weight(self) -> Option<Weight> {
        match self {
            Self::Allow => None,
            Self::Note => Some(Weight::Note),
            Self::Review => Some(Weight::Review),
            Self::Deny => Some(Weight::Denial),
        }
    }
}

fn place(file: &Path, line: u32) -> String {
    if line == 0 { file.display().to_string() } else { format!("{}:{line}", file.display()) }
}

/// Whether a source is the registry that the policy calls so. `index_of` gives the index URL of a name.
pub fn is_registry(source: &Source, name: &str, index_of: impl Fn(&str) -> Option<String>) -> bool {
    match name {
        "crates-io" => source.as_str() == CRATES_IO,
        id if id.contains('+') => source.as_str() == id,
        name => index_of(name).is_some_and(|index| is_index(source, &index)),
    }
}

/// Whether a source id of `Cargo.lock` names the index at a URL of cargo's configuration. `sparse+` is part of such a
/// URL, `registry+` is not.
fn is_index(source: &Source, index: &str) -> bool {
    let id = source.as_str();
    id == index || id.strip_prefix("registry+").is_some_and(|url| url == index)
}

#[cfg(test)]
mod tests {
    mod digest;
    mod extends;

    use super::*;

    fn policy(text: &str) -> Policy {
        Policy::parse(text.as_bytes(), Path::new(FILE_NAME), catalogue::SAMPLES).expect("a policy")
    }

    fn source(text: &str) -> Source {
        Source::parse(text).expect("a source")
    }

    #[test]
    fn without_a_list_only_crates_io_is_trusted() {
        let policy = policy("version = 1\n");
        let none = |_: &str| None;
        assert_eq!(policy.source(&source(CRATES_IO), none), SourceRuling::Listed(Pubtime::Expected));
        assert_eq!(policy.source(&source("sparse+https://h/i/"), none), SourceRuling::Unlisted(None));
        let git = format!("git+https://h/r#{}", "a".repeat(40));
        assert_eq!(policy.source(&source(&git), none), SourceRuling::Unlisted(None));
    }

    #[test]
    fn a_list_that_leaves_crates_io_out_refuses_it() {
        let policy = policy(
            "version = 1\n[sources]\nregistries = [\n  { name = \"corp\", pubtime = \"absent\" },\n  \"sparse+https://h/i/\",\n]\ngit = [\"https://h/r\"]\n",
        );
        let corp = |name: &str| (name == "corp").then(|| "sparse+https://corp/".to_owned());
        let ruling = |text: &str| policy.source(&source(text), corp);
        assert_eq!(ruling("sparse+https://corp/"), SourceRuling::Listed(Pubtime::Absent));
        assert_eq!(ruling("sparse+https://h/i/"), SourceRuling::Listed(Pubtime::Expected));
        assert_eq!(ruling(CRATES_IO), SourceRuling::Unlisted(Some(4)));
        assert_eq!(
            ruling(&format!("git+https://h/r?branch=x#{}", "a".repeat(40))),
            SourceRuling::Listed(Pubtime::Absent)
        );
        assert_eq!(
            ruling(&format!("git+https://h/other#{}", "a".repeat(40))),
            SourceRuling::Unlisted(Some(7))
        );
        assert_eq!(
            policy.source(&source("sparse+https://corp/"), |_| None),
            SourceRuling::Unlisted(Some(4)),
            "a name that the repository does not define means nothing"
        );
    }

    #[test]
    fn a_place_shows_the_line_that_decided() {
        let policy = policy("version = 1\n[checks]\n# why\nversion-yanked = \"deny\"\n");
        assert_eq!(policy.level("version-yanked"), Some(At { value: Level::Deny, line: 4 }));
        let place = policy.place(4, "level set here");
        assert_eq!(place.excerpt, "version-yanked = \"deny\"");
        assert_eq!(policy.level("version-too-new"), None);
    }
}
