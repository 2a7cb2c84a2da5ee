//! What a check is, and what it says.

use super::dossier::Dossier;
use super::engine::Ground;
use crate::finding::Weight;
use crate::policy::{At, Firmness, Known, Level, Parameter};

/// One rule that looks at one package version.
#[derive(Debug)]
pub struct Check {
    /// A stable id in kebab case.
    pub id: &'static str,
    /// What it is about.
    pub group: Group,
    /// What it must know. Where that could not be looked up, the package is not judged, which is never a pass.
    pub needs: Needs,
    /// What a finding leads to unless the policy says otherwise.
    pub level: Level,
    /// Whether the policy can say otherwise.
    pub firmness: Firmness,
    /// What else the policy can set.
    pub parameters: &'static [Parameter],
    /// The check set that brought it: for pins of an older one it only notes, until `pin --recheck`.
    pub since: u32,
    /// The documentation, Markdown: what it looks for, why, and what to do about a finding. The first sentence stands
    /// alone in lists.
    pub docs: &'static str,
    /// The rule. It may rely on what [`Needs`] asks for, and looks at no other check's findings.
    pub judge: fn(&Dossier<'_>, &Ground<'_>) -> Vec<Observation>,
}

/// What a check is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// The compressed archive, before anything is unpacked.
    Archive,
    /// What the manifest says, and whether the registry's index says the same.
    Manifest,
    /// Age and history, from the index alone.
    History,
    /// What advisory databases know.
    Advisories,
    /// Who reviewed it.
    Audits,
    /// What its files are.
    Content,
    /// What its code can do while other packages compile.
    BuildTime,
    /// What its code can do where the program runs.
    RunTime,
    /// What it is called.
    Names,
    /// Where it comes from, and what the policy bans.
    Source,
    /// Licenses.
    License,
    /// The policy's own exceptions.
    Policy,
}

/// What a check must know of a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Needs {
    /// What the advisory databases say.
    Advisories,
    /// What reviews say of it.
    Audits,
    /// Its archive. Git and path packages have none, and the check is not asked.
    Archive,
    /// Its archive, and what its registry's index says of it. Git and path packages have neither, and the check is not asked.
    ArchiveAndIndex,
    /// What its registry's index says of this version and of the others, and how old the packages are that it needs anew.
    /// Git and path packages have none, and the check is not asked.
    Dependencies,
    /// What came of proving and reading it.
    Faults,
    /// What its registry's index says of this version and of the others. Git and path packages have none, and the check
    /// is not asked.
    History,
    /// Name, version and source, which are always known.
    Identity,
    /// What it says about its license.
    License,
    /// What its files hold.
    Survey,
}

/// One thing that a check saw.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observation {
    /// One line: a lowercase fragment, no final period, backticks around literals.
    pub message: String,
    /// What it is about, where the check can see several things in one package: an advisory's id. Accepting one does not
    /// accept another.
    pub subject: Option<String>,
    /// Another level than the check's own, unless the policy sets one.
    pub level: Option<Level>,
    /// A level that the policy sets for just this, instead of the one for the whole check.
    pub ruled: Option<At<Level>>,
    /// The most that it leads to, whatever the policy says.
    pub at_most: Option<Level>,
    /// Why it may weigh more, which could not be looked up. Unless the policy sets a level, the package is then left open.
    pub undecided: Option<String>,
    /// What else there is to know, a line each.
    pub notes: Vec<String>,
    /// What to do next, a line each, with the exact command.
    pub help: Vec<String>,
    /// Lines of the policy that played a part, besides the one that set the level, and what to say at them.
    pub lines: Vec<(u32, &'static str)>,
}

impl Needs {
    /// What is known before anything is fetched.
    pub const BEFORE_FETCHING: &[Self] =
        &[Self::Identity, Self::History, Self::Dependencies, Self::Advisories, Self::Audits];
    /// What is known once the archive was read.
    pub const OF_CONTENTS: &[Self] =
        &[Self::Archive, Self::ArchiveAndIndex, Self::Faults, Self::License, Self::Survey];
}

