//! Signed reviews as entries of a set: what a reviewer's proofs prove, and what they warn of.
//!
//! A good review of a package of crates.io is a full review, or one of what changed where it was compared with another version. It
//! is about contents, which its digest names, and entries of a set are about versions: what the digests are is kept beside the set,
//! for whoever has the contents at hand. Until then a review counts by its version.

use std::collections::BTreeMap;

use crate::audit::crev::{CRATES_IO, Digest, Notice, Proofs, Reach, Review, Subject, latest};
use crate::audit::{Audit, AuditKind, Bar, ByName, Criteria, Requirement, SAFE_TO_RUN, Set, VetVersion};
use crate::model::Rating;
use crate::policy::{Agents, CrevReviewer};

/// What stands beside the entries that a reviewer's proofs became.
#[derive(Clone, Debug, Default)]
pub struct Signed {
    // Where entries stand: their lines count these, from 1.
    places: Vec<String>,
    claims: BTreeMap<String, Vec<Claim>>,
    bases: Vec<Base>,
    // Good reviews that do not count, and why.
    passed: BTreeMap<String, Vec<(semver::Version, String)>>,
}

/// What contents a review is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The version.
    pub version: semver::Version,
    /// The contents.
    pub digest: Digest,
    /// Where it stands.
    pub place: String,
}

/// What a review of changes started from.
#[derive(Clone, Debug)]
struct Base {
    krate: String,
    version: semver::Version,
    digest: Digest,
    line: u32,
}

impl Signed {
    /// Where the entry of a line stands.
    pub(super) fn place(&self, line: u32) -> &str {
        let index = usize::try_from(line).unwrap_or_default().checked_sub(1);
        index.and_then(|index| self.places.get(index)).map_or("a proof", String::as_str)
    }

    /// What good reviews say of the contents of a version.
    pub(super) fn claims<'s>(
        &'s self,
        krate: &str,
        version: &semver::Version,
    ) -> impl Iterator<Item = &'s Claim> {
        self.claims.get(krate).into_iter().flatten().filter(move |claim| claim.version == *version)
    }

    /// Why good reviews of a version do not count.
    pub(super) fn passed<'s>(
        &'s self,
        krate: &str,
        version: &semver::Version,
    ) -> impl Iterator<Item = &'s str> {
        let passed = self.passed.get(krate).into_iter().flatten();
        passed.filter(move |(of, _)| of == version).map(|(_, why)| why.as_str())
    }
}

/// The entries that the proofs of a reviewer are.
pub fn translated(mut proofs: Proofs, reviewer: &CrevReviewer, criteria: &Criteria) -> (Set, Signed) {
    let mut book =
        Book { set: Set::default(), signed: Signed::default(), reviewer, denied: denied(criteria) };
    let is_excluded = |krate: &String| reviewer.exclude.contains(krate);
    for unread in std::mem::take(&mut proofs.unread) {
        if !is_excluded(&unread.krate) {
            let line = book.line(unread.place);
            let versions = unread.version.and_then(|version| Requirement::parse(&only(&version)));
            book.set.bars.push(Bar { krate: unread.krate, versions, line });
        }
    }
    // A review by a model that does not count takes nothing back, either. Its warnings do count.
    let (counting, by_agents): (Vec<_>, Vec<_>) = proofs
        .reviews
        .into_iter()
        .filter(|review| review.package.source == CRATES_IO && !is_excluded(&review.package.name))
        .partition(|review| !review.by_agent || reviewer.agents == Agents::Count || review.warns());
    for review in by_agents.into_iter().filter(|review| review.rating >= Rating::Positive) {
        book.pass_over(&review, "a language model wrote it");
    }
    let reviews = latest(counting);
    for review in &reviews {
        book.warnings(review, &reviews);
        if review.rating >= Rating::Positive {
            book.vouch(review);
        }
    }
    (book.set, book.signed)
}

