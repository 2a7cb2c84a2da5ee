//! Whether a package may enter: its source, its age, and whether its registry withdrew it.

use provenance_build::{PackageId, Source, Version};

use crate::finding::{Finding, Weight};
use crate::model::{Clock, Date, Evidence};
use crate::policy::{Level, Policy, Pubtime, SourceRuling};

const DAY: u64 = 86_400;

/// A package that wants to enter, with what is known of it.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'a> {
    /// Name, version and source.
    pub id: &'a PackageId,
    /// Every release that its registry's index lists. `Absent` for a package that no registry offers (git).
    pub releases: &'a Evidence<Vec<Release>>,
    /// How it comes in, which decides what a person can do about a refusal.
    pub way: Way,
}

/// One release of a package, as its registry's index tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// The version.
    pub version: Version,
    /// When it was published, in seconds since the Unix epoch, where the registry says so.
    pub published: Option<u64>,
    /// Whether it was withdrawn from new resolutions.
    pub yanked: bool,
}

/// How a package comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// It stands in `Cargo.lock` already: `pin` meets it there.
    Locked,
    /// The user named it.
    Named,
    /// Another package pulls it in.
    Pulled,
}

/// What was said of a candidate.
#[derive(Clone, Debug, Default)]
pub struct Judgment {
    /// The findings, in the order of the checks.
    pub findings: Vec<Finding>,
    /// Whether something could not be looked up that the answer depends on. It is among the findings, as a denial.
    pub undecided: bool,
}

impl Judgment {
    /// Whether the candidate may enter as it stands.
    pub fn admits(&self) -> bool {
        !self.undecided && !self.refuses()
    }

    /// Whether something that is known speaks against it.
    pub fn refuses(&self) -> bool {
        let against = self.findings.iter().filter(|finding| finding.weight != Weight::Note);
        against.count() > usize::from(self.undecided)
    }
}

/// Judges a candidate. `index_of` gives the index URL of a registry's name from the cargo configuration inside the
/// repository, `now` is the time of the run.
pub fn judge(
    candidate: Candidate<'_>,
    policy: &Policy,
    index_of: impl Fn(&str) -> Option<String>,
    now: Clock,
) -> Judgment {
    let mut judgment = Judgment::default();
    let Some(source) = &candidate.id.source else { return judgment };
    let pubtime = match policy.source(source, index_of) {
        SourceRuling::Listed(pubtime) => pubtime,
        SourceRuling::Unlisted(line) => {
            judgment.findings.extend(unlisted(candidate, source, policy, line));
            Pubtime::Expected
        }
    };
    if source.is_git() {
        return judgment;
    }
    let release = match candidate.releases {
        Evidence::Known(releases) => releases.iter().find(|release| release.version == candidate.id.version),
        Evidence::Absent => None,
        Evidence::Unavailable(why) => {
            judgment.undecided = true;
            judgment.findings.push(not_looked_up(candidate, why));
            return judgment;
        }
    };
    let Some(release) = release else {
        judgment.findings.push(vanished(candidate));
        return judgment;
    };
    if release.yanked {
        judgment.findings.extend(yanked(candidate, policy, now));
    }
    match release.published {
        Some(published) => judgment.findings.extend(too_new(candidate, published, policy, now)),
        None if pubtime == Pubtime::Expected => judgment.findings.extend(undated(candidate, policy)),
        None => {}
    }
    judgment
}

/// How long ago something was, for screens: `today`, `1 day ago`, `12 days ago`.
pub fn ago(published: u64, now: Clock) -> String {
    match now.0.saturating_sub(published) / DAY {
        0 => "today".to_owned(),
        1 => "1 day ago".to_owned(),
        days => format!("{days} days ago"),
    }
}