impl Check {
    /// What the policy may say about it.
    pub fn known(&self) -> Known {
        Known { id: self.id, firmness: self.firmness, parameters: self.parameters }
    }

    /// Whether another release of the package could do better.
    pub fn points_to_others(&self) -> bool {
        matches!(self.group, Group::Advisories | Group::Audits | Group::History)
    }

    /// Whether another release of a package may well pass where this one does not. What a package is licensed under, where it
    /// comes from, what the policy says of its name, and what of its files deserves a look hardly ever change from one release
    /// to the next: about that a person has to decide.
    pub fn may_another_release_pass(&self, weight: Weight) -> bool {
        match self.group {
            Group::License | Group::Names | Group::Policy | Group::Source => false,
            Group::BuildTime | Group::Content | Group::RunTime => weight != Weight::Review,
            _ => true,
        }
    }

    /// Whether what it says follows from the package's bytes, the day of its publication, the lockfile and the policy alone,
    /// so that time brings nothing new.
    pub fn is_settled(&self) -> bool {
        let contents = matches!(
            self.group,
            Group::Archive
                | Group::BuildTime
                | Group::Content
                | Group::License
                | Group::Manifest
                | Group::RunTime
        );
        contents || self.is_of_circumstances()
    }

    /// Whether its notes tell how a release came about or what it stands beside, which is nothing to act on once it is there.
    pub fn is_of_circumstances(&self) -> bool {
        ["burst", "dormant-revival", "duplicate-version", "few-versions", "version-jump"].contains(&self.id)
    }

    /// Whether what it says counts for every pin, whichever check set judged that: nobody waves it through, or only an
    /// exception that ends, or the team asked for it by name.
    pub fn is_lasting(&self) -> bool {
        self.firmness == Firmness::Firm
            || matches!(
                self.id,
                "banned" | "not-audited" | "publisher-not-enough" | "source" | "vulnerability"
            )
    }

    /// Its first sentence.
    pub fn summary(&self) -> &'static str {
        self.docs
            .split_once(".\n")
            .or_else(|| self.docs.split_once(". "))
            .map_or(self.docs, |(first, _)| first)
    }
}

impl Group {
    /// Its name on screens.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Archive => "archive",
            Self::Manifest => "manifest and index",
            Self::History => "age and history",
            Self::Advisories => "advisories",
            Self::Audits => "audits",
            Self::Content => "content",
            Self::BuildTime => "code that runs at build time",
            Self::RunTime => "code that runs later",
            Self::Names => "names",
            Self::Source => "source and bans",
            Self::License => "license",
            Self::Policy => "policy",
        }
    }
}

impl Observation {
    /// An observation without notes and help yet.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), ..Self::default() }
    }

    /// Says what it is about.
    pub fn on(mut self, subject: impl Into<String>) -> Self {
        self.subject = Some(subject.into());
        self
    }

    /// Leads to another level than the check's own, unless the policy sets one.
    pub fn at(mut self, level: Level) -> Self {
        self.level = Some(level);
        self
    }

    /// Leaves open whether it weighs more: that could not be looked up.
    pub fn undecided(mut self, why: impl Into<String>) -> Self {
        self.undecided = Some(why.into());
        self
    }

    /// Adds a note.
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// Adds the first of many notes, and how many more there are.
    pub fn listing(self, notes: &[String]) -> Self {
        // What comes after these rarely says more.
        const SHOWN: usize = 5;
        let more = notes.len().saturating_sub(SHOWN);
        let seen = notes.iter().take(SHOWN).fold(self, Self::note);
        if more > 0 { seen.note(format!("and {more} more")) } else { seen }
    }

    /// Adds a next step.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }

    /// Points at a line of the policy.
    pub fn line(mut self, line: Option<u32>, label: &'static str) -> Self {
        self.lines.extend(line.map(|line| (line, label)));
        self
    }
}