/// Takes out the reviews of changes that started from other contents than somebody reviewed under that version.
pub(super) fn reconcile(sets: &mut ByName<Set>, all: &mut BTreeMap<String, Signed>) {
    let mut torn = vec![];
    for (name, signed) in &*all {
        for base in &signed.bases {
            let mut claims = all.values().flat_map(|other| other.claims(&base.krate, &base.version));
            if let Some(other) = claims.find(|claim| claim.digest != base.digest) {
                let why = format!(
                    "{}: it starts from other contents of {} than the review at {}",
                    signed.place(base.line),
                    base.version,
                    other.place
                );
                torn.push((name.clone(), base.clone(), why));
            }
        }
    }
    for (name, base, why) in torn {
        let (Some(set), Some(signed)) = (sets.get_mut(&name), all.get_mut(&name)) else { continue };
        let Some(audits) = set.audits.get_mut(&base.krate) else { continue };
        let passed = signed.passed.entry(base.krate.clone()).or_default();
        audits.retain(|audit| match &audit.kind {
            AuditKind::Delta { to, .. } if audit.line == base.line => {
                passed.push((to.semver.clone(), why.clone()));
                false
            }
            _ => true,
        });
    }
}

/// What of the entries about one crate bears on one version. Warnings of other versions bar those, so that nothing starts from
/// them, and are no contradiction to anything else: crev's are about ranges that end where the problem was mended.
pub(super) fn bearing_on(mut set: Set, krate: &str, version: &VetVersion, may_vouch: bool) -> Set {
    let mut bars = vec![];
    for audits in set.audits.values_mut() {
        audits.retain(|audit| match &audit.kind {
            AuditKind::Violation(versions) if !versions.concerns(version) => {
                let versions = Some(versions.clone());
                bars.push(Bar { krate: krate.to_owned(), versions, line: audit.line });
                false
            }
            AuditKind::Violation(_) => true,
            AuditKind::Delta { .. } | AuditKind::Full(_) => may_vouch,
        });
    }
    set.bars.extend(bars);
    set
}

/// A set that is being written.
struct Book<'a> {
    set: Set,
    signed: Signed,
    reviewer: &'a CrevReviewer,
    denied: Vec<String>,
}

impl Book<'_> {
    fn line(&mut self, place: String) -> u32 {
        self.signed.places.push(place);
        u32::try_from(self.signed.places.len()).unwrap_or(u32::MAX)
    }

    fn enter(
        &mut self,
        review: &Review,
        criteria: Vec<String>,
        kind: AuditKind,
        notes: Option<String>,
    ) -> u32 {
        let line = self.line(review.place.clone());
        // Only the key: who calls themselves what changes, and nobody is to count as two.
        let audit = Audit {
            who: vec![self.reviewer.id.clone()],
            criteria,
            kind,
            importable: true,
            notes,
            aggregated_from: vec![],
            line,
        };
        self.set.audits.entry(review.package.name.clone()).or_default().push(audit);
        line
    }

    fn warnings(&mut self, review: &Review, all: &[Review]) {
        let Subject { name, version, .. } = &review.package;
        let warn = |book: &mut Self, versions: &str, why: String, comment: Option<&str>| {
            let notes = [Some(why.as_str()), comment, review.comment.as_deref()];
            let notes = notes.into_iter().flatten().filter(|text| !text.is_empty()).collect::<Vec<_>>();
            match Requirement::parse(versions) {
                Some(versions) => {
                    let kind = AuditKind::Violation(versions);
                    let denied = book.denied.clone();
                    book.enter(review, denied, kind, Some(notes.join("\n")));
                }
                None => {
                    let line = book.line(review.place.clone());
                    book.set.bars.push(Bar { krate: name.clone(), versions: None, line });
                }
            }
        };
        if review.rating == Rating::Negative {
            warn(self, &only(version), format!("rated negative on {}", review.date), None);
        }
        for advisory in &review.advisories {
            let why = format!("advisory {}: mended in {version}", ids(advisory));
            let versions = format!("{}<{}", lower(advisory.reach, version), plain(version));
            warn(self, &versions, why, advisory.comment.as_deref());
        }
        for issue in review.issues.iter().filter(|issue| !is_mended(issue, review, all)) {
            let versions = format!(">={}{}", plain(version), upper(issue.reach, version));
            warn(self, &versions, format!("issue {}", ids(issue)), issue.comment.as_deref());
        }
    }

    fn vouch(&mut self, review: &Review) {
        let CrevReviewer { rating, thoroughness, understanding, .. } = self.reviewer;
        let lacking = [
            (review.rating < *rating, "it rates the package lower than is asked for"),
            (review.thoroughness < *thoroughness, "it is less thorough than is asked for"),
            (review.understanding < *understanding, "less was understood than is asked for"),
        ];
        if let Some((_, why)) = lacking.into_iter().find(|(lacks, _)| *lacks) {
            return self.pass_over(review, why);
        }
        let Subject { name, version, digest, .. } = &review.package;
        let vet = |version: &semver::Version| VetVersion { semver: version.clone(), git: None };
        let kind = match &review.base {
            None => AuditKind::Full(vet(version)),
            Some(base) => AuditKind::Delta { from: vet(&base.version), to: vet(version) },
        };
        let line = self.enter(review, self.reviewer.criteria.clone(), kind, review.comment.clone());
        let claim = Claim { version: version.clone(), digest: *digest, place: review.place.clone() };
        self.signed.claims.entry(name.clone()).or_default().push(claim);
        if let Some(base) = &review.base {
            let (version, digest) = (base.version.clone(), base.digest);
            self.signed.bases.push(Base { krate: name.clone(), version, digest, line });
        }
    }

    fn pass_over(&mut self, review: &Review, why: &str) {
        let Subject { name, version, .. } = &review.package;
        let why = format!("{}: {why}", review.place);
        self.signed.passed.entry(name.clone()).or_default().push((version.clone(), why));
    }
}