fn unlisted(
    candidate: Candidate<'_>,
    source: &Source,
    policy: &Policy,
    line: Option<u32>,
) -> Option<Finding> {
    let what = format!("`{}` comes from `{source}`, which the policy does not list", candidate.id.short());
    let list = if source.is_git() { "git" } else { "registries" };
    let named = if source.is_git() { source.url() } else { source.as_str() };
    let mut finding = leveled("source", candidate, policy, what)?
        .help(format!("if you trust it, add \"{named}\" to `[sources] {list}` in `Provenance.toml`"));
    if let Some(line) = line {
        finding = finding.at(policy.place(line, "the sources that are trusted stand here"));
    }
    Some(finding)
}

fn yanked(candidate: Candidate<'_>, policy: &Policy, now: Clock) -> Option<Finding> {
    let what = format!("`{}` was yanked from its registry", candidate.id.short());
    let finding = leveled("version-yanked", candidate, policy, what)?;
    Some(way_out(finding, candidate, policy, now))
}

fn too_new(candidate: Candidate<'_>, published: u64, policy: &Policy, now: Clock) -> Option<Finding> {
    let (days, line) = policy.too_new_days();
    let ripe = published.saturating_add(u64::from(days) * DAY);
    if now.0 >= ripe {
        return None;
    }
    let what = format!(
        "`{}` was published {}, and the policy asks for {days} days",
        candidate.id.short(),
        ago(published, now)
    );
    let mut finding = leveled("version-too-new", candidate, policy, what)?.note(format!(
        "published on {}; old enough on {}",
        Date::of_seconds(published),
        Date::of_seconds(ripe.saturating_add(DAY - 1))
    ));
    if let Some(line) = line.filter(|line| finding.places.iter().all(|place| place.line != *line)) {
        finding = finding.at(policy.place(line, "days set here"));
    }
    Some(way_out(finding, candidate, policy, now))
}

fn undated(candidate: Candidate<'_>, policy: &Policy) -> Option<Finding> {
    let what = format!("the registry does not say when `{}` was published", candidate.id.short());
    let source = candidate.id.source.as_ref().map(Source::display_name).unwrap_or_default();
    Some(leveled("pubtime-unknown", candidate, policy, what)?.help(format!(
        "if this registry never does, list it in `Provenance.toml` as {{ name = \"{source}\", pubtime = \"absent\" }}"
    )))
}

fn not_looked_up(candidate: Candidate<'_>, why: &str) -> Finding {
    let what = format!("what the registry says of `{}` could not be looked up", candidate.id.short());
    Finding::new("pubtime-unknown", Weight::Denial, what)
        .about(candidate.id.clone())
        .note(why)
        .help("run the command again with the network at hand")
}

fn vanished(candidate: Candidate<'_>) -> Finding {
    let what = format!("the registry's index does not list `{}`", candidate.id.short());
    Finding::new("version-vanished", Weight::Denial, what)
        .about(candidate.id.clone())
        .help("it may have been removed for malice: look at the registry's page before anything else")
}

/// A finding at the level that the policy gives its check, pointing at the line that set it.
fn leveled(
    id: &'static str,
    candidate: Candidate<'_>,
    policy: &Policy,
    what: impl Into<String>,
) -> Option<Finding> {
    let (level, line) = policy.level(id);
    let finding = Finding::new(id, level.weight()?, what).about(candidate.id.clone());
    Some(match line {
        Some(line) => finding.at(policy.place(line, "level set here")),
        None if level == Level::Note => finding,
        None => finding.note(format!("`{id}` is `{}` by default", level.as_str())),
    })
}

/// Names the newest release that would pass, and how to get it.
fn way_out(finding: Finding, candidate: Candidate<'_>, policy: &Policy, now: Clock) -> Finding {
    let (name, version) = (&candidate.id.name, &candidate.id.version);
    let Some(passing) = newest_passing(candidate, policy, now) else {
        return finding.note("no other release of it would pass");
    };
    match candidate.way {
        Way::Named => {
            finding.help(format!("`{passing}` would pass: run `cargo provenance add {name}@{passing}`"))
        }
        Way::Locked => finding
            .help(format!("`{passing}` would pass: run `cargo update {name}@{version} --precise {passing}`")),
        Way::Pulled => finding.help(format!(
            "`{passing}` would pass: run `cargo add` yourself, then `cargo update {name}@{version} --precise \
             {passing}` and `cargo provenance pin`"
        )),
    }
}

