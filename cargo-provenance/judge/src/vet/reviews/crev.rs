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

/// Entries of one reviewer for one crate, as of a published set: every pair of some is compared.
const ENTRIES: usize = 1024;

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
    let mended = Mended::of(&reviews);
    for review in &reviews {
        book.warnings(review, &mended);
        if review.rating >= Rating::Positive {
            book.vouch(review);
        }
    }
    book.bar_what_is_too_much();
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

    /// Every warning is compared with every review of its crate. Whoever signs more of one than anybody can have to say is taken to
    /// warn of all of it.
    fn bar_what_is_too_much(&mut self) {
        let Self { set: Set { audits, bars, .. }, signed, .. } = self;
        audits.retain(|krate, entries| {
            let is_fine = entries.len() <= ENTRIES;
            if !is_fine {
                let line = entries.first().map_or(0, |entry| entry.line);
                bars.push(Bar { krate: krate.clone(), versions: None, line });
                signed.claims.remove(krate);
                signed.bases.retain(|base| base.krate != *krate);
            }
            is_fine
        });
    }

    fn warnings(&mut self, review: &Review, mended: &Mended<'_>) {
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
        for issue in review.issues.iter().filter(|issue| !mended.has(issue, &review.package)) {
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

/// The newest version that mends a problem of a crate, by the id of it and what it reaches back to: a major version, a minor one, or
/// all that there are.
struct Mended<'r>(BTreeMap<Problem<'r>, &'r semver::Version>);

/// The crate, the id, and the major and the minor version, where only those are meant.
type Problem<'r> = (&'r str, &'r str, Option<u64>, Option<u64>);

impl<'r> Mended<'r> {
    fn of(reviews: &'r [Review]) -> Self {
        let mut newest = BTreeMap::new();
        for review in reviews {
            let Subject { name, version, .. } = &review.package;
            for advisory in &review.advisories {
                let (major, minor) = match advisory.reach {
                    Reach::All => (None, None),
                    Reach::Major => (Some(version.major), None),
                    Reach::Minor => (Some(version.major), Some(version.minor)),
                };
                for id in &advisory.ids {
                    let known = newest.entry((name.as_str(), id.as_str(), major, minor)).or_insert(version);
                    *known = version.max(*known);
                }
            }
        }
        Self(newest)
    }

    /// Whether a later review says that a version mends an issue, from the one on in which it was seen.
    fn has(&self, issue: &Notice, seen: &Subject) -> bool {
        let Subject { name, version, .. } = seen;
        let reaches = [(None, None), (Some(version.major), None), (Some(version.major), Some(version.minor))];
        issue.ids.iter().any(|id| {
            reaches.iter().any(|(major, minor)| {
                let mended = self.0.get(&(name.as_str(), id.as_str(), *major, *minor));
                mended.is_some_and(|mended| *mended > version)
            })
        })
    }
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

#[cfg(test)]
mod tests {
    use std::path::Path;

    use provenance_build::name::{CRATES_IO as INDEX, PackageId, PackageName, Source, Version};

    use super::*;
    use crate::audit::Store;
    use crate::audit::crev::samples::{Reviewer, digest};
    use crate::model::{Date, ReviewLevel};
    use crate::vet::reviews::{Opinion, Reviews, Standing};
    use crate::vet::{Dossier, Way};

    const JAN: &str = "2026-01-01T00:00:00Z";
    const FEB: &str = "2026-02-01T00:00:00Z";
    const AGENT: &str = "llm-agent:\n  model: x\n";

    fn reviewer(number: u8) -> CrevReviewer {
        let signer = Reviewer::new(number);
        CrevReviewer {
            name: format!("r{number}"),
            id: signer.id(),
            key: signer.key(),
            path: "crev".to_owned(),
            sha256: None,
            criteria: vec!["safe-to-deploy".to_owned()],
            rating: Rating::Positive,
            thoroughness: ReviewLevel::Low,
            understanding: ReviewLevel::Medium,
            agents: Agents::Ignore,
            exclude: vec![],
        }
    }

    /// A full review of version `version` with the contents `a`.
    fn body(number: u8, version: &str, rating: &str, more: &str) -> String {
        Reviewer::new(number).body(version, digest("a"), JAN, rating, more)
    }

    /// The same as a review of what changed since version `base` with the contents `of`.
    fn delta(number: u8, base: &str, of: &str, version: &str) -> String {
        let digest = digest(of);
        let from = format!(
            "package-diff-base:\n  source: https://crates.io\n  name: dep\n  version: {base}\n  digest: {digest}\n"
        );
        body(number, version, "positive", &from)
    }

    fn reviews(signers: &[(&CrevReviewer, u8, &[String])], audits: &str) -> Reviews {
        let audits = if audits.is_empty() { "[audits]\n" } else { audits };
        let mut store = Store::read(Path::new("supply-chain"), b"", audits.as_bytes(), b"").expect("a store");
        let criteria = Criteria::of(&store.audits.criteria).expect("criteria");
        let mut signed = BTreeMap::new();
        for (reviewer, number, bodies) in signers {
            let signer = Reviewer::new(*number);
            let text = bodies.iter().map(|body| signer.proof(body)).collect::<String>();
            let mut proofs = Proofs::default();
            proofs.read(text.as_bytes(), "crev/a", &reviewer.key).expect("a file");
            let (set, beside) = translated(proofs, reviewer, &criteria);
            store.config.imports.insert(reviewer.name.clone(), Default::default());
            store.imports.sets.insert(reviewer.name.clone(), set);
            signed.insert(reviewer.name.clone(), beside);
        }
        let today = Date::parse("2026-11-25").expect("a date");
        Reviews::new(store, None, BTreeMap::new(), today).expect("reviews").signed(signed)
    }

    fn id(version: &str, source: &str) -> PackageId {
        PackageId {
            name: PackageName::parse("dep").expect("a name"),
            version: Version::parse(version).expect(version),
            source: Source::parse(source),
        }
    }

    fn said(bodies: &[String], version: &str) -> Opinion {
        reviews(&[(&reviewer(1), 1, bodies)], "").of(&Dossier::new(&id(version, INDEX), Way::Named))
    }

    fn is_proven(opinion: &Opinion) -> bool {
        matches!(opinion.standing, Standing::Proven(_))
    }

    fn why(opinion: &Opinion) -> String {
        match &opinion.standing {
            Standing::NotAsked(why) => panic!("{why:?}"),
            Standing::Proven(_) => String::new(),
            Standing::Open(missing) => missing.why.join("\n"),
        }
    }

    #[test]
    fn whoever_warns_of_more_than_anybody_can_read_warns_of_everything() {
        let issues = (0..200).map(|number| format!("- id: I{number}\n  severity: low\n")).collect::<String>();
        let warning = |version: &str| body(1, version, "positive", &format!("issues:\n{issues}"));
        let few = [warning("0.5.0"), warning("0.6.0"), body(1, "0.4.0", "positive", "")];
        assert_eq!(said(&few, "1.0.0").violations.len(), 400);
        assert!(is_proven(&said(&few, "0.4.0")));
        let many = (0..6).map(|minor| warning(&format!("0.{minor}.1"))).collect::<Vec<_>>();
        let many = [&many[..], &few].concat();
        for version in ["1.0.0", "0.4.0"] {
            let opinion = said(&many, version);
            assert_eq!((opinion.violations.len(), is_proven(&opinion)), (1, false), "{version}");
        }
    }

    #[test]
    fn only_a_good_review_of_this_very_version_of_crates_io_counts() {
        let good = body(1, "1.0.0", "positive", "");
        for (what, body, reason) in [
            ("good", good.clone(), ""),
            ("strong", good.replace("positive", "strong"), ""),
            ("neutral", good.replace("positive", "neutral"), "nobody vouches"),
            (
                "withdrawn",
                good.replace("low", "none").replace("medium", "none").replace("positive", "neutral"),
                "nobody",
            ),
            ("hasty", good.replace("low", "none"), "less thorough than is asked for"),
            ("puzzled", good.replace("medium", "low"), "less was understood"),
            ("by a model", format!("{good}{AGENT}"), "crev/a:1: a language model wrote it"),
            ("another version", good.replace("1.0.0", "1.0.1"), "nobody vouches"),
            ("another build", good.replace("1.0.0", "1.0.0+x"), "nobody vouches"),
            ("another registry", good.replace("https://crates.io", "https://evil.example"), "nobody vouches"),
            ("another name", good.replace("name: dep", "name: pad"), "nobody vouches"),
        ] {
            let opinion = said(&[body], "1.0.0");
            assert_eq!(is_proven(&opinion), reason.is_empty(), "{what}");
            assert!(why(&opinion).contains(reason), "{what}: {}", why(&opinion));
        }
        let reviews = reviews(&[(&reviewer(1), 1, &[good])], "");
        let Standing::Proven(proof) = reviews.of(&Dossier::new(&id("1.0.0", INDEX), Way::Named)).standing
        else {
            panic!("no proof")
        };
        assert_eq!(proof.from, ["r1"]);
        for source in ["sparse+https://h/i/", "", &format!("git+https://h/r#{}", "a".repeat(40))] {
            assert!(!is_proven(&reviews.of(&Dossier::new(&id("1.0.0", source), Way::Named))), "{source}");
            assert!(reviews.claims(&id("1.0.0", source)).is_empty());
        }
        let claims = reviews.claims(&id("1.0.0", INDEX));
        assert_eq!(claims.len(), 1);
        assert_eq!((claims[0].0, claims[0].1.digest), ("r1", digest("a")));
    }

    #[test]
    fn a_package_that_stands_for_one_of_crates_io_is_not_what_was_reviewed() {
        let text = "[audits]\n";
        let mut store = Store::read(
            Path::new("supply-chain"),
            b"[policy.dep]\naudit-as-crates-io = true\n",
            text.as_bytes(),
            b"",
        )
        .expect("a store");
        let criteria = Criteria::of(&store.audits.criteria).expect("criteria");
        let mut proofs = Proofs::default();
        let signer = Reviewer::new(1);
        let text = signer.proof(&body(1, "1.0.0", "positive", ""));
        proofs.read(text.as_bytes(), "p", &signer.key()).expect("a file");
        let (set, beside) = translated(proofs, &reviewer(1), &criteria);
        store.config.imports.insert("r1".to_owned(), Default::default());
        store.imports.sets.insert("r1".to_owned(), set);
        let today = Date::parse("2026-11-25").expect("a date");
        let reviews = Reviews::new(store, None, BTreeMap::new(), today).expect("reviews");
        let reviews = reviews.signed(BTreeMap::from([("r1".to_owned(), beside)]));
        let opinion = reviews.of(&Dossier::new(&id("1.0.0", ""), Way::Named));
        assert!(!is_proven(&opinion));
        assert!(why(&opinion).contains("is the package of crates.io"), "{}", why(&opinion));
    }

    #[test]
    fn what_nobody_compares_again_counts_only_if_the_pin_says_that_somebody_did() {
        let reviews = reviews(&[(&reviewer(1), 1, &[body(1, "1.0.0", "positive", "")])], "");
        let id = id("1.0.0", INDEX);
        let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        let of =
            |on_record: Option<&[String]>| reviews.of(&Dossier { on_record, ..Dossier::new(&id, Way::Kept) });
        assert!(is_proven(&of(None)));
        assert!(is_proven(&of(Some(&names(&["mozilla", "r1"])))));
        let opinion = of(Some(&names(&["mozilla"])));
        assert!(!is_proven(&opinion));
        assert!(why(&opinion).contains("pin --recheck"), "{}", why(&opinion));
    }

    #[test]
    fn warnings_cover_the_versions_that_crev_means() {
        let negative = || body(1, "1.2.3", "negative", "comment: sends keys away\n");
        let issue = |range: &str| body(1, "1.2.3", "positive", &format!("issues:\n- id: X\n{range}"));
        let advisory =
            |range: &str| body(1, "1.2.3", "positive", &format!("advisories:\n- ids: [X]\n{range}"));
        for (body, warned, fine) in [
            (negative(), "1.2.3 1.2.3-rc.1", "1.2.2 1.2.4"),
            (negative().replace("1.2.3", "1.2.3-rc.1"), "1.2.3-rc.1", "1.2.3"),
            (negative().replace("1.2.3", "1.2.3+b"), "1.2.3", "1.2.4"),
            (issue(""), "1.2.3 1.9.0 7.0.0", "1.2.2"),
            (issue("  range: major\n"), "1.2.3 1.9.0", "1.2.2 2.0.0"),
            (issue("  range: minor\n"), "1.2.3 1.2.9", "1.2.2 1.3.0"),
            (advisory(""), "0.1.0 1.2.2", "1.2.3 1.3.0"),
            (advisory("  range: major\n"), "1.0.0 1.2.2", "0.9.0 1.2.3"),
            (advisory("  range: minor\n"), "1.2.0 1.2.2", "1.1.9 1.2.3"),
            (format!("{}{AGENT}", negative()), "1.2.3", ""),
        ] {
            for (versions, count) in [(warned, 1), (fine, 0)] {
                for version in versions.split_whitespace() {
                    let opinion = said(std::slice::from_ref(&body), version);
                    assert_eq!(opinion.violations.len(), count, "{version}: {body}");
                }
            }
        }
        let opinion = said(&[negative()], "1.2.3");
        let violation = &opinion.violations[0];
        assert_eq!((violation.from.as_str(), violation.place.as_str()), ("r1", "crev/a:1"));
        assert_eq!(violation.notes.as_deref(), Some("rated negative on 2026-01-01\nsends keys away"));
    }

    #[test]
    fn a_version_that_mends_an_issue_is_good_again_and_the_flawed_one_is_no_ground() {
        let issue = body(1, "1.0.0", "positive", "issues:\n- id: X\n");
        let mended = body(1, "1.2.0", "positive", "advisories:\n- ids: [Y, X]\n  range: major\n");
        let both = [issue.clone(), mended.clone()];
        assert!(is_proven(&said(&both, "1.2.0")));
        for version in ["1.0.0", "1.1.0"] {
            assert!(!said(&both, version).violations.is_empty(), "{version}");
        }
        assert_eq!(said(&[issue.clone(), mended.replace("X]", "Z]")], "1.2.0").violations.len(), 1);
        // Whoever vouches for the change alone builds on what was flawed.
        let own = "[[audits.dep]]\ncriteria = 'safe-to-deploy'\nversion = '1.0.0'\n\
                   [[audits.dep]]\ncriteria = 'safe-to-deploy'\ndelta = '1.0.0 -> 1.1.0'\n";
        let minor = issue.replace("- id: X\n", "- id: X\n  range: minor\n");
        let reviews = reviews(&[(&reviewer(1), 1, &[minor])], own);
        let opinion = reviews.of(&Dossier::new(&id("1.1.0", INDEX), Way::Named));
        assert_eq!(opinion.violations, []);
        assert!(!is_proven(&opinion));
    }

    #[test]
    fn a_model_takes_back_neither_praise_nor_blame_and_its_blame_counts() {
        let newer = |text: String| text.replace(JAN, FEB);
        let (good, bad) = (body(1, "1.0.0", "positive", ""), body(1, "1.0.0", "negative", ""));
        let by_model = |text: &String| newer(format!("{text}{AGENT}"));
        assert!(is_proven(&said(&[good.clone(), by_model(&good.replace("positive", "neutral"))], "1.0.0")));
        assert_eq!(said(&[bad.clone(), by_model(&good)], "1.0.0").violations.len(), 1);
        assert_eq!(said(&[good.clone(), by_model(&bad)], "1.0.0").violations.len(), 1);
        assert!(is_proven(&said(&[bad, newer(good.clone())], "1.0.0")));
        let trusting = CrevReviewer { agents: Agents::Count, ..reviewer(1) };
        let reviews = reviews(&[(&trusting, 1, &[by_model(&good)])], "");
        assert!(is_proven(&reviews.of(&Dossier::new(&id("1.0.0", INDEX), Way::Named))));
    }

    #[test]
    fn a_review_of_changes_needs_its_base_with_the_same_contents() {
        let full = body(1, "1.0.0", "positive", "");
        assert!(is_proven(&said(&[full.clone(), delta(1, "1.0.0", "a", "1.1.0")], "1.1.0")));
        assert!(!is_proven(&said(&[delta(1, "1.0.0", "a", "1.1.0")], "1.1.0")));
        let torn = said(&[full.clone(), delta(1, "1.0.0", "b", "1.1.0")], "1.1.0");
        assert!(!is_proven(&torn));
        assert!(why(&torn).contains("starts from other contents of 1.0.0"), "{}", why(&torn));
        // Neither does it where somebody else saw the base.
        let (one, two) = (reviewer(1), reviewer(2));
        for (contents, proven) in [("a", true), ("b", false)] {
            let changes = [delta(2, "1.0.0", contents, "1.1.0")];
            let reviews = reviews(&[(&one, 1, std::slice::from_ref(&full)), (&two, 2, &changes)], "");
            assert_eq!(
                is_proven(&reviews.of(&Dossier::new(&id("1.1.0", INDEX), Way::Named))),
                proven,
                "{contents}"
            );
        }
    }

    #[test]
    fn excluded_crates_lose_everything_and_what_cannot_be_read_bars() {
        let all = [body(1, "1.0.0", "positive", ""), body(1, "1.1.0", "negative", "")];
        let excluding = CrevReviewer { exclude: vec!["dep".to_owned()], ..reviewer(1) };
        let reviews = reviews(&[(&excluding, 1, &all)], "");
        assert!(!is_proven(&reviews.of(&Dossier::new(&id("1.0.0", INDEX), Way::Named))));
        assert!(reviews.of(&Dossier::new(&id("1.1.0", INDEX), Way::Named)).violations.is_empty());
        let odd = body(1, "1.0.0", "awful", "");
        for (version, count) in [("1.0.0", 1), ("1.0.1", 0)] {
            let opinion = said(std::slice::from_ref(&odd), version);
            assert_eq!(opinion.violations.len(), count, "{version}");
            assert!(opinion.violations.iter().all(|it| it.place == "crev/a:1"));
        }
        assert_eq!(said(&[format!("{odd}kind: x\n")], "3.0.0").violations.len(), 1);
    }

    #[test]
    fn a_warning_denies_criteria_that_imply_nothing() {
        let own =
            "[criteria.sound]\ndescription = 'x'\n[[audits.dep]]\ncriteria = 'sound'\nversion = '1.0.0'\n";
        let reviews = reviews(&[(&reviewer(1), 1, &[body(1, "1.0.0", "negative", "")])], own);
        let violations = reviews.of(&Dossier::new(&id("1.0.0", INDEX), Way::Named)).violations;
        assert_eq!(violations[0].criteria, ["safe-to-run", "sound"]);
    }
}