/// Whether a later review says that a version mends an issue, from the one on in which it was seen.
fn is_mended(issue: &Notice, review: &Review, all: &[Review]) -> bool {
    let (seen, name) = (&review.package.version, &review.package.name);
    let same = all.iter().filter(|other| other.package.name == *name && other.package.version > *seen);
    same.flat_map(|other| other.advisories.iter().map(move |advisory| (&other.package.version, advisory)))
        .any(|(mended, advisory)| {
            let reaches = match advisory.reach {
                Reach::All => true,
                Reach::Major => mended.major == seen.major,
                Reach::Minor => (mended.major, mended.minor) == (seen.major, seen.minor),
            };
            reaches && issue.ids.iter().any(|id| advisory.ids.contains(id))
        })
}

/// What a warning denies: all criteria there are, none of which needs to imply another.
fn denied(criteria: &Criteria) -> Vec<String> {
    let run = criteria.index(SAFE_TO_RUN);
    let stands_alone =
        |index: &usize| Some(*index) == run || run.is_none_or(|run| !criteria.implied(*index).has(run));
    (0..criteria.count()).filter(stands_alone).map(|index| criteria.name(index).to_owned()).collect()
}

fn ids(notice: &Notice) -> String {
    match notice.ids[..] {
        [] => "without an id".to_owned(),
        _ => format!("`{}`", notice.ids.join("`, `")),
    }
}

/// A version without its build metadata, which no requirement has.
fn plain(version: &semver::Version) -> semver::Version {
    semver::Version { build: semver::BuildMetadata::EMPTY, ..version.clone() }
}

fn only(version: &semver::Version) -> String {
    format!("={}", plain(version))
}

fn lower(reach: Reach, version: &semver::Version) -> String {
    match reach {
        Reach::All => String::new(),
        Reach::Major => format!(">={}.0.0, ", version.major),
        Reach::Minor => format!(">={}.{}.0, ", version.major, version.minor),
    }
}

fn upper(reach: Reach, version: &semver::Version) -> String {
    match reach {
        Reach::All => String::new(),
        Reach::Major => format!(", <{}.0.0", version.major.saturating_add(1)),
        Reach::Minor => format!(", <{}.{}.0", version.major, version.minor.saturating_add(1)),
    }
}