/// The newest release that is neither yanked nor too new: below the candidate, and compatible with it if there is one.
fn newest_passing(candidate: Candidate<'_>, policy: &Policy, now: Clock) -> Option<semver::Version> {
    let own = semver::Version::parse(candidate.id.version.as_str()).ok()?;
    let days = match policy.level("version-too-new").0 {
        Level::Deny | Level::Review => policy.too_new_days().0,
        Level::Note | Level::Allow => 0,
    };
    let passing = candidate.releases.known()?.iter().filter(|release| {
        !release.yanked
            && release.published.is_some_and(|at| now.0 >= at.saturating_add(u64::from(days) * DAY))
    });
    let versions = passing
        .filter_map(|release| semver::Version::parse(release.version.as_str()).ok())
        .filter(|version| version.pre.is_empty() || !own.pre.is_empty());
    // Named packages may go back across a major version, since their requirement follows the command.
    let fits = |version: &semver::Version| {
        candidate.way == Way::Named || compatibility(version) == compatibility(&own)
    };
    versions
        .filter(fits)
        .max_by_key(|version| (compatibility(version) == compatibility(&own), version.clone()))
}

/// What two versions share when cargo takes one for the other: the first number that is not zero.
fn compatibility(version: &semver::Version) -> (u64, u64, u64) {
    match (version.major, version.minor) {
        (0, 0) => (0, 0, version.patch),
        (0, minor) => (0, minor, 0),
        (major, _) => (major, 0, 0),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use provenance_build::PackageName;
    use provenance_build::name::CRATES_IO;

    use super::*;

    const NOW: u64 = 1_795_392_000; // 2026-11-23

    fn id(version: &str, source: &str) -> PackageId {
        PackageId {
            name: PackageName::parse("dep").expect("a name"),
            version: Version::parse(version).expect("a version"),
            source: Source::parse(source),
        }
    }

    fn release(version: &str, days_ago: Option<u64>, yanked: bool) -> Release {
        Release {
            version: Version::parse(version).expect("a version"),
            published: days_ago.map(|days| NOW - days * DAY),
            yanked,
        }
    }

    fn judged(policy: &str, id: &PackageId, releases: &Evidence<Vec<Release>>, way: Way) -> Judgment {
        let policy = format!("version = 1\n{policy}");
        let policy = Policy::parse(policy.as_bytes(), Path::new("Provenance.toml")).expect("a policy");
        judge(Candidate { id, releases, way }, &policy, |_| None, Clock(NOW))
    }

    #[test]
    fn each_reason_refuses_and_nothing_else_does() {
        let cases: [(&str, Option<u64>, bool, &[&str]); 9] = [
            ("", Some(8), false, &[]),
            ("", Some(7), false, &[]),
            ("", Some(6), false, &["version-too-new"]),
            ("[checks]\nversion-too-new = { level = \"deny\", days = 3 }\n", Some(6), false, &[]),
            ("[checks]\nversion-too-new = \"allow\"\n", Some(0), false, &[]),
            ("", Some(30), true, &["version-yanked"]),
            ("", Some(1), true, &["version-yanked", "version-too-new"]),
            ("", None, false, &["pubtime-unknown"]),
            ("[checks]\npubtime-unknown = \"allow\"\n", None, false, &[]),
        ];
        for (policy, days_ago, yanked, expected) in cases {
            let releases = Evidence::Known(vec![release("1.0.0", days_ago, yanked)]);
            let judgment = judged(policy, &id("1.0.0", CRATES_IO), &releases, Way::Named);
            let found: Vec<_> = judgment.findings.iter().map(|finding| finding.id).collect();
            assert_eq!(found, expected, "{policy} {days_ago:?} {yanked}");
            assert_eq!(judgment.admits(), expected.is_empty());
        }
    }

    #[test]
    fn what_was_not_looked_up_is_no_pass() {
        let policy = "[checks]\npubtime-unknown = \"allow\"\nversion-too-new = \"allow\"\n";
        let unknown = Evidence::Unavailable("no index cache".to_owned());
        let judgment = judged(policy, &id("1.0.0", CRATES_IO), &unknown, Way::Pulled);
        assert!(judgment.undecided && !judgment.admits() && !judgment.refuses());
        let judgment = judged(policy, &id("1.0.0", "sparse+https://h/i/"), &unknown, Way::Pulled);
        assert!(judgment.undecided && judgment.refuses());
        for missing in [Evidence::Absent, Evidence::Known(vec![release("1.0.1", Some(90), false)])] {
            let judgment = judged(policy, &id("1.0.0", CRATES_IO), &missing, Way::Pulled);
            assert_eq!(judgment.findings[0].id, "version-vanished");
            assert!(!judgment.admits());
        }
    }

    #[test]
    fn a_publication_time_in_the_future_is_too_new() {
        let mut young = release("1.0.0", Some(0), false);
        young.published = Some(NOW + 90 * DAY);
        let judgment = judged("", &id("1.0.0", CRATES_IO), &Evidence::Known(vec![young]), Way::Named);
        assert_eq!(judgment.findings[0].id, "version-too-new");
    }

    #[test]
    fn the_way_out_is_the_newest_release_that_passes() {
        let releases = Evidence::Known(vec![
            release("0.9.0", Some(900), false),
            release("1.0.0", Some(400), false),
            release("1.2.0", Some(40), true),
            release("1.1.0", Some(50), false),
            release("2.0.0", Some(30), false),
            release("1.3.0-rc.1", Some(20), false),
            release("1.3.0", Some(2), false),
        ]);
        let help = |version: &str, way| {
            judged("", &id(version, CRATES_IO), &releases, way).findings[0].help.join("\n")
        };
        assert_eq!(help("1.3.0", Way::Named), "`1.1.0` would pass: run `cargo provenance add dep@1.1.0`");
        assert_eq!(
            help("1.2.0", Way::Locked),
            "`1.1.0` would pass: run `cargo update dep@1.2.0 --precise 1.1.0`"
        );
        let only = Evidence::Known(vec![release("3.0.0", Some(1), false)]);
        let judgment = judged("", &id("3.0.0", CRATES_IO), &only, Way::Named);
        assert!(judgment.findings[0].help.is_empty());
        assert_eq!(
            judgment.findings[0].notes.last().map(String::as_str),
            Some("no other release of it would pass")
        );
    }

    #[test]
    fn a_source_that_is_not_listed_is_refused_and_git_has_no_age() {
        let git = format!("git+https://h/r#{}", "a".repeat(40));
        for (policy, source, refused) in [
            ("", "sparse+https://h/i/", true),
            ("[sources]\nregistries = [\"sparse+https://h/i/\"]\n", "sparse+https://h/i/", false),
            ("", git.as_str(), true),
            ("[sources]\ngit = [\"https://h/r\"]\n", git.as_str(), false),
        ] {
            let releases = match source.starts_with("git+") {
                true => Evidence::Absent,
                false => Evidence::Known(vec![release("1.0.0", Some(90), false)]),
            };
            let judgment = judged(policy, &id("1.0.0", source), &releases, Way::Named);
            assert_eq!(!judgment.admits(), refused, "{policy} {source}");
            assert!(judgment.findings.iter().all(|finding| finding.id == "source"));
        }
    }

    #[test]
    fn a_finding_points_at_the_line_of_the_policy() {
        let releases = Evidence::Known(vec![release("1.0.0", Some(1), false)]);
        let policy = "[checks]\nversion-too-new = { level = \"review\", days = 9 }\n";
        let judgment = judged(policy, &id("1.0.0", CRATES_IO), &releases, Way::Named);
        let finding = &judgment.findings[0];
        assert_eq!((finding.weight, finding.places[0].line), (Weight::Review, 3));
        assert!(finding.message.contains("published 1 day ago"), "{}", finding.message);
    }
}
